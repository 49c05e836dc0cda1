#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/block-scan.h"

// One row of logits seen by a block of 1024 threads.
namespace hone::cuda {

using Word = unsigned long long;

// The order of floats as unsigned numbers: a larger logit has a larger key, both zeros the same, and a NaN the key 0.
__device__ inline std::uint32_t key_of(float logit) {
  if (!(logit == logit)) return 0;
  const std::uint32_t bits = __float_as_uint(logit == 0.0f ? 0.0f : logit);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

__device__ inline float logit_of(std::uint32_t key) { return __uint_as_float((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key); }

// Larger is better: by value, then by the lower id.
__device__ inline Word ranked(float logit, std::int64_t id) {
  return static_cast<Word>(key_of(logit)) << 32 | static_cast<std::uint32_t>(~static_cast<std::uint32_t>(id));
}

__device__ inline std::int32_t id_of(Word rank) { return static_cast<std::int32_t>(~static_cast<std::uint32_t>(rank)); }

struct LogitsRow {
  const float* logits;
  std::int64_t count;
  bool is_aligned;  // Vectors of four may be read.
};

constexpr int kRowStep = kScanThreads * 4;

// The four logits of thread t from `first` + 4 t on; what lies behind the row is NaN, which counts as impossible everywhere.
__device__ inline float4 four_of(const LogitsRow& row, std::int64_t first) {
  const std::int64_t at = first + threadIdx.x * 4;
  if (row.is_aligned && at + 4 <= row.count) return *reinterpret_cast<const float4*>(row.logits + at);
  const float none = __uint_as_float(0x7fc00000u);
  return make_float4(at < row.count ? row.logits[at] : none, at + 1 < row.count ? row.logits[at + 1] : none,
                     at + 2 < row.count ? row.logits[at + 2] : none, at + 3 < row.count ? row.logits[at + 3] : none);
}

// Calls visit(logit, id) for every logit, four in a row a thread.
template <class Visit>
__device__ inline void scan_row(const LogitsRow& row, Visit& visit) {
  for (std::int64_t first = 0; first < row.count; first += kRowStep) {
    const float4 four = four_of(row, first);
    const std::int64_t id = first + threadIdx.x * 4;
    visit(four.x, id);
    visit(four.y, id + 1);
    visit(four.z, id + 2);
    visit(four.w, id + 3);
  }
}

struct BestVisit {
  Word best;
  __device__ void operator()(float logit, std::int64_t id) { best = max(best, ranked(logit, id)); }
};

// The rank of the best logit, to every thread. Where all are NaN it is that of the lowest id.
__device__ inline Word best_of(const LogitsRow& row, Word* lines) {
  BestVisit visit = {0};
  scan_row(row, visit);
  return block_largest(visit.best, lines);
}

}  // namespace hone::cuda
