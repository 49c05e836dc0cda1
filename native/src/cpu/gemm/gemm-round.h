#pragma once
#include <cstdint>

#include "core/half.h"
#include "cpu/gemm/gemm-vector.h"

// f32 becomes bf16 pairs: the operands of the dot. Every level rounds alike, to nearest even.
namespace hone::HONE_ISA {

// One row with its neighbours joined, (k, k + 1); an odd count gets a zero at its end.
inline void round_row(const float* source, std::int64_t count, std::uint32_t* target) {
  std::uint16_t* out = reinterpret_cast<std::uint16_t*>(target);
  std::int64_t k = 0;
  for (; k + kLanes <= count; k += kLanes) bits_store_u16(out + k, bits_round_bf16(vec_load(source + k)));
  for (; k < count; ++k) out[k] = f32_to_bf16(source[k]);
  if (count % 2 != 0) out[count] = 0;
}

// Two rows joined element by element; an absent upper row is zeros.
inline void round_two_rows(const float* lower, const float* upper, std::int64_t count, std::uint32_t* target) {
  std::int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    const VecBits low = bits_round_bf16(vec_load(lower + j));
    bits_store(target + j, upper == nullptr ? low : bits_join(bits_round_bf16(vec_load(upper + j)), low));
  }
  for (; j < count; ++j) {
    const std::uint32_t high = upper == nullptr ? 0 : f32_to_bf16(upper[j]);
    target[j] = high << 16 | f32_to_bf16(lower[j]);
  }
}

}  // namespace hone::HONE_ISA
