#pragma once
#include "cpu/split.h"

namespace hone::HONE_ISA {

// x = cap tanh(x / cap) (Bello et al., arXiv 1611.09940, and Gemma 2): logits stay within -cap..cap.
inline void softcap(float* x, std::int64_t count, float cap) {
  const F16x all = set(cap), inverse = set(1.0f / cap);
  walk(
      0, count, [=](std::int64_t i) { store(x + i, mul(all, tanh(mul(load(x + i), inverse)))); },
      [=](std::int64_t i, int n) { store_first(x + i, mul(all, tanh(mul(load_first(x + i, n), inverse))), n); });
}

// g *= the slope of softcap at capped logits l: 1 - (l / cap)².
inline void softcap_backward(float* g, const float* capped, std::int64_t count, float cap) {
  const F16x inverse = set(1.0f / cap);
  const auto scaled = [=](F16x gradient, F16x logit) {
    const F16x share = mul(logit, inverse);
    return fnma(mul(share, share), gradient, gradient);
  };
  walk(
      0, count, [=](std::int64_t i) { store(g + i, scaled(load(g + i), load(capped + i))); },
      [=](std::int64_t i, int n) { store_first(g + i, scaled(load_first(g + i, n), load_first(capped + i, n)), n); });
}

}  // namespace hone::HONE_ISA
