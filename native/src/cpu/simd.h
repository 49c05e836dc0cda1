#pragma once
#include <immintrin.h>

#include <cstdint>

// Sixteen lanes on every level: one register of AVX-512, two of AVX2. A kernel that is written with them does the same
// operations in the same order on both, so its f32 results are the same bits.
namespace hone::HONE_ISA {

inline constexpr int kWide = 16;

#if defined(__AVX512F__)

struct F16x {
  __m512 v;
};
struct I16x {
  __m512i v;
};
struct Mask {
  __mmask16 v;
};

inline F16x set(float x) { return {_mm512_set1_ps(x)}; }
inline F16x load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void store(float* p, F16x a) { _mm512_storeu_ps(p, a.v); }
// Around the caches; p at the start of a 64-byte line, and _mm_sfence before another thread reads.
inline void stream(float* p, F16x a) { _mm512_stream_ps(p, a.v); }
inline __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
inline F16x load_first(const float* p, int n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
inline void store_first(float* p, F16x a, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), a.v); }

inline F16x add(F16x a, F16x b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F16x sub(F16x a, F16x b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F16x mul(F16x a, F16x b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F16x div(F16x a, F16x b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F16x fma(F16x a, F16x b, F16x c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
// c - a b
inline F16x fnma(F16x a, F16x b, F16x c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
inline F16x sqrt(F16x a) { return {_mm512_sqrt_ps(a.v)}; }
inline F16x max(F16x a, F16x b) { return {_mm512_max_ps(a.v, b.v)}; }
inline F16x min(F16x a, F16x b) { return {_mm512_min_ps(a.v, b.v)}; }

inline I16x set_int(std::uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
inline I16x load_int(const std::int32_t* p) { return {_mm512_loadu_si512(p)}; }
inline I16x add(I16x a, I16x b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline I16x mul(I16x a, I16x b) { return {_mm512_mullo_epi32(a.v, b.v)}; }
inline I16x bit_and(I16x a, I16x b) { return {_mm512_and_si512(a.v, b.v)}; }
inline I16x exclusive_or(I16x a, I16x b) { return {_mm512_xor_si512(a.v, b.v)}; }
template <int n>
I16x shift_right(I16x a) {
  return {_mm512_srli_epi32(a.v, n)};
}
template <int n>
I16x shift_left(I16x a) {
  return {_mm512_slli_epi32(a.v, n)};
}
inline F16x to_float(I16x a) { return {_mm512_cvtepi32_ps(a.v)}; }
inline I16x round_to_int(F16x a) { return {_mm512_cvtps_epi32(a.v)}; }
inline F16x as_float(I16x a) { return {_mm512_castsi512_ps(a.v)}; }
inline I16x as_int(F16x a) { return {_mm512_castps_si512(a.v)}; }

inline Mask less(F16x a, F16x b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
inline Mask is_negative(F16x a) { return {_mm512_movepi32_mask(_mm512_castps_si512(a.v))}; }
inline F16x select(Mask m, F16x yes, F16x no) { return {_mm512_mask_blend_ps(m.v, no.v, yes.v)}; }
// One bit per lane, the first lane lowest.
inline int bits_of(Mask m) { return m.v; }

inline F16x gather(const float* table, I16x index) { return {_mm512_i32gather_ps(index.v, table, 4)}; }
inline void store_int(std::int32_t* p, I16x a) { _mm512_storeu_si512(p, a.v); }
inline I16x min(I16x a, I16x b) { return {_mm512_min_epi32(a.v, b.v)}; }
inline I16x max(I16x a, I16x b) { return {_mm512_max_epi32(a.v, b.v)}; }

inline __m256 lower(F16x a) { return _mm512_castps512_ps256(a.v); }
inline __m256 upper(F16x a) { return _mm512_extractf32x8_ps(a.v, 1); }

inline F16x load_bf16(const std::uint16_t* p) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))};
}

#else

struct F16x {
  __m256 lo, hi;
};
struct I16x {
  __m256i lo, hi;
};
struct Mask {
  __m256 lo, hi;
};

inline F16x set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline F16x load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(float* p, F16x a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
// Around the caches; p at the start of a 64-byte line, and _mm_sfence before another thread reads.
inline void stream(float* p, F16x a) {
  _mm256_stream_ps(p, a.lo);
  _mm256_stream_ps(p + 8, a.hi);
}
inline __m256i first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline F16x load_first(const float* p, int n) {
  return {_mm256_maskload_ps(p, first_lanes(n)), _mm256_maskload_ps(p + 8, first_lanes(n - 8))};
}
inline void store_first(float* p, F16x a, int n) {
  _mm256_maskstore_ps(p, first_lanes(n), a.lo);
  _mm256_maskstore_ps(p + 8, first_lanes(n - 8), a.hi);
}

inline F16x add(F16x a, F16x b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
inline F16x sub(F16x a, F16x b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
inline F16x mul(F16x a, F16x b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
inline F16x div(F16x a, F16x b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
inline F16x fma(F16x a, F16x b, F16x c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
// c - a b
inline F16x fnma(F16x a, F16x b, F16x c) {
  return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
inline F16x sqrt(F16x a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
inline F16x max(F16x a, F16x b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
inline F16x min(F16x a, F16x b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }

inline I16x set_int(std::uint32_t x) {
  return {_mm256_set1_epi32(static_cast<int>(x)), _mm256_set1_epi32(static_cast<int>(x))};
}
inline I16x load_int(const std::int32_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8))};
}
inline I16x add(I16x a, I16x b) { return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)}; }
inline I16x mul(I16x a, I16x b) { return {_mm256_mullo_epi32(a.lo, b.lo), _mm256_mullo_epi32(a.hi, b.hi)}; }
inline I16x bit_and(I16x a, I16x b) { return {_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi)}; }
inline I16x exclusive_or(I16x a, I16x b) { return {_mm256_xor_si256(a.lo, b.lo), _mm256_xor_si256(a.hi, b.hi)}; }
template <int n>
I16x shift_right(I16x a) {
  return {_mm256_srli_epi32(a.lo, n), _mm256_srli_epi32(a.hi, n)};
}
template <int n>
I16x shift_left(I16x a) {
  return {_mm256_slli_epi32(a.lo, n), _mm256_slli_epi32(a.hi, n)};
}
inline F16x to_float(I16x a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }
inline I16x round_to_int(F16x a) { return {_mm256_cvtps_epi32(a.lo), _mm256_cvtps_epi32(a.hi)}; }
inline F16x as_float(I16x a) { return {_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi)}; }
inline I16x as_int(F16x a) { return {_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)}; }

inline Mask less(F16x a, F16x b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
}
inline Mask is_negative(F16x a) { return {a.lo, a.hi}; }
inline F16x select(Mask m, F16x yes, F16x no) {
  return {_mm256_blendv_ps(no.lo, yes.lo, m.lo), _mm256_blendv_ps(no.hi, yes.hi, m.hi)};
}
// One bit per lane, the first lane lowest.
inline int bits_of(Mask m) { return _mm256_movemask_ps(m.lo) | _mm256_movemask_ps(m.hi) << 8; }

inline F16x gather(const float* table, I16x index) {
  return {_mm256_i32gather_ps(table, index.lo, 4), _mm256_i32gather_ps(table, index.hi, 4)};
}
inline void store_int(std::int32_t* p, I16x a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.lo);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), a.hi);
}
inline I16x min(I16x a, I16x b) { return {_mm256_min_epi32(a.lo, b.lo), _mm256_min_epi32(a.hi, b.hi)}; }
inline I16x max(I16x a, I16x b) { return {_mm256_max_epi32(a.lo, b.lo), _mm256_max_epi32(a.hi, b.hi)}; }

inline __m256 lower(F16x a) { return a.lo; }
inline __m256 upper(F16x a) { return a.hi; }

inline F16x load_bf16(const std::uint16_t* p) {
  const auto widen = [](const std::uint16_t* q) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(q)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
  };
  return {widen(p), widen(p + 8)};
}

#endif

// Both halves, then halves of halves: one order of adding on every level.
inline float sum(F16x a) {
  const __m256 eight = _mm256_add_ps(lower(a), upper(a));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

inline float maximum(F16x a) {
  const __m256 eight = _mm256_max_ps(lower(a), upper(a));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// exp(x) to about 1 unit in the last place: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 6 for exp(r), and
// 2^n through the exponent bits. Below -86.6 (near where f32 goes subnormal) the result is 0, for -inf too. The order of
// the bounds below lets a NaN through: min and max return their second operand when one is a NaN.
inline F16x exp(F16x x) {
  const F16x lowest = set(-86.6f);
  const F16x bounded = max(lowest, min(set(88.72283f), x));
  const I16x n = round_to_int(mul(bounded, set(1.44269504088896341f)));
  const F16x whole = to_float(n);
  // ln 2 in two parts, so that n times the upper one is exact.
  const F16x r = fnma(whole, set(-2.12194440e-4f), fnma(whole, set(0.693359375f), bounded));
  F16x p = set(1.9875691500e-4f);
  p = fma(p, r, set(1.3981999507e-3f));
  p = fma(p, r, set(8.3334519073e-3f));
  p = fma(p, r, set(4.1665795894e-2f));
  p = fma(p, r, set(1.6666665459e-1f));
  p = fma(p, r, set(5.0000001201e-1f));
  p = add(fma(p, mul(r, r), r), set(1.0f));
  // Two factors, because 2^128 is not an f32 while exp(88.7) is.
  const I16x half = as_int(set(1.0f));
  const F16x scale = as_float(add(half, shift_left<23>(add(n, set_int(0xffffffffu)))));
  const F16x value = mul(mul(p, scale), set(2.0f));
  return select(less(x, lowest), set(0.0f), value);
}

inline F16x sigmoid(F16x x) { return div(set(1.0f), add(set(1.0f), exp(sub(set(0.0f), x)))); }

// To about 1 unit in the last place: near 0, where 1 - 2 / (exp(2x) + 1) would cancel, the odd polynomial of Cephes' tanhf.
inline F16x tanh(F16x x) {
  const F16x magnitude = max(x, sub(set(0.0f), x)), square = mul(x, x);
  F16x p = set(-5.70498872745e-3f);
  p = fma(p, square, set(2.06390887954e-2f));
  p = fma(p, square, set(-5.37397155531e-2f));
  p = fma(p, square, set(1.33314422036e-1f));
  p = fma(p, square, set(-3.33332819422e-1f));
  const F16x near = fma(mul(p, square), x, x);
  const F16x far = sub(set(1.0f), div(set(2.0f), add(exp(add(x, x)), set(1.0f))));
  return select(less(magnitude, set(0.625f)), near, far);
}

}  // namespace hone::HONE_ISA
