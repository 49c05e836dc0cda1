#pragma once
#include <cuda_runtime.h>

// The twin of cuda/device/rounded.h; the tests are compiled without contraction.
namespace hone::cuda {

__device__ inline float rounded_product(float a, float b) { return a * b; }
__device__ inline float rounded_sum(float a, float b) { return a + b; }

}  // namespace hone::cuda
