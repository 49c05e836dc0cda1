#pragma once
#include "cuda/device/bf16.h"
#include "cuda/device/row-range.h"
#include "cuda/stream.h"

namespace hone::cuda {

// One operand of a product whose size only the card knows. Where its rows are those of the range, row 0 lies at data + begin *
// begin_stride; else begin_stride is 0.
struct RangedMatrix {
  const void* data = nullptr;
  std::int64_t stride = 0;
  std::int64_t begin_stride = 0;
};

// c [M,N] = alpha op(a) op(b) (+ c), sums in f32, bf16 operands: cuBLASLt needs sizes from the host, so this is an own kernel. The
// rows of the range are M, or with `is_depth_ranged` K.
struct ExpertProduct {
  RangedMatrix a, b, c;
  bool transpose_a = false;  // a is [K,M] and not [M,K].
  bool transpose_b = false;  // b is [N,K] and not [K,N].
  bool is_c_f32 = false;
  bool accumulate = false;
  bool is_depth_ranged = false;
  float alpha = 1;
  std::int64_t m = 0, n = 0, k = 0;  // The ranged one is range.rows, the most that it can be.
  RowRange range;
};

// expert-product.cu
Status expert_product(Stream& stream, const ExpertProduct& product);

}  // namespace hone::cuda
