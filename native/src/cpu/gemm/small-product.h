#pragma once
#include <algorithm>
#include <cstdint>

#include "cpu/simd.h"

// C (+)= A B for the tiles of attention: they lie in the caches, and one of their sides is a few dozen long, so nothing is
// packed here. Each element of C is one chain of fused multiply-adds over the depth, in order, whatever the tile.
namespace hone::HONE_ISA {

struct SmallProduct {
  std::int64_t rows, columns, depth;
  const float* a;
  std::int64_t a_row, a_depth;  // Strides, so that A may be read transposed.
  const float* b;
  std::int64_t b_row;
  float* c;
  std::int64_t c_row;
  bool accumulate;
};

// Registers: rows times vectors of accumulators, the vectors of B, one broadcast of A.
inline constexpr int kProductRows = 6;
#if defined(__AVX512F__)
inline constexpr int kProductVectors = 4;
#else
inline constexpr int kProductVectors = 1;
#endif

template <int R, int V, bool masked>
void product_block(const SmallProduct& p, std::int64_t row, std::int64_t column, int lanes) {
  const float* a = p.a + row * p.a_row;
  const float* b = p.b + column;
  float* c = p.c + row * p.c_row + column;
  F16x acc[R][V];
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      acc[r][v] = set(0.0f);
      if (p.accumulate) acc[r][v] = masked ? load_first(c + r * p.c_row, lanes) : load(c + r * p.c_row + v * kWide);
    }
  }
  for (std::int64_t k = 0; k < p.depth; ++k) {
    F16x line[V];
    for (int v = 0; v < V; ++v) line[v] = masked ? load_first(b + k * p.b_row, lanes) : load(b + k * p.b_row + v * kWide);
    for (int r = 0; r < R; ++r) {
      const F16x value = set(a[r * p.a_row + k * p.a_depth]);
      for (int v = 0; v < V; ++v) acc[r][v] = fma(value, line[v], acc[r][v]);
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      if (masked) {
        store_first(c + r * p.c_row, acc[r][v], lanes);
      } else {
        store(c + r * p.c_row + v * kWide, acc[r][v]);
      }
    }
  }
}

template <int V, bool masked>
void product_rows(const SmallProduct& p, std::int64_t column, int lanes) {
  std::int64_t row = 0;
  for (; row + kProductRows <= p.rows; row += kProductRows) product_block<kProductRows, V, masked>(p, row, column, lanes);
  switch (p.rows - row) {
    case 5:
      return product_block<5, V, masked>(p, row, column, lanes);
    case 4:
      return product_block<4, V, masked>(p, row, column, lanes);
    case 3:
      return product_block<3, V, masked>(p, row, column, lanes);
    case 2:
      return product_block<2, V, masked>(p, row, column, lanes);
    case 1:
      return product_block<1, V, masked>(p, row, column, lanes);
    default:
      return;
  }
}

inline void multiply(const SmallProduct& p) {
  std::int64_t column = 0;
  for (; column + kProductVectors * kWide <= p.columns; column += kProductVectors * kWide) {
    product_rows<kProductVectors, false>(p, column, kWide);
  }
  for (; column + kWide <= p.columns; column += kWide) product_rows<1, false>(p, column, kWide);
  if (column < p.columns) product_rows<1, true>(p, column, static_cast<int>(p.columns - column));
}

}  // namespace hone::HONE_ISA
