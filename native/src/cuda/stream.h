#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "core/card.h"
#include "cuda/fault.h"

namespace hone::cuda {

class Blas;
class Workspace;

// What a kernel may use besides its arguments. Work goes to `handle` alone.
struct Stream {
  cudaStream_t handle = nullptr;
  int compute_capability = 0;
  int multiprocessors = 0;
  int shared_bytes_max = 0;  // Of one block, once it asked for more than 48 KiB.
  bool has_warpgroups = false;  // The attention kernels of warpgroups are there as code for this card.
  Fault* fault = nullptr;    // Host memory that the card writes; null never.
  Blas* blas = nullptr;
  Workspace* workspace = nullptr;
  std::int64_t* launches = nullptr;
};

// Memory between the kernels of one op. It lies in address space of its own and grows in place, so that what a graph was
// captured with stays true. The next op overwrites it.
class Workspace {
 public:
  virtual ~Workspace() = default;
  // `bytes` of 256-byte aligned memory, from `offset` of the workspace on; an op that needs several pieces takes them at
  // different offsets. Fails with out_of_memory.
  virtual Status take(std::int64_t offset, std::int64_t bytes, void*& out) = 0;
};

}  // namespace hone::cuda
