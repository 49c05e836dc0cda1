#include <cmath>

#include "core/ops-args.h"

namespace hone::reference {

// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", algorithm 2, in the order of torch.optim.AdamW.
Status adamw_step(Context&, const AdamwStepArgs& args) {
  if (args.step < 1) return bad_argument("expected a step from 1 on");
  float* p = args.p.data_as<float>();
  float* m = args.m.data_as<float>();
  float* v = args.v.data_as<float>();
  const double correction1 = 1.0 - std::pow(args.beta1, static_cast<double>(args.step));
  const double correction2 = std::sqrt(1.0 - std::pow(args.beta2, static_cast<double>(args.step)));
  for (std::int64_t i = 0; i < args.p.count(); ++i) {
    const double g = args.g.data_as<float>()[i];
    m[i] = static_cast<float>(m[i] + (1.0 - args.beta1) * (g - m[i]));
    v[i] = static_cast<float>(args.beta2 * v[i] + (1.0 - args.beta2) * g * g);
    const double decayed = p[i] * (1.0 - args.lr * args.weight_decay);
    const double denominator = std::sqrt(static_cast<double>(v[i])) / correction2 + args.eps;
    p[i] = static_cast<float>(decayed - args.lr / correction1 * m[i] / denominator);
  }
  return {};
}

}  // namespace hone::reference
