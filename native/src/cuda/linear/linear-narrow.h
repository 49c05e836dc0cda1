#pragma once
#include "core/card.h"
#include "cuda/device/row-range.h"
#include "cuda/stream.h"

namespace hone::cuda {

inline constexpr int kNarrowParts = 3;

struct NarrowPart {
  CardWeight weight;  // [N,K]
  View bias;          // [N] f32, may be absent
  View y;             // [rows,N] bf16 or f32
};

// y [rows,N] = x W^T + bias for few rows and one weight, or several of one format: reads the codes of the weights themselves.
struct NarrowProduct {
  View x;         // [rows,K] bf16
  RowRange range;  // Of x and y.
  int count = 1;
  NarrowPart parts[kNarrowParts];
};

// Up to how many rows this is the kernel for a weight. It is a constant of the format, so that a row has the same bits in every
// batch of 1 to that many rows; beyond, cuBLASLt multiplies. With bf16 values the rows of x, which each block of 32 rows of the
// weight reads again, weigh as much as the weight itself from 32 rows on; codes are a quarter of that, and their other way is to
// write and read bf16 values first.
inline std::int64_t narrow_rows(const CardWeight& weight) {
  return weight.format == DType::packed_bf16 || weight.format == DType::packed_f32 ? 32 : 64;
}

// linear-narrow.cu. Any number of rows; for more than 64 the weight is read once for each 64.
Status linear_narrow(Stream& stream, const NarrowProduct& product);

// One format each: linear-narrow-*.cu.
Status linear_narrow_nf4(Stream& stream, const NarrowProduct& product);
Status linear_narrow_int(Stream& stream, const NarrowProduct& product);
Status linear_narrow_plain(Stream& stream, const NarrowProduct& product);

}  // namespace hone::cuda
