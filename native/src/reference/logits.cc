#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/ops-args.h"

namespace hone::reference {

Status logits_add_sparse(Context&, const LogitsAddSparseArgs& args) {
  const std::int64_t vocabulary = args.logits.dim[1];
  for (std::int64_t i = 0; i < args.rows.dim[0]; ++i) {
    const std::int64_t row = args.rows.data_as<std::int32_t>()[i], column = args.cols.data_as<std::int32_t>()[i];
    args.logits.data_as<float>()[row * vocabulary + column] += args.values.data_as<float>()[i];
  }
  return {};
}

Status logits_top_log_probs(Context&, const LogitsTopLogProbsArgs& args) {
  const std::int64_t vocabulary = args.logits.dim[1], k = args.top_ids.dim[1];
  std::vector<std::int32_t> order(vocabulary);
  for (std::int64_t b = 0; b < args.logits.dim[0]; ++b) {
    const float* row = args.logits.data_as<float>() + b * vocabulary;
    const double most = *std::max_element(row, row + vocabulary);
    double sum = 0;
    for (std::int64_t i = 0; i < vocabulary; ++i) sum += std::exp(row[i] - most);
    const double lse = most + std::log(sum);
    args.logp.data_as<float>()[b] = static_cast<float>(row[args.tokens.data_as<std::int32_t>()[b]] - lse);
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + k, order.end(), [row](std::int32_t a, std::int32_t c) {
      return row[a] != row[c] ? row[a] > row[c] : a < c;
    });
    for (std::int64_t i = 0; i < k; ++i) {
      args.top_ids.data_as<std::int32_t>()[b * k + i] = order[i];
      args.top_logp.data_as<float>()[b * k + i] = static_cast<float>(row[order[i]] - lse);
    }
  }
  return {};
}

Status logits_softcap(Context&, const LogitsSoftcapArgs& args) {
  float* logits = args.logits.data_as<float>();
  for (std::int64_t i = 0; i < args.logits.count(); ++i) {
    logits[i] = static_cast<float>(args.cap * std::tanh(logits[i] / args.cap));
  }
  return {};
}

}  // namespace hone::reference
