#pragma once
#include "cpu/gemm/gemm-bf16.h"
#include "cpu/gemm/quant-format.h"

// y = x wᵀ + bias with a quantized weight. One output is walked in blocks of 64 k (int4 in groups of 32: 32 k):
//   nf4    sum = fma(dot, step[block], sum)                        y = fma(sum, row factor, bias)
//   int8   sum = sum + dot                                          y = fma(sum, row factor, bias)
//   int4   sum = fma(fma(-zero, sum of x, dot), scale, sum)         y = sum + bias
// where dot is that of the bf16 x and the bf16 codes of the block, in the order of the level's bf16 dot. One row and 512 rows
// go through the same chain, so a row has the same bits in every batch.
namespace hone::HONE_ISA {

struct QuantProduct {
  const PackedWeight& weight;
  std::int64_t rows;
  const std::uint32_t* pairs;  // [rows][pair_stride] of bf16 x, for many rows.
  const float* floats;         // [rows][tiles * block] of the same numbers, for few rows.
  const float* block_sums;     // [rows][tiles] of x, for a format with zero points.
  float* y;
  const float* bias;

  std::int64_t block_pairs() const { return weight.block() / 2; }
  std::int64_t padded_depth() const { return weight.depth() * weight.block(); }
};

// Joins the dots of one block to the sums of kLanes columns.
template <class Format>
struct QuantJoin {
  Vec scale, zero;

  QuantJoin(const QuantProduct& product, const std::uint8_t* tile, int column) : scale(vec_zero()), zero(vec_zero()) {
    const std::int64_t pairs = product.block_pairs();
    if constexpr (Format::kHasScales) scale = Format::scale(tile, pairs, column);
    if constexpr (Format::kHasZeros) zero = Format::zero(tile, pairs, column);
  }

  Vec operator()(float block_sum, Vec dot, Vec sum) const {
    if constexpr (!Format::kHasScales) return vec_add(sum, dot);
    if constexpr (Format::kHasZeros) dot = vec_fma(zero, vec_set(-block_sum), dot);
    return vec_fma(dot, scale, sum);
  }
};

// y = sums * factor + bias for some rows of one panel.
inline void quant_finish(const QuantProduct& product, Range rows, std::int64_t panel, const float* sums) {
  const std::int64_t first = panel * kPanelColumns, columns = product.weight.rows();
  const std::int64_t count = std::min(kPanelColumns, columns - first);
  const float* factor = product.weight.format() == DType::int4 ? nullptr : product.weight.row_factor(panel);
  const float* bias = product.bias != nullptr ? product.bias + first : nullptr;
  for (std::int64_t m = rows.begin; m < rows.end; ++m, sums += kPanelColumns) {
    float* y = product.y + m * columns + first;
    std::int64_t j = 0;
    for (; j + kLanes <= count; j += kLanes) {
      const Vec scale = factor != nullptr ? vec_load(factor + j) : vec_set(1.0f);
      vec_store(y + j, vec_fma(vec_load(sums + j), scale, bias != nullptr ? vec_load(bias + j) : vec_zero()));
    }
    for (; j < count; ++j) {
      y[j] = __builtin_fmaf(sums[j], factor != nullptr ? factor[j] : 1.0f, bias != nullptr ? bias[j] : 0.0f);
    }
  }
}

// x as the kernels take it: rounded to bf16, padded with zeros to whole tiles, as pairs and with few rows as f32 as well.
inline void round_quant_rows(Context& context, const float* x, bool as_floats, QuantProduct& product) {
  const std::int64_t columns = product.weight.columns(), depth = product.padded_depth(), rows = product.rows;
  const std::int64_t tiles = product.weight.depth(), block = product.weight.block();
  const std::int64_t stride = as_floats ? depth : pair_stride(depth / 2);
  std::uint32_t* const out = context.scratch_as<std::uint32_t>(
      ThreadPool::thread_index(), static_cast<std::size_t>(rows * (stride + tiles)), kSharedRows);
  float* const block_sums = reinterpret_cast<float*>(out + rows * stride);
  constexpr std::int64_t kValuesAtOnce = 16384;
  const std::int64_t rows_at_once = std::max<std::int64_t>(1, kValuesAtOnce / depth);
  context.pool.run(static_cast<int>(ceil_div(rows, rows_at_once)), [&](int task) {
    const std::int64_t end = std::min((task + 1) * rows_at_once, rows);
    for (std::int64_t m = task * rows_at_once; m < end; ++m) {
      std::uint32_t* row = out + m * stride;
      round_row(x + m * columns, columns, row);
      std::uint16_t* halves = reinterpret_cast<std::uint16_t*>(row);
      for (std::int64_t k = columns; k < depth; ++k) halves[k] = 0;
      if (product.weight.format() == DType::int4) {
        for (std::int64_t at = 0; at < tiles; ++at) {
          float sum = 0.0f;
          for (std::int64_t k = at * block; k < (at + 1) * block; ++k) sum += bf16_to_f32(halves[k]);
          block_sums[m * tiles + at] = sum;
        }
      }
      // From the back, so that no half is overwritten before it is read; depth is a multiple of 32.
      for (std::int64_t k = depth - kLanes; as_floats && k >= 0; k -= kLanes) {
        vec_store(reinterpret_cast<float*>(row + k), vec_load_bf16(halves + k));
      }
    }
  });
  product.pairs = out;
  product.floats = reinterpret_cast<const float*>(out);
  product.block_sums = block_sums;
}

}  // namespace hone::HONE_ISA
