#pragma once
#include "cuda/device/async-copy.h"
#include "cuda/device/bf16.h"
#include "cuda/device/tensor-unit.h"

// The two products of which every attention kernel is made, a warp at a time, on rows of bf16 in shared memory. A warp holds
// tiles of 16 rows and 8 columns of f32 as the tensor unit leaves them (device/tensor-unit.h): kM tiles one below the other.
// Sums of one product become the left operand of the next without leaving the registers.
namespace hone::cuda::attention {

// From row to row in shared memory: an odd number of 16-byte lines, so that the eight rows of a tile lie in different banks.
template <int kDepth>
inline constexpr int kStride = kDepth + 8;

template <int kRows, int kDepth>
inline constexpr int kTileBytes = kRows * kStride<kDepth> * 2;

// Sums of 16 kM rows and kColumns columns. Of tile [m][n], values 0 and 1 are of row lane / 4, 2 and 3 of that row + 8.
template <int kM, int kColumns>
using Sums = float[kM][kColumns / 8][4];

template <int kM, int kColumns>
__device__ inline void clear(Sums<kM, kColumns>& sums) {
#pragma unroll
  for (int m = 0; m < kM; ++m) {
#pragma unroll
    for (int n = 0; n < kColumns / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) sums[m][n][i] = 0.0f;
    }
  }
}

// s = a bT for 16 kM rows of a and kN rows of b.
template <int kM, int kN, int kDepth>
__device__ inline void multiply_rows(Sums<kM, kN>& s, const Bf16* a, const Bf16* b) {
  constexpr int kRow = kStride<kDepth>;
  const int lane = threadIdx.x % 32;
  const Bf16* a_line = a + lane % 16 * kRow + lane / 16 * 8;
  const Bf16* b_line = b + (lane / 16 * 8 + lane % 8) * kRow + lane / 8 % 2 * 8;
  clear<kM, kN>(s);
#pragma unroll
  for (int k = 0; k < kDepth; k += 16) {
    std::uint32_t left[kM][4];
#pragma unroll
    for (int m = 0; m < kM; ++m) load_tiles(left[m], a_line + m * 16 * kRow + k);
#pragma unroll
    for (int n = 0; n < kN / 16; ++n) {
      std::uint32_t both[4];
      load_tiles(both, b_line + n * 16 * kRow + k);
      const std::uint32_t low[2] = {both[0], both[1]}, high[2] = {both[2], both[3]};
#pragma unroll
      for (int m = 0; m < kM; ++m) {
        multiply_16x8x16(s[m][2 * n], left[m], low);
        multiply_16x8x16(s[m][2 * n + 1], left[m], high);
      }
    }
  }
}

// Sums of kN columns, rounded to bf16, as the left operand of a product: half the registers.
template <int kM, int kN>
using Left = std::uint32_t[kM][kN / 16][4];

template <int kM, int kN>
__device__ inline void round_sums(Left<kM, kN>& left, const Sums<kM, kN>& p) {
#pragma unroll
  for (int m = 0; m < kM; ++m) {
#pragma unroll
    for (int k = 0; k < kN / 16; ++k) {
      left[m][k][0] = pack_bf16(p[m][2 * k][0], p[m][2 * k][1]);
      left[m][k][1] = pack_bf16(p[m][2 * k][2], p[m][2 * k][3]);
      left[m][k][2] = pack_bf16(p[m][2 * k + 1][0], p[m][2 * k + 1][1]);
      left[m][k][3] = pack_bf16(p[m][2 * k + 1][2], p[m][2 * k + 1][3]);
    }
  }
}

// o += left b for kN rows of b.
template <int kM, int kN, int kDepth>
__device__ inline void multiply_add(Sums<kM, kDepth>& o, const Left<kM, kN>& left, const Bf16* b) {
  constexpr int kRow = kStride<kDepth>;
  const int lane = threadIdx.x % 32;
  const Bf16* b_line = b + lane % 16 * kRow + lane / 16 * 8;
#pragma unroll
  for (int k = 0; k < kN / 16; ++k) {
#pragma unroll
    for (int n = 0; n < kDepth / 16; ++n) {
      std::uint32_t both[4];
      load_tiles_transposed(both, b_line + k * 16 * kRow + n * 16);
      const std::uint32_t low[2] = {both[0], both[1]}, high[2] = {both[2], both[3]};
#pragma unroll
      for (int m = 0; m < kM; ++m) {
        multiply_16x8x16(o[m][2 * n], left[m][k], low);
        multiply_16x8x16(o[m][2 * n + 1], left[m][k], high);
      }
    }
  }
}

