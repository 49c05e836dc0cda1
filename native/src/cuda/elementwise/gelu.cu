// Bound by memory: gelu moves 4 bytes an element forward and 6 backward, geglu 6 and 10.
#include "core/ops-args.h"
#include "cuda/device/sigmoid.h"
#include "cuda/elementwise/elements.h"

namespace hone::cuda {
namespace {

struct ValueAndSlope {
  float value, slope;
};

// x (1 + tanh(u)) / 2 = x sigmoid(2u) with u = sqrt(2 / pi) (x + 0.044715 x³): one exp, and no cancellation for large -x.
struct TanhGelu {
  static constexpr float kScale = 1.5957691216057308f;  // 2 sqrt(2 / pi)

  __device__ ValueAndSlope operator()(float x) const {
    const float square = x * x;
    const float s = sigmoid(x * kScale * fmaf(square, 0.044715f, 1.0f));
    const float inner = kScale * fmaf(square, 3 * 0.044715f, 1.0f);
    const float value = x * s;
    // Far out the slope is 0 or 1, whatever x² has become.
    const float rest = value * (1.0f - s);
    return {value, rest == 0.0f ? s : fmaf(rest, inner, s)};
  }
};

// x (1 + erf(x / sqrt 2)) / 2, the tail of the normal distribution by formula 7.1.26 of Abramowitz and Stegun: an error of
// at most 1.5e-7 in erf.
struct ErfGelu {
  __device__ ValueAndSlope operator()(float x) const {
    const float t = divide(1.0f, fmaf(fabsf(x), 0.3275911f * 0.70710678f, 1.0f));
    float p = 1.061405429f;
    p = fmaf(p, t, -1.453152027f);
    p = fmaf(p, t, 1.421413741f);
    p = fmaf(p, t, -0.284496736f);
    p = fmaf(p, t, 0.254829592f);
    const float bell = __expf(x * x * -0.5f);
    const float tail = p * t * bell * 0.5f;
    const float share = x < 0.0f ? tail : 1.0f - tail;
    return {x * share, fmaf(x * 0.3989422804f, bell, share)};
  }
};

template <class Gelu>
struct Forward {
  static constexpr int kWidth = 8, kInFlight = 2;
  template <int n>
  struct Operands {
    Values<Bf16, n> x;
  };

  const Bf16* x;
  Bf16* y;

  bool is_aligned() const { return are_aligned(x, y); }

  template <int n>
  __device__ Operands<n> load(std::int64_t at) const {
    return {load_values<n>(x + at)};
  }

  template <int n>
  __device__ void store(std::int64_t at, const Operands<n>& in) const {
    float out[n];
#pragma unroll
    for (int i = 0; i < n; ++i) out[i] = Gelu{}(to_f32(in.x.at[i])).value;
    store_values(y + at, round_values<Bf16>(out));
  }
};

template <class Gelu>
struct Backward {
  static constexpr int kWidth = 8, kInFlight = 2;
  template <int n>
  struct Operands {
    Values<Bf16, n> dy, x;
  };

  const Bf16 *dy, *x;
  Bf16* dx;

  bool is_aligned() const { return are_aligned(dy, x, dx); }

  template <int n>
  __device__ Operands<n> load(std::int64_t at) const {
    return {load_values<n>(dy + at), load_values<n>(x + at)};
  }

  template <int n>
  __device__ void store(std::int64_t at, const Operands<n>& in) const {
    float out[n];
#pragma unroll
    for (int i = 0; i < n; ++i) out[i] = to_f32(in.dy.at[i]) * Gelu{}(to_f32(in.x.at[i])).slope;
    store_values(dx + at, round_values<Bf16>(out));
  }
};

template <class Gelu>
struct GatedForward {
  static constexpr int kWidth = 8, kInFlight = 2;
  template <int n>
  struct Operands {
    Values<Bf16, n> gate, up;
  };

  const Bf16 *gate, *up;
  Bf16* y;

