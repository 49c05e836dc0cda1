#pragma once
#include <cstdint>
#include <vector>

#include "core/context.h"
#include "hone/view.h"

namespace hone::reference {

// Whether the product with this weight rounds its other operand to bf16 (the law of every path).
bool rounds_to_bf16(const View& weight);

// One row of the weight as the forward product sees it: for nf4 the bf16 value of the code times the f32 block scale.
void forward_row(const View& weight, std::int64_t row, float* out);
// The same row as the product for the input gradient sees it: for nf4 the scaled value rounded to bf16.
void backward_row(const View& weight, std::int64_t row, float* out);

// All rows, [N,K].
std::vector<float> forward_rows(Context& context, const View& weight);
std::vector<float> backward_rows(Context& context, const View& weight);

// A copy of `count` activations, rounded to bf16 when the weight asks for it.
std::vector<float> operand(const View& weight, const float* values, std::int64_t count);

}  // namespace hone::reference
