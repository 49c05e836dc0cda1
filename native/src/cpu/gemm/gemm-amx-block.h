#pragma once
#include "cpu/gemm/lines-ahead.h"
#include "cpu/gemm/gemm-amx-operand.h"
#if defined(__AMX_BF16__)

// Large products on the tile unit. A thread owns a block of C and walks the sum in slices: C waits in the second-level
// cache as whole tiles, 32 columns of a slice of B lie in the first level while all rows of A pass, and what comes next is
// asked for on the way. A tile load from memory takes eight times as long as the product it feeds, so nothing is loaded
// into a tile that was not brought near first.
namespace hone::HONE_ISA {

// How much of C a thread takes at once: 512 KiB of sums. 512 rows bring B into tiles half as often as 256 and read A
// twice as often: 2 to 11 % faster on one thread (docs/LOG.md).
struct AmxShare {
  std::int64_t rows, panels;
};
// With fewer rows a panel is used too seldom to be copied into tiles first.
inline constexpr std::int64_t kAmxBlockRows = 33;
inline constexpr std::int64_t kSquare = 4 * kTileWords;  // 32 x 32 of C: four tiles, upper left first.

struct AmxProduct {
  AmxOperand a;
  std::int64_t rows, columns;
  float* c;
  std::int64_t c_row;
  bool continues;
  const float* bias;
  std::int64_t first_row = 0, first_column = 0;  // Of the whole product, where `c` begins.

