#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "core/context.h"
#include "core/dispatch.h"
#include "core/tensor-table.h"

namespace hone {

// Everything the process has one of: the threads, the workspace, the tensors. Each call takes the lock, because an op
// uses the whole pool; several JavaScript threads may share a process, and they take turns.
class Runtime {
 public:
  // The settings of the first call stay; null or non-positive values mean the environment, then the machine.
  static Status start(int threads, const char* isa);
  static Runtime* get();

  std::mutex mutex;
  const Isa isa;
  ThreadPool pool;
  Scratch workspace;
  Context context;
  TensorTable tensors;

  Status invoke(int op, const double* args, int count);

 private:
  Runtime(Isa isa, int threads);
};

}  // namespace hone
