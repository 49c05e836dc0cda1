// What a kernel of sm_90a must not forget: each of these mistakes has to show on the emulated card, as an error or in the results, in
// one of the orders at least. The kernel has a warpgroup that copies and one that multiplies, as the attention kernels have. Besides,
// which banks of shared memory they meet, by calculation.
#include <cuda_runtime.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <vector>

#include "core/half.h"
#include "cuda/attention/attention-groups.h"
#include "cuda/device/shared-memory.h"
#include "harness/check.h"

using namespace hone::cuda;
using namespace hone::cuda::attention;

namespace {

constexpr int kTiles = 5, kDepth = 64, kStages = 2;

enum class Mistake {
  kNone,
  kNoInit,
  kTooFewArrivals,
  kNoCopyWait,
  kNoPublish,
  kNoEmptyWait,
  kNoFullWait,
  kWrongParity,
  kNoBegin,
  kNoCommit,
  kNoProductWait,
  kEarlyRelease,
  kLeftWrittenEarly,
  kNoRegistersGiven,
  kLast,
};

struct Shared {
  Bf16 left[kGroupRows * kDepth];
  Bf16 right[kStages][kGroupRows * kDepth];
  Mbarrier full[kStages], empty[kStages];
};

void copy_tiles(Shared& shared, const Bf16* a, const Bf16* b, Mistake mistake) {
  load_swizzled<kGroupRows, kDepth, kGroupThreads>(shared.left, {a, 1, 0, kDepth, 0, kGroupRows}, 0);
  for (int tile = 0; tile < kTiles; ++tile) {
    const int place = tile % kStages, round = tile / kStages;
    if (mistake != Mistake::kNoEmptyWait) wait_parity(&shared.empty[place], (round & 1) ^ 1);
    load_swizzled<kGroupRows, kDepth, kGroupThreads>(shared.right[place], {b, 1, 0, kDepth, tile * kGroupRows, kGroupRows}, 0);
    commit_copies();
    if (mistake != Mistake::kNoCopyWait) wait_copies<0>();
    if (mistake != Mistake::kNoPublish) publish_to_products();
    arrive(&shared.full[place]);
  }
}

// out += (a bT) b for each tile of b, as scores and sums of attention.
void multiply_tiles(Shared& shared, float* out, Mistake mistake) {
  Sums<1, kDepth> o;
  Sums<1, kGroupRows> s;
  Left<1, kGroupRows> left;
  clear<1, kDepth>(o);
  const auto wait = [&] {
    if (mistake != Mistake::kNoProductWait) wait_products<0>();
  };
  for (int tile = 0; tile < kTiles; ++tile) {
    const int place = tile % kStages, parity = tile / kStages & 1;
    if (mistake != Mistake::kNoFullWait) wait_parity(&shared.full[place], mistake == Mistake::kWrongParity ? parity ^ 1 : parity);
    if (mistake != Mistake::kNoBegin) begin_products();
    start_rows<kDepth, kGroupRows, kGroupRows>(s, shared_address(shared.left), shared_address(shared.right[place]));
    wait();
    hold_sums(s);
    round_sums<1, kGroupRows>(left, s);
    if (mistake != Mistake::kNoBegin) begin_products();
    if (mistake == Mistake::kNoCommit) {
      multiply_group_across(o, left[0][0], swizzled_operand(shared_address(shared.right[place]), 0), true);
    } else {
      start_across<kDepth, kGroupRows>(o, left, shared_address(shared.right[place]));
    }
    if (mistake == Mistake::kLeftWrittenEarly) left[0][1][2] = 0;
    if (mistake == Mistake::kEarlyRelease) arrive(&shared.empty[place]);
    if (mistake == Mistake::kEarlyRelease) __syncwarp();
    wait();
    hold_left(left);
    if (mistake != Mistake::kEarlyRelease) arrive(&shared.empty[place]);
  }
  hold_sums(o);
  const int lane = threadIdx.x % 32, row = threadIdx.x / 32 % 4 * 16 + lane / 4;
  for (int n = 0; n < kDepth / 8; ++n) {
    for (int i = 0; i < 4; ++i) out[(row + i / 2 * 8) * kDepth + n * 8 + lane % 4 * 2 + i % 2] = o[0][n][i];
  }
}

__global__ void groups_kernel(const Bf16* a, const Bf16* b, float* out, Mistake mistake) {
  Shared& shared = *reinterpret_cast<Shared*>(swizzled_blocks(dynamic_shared<Bf16>()));
  if (threadIdx.x == 0 && mistake != Mistake::kNoInit) {
    for (int i = 0; i < kStages; ++i) {
      init_mbarrier(&shared.full[i], kGroupThreads + (mistake == Mistake::kTooFewArrivals ? 1 : 0));
      init_mbarrier(&shared.empty[i], kGroupThreads);
    }
  }
  __syncthreads();
  if (threadIdx.x < kGroupThreads) {
    if (mistake != Mistake::kNoRegistersGiven) give_registers<24>();
    copy_tiles(shared, a, b, mistake);
  } else {
    take_registers<256>();
    multiply_tiles(shared, out, mistake);
  }
}

struct Numbers {
  std::vector<Bf16> a = std::vector<Bf16>(kGroupRows * kDepth), b = std::vector<Bf16>(kTiles * kGroupRows * kDepth);
  std::vector<float> expected = std::vector<float>(kGroupRows * kDepth);

