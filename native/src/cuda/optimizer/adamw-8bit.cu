// 10 bytes a parameter with bf16 weights and gradients, 16 with f32 ones. A warp holds one block of 256 averages in registers
// from code to code, so that nothing is read twice.
#include <algorithm>

#include "core/nf4-codec.h"
#include "core/ops-args.h"
#include "cuda/optimizer/adamw-update.h"
#include "cuda/device/reduce.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kBlock = 256;
constexpr int kEach = kBlock / kWarp;
constexpr int kZero = 127;  // Where the signed map has its zero.

struct DynamicMaps {
  float signed_map[256];
  float unsigned_map[256];
};

struct SharedMaps {
  float signed_map[256];
  float unsigned_map[256];
  float signed_midpoints[256];    // Between entry i and i + 1, from kZero on.
  float unsigned_midpoints[256];
};

__device__ inline void fill_maps(const DynamicMaps& maps, SharedMaps& shared) {
  for (int i = threadIdx.x; i < 256; i += kThreads) {
    shared.signed_map[i] = maps.signed_map[i];
    shared.unsigned_map[i] = maps.unsigned_map[i];
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 255; i += kThreads) {
    shared.unsigned_midpoints[i] = (shared.unsigned_map[i] + shared.unsigned_map[i + 1]) * 0.5f;
    if (i >= kZero) shared.signed_midpoints[i - kZero] = (shared.signed_map[i] + shared.signed_map[i + 1]) * 0.5f;
  }
  __syncthreads();
}

// How many midpoints lie below a magnitude. A map has seven decades of `items_of_last` / 2^k entries, k = 0 the uppermost, each
// decade cut into equal cells: the nearest cell boundary is computed, and one look at the midpoint there decides the side. That of
// two decades lies a fifth of a cell above the power of ten, so the nearest boundary is never another than the one that counts.
__device__ inline int steps_above(const float* midpoints, int items_of_last, int first, float magnitude) {
  int items = items_of_last;
  float scaled = magnitude;
#pragma unroll
  for (int k = 0; k < 6; ++k) {
    const bool is_below = !(scaled > 0.1f);
    scaled = is_below ? scaled * 10.0f : scaled;
    items = is_below ? items >> 1 : items;
  }
  const float cell = (scaled - 0.1f) * (static_cast<float>(items) * (1.0f / 0.9f));
  const int boundary = min(static_cast<int>(fmaxf(cell, 0.0f) + 0.5f), items);
  const int below = items + first + boundary - 1;
  return below + (magnitude > midpoints[below] ? 1 : 0);
}

__device__ inline std::uint8_t signed_code(const SharedMaps& maps, float value) {
  const int steps = steps_above(maps.signed_midpoints, 64, 0, fabsf(value));
  // No average below zero takes the code of zero, and the map has no -1.
  return static_cast<std::uint8_t>(value < 0 ? kZero - min(max(steps, 1), kZero) : kZero + steps);
}

__device__ inline std::uint8_t unsigned_code(const SharedMaps& maps, float value) {
  return static_cast<std::uint8_t>(steps_above(maps.unsigned_midpoints, 128, -1, value));
}

__device__ inline void read_codes(const std::uint8_t* from, int count, bool is_aligned, std::uint8_t (&codes)[kEach]) {
  if (is_aligned && count == kEach) {
    const uint2 bits = *reinterpret_cast<const uint2*>(from);
#pragma unroll
    for (int i = 0; i < kEach; ++i) codes[i] = static_cast<std::uint8_t>((i < 4 ? bits.x : bits.y) >> (i % 4 * 8));
    return;
  }
#pragma unroll
  for (int i = 0; i < kEach; ++i) codes[i] = i < count ? from[i] : 0;
}

__device__ inline void write_codes(std::uint8_t* to, int count, bool is_aligned, const std::uint8_t (&codes)[kEach]) {
  if (is_aligned && count == kEach) {
    uint2 bits = make_uint2(0, 0);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      bits.x |= static_cast<std::uint32_t>(codes[i]) << (i * 8);
      bits.y |= static_cast<std::uint32_t>(codes[i + 4]) << (i * 8);
    }
    *reinterpret_cast<uint2*>(to) = bits;
    return;
  }
#pragma unroll
  for (int i = 0; i < kEach; ++i) {
    if (i < count) to[i] = codes[i];
  }
}

struct Averages {
  std::uint8_t* codes;
  float* absmax;
  bool is_aligned;  // On a multiple of 8 bytes.
};

