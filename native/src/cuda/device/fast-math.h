#pragma once
#include <cuda_runtime.h>

// One instruction of the special function unit each, with two wrong bits of 24 at most; subnormal numbers count as zero.
namespace hone::cuda {

// 2 to the power x; 0 for minus infinity.
__device__ inline float exp2_fast(float x) {
  float out;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(out) : "f"(x));
  return out;
}

__device__ inline float reciprocal_fast(float x) {
  float out;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(out) : "f"(x));
  return out;
}

}  // namespace hone::cuda
