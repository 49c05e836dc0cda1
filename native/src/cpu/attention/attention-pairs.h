#pragma once
#include <cstdint>
#include <cstring>
#include <span>

#include "cpu/gemm/lines-ahead.h"
#include "cpu/simd.h"

// C (+)= A B for the tiles of attention whose operands are bf16 and whose sums are f32. A lies row by row, two values of its
// depth in 32 bits; a row of B holds the same two depths of every column. Every count is a multiple of 16 and is filled up
// with zeros, which change no sum. One element of C is one chain over the depth, in order, whatever the number of rows and
// columns: the odd value of a pair first, then the even one, as vdpbf16ps does. The tile unit adds the two to each other
// before they join the sum, so it has its own bits.
namespace hone::HONE_ISA {

struct PairProduct {
  std::int64_t rows, columns, pairs;
  const std::uint32_t* a;
  std::int64_t a_row;
  const std::uint32_t* b;
  std::int64_t b_row;
  float* c;
  std::int64_t c_row;
  bool accumulate;
  // What is needed next, for the tile unit: the other levels take so long that the hardware prefetcher is enough.
  std::span<LinesAhead> ahead = {};
};

#if defined(__AMX_BF16__)

// Tiles 0 to 3 hold C, 4 and 5 A, 6 and 7 B; all of them 16 rows of 64 bytes. The unit belongs to the thread while it lives.
class TileUnit {
 public:
  TileUnit() {
    struct alignas(64) {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } config;
    // GCC 12 believes that the next line reads only eight bytes of the configuration and drops the other stores.
    __asm__ volatile("" : : "r"(&config) : "memory");
    _tile_loadconfig(&config);
  }
  ~TileUnit() { _tile_release(); }
  TileUnit(const TileUnit&) = delete;
  TileUnit& operator=(const TileUnit&) = delete;
};

// The block of C of (16 or 32) x (16 or 32) at (row, column).
template <bool two_rows, bool two_columns>
void pair_block(const PairProduct& p, std::int64_t row, std::int64_t column) {
  const std::int64_t a_bytes = p.a_row * 4, b_bytes = p.b_row * 4, c_bytes = p.c_row * 4;
  float* c = p.c + row * p.c_row + column;
  float* lower = c + 16 * p.c_row;
  _tile_zero(0);
  if (two_columns) _tile_zero(1);
  if (two_rows) _tile_zero(2);
  if (two_rows && two_columns) _tile_zero(3);
  if (p.accumulate) {
    _tile_loadd(0, c, c_bytes);
    if (two_columns) _tile_loadd(1, c + 16, c_bytes);
    if (two_rows) _tile_loadd(2, lower, c_bytes);
    if (two_rows && two_columns) _tile_loadd(3, lower + 16, c_bytes);
  }
  const std::uint32_t* a = p.a + row * p.a_row;
  const std::uint32_t* b = p.b + column;
  for (std::int64_t k = 0; k < p.pairs; k += 16, a += 16, b += 16 * p.b_row) {
    _tile_loadd(6, b, b_bytes);
    _tile_loadd(4, a, a_bytes);
    _tile_dpbf16ps(0, 4, 6);
    if (two_columns) {
      _tile_loadd(7, b + 16, b_bytes);
      _tile_dpbf16ps(1, 4, 7);
    }
    if (two_rows) {
      _tile_loadd(5, a + 16 * p.a_row, a_bytes);
      _tile_dpbf16ps(2, 5, 6);
      if (two_columns) _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, c, c_bytes);
  if (two_columns) _tile_stored(1, c + 16, c_bytes);
  if (two_rows) _tile_stored(2, lower, c_bytes);
  if (two_rows && two_columns) _tile_stored(3, lower + 16, c_bytes);
}

inline void multiply_pairs(const PairProduct& p) {
  // The intrinsics of GCC 12 do not tell that they touch memory: this does.
  __asm__ volatile("" : : : "memory");
  for (std::int64_t row = 0; row < p.rows; row += 32) {
    const bool two_rows = row + 16 < p.rows;
    for (std::int64_t column = 0; column < p.columns; column += 32) {
      const bool two_columns = column + 16 < p.columns;
      for (LinesAhead& next : p.ahead) next.go();
      if (two_rows) {
        two_columns ? pair_block<true, true>(p, row, column) : pair_block<true, false>(p, row, column);
      } else {
        two_columns ? pair_block<false, true>(p, row, column) : pair_block<false, false>(p, row, column);
      }
    }
  }
  __asm__ volatile("" : : : "memory");
}

#else

// Only the tile unit wants to be taken and given back.
class TileUnit {
 public:
  TileUnit() {}
  ~TileUnit() {}
};

#if defined(__AVX512BF16__)
struct Pair16x {
  __m512i v;
};
inline Pair16x load_pairs(const std::uint32_t* p) { return {_mm512_loadu_si512(p)}; }
inline Pair16x set_pairs(std::uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
inline F16x dot_pairs(Pair16x a, Pair16x b, F16x c) {
  return {_mm512_dpbf16_ps(c.v, reinterpret_cast<__m512bh>(a.v), reinterpret_cast<__m512bh>(b.v))};
}
#else
struct Pair16x {
  F16x odd, even;
};
inline Pair16x split_pairs(I16x pairs) {
  return {as_float(bit_and(pairs, set_int(0xffff0000u))), as_float(shift_left<16>(pairs))};
}
inline Pair16x load_pairs(const std::uint32_t* p) { return split_pairs(load_int(reinterpret_cast<const std::int32_t*>(p))); }
inline Pair16x set_pairs(std::uint32_t x) { return split_pairs(set_int(x)); }
inline F16x dot_pairs(const Pair16x& a, const Pair16x& b, F16x c) { return fma(a.even, b.even, fma(a.odd, b.odd, c)); }
#endif

template <int R, int V>
void pair_block(const PairProduct& p, std::int64_t row, std::int64_t column) {
  const std::uint32_t* a = p.a + row * p.a_row;
  const std::uint32_t* b = p.b + column;
  float* c = p.c + row * p.c_row + column;
  F16x acc[R][V];
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) acc[r][v] = p.accumulate ? load(c + r * p.c_row + v * kWide) : set(0.0f);
  }
  for (std::int64_t k = 0; k < p.pairs; ++k) {
    Pair16x line[V];
    for (int v = 0; v < V; ++v) line[v] = load_pairs(b + k * p.b_row + v * kWide);
    for (int r = 0; r < R; ++r) {
      const Pair16x value = set_pairs(a[r * p.a_row + k]);
      for (int v = 0; v < V; ++v) acc[r][v] = dot_pairs(value, line[v], acc[r][v]);
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) store(c + r * p.c_row + v * kWide, acc[r][v]);
  }
}

// Accumulators, one line of B and one value of A fill the registers: 32 of 16 lanes, or 16 of 8 lanes on AVX2.
template <int R, int V>
void pair_rows(const PairProduct& p, std::int64_t column) {
  for (std::int64_t row = 0; row < p.rows; row += R) pair_block<R, V>(p, row, column);
}

inline void multiply_pairs(const PairProduct& p) {
  std::int64_t column = 0;
#if defined(__AVX512F__)
  for (; column + 4 * kWide <= p.columns; column += 4 * kWide) pair_rows<4, 4>(p, column);
  for (; column + 2 * kWide <= p.columns; column += 2 * kWide) pair_rows<8, 2>(p, column);
  for (; column < p.columns; column += kWide) pair_rows<16, 1>(p, column);
#else
  for (; column < p.columns; column += kWide) pair_rows<4, 1>(p, column);
#endif
}

#endif

}  // namespace hone::HONE_ISA
