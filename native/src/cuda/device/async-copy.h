#pragma once
#include <cuda_runtime.h>

#include <cstdint>

// Copies of 16 bytes from global to shared memory that pass by the registers (sm_80 and later). A thread sees its own copies
// after wait_copies, those of others after a barrier that follows it.
namespace hone::cuda {

// Zeros where `is_inside` is false; the address is not read then. Both are multiples of 16.
__device__ inline void copy_async(void* shared, const void* global, bool is_inside) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
  const int bytes = is_inside ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(global), "r"(bytes) : "memory");
}

__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Until at most `kLeft` of this thread's committed groups are still under way.
template <int kLeft>
__device__ inline void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
}

}  // namespace hone::cuda
