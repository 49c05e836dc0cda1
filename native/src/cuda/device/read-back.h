#pragma once
#include <cuda_runtime.h>

#include "cuda/launch.h"

namespace hone::cuda {

// Brings a few bytes to the host and waits for them: for what is done once, like packing a weight, and never inside a step.
inline Status read_back(Stream& stream, void* target, const void* source, std::size_t bytes) {
  HONE_TRY(cuda_status(cudaMemcpyAsync(target, source, bytes, cudaMemcpyDeviceToHost, stream.handle), "read_back"));
  return cuda_status(cudaStreamSynchronize(stream.handle), "read_back");
}

}  // namespace hone::cuda
