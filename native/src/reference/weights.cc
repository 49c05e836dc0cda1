#include "reference/weights.h"

#include <cstring>

#include "core/half.h"
#include "core/nf4-codec.h"
#include "core/packed-weight.h"

namespace hone::reference {
namespace {

void packed_row(const PackedWeight& weight, std::int64_t row, float* out) {
  const std::int64_t panel = row / PackedWeight::kPanel;
  const std::int64_t lane = row % PackedWeight::kPanel;
  const std::int64_t width = weight.panel_width(panel);
  for (std::int64_t k = 0; k < weight.columns(); ++k) {
    out[k] = weight.format() == DType::packed_f32
                 ? weight.panel_as<float>(panel)[k * width + lane]
                 : bf16_to_f32(weight.panel_as<std::uint16_t>(panel)[(k / 2 * width + lane) * 2 + k % 2]);
  }
}

// int8 and int4: the codes are exact in bf16.
void quantized_row(const PackedWeight& weight, std::int64_t row, float* out) {
  for (std::int64_t k = 0; k < weight.columns(); ++k) {
    const std::int64_t tile = k / weight.block();
    out[k] = static_cast<float>(weight.code_at(row, k) - weight.zero_at(row, tile)) * weight.scale_at(row, tile);
  }
}

void plain_row(const View& weight, std::int64_t row, float* out) {
  const std::int64_t columns = weight.dim[1];
  for (std::int64_t k = 0; k < columns; ++k) {
    out[k] = weight.dtype == DType::f32 ? weight.data_as<float>()[row * columns + k]
                                        : bf16_to_f32(weight.data_as<std::uint16_t>()[row * columns + k]);
  }
}

using Row = void (*)(const View&, std::int64_t, float*);

std::vector<float> all_rows(Context& context, const View& weight, Row read) {
  const std::int64_t columns = weight.dim[1];
  std::vector<float> out(static_cast<std::size_t>(weight.dim[0] * columns));
  context.pool.run(static_cast<int>(weight.dim[0]), [&](int row) { read(weight, row, out.data() + row * columns); });
  return out;
}

}  // namespace

bool rounds_to_bf16(const View& weight) { return weight.dtype != DType::f32 && weight.dtype != DType::packed_f32; }

void forward_row(const View& weight, std::int64_t row, float* out) {
  if (weight.dtype == DType::int8 || weight.dtype == DType::int4) return quantized_row(*weight.packed, row, out);
  if (weight.dtype != DType::nf4) {
    is_packed(weight.dtype) ? packed_row(*weight.packed, row, out) : plain_row(weight, row, out);
    return;
  }
  const PackedWeight& packed = *weight.packed;
  for (std::int64_t k = 0; k < packed.columns(); ++k) {
    out[k] = round_to_bf16(kNf4Code[packed.code_at(row, k)]) * packed.scale_at(row, k / kNf4Block);
  }
}

void backward_row(const View& weight, std::int64_t row, float* out) {
  if (weight.dtype != DType::nf4) {
    forward_row(weight, row, out);
    if (weight.dtype != DType::int8 && weight.dtype != DType::int4) return;
    for (std::int64_t k = 0; k < weight.dim[1]; ++k) out[k] = round_to_bf16(out[k]);
    return;
  }
  const PackedWeight& packed = *weight.packed;
  for (std::int64_t k = 0; k < packed.columns(); ++k) {
    out[k] = round_to_bf16(kNf4Code[packed.code_at(row, k)] * packed.scale_at(row, k / kNf4Block));
  }
}

std::vector<float> forward_rows(Context& context, const View& weight) {
  return all_rows(context, weight, forward_row);
}

std::vector<float> backward_rows(Context& context, const View& weight) {
  return all_rows(context, weight, backward_row);
}

std::vector<float> operand(const View& weight, const float* values, std::int64_t count) {
  std::vector<float> out(values, values + count);
  if (rounds_to_bf16(weight)) {
    for (float& value : out) value = round_to_bf16(value);
  }
  return out;
}

}  // namespace hone::reference
