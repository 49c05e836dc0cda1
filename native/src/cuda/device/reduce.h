#pragma once
#include <cuda_runtime.h>

// Sums and largest values over threads, in one fixed order: the same bits every time.
namespace hone::cuda {

inline constexpr unsigned kAllLanes = 0xffffffffu;
inline constexpr int kWarp = 32;

__device__ inline float warp_sum(float value) {
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(kAllLanes, value, distance);
  return value;
}

__device__ inline float warp_max(float value) {
  for (int distance = 16; distance > 0; distance /= 2) value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, distance));
  return value;
}

// The sum over the block, to every thread. `lines` is shared memory of 32 floats. All threads call it.
__device__ inline float block_sum(float value, float* lines) {
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp, warps = (blockDim.x + kWarp - 1) / kWarp;
  value = warp_sum(value);
  __syncthreads();
  if (lane == 0) lines[warp] = value;
  __syncthreads();
  value = lane < warps ? lines[lane] : 0.0f;
  return warp_sum(value);
}

__device__ inline float block_max(float value, float* lines) {
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp, warps = (blockDim.x + kWarp - 1) / kWarp;
  value = warp_max(value);
  __syncthreads();
  if (lane == 0) lines[warp] = value;
  __syncthreads();
  value = lane < warps ? lines[lane] : -INFINITY;
  return warp_max(value);
}

}  // namespace hone::cuda
