#pragma once
#include "cuda/norm/norm.h"

namespace hone::cuda {

// Moves 4 bytes an element, 8 where it adds. The next row of a team is on its way while it sums up this one, as long as there are
// registers for both.
template <int kLanes, int kRuns, bool kCentred, bool kAdds>
__global__ void __launch_bounds__(norm_threads_max(kLanes, kRuns)) norm_forward_kernel(const NormForward a) {
  using T = Team<kLanes>;
  constexpr bool kAhead = kRuns == 1;
  __shared__ float lines[kWarp];
  const int width = a.width;
  const float share = 1.0f / static_cast<float>(width);
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * T::rows_a_block();
  std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * T::rows_a_block();
  const Parameter<kLanes, kRuns> weight(a.weight, width), bias(kCentred ? a.bias : a.weight, width);
  RowRuns<kRuns> x = {}, before = {}, ahead = {};
  if constexpr (kAhead) x = read_row<kLanes, kRuns>(a.x, first + T::row(), a.rows, width);
  if constexpr (kAhead && kAdds) before = read_row<kLanes, kRuns>(a.sum, first + T::row(), a.rows, width);
  for (; first < a.rows; first += stride) {
    const std::int64_t row = first + T::row(), next = row + stride;
    if constexpr (!kAhead) x = read_row<kLanes, kRuns>(a.x, row, a.rows, width);
    if constexpr (!kAhead && kAdds) before = read_row<kLanes, kRuns>(a.sum, row, a.rows, width);
    float total = 0;
#pragma unroll
    for (int r = 0; r < kRuns; ++r) {
      const int column = (r * T::size() + T::lane()) * 8;
      if constexpr (kAdds) {
        float sums[8];
#pragma unroll
        for (int i = 0; i < 8; ++i) sums[i] = to_f32(x.at[r].at[i]) + to_f32(before.at[r].at[i]);
        x.at[r] = round_values<Bf16>(sums);
        if (row < a.rows && column < width) store_values(a.sum + row * width + column, x.at[r]);
      }
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const float value = to_f32(x.at[r].at[i]);
        total = kCentred ? total + value : fmaf(value, value, total);
      }
    }
    if constexpr (kAhead) ahead = read_row<kLanes, kRuns>(a.x, next, a.rows, width);
    if constexpr (kAhead && kAdds) before = read_row<kLanes, kRuns>(a.sum, next, a.rows, width);
    total = T::sum(total, lines) * share;
    const float mean = kCentred ? total : 0.0f;
    if constexpr (kCentred) {
      float squares = 0;
#pragma unroll
      for (int r = 0; r < kRuns; ++r) {
        if ((r * T::size() + T::lane()) * 8 >= width) continue;
#pragma unroll
        for (int i = 0; i < 8; ++i) {
          const float distance = to_f32(x.at[r].at[i]) - mean;
          squares = fmaf(distance, distance, squares);
        }
      }
      total = T::sum(squares, lines) * share;
    }
    const float rstd = rsqrtf(total + a.eps);
    if (row < a.rows && T::lane() == 0) {
      a.rstd[row] = rstd;
      if constexpr (kCentred) a.mean[row] = mean;
    }
#pragma unroll
    for (int r = 0; r < kRuns; ++r) {
      const int column = (r * T::size() + T::lane()) * 8;
      if (row >= a.rows || column >= width) continue;
      const Values<float, 8> w = weight.run(r, column);
      float out[8];
#pragma unroll
      for (int i = 0; i < 8; ++i) out[i] = (to_f32(x.at[r].at[i]) - mean) * rstd * (w.at[i] + a.offset);
      if constexpr (kCentred) {
        const Values<float, 8> b = bias.run(r, column);
#pragma unroll
        for (int i = 0; i < 8; ++i) out[i] += b.at[i];
      }
      store_values(a.y + row * width + column, round_values<Bf16>(out));
    }
    if constexpr (kAhead) x = ahead;
  }
}

