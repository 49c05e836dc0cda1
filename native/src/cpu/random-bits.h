#pragma once
#include "cpu/simd.h"

namespace hone::HONE_ISA {

// mix32 of core/counter-random.h, sixteen at a time.
inline I16x mix(I16x x) {
  x = exclusive_or(x, shift_right<16>(x));
  x = mul(x, set_int(0x7feb352du));
  x = exclusive_or(x, shift_right<15>(x));
  x = mul(x, set_int(0x846ca68bu));
  return exclusive_or(x, shift_right<16>(x));
}

// random32 of core/counter-random.h for the indices i .. i + 15. Their upper half is the same for all lanes, because a
// vector starts at a multiple of 16.
inline I16x random_bits(std::uint32_t seed_low, std::uint32_t seed_high, std::int64_t i) {
  alignas(64) static constexpr std::int32_t kSteps[kWide] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const auto high = static_cast<std::uint32_t>(static_cast<std::uint64_t>(i) >> 32);
  const I16x index = add(load_int(kSteps), set_int(static_cast<std::uint32_t>(i)));
  const I16x first = mix(add(mul(index, set_int(0x9e3779b9u)), set_int(seed_low)));
  return mix(add(first, set_int(seed_high ^ (high * 0x85ebca6bu))));
}

}  // namespace hone::HONE_ISA
