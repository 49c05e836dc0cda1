#include "cuda/device/mbarrier.h"

#include <cstring>

#include "src/block.h"

namespace hone_emulator {
namespace {

constexpr std::uint16_t kMark = 0x6b72;
constexpr int kArrivalsMax = (1 << 15) - 1;

// What the eight bytes of a barrier hold here.
struct State {
  std::uint16_t mark, parity, arrivals, left;
};
static_assert(sizeof(State) == sizeof(std::uint64_t));

State state_of(const std::uint64_t* barrier) {
  State state;
  if (reinterpret_cast<std::uintptr_t>(barrier) % sizeof(*barrier) != 0) fail_kernel("an mbarrier is no multiple of 8 bytes: %p", barrier);
  std::memcpy(&state, barrier, sizeof(state));
  if (state.mark != kMark) fail_kernel("an mbarrier is used that was not initialised");
  return state;
}

void keep(std::uint64_t* barrier, const State& state) { std::memcpy(barrier, &state, sizeof(state)); }

}  // namespace

void init_mbarrier(std::uint64_t* barrier, int arrivals) {
  if (arrivals < 1 || arrivals > kArrivalsMax) fail_kernel("an mbarrier for %d arrivals", arrivals);
  keep(barrier, {kMark, 0, static_cast<std::uint16_t>(arrivals), static_cast<std::uint16_t>(arrivals)});
}

void arrive(std::uint64_t* barrier) {
  State state = state_of(barrier);
  const bool is_last = --state.left == 0;
  if (is_last) {
    state.parity ^= 1;
    state.left = state.arrivals;
  }
  keep(barrier, state);
  if (is_last) the_block().wake(barrier);
}

void wait_parity(std::uint64_t* barrier, int parity) {
  if (parity != 0 && parity != 1) fail_kernel("an mbarrier has no parity %d", parity);
  while (state_of(barrier).parity == parity) the_block().park(barrier, "an mbarrier");
}

}  // namespace hone_emulator
