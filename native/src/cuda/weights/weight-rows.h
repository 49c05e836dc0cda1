#pragma once
#include <algorithm>
#include <cstdint>

#include "core/card.h"
#include "cuda/linear/blas.h"
#include "cuda/weights/weights.h"

namespace hone::cuda {

// Pieces of the workspace behind what Blas uses, one after the other; those of one op do not overlap.
class Pieces {
 public:
  explicit Pieces(Stream& stream) : stream_(stream) {}

  template <class T>
  Status take(std::int64_t count, T*& out) {
    void* memory = nullptr;
    const std::int64_t bytes = count * static_cast<std::int64_t>(sizeof(T));
    HONE_TRY(stream_.workspace->take(offset_, bytes, memory));
    offset_ += (bytes + 255) / 256 * 256;
    out = static_cast<T*>(memory);
    return {};
  }

 private:
  Stream& stream_;
  std::int64_t offset_ = kBlasWorkspaceBytes;
};

// A weight or parameter of an op, whatever way it came: plain tensors are packed ones of one part.
inline CardWeight weight_of(const View& view) {
  if (view.on_card != nullptr) return *view.on_card;
  CardWeight weight;
  weight.format = view.dtype == DType::f32 ? DType::packed_f32 : DType::packed_bf16;
  weight.rows = view.dim[0];
  weight.columns = view.dim[1];
  weight.values = view.data;
  return weight;
}

// Whether the weight lies on the card as bf16 already: plainly, or as the copy that a memory plan put beside its codes. f32
// weights are rounded to bf16 for every product, as autocast does: the tensor unit multiplies no f32.
inline bool has_bf16(const CardWeight& weight) { return weight.values != nullptr && weight.format != DType::packed_f32; }

// The rows of a weight as bf16, one stretch after the other: the weight's own where it has them, else dequantised into one piece
// of the workspace that every stretch uses again.
class WeightRows {
 public:
  // 256 MiB hold the largest linear of an 8B model twice over; a head of 128 k rows comes in stretches.
  static constexpr std::int64_t kStretchBytes = std::int64_t{256} << 20;

  explicit WeightRows(const CardWeight& weight) : weight_(weight) {
    const std::int64_t row_bytes = std::max<std::int64_t>(weight.columns * 2, 1);
    stretch_ = has_bf16(weight) ? weight.rows : std::min(weight.rows, std::max<std::int64_t>(kStretchBytes / row_bytes / 128 * 128, 128));
  }

  Status open(Pieces& pieces) { return has_bf16(weight_) ? Status() : pieces.take(stretch_ * weight_.columns, memory_); }

  // Rows begin..end-1 as a matrix, where end is at most begin + stretch.
  Status read(Stream& stream, std::int64_t begin, Matrix& out) {
    const std::int64_t end = std::min(begin + stretch_, weight_.rows);
    out = Matrix{memory_, end - begin, weight_.columns, weight_.columns, DType::bf16};
    if (!has_bf16(weight_)) return dequantise(stream, weight_, begin, end, memory_);
    out.data = static_cast<const Bf16*>(weight_.values) + begin * weight_.columns;
    return {};
  }

 private:
  CardWeight weight_;
  std::int64_t stretch_ = 0;
  Bf16* memory_ = nullptr;
};

// A whole tensor [rows, columns] as a matrix.
inline Matrix matrix_of(const View& view) { return {view.data, view.dim[0], view.dim[1], view.dim[1], view.dtype}; }

// A parameter [rows, columns] as a bf16 matrix: itself, or a rounded copy in the workspace.
inline Status bf16_matrix(Stream& stream, Pieces& pieces, const View& view, Matrix& out) {
  out = matrix_of(view);
  if (view.dtype == DType::bf16) return {};
  Bf16* memory = nullptr;
  HONE_TRY(pieces.take(view.count(), memory));
  out.data = memory;
  out.dtype = DType::bf16;
  return dequantise(stream, weight_of(view), 0, view.dim[0], memory);
}

}  // namespace hone::cuda
