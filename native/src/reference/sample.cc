#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/counter-random.h"
#include "core/ops-args.h"

namespace hone::reference {
namespace {

struct Options {
  double temperature;
  std::int64_t top_k;
  double top_p;
  double min_p;
  double uniform;
};

std::int32_t greedy(const float* logits, std::int64_t vocabulary) {
  std::int32_t best = 0;
  for (std::int64_t i = 1; i < vocabulary; ++i) {
    // A NaN never wins, and gives way to anything else.
    if (logits[i] > logits[best] || (std::isnan(logits[best]) && !std::isnan(logits[i]))) best = static_cast<std::int32_t>(i);
  }
  return best;
}

// Each filter keeps a prefix of the ids ordered by probability (ties by id), as llama.cpp and Hugging Face do; the draw
// then walks the survivors by id, so that a row without filters needs no sort.
std::int32_t draw(const float* row, std::int64_t vocabulary, const Options& options) {
  std::vector<float> logits(row, row + vocabulary);
  // A NaN has no place in an order; it counts as impossible.
  for (float& logit : logits) logit = std::isnan(logit) ? -std::numeric_limits<float>::infinity() : logit;
  std::vector<std::int32_t> order(vocabulary);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return logits[a] > logits[b]; });
  if (std::isinf(logits[order[0]])) return order[0];
  std::int64_t kept = options.top_k > 0 ? std::min(options.top_k, vocabulary) : vocabulary;
  std::vector<double> weight(vocabulary);
  double total = 0;
  for (std::int64_t i = 0; i < kept; ++i) {
    weight[i] = std::exp((static_cast<double>(logits[order[i]]) - logits[order[0]]) / options.temperature);
    total += weight[i];
  }
  if (options.top_p > 0 && options.top_p < 1) {
    double sum = 0;
    std::int64_t count = 0;
    while (count < kept && sum < options.top_p * total) sum += weight[count++];
    kept = std::max<std::int64_t>(1, count);
  }
  if (options.min_p > 0) {
    while (kept > 1 && weight[kept - 1] < options.min_p) --kept;
  }
  std::vector<std::int64_t> survivors(kept);
  std::iota(survivors.begin(), survivors.end(), 0);
  std::sort(survivors.begin(), survivors.end(), [&](std::int64_t a, std::int64_t b) { return order[a] < order[b]; });
  double sum = 0;
  for (const std::int64_t i : survivors) sum += weight[i];
  double reached = 0;
  for (const std::int64_t i : survivors) {
    reached += weight[i];
    if (reached > options.uniform * sum) return order[i];
  }
  return order[0];
}

}  // namespace

Status sample(Context&, const SampleArgs& args) {
  const std::int64_t vocabulary = args.logits.dim[1];
  if (vocabulary < 1) return bad_argument("expected at least one logit per row");
  for (std::int64_t b = 0; b < args.logits.dim[0]; ++b) {
    const float* row = args.logits.data_as<float>() + b * vocabulary;
    const std::int32_t* seed = args.seeds.data_as<std::int32_t>() + 2 * b;
    const auto counter = static_cast<std::uint32_t>(args.counters.data_as<std::int32_t>()[b]);
    const std::uint32_t bits = random32(static_cast<std::uint32_t>(seed[0]), static_cast<std::uint32_t>(seed[1]), counter);
    const Options options = {args.temperature.data_as<float>()[b], args.top_k.data_as<std::int32_t>()[b],
                             args.top_p.data_as<float>()[b], args.min_p.data_as<float>()[b], uniform_f64(bits)};
    std::int32_t* token = args.tokens.data_as<std::int32_t>() + b;
    *token = options.temperature > 0 ? draw(row, vocabulary, options) : greedy(row, vocabulary);
  }
  return {};
}

}  // namespace hone::reference
