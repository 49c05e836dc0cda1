#pragma once
#include "cpu/gemm/gemm-vector.h"

namespace hone::HONE_ISA {

#if defined(__AVX512F__)
inline Vec vec_sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
inline Vec vec_max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
inline Vec vec_round(Vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Vec vec_zero_below(Vec value, Vec x, float bound) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_set1_ps(bound), _CMP_NLT_UQ), value);
}
// 2^n for an integral n from -126 to 127.
inline Vec vec_power_of_two(Vec n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23));
}
#else
inline Vec vec_sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
inline Vec vec_max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
inline Vec vec_round(Vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Vec vec_zero_below(Vec value, Vec x, float bound) {
  return _mm256_and_ps(_mm256_cmp_ps(x, _mm256_set1_ps(bound), _CMP_NLT_UQ), value);
}
inline Vec vec_power_of_two(Vec n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}
#endif

// exp(x) for x <= 88: below -87 it is 0. x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts so that r is exact to the
// last bit, then a polynomial of degree 6 (Taylor's; its remainder r^7 / 5040 is below 1.2e-7 of the result). The same
// operations on every level give the same bits.
inline Vec vec_exp(Vec x) {
  const Vec clamped = vec_max(x, vec_set(-87.0f));
  const Vec n = vec_round(vec_mul(clamped, vec_set(1.44269504088896341f)));
  Vec r = vec_fma(n, vec_set(-0.693359375f), clamped);
  r = vec_fma(n, vec_set(2.12194440e-4f), r);
  Vec p = vec_set(1.0f / 720.0f);
  p = vec_fma(p, r, vec_set(1.0f / 120.0f));
  p = vec_fma(p, r, vec_set(1.0f / 24.0f));
  p = vec_fma(p, r, vec_set(1.0f / 6.0f));
  p = vec_fma(p, r, vec_set(0.5f));
  p = vec_fma(p, r, vec_set(1.0f));
  p = vec_fma(p, r, vec_set(1.0f));
  return vec_zero_below(vec_mul(p, vec_power_of_two(n)), x, -87.0f);
}

// Adds 16 lanes in one fixed order, whatever the width of the vector.
inline float sum16(const float* lanes) {
  float eight[8];
  for (int i = 0; i < 8; ++i) eight[i] = lanes[i] + lanes[i + 8];
  return ((eight[0] + eight[4]) + (eight[2] + eight[6])) + ((eight[1] + eight[5]) + (eight[3] + eight[7]));
}

}  // namespace hone::HONE_ISA
