#include "core/dispatch.h"

#include <string>

namespace hone {

int serving_level(int op, Isa isa) {
  for (int level = static_cast<int>(isa); level >= 0; --level) {
    if (dispatch_row(op).kernels[level] != nullptr) return level;
  }
  return -1;
}

Status run_op(int op, Isa isa, Context& context, const ArgValue* values) {
  const int level = serving_level(op, isa);
  if (level < 0) return unsupported(std::string("no kernel is built for ") + op_spec(op).name);
  const DispatchRow& row = dispatch_row(op);
  return row.call(row.kernels[level], context, values);
}

}  // namespace hone
