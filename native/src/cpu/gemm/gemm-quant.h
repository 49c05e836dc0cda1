#pragma once
#include "cpu/gemm/gemm-quant-amx.h"
#include "cpu/gemm/gemm-quant-product.h"
#include "cpu/gemm/weight-streams.h"

// The products with a quantized weight, from one row to many.
namespace hone::HONE_ISA {

// Many rows: a tile is unpacked once into the first-level cache and used by all rows of the block, 32 at a time.
template <class Format>
void quant_panel(const QuantProduct& product, const Format& format, Range rows, std::int64_t panel, float* sums) {
  alignas(64) std::uint32_t unpacked[kTileElements];
  alignas(64) float dots[32 * kPanelColumns];
  const std::int64_t tiles = product.weight.depth(), pairs = product.block_pairs();
  const std::int64_t a_row = pair_stride(tiles * pairs);
  const FlushSubnormals guard;
#if defined(__AMX_BF16__)
  AmxShape shape{-1, 0, 0};
#endif
  std::memset(sums, 0, static_cast<std::size_t>((rows.end - rows.begin) * kPanelColumns) * sizeof(float));
  for (std::int64_t at = 0; at < tiles; ++at) {
    const std::uint8_t* tile = product.weight.tile(panel, at);
    format.unpack(tile, pairs, unpacked, 2 * product.weight.tile_bytes());
    for (std::int64_t m = rows.begin; m < rows.end; m += 32) {
      const std::int64_t count = std::min<std::int64_t>(32, rows.end - m);
      const std::uint32_t* a = product.pairs + m * a_row + at * pairs;
#if defined(__AMX_BF16__)
      amx_rows(count, kPanelColumns, pairs, {0, 0, a, a_row, unpacked, kPanelColumns, dots, kPanelColumns, false}, shape);
#else
      for (std::int64_t r = 0; r < count; r += Bf16Dot::kRows) {
        for (int j = 0; j < kPanelColumns; j += Bf16Dot::kVectors * kLanes) {
          const int tile_rows = static_cast<int>(std::min<std::int64_t>(Bf16Dot::kRows, count - r));
          gemm_tile_any<Bf16Dot>(tile_rows, Bf16Dot::kVectors,
                                 {pairs, a + r * a_row, a_row, 1, unpacked + j, kPanelColumns,
                                  dots + r * kPanelColumns + j, kPanelColumns, false, nullptr});
        }
      }
#endif
      for (int j = 0; j < kPanelColumns; j += kLanes) {
        const QuantJoin<Format> join(product, tile, j);
        for (std::int64_t r = 0; r < count; ++r) {
          const float block_sum = Format::kHasZeros ? product.block_sums[(m + r) * tiles + at] : 0.0f;
          float* out = sums + (m - rows.begin + r) * kPanelColumns + j;
          vec_store(out, join(block_sum, vec_load(dots + r * kPanelColumns + j), vec_load(out)));
        }
      }
    }
  }
#if defined(__AMX_BF16__)
  _tile_release();
#endif
  quant_finish(product, rows, panel, sums);
}

#if defined(__AVX512F__)
// Up to this many rows are computed straight from the stream of codes, each line unpacked in registers and never stored.
#if defined(__AMX_BF16__)
inline constexpr int kStreamedRows = 2, kStreamedAtOnce = 2;
#else
inline constexpr int kStreamedRows = 6, kStreamedAtOnce = 6;
#endif

// The stream comes into the second cache two pages ahead, over the ends of pages, where the hardware prefetcher stops, and one
// line at a time. Asked for in the first one, it would hold the few buffers that the loads themselves need.
template <std::int64_t Bytes>
inline void stream_prefetch(const std::uint8_t* at) {
#pragma GCC unroll 2
  for (std::int64_t line = 0; line < Bytes; line += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(at + line + 8192), _MM_HINT_T1);
  }
}

// One pair of k of 16 columns joins the dots of `Rows` rows.
template <class Format, int Rows, int j>
inline void stream_columns(const Format& format, const typename Format::Line& line, const Vec (&x)[Rows][2],
                           Vec (&even)[Rows][4], [[maybe_unused]] Vec (&odd)[Rows][4]) {
  Vec lower, upper;
  format.template values<j>(line, lower, upper);
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
#if defined(__AMX_BF16__)
    even[r][j] = vec_fma(x[r][0], lower, even[r][j]);
    odd[r][j] = vec_fma(x[r][1], upper, odd[r][j]);
#else
    even[r][j] = vec_fma(x[r][0], lower, vec_fma(x[r][1], upper, even[r][j]));
#endif
  }
}

// The dot of one block for `Rows` rows and 64 columns. Where the level has the tile unit, the even and the odd element of
// the pairs have a chain each, that begin anew every 16 pairs: this is how the tile unit sums (Intel SDM, TDPBF16PS), so few
// rows have the bits that they have among many. Elsewhere there is one chain, the odd element before the even.
template <class Format, int Rows>
inline void stream_block(const Format& format, const std::uint8_t* tile, std::int64_t pairs, const float* x,
                         std::int64_t x_row, Vec (&dot)[Rows][4]) {
  const auto clear = [](Vec(&part)[Rows][4]) {
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) part[r][0] = part[r][1] = part[r][2] = part[r][3] = vec_zero();
  };
  clear(dot);
