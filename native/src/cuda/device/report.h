#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/fault.h"

namespace hone::cuda {

// Tells the host of an index that is out of bounds; the first report since it last looked stays. False: this one is not the first.
__device__ inline bool report(Fault* fault, int op, int argument, std::int64_t position, std::int32_t value, std::int64_t bound) {
  if (atomicCAS_system(&fault->is_set, 0, 1) != 0) return false;
  fault->op = op;
  fault->argument = argument;
  fault->value = value;
  fault->position = static_cast<std::int32_t>(position);
  fault->bound = static_cast<std::int32_t>(bound);
  __threadfence_system();
  return true;
}

}  // namespace hone::cuda
