// isa: avx2 avx512
// One pass, 28 bytes a parameter (four read, three written); nothing else matters.
#include <cmath>

#include "core/ops-args.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

struct Coefficients {
  F16x keep_v, take_m, take_v, decay, rate, inverse_correction, eps;
};

struct State {
  F16x p, m, v;
};

State update(const Coefficients& c, State s, F16x g) {
  s.m = fma(c.take_m, sub(g, s.m), s.m);
  s.v = fma(mul(c.take_v, g), g, mul(c.keep_v, s.v));
  const F16x denominator = fma(sqrt(s.v), c.inverse_correction, c.eps);
  s.p = fnma(c.rate, div(s.m, denominator), mul(s.p, c.decay));
  return s;
}

}  // namespace

Status adamw_step(Context& context, const AdamwStepArgs& args) {
  if (args.step < 1) return bad_argument("expected a step from 1 on");
  const double correction1 = 1.0 - std::pow(args.beta1, static_cast<double>(args.step));
  const double correction2 = std::sqrt(1.0 - std::pow(args.beta2, static_cast<double>(args.step)));
  const auto all = [](double x) { return set(static_cast<float>(x)); };
  const Coefficients c = {all(args.beta2),
                          all(1 - args.beta1), all(1 - args.beta2),
                          all(1 - args.lr * args.weight_decay), all(args.lr / correction1),
                          all(1 / correction2), all(args.eps)};
  float* p = args.p.data_as<float>();
  float* m = args.m.data_as<float>();
  float* v = args.v.data_as<float>();
  const float* g = args.g.data_as<float>();
  split_elements(context, args.p.count(), [&](std::int64_t begin, std::int64_t end) {
    walk(
        begin, end,
        [&](std::int64_t i) {
          const State s = update(c, {load(p + i), load(m + i), load(v + i)}, load(g + i));
          store(p + i, s.p);
          store(m + i, s.m);
          store(v + i, s.v);
        },
        [&](std::int64_t i, int n) {
          const State s = update(c, {load_first(p + i, n), load_first(m + i, n), load_first(v + i, n)}, load_first(g + i, n));
          store_first(p + i, s.p, n);
          store_first(m + i, s.m, n);
          store_first(v + i, s.v, n);
        });
  });
  return {};
}

}  // namespace hone::HONE_ISA
