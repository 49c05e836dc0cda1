#pragma once
#include "core/context.h"
#include "core/isa.h"
#include "core/op-spec.h"

namespace hone {

using AnyKernel = void (*)();

struct DispatchRow {
  Status (*call)(AnyKernel kernel, Context& context, const ArgValue* values);
  AnyKernel kernels[kIsaCount];  // Index 0 is the reference loop.
};

const DispatchRow& dispatch_row(int op);

// The level whose kernel serves `op` at `isa`: the highest one at or below it that has a kernel; -1 when none has.
int serving_level(int op, Isa isa);
// Runs the kernel of the level on arguments that check_args has accepted.
Status run_op(int op, Isa isa, Context& context, const ArgValue* values);

}  // namespace hone