  std::int64_t panels() const { return ceil_div(columns, kPanelColumns); }
  float* c_at(std::int64_t row, std::int64_t column) const { return c + (row - first_row) * c_row + column - first_column; }
};

// One square of C over `steps` tiles of A and pairs of tiles of B; `lower` is null where there are at most 16 rows.
inline void amx_square(const std::uint32_t* upper, const std::uint32_t* lower, const std::uint32_t* b, std::int64_t steps,
                       float* c, bool continues) {
  if (continues) {
    _tile_loadd(0, c, 64);
    _tile_loadd(1, c + kTileWords, 64);
    if (lower != nullptr) _tile_loadd(2, c + 2 * kTileWords, 64);
    if (lower != nullptr) _tile_loadd(3, c + 3 * kTileWords, 64);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  if (lower != nullptr) {
    for (std::int64_t step = 0; step < steps; ++step, upper += kTileWords, lower += kTileWords, b += 2 * kTileWords) {
      _tile_loadd(6, b, 64);
      _tile_loadd(4, upper, 64);
      _tile_loadd(5, lower, 64);
      _tile_loadd(7, b + kTileWords, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(2, c + 2 * kTileWords, 64);
    _tile_stored(3, c + 3 * kTileWords, 64);
  } else {
    for (std::int64_t step = 0; step < steps; ++step, upper += kTileWords, b += 2 * kTileWords) {
      _tile_loadd(6, b, 64);
      _tile_loadd(4, upper, 64);
      _tile_loadd(7, b + kTileWords, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
    }
  }
  _tile_stored(0, c, 64);
  _tile_stored(1, c + kTileWords, 64);
}

// Rows of a square between its tiles and C.
inline void amx_fetch(const float* c, std::int64_t c_row, std::int64_t rows, std::int64_t columns, float* square) {
  for (std::int64_t r = 0; r < rows; ++r) {
    float* tile = square + r / 16 * 2 * kTileWords + r % 16 * 16;
    const std::int64_t left = std::min<std::int64_t>(16, columns);
    std::memcpy(tile, c + r * c_row, static_cast<std::size_t>(left) * 4);
    if (columns > 16) std::memcpy(tile + kTileWords, c + r * c_row + 16, static_cast<std::size_t>(columns - 16) * 4);
  }
}

inline void amx_deliver(const float* square, std::int64_t rows, std::int64_t columns, const float* bias, float* c,
                        std::int64_t c_row) {
  for (std::int64_t r = 0; r < rows; ++r, c += c_row) {
    const float* tile = square + r / 16 * 2 * kTileWords + r % 16 * 16;
    if (columns == 32) {
      const Vec left = vec_load(tile), right = vec_load(tile + kTileWords);
      vec_store(c, bias != nullptr ? vec_add(left, vec_load(bias)) : left);
      vec_store(c + 16, bias != nullptr ? vec_add(right, vec_load(bias + 16)) : right);
      continue;
    }
    for (std::int64_t j = 0; j < columns; ++j) {
      const float value = tile[j / 16 * kTileWords + j % 16];
      c[j] = bias != nullptr ? value + bias[j] : value;
    }
  }
}

// [pairs][64] into two halves of tiles, [step][2 tiles]; pairs beyond the end are zero.
inline void amx_retile(const std::uint32_t* source, std::int64_t width, std::int64_t pairs, std::int64_t steps,
                       std::uint32_t* target) {
  for (std::int64_t half = 0; half < 2; ++half) {
    for (std::int64_t pair = 0; pair < steps * kAmxPairs; ++pair) {
      for (std::int64_t j = 0; j < 2; ++j) {
        const std::int64_t column = half * 32 + j * 16;
        const bool is_there = pair < pairs && column < width;
        const VecBits line = is_there ? bits_load(source + pair * width + column) : bits_set(0);
        bits_store(target + ((half * steps + pair / 16) * 2 + j) * kTileWords + pair % 16 * 16, line);
      }
    }
  }
}

// Panels that lie in memory, [pair][width], as the tiles of amx_retile.
struct TilesOfMemory {
  static constexpr AmxShare kShare{512, 4};
  Panels<std::uint32_t> panels;
  std::int64_t count;
  std::int64_t first = 0;  // The panel at which the data begins.

  std::int64_t width(std::int64_t panel) const { return panel + 1 == count ? panels.last_step : panels.step; }
  void operator()(std::int64_t panel, Range pairs, std::int64_t steps, std::uint32_t* tiles) const {
    amx_retile(lines(panel, pairs), width(panel), pairs.end - pairs.begin, steps, tiles);
  }
  Lines source(std::int64_t panel, Range pairs) const {
    return {lines(panel, pairs), (pairs.end - pairs.begin) * width(panel) * 4};
  }
  const std::uint32_t* lines(std::int64_t panel, Range pairs) const {
    return panels.data + (panel - first) * panels.panel_elements + pairs.begin * width(panel);
  }
};

// Tiles of what a fill of panels makes: directly where it knows how (fill.tiles), else by way of a copy in [pair][64].
template <class Fill>
struct TilesOfFill {
  static constexpr AmxShare kShare{512, 4};
  const Fill& fill;

  void operator()(std::int64_t panel, Range pairs, std::int64_t steps, std::uint32_t* tiles) const {
    if constexpr (requires { fill.tiles(panel, pairs, steps, tiles); }) {
      if (fill.tiles(panel, pairs, steps, tiles)) return;
    }
    alignas(64) std::uint32_t copy[kSliceSteps * kAmxPairs * kPanelColumns];
    fill(panel, pairs, copy, kPanelColumns);
    amx_retile(copy, kPanelColumns, pairs.end - pairs.begin, steps, tiles);
  }
  Lines source(std::int64_t panel, Range pairs) const {
    if constexpr (requires { fill.source(panel, pairs); }) return fill.source(panel, pairs);
    return {};
  }
};

// The panels of one block of C, by one thread. fill(panel, pairs, tiles) brings a slice of a panel in the order of
// amx_retile; fill.source(panel, pairs) says where its source lies, for the prefetch.
template <class Fill>
void amx_block(Context& context, const AmxProduct& product, Range rows, Range panels, const Fill& fill) {
  const AmxOperand& a = product.a;
  const std::int64_t squares = ceil_div(rows.end - rows.begin, 32), count = panels.end - panels.begin;
  const int thread = ThreadPool::thread_index();
  float* const sums = context.scratch_as<float>(
      thread, static_cast<std::size_t>(squares * count * 2 * kSquare + kSliceSteps * 4 * kTileWords), kOwnPanel);
  std::uint32_t* const b = reinterpret_cast<std::uint32_t*>(sums + squares * count * 2 * kSquare);
  AmxShape shape{16, 16, 16};
  amx_configure(shape);
  for (std::int64_t slice = 0; slice < a.slices.count(); ++slice) {
    const Range steps = a.slices.steps_of(slice), pairs = a.slices.pairs_of(slice);
    const std::int64_t length = steps.end - steps.begin;
    const bool is_first = slice == 0, is_last = slice + 1 == a.slices.count();
    LinesAhead next_a, next_b;
    if (!is_last) {
      const Range next = a.slices.steps_of(slice + 1);
      next_a.aim({a.tile(rows.begin / 16, next), squares * 2 * (next.end - next.begin) * 1024}, squares * 2 * count);
    }
    for (std::int64_t panel = panels.begin; panel < panels.end; ++panel) {
      fill(panel, pairs, length, b);
      if (panel + 1 < panels.end) next_b.aim(fill.source(panel + 1, pairs), squares * 2);
      else if (!is_last) next_b.aim(fill.source(panels.begin, a.slices.pairs_of(slice + 1)), squares * 2);
      amx_fence();
      for (std::int64_t half = 0; half < 2; ++half) {
        const std::int64_t column = panel * kPanelColumns + half * 32;
        const std::int64_t columns = std::min<std::int64_t>(32, product.columns - column);
        if (columns <= 0) break;
        float* square = sums + ((panel - panels.begin) * 2 + half) * squares * kSquare;
        for (std::int64_t m = rows.begin; m < rows.end; m += 32, square += kSquare) {
          const std::int64_t valid = std::min<std::int64_t>(32, rows.end - m);
          float* const c = product.c_at(m, column);
          if (is_first && product.continues) amx_fetch(c, product.c_row, valid, columns, square);
          next_a.go();
          next_b.go();
          amx_square(a.tile(m / 16, steps), valid > 16 ? a.tile(m / 16 + 1, steps) : nullptr,
                     b + half * length * 2 * kTileWords, length, square, !is_first || product.continues);
          amx_fence();
          if (is_last) {
            amx_deliver(square, valid, columns, product.bias != nullptr ? product.bias + column : nullptr, c, product.c_row);
          }
        }
      }
    }
  }
  _tile_release();
}

// Calls block(rows, panels) for every block of C; neighbouring tasks share their rows of A.
template <class Block>
void amx_split(Context& context, std::int64_t all_rows, std::int64_t panels, AmxShare share, Block&& run) {
  const std::int64_t threads = context.pool.size();
  std::int64_t row_blocks = ceil_div(all_rows, share.rows), groups = ceil_div(panels, share.panels);
  while (row_blocks * groups < 2 * threads && groups * 2 <= panels) groups *= 2;
  while (row_blocks * groups < 2 * threads && all_rows / row_blocks > 128) row_blocks *= 2;
  const std::int64_t block_rows = ceil_div(ceil_div(all_rows, row_blocks), 32) * 32;
  row_blocks = ceil_div(all_rows, block_rows);
  context.pool.run(static_cast<int>(row_blocks * groups), [&](int task) {
    const std::int64_t block = task / groups, group = task % groups;
    const Range rows{block * block_rows, std::min((block + 1) * block_rows, all_rows)};
    run(rows, Range{panels * group / groups, panels * (group + 1) / groups});
  });
}

template <class Fill>
void amx_product(Context& context, const AmxProduct& product, const Fill& fill) {
  if (product.rows == 0 || product.columns == 0) return;
  amx_split(context, product.rows, product.panels(), Fill::kShare,
            [&](Range rows, Range panels) { amx_block(context, product, rows, panels, fill); });
}

}  // namespace hone::HONE_ISA
#endif
