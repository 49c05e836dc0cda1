#pragma once
#include "cpu/gemm-amx-block.h"
#include "cpu/nf4-unpack.h"
#if defined(__AMX_BF16__)

// The 4-bit product of many rows on the tile unit. The tiles give the dots of one block of 64 k after the other; the dots
// of a slice are scaled and added to the sums together, in the order of the blocks, so that a sum is loaded and stored once
// a slice. The chain of one output is that of every other path: sum = fma(step[block], dot, sum).
namespace hone::HONE_ISA {

inline constexpr std::int64_t kSliceBlocks = kSliceSteps / 2;
inline constexpr AmxShare kNf4Share{256, 8};

// Codes of one tile of NF4 (64 columns x 64 k) into two steps of tiles, as amx_retile lays them.
inline void nf4_tiles(const std::uint8_t* source, std::int64_t steps, std::int64_t block, std::uint32_t* tiles) {
  const __m512i table = nf4_word_table();
  std::uint32_t* const left = tiles + block * 4 * kTileWords;
  std::uint32_t* const right = left + steps * 2 * kTileWords;
  for (int line = 0; line < kTilePairs; ++line) {
    const __m512i codes = _mm512_loadu_si512(source + line * 64);
    const int at = line / 16 * 2 * static_cast<int>(kTileWords) + line % 16 * 16;
    _mm512_store_si512(left + at, nf4_line<0>(table, codes));
    _mm512_store_si512(left + at + kTileWords, nf4_line<1>(table, codes));
    _mm512_store_si512(right + at, nf4_line<2>(table, codes));
    _mm512_store_si512(right + at + kTileWords, nf4_line<3>(table, codes));
  }
}

// sums = fma(scale of the block, dots of the block, sums), block after block.
template <int Blocks>
void nf4_add_dots(const float* dots, const float* scales, std::int64_t rows, float* sums, bool first) {
  for (std::int64_t side = 0; side < 2; ++side) {
    Vec scale[Blocks];
    for (int block = 0; block < Blocks; ++block) scale[block] = vec_load(scales + block * kPanelColumns + side * 16);
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t at = (r / 16 * 2 + side) * kTileWords + r % 16 * 16;
      Vec sum = first ? vec_zero() : vec_load(sums + at);
#pragma GCC unroll 4
      for (int block = 0; block < Blocks; ++block) sum = vec_fma(vec_load(dots + block * kSquare + at), scale[block], sum);
      vec_store(sums + at, sum);
    }
  }
}

inline void nf4_add_slice(std::int64_t blocks, const float* dots, const float* scales, std::int64_t rows, float* sums, bool first) {
  switch (blocks) {
    case 1:
      return nf4_add_dots<1>(dots, scales, rows, sums, first);
    case 2:
      return nf4_add_dots<2>(dots, scales, rows, sums, first);
    case 3:
      return nf4_add_dots<3>(dots, scales, rows, sums, first);
    default:
      return nf4_add_dots<kSliceBlocks>(dots, scales, rows, sums, first);
  }
}

// y = sums * factor + bias.
inline void nf4_deliver(const float* sums, std::int64_t rows, std::int64_t columns, const float* factor, const float* bias,
                        float* c, std::int64_t c_row) {
  for (std::int64_t side = 0; side * 16 < columns; ++side) {
    // The lanes beyond the last column are neither loaded nor stored.
    const __mmask16 lanes = static_cast<__mmask16>((1u << std::min<std::int64_t>(16, columns - side * 16)) - 1u);
    const Vec scale = _mm512_maskz_loadu_ps(lanes, factor + side * 16);
    const Vec add = bias != nullptr ? _mm512_maskz_loadu_ps(lanes, bias + side * 16) : vec_zero();
    for (std::int64_t r = 0; r < rows; ++r) {
      const Vec sum = vec_load(sums + (r / 16 * 2 + side) * kTileWords + r % 16 * 16);
      _mm512_mask_storeu_ps(c + r * c_row + side * 16, lanes, vec_fma(sum, scale, add));
    }
  }
}

// One panel of a slice for one thread: its codes as tiles and its scales as f32, then all rows of the block.
struct Nf4Slice {
  const AmxProduct& product;
  const PackedWeight& weight;
  Range steps;
  bool is_first, is_last;
  std::uint32_t* tiles;
  float* dots;

