#pragma once
#include <cstdint>

#include "core/host-device.h"

namespace hone {

// Random numbers by position: the number of (seed, index) is the same whoever asks, in whatever order, so a resumed or
// re-batched run draws what the first one drew. Two rounds of the lowbias32 mix (Ellis, 2018) over 32-bit words, because
// 16 lanes of 32-bit multiplies are what the vector units have.
HONE_HOST_DEVICE inline std::uint32_t mix32(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return x;
}

HONE_HOST_DEVICE inline std::uint32_t random32(std::uint32_t seed_low, std::uint32_t seed_high, std::uint64_t index) {
  const auto low = static_cast<std::uint32_t>(index);
  const auto high = static_cast<std::uint32_t>(index >> 32);
  return mix32(mix32(low * 0x9e3779b9u + seed_low) + (seed_high ^ (high * 0x85ebca6bu)));
}

// In [0, 1), a multiple of 2^-24, exact in f32.
HONE_HOST_DEVICE inline float uniform_f32(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 5.9604644775390625e-8f; }

// In (0, 1), the middle of one of 2^32 equal steps.
HONE_HOST_DEVICE inline double uniform_f64(std::uint32_t bits) { return (static_cast<double>(bits) + 0.5) * 2.3283064365386962890625e-10; }

}  // namespace hone
