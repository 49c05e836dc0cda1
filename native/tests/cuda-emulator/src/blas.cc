// The products of cuda/linear/blas.h by plain loops, in the place of blas-lt.cu.
#include "cuda/linear/blas.h"

#include <cmath>
#include <vector>

#include "core/half.h"
#include "src/device.h"
#include "src/stream.h"

namespace hone::cuda {
namespace {

// op(matrix) row by row, widened.
std::vector<float> widened(const Matrix& matrix, bool is_transposed) {
  const std::int64_t rows = is_transposed ? matrix.columns : matrix.rows, columns = is_transposed ? matrix.rows : matrix.columns;
  std::vector<float> out(rows * columns);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      const std::int64_t at = is_transposed ? c * matrix.stride + r : r * matrix.stride + c;
      out[r * columns + c] = matrix.dtype == DType::f32 ? static_cast<const float*>(matrix.data)[at]
                                                        : bf16_to_f32(static_cast<const std::uint16_t*>(matrix.data)[at]);
    }
  }
  return out;
}

void multiply(const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, float alpha, float beta, const Matrix& c) {
  const std::vector<float> left = widened(a, transpose_a), right = widened(b, !transpose_b);
  const std::int64_t depth = transpose_a ? a.rows : a.columns;
  for (std::int64_t m = 0; m < c.rows; ++m) {
    for (std::int64_t n = 0; n < c.columns; ++n) {
      float sum = 0;
      for (std::int64_t k = 0; k < depth; ++k) sum += left[m * depth + k] * right[n * depth + k];
      sum *= alpha;
      auto* wide = static_cast<float*>(const_cast<void*>(c.data)) + m * c.stride + n;
      auto* narrow = static_cast<std::uint16_t*>(const_cast<void*>(c.data)) + m * c.stride + n;
      // As in BLAS, what c held is not read where beta is 0, NaN or not.
      if (beta != 0) sum += beta * (c.dtype == DType::f32 ? *wide : bf16_to_f32(*narrow));
      if (c.dtype == DType::f32) *wide = sum;
      else *narrow = f32_to_bf16(sum);
    }
  }
}

class PlainBlas : public Blas {
 public:
  Status product(Stream& stream, const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, float alpha, float beta,
                 const Matrix& c) override {
    const std::int64_t depth = transpose_a ? a.rows : a.columns, other = transpose_b ? b.columns : b.rows;
    if (depth != other || c.rows != (transpose_a ? a.columns : a.rows) || c.columns != (transpose_b ? b.rows : b.columns)) {
      return {Code::internal, "[blas] expected shapes that fit together"};
    }
    if (c.rows == 0 || c.columns == 0) return {};
    *stream.launches += 1;
    if (hone_emulator::is_dry()) return {};
    hone_emulator::queue(stream.handle, [=] {
      multiply(a, transpose_a, b, transpose_b, alpha, beta, c);
      return cudaSuccess;
    });
    return {};
  }
};

}  // namespace

Status open_blas(Stream&, std::unique_ptr<Blas>& out) {
  out = std::make_unique<PlainBlas>();
  return {};
}

}  // namespace hone::cuda
