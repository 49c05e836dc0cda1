#pragma once
#include "cpu/gemm/gemm-amx-nf4.h"
#include "cpu/gemm/gemm-bf16.h"

// y = x wᵀ + bias with a 4-bit weight. One output is walked in blocks of 64 k:
//   sum = fma(step[block], dot(bf16 x, bf16 codes of the block), sum);  y = fma(sum, row factor, bias)
// The scale comes after the dot, so a code is unpacked by one table permute and never multiplied; and since one row or
// 512 rows go through the same chain, a row has the same bits in every batch.
namespace hone::HONE_ISA {

struct Nf4Product {
  const std::uint32_t* a;  // [rows][pair_stride of k]
  std::int64_t rows;
  const PackedWeight& weight;
  float* y;
  std::int64_t y_row;        // Elements from one row of y to the next.
  std::int64_t first_panel;  // The panel whose columns y begins with.
  const float* bias;         // Of all columns of the weight, or null.
};

// One block of 64 k: C = fma(step, A B, C), or step * (A B) for the first block.
template <int Rows, int Vectors>
void nf4_tile(const std::uint32_t* a, std::int64_t a_row, const std::uint32_t* b, const std::int16_t* steps, float* c,
              std::int64_t c_row, bool first) {
  Vec acc[Rows][Vectors];
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) acc[r][j] = vec_zero();
  }
  for (int pair = 0; pair < kTilePairs; ++pair) {
    Bf16Dot::B column[Vectors];
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) column[j] = Bf16Dot::load_b(b + pair * 64 + j * kLanes);
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      const Bf16Dot::A x = Bf16Dot::load_a(a + r * a_row + pair);
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) acc[r][j] = Bf16Dot::step(x, column[j], acc[r][j]);
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < Vectors; ++j) {
    const Vec scale = vec_load_i16(steps + j * kLanes);
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      float* out = c + r * c_row + j * kLanes;
      vec_store(out, vec_fma(acc[r][j], scale, first ? vec_zero() : vec_load(out)));
    }
  }
}

inline void nf4_tile_rows(int rows, const std::uint32_t* a, std::int64_t a_row, const std::uint32_t* b,
                          const std::int16_t* steps, float* c, std::int64_t c_row, bool first) {
  constexpr int kVectors = Bf16Dot::kVectors;
  for (int j = 0; j < 64; j += kVectors * kLanes) {
    const auto run = [&](auto count) {
      nf4_tile<decltype(count)::value, kVectors>(a, a_row, b + j, steps + j, c + j, c_row, first);
    };
    switch (rows) {
      case 1:
        run(std::integral_constant<int, 1>{});
        break;
      case 2:
        run(std::integral_constant<int, 2>{});
        break;
      case 3:
        run(std::integral_constant<int, 3>{});
        break;
      case 4:
        run(std::integral_constant<int, 4>{});
        break;
      case 5:
        run(std::integral_constant<int, std::min(5, Bf16Dot::kRows)>{});
        break;
      default:
        run(std::integral_constant<int, std::min(6, Bf16Dot::kRows)>{});
    }
  }
}

// The sums of one panel times the factors of its columns, plus the bias, into y.
inline void nf4_finish(const Nf4Product& product, Range rows, std::int64_t panel, const float* sums) {
  const std::int64_t first = panel * kPanelColumns;
  const std::int64_t count = std::min(kPanelColumns, product.weight.rows() - first);
  const float* factor = product.weight.row_factor(panel);
  const float* bias = product.bias != nullptr ? product.bias + first : nullptr;
  for (std::int64_t m = rows.begin; m < rows.end; ++m, sums += kPanelColumns) {
    float* y = product.y + m * product.y_row + first - product.first_panel * kPanelColumns;
    for (std::int64_t j = 0; j < count; ++j) y[j] = __builtin_fmaf(sums[j], factor[j], bias != nullptr ? bias[j] : 0.0f);
  }
}

