// isa: avx2 avx512
// The cosines and sines of a token are computed once for all its heads; what is left is one pass, 8 bytes an element.
#include <cmath>
#include <cstring>

#include "core/ops-args.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

// An angle may be a million radians (a long context at frequency 1), where f32 keeps no fraction worth having: the
// reduction to a quarter turn runs in f64, and the f32 polynomials of Cephes (sinf, cosf) do the rest.
//
// Four lanes: x - n pi/2 with n the nearest whole number of quarter turns.
__m128 reduce_four(__m128 angle, __m128i& quadrant) {
  const __m256d x = _mm256_cvtps_pd(angle);
  const __m256d n = _mm256_round_pd(_mm256_mul_pd(x, _mm256_set1_pd(0.63661977236758134308)),
                                    _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m256d r = _mm256_fnmadd_pd(n, _mm256_set1_pd(6.123233995736766e-17),
                                     _mm256_fnmadd_pd(n, _mm256_set1_pd(1.57079632679489655800), x));
  quadrant = _mm256_cvtpd_epi32(n);
  return _mm256_cvtpd_ps(r);
}

void reduce(const float* angles, float* reduced, std::int32_t* quadrants) {
  for (int i = 0; i < kWide; i += 4) {
    __m128i quadrant;
    _mm_storeu_ps(reduced + i, reduce_four(_mm_loadu_ps(angles + i), quadrant));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(quadrants + i), quadrant);
  }
}

void cos_sin(const float* angles, float* c, float* s) {
  alignas(64) float reduced[kWide];
  alignas(64) std::int32_t quadrants[kWide];
  reduce(angles, reduced, quadrants);
  const F16x r = load(reduced), z = mul(r, r);
  F16x sine = set(-1.9515295891e-4f);
  sine = fma(sine, z, set(8.3321608736e-3f));
  sine = fma(sine, z, set(-1.6666654611e-1f));
  sine = fma(mul(sine, z), r, r);
  F16x cosine = set(2.443315711809948e-5f);
  cosine = fma(cosine, z, set(-1.388731625493765e-3f));
  cosine = fma(cosine, z, set(4.166664568298827e-2f));
  cosine = fma(mul(cosine, z), z, fnma(set(0.5f), z, set(1.0f)));
  // Quadrant 1 is (-sin, cos), 2 is (-cos, -sin), 3 is (sin, -cos). Bit 0 swaps, and sign bits are set by bits 1.
  const I16x quadrant = load_int(quadrants);
  const F16x swap = as_float(shift_left<31>(quadrant));
  const I16x sign = set_int(0x80000000u);
  const I16x sine_sign = bit_and(shift_left<30>(quadrant), sign);
  const I16x cosine_sign = bit_and(shift_left<30>(add(quadrant, set_int(1))), sign);
  const Mask odd = is_negative(swap);
  store(s, as_float(exclusive_or(as_int(select(odd, cosine, sine)), sine_sign)));
  store(c, as_float(exclusive_or(as_int(select(odd, sine, cosine)), cosine_sign)));
}

// Fills cosines and sines of one token, `half` of each, padded to whole vectors.
void token_table(const RopeArgs& args, std::int64_t t, float* c, float* s) {
  const std::int64_t half = args.inv_freq.dim[0];
  const float* inv_freq = args.inv_freq.data_as<float>();
  const auto position = static_cast<float>(args.positions.data_as<std::int32_t>()[t]);
  const F16x cos_scale = set(static_cast<float>(args.mscale));
  const F16x sin_scale = set(static_cast<float>(args.inverse ? -args.mscale : args.mscale));
  for (std::int64_t i = 0; i < half; i += kWide) {
    alignas(64) float angles[kWide];
    const int n = static_cast<int>(std::min<std::int64_t>(kWide, half - i));
    store(angles, mul(set(position), load_first(inv_freq + i, n)));
    cos_sin(angles, c + i, s + i);
    store(c + i, mul(load(c + i), cos_scale));
    store(s + i, mul(load(s + i), sin_scale));
  }
}

void rotate_head(float* x, std::int64_t half, const float* c, const float* s) {
  float* y = x + half;
  walk(
      0, half,
      [=](std::int64_t i) {
        const F16x a = load(x + i), b = load(y + i), cosine = load(c + i), sine = load(s + i);
        store(x + i, fnma(b, sine, mul(a, cosine)));
        store(y + i, fma(a, sine, mul(b, cosine)));
      },
      [=](std::int64_t i, int n) {
        const F16x a = load_first(x + i, n), b = load_first(y + i, n), cosine = load(c + i), sine = load(s + i);
        store_first(x + i, fnma(b, sine, mul(a, cosine)), n);
        store_first(y + i, fma(a, sine, mul(b, cosine)), n);
      });
}

}  // namespace

Status rope(Context& context, const RopeArgs& args) {
  const std::int64_t heads = args.x.dim[1], width = args.x.dim[2], half = args.inv_freq.dim[0];
  const std::int64_t padded = (half + kWide - 1) / kWide * kWide;
  split_rows(context, args.x.dim[0], heads * width, [&](std::int64_t begin, std::int64_t end) {
    float* c = context.scratch_as<float>(ThreadPool::thread_index(), 2 * padded);
    float* s = c + padded;
    for (std::int64_t t = begin; t < end; ++t) {
      token_table(args, t, c, s);
      for (std::int64_t h = 0; h < heads; ++h) rotate_head(args.x.data_as<float>() + (t * heads + h) * width, half, c, s);
    }
  });
  return {};
}

}  // namespace hone::HONE_ISA
