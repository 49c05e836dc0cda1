#pragma once
#include "cpu/gemm/gemm-quant-product.h"

// Up to 32 rows on the tile unit. While the tiles of one block are multiplied the next block is unpacked into the other of
// two buffers, so that the tile unit never waits for a store that has just been made, and the codes arrive at the speed of
// memory: with 8 rows a block costs the larger of the two halves instead of their sum.
#if defined(__AMX_BF16__)
namespace hone::HONE_ISA {

inline constexpr int kTiledRows = 32;

template <class Format>
class TiledPanels {
 public:
  TiledPanels(const QuantProduct& product, const Format& format)
      : product_(product),
        format_(format),
        upper_(static_cast<int>(std::min<std::int64_t>(16, product.rows))),
        lower_(static_cast<int>(product.rows) - upper_),
        pairs_(product.block_pairs()),
        a_row_(pair_stride(product.weight.depth() * pairs_)) {
    amx_configure({upper_, lower_, static_cast<int>(kAmxPairs)});
  }
  ~TiledPanels() { _tile_release(); }
  TiledPanels(const TiledPanels&) = delete;
  TiledPanels& operator=(const TiledPanels&) = delete;

  void run(std::int64_t panel) {
    const std::int64_t tiles = product_.weight.depth();
    std::memset(sums_, 0, static_cast<std::size_t>(product_.rows * kPanelColumns) * sizeof(float));
    unpack(panel, 0, 0, pairs_);
    for (std::int64_t at = 0; at < tiles; ++at) {
      const std::uint32_t* a = product_.pairs + at * pairs_;
      const std::uint32_t* b = unpacked_[at % 2];
      const std::int64_t half = lower_ > 0 ? pairs_ / 2 : pairs_;
      lower_ > 0 ? multiply_two(a, b) : multiply_one(a, b);
      unpack(panel, at + 1, 0, half);
      store(0);
      if (lower_ > 0) {
        multiply_two(a, b + 32);
        unpack(panel, at + 1, half, pairs_);
        store(32);
      }
      join(panel, at);
    }
    quant_finish(product_, {0, product_.rows}, panel, sums_);
  }

 private:
  void unpack(std::int64_t panel, std::int64_t at, std::int64_t begin, std::int64_t end) {
    if (at >= product_.weight.depth()) return;
    format_.unpack(product_.weight.tile(panel, at) + begin * Format::kPairBytes, end - begin,
                   unpacked_[at % 2] + begin * kPanelColumns, 2 * product_.weight.tile_bytes());
    amx_fence();
  }

  // Up to 16 rows, all four tiles of columns.
  void multiply_one(const std::uint32_t* a, const std::uint32_t* b) {
    constexpr std::int64_t kRowBytes = kPanelColumns * 4;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (std::int64_t pair = 0; pair < pairs_; pair += kAmxPairs, a += kAmxPairs, b += kAmxPairs * kPanelColumns) {
      _tile_loadd(4, a, a_row_ * 4);
      _tile_loadd(6, b, kRowBytes);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, b + 16, kRowBytes);
      _tile_dpbf16ps(1, 4, 7);
      _tile_loadd(6, b + 32, kRowBytes);
      _tile_dpbf16ps(2, 4, 6);
      _tile_loadd(7, b + 48, kRowBytes);
      _tile_dpbf16ps(3, 4, 7);
    }
  }

  // 17 to 32 rows, two tiles of columns.
  void multiply_two(const std::uint32_t* a, const std::uint32_t* b) {
    constexpr std::int64_t kRowBytes = kPanelColumns * 4;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (std::int64_t pair = 0; pair < pairs_; pair += kAmxPairs, a += kAmxPairs, b += kAmxPairs * kPanelColumns) {
      _tile_loadd(4, a, a_row_ * 4);
      _tile_loadd(6, b, kRowBytes);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(5, a + 16 * a_row_, a_row_ * 4);
      _tile_dpbf16ps(2, 5, 6);
      _tile_loadd(7, b + 16, kRowBytes);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
  }

  void store(std::int64_t column) {
    constexpr std::int64_t kRowBytes = kPanelColumns * 4;
    float* const out = dots_ + column;
    amx_fence();
    _tile_stored(0, out, kRowBytes);
    _tile_stored(1, out + 16, kRowBytes);
    if (lower_ > 0) {
      _tile_stored(2, out + 16 * kPanelColumns, kRowBytes);
      _tile_stored(3, out + 16 * kPanelColumns + 16, kRowBytes);
    } else {
      _tile_stored(2, out + 32, kRowBytes);
      _tile_stored(3, out + 48, kRowBytes);
    }
    amx_fence();
  }

  void join(std::int64_t panel, std::int64_t at) {
    const std::uint8_t* tile = product_.weight.tile(panel, at);
    for (std::int64_t column = 0; column < kPanelColumns; column += kLanes) {
      const QuantJoin<Format> join(product_, tile, static_cast<int>(column));
      for (std::int64_t r = 0; r < product_.rows; ++r) {
        const float block_sum = Format::kHasZeros ? product_.block_sums[r * product_.weight.depth() + at] : 0.0f;
        float* out = sums_ + r * kPanelColumns + column;
        vec_store(out, join(block_sum, vec_load(dots_ + r * kPanelColumns + column), vec_load(out)));
      }
    }
  }

  const QuantProduct& product_;
  const Format& format_;
  const int upper_, lower_;
  const std::int64_t pairs_, a_row_;
  alignas(64) std::uint32_t unpacked_[2][kTileElements];
  alignas(64) float dots_[kTiledRows * kPanelColumns];
  alignas(64) float sums_[kTiledRows * kPanelColumns];
};

template <class Format>
[[gnu::noinline]] void tiled_product(Context& context, const QuantProduct& product, const Format& format) {
  const std::int64_t panels = product.weight.panels();
  const std::int64_t tasks = std::min<std::int64_t>(panels, context.pool.size() * std::int64_t{8});
  context.pool.run(static_cast<int>(tasks), [&](int task) {
    const FlushSubnormals guard;
    TiledPanels<Format> tiled(product, format);
    const std::int64_t end = panels * (task + 1) / tasks;
    for (std::int64_t panel = panels * task / tasks; panel < end; ++panel) tiled.run(panel);
  });
}

}  // namespace hone::HONE_ISA
#endif
