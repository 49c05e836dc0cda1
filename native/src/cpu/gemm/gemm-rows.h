#pragma once
#include "cpu/gemm/gemm-transpose.h"
#include "cpu/gemm/gemm.h"

// Rows of A copied for a product that uses them many times. Where they lie, a power of two apart, they would meet in a few sets of
// every cache; here a tile is one stream of whole lines.
namespace hone::HONE_ISA {

inline constexpr std::int64_t kStepsOfSlice = 256;

// Slices one after the other, in each the tiles of kRows rows, in a tile blocks of kStepsOfLine steps: [block][row][step].
template <class Dot>
struct CopiedRows {
  using Element = typename Dot::Element;
  Range rows, steps;
  std::int64_t slice_steps;
  const Element* data;

  static std::int64_t padded(Range steps) { return ceil_div(steps.end - steps.begin, kStepsOfLine) * kStepsOfLine; }
  std::int64_t padded_rows() const { return ceil_div(rows.end - rows.begin, Dot::kRows) * Dot::kRows; }
  std::int64_t elements() const { return padded_rows() * padded(steps); }
  Range slice(std::int64_t begin) const { return {begin, std::min(begin + slice_steps, steps.end)}; }
  std::int64_t offset(std::int64_t row, Range slice) const {
    return (slice.begin - steps.begin) * padded_rows() + (row - rows.begin) * padded(slice);
  }
  const Element* tile(std::int64_t row, Range slice) const { return data + offset(row, slice); }
};

// From rows whose steps follow each other; `to` is the tile of the first.
template <class Dot>
void copy_tiles(const Product<Dot>& product, Range rows, Range steps, typename Dot::Element* to) {
  using Element = typename Dot::Element;
  const std::int64_t depth = steps.end - steps.begin, tile = CopiedRows<Dot>::padded(steps) * Dot::kRows;
  for (std::int64_t m = rows.begin; m < rows.end; m += Dot::kRows, to += tile) {
    const std::int64_t end = std::min(m + Dot::kRows, rows.end);
    for (std::int64_t r = m; r < end; ++r) {
      const Element* from = product.a + r * product.a_row + steps.begin;
      Element* line = to + (r - m) * kStepsOfLine;
      std::int64_t k = 0;
      for (; k + kStepsOfLine <= depth; k += kStepsOfLine, line += Dot::kRows * kStepsOfLine) {
        std::memcpy(line, from + k, kStepsOfLine * sizeof(Element));
      }
      std::memcpy(line, from + k, static_cast<std::size_t>(depth - k) * sizeof(Element));
    }
  }
}

// From steps whose rows follow each other.
template <class Dot, int Tiles>
void turn_tiles(const Product<Dot>& product, Range rows, Range steps, typename Dot::Element* to) {
  using Element = typename Dot::Element;
  alignas(64) Element turned[Tiles * Dot::kRows * kStepsOfLine];
  const std::int64_t count = rows.end - rows.begin, tile = CopiedRows<Dot>::padded(steps) * Dot::kRows;
  for (std::int64_t k = steps.begin; k < steps.end; k += kStepsOfLine, to += Dot::kRows * kStepsOfLine) {
    const std::int64_t depth = std::min<std::int64_t>(kStepsOfLine, steps.end - k);
    transpose(product.a + rows.begin + k * product.a_step, product.a_step, depth, count, turned, std::int64_t{kStepsOfLine});
    for (std::int64_t m = 0; m < count; m += Dot::kRows) {
      const std::int64_t valid = std::min<std::int64_t>(Dot::kRows, count - m);
      std::memcpy(to + m / Dot::kRows * tile, turned + m * kStepsOfLine, static_cast<std::size_t>(valid * kStepsOfLine) * sizeof(Element));
    }
  }
}

template <class Dot>
CopiedRows<Dot> copy_rows(Context& context, const Product<Dot>& product, Range rows, Range steps, std::int64_t slice_steps) {
  using Element = typename Dot::Element;
  CopiedRows<Dot> copy{rows, steps, slice_steps, nullptr};
  Element* data = context.scratch_as<Element>(ThreadPool::thread_index(), static_cast<std::size_t>(copy.elements()), kSharedPanels);
  copy.data = data;
  // Steps are read along their length: 32 tiles take 768 bytes or 512 of each.
  constexpr int kTilesToCopy = 8, kTilesToTurn = 32;
  const std::int64_t at_once = (product.a_step == 1 ? kTilesToCopy : kTilesToTurn) * Dot::kRows;
  const std::int64_t pieces = ceil_div(rows.end - rows.begin, at_once), slices = ceil_div(steps.end - steps.begin, slice_steps);
  context.pool.run(static_cast<int>(pieces * slices), [&](int task) {
    const Range slice = copy.slice(steps.begin + task / pieces * slice_steps);
    const std::int64_t first = rows.begin + task % pieces * at_once;
    const Range some{first, std::min(first + at_once, rows.end)};
    Element* to = data + copy.offset(first, slice);
    product.a_step == 1 ? copy_tiles(product, some, slice, to) : turn_tiles<Dot, kTilesToTurn>(product, some, slice, to);
  });
  return copy;
}

}  // namespace hone::HONE_ISA
