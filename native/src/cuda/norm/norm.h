#pragma once
#include "cuda/device/team.h"
#include "cuda/device/values.h"
#include "cuda/launch.h"

namespace hone::cuda {

// RMS norm and layer norm differ in the mean that is taken off. With h = (x - mean) rstd and g = dy w, both have
// dx = rstd (g - mean(g) - h mean(g h)), where an RMS norm has no mean at all: its kernels are those that are not kCentred.
struct NormForward {
  const Bf16* x;
  Bf16* sum;  // Where the op adds: sum += x, and sum is normalised as it was rounded.
  const float *weight, *bias;
  Bf16* y;
  float *mean, *rstd;
  std::int64_t rows;
  int width;
  float eps, offset;
};

struct NormBackward {
  const Bf16 *dy, *x;
  const float *weight, *mean, *rstd;
  Bf16* dx;
  std::int64_t rows;
  int width;
  float offset;
  bool accumulate;
};

// Threads of a block that holds one row, at most, and of one that several rows share.
inline constexpr int kRowThreadsMax = 1024, kLaneThreads = 128;
constexpr int norm_threads_max(int lanes, int runs) { return lanes != 0 ? kLaneThreads : runs == 1 ? kRowThreadsMax : kRowThreadsMax / 2; }
inline constexpr int kLongThreads = 512;

// A row in registers: run r of a thread is run r * team + lane of the row. Zeros lie beyond its end.
template <int kRuns>
struct RowRuns {
  Values<Bf16, 8> at[kRuns];
};

template <int kLanes, int kRuns>
__device__ inline RowRuns<kRuns> read_row(const Bf16* tensor, std::int64_t row, std::int64_t rows, int width) {
  RowRuns<kRuns> out = {};
#pragma unroll
  for (int r = 0; r < kRuns; ++r) {
    const int column = (r * Team<kLanes>::size() + Team<kLanes>::lane()) * 8;
    if (row < rows && column < width) out.at[r] = load_values<8>(tensor + row * width + column);
  }
  return out;
}

// The same columns of a parameter. One run stays in registers from row to row (kKeeps); more are read again for every row, from
// a cache.
template <int kLanes, int kRuns>
struct Parameter {
  static constexpr bool kKeeps = kRuns == 1;
  const float* from;
  Values<float, 8> kept[kKeeps ? kRuns : 1];

  __device__ Parameter(const float* from, int width) : from(from), kept{} {
    if constexpr (kKeeps) {
#pragma unroll
      for (int r = 0; r < kRuns; ++r) {
        const int column = (r * Team<kLanes>::size() + Team<kLanes>::lane()) * 8;
        if (column < width) kept[r] = load_values<8>(from + column);
      }
    }
  }

  __device__ Values<float, 8> run(int r, int column) const {
    if constexpr (kKeeps) {
      return kept[r];
    } else {
      return load_values<8>(from + column);
    }
  }
};

// How rows of a width are shared out. The choice depends on the width and the addresses alone, so that the bits of a row do not
// depend on how many there are.
enum class NormShape { lanes16, lanes32, block, block4, longer };

inline NormShape norm_shape(int width, bool is_aligned, bool is_centred) {
  // Layer norms have more sums to hold.
  if (!is_aligned || width % 8 != 0 || width > (is_centred ? 8192 : 16384)) return NormShape::longer;
  if (width <= 128) return NormShape::lanes16;
  if (width <= 256) return NormShape::lanes32;
  return width <= 8192 ? NormShape::block : NormShape::block4;
}

// Threads of a block that holds one row, kRuns runs of 8 a thread.
inline int row_threads(int width, int runs) { return (width / 8 + runs * kWarp - 1) / (runs * kWarp) * kWarp; }

}  // namespace hone::cuda
