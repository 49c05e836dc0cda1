#pragma once
#include <cuda_runtime.h>

// Copies that are as late as they may be: until its thread waits for it, the target of a copy holds poison.
namespace hone_emulator {

void copy_async(void* shared, const void* global, bool is_inside);
void commit_copies();
void wait_copies(int left);

}  // namespace hone_emulator

namespace hone::cuda {

inline void copy_async(void* shared, const void* global, bool is_inside) { hone_emulator::copy_async(shared, global, is_inside); }

inline void commit_copies() { hone_emulator::commit_copies(); }

template <int kLeft>
inline void wait_copies() {
  hone_emulator::wait_copies(kLeft);
}

}  // namespace hone::cuda
