#pragma once
#include <cuda_runtime.h>

#include <string>

#include "cuda/stream.h"

namespace hone::cuda {

// The error of a CUDA call as a status that says what was being done. Errors that end the context are Code::device_lost.
Status cuda_status(cudaError_t error, const char* doing);

// Without asking a block has 48 KiB of shared memory, the arrays that its kernel declares among it: what is left for kernels that
// declare up to 16 KiB (tests/conformance/cuda-library.test.ts holds them to it).
inline constexpr std::size_t kSharedUnasked = 32 * 1024;

// Queues one kernel. `name` stands in error messages. More shared memory than kSharedUnasked is asked for here.
template <class... Parameters, class... Arguments>
Status launch(Stream& stream, const char* name, void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
              Arguments&&... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return {};
  if (shared_bytes > kSharedUnasked) {
    const cudaError_t error = cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                   static_cast<int>(shared_bytes));
    if (error != cudaSuccess) return cuda_status(error, name);
  }
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream.handle;
  *stream.launches += 1;
  return cuda_status(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), name);
}

// Blocks of `block` threads for `count` items.
inline unsigned blocks_for(std::int64_t count, std::int64_t block) { return static_cast<unsigned>((count + block - 1) / block); }

}  // namespace hone::cuda
