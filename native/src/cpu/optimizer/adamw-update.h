#pragma once
#include <cmath>
#include <cstdint>

#include "core/stochastic-rounding.h"
#include "cpu/random-bits.h"
#include "cpu/split.h"
#include "hone/view.h"

namespace hone::HONE_ISA {

struct AdamwState {
  F16x p, m, v;
};

// The arithmetic of one step of AdamW, the same for averages of any format.
struct AdamwUpdate {
  template <class Args>
  AdamwUpdate(const Args& args, float factor)
      : keep_v(all(args.beta2)),
        take_m(all(1 - args.beta1)),
        take_v(all(1 - args.beta2)),
        decay(all(1 - args.lr * args.weight_decay)),
        rate(all(args.lr / (1 - std::pow(args.beta1, static_cast<double>(args.step))))),
        inverse_correction(all(1 / std::sqrt(1 - std::pow(args.beta2, static_cast<double>(args.step))))),
        eps(all(args.eps)),
        scale(set(factor)) {}

  AdamwState operator()(AdamwState s, F16x gradient) const {
    const F16x g = mul(gradient, scale);
    s.m = fma(take_m, sub(g, s.m), s.m);
    s.v = fma(mul(take_v, g), g, mul(keep_v, s.v));
    s.p = fnma(rate, div(s.m, fma(sqrt(s.v), inverse_correction, eps)), mul(s.p, decay));
    return s;
  }

  F16x keep_v, take_m, take_v, decay, rate, inverse_correction, eps, scale;

 private:
  static F16x all(double x) { return set(static_cast<float>(x)); }
};

// n values of an f32 or bf16 tensor from element i on; lanes beyond them are 0.
inline F16x read_lanes(const View& view, std::int64_t i, int n) {
  if (view.dtype == DType::f32) return n == kWide ? load(view.data_as<float>() + i) : load_first(view.data_as<float>() + i, n);
  const std::uint16_t* source = view.data_as<std::uint16_t>() + i;
  if (n == kWide) return load_bf16(source);
  std::uint16_t lanes[kWide] = {};
  std::copy_n(source, n, lanes);
  return load_bf16(lanes);
}

// Writes f32 as it is and bf16 by chance, as core/stochastic-rounding.h.
struct LaneWriter {
  std::uint32_t seed, step;
  std::int64_t first;  // Of the call in its tensor, a multiple of 256.

  void operator()(const View& view, std::int64_t i, int n, F16x value, RoundingStream stream) const {
    if (view.dtype == DType::f32) {
      n == kWide ? store(view.data_as<float>() + i, value) : store_first(view.data_as<float>() + i, value, n);
      return;
    }
    const I16x random = bit_and(random_bits(seed ^ static_cast<std::uint32_t>(stream), step, first + i), set_int(0xffffu));
    const I16x bits = as_int(value), exponent = bit_and(bits, set_int(0x7f800000u));
    // Exponents compare as numbers: all ones is 255 · 2^23 as an integer.
    alignas(64) std::int32_t rounded[kWide], plain[kWide];
    store_int(rounded, add(bits, random));
    store_int(plain, bits);
    const bool all_finite = bits_of(less(to_float(exponent), set(2139095039.0f))) == 0xffff;
    std::uint16_t* out = view.data_as<std::uint16_t>() + i;
    for (int lane = 0; lane < n; ++lane) out[lane] = static_cast<std::uint16_t>(static_cast<std::uint32_t>(rounded[lane]) >> 16);
    for (int lane = 0; !all_finite && lane < n; ++lane) {
      float number;
      std::memcpy(&number, plain + lane, sizeof(number));
      if (!std::isfinite(number)) out[lane] = f32_to_bf16(number);
    }
  }
};

}  // namespace hone::HONE_ISA
