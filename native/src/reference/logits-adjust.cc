#include <cmath>
#include <limits>

#include "core/logits-adjust.h"
#include "core/ops-args.h"

namespace hone::reference {
namespace {

void add_biases(const LogitsAdjustArgs& args, std::int64_t b, float* row) {
  const std::int64_t count = args.bias_ids.dim[1];
  for (std::int64_t i = b * count; i < (b + 1) * count; ++i) {
    const std::int32_t id = args.bias_ids.data_as<std::int32_t>()[i];
    if (id >= 0) row[id] += args.bias_values.data_as<float>()[i];
  }
}

void take_penalties_off(const LogitsAdjustArgs& args, std::int64_t b, float* row) {
  const std::int32_t slot = args.slots.data_as<std::int32_t>()[b];
  if (slot < 0) return;
  const std::int64_t vocabulary = args.logits.dim[1];
  const std::int32_t* counts = args.counts.data_as<std::int32_t>() + slot * vocabulary;
  const float frequency = args.frequency_penalty.data_as<float>()[b], presence = args.presence_penalty.data_as<float>()[b];
  for (std::int64_t v = 0; v < vocabulary; ++v) {
    if (counts[v] > 0) row[v] -= std::fma(frequency, static_cast<float>(counts[v]), presence);
  }
}

void forbid(const LogitsAdjustArgs& args, std::int64_t b, float* row) {
  const std::int32_t* words = args.mask.data_as<std::int32_t>() + b * args.mask.dim[1];
  for (std::int64_t v = 0; v < args.logits.dim[1]; ++v) {
    const bool is_allowed = (static_cast<std::uint32_t>(words[v / 32]) >> (v % 32) & 1) != 0;
    if (!is_allowed) row[v] = -std::numeric_limits<float>::infinity();
  }
}

}  // namespace

Status logits_adjust(Context&, const LogitsAdjustArgs& args) {
  HONE_TRY(check_logits_adjust(args));
  for (std::int64_t b = 0; b < args.logits.dim[0]; ++b) {
    float* row = args.logits.data_as<float>() + b * args.logits.dim[1];
    if (args.bias_ids.present()) add_biases(args, b, row);
    if (args.counts.present()) take_penalties_off(args, b, row);
    if (args.mask.present()) forbid(args, b, row);
  }
  return {};
}

Status token_counts_add(Context&, const TokenCountsAddArgs& args) {
  for (std::int64_t b = 0; b < args.slots.dim[0]; ++b) {
    const std::int32_t slot = args.slots.data_as<std::int32_t>()[b];
    if (slot < 0) continue;
    args.counts.data_as<std::int32_t>()[slot * args.counts.dim[1] + args.tokens.data_as<std::int32_t>()[b]] += 1;
  }
  return {};
}

}  // namespace hone::reference
