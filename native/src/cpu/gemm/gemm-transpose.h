#pragma once
#include <cstdint>
#include <cstring>

#include "cpu/gemm/gemm-vector.h"

// Square blocks of 32-bit elements turned in registers: kLanes rows in, kLanes rows out. bf16 pairs travel as f32 bits.
namespace hone::HONE_ISA {

#if defined(__AVX512F__)

inline void transpose_block(const float* source, std::int64_t source_row, float* target, std::int64_t target_row) {
  __m512 r[16], t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_ps(source + i * source_row);
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  // r[4 g + j] holds, in its 128-bit quarter q, the elements 4 g .. 4 g + 3 of column 4 q + j.
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const __m512 low = _mm512_shuffle_f32x4(r[j], r[4 + j], 0x88);
    const __m512 low_odd = _mm512_shuffle_f32x4(r[j], r[4 + j], 0xdd);
    const __m512 high = _mm512_shuffle_f32x4(r[8 + j], r[12 + j], 0x88);
    const __m512 high_odd = _mm512_shuffle_f32x4(r[8 + j], r[12 + j], 0xdd);
    _mm512_storeu_ps(target + j * target_row, _mm512_shuffle_f32x4(low, high, 0x88));
    _mm512_storeu_ps(target + (4 + j) * target_row, _mm512_shuffle_f32x4(low_odd, high_odd, 0x88));
    _mm512_storeu_ps(target + (8 + j) * target_row, _mm512_shuffle_f32x4(low, high, 0xdd));
    _mm512_storeu_ps(target + (12 + j) * target_row, _mm512_shuffle_f32x4(low_odd, high_odd, 0xdd));
  }
}

#else

inline void transpose_block(const float* source, std::int64_t source_row, float* target, std::int64_t target_row) {
  __m256 r[8], t[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(source + i * source_row);
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    _mm256_storeu_ps(target + j * target_row, _mm256_permute2f128_ps(r[j], r[4 + j], 0x20));
    _mm256_storeu_ps(target + (4 + j) * target_row, _mm256_permute2f128_ps(r[j], r[4 + j], 0x31));
  }
}

#endif

// target[k][n] = source[n][k] for a block of `rows` n and `columns` k of 32-bit elements; edges go one by one.
template <class T>
void transpose(const T* source_elements, std::int64_t source_row, std::int64_t rows, std::int64_t columns,
               T* target_elements, std::int64_t target_row) {
  static_assert(sizeof(T) == sizeof(float));
  const float* source = reinterpret_cast<const float*>(source_elements);
  float* target = reinterpret_cast<float*>(target_elements);
  const std::int64_t whole_rows = rows / kLanes * kLanes, whole_columns = columns / kLanes * kLanes;
  for (std::int64_t k = 0; k < whole_columns; k += kLanes) {
    for (std::int64_t n = 0; n < whole_rows; n += kLanes) {
      transpose_block(source + n * source_row + k, source_row, target + k * target_row + n, target_row);
    }
  }
  for (std::int64_t n = 0; n < rows; ++n) {
    for (std::int64_t k = n < whole_rows ? whole_columns : 0; k < columns; ++k) {
      std::memcpy(target + k * target_row + n, source + n * source_row + k, sizeof(float));
    }
  }
}

}  // namespace hone::HONE_ISA
