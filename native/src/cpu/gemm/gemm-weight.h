#pragma once
#include "cpu/gemm/gemm-bf16.h"

// The weight gradient with both operands rounded to bf16: dw (+)= dyᵀ x, pairs over the rows of the batch, sums in f32.
namespace hone::HONE_ISA {

// B = x as pairs over its rows, x f32 [rows, columns] row-major.
struct FillRoundedRows {
  const float* source;
  std::int64_t rows;
  std::int64_t columns;

  void operator()(std::int64_t panel, Range steps, std::uint32_t* target, std::int64_t width) const {
    const std::int64_t first = panel * kPanelColumns, valid = std::min(width, columns - first);
    for (std::int64_t pair = steps.begin; pair < steps.end; ++pair, target += width) {
      const float* lower = source + 2 * pair * columns + first;
      round_two_rows(lower, 2 * pair + 1 < rows ? lower + columns : nullptr, valid, target);
      for (std::int64_t j = valid; j < width; ++j) target[j] = 0;
    }
  }
};

// A = dyᵀ as rows of pairs, dy f32 [depth, rows] with its rows `source_row` apart.
inline const std::uint32_t* round_transposed(Context& context, const float* source, std::int64_t rows,
                                             std::int64_t depth, std::int64_t source_row) {
  constexpr std::int64_t kRowsAtOnce = 64, kPairsAtOnce = 16;
  const std::int64_t pairs = pair_count(depth), stride = pair_stride(pairs);
  std::uint32_t* out = context.scratch_as<std::uint32_t>(ThreadPool::thread_index(),
                                                         static_cast<std::size_t>(rows * stride), kSharedRows);
  context.pool.run(static_cast<int>(ceil_div(rows, kRowsAtOnce)), [&](int task) {
    alignas(64) std::uint32_t block[kPairsAtOnce * kRowsAtOnce];
    const std::int64_t first = task * kRowsAtOnce, count = std::min(kRowsAtOnce, rows - first);
    for (std::int64_t begin = 0; begin < pairs; begin += kPairsAtOnce) {
      const std::int64_t end = std::min(begin + kPairsAtOnce, pairs);
      for (std::int64_t pair = begin; pair < end; ++pair) {
        const float* lower = source + 2 * pair * source_row + first;
        round_two_rows(lower, 2 * pair + 1 < depth ? lower + source_row : nullptr, count,
                       block + (pair - begin) * kRowsAtOnce);
      }
      transpose(block, kRowsAtOnce, end - begin, count, out + first * stride + begin, stride);
    }
  });
  return out;
}

// c (+)= aᵀ b, both rounded to bf16; a [depth, rows] with its rows `a_step` apart, b [depth, columns].
inline void product_atb_bf16(Context& context, const float* a, std::int64_t rows, std::int64_t depth, const float* b,
                             std::int64_t columns, float* c, bool continues, std::int64_t a_step) {
  const std::uint32_t* pairs = round_transposed(context, a, rows, depth, a_step);
  product_of_fill(context, bf16_product(pairs, rows, pair_count(depth), columns, c, continues, nullptr),
              FillRoundedRows{b, depth, columns});
}

}  // namespace hone::HONE_ISA
