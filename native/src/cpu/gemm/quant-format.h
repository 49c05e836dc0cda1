#pragma once
#include <algorithm>

#include "core/half.h"
#include "core/nf4-codec.h"
#include "core/packed-weight.h"
#include "cpu/gemm/gemm-vector.h"

// How the codes of a tile become numbers, for each quantized format. Every code is a bf16 number (for nf4 the nearest one),
// so a product multiplies bf16 by bf16 and the scale comes after the dot of a block.
namespace hone::HONE_ISA {

// vdpbf16ps and the tile unit treat subnormal operands and results as zero. A kernel of such a level that computes the same
// sums with plain multiply-adds does so under this guard, so that the bits are the same for subnormal numbers too.
class FlushSubnormals {
 public:
#if defined(__AVX512BF16__)
  FlushSubnormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }
  ~FlushSubnormals() { _mm_setcsr(saved_); }
#else
  FlushSubnormals() {}
#endif
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;

 private:
#if defined(__AVX512BF16__)
  unsigned saved_;
#endif
};

inline Vec vec_load_i8(const std::int8_t* p) {
#if defined(__AVX512F__)
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#else
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
#endif
}

// `upper` and `lower` are bf16 numbers already: nothing is rounded.
inline VecBits pair_of_exact(Vec upper, Vec lower) {
#if defined(__AVX512F__)
  return _mm512_mask_mov_epi16(_mm512_srli_epi32(_mm512_castps_si512(lower), 16), 0xaaaaaaaau, _mm512_castps_si512(upper));
#else
  return _mm256_blend_epi16(_mm256_srli_epi32(_mm256_castps_si256(lower), 16), _mm256_castps_si256(upper), 0xaa);
#endif
}

// The 16 values of a 4-bit code, as f32 and as bf16.
class NibbleTable {
 public:
  explicit NibbleTable(const float* codes) : floats_(codes) {
#if defined(__AVX512BW__)
    // vpermw looks at five bits of each 16-bit lane: with the 16 codes twice in the table the fifth bit, which belongs to
    // the next nibble, does not matter, so nothing is masked.
    alignas(64) std::uint16_t words[32];
    for (int i = 0; i < 32; ++i) words[i] = f32_to_bf16(codes[i % 16]);
    words_ = _mm512_load_si512(words);
#endif
  }

  // The numbers of nibble q of each half of `codes`: parity 0 from the lower halves, 1 from the upper.
#if defined(__AVX512BW__)
  template <int q>
  static __m512i moved(__m512i codes) {
    return q == 0 ? codes : _mm512_srli_epi32(codes, 4 * q);
  }
  Vec lower(__m512i moved) const { return floats_(moved); }
  // A bf16 in the upper half of a lane over a lower half of zeros is the f32 itself.
  Vec upper(__m512i moved) const {
    return _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xaaaaaaaau, moved, words_));
  }
  // Both at once: the pair that the bf16 dot takes.
  VecBits pair(__m512i moved) const { return _mm512_permutexvar_epi16(moved, words_); }
#endif
  Vec operator()(VecBits index) const { return floats_(index); }

 private:
  Table16 floats_;
#if defined(__AVX512BW__)
  __m512i words_;
#endif
};

// Of 4-bit codes; `Codes` names the table.
template <class Codes>
struct NibbleFormat {
  static constexpr bool kHasScales = true;  // In the tile.
  static constexpr bool kHasZeros = Codes::kHasZeros;
  static constexpr std::int64_t kPairBytes = 64;
  NibbleTable table{Codes::values()};

  // [pairs][64 columns] of bf16 pairs; the line that lies `ahead` bytes further on comes nearer with each.
  void unpack(const std::uint8_t* tile, std::int64_t pairs, std::uint32_t* out, std::size_t ahead) const {
    for (std::int64_t line = 0; line < pairs; ++line, out += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(tile + line * 64 + ahead), _MM_HINT_T0);
#if defined(__AVX512BW__)
      const __m512i codes = bits_load(tile + line * 64);
      bits_store(out, table.pair(NibbleTable::moved<0>(codes)));
      bits_store(out + 16, table.pair(NibbleTable::moved<1>(codes)));
      bits_store(out + 32, table.pair(NibbleTable::moved<2>(codes)));
      bits_store(out + 48, table.pair(NibbleTable::moved<3>(codes)));
#else
      for (int half = 0; half < 2; ++half) {
        const VecBits codes = bits_load(tile + line * 64 + half * 32);
        for (int q = 0; q < 4; ++q) {
          bits_store(out + q * 16 + half * 8,
                     pair_of_exact(table(bits_shift_right(codes, 16 + 4 * q)), table(bits_shift_right(codes, 4 * q))));
        }
      }
#endif
    }
  }

  // The f32 of kLanes columns from `column` on and one pair of k, before zero point and scale.
  void values(const std::uint8_t* tile, std::int64_t line, int column, Vec& lower, Vec& upper) const {
    const int q = column / 16;
    const VecBits codes = bits_load(tile + line * 64 + column % 16 * 4);
    lower = table(bits_shift_right(codes, 4 * q));
    upper = table(bits_shift_right(codes, 16 + 4 * q));
  }

