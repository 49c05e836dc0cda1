#include <cmath>
#include <vector>

#include "core/ops-args.h"

namespace hone::reference {

Status route_top_k_forward(Context&, const RouteTopKForwardArgs& args) {
  const std::int64_t experts = args.logits.dim[1], k = args.ids.dim[1];
  for (std::int64_t t = 0; t < args.logits.dim[0]; ++t) {
    const float* logits = args.logits.data_as<float>() + t * experts;
    std::int32_t* ids = args.ids.data_as<std::int32_t>() + t * k;
    double total = 0, chosen = 0;
    for (std::int64_t e = 0; e < experts; ++e) total += std::exp(static_cast<double>(logits[e]));
    std::vector<bool> taken(static_cast<std::size_t>(experts));
    for (std::int64_t j = 0; j < k; ++j) {
      std::int64_t best = -1;
      for (std::int64_t e = 0; e < experts; ++e) {
        if (!taken[e] && (best < 0 || logits[e] > logits[best])) best = e;
      }
      taken[best] = true;
      ids[j] = static_cast<std::int32_t>(best);
      chosen += std::exp(static_cast<double>(logits[best])) / total;
    }
    for (std::int64_t j = 0; j < k; ++j) {
      const double p = std::exp(static_cast<double>(logits[ids[j]])) / total;
      args.weights.data_as<float>()[t * k + j] = static_cast<float>(args.renormalise ? p / chosen : p);
    }
  }
  return {};
}

Status route_top_k_backward(Context&, const RouteTopKBackwardArgs& args) {
  const std::int64_t experts = args.logits.dim[1], k = args.ids.dim[1];
  std::vector<double> p(static_cast<std::size_t>(experts)), dp(static_cast<std::size_t>(experts));
  for (std::int64_t t = 0; t < args.logits.dim[0]; ++t) {
    const float* logits = args.logits.data_as<float>() + t * experts;
    const std::int32_t* ids = args.ids.data_as<std::int32_t>() + t * k;
    std::fill(p.begin(), p.end(), 0.0);
    std::fill(dp.begin(), dp.end(), 0.0);
    for (std::int64_t j = 0; j < k; ++j) {
      p[ids[j]] = 1.0;
      dp[ids[j]] = args.dweights.data_as<float>()[t * k + j];
    }
    double total = 0, mean = 0;
    for (std::int64_t e = 0; e < experts; ++e) {
      p[e] = p[e] > 0 || !args.renormalise ? std::exp(static_cast<double>(logits[e])) : 0.0;
      total += p[e];
    }
    for (std::int64_t e = 0; e < experts; ++e) mean += dp[e] * p[e] / total;
    for (std::int64_t e = 0; e < experts; ++e) {
      args.dlogits.data_as<float>()[t * experts + e] += static_cast<float>(p[e] / total * (dp[e] - mean));
    }
  }
  return {};
}

}  // namespace hone::reference
