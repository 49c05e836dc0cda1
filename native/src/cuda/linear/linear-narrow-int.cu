// int8 and int4. A byte becomes a float by arithmetic on its bits: a conversion instruction runs at a quarter of that rate.
#include "cuda/linear/linear-narrow-kernel.h"

namespace hone::cuda {
namespace {

struct NoTables {};
struct NoScales {};

// 2^23 + code - offset, exact.
__device__ inline float small_float(std::uint32_t code, float offset) { return __uint_as_float(0x4b000000u | code) - offset; }

inline constexpr float kTwo23 = 8388608.0f;

// Codes are exact in bf16; the scale of the row multiplies the whole sum.
struct Int8 {
  using Tables = NoTables;
  struct Raw {
    uint4 codes;
  };
  static constexpr std::size_t kTableBytes = 0;
  static constexpr int kAhead = 4;
  static constexpr int kRowSets = 4;
  static constexpr int kUnit = 16;
  static constexpr bool kScaled = false;

  __device__ static void fill(const Tables&) {}
  using Scales = NoScales;
  __device__ static Scales scales_of(const CardWeight&) { return {}; }
  __device__ static Raw load(const CardWeight& weight, int base, int chunk, int pair) {
    return {__ldg(reinterpret_cast<const uint4*>(weight.codes) + base + chunk * 4 + pair)};
  }
  __device__ static void unpack(const Raw& raw, std::uint32_t (&out)[8]) {
    const std::uint32_t words[4] = {raw.codes.x, raw.codes.y, raw.codes.z, raw.codes.w};
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      // A signed byte with its top bit turned is that byte plus 128, unsigned.
      const std::uint32_t two = (words[i / 2] >> (i % 2 * 16) & 0xffffu) ^ 0x8080u;
      out[i] = pack_bf16(small_float(two & 255u, kTwo23 + 128.0f), small_float(two >> 8, kTwo23 + 128.0f));
    }
  }
  __device__ static float scale(const NoScales&, const Raw&, int) { return 1.0f; }
  __device__ static float row_scale(const CardWeight& weight, std::int64_t row) { return weight.absmax[row] * 7.874015718698502e-3f; }
  __device__ static std::uint32_t value(const CardWeight& weight, std::int64_t row, std::int64_t k) {
    return to_bf16(static_cast<float>(static_cast<std::int8_t>(weight.codes[row * weight.columns + k])));
  }
};

// The 16 values of a lane lie in one group, but a chunk may hold two: each value is scaled and rounded to bf16, as dequantise does.
struct Int4 {
  using Tables = NoTables;
  struct Raw {
    uint2 codes;
    float scale;
    std::uint32_t zero;
  };
  static constexpr std::size_t kTableBytes = 0;
  static constexpr int kAhead = 4;
  static constexpr int kRowSets = 4;
  static constexpr int kUnit = 16;
  static constexpr bool kScaled = false;

  __device__ static void fill(const Tables&) {}
  using Scales = NoScales;
  __device__ static Scales scales_of(const CardWeight&) { return {}; }
  __device__ static Raw load(const CardWeight& weight, int base, int chunk, int pair) {
    const int at = base + chunk * 4 + pair, group = at >> (weight.group == 32 ? 1 : weight.group == 64 ? 2 : 3);
    Raw raw;
    raw.codes = __ldg(reinterpret_cast<const uint2*>(weight.codes) + at);
    raw.scale = __ldg(weight.absmax + group);
    raw.zero = __ldg(weight.zeros + group);
    return raw;
  }
  __device__ static void unpack(const Raw& raw, std::uint32_t (&out)[8]) {
    const float offset = kTwo23 + static_cast<float>(raw.zero);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const std::uint32_t byte = (i < 4 ? raw.codes.x : raw.codes.y) >> (i % 4 * 8);
      out[i] = pack_bf16(small_float(byte >> 4 & 15u, offset) * raw.scale, small_float(byte & 15u, offset) * raw.scale);
    }
  }
  __device__ static float scale(const NoScales&, const Raw&, int) { return 1.0f; }
  __device__ static float row_scale(const CardWeight&, std::int64_t) { return 1.0f; }
  __device__ static std::uint32_t value(const CardWeight& weight, std::int64_t row, std::int64_t k) {
    const std::int64_t at = row * weight.columns + k;
    const int code = weight.codes[at / 2] >> (k % 2 == 0 ? 4 : 0) & 15;
    return to_bf16(static_cast<float>(code - weight.zeros[at / weight.group]) * weight.absmax[at / weight.group]);
  }
};

}  // namespace

Status linear_narrow_int(Stream& stream, const NarrowProduct& product) {
  const CardWeight& weight = product.parts[0].weight;
  const auto codes_of = [](const CardWeight& each) { return each.codes; };
  if (weight.format == DType::int8) return narrow::run<Int8>(stream, product, codes_of, weight.columns, {});
  return narrow::run<Int4>(stream, product, codes_of, weight.columns / 2, {});
}

}  // namespace hone::cuda
