#include "core/packed-weight.h"

#include <cstring>

namespace hone {
namespace {

std::int64_t block_of(DType format, int group) { return format == DType::int4 && group < 64 ? group : 64; }

std::int64_t depth_of(DType format, std::int64_t columns, int group) {
  if (format == DType::packed_f32) return columns;
  if (format == DType::packed_bf16) return (columns + 1) / 2;
  const std::int64_t block = block_of(format, group);
  return (columns + block - 1) / block;
}

// One step of the depth of a full panel.
std::size_t step_bytes(DType format, int group) {
  constexpr std::size_t kLine = 64;
  switch (format) {
    case DType::nf4:
      return PackedWeight::kTileBytes;
    case DType::int8:
      return 64 * kLine;
    case DType::int4:
      return static_cast<std::size_t>(block_of(format, group)) / 2 * kLine + PackedWeight::kPanel * (sizeof(float) + 1);
    default:
      return PackedWeight::kPanel * 4;
  }
}

bool has_row_factor(DType format) { return format == DType::nf4 || format == DType::int8; }

std::size_t full_panel_bytes(DType format, std::int64_t columns, int group) {
  return static_cast<std::size_t>(depth_of(format, columns, group)) * step_bytes(format, group) +
         (has_row_factor(format) ? PackedWeight::kPanel * sizeof(float) : 0);
}

std::int64_t width_of(DType format, std::int64_t rows, std::int64_t panel) {
  const std::int64_t left = rows - panel * PackedWeight::kPanel;
  const bool is_plain = format == DType::packed_f32 || format == DType::packed_bf16;
  if (left >= PackedWeight::kPanel || !is_plain) return PackedWeight::kPanel;
  return (left + 15) / 16 * 16;
}

std::size_t all_panels_bytes(DType format, std::int64_t rows, std::int64_t columns, int group) {
  const std::int64_t last = (rows + PackedWeight::kPanel - 1) / PackedWeight::kPanel - 1;
  const std::size_t full = full_panel_bytes(format, columns, group);
  return static_cast<std::size_t>(last) * full +
         full / PackedWeight::kPanel * static_cast<std::size_t>(width_of(format, rows, last));
}

}  // namespace

PackedWeight::PackedWeight(DType format, std::int64_t rows, std::int64_t columns, int group)
    : format_(format),
      group_(group),
      rows_(rows),
      columns_(columns),
      tile_bytes_(step_bytes(format, group)),
      panel_bytes_(full_panel_bytes(format, columns, group)),
      data_bytes_(all_panels_bytes(format, rows, columns, group)),
      // Kernels prefetch and load whole lines; a page of slack keeps the last ones inside the allocation.
      memory_(data_bytes_ + 4096),
      data_(memory_.data()) {}

std::int64_t PackedWeight::depth() const { return depth_of(format_, columns_, group_); }

std::int64_t PackedWeight::panel_width(std::int64_t panel) const { return width_of(format_, rows_, panel); }

std::size_t PackedWeight::bytes() const {
  return static_cast<std::size_t>(packed_weight_bytes(format_, rows_, columns_, group_));
}

int PackedWeight::code_at(std::int64_t row, std::int64_t column) const {
  const std::uint8_t* source = tile(row / kPanel, column / block());
  if (format_ == DType::int8) return static_cast<std::int8_t>(source[column % 64 * 64 + row % kPanel]);
  const std::uint8_t* line = source + column % block() / 2 * 64;
  const std::int64_t lane = row % 16 * 2 + column % 2;
  const std::int64_t nibble = row % kPanel / 16;
  return line[lane * 2 + nibble / 2] >> (nibble % 2 * 4) & 15;
}

float PackedWeight::scale_at(std::int64_t row, std::int64_t at) const {
  if (format_ == DType::int8) return row_factor(row / kPanel)[row % kPanel];
  const std::uint8_t* scales_of_tile = tile(row / kPanel, at) + block() / 2 * 64;
  if (format_ == DType::int4) {
    float scale;
    std::memcpy(&scale, scales_of_tile + row % kPanel * sizeof(float), sizeof(float));
    return scale;
  }
  std::int16_t quantized;
  std::memcpy(&quantized, scales_of_tile + row % kPanel * 2, 2);
  return static_cast<float>(quantized) * row_factor(row / kPanel)[row % kPanel];
}

int PackedWeight::zero_at(std::int64_t row, std::int64_t at) const {
  if (format_ != DType::int4) return 0;
  const std::uint8_t* zeros = tile(row / kPanel, at) + block() / 2 * 64 + kPanel * sizeof(float);
  return static_cast<std::int8_t>(zeros[row % kPanel]) + 8;
}

std::int64_t packed_weight_bytes(DType format, std::int64_t rows, std::int64_t columns, int group) {
  std::int64_t bytes = static_cast<std::int64_t>(all_panels_bytes(format, rows, columns, group));
  if (format == DType::int8) bytes += rows * 4;
  return bytes;
}

std::int64_t weight_bytes(const PackedWeight& weight) { return static_cast<std::int64_t>(weight.bytes()); }

}  // namespace hone
