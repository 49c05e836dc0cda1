// Weights that lie as bf16 or f32. f32 is rounded to bf16 on the way, as for many rows.
#include "cuda/linear/linear-narrow-kernel.h"

namespace hone::cuda {
namespace {

struct NoTables {};
struct NoScales {};

struct Plain {
  using Tables = NoTables;
  static constexpr std::size_t kTableBytes = 0;
  static constexpr int kUnit = 8;
  static constexpr bool kScaled = false;

  __device__ static void fill(const Tables&) {}
  using Scales = NoScales;
  __device__ static Scales scales_of(const CardWeight&) { return {}; }
  __device__ static float row_scale(const CardWeight&, std::int64_t) { return 1.0f; }
};

struct Bf16Weight : Plain {
  static constexpr int kAhead = 2;
  static constexpr int kRowSets = 4;
  struct Raw {
    std::uint32_t pairs[8];
  };

  __device__ static Raw load(const CardWeight& weight, int base, int chunk, int pair) {
    Raw raw;
    narrow::load_sixteen(raw.pairs, static_cast<const Bf16*>(weight.values) + static_cast<std::int64_t>(base + chunk * 8 + pair * 2) * kUnit);
    return raw;
  }
  __device__ static void unpack(const Raw& raw, std::uint32_t (&out)[8]) {
#pragma unroll
    for (int i = 0; i < 8; ++i) out[i] = raw.pairs[i];
  }
  __device__ static float scale(const NoScales&, const Raw&, int) { return 1.0f; }
  __device__ static std::uint32_t value(const CardWeight& weight, std::int64_t row, std::int64_t k) {
    return static_cast<const Bf16*>(weight.values)[row * weight.columns + k];
  }
};

struct F32Weight : Plain {
  static constexpr int kAhead = 1;
  static constexpr int kRowSets = 2;
  struct Raw {
    float4 quads[4];
  };

  __device__ static Raw load(const CardWeight& weight, int base, int chunk, int pair) {
    const float* from = static_cast<const float*>(weight.values) + static_cast<std::int64_t>(base + chunk * 8 + pair * 2) * kUnit;
    Raw raw;
#pragma unroll
    for (int i = 0; i < 4; ++i) raw.quads[i] = __ldg(reinterpret_cast<const float4*>(from) + i);
    return raw;
  }
  __device__ static void unpack(const Raw& raw, std::uint32_t (&out)[8]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      out[2 * i] = pack_bf16(raw.quads[i].x, raw.quads[i].y);
      out[2 * i + 1] = pack_bf16(raw.quads[i].z, raw.quads[i].w);
    }
  }
  __device__ static float scale(const NoScales&, const Raw&, int) { return 1.0f; }
  __device__ static std::uint32_t value(const CardWeight& weight, std::int64_t row, std::int64_t k) {
    return to_bf16(static_cast<const float*>(weight.values)[row * weight.columns + k]);
  }
};

}  // namespace

Status linear_narrow_plain(Stream& stream, const NarrowProduct& product) {
  const CardWeight& weight = product.parts[0].weight;
  const auto values_of = [](const CardWeight& each) { return each.values; };
  if (weight.format == DType::packed_f32) return narrow::run<F32Weight>(stream, product, values_of, weight.columns * 4, {});
  return narrow::run<Bf16Weight>(stream, product, values_of, weight.columns * 2, {});
}

}  // namespace hone::cuda
