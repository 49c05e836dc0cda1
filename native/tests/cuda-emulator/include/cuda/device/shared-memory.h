#pragma once
#include <cuda_runtime.h>

namespace hone_emulator {

// What the launch asked for, poisoned before every block and with guards around it.
void* dynamic_shared_memory();

}  // namespace hone_emulator

namespace hone::cuda {

template <class T>
inline T* dynamic_shared() {
  return static_cast<T*>(hone_emulator::dynamic_shared_memory());
}

}  // namespace hone::cuda
