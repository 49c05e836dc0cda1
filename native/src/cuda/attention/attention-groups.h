#pragma once
#include "cuda/attention/attention-products.h"
#include "cuda/device/mbarrier.h"
#include "cuda/device/reduce.h"
#include "cuda/device/warpgroup-unit.h"

// What the attention kernels of sm_90a have in common: a warpgroup that only copies (the producer) and others that multiply, and the
// swizzled blocks of rows between them (device/warpgroup-unit.h).
namespace hone::cuda::attention {

inline constexpr int kGroupThreads = 128, kGroupRows = 64;
inline constexpr int kLineValues = 64, kLineBytes = 128;  // Of a swizzled row.

// From the first lane: what follows from it is then known to be one for the whole warp, else the compiler fears that the threads of a
// warpgroup part and lets its products run one by one.
__device__ inline int warpgroup_of_thread() { return __shfl_sync(kAllLanes, static_cast<int>(threadIdx.x) / kGroupThreads, 0); }

// Where a line of eight values lies in blocks of 64 values by kRows rows. The eight lines of a row lie in different banks, and so do the
// same lines of eight rows: neither the copies nor the products meet a bank twice (tests/cuda-emulator/warpgroup-test.cc counts).
template <int kRows>
__device__ inline int swizzled_line(int row, int line) {
  return line / 8 * kRows * kLineValues + row * kLineValues + (line % 8 ^ row % 8) * 8;
}

// A thread's share of the copies of some rows, 16 bytes each.
template <int kRows, int kDepth, int kThreads>
__device__ inline void load_swizzled(Bf16* blocks, const PackedRows& rows, int first) {
  constexpr int kLines = kDepth / 8, kStep = kThreads / kLines;
  static_assert(kStep % 8 == 0 && kRows % kStep == 0, "the rows of one thread have one place in the swizzle");
  const int thread = static_cast<int>(threadIdx.x) % kThreads, row = thread / kLines, line = thread % kLines;
  const int left = line * 8 < rows.width ? rows.length - first - row : 0;
  const std::int64_t stride = static_cast<std::int64_t>(rows.heads) * rows.width;
  const Bf16* from = rows.values + (rows.begin + first + row) * stride + static_cast<std::int64_t>(rows.head) * rows.width + line * 8;
  Bf16* to = blocks + swizzled_line<kRows>(row, line);
#pragma unroll
  for (int i = 0; i < kRows / kStep; ++i) {
    copy_async(to, from, i * kStep < left);
    to += kStep * kLineValues;
    from += kStep * stride;
  }
}

// Starts s = a bT for the 64 rows of a warpgroup, which lie in blocks of kRowsOfA rows, and kN rows of b.
template <int kDepth, int kRowsOfA, int kN>
__device__ inline void start_rows(Sums<1, kN>& s, std::uint32_t a, std::uint32_t b) {
  const std::uint64_t left = swizzled_operand(a, 0), right = swizzled_operand(b, 0);
#pragma unroll
  for (int depth = 0; depth < kDepth; depth += 16) {
    const int block = depth / kLineValues, column = depth % kLineValues * 2;
    multiply_group(s, further(left, block * kRowsOfA * kLineBytes + column), further(right, block * kN * kLineBytes + column), depth > 0);
  }
  commit_products();
}

// Starts o += left b for kN rows of b.
template <int kDepth, int kN>
__device__ inline void start_across(Sums<1, kDepth>& o, const Left<1, kN>& left, std::uint32_t b) {
  const std::uint64_t right = swizzled_operand(b, kN * kLineBytes);
#pragma unroll
  for (int row = 0; row < kN; row += 16) multiply_group_across(o, left[0][row / 16], further(right, row * kLineBytes), true);
  commit_products();
}

// Where somebody is in the stages of a pipeline: the parity is that of the number of rounds.
template <int kStages>
struct StageCursor {
  int place = 0, parity = 0;

  __device__ void advance() {
    place = place + 1 == kStages ? 0 : place + 1;
    parity ^= place == 0 ? 1 : 0;
  }
};

// The stages through which rows come from the producer to kConsumers warpgroups, one after another.
template <int kStages, int kConsumers>
struct Pipeline {
  using Cursor = StageCursor<kStages>;
  Mbarrier full[kStages], empty[kStages];

  // By one thread, before a barrier of the block. Each thread of the producer arrives, and one of each warp of the consumers.
  __device__ void init() {
    for (int i = 0; i < kStages; ++i) {
      init_mbarrier(&full[i], kGroupThreads);
      init_mbarrier(&empty[i], kConsumers * kGroupThreads / 32);
    }
  }

  __device__ void wait_full(const Cursor& at) { wait_parity(&full[at.place], at.parity); }
  // A consumer: nothing of the stage is read any more. All lanes of the warp call it.
  __device__ void release(int place) {
    __syncwarp();
    if (threadIdx.x % 32 == 0) arrive(&empty[place]);
  }
};

// The producer's side. It waits for the copies of a stage after it began kLate more.
template <int kStages, int kConsumers, int kLate = kStages - 2>
struct Filling {
  static_assert(kLate <= kStages - 2, "consumers read one stage at least meanwhile");
  Pipeline<kStages, kConsumers>& pipe;
  StageCursor<kStages> at, told;
  int late = 0;

  // Before the first copy to stage at.place.
  __device__ void wait_empty() { wait_parity(&pipe.empty[at.place], at.parity ^ 1); }
  // After the last one.
  __device__ void commit() {
    commit_copies();
    at.advance();
    if (late < kLate) {
      ++late;
      return;
    }
    wait_copies<kLate>();
    tell_full();
  }
  __device__ void finish() {
    wait_copies<0>();
    for (; late > 0; --late) tell_full();
  }

 private:
  __device__ void tell_full() {
    publish_to_products();
    arrive(&pipe.full[told.place]);
    told.advance();
  }
};

// Shared memory from the first multiple of 1024 bytes on, where swizzled blocks start.
__device__ inline Bf16* swizzled_blocks(Bf16* shared) { return shared + (1024 - shared_address(shared) % 1024) % 1024 / 2; }

}  // namespace hone::cuda::attention
