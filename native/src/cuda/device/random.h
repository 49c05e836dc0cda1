#pragma once
#include <cuda_runtime.h>

#include <cstdint>

// Random numbers by position, with the bits of core/counter-random.h.
namespace hone::cuda {

__device__ inline std::uint32_t mix32(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return x;
}

__device__ inline std::uint32_t random32(std::uint32_t seed_low, std::uint32_t seed_high, std::uint64_t index) {
  const auto low = static_cast<std::uint32_t>(index);
  const auto high = static_cast<std::uint32_t>(index >> 32);
  return mix32(mix32(low * 0x9e3779b9u + seed_low) + (seed_high ^ (high * 0x85ebca6bu)));
}

}  // namespace hone::cuda
