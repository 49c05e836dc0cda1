#pragma once
#include "cpu/gemm-fill.h"

// The three products of a linear layer in f32. Each output is one chain of fused multiply-adds over the summed index
// in ascending order, whatever the shape of the batch.
namespace hone::HONE_ISA {

inline Product<F32Dot> f32_product(const float* a, std::int64_t rows, std::int64_t depth, std::int64_t columns,
                                   float* c, bool continues = false, const float* bias = nullptr) {
  return {rows, columns, depth, a, depth, depth, 1, {}, c, columns, continues, bias};
}

// c (+)= a bᵀ + bias; a [rows, depth], b [columns, depth].
inline void product_abt(Context& context, const float* a, std::int64_t rows, std::int64_t depth, const float* b,
                        std::int64_t columns, float* c, bool continues = false, const float* bias = nullptr) {
  gemm_filled(context, f32_product(a, rows, depth, columns, c, continues, bias), FillTransposed{b, columns, depth});
}

// c (+)= a b; a [rows, depth], b [depth, columns].
inline void product_ab(Context& context, const float* a, std::int64_t rows, std::int64_t depth, const float* b,
                       std::int64_t columns, float* c, bool continues = false) {
  gemm_filled(context, f32_product(a, rows, depth, columns, c, continues), FillRows{b, columns});
}

// c (+)= aᵀ b; a [depth, rows] with rows `a_step` apart (0: rows), b [depth, columns]. The depth is walked in chunks, so that the packed copies of a and b
// stay near 2 MiB each; the chain goes on from chunk to chunk through C.
inline void product_atb(Context& context, const float* a, std::int64_t rows, std::int64_t depth, const float* b,
                        std::int64_t columns, float* c, bool continues = false, std::int64_t a_step = 0) {
  constexpr int kRows = F32Dot::kRows;
  if (a_step == 0) a_step = rows;
  const std::int64_t widest = std::max<std::int64_t>(1, std::max(rows, columns));
  const std::int64_t chunk = std::clamp<std::int64_t>((std::int64_t{1} << 19) / widest / 32 * 32, 128, 1024);
  const std::int64_t tiles = ceil_div(rows, kRows);
  float* packed = context.scratch_as<float>(ThreadPool::thread_index(), tiles * kRows * chunk, kSharedRows);
  std::int64_t begin = 0;
  // Few rows of C: the lines that a tile takes six values from are still near when the next tile takes its own.
  if (rows <= 512) {
    Product<F32Dot> product = f32_product(a, rows, depth, columns, c, continues);
    product.a_tile = 1;
    product.a_row = 1;
    product.a_step = a_step;
    gemm_filled(context, product, FillRows{b, columns});
    return;
  }
  do {
    const std::int64_t count = std::min(chunk, depth - begin);
    constexpr std::int64_t kTilesAtOnce = 8;
    context.pool.run(static_cast<int>(ceil_div(tiles, kTilesAtOnce)), [&](int task) {
      const Range range{task * kTilesAtOnce, std::min((task + 1) * kTilesAtOnce, tiles)};
      pack_rows_transposed<kRows>(a + begin * a_step, rows, a_step, range, count, packed);
    });
    Product<F32Dot> product = f32_product(packed, rows, count, columns, c, continues || begin > 0);
    product.a_tile = count;
    product.a_row = 1;
    product.a_step = kRows;
    gemm_filled(context, product, FillRows{b + begin * columns, columns});
    begin += count;
  } while (begin < depth);
}

// y = x wᵀ + bias for a weight packed as f32.
inline void product_packed_f32(Context& context, const float* x, std::int64_t rows, const PackedWeight& weight,
                               float* y, const float* bias) {
  Product<F32Dot> product = f32_product(x, rows, weight.columns(), weight.rows(), y, false, bias);
  product.b = {weight.panel_as<float>(0), kPanelColumns * weight.columns(), kPanelColumns,
               weight.panel_width(weight.panels() - 1)};
  gemm(context, product);
}

}  // namespace hone::HONE_ISA
