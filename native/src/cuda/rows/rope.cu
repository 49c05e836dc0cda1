// Bound by memory: 4 bytes an element. A block takes whole tokens: their cosines and sines are computed once for all heads, in
// shared memory, while the first heads are on their way.
#include "core/ops-args.h"
#include "cuda/device/shared-memory.h"
#include "cuda/launch.h"
#include "cuda/rows/rotary.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256, kInFlight = 2;

struct Rope {
  Bf16* x;
  Rotary rotary;
  std::int64_t tokens;
  int heads, width;
  int tokens_a_block;
};

// A pair of runs that are rotated together: where the first begins, and its place in the tables. Token -1: none.
struct Place {
  std::int64_t at = 0;
  int token = -1, column = 0;
};

template <int kWidth>
__device__ Place place_of(const Rope& a, std::int64_t first, int task, int tasks) {
  Place out;
  if (task >= tasks) return out;
  const int runs = a.rotary.half / kWidth, row = task / runs;
  out.token = row / a.heads;
  out.column = (task - row * runs) * kWidth;
  out.at = (first * a.heads + row) * a.width + out.column;
  return out;
}

template <int kWidth>
__global__ void __launch_bounds__(kThreads) rope_kernel(const Rope a) {
  const int half = a.rotary.half;
  float* cosines = dynamic_shared<float>();
  float* sines = cosines + a.tokens_a_block * half;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * a.tokens_a_block;
  const int tokens = a.tokens - first < a.tokens_a_block ? static_cast<int>(a.tokens - first) : a.tokens_a_block;
  const int tasks = tokens * a.heads * (half / kWidth);
  for (int base = 0; base < tasks; base += kThreads * kInFlight) {
    Place places[kInFlight];
    Values<Bf16, kWidth> low[kInFlight] = {}, high[kInFlight] = {};
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) {
      places[i] = place_of<kWidth>(a, first, base + i * kThreads + static_cast<int>(threadIdx.x), tasks);
      if (places[i].token < 0) continue;
      low[i] = load_values<kWidth>(a.x + places[i].at);
      high[i] = load_values<kWidth>(a.x + places[i].at + half);
    }
    if (base == 0) {
      fill_tables(a.rotary, first, tokens, cosines, sines);
      __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) {
      if (places[i].token < 0 || a.rotary.positions[first + places[i].token] < 0) continue;
      const int at = places[i].token * half + places[i].column;
      rotate(low[i], high[i], cosines + at, sines + at);
      store_values(a.x + places[i].at, low[i]);
      store_values(a.x + places[i].at + half, high[i]);
    }
  }
}

}  // namespace

Status rope(Stream& stream, const RopeArgs& args) {
  Rope a = {};
  a.x = args.x.data_as<Bf16>();
  a.rotary = {args.positions.data_as<std::int32_t>(),
              args.inv_freq.data_as<float>(),
              static_cast<int>(args.inv_freq.dim[0]),
              static_cast<float>(args.mscale),
              static_cast<float>(args.inverse ? -args.mscale : args.mscale),
              stream.fault,
              static_cast<int>(Op::kRope),
              kRopePositions};
  a.tokens = args.x.dim[0];
  a.heads = static_cast<int>(args.x.dim[1]);
  a.width = static_cast<int>(args.x.dim[2]);
  const int half = a.rotary.half;
  const bool is_aligned = are_aligned(a.x) && a.width % 8 == 0 && half % 8 == 0;
  const std::int64_t tasks = static_cast<std::int64_t>(a.heads) * (is_aligned ? half / 8 : half);
  if (a.tokens == 0 || tasks == 0) return {};
  // Several tokens to a block where one does not fill it and the card is full of blocks without.
  a.tokens_a_block = 1;
  while (a.tokens_a_block < 16 && a.tokens_a_block * tasks < kThreads * kInFlight &&
         a.tokens > std::int64_t{8} * stream.multiprocessors * a.tokens_a_block) {
    a.tokens_a_block *= 2;
  }
  const std::size_t shared_bytes = 2 * sizeof(float) * static_cast<std::size_t>(a.tokens_a_block) * static_cast<std::size_t>(half);
  const unsigned blocks = blocks_for(a.tokens, a.tokens_a_block);
  if (is_aligned) return launch(stream, "rope", rope_kernel<8>, blocks, kThreads, shared_bytes, a);
  return launch(stream, "rope", rope_kernel<1>, blocks, kThreads, shared_bytes, a);
}

}  // namespace hone::cuda
