// Three products a chunk, two where the head is frozen. The chunk's logits are computed again and turned in place into their
// gradient in bf16, which both other products read: 6 bytes a logit besides the products.
#include "cuda/device/bf16.h"
#include "cuda/device/report.h"
#include "cuda/launch.h"
#include "cuda/logits/token-log-probs-chunks.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kEach = 8;

struct Upstream {
  const std::int32_t* targets;
  const float* lse;
  const float* dlogp;
};

// One row of the chunk a block. The gradient takes the first half of the row's memory: a piece is read by all threads before
// any of them writes, and what is written there was read with an earlier piece.
__global__ void __launch_bounds__(kThreads)
    logits_gradient_kernel(float* logits, std::int64_t stride, std::int64_t columns, std::int64_t first_id, std::int64_t vocabulary,
                           float softcap, std::int64_t first_token, Upstream upstream, Fault* fault) {
  float* row = logits + blockIdx.x * stride;
  Bf16* gradient = reinterpret_cast<Bf16*>(row);
  const std::int64_t token = first_token + blockIdx.x;
  const std::int32_t target = upstream.targets[token];
  const bool counts = target >= 0 && target < vocabulary;
  if (threadIdx.x == 0 && target >= vocabulary) {
    report(fault, static_cast<int>(Op::kTokenLogProbsBackward), kTokenLogProbsBackwardTargets, token, target, vocabulary);
  }
  const float lse = upstream.lse[token], dlogp = counts ? upstream.dlogp[token] : 0.0f;
  const float inverse_cap = softcap > 0 ? 1.0f / softcap : 0.0f;
  for (std::int64_t piece = 0; piece < columns; piece += kThreads * kEach) {
    const std::int64_t at = piece + threadIdx.x * kEach;
    // Rows end on whole vectors of memory; nobody reads what stands behind the last column.
    const bool is_inside = at < columns;
    float4 low = make_float4(0, 0, 0, 0), high = low;
    if (is_inside) {
      low = *reinterpret_cast<const float4*>(row + at);
      high = *reinterpret_cast<const float4*>(row + at + 4);
    }
    __syncthreads();
    if (!is_inside) continue;
    const float x[kEach] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
    Vector<Bf16> out;
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
      const float share = softcap > 0 ? tanhf(x[i] * inverse_cap) : 0.0f;
      const float logit = softcap > 0 ? softcap * share : x[i];
      const float slope = 1.0f - share * share;
      const float hit = first_id + at + i == target ? 1.0f : 0.0f;
      out.values[i] = counts ? to_bf16(dlogp * (hit - __expf(logit - lse)) * slope) : Bf16{0};
    }
    store_vector(gradient + at, out);
  }
}

// Eight a thread; `from` lies in the workspace, `to` anywhere.
__global__ void __launch_bounds__(kThreads) round_kernel(const float* from, std::int64_t count, Bf16* to, bool is_aligned) {
  const std::int64_t at = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kEach;
  if (at >= count) return;
  if (!is_aligned || at + kEach > count) {
    for (std::int64_t i = at; i < count && i < at + kEach; ++i) to[i] = to_bf16(from[i]);
    return;
  }
  const auto low = load_vector(from + at), high = load_vector(from + at + 4);
  Vector<Bf16> out;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    out.values[i] = to_bf16(low.values[i]);
    out.values[i + 4] = to_bf16(high.values[i]);
  }
  store_vector(to + at, out);
}

// The products of one chunk with its gradient. Chunks of the vocabulary add up in f32.
Status multiply_back(Stream& stream, const TokenLogProbsBackwardArgs& args, const HeadChunks& chunks, std::int64_t token,
                     std::int64_t count, std::int64_t id, const Matrix& rows, float* sums) {
  const std::int64_t depth = chunks.depth();
  const Matrix gradient = {chunks.logits(), count, rows.rows, chunks.stride() * 2, DType::bf16};
  const Matrix dh = sums == nullptr ? Matrix{rows_from(args.dh, token), count, depth, depth, DType::bf16}
                                    : Matrix{sums, count, depth, depth, DType::f32};
  HONE_TRY(stream.blas->product(stream, gradient, false, rows, false, 1, id == 0 ? 0 : 1, dh));
  if (!args.dw.present()) return {};
  const Matrix tokens = {rows_from(args.h, token), count, depth, depth, DType::bf16};
  const Matrix dw = {args.dw.data_as<float>() + id * depth, rows.rows, depth, depth, DType::f32};
  return stream.blas->product(stream, gradient, true, tokens, false, 1, 1, dw);
}

}  // namespace

Status token_log_probs_backward(Stream& stream, const TokenLogProbsBackwardArgs& args) {
  HeadChunks chunks(args.h, args.w);
  if (chunks.tokens() == 0) return {};
  std::int64_t rest = 0;
  HONE_TRY(chunks.take(stream, rest));
  void* sums = nullptr;
  if (!chunks.is_single()) HONE_TRY(stream.workspace->take(rest, chunks.block() * chunks.depth() * 4, sums));
  const Upstream upstream = {args.targets.data_as<std::int32_t>(), args.lse.data_as<float>(), args.dlogp.data_as<float>()};
  for (std::int64_t token = 0; token < chunks.tokens(); token += chunks.block()) {
    const std::int64_t count = std::min(chunks.block(), chunks.tokens() - token);
    for (std::int64_t id = 0; id < chunks.vocabulary(); id += chunks.chunk()) {
      const std::int64_t columns = std::min(chunks.chunk(), chunks.vocabulary() - id);
      Matrix rows;
      HONE_TRY(chunks.rows(stream, id, id + columns, rows));
      HONE_TRY(chunks.multiply(stream, args.h, token, count, rows));
      HONE_TRY(launch(stream, "token_log_probs_backward", logits_gradient_kernel, static_cast<unsigned>(count), kThreads, 0,
                      chunks.logits(), chunks.stride(), columns, id, chunks.vocabulary(), static_cast<float>(args.softcap), token,
                      upstream, stream.fault));
      HONE_TRY(multiply_back(stream, args, chunks, token, count, id, rows, static_cast<float*>(sums)));
    }
    if (sums == nullptr) continue;
    Bf16* dh = args.dh.data_as<Bf16>() + token * chunks.depth();
    const std::int64_t values = count * chunks.depth();
    HONE_TRY(launch(stream, "round", round_kernel, blocks_for(values, kThreads * kEach), kThreads, 0, static_cast<const float*>(sums),
                    values, dh, reinterpret_cast<std::uintptr_t>(dh) % 16 == 0));
  }
  return {};
}

}  // namespace hone::cuda
