#pragma once
#include "cpu/gemm/gemm-block.h"
#include "cpu/gemm/gemm-fill.h"

// The three products of a linear layer in f32. Each output is one chain of fused multiply-adds over the summed index
// in ascending order, whatever the shape of the batch.
namespace hone::HONE_ISA {

inline Product<F32Dot> f32_product(const float* a, std::int64_t rows, std::int64_t depth, std::int64_t columns,
                                   float* c, bool continues = false, const float* bias = nullptr) {
  return {rows, columns, depth, a, depth, 1, {}, c, columns, continues, bias};
}

// c (+)= a bᵀ + bias; a [rows, depth], b [columns, depth].
inline void product_abt(Context& context, const float* a, std::int64_t rows, std::int64_t depth, const float* b,
                        std::int64_t columns, float* c, bool continues = false, const float* bias = nullptr) {
  product_of_fill(context, f32_product(a, rows, depth, columns, c, continues, bias), FillTransposed{b, columns, depth});
}

// c (+)= a b; a [rows, depth], b [depth, columns].
inline void product_ab(Context& context, const float* a, std::int64_t rows, std::int64_t depth, const float* b,
                       std::int64_t columns, float* c, bool continues = false) {
  product_of_fill(context, f32_product(a, rows, depth, columns, c, continues), FillRows{b, columns});
}

// c (+)= aᵀ b; a [depth, rows] with rows `a_step` apart (0: rows), b [depth, columns].
inline void product_atb(Context& context, const float* a, std::int64_t rows, std::int64_t depth, const float* b,
                        std::int64_t columns, float* c, bool continues = false, std::int64_t a_step = 0) {
  Product<F32Dot> product = f32_product(a, rows, depth, columns, c, continues);
  product.a_row = 1;
  product.a_step = a_step == 0 ? rows : a_step;
  product_of_fill(context, product, FillRows{b, columns});
}

// y = x wᵀ + bias for a weight packed as f32.
inline void product_packed_f32(Context& context, const float* x, std::int64_t rows, const PackedWeight& weight,
                               float* y, const float* bias) {
  Product<F32Dot> product = f32_product(x, rows, weight.columns(), weight.rows(), y, false, bias);
  product.b = {weight.panel_as<float>(0), kPanelColumns * weight.columns(), kPanelColumns,
               weight.panel_width(weight.panels() - 1)};
  product_of_panels(context, product);
}

// dx (+)= dy w for a weight packed as f32.
inline void product_input_packed_f32(Context& context, const float* dy, std::int64_t rows, const PackedWeight& weight, float* dx,
                                     bool continues) {
  product_of_fill(context, f32_product(dy, rows, weight.rows(), weight.columns(), dx, continues), FillFromPackedF32{weight});
}

}  // namespace hone::HONE_ISA
