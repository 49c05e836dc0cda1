#include <vector>

#include "core/context.h"
#include "core/half.h"
#include "core/linear-group.h"
#include "core/ops-args.h"
#include "reference/weights.h"

namespace hone::reference {

Status linear_forward(Context& context, const LinearForwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], columns = args.w.dim[0];
  const std::vector<float> w = forward_rows(context, args.w);
  const std::vector<float> x = operand(args.w, args.x.data_as<float>(), rows * depth);
  const float* bias = args.bias.present() ? args.bias.data_as<float>() : nullptr;
  context.pool.run(static_cast<int>(rows), [&](int m) {
    float* y = args.y.data_as<float>() + m * columns;
    for (std::int64_t n = 0; n < columns; ++n) {
      float sum = 0.0f;
      for (std::int64_t k = 0; k < depth; ++k) sum += x[m * depth + k] * w[n * depth + k];
      y[n] = bias != nullptr ? sum + bias[n] : sum;
    }
  });
  return {};
}

Status linear_group_forward(Context& context, const LinearGroupForwardArgs& args) {
  LinearGroup group;
  HONE_TRY(linear_group(args, group));
  return run_apart(context, group, linear_forward);
}

Status linear_backward_input(Context& context, const LinearBackwardInputArgs& args) {
  const std::int64_t rows = args.dy.dim[0], columns = args.dy.dim[1], depth = args.dx.dim[1];
  const std::vector<float> w = backward_rows(context, args.w);
  const std::vector<float> dy = operand(args.w, args.dy.data_as<float>(), rows * columns);
  context.pool.run(static_cast<int>(rows), [&](int m) {
    float* dx = args.dx.data_as<float>() + m * depth;
    if (!args.accumulate) {
      for (std::int64_t k = 0; k < depth; ++k) dx[k] = 0.0f;
    }
    for (std::int64_t n = 0; n < columns; ++n) {
      const float g = dy[m * columns + n];
      for (std::int64_t k = 0; k < depth; ++k) dx[k] += g * w[n * depth + k];
    }
  });
  return {};
}

// A copy of an operand of the weight gradient, rounded to bf16 when asked.
static std::vector<float> weight_operand(const View& view, bool rounds) {
  const float* values = view.data_as<float>();
  std::vector<float> out(values, values + view.count());
  for (float& value : out) value = rounds ? round_to_bf16(value) : value;
  return out;
}

Status linear_backward_weight(Context& context, const LinearBackwardWeightArgs& args) {
  const std::int64_t rows = args.dy.dim[0], columns = args.dy.dim[1], depth = args.x.dim[1];
  const float* dy = args.dy.data_as<float>();
  const std::vector<float> x = weight_operand(args.x, args.rounds_to_bf16), y = weight_operand(args.dy, args.rounds_to_bf16);
  context.pool.run(static_cast<int>(columns), [&](int n) {
    float* dw = args.dw.data_as<float>() + n * depth;
    float* dbias = args.dbias.present() ? args.dbias.data_as<float>() + n : nullptr;
    if (!args.accumulate) {
      for (std::int64_t k = 0; k < depth; ++k) dw[k] = 0.0f;
      if (dbias != nullptr) *dbias = 0.0f;
    }
    for (std::int64_t m = 0; m < rows; ++m) {
      const float g = y[m * columns + n];
      for (std::int64_t k = 0; k < depth; ++k) dw[k] += g * x[m * depth + k];
      if (dbias != nullptr) *dbias += dy[m * columns + n];
    }
  });
  return {};
}

}  // namespace hone::reference
