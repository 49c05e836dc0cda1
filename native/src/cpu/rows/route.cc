// isa: avx2 avx512
// A router has 8 to 256 experts, so a row stays in the first-level cache; choosing k of them costs k passes over it.
#include <vector>

#include "core/ops-args.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

// p = exp(logit - largest) for a row, in place of p; returns the sum. Lanes in order, so a row's bits are its own.
float exponentials(const float* logits, std::int64_t experts, float largest, float* p) {
  for (std::int64_t e = 0; e < experts; e += kWide) {
    const auto n = static_cast<int>(std::min<std::int64_t>(kWide, experts - e));
    store_first(p + e, exp(sub(load_first(logits + e, n), set(largest))), n);
  }
  float total = 0;
  for (std::int64_t e = 0; e < experts; ++e) total += p[e];
  return total;
}

void choose(const float* logits, std::int64_t experts, std::int64_t k, std::int32_t* ids, std::vector<char>& taken) {
  std::fill(taken.begin(), taken.end(), 0);
  for (std::int64_t j = 0; j < k; ++j) {
    std::int64_t best = -1;
    for (std::int64_t e = 0; e < experts; ++e) {
      if (!taken[e] && (best < 0 || logits[e] > logits[best])) best = e;
    }
    taken[best] = 1;
    ids[j] = static_cast<std::int32_t>(best);
  }
}

void backward_row(const RouteTopKBackwardArgs& args, std::int64_t t, std::vector<float>& p, std::vector<float>& dp) {
  const std::int64_t experts = args.logits.dim[1], k = args.ids.dim[1];
  const float* logits = args.logits.data_as<float>() + t * experts;
  const float* dweights = args.dweights.data_as<float>() + t * k;
  const std::int32_t* ids = args.ids.data_as<std::int32_t>() + t * k;
  float* dlogits = args.dlogits.data_as<float>() + t * experts;
  float largest = logits[0];
  for (std::int64_t e = 1; e < experts; ++e) largest = std::max(largest, logits[e]);
  const float all = exponentials(logits, experts, largest, p.data());
  float chosen = 0, dot = 0;
  for (std::int64_t j = 0; j < k; ++j) {
    chosen += p[ids[j]];
    dot += p[ids[j]] * dweights[j];
  }
  const float scale = 1.0f / (args.renormalise ? chosen : all), mean = dot * scale;
  if (args.renormalise) {
    for (std::int64_t j = 0; j < k; ++j) dlogits[ids[j]] += p[ids[j]] * scale * (dweights[j] - mean);
    return;
  }
  std::fill(dp.begin(), dp.end(), 0.0f);
  for (std::int64_t j = 0; j < k; ++j) dp[ids[j]] = dweights[j];
  for (std::int64_t e = 0; e < experts; ++e) dlogits[e] += p[e] * scale * (dp[e] - mean);
}

}  // namespace

Status route_top_k_forward(Context& context, const RouteTopKForwardArgs& args) {
  const std::int64_t experts = args.logits.dim[1], k = args.ids.dim[1];
  split_rows(context, args.logits.dim[0], experts * (k + 1), [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> p(static_cast<std::size_t>(experts));
    std::vector<char> taken(static_cast<std::size_t>(experts));
    for (std::int64_t t = begin; t < end && k > 0; ++t) {
      const float* logits = args.logits.data_as<float>() + t * experts;
      std::int32_t* ids = args.ids.data_as<std::int32_t>() + t * k;
      float* weights = args.weights.data_as<float>() + t * k;
      choose(logits, experts, k, ids, taken);
      const float all = exponentials(logits, experts, logits[ids[0]], p.data());
      float chosen = 0;
      for (std::int64_t j = 0; j < k; ++j) chosen += p[ids[j]];
      for (std::int64_t j = 0; j < k; ++j) weights[j] = p[ids[j]] / (args.renormalise ? chosen : all);
    }
  });
  return {};
}

Status route_top_k_backward(Context& context, const RouteTopKBackwardArgs& args) {
  const std::int64_t experts = args.logits.dim[1];
  if (experts == 0) return {};
  split_rows(context, args.logits.dim[0], 4 * experts, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> p(static_cast<std::size_t>(experts)), dp(static_cast<std::size_t>(experts));
    for (std::int64_t t = begin; t < end; ++t) backward_row(args, t, p, dp);
  });
  return {};
}

}  // namespace hone::HONE_ISA
