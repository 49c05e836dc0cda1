#include <cstring>
#include <string>

#include "src/stream.h"

using namespace hone_emulator;

// Memory that the system may move is copied before the call returns, as CUDA does it; pinned memory is read or written when the
// copy is done, so that a buffer which is used again too early shows.
cudaError_t cudaMemcpyAsync(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (kind == cudaMemcpyHostToDevice && !is_pinned(source) && !is_capturing(stream)) {
    return queue(stream, [target, taken = std::string(static_cast<const char*>(source), bytes)] {
      std::memcpy(target, taken.data(), taken.size());
      return cudaSuccess;
    });
  }
  const cudaError_t error = queue(stream, [=] {
    std::memmove(target, source, bytes);
    return cudaSuccess;
  });
  if (error != cudaSuccess || kind != cudaMemcpyDeviceToHost || is_pinned(target) || is_capturing(stream)) return error;
  return cudaStreamSynchronize(stream);
}

cudaError_t cudaMemcpy(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
  if (const cudaError_t error = cudaMemcpyAsync(target, source, bytes, kind, nullptr); error != cudaSuccess) return error;
  return cudaStreamSynchronize(nullptr);
}

cudaError_t cudaMemsetAsync(void* target, int value, std::size_t bytes, cudaStream_t stream) {
  return queue(stream, [=] {
    std::memset(target, value, bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaMemset(void* target, int value, std::size_t bytes) {
  if (const cudaError_t error = cudaMemsetAsync(target, value, bytes, nullptr); error != cudaSuccess) return error;
  return cudaStreamSynchronize(nullptr);
}