#if defined(__AMX_BF16__)
// The tiles of one block of 64 k, 32 rows at a time: the tile unit gives the dots, then they are scaled and added.
inline void nf4_block_rows(const std::uint32_t* a, std::int64_t a_row, std::int64_t rows, const std::uint32_t* tile,
                           const std::int16_t* steps, float* sums, bool first, AmxShape& shape) {
  alignas(64) float dots[32 * kPanelColumns];
  for (std::int64_t m = 0; m < rows; m += 32) {
    const std::int64_t count = std::min<std::int64_t>(32, rows - m);
    const AmxJob job{0, 0, a + m * a_row, a_row, tile, kPanelColumns, dots, kPanelColumns, false};
    amx_rows(count, kPanelColumns, kTilePairs, job, shape);
    for (int j = 0; j < kPanelColumns; j += kLanes) {
      const Vec scale = vec_load_i16(steps + j);
      for (std::int64_t r = 0; r < count; ++r) {
        float* out = sums + (m + r) * kPanelColumns + j;
        vec_store(out, vec_fma(vec_load(dots + r * kPanelColumns + j), scale, first ? vec_zero() : vec_load(out)));
      }
    }
  }
}
#endif

// Each tile is unpacked once into 8 KiB of first-level cache and used by all rows of the block.
inline void nf4_panel(const Nf4Product& product, Range rows, std::int64_t panel, float* sums) {
  alignas(64) std::uint32_t tile[kTileElements];
  const FlushSubnormals guard;
  const std::int64_t blocks = product.weight.depth(), a_row = pair_stride(blocks * kTilePairs);
#if defined(__AMX_BF16__)
  AmxShape shape{-1, 0, 0};
#endif
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::uint8_t* source = product.weight.tile(panel, block);
    unpack_codes(source, tile);
#if defined(__AMX_BF16__)
    nf4_block_rows(product.a + rows.begin * a_row + block * kTilePairs, a_row, rows.end - rows.begin, tile,
                   tile_steps(source), sums, block == 0, shape);
#else
    for (std::int64_t m = rows.begin; m < rows.end; m += Bf16Dot::kRows) {
      const int count = static_cast<int>(std::min<std::int64_t>(Bf16Dot::kRows, rows.end - m));
      nf4_tile_rows(count, product.a + m * a_row + block * kTilePairs, a_row, tile, tile_steps(source),
                    sums + (m - rows.begin) * kPanelColumns, kPanelColumns, block == 0);
    }
#endif
  }
#if defined(__AMX_BF16__)
  _tile_release();
#endif
  nf4_finish(product, rows, panel, sums);
}

#if defined(__AVX512BF16__) && !defined(__AMX_BF16__)
// From here on it pays to unpack a tile once for all rows.
inline constexpr std::int64_t kStreamRows = 24;

// Up to six rows straight from the stream: a line is unpacked in registers and never stored. The prefetch runs two tiles
// ahead of the use, over the ends of pages, where the hardware prefetcher stops.
template <int Rows>
void nf4_stream_panel(const Nf4Product& product, std::int64_t first_row, std::int64_t panel) {
  constexpr int kAhead = 2 * static_cast<int>(PackedWeight::kTileBytes);
  const __m512i table = nf4_word_table();
  const std::int64_t blocks = product.weight.depth(), a_row = pair_stride(blocks * kTilePairs);
  alignas(64) float sums[Rows * 64] = {};
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::uint8_t* source = product.weight.tile(panel, block);
    const std::uint32_t* a = product.a + first_row * a_row + block * kTilePairs;
    __m512 acc[Rows][4];
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) acc[r][0] = acc[r][1] = acc[r][2] = acc[r][3] = _mm512_setzero_ps();
    for (int line = 0; line < kTilePairs; ++line) {
      _mm_prefetch(reinterpret_cast<const char*>(source + line * 64 + kAhead), _MM_HINT_T0);
      const __m512i codes = _mm512_load_si512(source + line * 64);
      const __m512bh w0 = reinterpret_cast<__m512bh>(nf4_line<0>(table, codes));
      const __m512bh w1 = reinterpret_cast<__m512bh>(nf4_line<1>(table, codes));
      const __m512bh w2 = reinterpret_cast<__m512bh>(nf4_line<2>(table, codes));
      const __m512bh w3 = reinterpret_cast<__m512bh>(nf4_line<3>(table, codes));
#pragma GCC unroll 6
      for (int r = 0; r < Rows; ++r) {
        const __m512bh x = reinterpret_cast<__m512bh>(bits_set(a[r * a_row + line]));
        acc[r][0] = _mm512_dpbf16_ps(acc[r][0], x, w0);
        acc[r][1] = _mm512_dpbf16_ps(acc[r][1], x, w1);
        acc[r][2] = _mm512_dpbf16_ps(acc[r][2], x, w2);
        acc[r][3] = _mm512_dpbf16_ps(acc[r][3], x, w3);
      }
    }
    _mm_prefetch(reinterpret_cast<const char*>(source + 2048 + kAhead), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(source + 2112 + kAhead), _MM_HINT_T0);
    const std::int16_t* steps = tile_steps(source);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const Vec scale = vec_load_i16(steps + j * 16);
