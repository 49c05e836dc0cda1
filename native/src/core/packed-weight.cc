#include "core/packed-weight.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "core/nf4-codec.h"

namespace hone {
namespace {

std::int64_t depth_of(DType format, std::int64_t columns) {
  if (format == DType::packed_f32) return columns;
  if (format == DType::packed_bf16) return (columns + 1) / 2;
  return columns / kNf4Block;
}

std::size_t full_panel_bytes(DType format, std::int64_t columns) {
  const std::size_t per_step = format == DType::nf4 ? PackedWeight::kTileBytes : PackedWeight::kPanel * 4;
  return static_cast<std::size_t>(depth_of(format, columns)) * per_step;
}

std::int64_t width_of(DType format, std::int64_t rows, std::int64_t panel) {
  const std::int64_t left = rows - panel * PackedWeight::kPanel;
  if (left >= PackedWeight::kPanel || format == DType::nf4) return PackedWeight::kPanel;
  return (left + 15) / 16 * 16;
}

std::size_t stream_bytes(DType format, std::int64_t rows, std::int64_t columns) {
  const std::int64_t last = (rows + PackedWeight::kPanel - 1) / PackedWeight::kPanel - 1;
  const std::size_t full = full_panel_bytes(format, columns);
  return static_cast<std::size_t>(last) * full +
         full / PackedWeight::kPanel * static_cast<std::size_t>(width_of(format, rows, last));
}

std::int64_t blocks_of(std::int64_t rows, std::int64_t columns) { return rows * columns / kNf4Block; }

std::int64_t padded(std::int64_t rows) {
  return (rows + PackedWeight::kPanel - 1) / PackedWeight::kPanel * PackedWeight::kPanel;
}

}  // namespace

PackedWeight::PackedWeight(DType format, std::int64_t rows, std::int64_t columns)
    : format_(format),
      rows_(rows),
      columns_(columns),
      panel_bytes_(full_panel_bytes(format, columns)),
      data_bytes_(stream_bytes(format, rows, columns)) {
  // Kernels prefetch and load whole lines; a page of slack keeps the last ones inside the allocation.
  const std::size_t allocated = (data_bytes_ + 4095) / 4096 * 4096 + 4096;
  data_ = static_cast<std::byte*>(std::aligned_alloc(4096, allocated));
  if (data_ == nullptr) throw std::bad_alloc();
  std::memset(data_, 0, allocated);
  if (format == DType::nf4) row_factor_.resize(static_cast<std::size_t>(padded(rows)));
}

PackedWeight::~PackedWeight() { std::free(data_); }

std::int64_t PackedWeight::depth() const { return depth_of(format_, columns_); }

std::int64_t PackedWeight::panel_width(std::int64_t panel) const { return width_of(format_, rows_, panel); }

std::size_t PackedWeight::bytes() const {
  return static_cast<std::size_t>(packed_weight_bytes(format_, rows_, columns_));
}

int PackedWeight::code_at(std::int64_t row, std::int64_t column) const {
  const std::uint8_t* line = tile(row / kPanel, column / kNf4Block) + column % kNf4Block / 2 * 64;
  const std::int64_t lane = row % 16 * 2 + column % 2;
  const std::int64_t nibble = row % kPanel / 16;
  return line[lane * 2 + nibble / 2] >> (nibble % 2 * 4) & 15;
}

float PackedWeight::scale_at(std::int64_t row, std::int64_t block) const {
  std::int16_t quantized;
  std::memcpy(&quantized, tile(row / kPanel, block) + 64 * kTileLines + row % kPanel * 2, 2);
  return static_cast<float>(quantized) * row_factor_[static_cast<std::size_t>(row)];
}

std::int64_t packed_weight_bytes(DType format, std::int64_t rows, std::int64_t columns) {
  std::int64_t bytes = static_cast<std::int64_t>(stream_bytes(format, rows, columns));
  if (format == DType::nf4) {
    const std::int64_t blocks = blocks_of(rows, columns);
    bytes += blocks + (blocks + kNf4NestedBlock - 1) / kNf4NestedBlock * 4 + padded(rows) * 4;
  }
  return bytes;
}

std::int64_t weight_bytes(const PackedWeight& weight) { return static_cast<std::int64_t>(weight.bytes()); }

}  // namespace hone
