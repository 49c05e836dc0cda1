#pragma once
#include <algorithm>
#include <cstdint>

#include "core/ops-args.h"
#include "cuda/linear/blas.h"
#include "cuda/weights/weights.h"

// The head's product in chunks of tokens times vocabulary, for forward and backward: never the whole logits matrix. Chunks stay
// large enough for products near the matrix rate: with 8192 tokens and d = 4096 each is 8192 x 8192 x 4096 (0.55 TFLOP).
namespace hone::cuda {

#ifdef HONE_SMALL_CHUNKS  // So that the small cases of tests have several chunks too.
inline constexpr std::int64_t kHeadTokens = 64, kHeadLogits = 64 * 256;
#else
inline constexpr std::int64_t kHeadTokens = 8192;
inline constexpr std::int64_t kHeadLogits = std::int64_t{1} << 26;  // Values of one chunk: 256 MiB in f32.
#endif
inline constexpr std::int64_t kHeadWeights = std::int64_t{1} << 27;  // Values of one chunk of a head that is not bf16: 256 MiB.

// The address of an element of a view, by which rows of activations are chosen.
inline const Bf16* rows_from(const View& view, std::int64_t row) { return view.data_as<Bf16>() + row * view.dim[1]; }

class HeadChunks {
 public:
  HeadChunks(const View& h, const View& w)
      : tokens_(h.dim[0]), depth_(h.dim[1]), vocabulary_(w.dim[0]), weight_(weight_of(w)), is_direct_(weight_.format == DType::packed_bf16) {
    std::int64_t most = kHeadLogits / std::max<std::int64_t>(1, block());
    if (!is_direct_) most = std::min(most, kHeadWeights / depth_);
    // A multiple of a product's tile; the bound by tokens leaves at least 8192.
    chunk_ = std::min(vocabulary_, std::max<std::int64_t>(256, most / 256 * 256));
  }

  std::int64_t tokens() const { return tokens_; }
  std::int64_t depth() const { return depth_; }
  std::int64_t vocabulary() const { return vocabulary_; }
  // Tokens and entries of the vocabulary of one chunk.
  std::int64_t block() const { return std::min(tokens_, kHeadTokens); }
  std::int64_t chunk() const { return chunk_; }
  bool is_single() const { return chunk_ == vocabulary_; }
  // Floats from one row of logits to the next: every row begins on a multiple of 32 bytes.
  std::int64_t stride() const { return (chunk_ + 7) / 8 * 8; }

  // Takes the pieces of workspace, and tells where the free rest begins.
  Status take(Stream& stream, std::int64_t& rest) {
    void* memory = nullptr;
    rest = kBlasWorkspaceBytes;
    HONE_TRY(stream.workspace->take(rest, block() * stride() * 4, memory));
    logits_ = static_cast<float*>(memory);
    rest += (block() * stride() * 4 + 255) / 256 * 256;
    if (is_direct_) return {};
    HONE_TRY(stream.workspace->take(rest, chunk_ * depth_ * 2, memory));
    values_ = static_cast<Bf16*>(memory);
    rest += (chunk_ * depth_ * 2 + 255) / 256 * 256;
    return {};
  }

  float* logits() const { return logits_; }
  // Rows of the head as bf16; queues their unpacking where they are something else.
  Status rows(Stream& stream, std::int64_t begin, std::int64_t end, Matrix& out) const {
    if (!is_direct_) HONE_TRY(dequantise(stream, weight_, begin, end, values_));
    const Bf16* values = is_direct_ ? static_cast<const Bf16*>(weight_.values) + begin * depth_ : values_;
    out = {values, end - begin, depth_, depth_, DType::bf16};
    return {};
  }

  // logits [count, rows] f32 = h of `count` tokens from `token` on, times the rows.
  Status multiply(Stream& stream, const View& h, std::int64_t token, std::int64_t count, const Matrix& rows) const {
    const Matrix tokens = {rows_from(h, token), count, depth_, depth_, DType::bf16};
    return stream.blas->product(stream, tokens, false, rows, true, 1, 0, {logits_, count, rows.rows, stride(), DType::f32});
  }

 private:
  // A plain head is a weight that was packed as it is.
  static CardWeight weight_of(const View& w) {
    if (is_packed(w.dtype)) return *w.on_card;
    CardWeight weight;
    weight.format = w.dtype == DType::f32 ? DType::packed_f32 : DType::packed_bf16;
    weight.rows = w.dim[0];
    weight.columns = w.dim[1];
    weight.values = w.data;
    return weight;
  }

  std::int64_t tokens_, depth_, vocabulary_;
  CardWeight weight_;
  bool is_direct_;
  std::int64_t chunk_ = 0;
  float* logits_ = nullptr;
  Bf16* values_ = nullptr;
};

}  // namespace hone::cuda
