#pragma once
#include <cstdint>
#include <memory>

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
  // by timing, and splits no sums over atomics. Where K is 0, c becomes beta c.
  virtual Status product(Stream& stream, const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, float alpha,
                         float beta, const Matrix& c) = 0;
};

// A product may use the workspace from its begin up to here; an op that multiplies keeps its own pieces behind. 32 MiB is what
// cuBLASLt asks for on Hopper.
inline constexpr std::int64_t kBlasWorkspaceBytes = std::int64_t{32} << 20;

// Opens cuBLASLt, or says which files were tried and what to install. HONE_CUBLASLT names the file where the loader cannot find
// it by name. blas-lt.cu.
Status open_blas(Stream& stream, std::unique_ptr<Blas>& out);

}  // namespace hone::cuda
