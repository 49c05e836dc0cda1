// isa: avx2 avx512
// Bound by memory: geglu moves 12 bytes an element forward and 20 backward, gelu 8 and 12.
#include "core/ops-args.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

struct Gelu {
  F16x value, slope;
};

// x (1 + tanh(u)) / 2 = x sigmoid(2u) with u = sqrt(2 / pi) (x + 0.044715 x³): one exp, and no cancellation for large -x.
struct TanhGelu {
  static constexpr float kScale = 1.5957691216057308f;  // 2 sqrt(2 / pi)

  Gelu operator()(F16x x) const {
    const F16x square = mul(x, x);
    const F16x s = sigmoid(mul(mul(x, set(kScale)), fma(square, set(0.044715f), set(1.0f))));
    const F16x inner = mul(set(kScale), fma(square, set(3 * 0.044715f), set(1.0f)));
    const F16x value = mul(x, s);
    return {value, fma(mul(value, sub(set(1.0f), s)), inner, s)};
  }
};

// x (1 + erf(x / sqrt 2)) / 2, the tail of the normal distribution by formula 7.1.26 of Abramowitz and Stegun: an error of
// at most 1.5e-7 in erf.
struct ErfGelu {
  Gelu operator()(F16x x) const {
    const F16x negative = sub(set(0.0f), x), magnitude = max(x, negative);
    const F16x t = div(set(1.0f), fma(magnitude, set(0.3275911f * 0.70710678f), set(1.0f)));
    F16x p = set(1.061405429f);
    p = fma(p, t, set(-1.453152027f));
    p = fma(p, t, set(1.421413741f));
    p = fma(p, t, set(-0.284496736f));
    p = fma(p, t, set(0.254829592f));
    const F16x bell = exp(mul(mul(x, x), set(-0.5f)));
    const F16x tail = mul(mul(mul(p, t), bell), set(0.5f));
    const F16x share = select(less(x, set(0.0f)), tail, sub(set(1.0f), tail));
    return {mul(x, share), fma(mul(x, set(0.3989422804f)), bell, share)};
  }
};

// One pass over n elements with whichever gelu the op wants.
template <class Body>
void over_elements(Context& context, std::int64_t count, bool exact, Body&& body) {
  split_elements(context, count, [&](std::int64_t begin, std::int64_t end) {
    exact ? body(ErfGelu{}, begin, end) : body(TanhGelu{}, begin, end);
  });
}

}  // namespace

Status gelu_forward(Context& context, const GeluForwardArgs& args) {
  const float* x = args.x.data_as<float>();
  float* y = args.y.data_as<float>();
  over_elements(context, args.x.count(), args.exact, [=](auto gelu, std::int64_t begin, std::int64_t end) {
    walk(
        begin, end, [=](std::int64_t i) { store(y + i, gelu(load(x + i)).value); },
        [=](std::int64_t i, int n) { store_first(y + i, gelu(load_first(x + i, n)).value, n); });
  });
  return {};
}

Status gelu_backward(Context& context, const GeluBackwardArgs& args) {
  const float* dy = args.dy.data_as<float>();
  const float* x = args.x.data_as<float>();
  float* dx = args.dx.data_as<float>();
  over_elements(context, args.x.count(), args.exact, [=](auto gelu, std::int64_t begin, std::int64_t end) {
    walk(
        begin, end, [=](std::int64_t i) { store(dx + i, mul(load(dy + i), gelu(load(x + i)).slope)); },
        [=](std::int64_t i, int n) { store_first(dx + i, mul(load_first(dy + i, n), gelu(load_first(x + i, n)).slope), n); });
  });
  return {};
}

Status geglu_forward(Context& context, const GegluForwardArgs& args) {
  const float* gate = args.gate.data_as<float>();
  const float* up = args.up.data_as<float>();
  float* y = args.y.data_as<float>();
  over_elements(context, args.gate.count(), args.exact, [=](auto gelu, std::int64_t begin, std::int64_t end) {
    walk(
        begin, end, [=](std::int64_t i) { store(y + i, mul(gelu(load(gate + i)).value, load(up + i))); },
        [=](std::int64_t i, int n) {
          store_first(y + i, mul(gelu(load_first(gate + i, n)).value, load_first(up + i, n)), n);
        });
  });
  return {};
}

Status geglu_backward(Context& context, const GegluBackwardArgs& args) {
  const float* dy = args.dy.data_as<float>();
  const float* gate = args.gate.data_as<float>();
  const float* up = args.up.data_as<float>();
  float* dgate = args.dgate.data_as<float>();
  float* dup = args.dup.data_as<float>();
  over_elements(context, args.dy.count(), args.exact, [=](auto gelu, std::int64_t begin, std::int64_t end) {
    walk(
        begin, end,
        [=](std::int64_t i) {
          const Gelu g = gelu(load(gate + i));
          const F16x d = load(dy + i), u = load(up + i);
          store(dgate + i, mul(mul(d, u), g.slope));
          store(dup + i, mul(d, g.value));
        },
        [=](std::int64_t i, int n) {
          const Gelu g = gelu(load_first(gate + i, n));
          const F16x d = load_first(dy + i, n), u = load_first(up + i, n);
          store_first(dgate + i, mul(mul(d, u), g.slope), n);
          store_first(dup + i, mul(d, g.value), n);
        });
  });
  return {};
}

}  // namespace hone::HONE_ISA
