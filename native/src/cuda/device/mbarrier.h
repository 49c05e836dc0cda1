#pragma once
#include <cuda_runtime.h>

#include <cstdint>

// Barriers in shared memory for which some threads arrive and others wait (PTX ISA, "mbarrier"): a block whose warpgroups have
// different work has no point that all of them come to. A barrier counts its arrivals down; the last of a phase begins the next one.
// What a thread did before it arrived is seen by all that waited for the phase. Bodies are of sm_90a alone (warpgroup-unit.h).
namespace hone::cuda {

using Mbarrier = std::uint64_t;

// By one thread; the others may come to it after a barrier of the block.
__device__ inline void init_mbarrier(Mbarrier* barrier, int arrivals) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(barrier));
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address), "r"(arrivals) : "memory");
#endif
}

__device__ inline void arrive(Mbarrier* barrier) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(barrier));
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address) : "memory");
#endif
}

// Until a phase of this parity is over: phases are counted from 0, and it is the one that runs or the one before that is asked for.
// Of a new barrier phase -1, of parity 1, is over.
__device__ inline void wait_parity(Mbarrier* barrier, int parity) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(barrier));
  std::uint32_t is_over = 0;
  while (is_over == 0) {
    asm volatile(
        "{\n.reg .pred p;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
        "selp.u32 %0, 1, 0, p;\n}\n"
        : "=r"(is_over)
        : "r"(address), "r"(parity)
        : "memory");
  }
#endif
}

}  // namespace hone::cuda