// Rows that do not fit in registers, or lie at odd addresses (kWidth = 1): passes over the row, the later ones from a cache.
template <int kWidth, bool kCentred, bool kAdds>
__global__ void __launch_bounds__(kLongThreads) norm_forward_long_kernel(const NormForward a) {
  __shared__ float lines[kWarp];
  const int width = a.width;
  const float share = 1.0f / static_cast<float>(width);
  for (std::int64_t row = blockIdx.x; row < a.rows; row += gridDim.x) {
    const Bf16* x = (kAdds ? a.sum : a.x) + row * width;
    float total = 0;
    for (int column = threadIdx.x * kWidth; column < width; column += kLongThreads * kWidth) {
      Values<Bf16, kWidth> values = load_values<kWidth>(x + column);
      if constexpr (kAdds) {
        const Values<Bf16, kWidth> added = load_values<kWidth>(a.x + row * width + column);
        float sums[kWidth];
#pragma unroll
        for (int i = 0; i < kWidth; ++i) sums[i] = to_f32(values.at[i]) + to_f32(added.at[i]);
        values = round_values<Bf16>(sums);
        store_values(a.sum + row * width + column, values);
      }
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float value = to_f32(values.at[i]);
        total = kCentred ? total + value : fmaf(value, value, total);
      }
    }
    total = block_sum(total, lines) * share;
    const float mean = kCentred ? total : 0.0f;
    if constexpr (kCentred) {
      float squares = 0;
      for (int column = threadIdx.x; column < width; column += kLongThreads) {
        const float distance = to_f32(x[column]) - mean;
        squares = fmaf(distance, distance, squares);
      }
      total = block_sum(squares, lines) * share;
    }
    const float rstd = rsqrtf(total + a.eps);
    if (threadIdx.x == 0) {
      a.rstd[row] = rstd;
      if constexpr (kCentred) a.mean[row] = mean;
    }
    for (int column = threadIdx.x * kWidth; column < width; column += kLongThreads * kWidth) {
      const Values<Bf16, kWidth> values = load_values<kWidth>(x + column);
      float out[kWidth];
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        out[i] = (to_f32(values.at[i]) - mean) * rstd * (a.weight[column + i] + a.offset);
        if constexpr (kCentred) out[i] += a.bias[column + i];
      }
      store_values(a.y + row * width + column, round_values<Bf16>(out));
    }
  }
}

template <bool kCentred, bool kAdds>
Status norm_forward(Stream& stream, const char* name, const NormForward& a) {
  const bool is_aligned = are_aligned(a.x, a.sum, a.y, a.weight, a.bias);
  // As many blocks as the card runs at a time, or nearly; a block goes on with further rows.
  const auto blocks = [&](std::int64_t blocks, int threads) {
    const std::int64_t most = static_cast<std::int64_t>(stream.multiprocessors) * (threads > 768 ? 2 : 1536 / threads);
    return static_cast<unsigned>(blocks < most ? blocks : most);
  };
  const auto by_lanes = [&](auto kernel, int lanes) {
    return launch(stream, name, kernel, blocks(blocks_for(a.rows, kLaneThreads / lanes), kLaneThreads), kLaneThreads, 0, a);
  };
  const auto by_block = [&](auto kernel, int threads) {
    return launch(stream, name, kernel, blocks(a.rows, threads), static_cast<unsigned>(threads), 0, a);
  };
  switch (norm_shape(a.width, is_aligned, kCentred)) {
    case NormShape::lanes16:
      return by_lanes(norm_forward_kernel<16, 1, kCentred, kAdds>, 16);
    case NormShape::lanes32:
      return by_lanes(norm_forward_kernel<32, 1, kCentred, kAdds>, 32);
    case NormShape::block:
      return by_block(norm_forward_kernel<0, 1, kCentred, kAdds>, row_threads(a.width, 1));
    case NormShape::block4:
      return by_block(norm_forward_kernel<0, 4, false, kAdds>, row_threads(a.width, 4));
    default:
      if (is_aligned && a.width % 8 == 0) return by_block(norm_forward_long_kernel<8, kCentred, kAdds>, kLongThreads);
      return by_block(norm_forward_long_kernel<1, kCentred, kAdds>, kLongThreads);
  }
}

}  // namespace hone::cuda
