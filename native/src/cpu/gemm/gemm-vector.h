#pragma once
#include <immintrin.h>

#include <cstdint>

// The native vector of the level that includes this file. Lanes always lie over output columns, so the width of the
// vector never changes the order in which one output is summed, and AVX2 gives the same bits as AVX-512.
namespace hone::HONE_ISA {

#if defined(__AVX512F__)

using Vec = __m512;
inline constexpr int kLanes = 16;

inline Vec vec_zero() { return _mm512_setzero_ps(); }
inline Vec vec_set(float value) { return _mm512_set1_ps(value); }
inline Vec vec_load(const float* p) { return _mm512_loadu_ps(p); }
inline void vec_store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
inline Vec vec_fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
inline Vec vec_add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
inline Vec vec_mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }

// The upper and the lower half of each 32-bit lane, as the f32 that this bf16 stands for.
inline Vec vec_upper_bf16(__m512i pair) {
  return _mm512_castsi512_ps(_mm512_and_si512(pair, _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
}
// A shift of the vector type, because GCC 12 warns about the body of _mm512_slli_epi32.
inline Vec vec_lower_bf16(__m512i pair) { return reinterpret_cast<Vec>(reinterpret_cast<__v16si>(pair) << 16); }

using VecBits = __m512i;
inline VecBits bits_load(const void* p) { return _mm512_loadu_si512(p); }
inline VecBits bits_set(std::uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); }

// 16-bit signed integers of consecutive columns, widened to f32.
inline Vec vec_load_i16(const std::int16_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))));
}

// table[index & 15] per lane; the higher bits of an index do not count.
struct Table16 {
  __m512 values;
  explicit Table16(const float* table) : values(_mm512_loadu_ps(table)) {}
  Vec operator()(VecBits index) const { return _mm512_permutexvar_ps(index, values); }
};

inline VecBits bits_shift_right(VecBits v, int count) { return _mm512_srl_epi32(v, _mm_cvtsi32_si128(count)); }
inline void bits_store(void* p, VecBits v) { _mm512_storeu_si512(p, v); }

// Rounds two vectors to bf16, to nearest even, and joins them lane by lane: `lower` in the lower half. Written with
// integers so that every level rounds alike (vcvtneps2bf16 flushes subnormals).
inline VecBits bits_pair_bf16(Vec upper, Vec lower) {
  const __m512i one = _mm512_set1_epi32(1), half = _mm512_set1_epi32(0x7fff);
  __m512i u = _mm512_castps_si512(upper), l = _mm512_castps_si512(lower);
  u = _mm512_add_epi32(u, _mm512_add_epi32(half, _mm512_and_si512(_mm512_srli_epi32(u, 16), one)));
  l = _mm512_add_epi32(l, _mm512_add_epi32(half, _mm512_and_si512(_mm512_srli_epi32(l, 16), one)));
  return _mm512_or_si512(_mm512_and_si512(u, _mm512_set1_epi32(static_cast<int>(0xffff0000u))),
                         _mm512_srli_epi32(l, 16));
}

// Rounds to bf16, to nearest even, as 32-bit lanes; a NaN stays a NaN, whose payload could otherwise round up to zero.
inline VecBits bits_round_bf16(Vec v) {
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
  return _mm512_srli_epi32(_mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), quiet), 16);
}
inline VecBits bits_join(VecBits upper, VecBits lower) { return _mm512_or_si512(_mm512_slli_epi32(upper, 16), lower); }
// The lower 16 bits of every lane, one after the other.
inline void bits_store_u16(std::uint16_t* p, VecBits v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(v));
}
inline Vec vec_load_bf16(const std::uint16_t* p) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

#else

using Vec = __m256;
inline constexpr int kLanes = 8;

inline Vec vec_zero() { return _mm256_setzero_ps(); }
inline Vec vec_set(float value) { return _mm256_set1_ps(value); }
inline Vec vec_load(const float* p) { return _mm256_loadu_ps(p); }
inline void vec_store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
inline Vec vec_fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
inline Vec vec_add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
inline Vec vec_mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }

inline Vec vec_upper_bf16(__m256i pair) {
  return _mm256_castsi256_ps(_mm256_and_si256(pair, _mm256_set1_epi32(static_cast<int>(0xffff0000u))));
}
inline Vec vec_lower_bf16(__m256i pair) { return _mm256_castsi256_ps(_mm256_slli_epi32(pair, 16)); }

using VecBits = __m256i;
inline VecBits bits_load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline VecBits bits_set(std::uint32_t value) { return _mm256_set1_epi32(static_cast<int>(value)); }

inline Vec vec_load_i16(const std::int16_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}

struct Table16 {
  __m256 low, high;
  explicit Table16(const float* table) : low(_mm256_loadu_ps(table)), high(_mm256_loadu_ps(table + 8)) {}
  Vec operator()(VecBits index) const {
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, index), _mm256_permutevar8x32_ps(high, index),
                            _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
  }
};

inline VecBits bits_shift_right(VecBits v, int count) { return _mm256_srl_epi32(v, _mm_cvtsi32_si128(count)); }
inline void bits_store(void* p, VecBits v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }

inline VecBits bits_pair_bf16(Vec upper, Vec lower) {
  const __m256i one = _mm256_set1_epi32(1), half = _mm256_set1_epi32(0x7fff);
  __m256i u = _mm256_castps_si256(upper), l = _mm256_castps_si256(lower);
  u = _mm256_add_epi32(u, _mm256_add_epi32(half, _mm256_and_si256(_mm256_srli_epi32(u, 16), one)));
  l = _mm256_add_epi32(l, _mm256_add_epi32(half, _mm256_and_si256(_mm256_srli_epi32(l, 16), one)));
  return _mm256_or_si256(_mm256_and_si256(u, _mm256_set1_epi32(static_cast<int>(0xffff0000u))),
                         _mm256_srli_epi32(l, 16));
}

inline VecBits bits_round_bf16(Vec v) {
  const __m256i bits = _mm256_castps_si256(v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256 chosen =
      _mm256_blendv_ps(_mm256_castsi256_ps(rounded), _mm256_castsi256_ps(quiet), _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  return _mm256_srli_epi32(_mm256_castps_si256(chosen), 16);
}
inline VecBits bits_join(VecBits upper, VecBits lower) { return _mm256_or_si256(_mm256_slli_epi32(upper, 16), lower); }
inline void bits_store_u16(std::uint16_t* p, VecBits v) {
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(v, v), 0x08);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
}
inline Vec vec_load_bf16(const std::uint16_t* p) {
  const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

#endif

}  // namespace hone::HONE_ISA
