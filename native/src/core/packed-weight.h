#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/weight-memory.h"
#include "hone/view.h"
#include "hone/weights.h"

namespace hone {

// A weight [N,K] in the order in which the kernels read it. Output columns (rows of the weight) are grouped in panels
// of 64, and inside a panel K runs outermost, so that a product streams the panel once from front to back:
//
//   packed-f32   panel = [K][width] f32
//   packed-bf16  panel = [ceil(K/2)][width] pairs (k, k+1) of bf16, the operand order of vdpbf16ps
//   nf4          panel = [K/64] tiles: 32 lines of codes, then 64 scales of 16 bits; at its end 64 factors of rows, f32
//   int4         panel = [K/block] tiles: block/2 lines of codes, then 64 scales of f32, then 64 zero points of 8 bits
//   int8         panel = [ceil(K/64)] tiles: 64 lines, one for each k, of 64 codes; at its end 64 factors of rows, f32
//
// A line has 64 bytes. The width is 64 but for the last panel of the first two formats, where it is rounded up to 16.
// A line of 4-bit codes holds one pair of k for 64 columns. Its 16-bit lane l has the codes of parity l % 2 of the
// columns l/2 + 16 q in nibble q: four shifts and four table permutes unpack it, without a mask.
// The scale of an nf4 block is scale_q16 * row_factor[n]; it differs from the scale that was packed by at most 2^-16 of the
// largest scale of its row, and takes 2 bytes of the stream instead of 4. Nothing else of an nf4 weight is kept: what
// quantize_nf4 gives of its source, or the checkpoint that it came from, has the scales to the last bit. An int4 tile covers 64 k, or the 32 of its
// group; a group of 128 has its scale in both of its tiles. Zero points are kept less 8, as the kernels' table of codes is.
class PackedWeight {
 public:
  static constexpr int kPanel = 64;
  static constexpr int kTileLines = 32;
  static constexpr std::size_t kTileBytes = 64 * kTileLines + 2 * kPanel;  // Of nf4.

  PackedWeight(DType format, std::int64_t rows, std::int64_t columns, int group = 64);
  PackedWeight(const PackedWeight&) = delete;
  PackedWeight& operator=(const PackedWeight&) = delete;

  DType format() const { return format_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t panels() const { return (rows_ + kPanel - 1) / kPanel; }
  int group() const { return group_; }
  // Consecutive k of one tile.
  int block() const { return format_ == DType::int4 && group_ < 64 ? group_ : 64; }
  // Columns of K for f32, pairs for bf16, tiles for the others.
  std::int64_t depth() const;
  std::int64_t panel_width(std::int64_t panel) const;
  std::size_t bytes() const;
  // All panels together: what a product streams.
  std::size_t stream_bytes() const { return data_bytes_; }

  template <class T>
  const T* panel_as(std::int64_t panel) const {
    return reinterpret_cast<const T*>(data_ + panel * panel_bytes_);
  }
  std::byte* panel_bytes(std::int64_t panel) { return data_ + panel * panel_bytes_; }

  // From one panel to the next.
  std::int64_t panel_stride() const { return static_cast<std::int64_t>(panel_bytes_); }

  std::size_t tile_bytes() const { return tile_bytes_; }
  const std::uint8_t* tile(std::int64_t panel, std::int64_t block) const {
    return reinterpret_cast<const std::uint8_t*>(data_ + panel * panel_bytes_) + block * tile_bytes_;
  }
  // One for each row of a panel, at the end of its stream; nf4 and int8 only.
  const float* row_factor(std::int64_t panel) const {
    return reinterpret_cast<const float*>(data_ + (panel + 1) * panel_bytes_) - kPanel;
  }
  float& row_factor_of(std::int64_t row) {
    return reinterpret_cast<float*>(data_ + (row / kPanel + 1) * panel_bytes_)[row % kPanel - kPanel];
  }

  // The code (signed for int8), the f32 scale and the zero point that the kernels use for one weight.
  int code_at(std::int64_t row, std::int64_t column) const;
  float scale_at(std::int64_t row, std::int64_t tile) const;
  int zero_at(std::int64_t row, std::int64_t tile) const;

  // One per row of int8, whose row_factor is absmax / 127 rounded.
  std::vector<float> absmax;

 private:
  DType format_;
  int group_;
  std::int64_t rows_;
  std::int64_t columns_;
  std::size_t tile_bytes_;
  std::size_t panel_bytes_;
  std::size_t data_bytes_;
  WeightMemory memory_;
  std::byte* data_;
};

}  // namespace hone
