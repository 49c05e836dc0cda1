#pragma once
#include "cpu/gemm/gemm-amx-operand.h"
#if defined(__AMX_BF16__)

// The packed form of a weight as operand B of the input gradient, whose sum runs over the rows of the weight: one pass from
// pairs over k to tiles of pairs over n. By way of rows of pairs in memory the product ran at three quarters of its rate.
namespace hone::HONE_ISA {

// A tile of the packed form, [32 pairs of k][64 n], as two steps of 16 pairs of n by four tiles of 16 k. Eight lines of 16 n
// are a square of 64-bit elements: in each of them the inner two halves change places, then the square is turned.
inline void turn_into_tiles(const std::uint32_t* tile, std::int64_t steps, std::uint32_t* target) {
  const __m512i inner = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  for (std::int64_t k = 0; k < 4; ++k) {
    std::uint32_t* const column = target + (k / 2 * steps * 2 + k % 2) * kTileWords;
    for (std::int64_t n = 0; n < 4; ++n) {
      const std::uint32_t* from = tile + k * 8 * kPanelColumns + n * 16;
      std::uint32_t* const to = column + n / 2 * 2 * kTileWords + n % 2 * 128;
      __m512i t[8], u[8];
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) t[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(from + i * kPanelColumns), inner);
#pragma GCC unroll 4
      for (int i = 0; i < 8; i += 2) {
        u[i] = _mm512_unpacklo_epi64(t[i], t[i + 1]);
        u[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 1]);
      }
      // u[2 i + j] holds, in its quarter q, what column 2 q + j has of the lines 2 i and 2 i + 1.
#pragma GCC unroll 2
      for (int j = 0; j < 2; ++j) {
        const __m512i low = _mm512_shuffle_i64x2(u[j], u[2 + j], 0x88), low_odd = _mm512_shuffle_i64x2(u[j], u[2 + j], 0xdd);
        const __m512i high = _mm512_shuffle_i64x2(u[4 + j], u[6 + j], 0x88), high_odd = _mm512_shuffle_i64x2(u[4 + j], u[6 + j], 0xdd);
        _mm512_storeu_si512(to + j * 16, _mm512_shuffle_i64x2(low, high, 0x88));
        _mm512_storeu_si512(to + (4 + j) * 16, _mm512_shuffle_i64x2(low, high, 0xdd));
        _mm512_storeu_si512(to + (2 + j) * 16, _mm512_shuffle_i64x2(low_odd, high_odd, 0x88));
        _mm512_storeu_si512(to + (6 + j) * 16, _mm512_shuffle_i64x2(low_odd, high_odd, 0xdd));
      }
    }
  }
}

}  // namespace hone::HONE_ISA
#endif
