#pragma once
#include "core/op-spec.h"
#include "cuda/stream.h"

namespace hone::cuda {

using AnyKernel = void (*)();

struct DispatchRow {
  Status (*call)(AnyKernel kernel, Stream& stream, const ArgValue* values);
  AnyKernel kernel;  // Null: the op has none.
};

const DispatchRow& dispatch_row(int op);

}  // namespace hone::cuda
