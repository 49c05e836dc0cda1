// isa: avx2 avx512
// Bound by reading the logits: twice, the second time from the caches when a row fits.
#include <cmath>

#include "core/ops-args.h"
#include "cpu/logits/candidates.h"
#include "cpu/softcap.h"

namespace hone::HONE_ISA {
namespace {

// log of the sum of exp; partial sums of 4,096 keep the rounding error of a long row small.
double log_sum_exp(const float* row, std::int64_t count, float most) {
  constexpr std::int64_t kBlock = 4096;
  double total = 0;
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    F16x part = set(0.0f);
    walk(
        begin, std::min(count, begin + kBlock), [&](std::int64_t i) { part = add(part, exp(sub(load(row + i), set(most)))); },
        [&](std::int64_t i, int n) {
          // Lanes past the end get -inf, which exp turns into 0.
          float tail[kWide];
          std::fill(tail, tail + kWide, -std::numeric_limits<float>::infinity());
          std::copy_n(row + i, n, tail);
          part = add(part, exp(sub(load(tail), set(most))));
        });
    total += sum(part);
  }
  return most + std::log(total);
}

void top_of_row(const LogitsTopLogProbsArgs& args, std::int64_t b, std::vector<Candidate>& best) {
  const std::int64_t vocabulary = args.logits.dim[1], k = args.top_ids.dim[1];
  const float* row = args.logits.data_as<float>() + b * vocabulary;
  const double lse = log_sum_exp(row, vocabulary, row_maximum(row, vocabulary));
  args.logp.data_as<float>()[b] = static_cast<float>(row[args.tokens.data_as<std::int32_t>()[b]] - lse);
  if (k == 0) return;
  top_k(row, vocabulary, k, best);
  std::sort(best.begin(), best.end(), is_better);
  // Tokens that a mask forbids (-inf) fill up a row that has fewer than k others, lowest ids first.
  for (std::int64_t i = 0; static_cast<std::int64_t>(best.size()) < k && i < vocabulary; ++i) {
    if (row[i] == -std::numeric_limits<float>::infinity()) best.push_back({row[i], static_cast<std::int32_t>(i)});
  }
  for (std::int64_t i = 0; i < k; ++i) {
    const Candidate candidate = i < static_cast<std::int64_t>(best.size()) ? best[i] : Candidate{NAN, 0};
    args.top_ids.data_as<std::int32_t>()[b * k + i] = candidate.id;
    args.top_logp.data_as<float>()[b * k + i] = static_cast<float>(candidate.value - lse);
  }
}

}  // namespace

Status logits_top_log_probs(Context& context, const LogitsTopLogProbsArgs& args) {
  split_rows(context, args.logits.dim[0], args.logits.dim[1], [&](std::int64_t begin, std::int64_t end) {
    std::vector<Candidate> best;
    for (std::int64_t b = begin; b < end; ++b) top_of_row(args, b, best);
  });
  return {};
}

Status logits_softcap(Context& context, const LogitsSoftcapArgs& args) {
  float* logits = args.logits.data_as<float>();
  split_elements(context, args.logits.count(), [&](std::int64_t begin, std::int64_t end) {
    softcap(logits + begin, end - begin, static_cast<float>(args.cap));
  });
  return {};
}

}  // namespace hone::HONE_ISA
