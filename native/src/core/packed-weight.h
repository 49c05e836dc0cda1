#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "hone/view.h"
#include "hone/weights.h"

namespace hone {

// A weight [N,K] in the order in which the kernels read it. Output columns (rows of the weight) are grouped in panels
// of 64, and inside a panel K runs outermost, so that a product streams the panel once from front to back:
//
//   packed-f32   panel = [K][width] f32
//   packed-bf16  panel = [ceil(K/2)][width] pairs (k, k+1) of bf16, the operand order of vdpbf16ps
//   nf4          panel = [K/64] tiles of 34 lines of 64 bytes: 32 lines of codes, then 64 scales of 16 bits
//
// The width is 64 but for the last panel of the first two formats, where it is rounded up to 16.
// A line of nf4 codes holds one pair of k for 64 columns. Its 16-bit lane l has the codes of parity l % 2 of the
// columns l/2 + 16 q in nibble q: four shifts and four table permutes unpack it, without a mask.
// The scale of a block is scale_q16 * row_factor[n]; it differs from the double quantized scale by at most 2^-16 of the
// largest scale of its row, and takes 2 bytes of the stream instead of 4.
class PackedWeight {
 public:
  static constexpr int kPanel = 64;
  static constexpr int kTileLines = 32;
  static constexpr std::size_t kTileBytes = 64 * kTileLines + 2 * kPanel;

  PackedWeight(DType format, std::int64_t rows, std::int64_t columns);
  ~PackedWeight();
  PackedWeight(const PackedWeight&) = delete;
  PackedWeight& operator=(const PackedWeight&) = delete;

  DType format() const { return format_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t panels() const { return (rows_ + kPanel - 1) / kPanel; }
  // Columns of K for f32, pairs for bf16, blocks of 64 for nf4.
  std::int64_t depth() const;
  std::int64_t panel_width(std::int64_t panel) const;
  std::size_t bytes() const;

  template <class T>
  const T* panel_as(std::int64_t panel) const {
    return reinterpret_cast<const T*>(data_ + panel * panel_bytes_);
  }
  std::byte* panel_bytes(std::int64_t panel) { return data_ + panel * panel_bytes_; }

  const std::uint8_t* tile(std::int64_t panel, std::int64_t block) const {
    return reinterpret_cast<const std::uint8_t*>(data_ + panel * panel_bytes_) + block * kTileBytes;
  }
  // One per row, padded to whole panels; nf4 only.
  const float* row_factor() const { return row_factor_.data(); }
  std::vector<float>& row_factor() { return row_factor_; }

  // The 4-bit code and the f32 scale that the kernels use for one weight.
  int code_at(std::int64_t row, std::int64_t column) const;
  float scale_at(std::int64_t row, std::int64_t block) const;

  // The parts that cannot be read back from the tiles exactly (`codes` stays empty here).
  Nf4Parts scales;

 private:
  DType format_;
  std::int64_t rows_;
  std::int64_t columns_;
  std::size_t panel_bytes_;
  std::size_t data_bytes_;
  std::byte* data_;
  std::vector<float> row_factor_;
};

}  // namespace hone
