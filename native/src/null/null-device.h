#pragma once
#include "core/op-spec.h"

namespace hone::null_device {

// What an op costs on a device that computes nothing: nothing. Its arguments were checked and its tensors counted by the
// time it gets here, so a dry run of a training step finds every wrong shape and the exact peak of tensor memory.
Status run(int op, const ArgValue* values, int count);

// How many ops the null device has seen, so that a plan can report them.
std::int64_t ops_run();

}  // namespace hone::null_device
