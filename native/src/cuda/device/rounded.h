#pragma once
#include <cuda_runtime.h>

// One operation, one rounding: nvcc fuses a plain product and sum into one operation, and where codes, scales or random
// roundings must have the bits that the processor gives them it may not.
namespace hone::cuda {

__device__ inline float rounded_product(float a, float b) { return __fmul_rn(a, b); }
__device__ inline float rounded_sum(float a, float b) { return __fadd_rn(a, b); }
__device__ inline float rounded_quotient(float a, float b) { return __fdiv_rn(a, b); }
__device__ inline float rounded_root(float a) { return __fsqrt_rn(a); }
__device__ inline double rounded_product(double a, double b) { return __dmul_rn(a, b); }
__device__ inline double rounded_sum(double a, double b) { return __dadd_rn(a, b); }

}  // namespace hone::cuda
