#pragma once
#include "cpu/gemm/gemm-amx-block.h"
#include "cpu/gemm/nf4-unpack.h"
#include "cpu/gemm/quant-format.h"
#if defined(__AMX_BF16__)

// The 4-bit product of many rows on the tile unit, 16 rows by the 64 columns of a panel at a time. The unit gives the dots of
// one block of 64 k, which are stored, scaled and added to the sums on the vector ports while the unit is at the next block:
// without that a block takes a quarter longer. The chain of one output is that of every other path:
// sum = fma(step[block], dot, sum).
namespace hone::HONE_ISA {

// Two blocks of 64 k: their tiles of a panel (16 KiB), the dots, the sums and the rows of x share the first level. Three and
// four blocks load and store the sums less often and are slower.
inline constexpr std::int64_t kNf4Steps = 4, kNf4Blocks = kNf4Steps / 2;
// 1 MiB of sums, twice what bf16 takes: a slice of x is short and comes from the third level for every group of panels.
inline constexpr AmxShare kNf4Share{512, 8};
inline constexpr std::int64_t kStrip = 4 * kTileWords;  // 16 x 64 of C.

// Lines [begin, end) of a tile of NF4 (64 columns x 64 k) as [step][4 tiles].
inline void nf4_tiles(const std::uint8_t* source, int begin, int end, std::uint32_t* tiles) {
  const __m512i table = nf4_word_table();
  for (int line = begin; line < end; ++line) {
    const __m512i codes = _mm512_loadu_si512(source + line * 64);
    std::uint32_t* const out = tiles + line / 16 * 4 * kTileWords + line % 16 * 16;
    _mm512_store_si512(out, nf4_line<0>(table, codes));
    _mm512_store_si512(out + kTileWords, nf4_line<1>(table, codes));
    _mm512_store_si512(out + 2 * kTileWords, nf4_line<2>(table, codes));
    _mm512_store_si512(out + 3 * kTileWords, nf4_line<3>(table, codes));
  }
}

// One step of 16 pairs: a tile of x and four tiles of codes.
inline void nf4_step(const std::uint32_t* a, const std::uint32_t* b) {
  _tile_loadd(4, a, 64);
  _tile_loadd(5, b, 64);
  _tile_dpbf16ps(0, 4, 5);
  _tile_loadd(6, b + kTileWords, 64);
  _tile_dpbf16ps(1, 4, 6);
  _tile_loadd(7, b + 2 * kTileWords, 64);
  _tile_dpbf16ps(2, 4, 7);
  _tile_loadd(5, b + 3 * kTileWords, 64);
  _tile_dpbf16ps(3, 4, 5);
}

// sums = fma(dots, scale, sums) for two of the four tiles of a strip.
template <int First>
void nf4_join(const float* dots, const float* scales, float* sums, bool starts) {
#pragma GCC unroll 2
  for (int tile = First; tile < First + 2; ++tile) {
    const Vec scale = vec_load(scales + tile * 16);
#pragma GCC unroll 16
    for (int r = 0; r < 16; ++r) {
      const std::int64_t at = tile * kTileWords + r * 16;
      vec_store(sums + at, vec_fma(vec_load(dots + at), scale, starts ? vec_zero() : vec_load(sums + at)));
    }
  }
}

// y = sums * factor + bias.
inline void nf4_deliver(const float* sums, std::int64_t rows, std::int64_t columns, const float* factor, const float* bias,
                        float* c, std::int64_t c_row) {
  for (std::int64_t tile = 0; tile * 16 < columns; ++tile) {
    // The lanes beyond the last column are neither loaded nor stored.
    const __mmask16 lanes = static_cast<__mmask16>((1u << std::min<std::int64_t>(16, columns - tile * 16)) - 1u);
    const Vec scale = _mm512_maskz_loadu_ps(lanes, factor + tile * 16);
    const Vec add = bias != nullptr ? _mm512_maskz_loadu_ps(lanes, bias + tile * 16) : vec_zero();
    for (std::int64_t r = 0; r < rows; ++r) {
      const Vec sum = vec_load(sums + tile * kTileWords + r * 16);
      _mm512_mask_storeu_ps(c + r * c_row + tile * 16, lanes, vec_fma(sum, scale, add));
    }
  }
}

// One block of C by one thread.
class Nf4Block {
 public:
  Nf4Block(Context& context, const AmxProduct& product, const PackedWeight& weight, Range rows, Range panels)
      : product_(product), weight_(weight), rows_(rows), panels_(panels), strips_(ceil_div(rows.end - rows.begin, 16)) {
    const std::int64_t sums = strips_ * (panels.end - panels.begin) * kStrip, tiles = kNf4Steps * 4 * kTileWords;
    sums_ = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(sums + tiles + kStrip), kOwnPanel);
    tiles_ = reinterpret_cast<std::uint32_t*>(sums_ + sums);
    dots_ = sums_ + sums + tiles;
  }

