#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "core/card.h"
#include "core/context.h"
#include "core/dispatch.h"
#include "core/plan.h"
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
  // The GPU, once somebody asked for it.
  std::unique_ptr<Card> card;
  // The processes that this one sums its gradients with, while there are any.
  std::unique_ptr<Group> group;
  Device group_device = Device::cpu;
  TensorTable tensors;
  // After the tensors, because plans that die give memory back.
  PlanTable plans;

  // Opens the GPU if that was not done yet. A failure is told again by every later call, since drivers do not come back.
  Status open_card(const char* library = nullptr);

  Status invoke(int op, const double* args, int count);
  // Looks up and checks a list of `op number, arguments...`; failed_op is the op at fault.
  Status record(const double* commands, std::int64_t count, Plan& plan, int& failed_op);

 private:
  // The tensors and numbers of a call; `held`, when given, takes a share in each tensor's memory.
  Status resolve(int op, const double* args, int count, ArgValue* values, Device& device,
                 std::vector<std::shared_ptr<Storage>>* held);
  Runtime(Isa isa, int threads);

  bool was_card_asked_ = false;
  Status card_status_;
};

}  // namespace hone