#if defined(__AMX_BF16__)
  for (std::int64_t begin = 0; begin < pairs; begin += kAmxPairs) {
    Vec even[Rows][4], odd[Rows][4];
    clear(even);
    clear(odd);
    const std::int64_t end = begin + kAmxPairs;
#else
  {
    Vec(&even)[Rows][4] = dot, (&odd)[Rows][4] = dot;
    constexpr std::int64_t begin = 0;
    const std::int64_t end = pairs;
#endif
    for (std::int64_t pair = begin; pair < end; ++pair) {
      stream_prefetch<Format::kPairBytes>(tile + pair * Format::kPairBytes);
      const typename Format::Line line(tile, pair);
      Vec x_pair[Rows][2];
#pragma GCC unroll 6
      for (int r = 0; r < Rows; ++r) {
        x_pair[r][0] = vec_set(x[r * x_row + 2 * pair]);
        x_pair[r][1] = vec_set(x[r * x_row + 2 * pair + 1]);
      }
      stream_columns<Format, Rows, 0>(format, line, x_pair, even, odd);
      stream_columns<Format, Rows, 1>(format, line, x_pair, even, odd);
      stream_columns<Format, Rows, 2>(format, line, x_pair, even, odd);
      stream_columns<Format, Rows, 3>(format, line, x_pair, even, odd);
    }
#if defined(__AMX_BF16__)
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) dot[r][j] = vec_add(dot[r][j], vec_add(even[r][j], odd[r][j]));
    }
#endif
  }
}

template <class Format, int Rows>
[[gnu::noinline]] void stream_panel(const QuantProduct& product, const Format& format, std::int64_t first_row,
                                    std::int64_t panel) {
  const std::int64_t tiles = product.weight.depth(), pairs = product.block_pairs(), x_row = product.padded_depth();
  const std::int64_t tile_bytes = static_cast<std::int64_t>(product.weight.tile_bytes());
  const std::int64_t code_bytes = pairs * Format::kPairBytes;
  const std::uint8_t* tile = product.weight.tile(panel, 0);
  const float* x = product.floats + first_row * x_row;
  alignas(64) float sums[Rows * kPanelColumns] = {};
  for (std::int64_t at = 0; at < tiles; ++at, tile += tile_bytes, x += product.weight.block()) {
    Vec dot[Rows][4];
    stream_block<Format, Rows>(format, tile, pairs, x, x_row, dot);
    for (std::int64_t line = code_bytes; line < tile_bytes; line += 64) stream_prefetch<64>(tile + line);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const QuantJoin<Format> join(product, tile, j * kLanes);
#pragma GCC unroll 6
      for (int r = 0; r < Rows; ++r) {
        const float block_sum = Format::kHasZeros ? product.block_sums[(first_row + r) * tiles + at] : 0.0f;
        float* out = sums + r * kPanelColumns + j * kLanes;
        vec_store(out, join(block_sum, dot[r][j], vec_load(out)));
      }
    }
  }
  quant_finish(product, {first_row, first_row + Rows}, panel, sums);
}

template <class Format, int Rows = kStreamedAtOnce>
void stream_rows(int rows, const QuantProduct& product, const Format& format, std::int64_t first, std::int64_t panel) {
  if constexpr (Rows > 1) {
    if (rows < Rows) return stream_rows<Format, Rows - 1>(rows, product, format, first, panel);
  }
  stream_panel<Format, Rows>(product, format, first, panel);
}

// Of one x with each of `count` weights, in one run of the pool.
template <class Format>
void stream_products(Context& context, const QuantProduct* products, int count, const Format& format) {
  walk_streams_of<FlushSubnormals>(context.pool, products, count, [&](const QuantProduct& product, std::int64_t panel) {
    for (std::int64_t m = 0; m < product.rows; m += kStreamedAtOnce) {
      const int rows = static_cast<int>(std::min<std::int64_t>(kStreamedAtOnce, product.rows - m));
      stream_rows(rows, product, format, m, panel);
    }
  });
}
#endif

// Whether so few rows of an nf4 product are computed here. On a level with vdpbf16ps but without tiles (Zen 4) the dot is twice
// as fast as f32, so from two rows on gemm-nf4.h wins.
inline bool streams_nf4([[maybe_unused]] std::int64_t rows) {
#if defined(__AVX512BF16__) && !defined(__AMX_BF16__)
  return rows == 1;
#elif defined(__AMX_BF16__)
  return rows <= kTiledRows;
#elif defined(__AVX512F__)
  return rows <= kStreamedRows;
#else
  return false;
#endif
}

template <class Format>
void product_quantized(Context& context, const float* x, std::int64_t rows, const PackedWeight& weight, float* y,
                       const float* bias) {
  if (rows == 0) return;
  const Format format;
  QuantProduct product{weight, rows, nullptr, nullptr, nullptr, y, bias};
#if defined(__AVX512F__)
  if (rows <= kStreamedRows) {
    round_quant_rows(context, x, true, product);
    return stream_products(context, &product, 1, format);
  }
#endif
  round_quant_rows(context, x, false, product);
#if defined(__AMX_BF16__)
  if (rows <= kTiledRows) return tiled_product(context, product, format);
#endif
  const std::int64_t panels = weight.panels();
  const Split split(rows, panels, context.pool.size());
  context.pool.run(split.tasks(), [&](int task) {
    const std::int64_t block = task % split.row_blocks, group = task / split.row_blocks;
    const Range range{block * split.block_rows, std::min((block + 1) * split.block_rows, rows)};
    float* sums = context.scratch_as<float>(ThreadPool::thread_index(), kBlockRows * kPanelColumns, kOwnPanel);
    const std::int64_t end = std::min((group + 1) * split.group_panels, panels);
    for (std::int64_t panel = group * split.group_panels; panel < end; ++panel) {
      quant_panel(product, format, range, panel, sums);
    }
  });
}

}  // namespace hone::HONE_ISA
