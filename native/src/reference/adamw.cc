#include <algorithm>
#include <cmath>

#include "core/gradient-scale.h"
#include "core/nf4-codec.h"
#include "core/ops-args.h"
#include "core/stochastic-rounding.h"

namespace hone::reference {
namespace {

constexpr std::int64_t kBlock = 256;

float read(const View& view, std::int64_t i) {
  return view.dtype == DType::f32 ? view.data_as<float>()[i] : bf16_to_f32(view.data_as<std::uint16_t>()[i]);
}

struct Rounding {
  std::uint32_t seed, step;
  std::int64_t first;

  void write(const View& view, std::int64_t i, float value, RoundingStream stream) const {
    if (view.dtype == DType::f32) {
      view.data_as<float>()[i] = value;
      return;
    }
    const std::uint32_t random = random32(seed ^ static_cast<std::uint32_t>(stream), step, static_cast<std::uint64_t>(first + i));
    view.data_as<std::uint16_t>()[i] = f32_to_bf16_by_chance(value, random);
  }
};

// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", algorithm 2, in the order of torch.optim.AdamW. In f32 and
// in one order of operations: what is rounded by chance afterwards would otherwise differ with the last bit.
template <class Args>
struct Step {
  Step(const Args& args, float factor)
      : take_m(static_cast<float>(1 - args.beta1)),
        take_v(static_cast<float>(1 - args.beta2)),
        keep_v(static_cast<float>(args.beta2)),
        decay(static_cast<float>(1 - args.lr * args.weight_decay)),
        rate(static_cast<float>(args.lr / (1 - std::pow(args.beta1, static_cast<double>(args.step))))),
        inverse_correction(static_cast<float>(1 / std::sqrt(1 - std::pow(args.beta2, static_cast<double>(args.step))))),
        eps(static_cast<float>(args.eps)),
        scale(factor) {}

  float take_m, take_v, keep_v, decay, rate, inverse_correction, eps, scale;

  void operator()(float& p, float& m, float& v, float gradient) const {
    const float g = gradient * scale;
    m = std::fma(take_m, g - m, m);
    v = std::fma(take_v * g, g, keep_v * v);
    p = std::fma(-rate, m / std::fma(std::sqrt(v), inverse_correction, eps), p * decay);
  }
};

// How many midpoints of neighbours in map[first..255] lie below the magnitude.
int steps_above(const std::array<float, 256>& map, int first, float magnitude) {
  int steps = 0;
  for (int i = first; i < 255; ++i) steps += magnitude > (map[i] + map[i + 1]) * 0.5f;
  return steps;
}

constexpr int kZero = 127;  // Where the signed map has its zero.

std::uint8_t signed_code(float value) {
  const int steps = steps_above(dynamic_map(), kZero, std::fabs(value));
  return static_cast<std::uint8_t>(value < 0 ? kZero - std::clamp(steps, 1, kZero) : kZero + steps);
}

}  // namespace

Status adamw_step(Context&, const AdamwStepArgs& args) {
  const std::optional<float> factor = gradient_factor(args.gradient_scale, args.squared_norm, args.max_norm);
  if (!factor) return {};
  const Step step(args, *factor);
  const Rounding rounding{args.seed, static_cast<std::uint32_t>(args.step), kBlock * args.first_block};
  for (std::int64_t i = 0; i < args.p.count(); ++i) {
    float p = read(args.p, i), m = read(args.m, i), v = read(args.v, i);
    step(p, m, v, read(args.g, i));
    rounding.write(args.p, i, p, RoundingStream::parameter);
    rounding.write(args.m, i, m, RoundingStream::mean);
    rounding.write(args.v, i, v, RoundingStream::square);
  }
  return {};
}

// Dettmers et al., "8-bit Optimizers via Block-wise Quantization", arXiv 2110.02861.
Status adamw8bit_step(Context&, const Adamw8bitStepArgs& args) {
  const std::int64_t count = args.p.count();
  if (args.m_absmax.count() != (count + kBlock - 1) / kBlock) return bad_argument("expected one scale for every 256 elements");
  const std::optional<float> factor = gradient_factor(args.gradient_scale, args.squared_norm, args.max_norm);
  if (!factor) return {};
  const Step step(args, *factor);
  const Rounding rounding{args.seed, static_cast<std::uint32_t>(args.step), kBlock * args.first_block};
  for (std::int64_t first = 0; first < count; first += kBlock) {
    float m[kBlock], v[kBlock], m_largest = 0, v_largest = 0;
    float& m_scale = args.m_absmax.data_as<float>()[first / kBlock];
    float& v_scale = args.v_absmax.data_as<float>()[first / kBlock];
    const std::int64_t length = std::min(kBlock, count - first);
    for (std::int64_t i = 0; i < length; ++i) {
      float p = read(args.p, first + i);
      m[i] = dynamic_map()[args.m.data_as<std::uint8_t>()[first + i]] * m_scale;
      v[i] = unsigned_dynamic_map()[args.v.data_as<std::uint8_t>()[first + i]] * v_scale;
      step(p, m[i], v[i], read(args.g, first + i));
      m_largest = std::max(m_largest, std::fabs(m[i]));
      v_largest = std::max(v_largest, v[i]);
      rounding.write(args.p, first + i, p, RoundingStream::parameter);
    }
    m_scale = m_largest;
    v_scale = v_largest;
    const float m_inverse = m_largest > 0 ? 1.0f / m_largest : 0.0f, v_inverse = v_largest > 0 ? 1.0f / v_largest : 0.0f;
    for (std::int64_t i = 0; i < length; ++i) {
      args.m.data_as<std::uint8_t>()[first + i] = signed_code(m[i] * m_inverse);
      args.v.data_as<std::uint8_t>()[first + i] =
          static_cast<std::uint8_t>(steps_above(unsigned_dynamic_map(), 0, v[i] * v_inverse));
    }
  }
  return {};
}

}  // namespace hone::reference
