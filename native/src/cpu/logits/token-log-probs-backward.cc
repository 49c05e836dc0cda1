// isa: avx2 avx512 avx512bf16 amx
#include "core/ops-args.h"
#include "cpu/gemm/gemm-exp.h"
#include "cpu/gemm/gemm-weight.h"
#include "cpu/logits/head-logits.h"
#include "cpu/softcap.h"

namespace hone::HONE_ISA {
namespace {

// Tokens whose logit gradients are alive at once: 1024 x 512 x 4 bytes = 2 MiB, never tokens x vocabulary.
constexpr std::int64_t kTokensAlive = 1024;

// One token in one chunk; the target counts from the chunk's first column and may lie outside of it.
struct Token {
  std::int64_t target;
  float dlogp, lse;
};

// g = dlogp (onehot(target) - exp(logit - lse)), in place of the logits.
void turn_into_gradient(float* row, std::int64_t count, const Token& token) {
  const auto [target, dlogp, lse] = token;
  const Vec scale = vec_set(-dlogp), log_sum = vec_set(lse);
  for (std::int64_t j = 0; j < kChunkColumns; j += kLanes) {
    vec_store(row + j, vec_mul(scale, vec_exp(vec_sub(vec_load(row + j), log_sum))));
  }
  if (target >= 0 && target < count) row[target] += dlogp;
  for (std::int64_t j = count; j < kChunkColumns; ++j) row[j] = 0.0f;
}

void turn_capped_into_gradient(float* row, std::int64_t count, const Token& token, float cap) {
  softcap(row, kChunkColumns, cap);
  alignas(64) float capped[kChunkColumns];
  std::copy_n(row, kChunkColumns, capped);
  turn_into_gradient(row, count, token);
  softcap_backward(row, capped, kChunkColumns, cap);
}

class BackwardPass {
 public:
  BackwardPass(Context& context, const TokenLogProbsBackwardArgs& args)
      : context_(context), args_(args), depth_(args.w.dim[1]), vocabulary_(args.w.dim[0]) {}

  void run() {
    const std::int64_t tokens = args_.h.dim[0], chunks = ceil_div(vocabulary_, kChunkColumns);
    gradients_ = context_.scratch_as<float>(ThreadPool::thread_index(),
                                            static_cast<std::size_t>(std::min(tokens, kTokensAlive) * kChunkColumns),
                                            kHeadLogits);
    for (std::int64_t first = 0; first < tokens; first += kTokensAlive) {
      const Range rows{first, std::min(first + kTokensAlive, tokens)};
      const float* h = args_.h.data_as<float>() + rows.begin * depth_;
      HeadLogits logits(context_, h, rows.end - rows.begin, args_.w, kHeadRows);
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
        fill_gradients(logits, rows, chunk);
        add_to_dh(rows, chunk);
        if (args_.dw.present()) add_to_dw(rows, chunk);
      }
    }
  }

 private:
  std::int64_t columns_of(std::int64_t chunk) const {
    return std::min(kChunkColumns, vocabulary_ - chunk * kChunkColumns);
  }

  void fill_gradients(HeadLogits& logits, Range rows, std::int64_t chunk) {
    const Range panels{chunk * kChunkPanels, std::min((chunk + 1) * kChunkPanels, logits.panels())};
    logits.prepare(panels);
    const std::int64_t count = rows.end - rows.begin;
    context_.pool.run(static_cast<int>(ceil_div(count, kBlockRows)), [&](int task) {
      const Range block{task * kBlockRows, std::min((task + 1) * kBlockRows, count)};
      float* out = gradients_ + block.begin * kChunkColumns;
      logits.multiply(block, panels, out);
      for (std::int64_t r = block.begin; r < block.end; ++r, out += kChunkColumns) {
        const std::int64_t t = rows.begin + r;
        const std::int32_t target = args_.targets.data_as<std::int32_t>()[t];
        const float dlogp = target < 0 ? 0.0f : args_.dlogp.data_as<float>()[t];
        const Token token{target - chunk * kChunkColumns, dlogp, args_.lse.data_as<float>()[t]};
        const auto cap = static_cast<float>(args_.softcap);
        cap > 0 ? turn_capped_into_gradient(out, columns_of(chunk), token, cap) : turn_into_gradient(out, columns_of(chunk), token);
      }
    });
  }

  // dh (+)= g w: the chain of one output runs on from chunk to chunk, in the order of the vocabulary.
  void add_to_dh(Range rows, std::int64_t chunk) {
    float* dh = args_.dh.data_as<float>() + rows.begin * depth_;
    const std::int64_t count = rows.end - rows.begin, columns = columns_of(chunk), first = chunk * kChunkColumns;
    if (head_rounds(args_.w)) return add_to_dh_rounded(dh, count, columns, first);
    Product<F32Dot> product = f32_product(gradients_, count, columns, depth_, dh, chunk > 0);
    product.a_row = kChunkColumns;
    if (args_.w.dtype == DType::f32) {
      product_of_fill(context_, product, FillRows{args_.w.data_as<float>() + first * depth_, depth_});
      return;
    }
    const FillFromPackedF32 fill{*args_.w.packed};
    product_of_fill(context_, product, [&](std::int64_t panel, Range steps, float* target, std::int64_t width) {
      fill(panel, {first + steps.begin, first + steps.end}, target, width);
    });
  }

  void add_to_dh_rounded(float* dh, std::int64_t count, std::int64_t columns, std::int64_t first) {
    const auto product = [&](const auto& fill) {
      product_rounded(context_, gradients_, count, columns, kChunkColumns, depth_, dh, first > 0, nullptr, fill);
    };
    if (args_.w.dtype == DType::bf16) {
      return product(FillBf16Rows{args_.w.data_as<std::uint16_t>() + first * depth_, columns, depth_});
    }
    product(FillFromPackedPairs{*args_.w.packed, first});
  }

  // dw += gᵀ h; the tokens in ascending order.
  void add_to_dw(Range rows, std::int64_t chunk) {
    float* dw = args_.dw.data_as<float>() + chunk * kChunkColumns * depth_;
    const float* h = args_.h.data_as<float>() + rows.begin * depth_;
    const std::int64_t columns = columns_of(chunk), count = rows.end - rows.begin;
    if (head_rounds(args_.w)) {
      product_atb_bf16(context_, gradients_, columns, count, h, depth_, dw, true, kChunkColumns);
    } else {
      product_atb(context_, gradients_, columns, count, h, depth_, dw, true, kChunkColumns);
    }
  }

  Context& context_;
  const TokenLogProbsBackwardArgs& args_;
  std::int64_t depth_, vocabulary_;
  float* gradients_ = nullptr;
};

}  // namespace

// Three products of 2 T V d operations. The logits are computed again: keeping them would take T x V.
Status token_log_probs_backward(Context& context, const TokenLogProbsBackwardArgs& args) {
  if (args.h.dim[0] > 0) BackwardPass(context, args).run();
  return {};
}

}  // namespace hone::HONE_ISA