// The rows of one head among the packed tokens of one sequence, by position.
struct PackedRows {
  const Bf16* values;  // [tokens, heads, width]
  int heads, head, width, begin, length;

  __device__ const Bf16* at(int position) const {
    return position < length ? values + (static_cast<std::int64_t>(begin + position) * heads + head) * width : nullptr;
  }
};

// 8 values of a row of `width`, with zeros after its end and where `from` is null. `is_vector`: rows start at multiples of 16
// bytes and their width is a multiple of 8; the values are there after wait_copies and a barrier then, else after a barrier.
__device__ inline void load_line(Bf16* to, const Bf16* from, int column, int width, bool is_vector) {
  const bool is_inside = from != nullptr && column < width;
  if (is_vector) {
    copy_async(to + column, is_inside ? from + column : from, is_inside);
    return;
  }
  for (int i = 0; i < 8; ++i) to[column + i] = is_inside && column + i < width ? from[column + i] : Bf16{0};
}

// Rows first .. first + kRows - 1 of `rows`, whose at(row) is null where there is none, by kThreads threads.
template <int kRows, int kDepth, int kThreads, class Rows>
__device__ inline void load_rows(Bf16* shared, const Rows& rows, int first, int width, bool is_vector) {
  constexpr int kLines = kDepth / 8;
#pragma unroll 1
  for (int i = threadIdx.x % kThreads; i < kRows * kLines; i += kThreads) {
    const int row = i / kLines;
    load_line(shared + row * kStride<kDepth>, rows.at(first + row), i % kLines * 8, width, is_vector);
  }
}

// As load_rows, for rows at one distance from each other: a thread's address only moves on.
template <int kRows, int kDepth, int kThreads>
__device__ inline void load_rows(Bf16* shared, const PackedRows& rows, int first, int width, bool is_vector) {
  constexpr int kLines = kDepth / 8, kStep = kThreads / kLines;
  if constexpr (kThreads % kLines == 0 && kRows % kStep == 0) {
    if (is_vector) {
      const int row = static_cast<int>(threadIdx.x) % kThreads / kLines, column = static_cast<int>(threadIdx.x) % kLines * 8;
      const int left = column < width ? rows.length - first - row : 0;
      const std::int64_t stride = static_cast<std::int64_t>(rows.heads) * width;
      const Bf16* from = rows.values + (rows.begin + first + row) * stride + static_cast<std::int64_t>(rows.head) * width + column;
      Bf16* const to = shared + row * kStride<kDepth> + column;
#pragma unroll 4
      for (int i = 0; i < kRows; i += kStep) {
        copy_async(to + i * kStride<kDepth>, from, i < left);
        from += kStep * stride;
      }
      return;
    }
  }
  load_rows<kRows, kDepth, kThreads, PackedRows>(shared, rows, first, width, is_vector);
}

// Writes sums times one factor a row as bf16: first into `shared`, rows that belong to this warp alone, then in whole lines to
// rows.target(row), null where there is none. All lanes call it.
template <int kM, int kDepth, class Rows>
__device__ inline void store_rows(Bf16* shared, const Sums<kM, kDepth>& sums, const float (&factors)[kM][2], const Rows& rows,
                                  int first, int width, bool is_vector) {
  constexpr int kRow = kStride<kDepth>, kLines = kDepth / 8;
  const int lane = threadIdx.x % 32;
  __syncwarp();
#pragma unroll
  for (int m = 0; m < kM; ++m) {
#pragma unroll
    for (int n = 0; n < kDepth / 8; ++n) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        Bf16* to = shared + (m * 16 + half * 8 + lane / 4) * kRow + n * 8 + lane % 4 * 2;
        *reinterpret_cast<std::uint32_t*>(to) =
            pack_bf16(sums[m][n][2 * half] * factors[m][half], sums[m][n][2 * half + 1] * factors[m][half]);
      }
    }
  }
  __syncwarp();
  for (int i = lane; i < kM * 16 * kLines; i += 32) {
    const int row = i / kLines, column = i % kLines * 8;
    Bf16* to = rows.target(first + row);
    if (to == nullptr || column >= width) continue;
    const Vector<Bf16> line = load_vector(shared + row * kRow + column);
    if (is_vector) {
      store_vector(to + column, line);
    } else {
      for (int j = 0; j < 8 && column + j < width; ++j) to[column + j] = line.values[j];
    }
  }
}

}  // namespace hone::cuda::attention