#if defined(__AVX512F__)
  // One pair of k of 64 columns, 16 columns at a time: few of its numbers have to lie in registers at once.
  struct Line {
    __m512i codes;
    Line(const std::uint8_t* tile, std::int64_t pair) : codes(bits_load(tile + pair * 64)) {
      // One load a line: left alone, the compiler loads it again for every shift, and each of those waits for memory.
      __asm__("" : "+v"(codes));
    }
  };
  template <int j>
  void values(const Line& line, Vec& lower, Vec& upper) const {
    const __m512i moved = NibbleTable::moved<j>(line.codes);
    lower = table.lower(moved);
    upper = table.upper(moved);
  }
#endif
};

struct Nf4Codes {
  static constexpr bool kHasZeros = false;
  static const float* values() {
    static const Rounded rounded;
    return rounded.codes;
  }

 private:
  struct Rounded {
    float codes[16];
    Rounded() {
      for (int i = 0; i < 16; ++i) codes[i] = bf16_to_f32(f32_to_bf16(kNf4Code[i]));
    }
  };
};

// Less 8, as the zero points are kept: what the sum of x has to correct is then small.
struct Int4Codes {
  static constexpr bool kHasZeros = true;
  static const float* values() {
    static constexpr float kValues[16] = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};
    return kValues;
  }
};

struct Nf4Format : NibbleFormat<Nf4Codes> {
  static Vec scale(const std::uint8_t* tile, std::int64_t pairs, int column) {
    return vec_load_i16(reinterpret_cast<const std::int16_t*>(tile + pairs * 64) + column);
  }
};

struct Int4Format : NibbleFormat<Int4Codes> {
  static Vec scale(const std::uint8_t* tile, std::int64_t pairs, int column) {
    return vec_load(reinterpret_cast<const float*>(tile + pairs * 64) + column);
  }
  static Vec zero(const std::uint8_t* tile, std::int64_t pairs, int column) {
    return vec_load_i8(reinterpret_cast<const std::int8_t*>(tile + pairs * 64 + 64 * sizeof(float)) + column);
  }
};

// A line is one k of 64 columns.
struct Int8Format {
  static constexpr bool kHasScales = false;
  static constexpr bool kHasZeros = false;
  static constexpr std::int64_t kPairBytes = 128;

  static Vec column_of(const std::uint8_t* tile, std::int64_t k, int column) {
    return vec_load_i8(reinterpret_cast<const std::int8_t*>(tile + k * 64 + column));
  }

  void unpack(const std::uint8_t* tile, std::int64_t pairs, std::uint32_t* out, std::size_t ahead) const {
    for (std::int64_t pair = 0; pair < pairs; ++pair, out += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(tile + pair * 128 + ahead), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(tile + pair * 128 + 64 + ahead), _MM_HINT_T0);
      for (int j = 0; j < 64; j += kLanes) {
        bits_store(out + j, pair_of_exact(column_of(tile, 2 * pair + 1, j), column_of(tile, 2 * pair, j)));
      }
    }
  }

  void values(const std::uint8_t* tile, std::int64_t pair, int column, Vec& lower, Vec& upper) const {
    lower = column_of(tile, 2 * pair, column);
    upper = column_of(tile, 2 * pair + 1, column);
  }

#if defined(__AVX512F__)
  struct Line {
    const std::uint8_t* tile;
    std::int64_t pair;
    Line(const std::uint8_t* tile_of, std::int64_t pair_of) : tile(tile_of), pair(pair_of) {}
  };
  template <int j>
  void values(const Line& line, Vec& lower, Vec& upper) const {
    values(line.tile, line.pair, j * kLanes, lower, upper);
  }
#endif
};

// A tile of 64 x 64 of the weight itself as bf16, for the input gradient: [32 pairs of k][64 columns], each number the bf16
// nearest to the value of the weight.
template <class Format>
void unpack_values(const PackedWeight& weight, std::int64_t panel, std::int64_t block, std::uint32_t* out) {
  const Format format;
  const std::int64_t pairs = weight.block() / 2, tiles = PackedWeight::kTileLines / pairs;
  for (std::int64_t at = block * tiles; at < std::min((block + 1) * tiles, weight.depth()); ++at) {
    const std::uint8_t* tile = weight.tile(panel, at);
    for (int column = 0; column < PackedWeight::kPanel; column += kLanes) {
      Vec scale, zero = vec_zero();
      if constexpr (Format::kHasZeros) {
        scale = Format::scale(tile, pairs, column);
        zero = vec_mul(Format::zero(tile, pairs, column), vec_set(-1.0f));
      } else {
        scale = vec_load(weight.row_factor(panel) + column);
      }
      for (std::int64_t pair = 0; pair < pairs; ++pair) {
        Vec lower, upper;
        format.values(tile, pair, column, lower, upper);
        bits_store(out + pair * PackedWeight::kPanel + column,
                   bits_pair_bf16(vec_mul(vec_add(upper, zero), scale), vec_mul(vec_add(lower, zero), scale)));
      }
    }
    out += pairs * PackedWeight::kPanel;
  }
}

}  // namespace hone::HONE_ISA