  void run() {
    const FlushSubnormals guard;  // As few rows are joined: a sum that is subnormal is zero there too.
    const AmxSlices& slices = product_.a.slices;
    amx_configure({16, 16, 16});
    for (std::int64_t slice = 0; slice < slices.count(); ++slice) {
      if (slice + 1 < slices.count()) {
        const Range next = slices.steps_of(slice + 1);
        ahead_a_.aim({product_.a.tile(rows_.begin / 16, next), strips_ * (next.end - next.begin) * kTileWords * 4},
                     strips_ * (panels_.end - panels_.begin));
      }
      for (std::int64_t panel = panels_.begin; panel < panels_.end; ++panel) {
        unpack(panel, slices.steps_of(slice));
        run_panel(panel, slice);
      }
    }
    join<0>();
    join<2>();
    deliver();
    _tile_release();
  }

 private:
  // The block whose dots have been stored and not been joined, and the strip that is finished by it.
  struct Pending {
    const float* scales;
    float* sums = nullptr;
    bool starts, ends;
    std::int64_t row, panel;
  };

  void unpack(std::int64_t panel, Range steps) {
    scales_ = scales_ == scale_space_[0] ? scale_space_[1] : scale_space_[0];
    for (std::int64_t block = 0; block * 2 < steps.end - steps.begin; ++block) {
      const std::uint8_t* source = weight_.tile(panel, steps.begin / 2 + block);
      nf4_tiles(source, 0, kTilePairs, tiles_ + block * 8 * kTileWords);
      for (int j = 0; j < kPanelColumns; j += kLanes) {
        vec_store(scales_ + block * kPanelColumns + j, vec_load_i16(tile_steps(source) + j));
      }
    }
  }

  void run_panel(std::int64_t panel, std::int64_t slice) {
    const AmxSlices& slices = product_.a.slices;
    const Range steps = slices.steps_of(slice);
    const std::int64_t blocks = (steps.end - steps.begin) / 2;
    const bool is_last = slice + 1 == slices.count();
    LinesAhead ahead_b;
    if (panel + 1 < panels_.end) ahead_b.aim(source(panel + 1, steps), strips_);
    else if (!is_last) ahead_b.aim(source(panels_.begin, slices.steps_of(slice + 1)), strips_);
    float* sums = sums_ + (panel - panels_.begin) * strips_ * kStrip;
    for (std::int64_t m = rows_.begin; m < rows_.end; m += 16, sums += kStrip) {
      const std::uint32_t* a = product_.a.tile(m / 16, steps);
      ahead_a_.go();
      ahead_b.go();
      for (std::int64_t block = 0; block < blocks; ++block) {
        multiply(a + block * 2 * kTileWords, tiles_ + block * 8 * kTileWords);
        pending_ = {scales_ + block * kPanelColumns, sums, slice == 0 && block == 0, is_last && block + 1 == blocks, m, panel};
      }
    }
  }

  Lines source(std::int64_t panel, Range steps) const {
    const std::int64_t bytes = static_cast<std::int64_t>(weight_.tile_bytes());
    return {weight_.tile(panel, steps.begin / 2), (steps.end - steps.begin) / 2 * bytes};
  }

  // The loads of the joining come before the stores of the new dots: behind them each would wait for a store whose address
  // has the same lowest 12 bits.
  void multiply(const std::uint32_t* a, const std::uint32_t* b) {
    amx_fence();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    nf4_step(a, b);
    amx_fence();
    join<0>();
    amx_fence();
    nf4_step(a + kTileWords, b + 4 * kTileWords);
    amx_fence();
    join<2>();
    amx_fence();
    _tile_stored(0, dots_, 64);
    _tile_stored(1, dots_ + kTileWords, 64);
    _tile_stored(2, dots_ + 2 * kTileWords, 64);
    _tile_stored(3, dots_ + 3 * kTileWords, 64);
    amx_fence();
    deliver();
  }

  template <int First>
  void join() const {
    if (pending_.sums != nullptr) nf4_join<First>(dots_, pending_.scales, pending_.sums, pending_.starts);
  }

  void deliver() const {
    if (pending_.sums == nullptr || !pending_.ends) return;
    const std::int64_t column = pending_.panel * kPanelColumns;
    const float* bias = product_.bias != nullptr ? product_.bias + column : nullptr;
    nf4_deliver(pending_.sums, std::min<std::int64_t>(16, rows_.end - pending_.row),
                std::min(kPanelColumns, product_.columns - column), weight_.row_factor(pending_.panel), bias,
                product_.c_at(pending_.row, column), product_.c_row);
  }

  const AmxProduct& product_;
  const PackedWeight& weight_;
  const Range rows_, panels_;
  const std::int64_t strips_;
  float *sums_, *dots_, *scales_ = nullptr;
  std::uint32_t* tiles_;
  Pending pending_;
  LinesAhead ahead_a_;
  alignas(64) float scale_space_[2][kNf4Blocks * kPanelColumns];
};

inline void amx_product_nf4(Context& context, const float* x, std::int64_t rows, const PackedWeight& weight, float* y,
                            const float* bias) {
  const std::int64_t depth = weight.columns(), columns = weight.rows();
  const AmxOperand a = round_tiles(context, x, rows, depth, depth, kSharedRows, kNf4Steps);
  const AmxProduct product{a, rows, columns, y, columns, false, bias};
  amx_split(context, rows, product.panels(), kNf4Share,
            [&](Range some, Range panels) { Nf4Block(context, product, weight, some, panels).run(); });
}

}  // namespace hone::HONE_ISA
#endif
