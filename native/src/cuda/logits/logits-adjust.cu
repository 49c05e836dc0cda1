// Two launches for a whole batch, in buffers that stay where they are. Bound by one count and one bit of mask a logit; of
// the logits themselves only those that change are touched.
#include "core/logits-adjust.h"
#include "core/ops-args.h"
#include "cuda/device/report.h"
#include "cuda/launch.h"
#include "cuda/logits/logits-add.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kEach = 4;  // Divides the 32 logits of a word of the mask.
constexpr int kBiasThreads = 512;

// One row a block; long lists in pieces, one after the other.
__global__ void __launch_bounds__(kBiasThreads)
    bias_kernel(float* logits, std::int64_t vocabulary, const std::int32_t* ids, const float* values, std::int64_t count, Fault* fault) {
  __shared__ std::int32_t columns[kBiasThreads];
  __shared__ float added[kBiasThreads];
  for (std::int64_t first = 0; first < count; first += kBiasThreads) {
    const std::int64_t at = blockIdx.x * count + first + threadIdx.x;
    std::int32_t id = first + threadIdx.x < count ? ids[at] : -1;
    if (id >= vocabulary) {
      report(fault, static_cast<int>(Op::kLogitsAdjust), kLogitsAdjustBiasIds, at, id, vocabulary);
      id = -1;
    }
    columns[threadIdx.x] = id;
    added[threadIdx.x] = id >= 0 ? values[at] : 0.0f;
    __syncthreads();
    const std::int64_t left = count - first;
    add_in_order(logits + blockIdx.x * vocabulary, columns, added, left < kBiasThreads ? static_cast<int>(left) : kBiasThreads);
    __syncthreads();
  }
}

struct Penalties {
  const std::int32_t* slots;
  const std::int32_t* counts;  // Null: there are none.
  const float* frequency;
  const float* presence;
  std::int64_t lines;
};

struct Mask {
  const std::int32_t* words;  // Null: all is allowed.
  std::int64_t stride;
};

// Four logits a thread; blocks along x share a row.
__global__ void __launch_bounds__(kThreads)
    penalty_and_mask_kernel(float* logits, std::int64_t vocabulary, Penalties penalties, Mask mask, Fault* fault) {
  const std::int64_t b = blockIdx.y, at = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kEach;
  if (at >= vocabulary) return;
  std::int64_t slot = penalties.counts != nullptr ? penalties.slots[b] : -1;
  if (slot >= penalties.lines && penalties.counts != nullptr) {
    if (at == 0) report(fault, static_cast<int>(Op::kLogitsAdjust), kLogitsAdjustSlots, b, static_cast<std::int32_t>(slot), penalties.lines);
    slot = -1;
  }
  const std::uint32_t allowed =
      mask.words != nullptr ? static_cast<std::uint32_t>(mask.words[b * mask.stride + at / 32]) >> (at % 32) : 15u;
  float* row = logits + b * vocabulary;
  const int here = at + kEach <= vocabulary ? kEach : static_cast<int>(vocabulary - at);
#pragma unroll
  for (int i = 0; i < kEach; ++i) {
    if (i >= here) continue;
    if ((allowed >> i & 1u) == 0) {
      row[at + i] = -INFINITY;
      continue;
    }
    const std::int32_t count = slot >= 0 ? penalties.counts[slot * vocabulary + at + i] : 0;
    if (count > 0) row[at + i] -= fmaf(penalties.frequency[b], static_cast<float>(count), penalties.presence[b]);
  }
}

// The first row of a slot and token counts for all that are the same.
__global__ void __launch_bounds__(kThreads) count_kernel(std::int32_t* counts, std::int64_t lines, std::int64_t vocabulary,
                                                         const std::int32_t* slots, const std::int32_t* tokens, std::int64_t rows,
                                                         Fault* fault) {
  const std::int64_t b = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (b >= rows || slots[b] < 0) return;
  const std::int32_t slot = slots[b], token = tokens[b];
  if (slot >= lines || token < 0 || token >= vocabulary) {
    const bool is_slot = slot >= lines;
    report(fault, static_cast<int>(Op::kTokenCountsAdd), is_slot ? kTokenCountsAddSlots : kTokenCountsAddTokens, b, is_slot ? slot : token,
           is_slot ? lines : vocabulary);
    return;
  }
  int same = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    if (slots[i] != slot || tokens[i] != token) continue;
    if (i < b) return;
    ++same;
  }
  counts[slot * vocabulary + token] += same;
}

}  // namespace

Status logits_adjust(Stream& stream, const LogitsAdjustArgs& args) {
  HONE_TRY(check_logits_adjust(args));
  const std::int64_t rows = args.logits.dim[0], vocabulary = args.logits.dim[1];
  float* logits = args.logits.data_as<float>();
  if (args.bias_ids.present()) {
    HONE_TRY(launch(stream, "logits_adjust", bias_kernel, static_cast<unsigned>(rows), kBiasThreads, 0, logits, vocabulary,
                    args.bias_ids.data_as<std::int32_t>(), args.bias_values.data_as<float>(), args.bias_ids.dim[1], stream.fault));
  }
  if (!args.counts.present() && !args.mask.present()) return {};
  if (rows > 65535) return unsupported("[logitsAdjust] expected at most 65535 rows on a GPU but received " + std::to_string(rows));
  Penalties penalties = {};
  if (args.counts.present()) {
    penalties = {args.slots.data_as<std::int32_t>(), args.counts.data_as<std::int32_t>(), args.frequency_penalty.data_as<float>(),
                 args.presence_penalty.data_as<float>(), args.counts.dim[0]};
  }
  Mask mask = {};
  if (args.mask.present()) mask = {args.mask.data_as<std::int32_t>(), args.mask.dim[1]};
  const dim3 grid(blocks_for(vocabulary, kThreads * kEach), static_cast<unsigned>(rows));
  return launch(stream, "logits_adjust", penalty_and_mask_kernel, grid, kThreads, 0, logits, vocabulary, penalties, mask, stream.fault);
}

Status token_counts_add(Stream& stream, const TokenCountsAddArgs& args) {
  const std::int64_t rows = args.slots.dim[0];
  return launch(stream, "token_counts_add", count_kernel, blocks_for(rows, kThreads), kThreads, 0, args.counts.data_as<std::int32_t>(),
                args.counts.dim[0], args.counts.dim[1], args.slots.data_as<std::int32_t>(), args.tokens.data_as<std::int32_t>(), rows,
                stream.fault);
}

}  // namespace hone::cuda
