#pragma once
#include "cuda/attention/paged-attention.h"

// The keys of a row in units that lie at the same positions in every row, whatever else is in the batch. Each unit is gathered by
// itself, and the units of a row are added up one after another: by one block, or by many and a second launch, with the same bits.
namespace hone::cuda::attention {

// Units grow with the position, so that a row of 4096 keys has 16 of them to be read at once, and one of 131072 only 120 to add up.
//   from key      0  4096  16384  65536
//   from unit     0    16     40     88
//   keys        256   512   1024   2048
__host__ __device__ inline int unit_begin(int unit) {
  if (unit < 16) return unit * 256;
  if (unit < 40) return 4096 + (unit - 16) * 512;
  if (unit < 88) return 16384 + (unit - 40) * 1024;
  return 65536 + (unit - 88) * 2048;
}

__host__ __device__ inline int unit_of(int position) {
  if (position < 4096) return position / 256;
  if (position < 16384) return 16 + (position - 4096) / 512;
  if (position < 65536) return 40 + (position - 16384) / 1024;
  return 88 + (position - 65536) / 2048;
}

// Sums of weights relative to the largest score, in units of ln 2: of one unit, or of all units so far.
struct Gathered {
  float most = -INFINITY, total = 0.0f;
};

// Adds `next` to `sum`; values are scaled by the two factors that come back.
__device__ inline float2 add_unit(Gathered& sum, const Gathered& next) {
  const float most = fmaxf(sum.most, next.most);
  const float2 factors = make_float2(exp2_fast(sum.most - most), exp2_fast(next.most - most));
  sum.total = fmaf(sum.total, factors.x, next.total * factors.y);
  sum.most = most;
  return factors;
}

__device__ inline float add_value(float sum, float next, const float2& factors) { return fmaf(sum, factors.x, next * factors.y); }

}  // namespace hone::cuda::attention
