#pragma once
#include <cstdint>

#include "cuda/stream.h"

namespace hone::cuda {

// Large products by cuBLASLt, which is opened at run time. Row-major views of memory: `rows x columns`, `stride` elements from row to row.
struct Matrix {
  const void* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t stride = 0;
  DType dtype = DType::bf16;  // bf16 or f32.
};

class Blas {
 public:
  virtual ~Blas() = default;
  // c [M,N] = alpha op(a) op(b) + beta c with sums in f32, where op transposes as asked: op(a) is [M,K], op(b) is [K,N]. a and b
  // are bf16 (or both f32); c is bf16 or f32. The same call gives the same bits: the algorithm is chosen by shape alone, never
  // by timing, and splits no sums over atomics.
  virtual Status product(Stream& stream, const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, float alpha,
                         float beta, const Matrix& c) = 0;
};

}  // namespace hone::cuda
