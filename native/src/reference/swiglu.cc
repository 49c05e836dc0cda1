#include <cmath>

#include "core/ops-args.h"

namespace hone::reference {

Status swiglu_forward(Context&, const SwigluForwardArgs& args) {
  const float* gate = args.gate.data_as<float>();
  const float* up = args.up.data_as<float>();
  float* y = args.y.data_as<float>();
  for (std::int64_t i = 0; i < args.gate.count(); ++i) {
    const double g = gate[i];
    y[i] = static_cast<float>(g / (1.0 + std::exp(-g)) * up[i]);
  }
  return {};
}

Status swiglu_backward(Context&, const SwigluBackwardArgs& args) {
  const float* dy = args.dy.data_as<float>();
  const float* gate = args.gate.data_as<float>();
  const float* up = args.up.data_as<float>();
  for (std::int64_t i = 0; i < args.dy.count(); ++i) {
    const double g = gate[i], u = up[i], d = dy[i];
    const double s = 1.0 / (1.0 + std::exp(-g));
    args.dgate.data_as<float>()[i] = static_cast<float>(d * u * s * (1.0 + g * (1.0 - s)));
    args.dup.data_as<float>()[i] = static_cast<float>(d * g * s);
  }
  return {};
}

}  // namespace hone::reference
