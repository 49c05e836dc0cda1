#pragma once
#include <algorithm>
#include <cstdint>

#include "cpu/gemm/small-product.h"

// C (+)= A B where one side is the rank of an adapter (8 to 64) and the others are thousands long. Nothing is packed: the long
// matrix is read where it lies, once, in an order that keeps the short operand in the caches. Each element of C is one chain
// of fused multiply-adds over the depth in ascending order, through C between blocks: the bits of gemm-f32.h and of every tiling.
namespace hone::HONE_ISA {

// Ranks and vectors of a tile whose depth is thousands: they divide the usual ranks.
#if defined(__AVX512F__)
inline constexpr int kDeepRanks = 8, kDeepVectors = 3;
#else
inline constexpr int kDeepRanks = 4, kDeepVectors = 1;
#endif

// Rows of a tile that is V vectors wide: enough chains to hide the latency of a multiply-add (8 of them on AVX-512), no more
// accumulators than registers.
template <int V>
constexpr int rows_of_tile() {
#if defined(__AVX512F__)
  return V <= 2 ? 12 : 6;
#else
  return 6;
#endif
}

template <int R, int V, bool masked>
void last_rows(const SmallProduct& p, std::int64_t row, std::int64_t column, int lanes) {
  if constexpr (R > 0) {
    if (p.rows - row == R) return product_block<R, V, masked>(p, row, column, lanes);
    last_rows<R - 1, V, masked>(p, row, column, lanes);
  }
}

// All rows of the V vectors at `column`, R rows at a time.
template <int R, int V, bool masked = false>
void tile_rows(const SmallProduct& p, std::int64_t column, int lanes = kWide) {
  std::int64_t row = 0;
  for (; row + R <= p.rows; row += R) product_block<R, V, masked>(p, row, column, lanes);
  last_rows<R - 1, V, masked>(p, row, column, lanes);
}

inline void narrow_columns(const SmallProduct& p) {
  std::int64_t column = 0;
  const auto whole = [&] { return (p.columns - column) / kWide; };
#if defined(__AVX512F__)
  for (; whole() >= 4; column += 4 * kWide) tile_rows<rows_of_tile<4>(), 4>(p, column);
  if (whole() >= 2) {
    tile_rows<rows_of_tile<2>(), 2>(p, column);
    column += 2 * kWide;
  }
#endif
  for (; whole() >= 1; column += kWide) tile_rows<rows_of_tile<1>(), 1>(p, column);
  if (column < p.columns) tile_rows<rows_of_tile<1>(), 1, true>(p, column, static_cast<int>(p.columns - column));
}

// C [rows, rank] = A [rows, depth] B [depth, rank]. B goes through the first cache in blocks, with all rows for each.
inline void multiply_narrow(SmallProduct p) {
  constexpr std::int64_t kBlockElements = 8192;
  const std::int64_t depth = p.depth, step = std::max<std::int64_t>(kWide, kBlockElements / p.columns / kWide * kWide);
  for (std::int64_t begin = 0; begin < depth; begin += step) {
    SmallProduct block = p;
    block.a += begin * p.a_depth;
    block.b += begin * p.b_row;
    block.depth = std::min(step, depth - begin);
    block.accumulate = p.accumulate || begin > 0;
    narrow_columns(block);
  }
}

// C [rows, columns] += A [rows, rank] B [rank, columns]: C passes through once, a few rows at a time from left to right.
inline void multiply_wide(const SmallProduct& p) {
  for (std::int64_t row = 0; row < p.rows; row += kProductRows) {
    SmallProduct few = p;
    few.rows = std::min<std::int64_t>(kProductRows, p.rows - row);
    few.a += row * p.a_row;
    few.c += row * p.c_row;
    multiply(few);
  }
}

// C [rank, columns] += Aᵀ B over a depth of thousands, A [depth, rank] and B [depth, columns]. Some rows of B at a time, so that
// they are read along their length and their pages stay known; C goes through the second cache for each of these blocks.
inline void multiply_deep(const SmallProduct& p) {
  constexpr std::int64_t kRowsOfB = 32;
  for (std::int64_t begin = 0; begin < p.depth; begin += kRowsOfB) {
    SmallProduct block = p;
    block.a += begin * p.a_depth;
    block.b += begin * p.b_row;
    block.depth = std::min(kRowsOfB, p.depth - begin);
    std::int64_t column = 0;
    for (; column + kDeepVectors * kWide <= p.columns; column += kDeepVectors * kWide) {
      tile_rows<kDeepRanks, kDeepVectors>(block, column);
    }
    for (; column + kWide <= p.columns; column += kWide) tile_rows<kDeepRanks, 1>(block, column);
    if (column < p.columns) tile_rows<kDeepRanks, 1, true>(block, column, static_cast<int>(p.columns - column));
  }
}

}  // namespace hone::HONE_ISA