  // -1, 0 and 1, so that every sum is exact.
  Numbers() {
    std::mt19937 random(1);
    std::vector<float> left(a.size()), right(b.size());
    const auto fill = [&](std::vector<Bf16>& bits, std::vector<float>& values) {
      for (std::size_t i = 0; i < bits.size(); ++i) {
        values[i] = static_cast<float>(static_cast<int>(random() % 3) - 1);
        bits[i] = hone::f32_to_bf16(values[i]);
      }
    };
    fill(a, left);
    fill(b, right);
    for (int row = 0; row < kGroupRows; ++row) {
      for (int other = 0; other < kTiles * kGroupRows; ++other) {
        float score = 0;
        for (int k = 0; k < kDepth; ++k) score += left[row * kDepth + k] * right[other * kDepth + k];
        for (int k = 0; k < kDepth; ++k) expected[row * kDepth + k] += score * right[other * kDepth + k];
      }
    }
  }
};

bool is_right(const Numbers& numbers, Mistake mistake, const char* seed) {
  setenv("HONE_EMULATOR_SEED", seed, 1);
  std::vector<float> out(numbers.expected.size());
  cudaLaunchConfig_t config;
  config.gridDim = 1;
  config.blockDim = 2 * kGroupThreads;
  config.dynamicSmemBytes = sizeof(Shared) + 1024;
  const cudaError_t error = cudaLaunchKernelEx(&config, groups_kernel, numbers.a.data(), numbers.b.data(), out.data(), mistake);
  const bool is_done = error == cudaSuccess && cudaStreamSynchronize(nullptr) == cudaSuccess;
  unsetenv("HONE_EMULATOR_SEED");
  return is_done && out == numbers.expected;
}

void shows_each_mistake() {
  const Numbers numbers;
  for (int i = 0; i < static_cast<int>(Mistake::kLast); ++i) {
    int right = 0;
    const std::array seeds = {"0", "1", "2", "3"};
    for (const char* seed : seeds) right += is_right(numbers, static_cast<Mistake>(i), seed) ? 1 : 0;
    const bool is_expected = static_cast<Mistake>(i) == Mistake::kNone ? right == 4 : right < 4;
    if (!is_expected) std::printf("mistake %d: right in %d orders of 4\n", i, right);
    CHECK(is_expected);
  }
}

// Shared memory gives 32 words of 4 bytes in a cycle, one of each bank. How many more cycles than that the accesses of a warp take, of
// `bytes` at each address: lanes go together as far as their bytes are 128.
template <class Address>
int conflicts(int bytes, Address&& address) {
  const int together = 128 / bytes;
  int more = 0;
  for (int first = 0; first < 32; first += together) {
    std::array<std::vector<int>, 32> words;
    for (int lane = first; lane < std::min(32, first + together); ++lane) {
      for (int word = address(lane) / 4; word < (address(lane) + bytes) / 4; ++word) {
        auto& bank = words[word % 32];
        if (std::find(bank.begin(), bank.end(), word) == bank.end()) bank.push_back(word);
      }
    }
    std::size_t most = 1;
    for (const auto& bank : words) most = std::max(most, bank.size());
    more += static_cast<int>(most) - 1;
  }
  return more;
}

template <int kWidth>
void meets_no_bank_twice() {
  constexpr int kLines = kWidth / 8;
  for (int start = 0; start < kGroupThreads; start += 32) {
    // Copies: load_swizzled.
    CHECK(conflicts(16, [&](int lane) {
      const int thread = start + lane;
      return swizzled_line<kGroupRows>(thread / kLines, thread % kLines) * 2;
    }) == 0);
  }
  for (int line = 0; line < kLines; ++line) {
    // Products: a column of lines, eight rows after eight.
    CHECK(conflicts(16, [&](int lane) { return swizzled_line<kGroupRows>(lane, line) * 2; }) == 0);
  }
  // Sums on their way out: store_rows, by pairs and then by lines.
  CHECK(conflicts(4, [&](int lane) { return (lane / 4 * kStride<kWidth> + lane % 4 * 2) * 2; }) == 0);
  CHECK(conflicts(16, [&](int lane) { return (lane / kLines * kStride<kWidth> + lane % kLines * 8) * 2; }) == 0);
  // Rows that are not swizzled would meet: eight lines of one column lie in the same four banks.
  CHECK(conflicts(16, [&](int lane) { return lane * kLineBytes; }) == 28);
}

}  // namespace

int main() {
  shows_each_mistake();
  meets_no_bank_twice<64>();
  meets_no_bank_twice<128>();
  return hone::test::failures;
}
