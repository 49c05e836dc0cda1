#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "cpu/gemm/gemm-transpose.h"
#include "cpu/simd.h"

// f32 rows as the operands of attention-pairs.h.
namespace hone::HONE_ISA {

inline constexpr std::int64_t kPairLanes = 16;

inline std::int64_t filled_up(std::int64_t count, std::int64_t step) { return (count + step - 1) / step * step; }

// The bits of bf16, to nearest even, in the upper half of each lane; the lower half is whatever was left.
inline I16x rounded_bits(F16x x) {
  const I16x bits = as_int(x);
  return add(bits, add(set_int(0x7fffu), bit_and(shift_right<16>(bits), set_int(1))));
}

inline void store_bf16(std::uint16_t* p, F16x x) {
#if defined(__AVX512BF16__)
  const __m256bh rounded = _mm512_cvtneps_pbh(x.v);
  std::memcpy(p, &rounded, sizeof(rounded));
#elif defined(__AVX512F__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(shift_right<16>(rounded_bits(x)).v));
#else
  const I16x bits = shift_right<16>(rounded_bits(x));
  const __m256i mixed = _mm256_packus_epi32(bits.lo, bits.hi);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(mixed, 0xd8));
#endif
}

// bf16 of two rows side by side: `even` in the lower half of each lane. Ties go away from zero, which saves a third of the
// operations; the weights of a softmax have no ties worth the name.
inline void store_pairs(std::uint32_t* p, F16x even, F16x odd) {
  const I16x half = set_int(0x8000u);
  const I16x lower = shift_right<16>(add(as_int(even), half));
  const I16x upper = bit_and(add(as_int(odd), half), set_int(0xffff0000u));
  store(reinterpret_cast<float*>(p), as_float(add(lower, upper)));
}

// One row of `width` values, filled up to `depth` with zeros.
inline void round_row(const float* source, std::int64_t width, std::uint16_t* target, std::int64_t depth) {
  std::int64_t i = 0;
  for (; i + kWide <= width; i += kWide) store_bf16(target + i, load(source + i));
  if (i < width) {
    alignas(64) std::uint16_t part[kWide];
    store_bf16(part, load_first(source + i, static_cast<int>(width - i)));
    std::memcpy(target + i, part, (width - i) * sizeof(std::uint16_t));
    i = width;
  }
  if (i < depth) std::memset(target + i, 0, (depth - i) * sizeof(std::uint16_t));
}

// target[pair][column] = pair `pair` of row `column`, for `columns` rows (a multiple of 16) of `depth` values.
inline void turn_pairs(const std::uint16_t* rows, std::int64_t columns, std::int64_t depth, std::uint32_t* target,
                       std::int64_t target_row) {
  transpose(reinterpret_cast<const std::uint32_t*>(rows), depth / 2, columns, depth / 2, target, target_row);
}

// target[i] holds row 2 i and row 2 i + 1 side by side.
inline void join_rows(const std::uint16_t* rows, std::int64_t count, std::int64_t depth, std::uint32_t* target) {
  for (std::int64_t i = 0; i < count; i += 2) {
    const std::uint16_t* even = rows + i * depth;
    const std::uint16_t* odd = even + depth;
    std::uint32_t* line = target + i / 2 * depth;
    for (std::int64_t j = 0; j < depth; ++j) line[j] = static_cast<std::uint32_t>(odd[j]) << 16 | even[j];
  }
}

// 2^x to about 3 parts in 2^20, which bf16 does not see; 0 below 2^-125. The magic number leaves the whole part of x in the
// lowest bits, from where it moves to the exponent; the polynomial is the minimax one of degree 4 for the rest.
inline F16x exp2_short(F16x x) {
  const F16x lowest = set(-125.0f), magic = set(12582912.0f);
  const F16x bounded = max(x, lowest);
  const F16x shifted = add(bounded, magic);
  const F16x rest = sub(bounded, sub(shifted, magic));
  F16x p = set(9.570097530e-03f);
  p = fma(p, rest, set(5.591786658e-02f));
  p = fma(p, rest, set(2.402474499e-01f));
  p = fma(p, rest, set(6.931218140e-01f));
  p = fma(p, rest, set(9.999992614e-01f));
  const F16x value = as_float(add(as_int(p), shift_left<23>(as_int(shifted))));
  return select(less(x, lowest), set(0.0f), value);
}

inline constexpr float kLog2e = 1.44269504088896341f;
inline constexpr float kLn2 = 0.69314718055994531f;

}  // namespace hone::HONE_ISA
