// isa: avx2 avx512 avx512bf16 amx
#include <cmath>

#include "core/ops-args.h"
#include "cpu/gemm/gemm-exp.h"
#include "cpu/logits/head-logits.h"
#include "cpu/softcap.h"

namespace hone::HONE_ISA {
namespace {

// The logits of one token over one chunk, reduced: enough to put the chunks together in their order.
struct Partial {
  float largest;
  float sum;       // of exp(logit - largest)
  float weighted;  // of exp(logit - largest) (logit - largest)
  std::int32_t argmax;
};

// Reads kChunkColumns values; those beyond `count` are overwritten so that they add nothing.
Partial reduce_chunk(float* logits, std::int64_t count, std::int32_t first) {
  Partial out{logits[0], 0.0f, 0.0f, first};
  for (std::int64_t j = count; j < kChunkColumns; ++j) logits[j] = logits[0];
  alignas(64) float lanes[32];
  Vec top[16 / kLanes];
  for (Vec& v : top) v = vec_set(logits[0]);
  for (std::int64_t j = 0; j < kChunkColumns; j += 16) {
    for (int i = 0; i < 16 / kLanes; ++i) top[i] = vec_max(top[i], vec_load(logits + j + i * kLanes));
  }
  for (int i = 0; i < 16 / kLanes; ++i) vec_store(lanes + i * kLanes, top[i]);
  for (int i = 0; i < 16; ++i) out.largest = std::max(out.largest, lanes[i]);
  while (out.argmax - first < count - 1 && logits[out.argmax - first] != out.largest) ++out.argmax;
  // exp(-200) is 0 here, so what lies beyond the end counts nothing.
  for (std::int64_t j = count; j < kChunkColumns; ++j) logits[j] = out.largest - 200.0f;

  const Vec largest = vec_set(out.largest);
  Vec sum[16 / kLanes], weighted[16 / kLanes];
  for (int i = 0; i < 16 / kLanes; ++i) sum[i] = weighted[i] = vec_zero();
  for (std::int64_t j = 0; j < kChunkColumns; j += 16) {
    for (int i = 0; i < 16 / kLanes; ++i) {
      const Vec distance = vec_sub(vec_load(logits + j + i * kLanes), largest);
      const Vec e = vec_exp(distance);
      sum[i] = vec_add(sum[i], e);
      weighted[i] = vec_fma(e, distance, weighted[i]);
    }
  }
  for (int i = 0; i < 16 / kLanes; ++i) {
    vec_store(lanes + i * kLanes, sum[i]);
    vec_store(lanes + 16 + i * kLanes, weighted[i]);
  }
  out.sum = sum16(lanes);
  out.weighted = sum16(lanes + 16);
  return out;
}

// Chunks in ascending order, in double: the few operations per chunk are not worth an error.
void finish_token(const TokenLogProbsForwardArgs& args, const Partial* chunks, std::int64_t count, std::int64_t stride,
                  std::int64_t t, float target_logit) {
  double largest = chunks[0].largest, sum = chunks[0].sum, weighted = chunks[0].weighted;
  std::int32_t argmax = chunks[0].argmax;
  for (std::int64_t i = 1; i < count; ++i) {
    const Partial& chunk = chunks[i * stride];
    if (chunk.largest > largest) {
      const double shift = largest - chunk.largest, factor = std::exp(shift);
      weighted = (weighted + sum * shift) * factor + chunk.weighted;
      sum = sum * factor + chunk.sum;
      largest = chunk.largest;
      argmax = chunk.argmax;
    } else {
      const double shift = chunk.largest - largest, factor = std::exp(shift);
      weighted += (chunk.weighted + chunk.sum * shift) * factor;
      sum += chunk.sum * factor;
    }
  }
  const double lse = largest + std::log(sum);
  args.lse.data_as<float>()[t] = static_cast<float>(lse);
  const bool counts = args.targets.data_as<std::int32_t>()[t] >= 0;
  args.logp.data_as<float>()[t] = counts ? static_cast<float>(target_logit - lse) : 0.0f;
  if (args.entropy.present()) args.entropy.data_as<float>()[t] = static_cast<float>(std::log(sum) - weighted / sum);
  if (args.argmax.present()) args.argmax.data_as<std::int32_t>()[t] = argmax;
}

// The head of some panels for all tokens: tasks are blocks of tokens times chunks of the vocabulary.
struct ForwardPass {
  Context& context;
  const TokenLogProbsForwardArgs& args;
  HeadLogits& logits;
  Partial* partials;     // [chunk][token]
  float* target_logits;  // [token]

  void run(Range panels) const {
    const std::int64_t tokens = args.h.dim[0], vocabulary = args.w.dim[0];
    const std::int64_t blocks = ceil_div(tokens, kBlockRows), chunks = ceil_div(panels.end - panels.begin, kChunkPanels);
    context.pool.run(static_cast<int>(blocks * chunks), [&](int task) {
      const std::int64_t block = task % blocks, chunk = panels.begin / kChunkPanels + task / blocks;
      const Range rows{block * kBlockRows, std::min((block + 1) * kBlockRows, tokens)};
      const Range range{chunk * kChunkPanels, std::min((chunk + 1) * kChunkPanels, panels.end)};
      float* out = context.scratch_as<float>(ThreadPool::thread_index(),
                                             static_cast<std::size_t>(kBlockRows * kChunkColumns), kOwnRows);
      logits.multiply(rows, range, out);
      const std::int64_t first = chunk * kChunkColumns, count = std::min(kChunkColumns, vocabulary - first);
      for (std::int64_t t = rows.begin; t < rows.end; ++t, out += kChunkColumns) {
        if (args.softcap > 0) softcap(out, kChunkColumns, static_cast<float>(args.softcap));
        const std::int64_t target = args.targets.data_as<std::int32_t>()[t] - first;
        if (target >= 0 && target < count) target_logits[t] = out[target];
        partials[chunk * tokens + t] = reduce_chunk(out, count, static_cast<std::int32_t>(first));
      }
    });
  }
};

}  // namespace

Status token_log_probs_forward(Context& context, const TokenLogProbsForwardArgs& args) {
  const std::int64_t tokens = args.h.dim[0];
  if (tokens == 0) return {};
  HeadLogits logits(context, args.h.data_as<float>(), tokens, args.w);
  const std::int64_t chunks = ceil_div(logits.panels(), kChunkPanels);
  Partial* partials = context.scratch_as<Partial>(ThreadPool::thread_index(),
                                                  static_cast<std::size_t>(chunks * tokens), kHeadPartials);
  float* target_logits = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(tokens),
                                                   kHeadLogits);
  const ForwardPass pass{context, args, logits, partials, target_logits};
  for (std::int64_t first = 0; first < logits.panels(); first += logits.panels_at_once()) {
    const Range range{first, std::min(first + logits.panels_at_once(), logits.panels())};
    logits.prepare(range);
    pass.run(range);
  }
  constexpr std::int64_t kTokensAtOnce = 64;
  context.pool.run(static_cast<int>(ceil_div(tokens, kTokensAtOnce)), [&](int task) {
    const std::int64_t end = std::min((task + 1) * kTokensAtOnce, tokens);
    for (std::int64_t t = task * kTokensAtOnce; t < end; ++t) {
      finish_token(args, partials + t, chunks, tokens, t, target_logits[t]);
    }
  });
  return {};
}

}  // namespace hone::HONE_ISA
