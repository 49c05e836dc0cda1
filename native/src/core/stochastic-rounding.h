#pragma once
#include "core/counter-random.h"
#include "core/half.h"

namespace hone {

// Which tensor of a step a random number is for.
enum class RoundingStream : std::uint32_t { parameter = 0, mean = 0x5bd1e995u, square = 0x27d4eb2fu };

// Up or down to a bf16 neighbour with the chance of its nearness, so that many small steps add up to what they should:
// 16 random bits are added below the last bit that stays. Infinity and NaN are cut off.
HONE_HOST_DEVICE inline std::uint16_t f32_to_bf16_by_chance(float value, std::uint32_t random) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7f800000u) == 0x7f800000u) return f32_to_bf16(value);
  return static_cast<std::uint16_t>((bits + (random & 0xffffu)) >> 16);
}

}  // namespace hone
