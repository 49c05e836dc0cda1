#pragma once
#include <cuda_runtime.h>

#include <cmath>

#include "core/counter-random.h"
#include "core/stochastic-rounding.h"
#include "cuda/device/bf16.h"
#include "cuda/device/rounded.h"
#include "hone/view.h"

// The arithmetic of one step of AdamW, operation by operation as src/reference/adamw.cc has it: what is rounded by chance
// afterwards would otherwise differ with the last bit.
namespace hone::cuda {

struct AdamwNumbers {
  float take_m, take_v, keep_v, decay, rate, inverse_correction, eps;
  double gradient_scale, max_norm;
  const float* squared_norm;  // Null: gradients count gradient_scale times.
  std::uint32_t seed, step;
  std::int64_t first;  // Of the call in its tensor, by which elements are rounded.
};

template <class Args>
AdamwNumbers adamw_numbers(const Args& args) {
  const auto step = static_cast<double>(args.step);
  return {static_cast<float>(1 - args.beta1),
          static_cast<float>(1 - args.beta2),
          static_cast<float>(args.beta2),
          static_cast<float>(1 - args.lr * args.weight_decay),
          static_cast<float>(args.lr / (1 - std::pow(args.beta1, step))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(args.beta2, step))),
          static_cast<float>(args.eps),
          args.gradient_scale,
          args.max_norm,
          args.squared_norm.present() ? args.squared_norm.template data_as<float>() : nullptr,
          args.seed,
          static_cast<std::uint32_t>(args.step),
          256 * args.first_block};
}

// core/gradient-scale.h on the card; false where the step changes nothing. In f64, once a block.
__device__ inline bool gradient_factor(const AdamwNumbers& numbers, float& factor) {
  factor = static_cast<float>(numbers.gradient_scale);
  if (numbers.squared_norm == nullptr) return true;
  const double norm = rounded_product(numbers.gradient_scale, sqrt(static_cast<double>(*numbers.squared_norm)));
  if (!(norm < INFINITY)) return false;
  const double share = numbers.max_norm > 0 ? numbers.max_norm / rounded_sum(norm, 1e-6) : 1.0;
  factor = static_cast<float>(numbers.gradient_scale * (share < 1 ? share : 1.0));
  return true;
}

__device__ inline void adamw_update(const AdamwNumbers& numbers, float factor, float gradient, float& p, float& m, float& v) {
  const float g = rounded_product(gradient, factor);
  m = fmaf(numbers.take_m, rounded_sum(g, -m), m);
  v = fmaf(rounded_product(numbers.take_v, g), g, rounded_product(numbers.keep_v, v));
  const float denominator = fmaf(rounded_root(v), numbers.inverse_correction, numbers.eps);
  p = fmaf(-numbers.rate, rounded_quotient(m, denominator), rounded_product(p, numbers.decay));
}

// f32_to_bf16_by_chance of core/stochastic-rounding.h.
__device__ inline Bf16 to_bf16_by_chance(float value, const AdamwNumbers& numbers, RoundingStream stream, std::int64_t index) {
  const std::uint32_t bits = __float_as_uint(value);
  if ((bits & 0x7f800000u) == 0x7f800000u) return to_bf16(value);
  const std::uint32_t random = random32(numbers.seed ^ static_cast<std::uint32_t>(stream), numbers.step, static_cast<std::uint64_t>(numbers.first + index));
  return static_cast<Bf16>((bits + (random & 0xffffu)) >> 16);
}

// A tensor of f32 or bf16, four elements at a time.
struct Mixed {
  void* data;
  bool is_f32;
  bool is_aligned;  // Four elements lie on a multiple of their size.
};

inline Mixed mixed(const View& view) {
  const bool is_f32 = view.dtype == DType::f32;
  return {view.data, is_f32, reinterpret_cast<std::uintptr_t>(view.data) % (is_f32 ? 16 : 8) == 0};
}

// Elements at .. at+3, of which `count` exist.
__device__ inline void read_four(const Mixed& tensor, std::int64_t at, int count, float (&values)[4]) {
  if (tensor.is_f32) {
    const float* from = static_cast<const float*>(tensor.data) + at;
    if (tensor.is_aligned && count == 4) {
      const float4 four = *reinterpret_cast<const float4*>(from);
      values[0] = four.x, values[1] = four.y, values[2] = four.z, values[3] = four.w;
      return;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) values[i] = i < count ? from[i] : 0.0f;
    return;
  }
  const Bf16* from = static_cast<const Bf16*>(tensor.data) + at;
  if (tensor.is_aligned && count == 4) {
    const uint2 bits = *reinterpret_cast<const uint2*>(from);
    values[0] = __uint_as_float(bits.x << 16), values[1] = __uint_as_float(bits.x & 0xffff0000u);
    values[2] = __uint_as_float(bits.y << 16), values[3] = __uint_as_float(bits.y & 0xffff0000u);
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) values[i] = i < count ? to_f32(from[i]) : 0.0f;
}

// An element is rounded by its place in the tensor.
__device__ inline void write_four(const Mixed& tensor, std::int64_t at, int count, const float (&values)[4], const AdamwNumbers& numbers,
                                  RoundingStream stream) {
  if (tensor.is_f32) {
    float* to = static_cast<float*>(tensor.data) + at;
    if (tensor.is_aligned && count == 4) {
      *reinterpret_cast<float4*>(to) = make_float4(values[0], values[1], values[2], values[3]);
      return;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < count) to[i] = values[i];
    }
    return;
  }
  Bf16* to = static_cast<Bf16*>(tensor.data) + at;
  std::uint32_t bits[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) bits[i] = to_bf16_by_chance(values[i], numbers, stream, at + i);
  if (tensor.is_aligned && count == 4) {
    *reinterpret_cast<uint2*>(to) = make_uint2(bits[0] | bits[1] << 16, bits[2] | bits[3] << 16);
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (i < count) to[i] = static_cast<Bf16>(bits[i]);
  }
}

}  // namespace hone::cuda
