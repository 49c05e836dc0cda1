#pragma once
#include "cpu/gemm/gemm-amx-block.h"
#include "cpu/gemm/gemm-amx-turn.h"
#include "cpu/gemm/gemm-block.h"
#include "cpu/gemm/gemm-fill.h"
#include "cpu/gemm/gemm-round.h"
#include "cpu/gemm/nf4-unpack.h"
#include "cpu/gemm/quant-format.h"

// Products whose operands are bf16 pairs and whose sums are f32.
namespace hone::HONE_ISA {

inline std::int64_t pair_count(std::int64_t depth) { return ceil_div(depth, 2); }

// From one row of pairs to the next. Rows a multiple of 1 KiB apart would meet in a few sets of the first-level cache,
// and a tile of 16 rows would push itself out of it.
inline std::int64_t pair_stride(std::int64_t pairs) { return pairs % 256 == 0 ? pairs + 16 : pairs; }

// f32 rows, `source_row` apart, as rows of bf16 pairs.
inline const std::uint32_t* round_rows(Context& context, const float* source, std::int64_t rows, std::int64_t depth,
                                       std::int64_t source_row, int slot = kSharedRows) {
  const std::int64_t stride = pair_stride(pair_count(depth));
  std::uint32_t* out = context.scratch_as<std::uint32_t>(ThreadPool::thread_index(),
                                                         static_cast<std::size_t>(rows * stride), slot);
  // A wake-up of the pool costs more than rounding this many values.
  constexpr std::int64_t kValuesAtOnce = 16384;
  const std::int64_t rows_at_once = std::max<std::int64_t>(1, kValuesAtOnce / std::max<std::int64_t>(1, depth));
  context.pool.run(static_cast<int>(ceil_div(rows, rows_at_once)), [&](int task) {
    const std::int64_t end = std::min((task + 1) * rows_at_once, rows);
    for (std::int64_t m = task * rows_at_once; m < end; ++m) round_row(source + m * source_row, depth, out + m * stride);
  });
  return out;
}

inline Product<Bf16Dot> bf16_product(const std::uint32_t* a, std::int64_t rows, std::int64_t pairs,
                                     std::int64_t columns, float* c, bool continues, const float* bias) {
  return {rows, columns, pairs, a, pair_stride(pairs), 1, {}, c, columns, continues, bias};
}

// B = sourceᵀ as pairs, source bf16 [columns, depth] row-major.
struct FillBf16Transposed {
  const std::uint16_t* source;
  std::int64_t columns;
  std::int64_t depth;

  void operator()(std::int64_t panel, Range steps, std::uint32_t* target, std::int64_t width) const {
    const std::int64_t first = panel * kPanelColumns;
    const std::int64_t valid = std::min(width, columns - first), count = steps.end - steps.begin;
    if (valid < width) std::memset(target, 0, static_cast<std::size_t>(count * width) * 4);
    if (depth % 2 == 0) {
      const std::uint32_t* pairs = reinterpret_cast<const std::uint32_t*>(source + first * depth);
      transpose(pairs + steps.begin, depth / 2, valid, count, target, width);
      return;
    }
    for (std::int64_t n = 0; n < valid; ++n) {
      const std::uint16_t* row = source + (first + n) * depth;
      for (std::int64_t pair = steps.begin; pair < steps.end; ++pair) {
        const std::uint32_t upper = 2 * pair + 1 < depth ? row[2 * pair + 1] : 0;
        target[(pair - steps.begin) * width + n] = upper << 16 | row[2 * pair];
      }
    }
  }
};

// Two rows of bf16 become one row of pairs; an absent row is zeros.
inline void interleave_rows(const std::uint16_t* lower, const std::uint16_t* upper, std::int64_t count,
                            std::uint32_t* target) {
  if (upper == nullptr) {
    for (std::int64_t j = 0; j < count; ++j) target[j] = lower[j];
    return;
  }
  for (std::int64_t j = 0; j < count; ++j) target[j] = static_cast<std::uint32_t>(upper[j]) << 16 | lower[j];
}

// B = source as pairs over its rows, source bf16 [rows, columns] row-major.
struct FillBf16Rows {
  const std::uint16_t* source;
  std::int64_t rows;
  std::int64_t columns;

