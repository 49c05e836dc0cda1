#include <cmath>

#include "core/ops-args.h"

namespace hone::reference {
namespace {

struct Gelu {
  double value, slope;
};

// Hendrycks and Gimpel, arXiv 1606.08415: x times the normal distribution function, or its approximation by tanh.
Gelu gelu(double x, bool exact) {
  if (exact) {
    const double share = 0.5 * (1.0 + std::erf(x / std::sqrt(2.0)));
    return {x * share, share + x * std::exp(-0.5 * x * x) / std::sqrt(2.0 * M_PI)};
  }
  const double scale = std::sqrt(2.0 / M_PI), tanh = std::tanh(scale * (x + 0.044715 * x * x * x));
  const double inner = scale * (1.0 + 3.0 * 0.044715 * x * x);
  return {0.5 * x * (1.0 + tanh), 0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * inner};
}

}  // namespace

Status gelu_forward(Context&, const GeluForwardArgs& args) {
  for (std::int64_t i = 0; i < args.x.count(); ++i) {
    args.y.data_as<float>()[i] = static_cast<float>(gelu(args.x.data_as<float>()[i], args.exact).value);
  }
  return {};
}

Status gelu_backward(Context&, const GeluBackwardArgs& args) {
  for (std::int64_t i = 0; i < args.x.count(); ++i) {
    const double slope = gelu(args.x.data_as<float>()[i], args.exact).slope;
    args.dx.data_as<float>()[i] = static_cast<float>(args.dy.data_as<float>()[i] * slope);
  }
  return {};
}

Status geglu_forward(Context&, const GegluForwardArgs& args) {
  for (std::int64_t i = 0; i < args.gate.count(); ++i) {
    const double value = gelu(args.gate.data_as<float>()[i], args.exact).value;
    args.y.data_as<float>()[i] = static_cast<float>(value * args.up.data_as<float>()[i]);
  }
  return {};
}

Status geglu_backward(Context&, const GegluBackwardArgs& args) {
  for (std::int64_t i = 0; i < args.dy.count(); ++i) {
    const double up = args.up.data_as<float>()[i], dy = args.dy.data_as<float>()[i];
    const Gelu g = gelu(args.gate.data_as<float>()[i], args.exact);
    args.dgate.data_as<float>()[i] = static_cast<float>(dy * up * g.slope);
    args.dup.data_as<float>()[i] = static_cast<float>(dy * g.value);
  }
  return {};
}

}  // namespace hone::reference
