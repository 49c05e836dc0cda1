#pragma once
#include "cpu/gemm/gemm-round.h"
#include "cpu/gemm/gemm.h"
#if defined(__AMX_BF16__)

// The operand A of a product on the tile unit, in the order in which the unit reads it: tiles of 16 rows x 16 pairs, 1 KiB
// each without a gap. The sum is cut into slices, and the tiles of one slice lie side by side for all rows.
namespace hone::HONE_ISA {

inline constexpr std::int64_t kTileWords = 256;  // 16 rows of 16 pairs.
inline constexpr std::int64_t kSliceSteps = 8;

struct AmxSlices {
  std::int64_t pairs, steps, length;  // `length` steps in every slice but the last; even, so that a slice of B is whole blocks of 64 k.

  explicit AmxSlices(std::int64_t pairs_in, std::int64_t longest = kSliceSteps)
      : pairs(pairs_in), steps(ceil_div(pairs_in, kAmxPairs)) {
    const std::int64_t slices = std::max<std::int64_t>(1, ceil_div(steps, longest));
    length = std::max<std::int64_t>(2, ceil_div(ceil_div(steps, slices), 2) * 2);
  }
  std::int64_t count() const { return ceil_div(steps, length); }
  Range steps_of(std::int64_t slice) const { return {slice * length, std::min((slice + 1) * length, steps)}; }
  Range pairs_of(std::int64_t slice) const { return {slice * length * kAmxPairs, std::min((slice + 1) * length * kAmxPairs, pairs)}; }
};

struct AmxOperand {
  const std::uint32_t* tiles;
  std::int64_t blocks;  // Of 16 rows; rows beyond the end are zero.
  AmxSlices slices;

  const std::uint32_t* tile(std::int64_t block, Range steps) const {
    return tiles + (steps.begin * blocks + block * (steps.end - steps.begin)) * kTileWords;
  }
};

// One row's share of a tile.
inline void round_into_tile(const float* source, std::int64_t count, std::uint32_t* target) {
  std::uint16_t* out = reinterpret_cast<std::uint16_t*>(target);
  if (count >= 32) {
    bits_store_u16(out, bits_round_bf16(vec_load(source)));
    bits_store_u16(out + 16, bits_round_bf16(vec_load(source + 16)));
    return;
  }
  std::memset(target, 0, 64);
  if (count > 0) round_row(source, count, target);
}

// A = source [rows, depth], its rows `source_row` apart, rounded to bf16.
inline AmxOperand round_tiles(Context& context, const float* source, std::int64_t rows, std::int64_t depth,
                              std::int64_t source_row, int slot = kSharedRows, std::int64_t longest = kSliceSteps) {
  const AmxSlices slices(ceil_div(depth, 2), longest);
  const std::int64_t blocks = ceil_div(rows, 16);
  std::uint32_t* const out = context.scratch_as<std::uint32_t>(
      ThreadPool::thread_index(), static_cast<std::size_t>(blocks * slices.steps * kTileWords), slot);
  context.pool.run(static_cast<int>(blocks), [&](int block) {
    const std::int64_t first = block * std::int64_t{16}, valid = std::min<std::int64_t>(16, rows - first);
    for (std::int64_t r = 0; r < 16; ++r) {
      const float* row = source + (first + r) * source_row;
      for (std::int64_t slice = 0; slice < slices.count(); ++slice) {
        const Range steps = slices.steps_of(slice);
        std::uint32_t* target = out + (steps.begin * blocks + block * (steps.end - steps.begin)) * kTileWords + r * 16;
        for (std::int64_t step = steps.begin; step < steps.end; ++step, target += kTileWords) {
          round_into_tile(row + step * 32, r < valid ? depth - step * 32 : 0, target);
        }
      }
    }
  });
  return {out, blocks, slices};
}

}  // namespace hone::HONE_ISA
#endif