  void operator()(std::int64_t panel, Range steps, std::uint32_t* target, std::int64_t width) const {
    const std::int64_t first = panel * kPanelColumns, valid = std::min(width, columns - first);
    for (std::int64_t pair = steps.begin; pair < steps.end; ++pair, target += width) {
      const std::uint16_t* lower = source + 2 * pair * columns + first;
      interleave_rows(lower, 2 * pair + 1 < rows ? lower + columns : nullptr, valid, target);
      for (std::int64_t j = valid; j < width; ++j) target[j] = 0;
    }
  }
};

// B = the weight [N,K] as pairs over N, from its packed form (pairs over K): one tile of 64 x 64 is turned at a time.
// `steps` begins at a multiple of 32 pairs, which is one panel of the packed form.
struct FillFromPackedPairs {
  const PackedWeight& weight;
  std::int64_t first = 0;  // The row of the weight (a whole panel) at which `steps` begins to count.

  // [pairs of k][width] of the tile; returns its row length.
  std::int64_t load_tile(std::int64_t source_panel, std::int64_t block, std::uint32_t* own,
                         const std::uint32_t** tile) const {
    if (weight.format() == DType::nf4) {
      unpack_scaled(weight.tile(source_panel, block), weight.row_factor(source_panel), own);
      *tile = own;
      return kPanelColumns;
    }
    if (weight.format() == DType::int8 || weight.format() == DType::int4) {
      const auto unpack = weight.format() == DType::int8 ? unpack_values<Int8Format> : unpack_values<Int4Format>;
      unpack(weight, source_panel, block, own);
      *tile = own;
      return kPanelColumns;
    }
    const std::int64_t width = weight.panel_width(source_panel);
    *tile = weight.panel_as<std::uint32_t>(source_panel) + block * kTilePairs * width;
    return width;
  }

  void operator()(std::int64_t panel, Range steps, std::uint32_t* target, std::int64_t width) const {
    alignas(64) std::uint32_t own[kTileElements];
    alignas(64) std::uint32_t turned[kTileElements];
    const std::int64_t valid = std::min(width, weight.columns() - panel * kPanelColumns), k_pairs = pair_count(valid);
    for (std::int64_t pair = steps.begin; pair < steps.end; pair += kTilePairs) {
      const std::int64_t n = first + 2 * pair;
      const std::int64_t rows = std::min(kPanelColumns, weight.rows() - n);
      const std::uint32_t* tile;
      const std::int64_t tile_row = load_tile(n / kPanelColumns, panel, own, &tile);
      transpose(tile, tile_row, k_pairs, rows, turned, std::int64_t{kTilePairs});
      for (std::int64_t r = 0; r < rows; r += 2, target += width) {
        const std::uint16_t* lower = reinterpret_cast<const std::uint16_t*>(turned + r * kTilePairs);
        interleave_rows(lower, r + 1 < rows ? lower + 2 * kTilePairs : nullptr, valid, target);
        for (std::int64_t j = valid; j < width; ++j) target[j] = 0;
      }
    }
  }

#if defined(__AMX_BF16__)
  // The same as tiles of the unit, in the order of amx_retile; false where a panel or a block of the weight is not whole.
  bool tiles(std::int64_t panel, Range pairs, std::int64_t steps, std::uint32_t* target) const {
    if ((panel + 1) * kPanelColumns > weight.columns() || pairs.end % kTilePairs != 0 || first + 2 * pairs.end > weight.rows()) return false;
    alignas(64) std::uint32_t own[kTileElements];
    for (std::int64_t step = 0; step < steps; step += 2) {
      const std::uint32_t* tile;
      load_tile((first + 2 * pairs.begin) / kPanelColumns + step / 2, panel, own, &tile);
      turn_into_tiles(tile, steps, target + step * 2 * kTileWords);
    }
    return true;
  }

