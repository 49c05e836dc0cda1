#pragma once
#include "cpu/gemm/gemm-bf16.h"
#include "cpu/gemm/gemm-quant.h"
#if defined(__AMX_BF16__)

// y = x wᵀ of one or two rows with a weight packed as bf16: bound by reading the weight, so it is read as one stream a thread and
// multiplied as it comes. The sums are those of the tile unit (see stream_block), so a row has the bits that it has among many.
namespace hone::HONE_ISA {

struct Bf16Pairs {
  static constexpr std::int64_t kPairBytes = PackedWeight::kPanel * 4;

  struct Line {
    const std::uint8_t* at;
    Line(const std::uint8_t* panel, std::int64_t pair) : at(panel + pair * kPairBytes) {}
  };
  template <int j>
  void values(const Line& line, Vec& lower, Vec& upper) const {
    const __m512i pairs = bits_load(line.at + j * 64);
    lower = _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
    upper = _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
  }
};

// Whole panels and whole steps of the tile unit only; a bias is added after the sums, and no head has one.
inline bool streams_bf16(std::int64_t rows, const PackedWeight& weight, const float* bias) {
  return rows <= kStreamedRows && bias == nullptr && weight.rows() % PackedWeight::kPanel == 0 && weight.columns() % (2 * kAmxPairs) == 0;
}

struct Bf16Stream {
  const PackedWeight& weight;
  float* y;
};

template <int Rows>
[[gnu::noinline]] void stream_bf16_panel(const Bf16Stream& product, const float* x, std::int64_t panel) {
  Vec dot[Rows][4];
  const PackedWeight& weight = product.weight;
  const std::int64_t depth = weight.columns(), columns = weight.rows();
  stream_block<Bf16Pairs, Rows>(Bf16Pairs(), weight.panel_as<std::uint8_t>(panel), depth / 2, x, depth, dot);
  for (int r = 0; r < Rows; ++r) {
    for (int j = 0; j < 4; ++j) vec_store(product.y + r * columns + panel * PackedWeight::kPanel + j * kLanes, dot[r][j]);
  }
}

// One x [rows, depth] with each of `count` weights.
inline void stream_bf16(Context& context, const float* x, std::int64_t rows, std::int64_t depth, const Bf16Stream* products, int count) {
  const std::int64_t values = rows * depth;
  float* const rounded = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(values), kSharedRows);
  for (std::int64_t k = 0; k < values; k += kLanes) {
    vec_store(rounded + k, _mm512_castsi512_ps(_mm512_slli_epi32(bits_round_bf16(vec_load(x + k)), 16)));
  }
  walk_streams_of<FlushSubnormals>(context.pool, products, count, [&](const Bf16Stream& product, std::int64_t panel) {
    if (rows == 1) return stream_bf16_panel<1>(product, rounded, panel);
    stream_bf16_panel<2>(product, rounded, panel);
  });
}

}  // namespace hone::HONE_ISA
#endif
