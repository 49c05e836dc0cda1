#pragma once
#if defined(__AMX_BF16__)
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "cpu/gemm/gemm-vector.h"

// The tile unit: C (16 x 16 f32) += A (16 rows x 16 pairs) B (16 pairs x 16 columns). The pair order of the panels is the
// operand order of tdpbf16ps, so both operands are loaded where they lie. A pair's two products are added to each other
// before they join the sum, so this level has its own bits; the sum is taken in steps of 16 pairs from the first, for
// every number of rows, so they do not depend on the batch.
namespace hone::HONE_ISA {

inline constexpr std::int64_t kAmxPairs = 16;

struct AmxShape {
  int first_rows, second_rows;  // Rows of the upper and the lower row of tiles; 0: there is none.
  int pairs;

  bool operator==(const AmxShape&) const = default;
};

// Tiles 0-3 hold C, 4 and 5 A, 6 and 7 B. With one row of tiles C has four columns of tiles, else two of each.
inline void amx_configure(const AmxShape& shape) {
  struct alignas(64) {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
  } config;
  const auto set = [&](int tile, int rows, int bytes) {
    config.rows[tile] = static_cast<std::uint8_t>(rows);
    config.row_bytes[tile] = static_cast<std::uint16_t>(rows > 0 ? bytes : 0);
  };
  const int lower = shape.second_rows > 0 ? shape.second_rows : shape.first_rows;
  set(0, shape.first_rows, 64);
  set(1, shape.first_rows, 64);
  set(2, lower, 64);
  set(3, lower, 64);
  set(4, shape.first_rows, shape.pairs * 4);
  set(5, shape.second_rows, shape.pairs * 4);
  set(6, shape.pairs, 64);
  set(7, shape.pairs, 64);
  // GCC 12 believes that the next line reads only eight bytes of the configuration and drops the other stores.
  __asm__ volatile("" : : "r"(&config) : "memory");
  _tile_loadconfig(&config);
}

// The intrinsics of GCC 12 do not tell that they touch memory: this does.
inline void amx_fence() { __asm__ volatile("" : : : "memory"); }

struct AmxJob {
  std::int64_t steps;  // Of `pairs` pairs each.
  std::int64_t pairs;
  const std::uint32_t* a;
  std::int64_t a_row;
  const std::uint32_t* b;
  std::int64_t b_step;
  float* c;
  std::int64_t c_row;
  bool continues;
};

// 17 to 32 rows, 32 columns.
inline void amx_two_by_two(const AmxJob& job, bool two_columns) {
  const std::int64_t c_bytes = job.c_row * 4, a_bytes = job.a_row * 4, b_bytes = job.b_step * 4;
  float* const lower = job.c + 16 * job.c_row;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  if (job.continues) {
    _tile_loadd(0, job.c, c_bytes);
    _tile_loadd(2, lower, c_bytes);
    if (two_columns) _tile_loadd(1, job.c + 16, c_bytes);
    if (two_columns) _tile_loadd(3, lower + 16, c_bytes);
  }
  const std::uint32_t* a = job.a;
  const std::uint32_t* b = job.b;
  for (std::int64_t step = 0; step < job.steps; ++step, a += job.pairs, b += job.pairs * job.b_step) {
    _tile_loadd(6, b, b_bytes);
    _tile_loadd(4, a, a_bytes);
    _tile_loadd(5, a + 16 * job.a_row, a_bytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(2, 5, 6);
    if (two_columns) {
      _tile_loadd(7, b + 16, b_bytes);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, job.c, c_bytes);
  _tile_stored(2, lower, c_bytes);
  if (two_columns) _tile_stored(1, job.c + 16, c_bytes);
  if (two_columns) _tile_stored(3, lower + 16, c_bytes);
}

// Up to 16 rows and four tiles of columns: one pass over the panel.
inline void amx_one_by_four(const AmxJob& job, std::int64_t tiles) {
  const std::int64_t c_bytes = job.c_row * 4, a_bytes = job.a_row * 4, b_bytes = job.b_step * 4;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  if (job.continues) {
    _tile_loadd(0, job.c, c_bytes);
    if (tiles > 1) _tile_loadd(1, job.c + 16, c_bytes);
    if (tiles > 2) _tile_loadd(2, job.c + 32, c_bytes);
    if (tiles > 3) _tile_loadd(3, job.c + 48, c_bytes);
  }
  const std::uint32_t* a = job.a;
  const std::uint32_t* b = job.b;
  for (std::int64_t step = 0; step < job.steps; ++step, a += job.pairs, b += job.pairs * job.b_step) {
    _tile_loadd(4, a, a_bytes);
    _tile_loadd(6, b, b_bytes);
    _tile_dpbf16ps(0, 4, 6);
    if (tiles > 1) {
      _tile_loadd(7, b + 16, b_bytes);
      _tile_dpbf16ps(1, 4, 7);
    }
    if (tiles > 2) {
      _tile_loadd(6, b + 32, b_bytes);
      _tile_dpbf16ps(2, 4, 6);
    }
    if (tiles > 3) {
      _tile_loadd(7, b + 48, b_bytes);
      _tile_dpbf16ps(3, 4, 7);
    }
  }
  _tile_stored(0, job.c, c_bytes);
  if (tiles > 1) _tile_stored(1, job.c + 16, c_bytes);
  if (tiles > 2) _tile_stored(2, job.c + 32, c_bytes);
  if (tiles > 3) _tile_stored(3, job.c + 48, c_bytes);
}

// Rows x columns of C, columns a multiple of 16 up to 64, over `depth` pairs that begin at a multiple of 16. `current` is
// the shape that the tiles have; the caller releases them.
inline void amx_rows(std::int64_t rows, std::int64_t columns, std::int64_t depth, AmxJob job, AmxShape& current) {
  const std::uint32_t* const a = job.a;
  const std::uint32_t* const b = job.b;
  float* const c = job.c;
  amx_fence();
  for (std::int64_t done = 0; done < depth;) {
    job.pairs = std::min(kAmxPairs, depth - done);
    job.steps = job.pairs == kAmxPairs ? (depth - done) / kAmxPairs : 1;
    for (std::int64_t m = 0; m < rows; m += 32) {
      const AmxShape shape{static_cast<int>(std::min<std::int64_t>(16, rows - m)),
                           static_cast<int>(std::clamp<std::int64_t>(rows - m - 16, 0, 16)), static_cast<int>(job.pairs)};
      if (!(shape == current)) amx_configure(shape);
      current = shape;
      job.a = a + m * job.a_row + done;
      if (shape.second_rows == 0) {
        job.b = b + done * job.b_step;
        job.c = c + m * job.c_row;
        amx_one_by_four(job, columns / 16);
        continue;
      }
      for (std::int64_t j = 0; j < columns; j += 32) {
        job.b = b + done * job.b_step + j;
        job.c = c + m * job.c_row + j;
        amx_two_by_two(job, columns - j > 16);
      }
    }
    done += job.steps * job.pairs;
    job.continues = true;
  }
  amx_fence();
}

}  // namespace hone::HONE_ISA
#endif