  bool is_aligned() const { return are_aligned(gate, up, y); }

  template <int n>
  __device__ Operands<n> load(std::int64_t at) const {
    return {load_values<n>(gate + at), load_values<n>(up + at)};
  }

  template <int n>
  __device__ void store(std::int64_t at, const Operands<n>& in) const {
    float out[n];
#pragma unroll
    for (int i = 0; i < n; ++i) out[i] = Gelu{}(to_f32(in.gate.at[i])).value * to_f32(in.up.at[i]);
    store_values(y + at, round_values<Bf16>(out));
  }
};

template <class Gelu>
struct GatedBackward {
  static constexpr int kWidth = 8, kInFlight = 2;
  template <int n>
  struct Operands {
    Values<Bf16, n> dy, gate, up;
  };

  const Bf16 *dy, *gate, *up;
  Bf16 *dgate, *dup;

  bool is_aligned() const { return are_aligned(dy, gate, up, dgate, dup); }

  template <int n>
  __device__ Operands<n> load(std::int64_t at) const {
    return {load_values<n>(dy + at), load_values<n>(gate + at), load_values<n>(up + at)};
  }

  template <int n>
  __device__ void store(std::int64_t at, const Operands<n>& in) const {
    float of_gate[n], of_up[n];
#pragma unroll
    for (int i = 0; i < n; ++i) {
      const float d = to_f32(in.dy.at[i]);
      const ValueAndSlope g = Gelu{}(to_f32(in.gate.at[i]));
      of_gate[i] = d * to_f32(in.up.at[i]) * g.slope;
      of_up[i] = d * g.value;
    }
    store_values(dgate + at, round_values<Bf16>(of_gate));
    store_values(dup + at, round_values<Bf16>(of_up));
  }
};

template <class Gelu>
Status forward(Stream& stream, const GeluForwardArgs& args) {
  return over_elements(stream, "gelu_forward", Forward<Gelu>{args.x.data_as<Bf16>(), args.y.data_as<Bf16>()}, args.x.count());
}

template <class Gelu>
Status backward(Stream& stream, const GeluBackwardArgs& args) {
  const Backward<Gelu> op = {args.dy.data_as<Bf16>(), args.x.data_as<Bf16>(), args.dx.data_as<Bf16>()};
  return over_elements(stream, "gelu_backward", op, args.x.count());
}

template <class Gelu>
Status gated_forward(Stream& stream, const GegluForwardArgs& args) {
  const GatedForward<Gelu> op = {args.gate.data_as<Bf16>(), args.up.data_as<Bf16>(), args.y.data_as<Bf16>()};
  return over_elements(stream, "geglu_forward", op, args.gate.count());
}

template <class Gelu>
Status gated_backward(Stream& stream, const GegluBackwardArgs& args) {
  const GatedBackward<Gelu> op = {args.dy.data_as<Bf16>(), args.gate.data_as<Bf16>(), args.up.data_as<Bf16>(),
                                  args.dgate.data_as<Bf16>(), args.dup.data_as<Bf16>()};
  return over_elements(stream, "geglu_backward", op, args.dy.count());
}

}  // namespace

Status gelu_forward(Stream& stream, const GeluForwardArgs& args) {
  return args.exact ? forward<ErfGelu>(stream, args) : forward<TanhGelu>(stream, args);
}

Status gelu_backward(Stream& stream, const GeluBackwardArgs& args) {
  return args.exact ? backward<ErfGelu>(stream, args) : backward<TanhGelu>(stream, args);
}

Status geglu_forward(Stream& stream, const GegluForwardArgs& args) {
  return args.exact ? gated_forward<ErfGelu>(stream, args) : gated_forward<TanhGelu>(stream, args);
}

Status geglu_backward(Stream& stream, const GegluBackwardArgs& args) {
  return args.exact ? gated_backward<ErfGelu>(stream, args) : gated_backward<TanhGelu>(stream, args);
}

}  // namespace hone::cuda