  void panel(std::int64_t panel, Range rows, float* sums, AmxAhead& ahead) const {
    const std::int64_t length = steps.end - steps.begin, blocks = length / 2;
    alignas(64) float scales[kSliceBlocks * kPanelColumns];
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::uint8_t* source = weight.tile(panel, steps.begin / 2 + block);
      nf4_tiles(source, length, block, tiles);
      for (int j = 0; j < kPanelColumns; j += kLanes) {
        vec_store(scales + block * kPanelColumns + j, vec_load_i16(tile_steps(source) + j));
      }
    }
    for (std::int64_t half = 0; half < 2; ++half) {
      const std::int64_t column = panel * kPanelColumns + half * 32;
      const std::int64_t columns = std::min<std::int64_t>(32, product.columns - column);
      for (std::int64_t m = rows.begin; columns > 0 && m < rows.end; m += 32, sums += kSquare) {
        const std::int64_t valid = std::min<std::int64_t>(32, rows.end - m);
        const std::uint32_t* upper = product.a.tile(m / 16, steps);
        const std::uint32_t* lower = valid > 16 ? product.a.tile(m / 16 + 1, steps) : nullptr;
        ahead.go();
        amx_fence();
        for (std::int64_t block = 0; block < blocks; ++block) {
          const std::int64_t at = block * 2 * kTileWords;
          amx_square(upper + at, lower != nullptr ? lower + at : nullptr, tiles + (half * length + block * 2) * 2 * kTileWords, 2,
                     dots + block * kSquare, false);
        }
        amx_fence();
        nf4_add_slice(blocks, dots, scales + half * 32, valid, sums, is_first);
        if (!is_last) continue;
        const float* bias = product.bias != nullptr ? product.bias + column : nullptr;
        nf4_deliver(sums, valid, columns, weight.row_factor() + column, bias, product.c_at(m, column), product.c_row);
      }
    }
  }
};

inline void amx_block_nf4(Context& context, const AmxProduct& product, const PackedWeight& weight, Range rows, Range panels) {
  const AmxOperand& a = product.a;
  const std::int64_t squares = ceil_div(rows.end - rows.begin, 32), count = panels.end - panels.begin;
  const int thread = ThreadPool::thread_index();
  const std::int64_t sums_count = squares * count * 2 * kSquare, tiles_count = kSliceSteps * 4 * kTileWords;
  float* const sums = context.scratch_as<float>(
      thread, static_cast<std::size_t>(sums_count + tiles_count + kSliceBlocks * kSquare), kOwnPanel);
  std::uint32_t* const tiles = reinterpret_cast<std::uint32_t*>(sums + sums_count);
  float* const dots = sums + sums_count + tiles_count;
  amx_configure({16, 16, 16});
  for (std::int64_t slice = 0; slice < a.slices.count(); ++slice) {
    const Range steps = a.slices.steps_of(slice);
    const bool is_last = slice + 1 == a.slices.count();
    AmxAhead ahead;
    if (!is_last) {
      const Range next = a.slices.steps_of(slice + 1);
      ahead.aim({a.tile(rows.begin / 16, next), squares * 2 * (next.end - next.begin) * 1024}, squares * 2 * count);
    }
    const Nf4Slice part{product, weight, steps, slice == 0, is_last, tiles, dots};
    for (std::int64_t panel = panels.begin; panel < panels.end; ++panel) {
      part.panel(panel, rows, sums + (panel - panels.begin) * 2 * squares * kSquare, ahead);
    }
  }
  _tile_release();
}

inline void amx_product_nf4(Context& context, const float* x, std::int64_t rows, const PackedWeight& weight, float* y,
                            const float* bias) {
  const std::int64_t depth = weight.columns(), columns = weight.rows();
  const AmxProduct product{round_tiles(context, x, rows, depth, depth), rows, columns, y, columns, false, bias};
  amx_split(context, rows, product.panels(), kNf4Share,
            [&](Range some, Range panels) { amx_block_nf4(context, product, weight, some, panels); });
}

}  // namespace hone::HONE_ISA
#endif
