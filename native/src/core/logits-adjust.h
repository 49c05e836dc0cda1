#pragma once
#include <string>

#include "core/ops-args.h"
#include "hone/status.h"

namespace hone {

// What the op table cannot say of logitsAdjust: arguments that go together.
inline Status check_logits_adjust(const LogitsAdjustArgs& args) {
  if (args.bias_ids.present() != args.bias_values.present()) {
    return bad_argument("expected biasIds and biasValues together but received one of them; fix: pass both or none");
  }
  const bool has_counts = args.counts.present();
  if (args.slots.present() != has_counts || args.frequency_penalty.present() != has_counts || args.presence_penalty.present() != has_counts) {
    return bad_argument(
        "expected slots, counts, frequencyPenalty and presencePenalty together but received some of them; fix: pass all or none");
  }
  if (args.mask.present() && args.mask.dim[1] * 32 < args.logits.dim[1]) {
    return bad_argument("expected one bit of mask for each of " + std::to_string(args.logits.dim[1]) + " logits but received " +
                        std::to_string(args.mask.dim[1] * 32) + "; fix: pass ceil(V / 32) words a row");
  }
  return {};
}

}  // namespace hone
