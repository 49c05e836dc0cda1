// Threads of a process take turns with its card: each of them reads what it would read alone, whatever the others put there, record,
// copy beside or leave behind. A build with the thread sanitizer sees whether something is touched out of turn. Exit code: the number
// of failed checks; 77 without a card.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "harness/check.h"
#include "hone/hone.h"

namespace {

constexpr int kF32 = 0, kBf16 = 1, kI32 = 3;
constexpr int kThreads = 4, kRounds = 20;
constexpr std::int64_t kRows = 8, kWidth = 256;

hone_handle take(int device, int dtype, std::vector<std::int64_t> dims) {
  dims.resize(4, -1);
  hone_handle handle = 0;
  return hone_tensor_alloc(device, dtype, dims.data(), &handle) == 0 ? handle : 0;
}

// What one thread does with the card; every number it reads depends on `seed` alone. A call that fails ends it.
class Turn {
 public:
  explicit Turn(int seed) : seed_(seed) {}

  void run() {
    has_failed = !(normalises() && gathers() && copies_beside());
    if (has_failed) complaint = hone_last_error();
  }

  std::vector<float> seen;
  bool has_failed = false;
  std::string complaint;

 private:
  // Threads of a block that meet at barriers and shuffles.
  bool normalises() {
    const hone_handle x = take(HONE_DEVICE_CUDA, kBf16, {kRows, kWidth}), weight = take(HONE_DEVICE_CUDA, kF32, {kWidth});
    const hone_handle y = take(HONE_DEVICE_CUDA, kBf16, {kRows, kWidth}), rstd = take(HONE_DEVICE_CUDA, kF32, {kRows});
    std::vector<std::uint16_t> values(kRows * kWidth);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(0x3f00 + (7 * i + 13 * static_cast<std::size_t>(seed_)) % 200);
    const std::vector<float> ones(kWidth, 1.0f);
    const std::vector<double> args = {double(x), double(weight), double(y), double(rstd), 1e-5, 0};
    if (hone_tensor_write(x, 0, values.data(), kBf16, kRows * kWidth) != 0) return false;
    if (hone_tensor_write(weight, 0, ones.data(), kF32, kWidth) != 0) return false;
    if (hone_invoke(HONE_OP_RMS_NORM_FORWARD, args.data(), 6) != 0) return false;
    return read(rstd, kRows) && free_all({x, weight, y, rstd});
  }

  // A recorded list, which is a graph on a card.
  bool gathers() {
    const hone_handle x = take(HONE_DEVICE_CUDA, kF32, {kRows, 4}), index = take(HONE_DEVICE_CUDA, kI32, {2});
    const hone_handle y = take(HONE_DEVICE_CUDA, kF32, {2, 4});
    std::vector<float> values(kRows * 4);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(100 * seed_ + static_cast<int>(i));
    if (hone_tensor_write(x, 0, values.data(), kF32, kRows * 4) != 0) return false;
    const std::vector<double> commands = {HONE_OP_GATHER_ROWS, double(x), double(index), double(y)};
    int plan = 0, failed = -1;
    if (hone_plan_record(commands.data(), 4, index, index, &plan, &failed) != 0) return false;
    for (const std::int32_t first : {1, 3, 5}) {
      const std::int32_t rows[2] = {first, (first + seed_) % static_cast<std::int32_t>(kRows)};
      std::int32_t back[2] = {-1, -1};
      if (hone_plan_run(plan, rows, 2, back, 2, &failed) != 0 || back[0] != rows[0] || back[1] != rows[1] || !read(y, 8)) return false;
    }
    return hone_plan_free(plan) == 0 && free_all({x, index, y});
  }

  // The tensors are left to the end of the thread.
  bool copies_beside() {
    const hone_handle pinned = take(HONE_DEVICE_PINNED, kF32, {kWidth}), there = take(HONE_DEVICE_CUDA, kF32, {kWidth});
    const std::vector<float> values(kWidth, static_cast<float>(seed_) + 0.5f);
    std::int64_t ticket = 0;
    if (hone_tensor_write(pinned, 0, values.data(), kF32, kWidth) != 0 || hone_copy_start(pinned, there, &ticket) != 0) return false;
    hone_memory memory;
    hone_card_counters counters;
    hone_memory_stats(HONE_DEVICE_CUDA, &memory);
    return hone_card_counts(&counters) == 0 && hone_copy_await(ticket) == 0 && read(there, kWidth);
  }

  bool read(hone_handle handle, std::int64_t count) {
    const std::size_t before = seen.size();
    seen.resize(before + static_cast<std::size_t>(count));
    return hone_tensor_read(handle, 0, seen.data() + before, kF32, count) == 0;
  }

  bool free_all(const std::vector<hone_handle>& handles) {
    for (const hone_handle handle : handles) {
      if (hone_tensor_free(handle) != 0) return false;
    }
    return true;
  }

  int seed_;
};

void check_went_well(const Turn& turn) {
  CHECK(!turn.has_failed);
  if (turn.has_failed) std::printf("  %s\n", turn.complaint.c_str());
}

void each_reads_what_it_would_read_alone() {
  std::vector<Turn> alone, beside;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kThreads; ++i) {
      alone.emplace_back(round * kThreads + i);
      beside.emplace_back(round * kThreads + i);
    }
  }
  for (Turn& turn : alone) turn.run();
  CHECK(hone_release_owner(hone_thread_owner()) > 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&beside, i] {
      for (int round = 0; round < kRounds; ++round) beside[round * kThreads + i].run();
      hone_release_owner(hone_thread_owner());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < alone.size(); ++i) {
    check_went_well(alone[i]);
    check_went_well(beside[i]);
    CHECK(alone[i].seen == beside[i].seen);
  }
  hone_memory memory;
  hone_memory_stats(HONE_DEVICE_CUDA, &memory);
  CHECK(memory.live_tensors == 0 && memory.live_bytes == 0);
}

}  // namespace

int main() {
  setenv("HONE_CUDA_LIBRARY", HONE_EMULATED_CARD, 0);
  hone_info info;
  CHECK(hone_init(2, nullptr, &info) == 0);
  hone_card card;
  if (hone_card_open(nullptr, &card) != 0) {
    std::printf("skipped: %s\n", hone_last_error());
    return 77;
  }
  for (const char* seed : {"0", "1"}) {
    setenv("HONE_EMULATOR_SEED", seed, 1);
    each_reads_what_it_would_read_alone();
  }
  return hone::test::failures;
}
