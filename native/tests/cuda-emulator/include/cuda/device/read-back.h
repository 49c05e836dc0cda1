#pragma once
#include <cstring>

#include "cuda/launch.h"

namespace hone::cuda {

// The twin of cuda/device/read-back.h: kernels have run when launch returns.
inline Status read_back(Stream&, void* target, const void* source, std::size_t bytes) {
  std::memcpy(target, source, bytes);
  return {};
}

}  // namespace hone::cuda
