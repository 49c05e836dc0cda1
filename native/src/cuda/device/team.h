#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/device/reduce.h"

namespace hone::cuda {

// The threads that share a row: kLanes of a warp, several rows to a block, or the whole block (kLanes = 0).
template <int kLanes>
struct Team {
  __device__ static int size() { return kLanes == 0 ? blockDim.x : kLanes; }
  __device__ static int rows_a_block() { return kLanes == 0 ? 1 : blockDim.x / kLanes; }
  __device__ static int row() { return kLanes == 0 ? 0 : threadIdx.x / kLanes; }
  __device__ static int lane() { return kLanes == 0 ? threadIdx.x : threadIdx.x % kLanes; }

  // To every thread of the team, in one fixed order. All threads of the block call it; `lines` is 32 floats of shared memory.
  __device__ static float sum(float value, float* lines) {
    if constexpr (kLanes == 0) {
      return block_sum(value, lines);
    } else {
#pragma unroll
      for (int distance = kLanes / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(kAllLanes, value, distance);
      return value;
    }
  }
};

}  // namespace hone::cuda
