#pragma once
#include "cuda/device/values.h"
#include "cuda/launch.h"

namespace hone::cuda {

// One pass over the rows of a result, bound by memory. An op is a structure with
//   kWidth                elements of 16 bytes of its widest tensor
//   Operands<n>           what it reads for n elements of a row
//   find(row, source, reports)   where the row comes from; false: the row is left alone
//   load<n>(source, row, column), store<n>(row, column, operands)
inline constexpr int kWalkThreads = 256, kWalkInFlight = 4;

// 2^lane_bits threads share a row.
struct RowWalk {
  std::int64_t rows;
  int runs;
  int lane_bits;

  __device__ int lane() const { return static_cast<int>(threadIdx.x) & ((1 << lane_bits) - 1); }
  __device__ std::int64_t row() const {
    return static_cast<std::int64_t>(blockIdx.x) * (kWalkThreads >> lane_bits) + (static_cast<int>(threadIdx.x) >> lane_bits);
  }
  // The i-th run of this thread, where each takes `in_flight` of them.
  __device__ int run(int i, int in_flight) const { return ((static_cast<int>(blockIdx.y) * in_flight + i) << lane_bits) + lane(); }

  dim3 grid(int in_flight) const {
    return dim3(blocks_for(rows, kWalkThreads >> lane_bits), blocks_for(runs, static_cast<std::int64_t>(in_flight) << lane_bits));
  }
};

// A thread takes several runs of a row only where the card is full without.
inline RowWalk cut_rows(const Stream& stream, std::int64_t rows, std::int64_t runs, int in_flight) {
  RowWalk walk = {rows, static_cast<int>(runs), 0};
  const bool fills_card = rows * runs > static_cast<std::int64_t>(stream.multiprocessors) * 2048;
  const std::int64_t lanes = fills_card ? (runs + in_flight - 1) / in_flight : runs;
  while ((1 << walk.lane_bits) < kWalkThreads && (1 << walk.lane_bits) < lanes) ++walk.lane_bits;
  return walk;
}

template <int kWidth, class Op>
__global__ void __launch_bounds__(kWalkThreads) row_walk_kernel(const Op op, const RowWalk walk) {
  const std::int64_t row = walk.row();
  std::int64_t source = 0;
  if (row >= walk.rows || !op.find(row, source, walk.run(0, kWalkInFlight) == 0)) return;
  typename Op::template Operands<kWidth> operands[kWalkInFlight] = {};
#pragma unroll
  for (int i = 0; i < kWalkInFlight; ++i) {
    const int run = walk.run(i, kWalkInFlight);
    if (run < walk.runs) operands[i] = op.template load<kWidth>(source, row, run * kWidth);
  }
#pragma unroll
  for (int i = 0; i < kWalkInFlight; ++i) {
    const int run = walk.run(i, kWalkInFlight);
    if (run < walk.runs) op.template store<kWidth>(row, run * kWidth, operands[i]);
  }
}

// `is_aligned`: whether every row of every tensor begins at a multiple of 16 bytes and `width` is a multiple of kWidth.
template <class Op>
Status walk_rows(Stream& stream, const char* name, const Op& op, std::int64_t rows, std::int64_t width, bool is_aligned) {
  if (rows == 0 || width == 0) return {};
  const RowWalk walk = cut_rows(stream, rows, is_aligned ? width / Op::kWidth : width, kWalkInFlight);
  const dim3 grid = walk.grid(kWalkInFlight);
  if (is_aligned) return launch(stream, name, row_walk_kernel<Op::kWidth, Op>, grid, kWalkThreads, 0, op, walk);
  return launch(stream, name, row_walk_kernel<1, Op>, grid, kWalkThreads, 0, op, walk);
}

}  // namespace hone::cuda
