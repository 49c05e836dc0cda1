#include <cmath>
#include <vector>

#include "core/half.h"
#include "core/context.h"
#include "core/ops-args.h"
#include "reference/weights.h"

namespace hone::reference {
namespace {

// The logits of one token: one row, never the matrix of all tokens.
void logits_of(const float* h, const std::vector<float>& w, std::int64_t depth, double softcap, std::vector<float>& logits) {
  for (std::size_t v = 0; v < logits.size(); ++v) {
    float sum = 0.0f;
    for (std::int64_t k = 0; k < depth; ++k) sum += h[k] * w[v * depth + k];
    logits[v] = softcap > 0 ? static_cast<float>(softcap * std::tanh(sum / softcap)) : sum;
  }
}

}  // namespace

Status token_log_probs_forward(Context& context, const TokenLogProbsForwardArgs& args) {
  const std::int64_t tokens = args.h.dim[0], depth = args.h.dim[1], vocabulary = args.w.dim[0];
  const std::vector<float> w = forward_rows(context, args.w);
  const std::vector<float> h = operand(args.w, args.h.data_as<float>(), tokens * depth);
  context.pool.run(static_cast<int>(tokens), [&](int t) {
    std::vector<float> logits(static_cast<std::size_t>(vocabulary));
    logits_of(h.data() + t * depth, w, depth, args.softcap, logits);
    std::size_t best = 0;
    for (std::size_t v = 1; v < logits.size(); ++v) best = logits[v] > logits[best] ? v : best;
    const double largest = logits[best];
    double sum = 0, weighted = 0;
    for (const float logit : logits) {
      const double p = std::exp(logit - largest);
      sum += p;
      weighted += p * (logit - largest);
    }
    const double lse = largest + std::log(sum);
    const std::int32_t target = args.targets.data_as<std::int32_t>()[t];
    args.lse.data_as<float>()[t] = static_cast<float>(lse);
    args.logp.data_as<float>()[t] = target < 0 ? 0.0f : static_cast<float>(logits[target] - lse);
    if (args.entropy.present()) args.entropy.data_as<float>()[t] = static_cast<float>(std::log(sum) - weighted / sum);
    if (args.argmax.present()) args.argmax.data_as<std::int32_t>()[t] = static_cast<std::int32_t>(best);
  });
  return {};
}

Status token_log_probs_backward(Context& context, const TokenLogProbsBackwardArgs& args) {
  const std::int64_t tokens = args.h.dim[0], depth = args.h.dim[1], vocabulary = args.w.dim[0];
  const std::vector<float> w = forward_rows(context, args.w);
  const std::vector<float> w_back = backward_rows(context, args.w);
  const std::vector<float> h = operand(args.w, args.h.data_as<float>(), tokens * depth);
  std::vector<float> logits(static_cast<std::size_t>(vocabulary));
  for (std::int64_t t = 0; t < tokens; ++t) {
    float* dh = args.dh.data_as<float>() + t * depth;
    for (std::int64_t k = 0; k < depth; ++k) dh[k] = 0.0f;
    const std::int32_t target = args.targets.data_as<std::int32_t>()[t];
    if (target < 0) continue;
    logits_of(h.data() + t * depth, w, depth, args.softcap, logits);
    const float upstream = args.dlogp.data_as<float>()[t];
    const float lse = args.lse.data_as<float>()[t];
    const float* row = h.data() + t * depth;
    for (std::int64_t v = 0; v < vocabulary; ++v) {
      const double share = args.softcap > 0 ? logits[v] / args.softcap : 0.0;
      const float slope = static_cast<float>(1.0 - share * share);
      const float g = upstream * ((v == target ? 1.0f : 0.0f) - std::exp(logits[v] - lse)) * slope;
      const float g_operand = rounds_to_bf16(args.w) ? round_to_bf16(g) : g;
      for (std::int64_t k = 0; k < depth; ++k) dh[k] += g_operand * w_back[v * depth + k];
      if (!args.dw.present()) continue;
      float* dw = args.dw.data_as<float>() + v * depth;
      for (std::int64_t k = 0; k < depth; ++k) dw[k] += g_operand * row[k];
    }
  }
  return {};
}

Status token_sums(Context&, const TokenSumsArgs& args) {
  double loss = 0, hits = 0;
  for (std::int64_t t = 0; t < args.logp.dim[0]; ++t) {
    loss -= args.logp.data_as<float>()[t];
    hits += args.argmax.data_as<std::int32_t>()[t] == args.targets.data_as<std::int32_t>()[t];
  }
  args.sums.data_as<float>()[0] = static_cast<float>(loss);
  args.sums.data_as<float>()[1] = static_cast<float>(hits);
  return {};
}

}  // namespace hone::reference
