// Bound by memory: forward moves 6 bytes an element, backward 10.
#include "core/ops-args.h"
#include "cuda/device/sigmoid.h"
#include "cuda/elementwise/elements.h"

namespace hone::cuda {
namespace {

struct Forward {
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
    for (int i = 0; i < n; ++i) {
      const float g = to_f32(in.gate.at[i]);
      out[i] = g * sigmoid(g) * to_f32(in.up.at[i]);
    }
    store_values(y + at, round_values<Bf16>(out));
  }
};

struct Backward {
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
      const float g = to_f32(in.gate.at[i]), d = to_f32(in.dy.at[i]), s = sigmoid(g);
      of_gate[i] = d * to_f32(in.up.at[i]) * s * fmaf(g, 1.0f - s, 1.0f);
      of_up[i] = d * g * s;
    }
    store_values(dgate + at, round_values<Bf16>(of_gate));
    store_values(dup + at, round_values<Bf16>(of_up));
  }
};

}  // namespace

Status swiglu_forward(Stream& stream, const SwigluForwardArgs& args) {
  const Forward op = {args.gate.data_as<Bf16>(), args.up.data_as<Bf16>(), args.y.data_as<Bf16>()};
  return over_elements(stream, "swiglu_forward", op, args.gate.count());
}

Status swiglu_backward(Stream& stream, const SwigluBackwardArgs& args) {
  const Backward op = {args.dy.data_as<Bf16>(), args.gate.data_as<Bf16>(), args.up.data_as<Bf16>(), args.dgate.data_as<Bf16>(),
                       args.dup.data_as<Bf16>()};
  return over_elements(stream, "swiglu_backward", op, args.dy.count());
}

}  // namespace hone::cuda
