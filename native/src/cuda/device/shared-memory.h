#pragma once
#include <cuda_runtime.h>

namespace hone::cuda {

// The dynamic shared memory of the block, 128-byte aligned.
template <class T>
__device__ inline T* dynamic_shared() {
  extern __shared__ __align__(128) unsigned char hone_dynamic_shared[];
  return reinterpret_cast<T*>(hone_dynamic_shared);
}

}  // namespace hone::cuda