  Lines source(std::int64_t panel, Range pairs) const {
    const std::int64_t n_panel = (first + 2 * pairs.begin) / kPanelColumns, runs = ceil_div(pairs.end - pairs.begin, kTilePairs);
    if (weight.format() == DType::packed_bf16) {
      const std::int64_t at = panel * kTilePairs * weight.panel_width(n_panel);
      return {weight.panel_as<std::uint32_t>(n_panel) + at, kTileElements * 4, runs, weight.panel_stride()};
    }
    const std::int64_t bytes = weight.tile_bytes(), tiles = kPanelColumns / weight.block();
    return {weight.tile(n_panel, panel * tiles), bytes * tiles, runs, weight.panel_stride()};
  }
#endif
};

// c (+)= a B + bias, a f32 [rows, depth] with its rows `a_row` apart and rounded to bf16 on the way, B from a fill of panels.
template <class Fill>
void product_rounded(Context& context, const float* a, std::int64_t rows, std::int64_t depth, std::int64_t a_row,
                     std::int64_t columns, float* c, bool continues, const float* bias, const Fill& fill) {
#if defined(__AMX_BF16__)
  if (rows >= kAmxBlockRows) {
    const AmxOperand tiles = round_tiles(context, a, rows, depth, a_row);
    return amx_product(context, {tiles, rows, columns, c, columns, continues, bias}, TilesOfFill<Fill>{fill});
  }
#endif
  const std::uint32_t* pairs = round_rows(context, a, rows, depth, a_row);
  product_of_fill(context, bf16_product(pairs, rows, pair_count(depth), columns, c, continues, bias), fill);
}

// y = x wᵀ + bias for a plain bf16 weight.
inline void product_bf16(Context& context, const float* x, std::int64_t rows, const std::uint16_t* w,
                         std::int64_t depth, std::int64_t columns, float* y, const float* bias) {
  product_rounded(context, x, rows, depth, depth, columns, y, false, bias, FillBf16Transposed{w, columns, depth});
}

inline Panels<std::uint32_t> panels_of(const PackedWeight& weight) {
  return {weight.panel_as<std::uint32_t>(0), kPanelColumns * weight.depth(), kPanelColumns,
          weight.panel_width(weight.panels() - 1)};
}

// y = x wᵀ + bias for a weight packed as bf16.
inline void product_packed_bf16(Context& context, const float* x, std::int64_t rows, const PackedWeight& weight,
                                float* y, const float* bias) {
  const std::int64_t depth = weight.columns(), columns = weight.rows();
#if defined(__AMX_BF16__)
  if (rows >= kAmxBlockRows) {
    const AmxOperand tiles = round_tiles(context, x, rows, depth, depth);
    return amx_product(context, {tiles, rows, columns, y, columns, false, bias},
                       TilesOfMemory{panels_of(weight), weight.panels()});
  }
#endif
  const std::uint32_t* a = round_rows(context, x, rows, depth, depth);
  Product<Bf16Dot> product = bf16_product(a, rows, weight.depth(), columns, y, false, bias);
  product.b = panels_of(weight);
  product_of_panels(context, product);
}

// dx (+)= dy w for a plain bf16 weight, and for one packed as bf16 or nf4.
inline void product_input_bf16(Context& context, const float* dy, std::int64_t rows, const std::uint16_t* w,
                               std::int64_t depth, std::int64_t columns, float* dx, bool continues) {
  product_rounded(context, dy, rows, columns, columns, depth, dx, continues, nullptr, FillBf16Rows{w, columns, depth});
}

inline void product_input_packed(Context& context, const float* dy, std::int64_t rows, const PackedWeight& weight,
                                 float* dx, bool continues) {
  product_rounded(context, dy, rows, weight.rows(), weight.rows(), weight.columns(), dx, continues, nullptr,
                  FillFromPackedPairs{weight});
}

}  // namespace hone::HONE_ISA