// Lane l of the warp of a block holds its elements 8 l to 8 l + 7.
__global__ void __launch_bounds__(kThreads) adamw_8bit_kernel(const __grid_constant__ DynamicMaps tables, AdamwNumbers numbers, Mixed p,
                                                              Mixed g, Averages m, Averages v, std::int64_t count) {
  __shared__ SharedMaps maps;
  __shared__ float shared_factor;
  __shared__ bool shared_is_step;
  if (threadIdx.x == 0) shared_is_step = gradient_factor(numbers, shared_factor);
  fill_maps(tables, maps);
  if (!shared_is_step) return;
  const float factor = shared_factor;
  const int lane = threadIdx.x % kWarp;
  const std::int64_t blocks = (count + kBlock - 1) / kBlock, stride = static_cast<std::int64_t>(gridDim.x) * (kThreads / kWarp);
  for (std::int64_t block = static_cast<std::int64_t>(blockIdx.x) * (kThreads / kWarp) + threadIdx.x / kWarp; block < blocks;
       block += stride) {
    const std::int64_t at = block * kBlock + lane * kEach;
    const int mine = at + kEach <= count ? kEach : at < count ? static_cast<int>(count - at) : 0;
    const float m_scale = m.absmax[block], v_scale = v.absmax[block];
    std::uint8_t m_codes[kEach], v_codes[kEach];
    read_codes(m.codes + at, mine, m.is_aligned, m_codes);
    read_codes(v.codes + at, mine, v.is_aligned, v_codes);
    float ms[kEach], vs[kEach], m_largest = 0, v_largest = 0;
#pragma unroll
    for (int half = 0; half < kEach; half += 4) {
      const int here = mine - half < 0 ? 0 : mine - half > 4 ? 4 : mine - half;
      float ps[4], gs[4];
      read_four(p, at + half, here, ps);
      read_four(g, at + half, here, gs);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        float& mi = ms[half + i];
        float& vi = vs[half + i];
        mi = rounded_product(maps.signed_map[m_codes[half + i]], m_scale);
        vi = rounded_product(maps.unsigned_map[v_codes[half + i]], v_scale);
        adamw_update(numbers, factor, gs[i], ps[i], mi, vi);
        if (i >= here) continue;
        m_largest = fmaxf(m_largest, fabsf(mi));
        v_largest = fmaxf(v_largest, vi);
      }
      write_four(p, at + half, here, ps, numbers, RoundingStream::parameter);
    }
    m_largest = warp_max(m_largest);
    v_largest = warp_max(v_largest);
    const float m_inverse = m_largest > 0 ? rounded_quotient(1.0f, m_largest) : 0.0f;
    const float v_inverse = v_largest > 0 ? rounded_quotient(1.0f, v_largest) : 0.0f;
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
      m_codes[i] = signed_code(maps, rounded_product(ms[i], m_inverse));
      v_codes[i] = unsigned_code(maps, rounded_product(vs[i], v_inverse));
    }
    write_codes(m.codes + at, mine, m.is_aligned, m_codes);
    write_codes(v.codes + at, mine, v.is_aligned, v_codes);
    if (lane == 0) {
      m.absmax[block] = m_largest;
      v.absmax[block] = v_largest;
    }
  }
}

Averages averages(const View& codes, const View& absmax) {
  return {codes.data_as<std::uint8_t>(), absmax.data_as<float>(), reinterpret_cast<std::uintptr_t>(codes.data) % 8 == 0};
}

}  // namespace

Status adamw8bit_step(Stream& stream, const Adamw8bitStepArgs& args) {
  const std::int64_t count = args.p.count(), blocks = (count + kBlock - 1) / kBlock;
  if (args.m_absmax.count() != blocks) return bad_argument("expected one scale for every 256 elements");
  DynamicMaps maps;
  for (int i = 0; i < 256; ++i) {
    maps.signed_map[i] = dynamic_map()[i];
    maps.unsigned_map[i] = unsigned_dynamic_map()[i];
  }
  // Blocks that go on and on fill their tables once.
  const std::int64_t grid = std::min<std::int64_t>((blocks + kThreads / kWarp - 1) / (kThreads / kWarp),
                                                   static_cast<std::int64_t>(stream.multiprocessors) * 8);
  return launch(stream, "adamw8bit_step", adamw_8bit_kernel, static_cast<unsigned>(grid), kThreads, 0, maps, adamw_numbers(args),
                mixed(args.p), mixed(args.g), averages(args.m, args.m_absmax), averages(args.v, args.v_absmax), count);
}

}  // namespace hone::cuda