#pragma GCC unroll 6
      for (int r = 0; r < Rows; ++r) {
        float* out = sums + r * 64 + j * 16;
        vec_store(out, vec_fma(acc[r][j], scale, vec_load(out)));
      }
    }
  }
  nf4_finish(product, {first_row, first_row + Rows}, panel, sums);
}

inline void nf4_stream_rows(int rows, const Nf4Product& product, std::int64_t first, std::int64_t panel) {
  switch (rows) {
    case 1:
      return nf4_stream_panel<1>(product, first, panel);
    case 2:
      return nf4_stream_panel<2>(product, first, panel);
    case 3:
      return nf4_stream_panel<3>(product, first, panel);
    case 4:
      return nf4_stream_panel<4>(product, first, panel);
    case 5:
      return nf4_stream_panel<5>(product, first, panel);
    default:
      return nf4_stream_panel<6>(product, first, panel);
  }
}

// Rows in groups of even size; the second group finds the panel in the second-level cache.
inline void nf4_stream(const Nf4Product& product, std::int64_t panel) {
  const FlushSubnormals guard;
  const std::int64_t groups = ceil_div(product.rows, 6);
  for (std::int64_t group = 0; group < groups; ++group) {
    const std::int64_t first = product.rows * group / groups, end = product.rows * (group + 1) / groups;
    nf4_stream_rows(static_cast<int>(end - first), product, first, panel);
  }
}
#endif


inline void product_nf4(Context& context, const float* x, std::int64_t rows, const PackedWeight& weight, float* y,
                        const float* bias) {
#if defined(__AMX_BF16__)
  if (rows >= kAmxBlockRows) return amx_product_nf4(context, x, rows, weight, y, bias);
#endif
  const Nf4Product product{round_rows(context, x, rows, weight.columns(), weight.columns()), rows, weight, y, weight.rows(), 0, bias};
  const std::int64_t panels = weight.panels();
#if defined(__AVX512BF16__) && !defined(__AMX_BF16__)
  if (rows <= kStreamRows) {
    // Each task is a run of neighbouring panels: one contiguous stream.
    const std::int64_t at_once = std::max<std::int64_t>(1, panels / (context.pool.size() * 8));
    context.pool.run(static_cast<int>(ceil_div(panels, at_once)), [&](int task) {
      const std::int64_t end = std::min((task + 1) * at_once, panels);
      for (std::int64_t panel = task * at_once; panel < end; ++panel) nf4_stream(product, panel);
    });
    return;
  }
#endif
  const Split split(rows, panels, context.pool.size());
  context.pool.run(split.tasks(), [&](int task) {
    const std::int64_t block = task % split.row_blocks, group = task / split.row_blocks;
    const Range range{block * split.block_rows, std::min((block + 1) * split.block_rows, rows)};
    float* sums = context.scratch_as<float>(ThreadPool::thread_index(), kBlockRows * kPanelColumns, kOwnPanel);
    const std::int64_t end = std::min((group + 1) * split.group_panels, panels);
    for (std::int64_t panel = group * split.group_panels; panel < end; ++panel) nf4_panel(product, range, panel, sums);
  });
}

}  // namespace hone::HONE_ISA
