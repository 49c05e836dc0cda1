#pragma once
#include <cmath>
#include <optional>

#include "hone/view.h"

namespace hone {

// What one gradient counts in a step of AdamW: clipping to a largest norm (Pascanu et al., arXiv 1211.5063) as
// torch.nn.utils.clip_grad_norm_ does it, from a norm that only the device knows. None where it is not finite: such a step changes nothing.
inline std::optional<float> gradient_factor(double gradient_scale, const View& squared_norm, double max_norm) {
  if (!squared_norm.present()) return static_cast<float>(gradient_scale);
  const double norm = gradient_scale * std::sqrt(static_cast<double>(squared_norm.data_as<float>()[0]));
  if (!std::isfinite(norm)) return std::nullopt;
  const double share = max_norm > 0 ? max_norm / (norm + 1e-6) : 1.0;
  return static_cast<float>(gradient_scale * (share < 1 ? share : 1.0));
}

}  // namespace hone
