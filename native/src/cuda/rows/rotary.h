#pragma once
#include "cuda/device/report.h"
#include "cuda/device/rotation.h"
#include "cuda/device/values.h"

namespace hone::cuda {

// The rotation of tokens by their positions, as every op that turns heads has it.
struct Rotary {
  const std::int32_t* positions;
  const float* inv_freq;
  int half;
  float cos_scale, sin_scale;
  Fault* fault;
  int op, argument;  // Where a negative position is reported.
};

// Cosines and sines [tokens, half] of tokens first, first + 1, ... by all threads of the block.
__device__ inline void fill_tables(const Rotary& a, std::int64_t first, int tokens, float* cosines, float* sines) {
  for (int i = static_cast<int>(threadIdx.x); i < tokens * a.half; i += static_cast<int>(blockDim.x)) {
    const int token = i / a.half, column = i - token * a.half;
    const std::int32_t position = a.positions[first + token];
    if (position < 0 && column == 0) report(a.fault, a.op, a.argument, first + token, position, 0x7fffffff);
    float c, s;
    cos_sin(static_cast<float>(position) * a.inv_freq[column], c, s);
    cosines[i] = c * a.cos_scale;
    sines[i] = s * a.sin_scale;
  }
}

// A run of the first half of a head and the same run of the second, turned; `cosines` and `sines` are those of the run.
template <int kWidth>
__device__ inline void rotate(Values<Bf16, kWidth>& low, Values<Bf16, kWidth>& high, const float* cosines, const float* sines) {
  const Values<float, kWidth> c = load_values<kWidth>(cosines), s = load_values<kWidth>(sines);
  float out_low[kWidth], out_high[kWidth];
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    const float x = to_f32(low.at[i]), y = to_f32(high.at[i]);
    out_low[i] = x * c.at[i] - y * s.at[i];
    out_high[i] = y * c.at[i] + x * s.at[i];
  }
  low = round_values<Bf16>(out_low);
  high = round_values<Bf16>(out_high);
}

}  // namespace hone::cuda
