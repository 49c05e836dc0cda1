#pragma once
#include <cuda_runtime.h>

#include <cstdint>

// The twin of src/cuda/device/mbarrier.h. A barrier that was not initialised fails its kernel, for it holds poison; one that some
// thread waits for and nobody ends shows as a deadlock.
namespace hone_emulator {

void init_mbarrier(std::uint64_t* barrier, int arrivals);
void arrive(std::uint64_t* barrier);
void wait_parity(std::uint64_t* barrier, int parity);

}  // namespace hone_emulator

namespace hone::cuda {

using Mbarrier = std::uint64_t;

inline void init_mbarrier(Mbarrier* barrier, int arrivals) { hone_emulator::init_mbarrier(barrier, arrivals); }
inline void arrive(Mbarrier* barrier) { hone_emulator::arrive(barrier); }
inline void wait_parity(Mbarrier* barrier, int parity) { hone_emulator::wait_parity(barrier, parity); }

}  // namespace hone::cuda
