#pragma once
#include "cpu/gemm/gemm-vector.h"

// What a microkernel does with one element of A and one vector of B. kRows x kVectors accumulators, the operands of
// one step and the constants fill the registers of the level without spilling.
namespace hone::HONE_ISA {

// One k at a time: acc = fma(a, b, acc).
struct F32Dot {
  using Element = float;
  static constexpr std::int64_t kGranule = 1;  // A slice of the sum begins at a multiple of this many steps.
  // 112 steps of a 64-column panel are 28 KiB: they stay in a first-level cache of 32 KiB while all row tiles pass.
  static constexpr std::int64_t kSlice = 112;
  using B = Vec;
  using A = Vec;
  static constexpr int kRows = 6;
  static constexpr int kVectors = kLanes == 16 ? 4 : 2;

  static B load_b(const Element* p) { return vec_load(p); }
  static A load_a(const Element* p) { return vec_set(*p); }
  static Vec step(A a, B b, Vec acc) { return vec_fma(a, b, acc); }
};

// Two k at a time, a pair of bf16 in 32 bits. The upper half (odd k) is added first, then the lower, each with one
// rounding: this is what vdpbf16ps does, so the levels without it give the same bits.
#if defined(__AVX512BF16__)
struct Bf16Dot {
  using Element = std::uint32_t;
#if defined(__AMX_BF16__)
  static constexpr std::int64_t kGranule = 16;
  // The tile unit is fed from the second level as fast as from the first; what costs is to load and store C.
  static constexpr std::int64_t kSlice = 1024;
#else
  static constexpr std::int64_t kGranule = 1;
  static constexpr std::int64_t kSlice = 112;
#endif
  using B = __m512i;
  using A = __m512i;
  static constexpr int kRows = 6;
  static constexpr int kVectors = 4;

  static B load_b(const Element* p) { return bits_load(p); }
  static A load_a(const Element* p) { return bits_set(*p); }
  static Vec step(A a, B b, Vec acc) {
    return _mm512_dpbf16_ps(acc, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};
#else
struct Bf16Dot {
  struct Pair {
    Vec upper;
    Vec lower;
  };
  using Element = std::uint32_t;
  static constexpr std::int64_t kGranule = 1;
  static constexpr std::int64_t kSlice = 112;
  using B = Pair;
  using A = Pair;
  static constexpr int kRows = kLanes == 16 ? 6 : 4;
  static constexpr int kVectors = 2;

  static Pair split(VecBits pair) { return {vec_upper_bf16(pair), vec_lower_bf16(pair)}; }
  static B load_b(const Element* p) { return split(bits_load(p)); }
  static A load_a(const Element* p) { return split(bits_set(*p)); }
  static Vec step(const A& a, const B& b, Vec acc) {
    return vec_fma(a.lower, b.lower, vec_fma(a.upper, b.upper, acc));
  }
};
#endif

}  // namespace hone::HONE_ISA
