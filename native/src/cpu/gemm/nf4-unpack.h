#pragma once
#include "core/half.h"
#include "core/nf4-codec.h"
#include "core/packed-weight.h"
#include "cpu/gemm/gemm-vector.h"

// A tile of NF4 codes (64 columns x 64 k) into the pair order of the bf16 dot: [32 pairs][64 columns] of 32 bits.
namespace hone::HONE_ISA {

inline constexpr int kTilePairs = PackedWeight::kTileLines;
inline constexpr int kTileElements = kTilePairs * PackedWeight::kPanel;

// The f32 scales of a tile are these 16-bit steps times the factor of the row.
inline const std::int16_t* tile_steps(const std::uint8_t* tile) {
  return reinterpret_cast<const std::int16_t*>(tile + 64 * PackedWeight::kTileLines);
}

// While a line is unpacked the same line of the tile after the next comes nearer: over the ends of pages, where the
// hardware prefetcher stops, and one at a time, so that the few line buffers are not taken by a burst.
inline void prefetch_ahead(const std::uint8_t* line) {
  _mm_prefetch(reinterpret_cast<const char*>(line + 2 * PackedWeight::kTileBytes), _MM_HINT_T0);
}

#if defined(__AVX512BW__)

// vpermw looks at five bits of each 16-bit lane: with the 16 codes twice in the table, the fifth bit (of the next
// nibble) does not matter, so nothing is masked.
inline __m512i nf4_word_table() {
  alignas(64) std::uint16_t table[32];
  for (int i = 0; i < 32; ++i) table[i] = f32_to_bf16(kNf4Code[i % 16]);
  return _mm512_load_si512(table);
}

// The 16 columns of nibble `q` of one line.
template <int q>
__m512i nf4_line(__m512i table, __m512i line) {
  return _mm512_permutexvar_epi16(q == 0 ? line : _mm512_srli_epi16(line, 4 * q), table);
}

inline void unpack_codes(const std::uint8_t* tile, std::uint32_t* out) {
  const __m512i table = nf4_word_table();
  for (int line = 0; line < kTilePairs; ++line, out += 64) {
    const __m512i codes = _mm512_loadu_si512(tile + line * 64);
    prefetch_ahead(tile + line * 64);
    _mm512_store_si512(out, nf4_line<0>(table, codes));
    _mm512_store_si512(out + 16, nf4_line<1>(table, codes));
    _mm512_store_si512(out + 32, nf4_line<2>(table, codes));
    _mm512_store_si512(out + 48, nf4_line<3>(table, codes));
  }
}

#else

// Two byte tables, one for each half of the bf16; a zero byte index in the odd bytes is masked by its top bit.
inline void unpack_codes(const std::uint8_t* tile, std::uint32_t* out) {
  alignas(32) std::uint8_t low[32], high[32];
  for (int i = 0; i < 32; ++i) {
    low[i] = static_cast<std::uint8_t>(f32_to_bf16(kNf4Code[i % 16]));
    high[i] = static_cast<std::uint8_t>(f32_to_bf16(kNf4Code[i % 16]) >> 8);
  }
  const __m256i low_table = _mm256_load_si256(reinterpret_cast<const __m256i*>(low));
  const __m256i high_table = _mm256_load_si256(reinterpret_cast<const __m256i*>(high));
  const __m256i nibble = _mm256_set1_epi16(15), upper_off = _mm256_set1_epi16(static_cast<short>(0x8000));
  for (int line = 0; line < kTilePairs; ++line) {
    prefetch_ahead(tile + line * 64);
    for (int half = 0; half < 2; ++half) {
      const __m256i codes = bits_load(tile + line * 64 + half * 32);
      for (int q = 0; q < 4; ++q) {
        const __m256i index = _mm256_or_si256(
            _mm256_and_si256(_mm256_srl_epi16(codes, _mm_cvtsi32_si128(4 * q)), nibble), upper_off);
        const __m256i values = _mm256_or_si256(_mm256_shuffle_epi8(low_table, index),
                                               _mm256_slli_epi16(_mm256_shuffle_epi8(high_table, index), 8));
        bits_store(out + line * 64 + q * 16 + half * 8, values);
      }
    }
  }
}

#endif

// The same with the scale in: the bf16 nearest to code * scale, as the product for the input gradient uses it.
inline void unpack_scaled(const std::uint8_t* tile, const float* row_factor, std::uint32_t* out) {
  const Table16 table(kNf4Code);
  const std::int16_t* steps = tile_steps(tile);
  for (int column = 0; column < 64; column += kLanes) {
    const int q = column / 16;
    const Vec scale = vec_mul(vec_load_i16(steps + column), vec_load(row_factor + column));
    for (int line = 0; line < kTilePairs; ++line) {
      const VecBits codes = bits_load(tile + line * 64 + column % 16 * 4);
      const Vec lower = vec_mul(table(bits_shift_right(codes, 4 * q)), scale);
      const Vec upper = vec_mul(table(bits_shift_right(codes, 16 + 4 * q)), scale);
      bits_store(out + line * 64 + column, bits_pair_bf16(upper, lower));
    }
  }
}

}  // namespace hone::HONE_ISA
