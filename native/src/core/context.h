#pragma once
#include <cstddef>

#include "core/isa.h"
#include "core/scratch.h"
#include "core/thread-pool.h"

namespace hone {

// What a kernel may use besides its arguments.
struct Context {
  ThreadPool& pool;
  Scratch& workspace;
  Isa isa;

  // At least `bytes` of 64-byte aligned memory that belongs to one thread of the pool until its next scratch call
  // with the same slot. A kernel that calls another gives it a different slot.
  void* scratch(int thread, std::size_t bytes, int slot = 0) { return workspace.get(thread, bytes, slot); }

  template <class T>
  T* scratch_as(int thread, std::size_t count, int slot = 0) {
    return static_cast<T*>(scratch(thread, count * sizeof(T), slot));
  }
};

}  // namespace hone
