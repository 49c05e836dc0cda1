#pragma once
#include <cuda_runtime.h>

#include "cuda/device/reduce.h"

// Sums of integers over a block of 1024 threads: exact, so that their order does not matter.
namespace hone::cuda {

inline constexpr int kScanThreads = 1024;

// The sum over the block, to every thread. `lines` is shared memory of 32 values. All threads call it.
template <class T>
__device__ inline T block_total(T value, T* lines) {
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(kAllLanes, value, distance);
  __syncthreads();
  if (threadIdx.x % kWarp == 0) lines[threadIdx.x / kWarp] = value;
  __syncthreads();
  value = lines[threadIdx.x % kWarp];
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(kAllLanes, value, distance);
  return value;
}

// The same for the largest.
template <class T>
__device__ inline T block_largest(T value, T* lines) {
  for (int distance = 16; distance > 0; distance /= 2) value = max(value, __shfl_xor_sync(kAllLanes, value, distance));
  __syncthreads();
  if (threadIdx.x % kWarp == 0) lines[threadIdx.x / kWarp] = value;
  __syncthreads();
  value = lines[threadIdx.x % kWarp];
  for (int distance = 16; distance > 0; distance /= 2) value = max(value, __shfl_xor_sync(kAllLanes, value, distance));
  return value;
}

// The sum over the lanes up to this one.
template <class T>
__device__ inline T warp_inclusive(T value) {
  const int lane = threadIdx.x % kWarp;
  for (int distance = 1; distance < kWarp; distance *= 2) {
    const T before = __shfl_up_sync(kAllLanes, value, distance);
    if (lane >= distance) value += before;
  }
  return value;
}

// The sum over the threads up to this one.
template <class T>
__device__ inline T block_inclusive(T value, T* lines) {
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const T within = warp_inclusive(value);
  __syncthreads();
  if (lane == kWarp - 1) lines[warp] = within;
  __syncthreads();
  const T of_warps = warp_inclusive(lines[lane]);
  const T before = __shfl_sync(kAllLanes, of_warps, (warp + kWarp - 1) % kWarp);
  return within + (warp == 0 ? T{0} : before);
}

}  // namespace hone::cuda
