#pragma once
#include <algorithm>

#include "cuda/device/bf16.h"
#include "cuda/device/shared-memory.h"
#include "cuda/device/tensor-unit.h"
#include "cuda/launch.h"
#include "cuda/linear-narrow.h"

// y^T = W x^T on the tensor unit, 16 rows of the weight by 8 rows of x at a time, so that one row of x wastes nothing that bounds:
// the kernel is bound by reading the weight, 64 bytes of which every thread holds under way while it multiplies the 64 before.
//
// k is walked in chunks of 64; a lane takes 16 consecutive k of a row (8 bytes of nf4, 32 of bf16), which it feeds to the tensor
// unit as they come: the order of k inside a chunk is permuted, in the weight and in x alike. So the order of bitsandbytes needs
// no repacking. The 8 warps of a block take the chunks in turn and their sums are added in the order of the warps: a row's bits
// depend on K alone, not on how many rows there are, nor on which template below ran.
namespace hone::cuda::narrow {

inline constexpr int kWarps = 8;
inline constexpr int kThreads = kWarps * 32;
inline constexpr int kChunk = 64;

struct Arguments {
  CardWeight weight;
  const Bf16* x;
  const float* bias;
  void* y;
  bool is_y_f32;
  bool is_aligned;  // Rows of x and of the weight begin on multiples of 16 bytes.
  RowRange range;
};

// 16 values of x, as pairs: k to k+15 of a row.
__device__ inline void load_sixteen(std::uint32_t (&out)[8], const Bf16* from) {
  const uint4 low = __ldg(reinterpret_cast<const uint4*>(from)), high = __ldg(reinterpret_cast<const uint4*>(from) + 1);
  out[0] = low.x, out[1] = low.y, out[2] = low.z, out[3] = low.w;
  out[4] = high.x, out[5] = high.y, out[6] = high.z, out[7] = high.w;
}

// What a warp adds up: [16 rows of the weight] x [8 rows of x] for every tile.
template <int kRowTiles, int kColumnTiles>
struct Sums {
  float tile[kRowTiles][kColumnTiles][4] = {};
};

// Adds one chunk: `w` are the values of rows group and group + 8, `x` those of row group of x.
template <bool kScaled>
__device__ inline void multiply_chunk(float (&sum)[4], const std::uint32_t (&low)[8], const std::uint32_t (&high)[8],
                                      const std::uint32_t (&x)[8], float scale_low, float scale_high) {
  float part[4] = {};
#pragma unroll
  for (int step = 0; step < 4; ++step) {
    const std::uint32_t a[4] = {low[2 * step], high[2 * step], low[2 * step + 1], high[2 * step + 1]};
    const std::uint32_t b[2] = {x[2 * step], x[2 * step + 1]};
    if constexpr (kScaled) {
      multiply_16x8x16(part, a, b);
    } else {
      multiply_16x8x16(sum, a, b);
    }
  }
  if constexpr (kScaled) {
    sum[0] = fmaf(part[0], scale_low, sum[0]);
    sum[1] = fmaf(part[1], scale_low, sum[1]);
    sum[2] = fmaf(part[2], scale_high, sum[2]);
    sum[3] = fmaf(part[3], scale_high, sum[3]);
  }
}

// The bits of weights k and k + 1 of a row, zeros from K on.
template <class Format>
__device__ inline std::uint32_t weight_pair(const CardWeight& weight, std::int64_t row, std::int64_t k) {
  const std::uint32_t low = k < weight.columns ? Format::value(weight, row, k) : 0;
  const std::uint32_t high = k + 1 < weight.columns ? Format::value(weight, row, k + 1) : 0;
  return low | high << 16;
}

__device__ inline std::uint32_t x_pair(const Bf16* row, std::int64_t k, std::int64_t columns) {
  const std::uint32_t low = k < columns ? row[k] : 0, high = k + 1 < columns ? row[k + 1] : 0;
  return low | high << 16;
}

// multiply_chunk where nothing is known of addresses, with `k` the first of the lane's 16.
template <class Format>
__device__ inline void multiply_chunk_slowly(float (&sum)[4], const Arguments& args, std::int64_t low, std::int64_t high, const Bf16* x,
                                             std::int64_t k) {
  const CardWeight& weight = args.weight;
  float part[4] = {};
#pragma unroll 1
  for (int step = 0; step < 4; ++step) {
    const std::int64_t at = k + step * 4;
    const std::uint32_t a[4] = {weight_pair<Format>(weight, low, at), weight_pair<Format>(weight, high, at),
                                weight_pair<Format>(weight, low, at + 2), weight_pair<Format>(weight, high, at + 2)};
    const std::uint32_t b[2] = {x_pair(x, at, weight.columns), x_pair(x, at + 2, weight.columns)};
    if constexpr (Format::kScaled) {
      multiply_16x8x16(part, a, b);
    } else {
      multiply_16x8x16(sum, a, b);
    }
  }
  if constexpr (Format::kScaled) {
    const float scale_low = Format::chunk_scale(weight, low, k / kChunk), scale_high = Format::chunk_scale(weight, high, k / kChunk);
    sum[0] = fmaf(part[0], scale_low, sum[0]);
    sum[1] = fmaf(part[1], scale_low, sum[1]);
    sum[2] = fmaf(part[2], scale_high, sum[2]);
    sum[3] = fmaf(part[3], scale_high, sum[3]);
  }
}

// Adds the sums of the warps in their order and writes y, tile by tile.
template <class Format, int kRowTiles, int kColumnTiles>
__device__ inline void finish(const Arguments& args, const Sums<kRowTiles, kColumnTiles>& sums, std::int64_t n_begin,
                              std::int64_t m_begin, std::int64_t m_end) {
  __shared__ float lines[kWarps][16][9];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, pair = lane % 4;
  const int row = threadIdx.x % 16, column = threadIdx.x / 16;
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
    for (int j = 0; j < kColumnTiles; ++j) {
      const float(&tile)[4] = sums.tile[i][j];
      __syncthreads();
      lines[warp][group][2 * pair] = tile[0];
      lines[warp][group][2 * pair + 1] = tile[1];
      lines[warp][group + 8][2 * pair] = tile[2];
      lines[warp][group + 8][2 * pair + 1] = tile[3];
      __syncthreads();
      const std::int64_t n = n_begin + i * 16 + row, m = m_begin + j * 8 + column;
      if (column >= 8 || n >= args.weight.rows || m >= m_end) continue;
      float sum = lines[0][row][column];
#pragma unroll
      for (int other = 1; other < kWarps; ++other) sum += lines[other][row][column];
      sum *= Format::row_scale(args.weight, n);
      if (args.bias != nullptr) sum += args.bias[n];
      if (args.is_y_f32) {
        static_cast<float*>(args.y)[m * args.weight.rows + n] = sum;
      } else {
        static_cast<Bf16*>(args.y)[m * args.weight.rows + n] = to_bf16(sum);
      }
    }
  }
}

// Rows n_begin to n_begin + 16 kRowTiles - 1 of the weight by kColumnTiles 8 rows of x. The first rows of a block fill the tables
// while their weights arrive.
template <class Format, int kRowTiles, int kColumnTiles>
__device__ inline void multiply_rows(const Arguments& args, const typename Format::Tables& tables, bool is_first, std::int64_t n_begin,
                                     std::int64_t m_begin, std::int64_t m_end) {
  // Bytes under way are bounded by registers, of which sums take more the more rows of x there are.
  constexpr int kAhead = kColumnTiles == 8 || Format::kAhead <= kRowTiles ? 1 : Format::kAhead / kRowTiles;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, pair = lane % 4;
  const std::int64_t columns = args.weight.columns;
  // Where rows begin, in units that 32 bits can count. Rows past the end read the last one: what they give is not stored.
  const auto w_row = [&](int i) {
    const std::int64_t row = n_begin + i * 8 + group;
    return row < args.weight.rows ? row : args.weight.rows - 1;
  };
  const auto x_row = [&](int j) {
    const std::int64_t row = m_begin + j * 8 + group;
    return row < m_end ? row : m_end - 1;
  };
  int w_base[kRowTiles * 2], x_base[kColumnTiles];
#pragma unroll
  for (int i = 0; i < kRowTiles * 2; ++i) w_base[i] = static_cast<int>(w_row(i) * columns / Format::kUnit);
#pragma unroll
  for (int j = 0; j < kColumnTiles; ++j) x_base[j] = static_cast<int>(x_row(j) * columns / 8);

  const int chunks = static_cast<int>((columns + kChunk - 1) / kChunk);
  const int whole = args.is_aligned ? static_cast<int>(columns / kChunk) : 0;
  typename Format::Raw now[kAhead][kRowTiles * 2] = {}, next[kAhead][kRowTiles * 2] = {};
  const auto load = [&](typename Format::Raw(&raw)[kAhead][kRowTiles * 2], int chunk) {
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (chunk + i * kWarps >= whole) return;
#pragma unroll
      for (int row = 0; row < kRowTiles * 2; ++row) raw[i][row] = Format::load(args.weight, w_base[row], chunk + i * kWarps, pair);
    }
  };

  int chunk = warp;
  load(now, chunk);
  if (is_first) {
    Format::fill(tables);
    __syncthreads();
  }

  Sums<kRowTiles, kColumnTiles> sums;
  for (; chunk < whole; chunk += kAhead * kWarps) {
    load(next, chunk + kAhead * kWarps);
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int at = chunk + i * kWarps;
      if (at >= whole) break;
      std::uint32_t x[kColumnTiles][8];
      const Bf16* from = args.x + static_cast<std::int64_t>(at * (kChunk / 8) + pair * 2) * 8;
      // Few rows of x are held while the weight is unpacked tile by tile; of many, one is held at a time.
      if constexpr (kColumnTiles <= 2) {
#pragma unroll
        for (int j = 0; j < kColumnTiles; ++j) load_sixteen(x[j], from + static_cast<std::int64_t>(x_base[j]) * 8);
#pragma unroll
        for (int tile = 0; tile < kRowTiles; ++tile) {
          std::uint32_t low[8], high[8];
          Format::unpack(now[i][2 * tile], low);
          Format::unpack(now[i][2 * tile + 1], high);
          const float scale_low = Format::scale(args.weight, now[i][2 * tile], w_base[2 * tile] + at);
          const float scale_high = Format::scale(args.weight, now[i][2 * tile + 1], w_base[2 * tile + 1] + at);
#pragma unroll
          for (int j = 0; j < kColumnTiles; ++j) {
            multiply_chunk<Format::kScaled>(sums.tile[tile][j], low, high, x[j], scale_low, scale_high);
          }
        }
      } else {
        std::uint32_t w[kRowTiles * 2][8];
        float scale[kRowTiles * 2];
#pragma unroll
        for (int row = 0; row < kRowTiles * 2; ++row) {
          Format::unpack(now[i][row], w[row]);
          scale[row] = Format::scale(args.weight, now[i][row], w_base[row] + at);
        }
#pragma unroll
        for (int j = 0; j < kColumnTiles; ++j) {
          load_sixteen(x[0], from + static_cast<std::int64_t>(x_base[j]) * 8);
#pragma unroll
          for (int tile = 0; tile < kRowTiles; ++tile) {
            multiply_chunk<Format::kScaled>(sums.tile[tile][j], w[2 * tile], w[2 * tile + 1], x[0], scale[2 * tile], scale[2 * tile + 1]);
          }
        }
      }
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
#pragma unroll
      for (int row = 0; row < kRowTiles * 2; ++row) now[i][row] = next[i][row];
    }
  }

  // The chunk that K cuts short, and all of them where rows lie on odd addresses: the same sums in the same order, value by value.
  for (chunk = whole + (warp + kWarps - whole % kWarps) % kWarps; chunk < chunks; chunk += kWarps) {
#pragma unroll
    for (int tile = 0; tile < kRowTiles; ++tile) {
#pragma unroll
      for (int j = 0; j < kColumnTiles; ++j) {
        multiply_chunk_slowly<Format>(sums.tile[tile][j], args, w_row(2 * tile), w_row(2 * tile + 1), args.x + x_row(j) * columns,
                                      chunk * kChunk + pair * 16);
      }
    }
  }
  finish<Format>(args, sums, n_begin, m_begin, m_end);
}

// Whether a block takes row tiles in turn, so that it fills its tables once: they take a fifth of the time of 16 rows of 4096, and
// little of that of 32.
template <class Format, int kRowTiles>
inline constexpr bool kTakesTurns = Format::kTableBytes > 0 && kRowTiles == 1;

// Format: how 16 consecutive k of a row are read and become bf16 (linear-narrow-*.cu).
template <class Format, int kRowTiles, int kColumnTiles>
__global__ void __launch_bounds__(kThreads, kColumnTiles <= 2 ? 2 : 1)
    kernel(const Arguments args, const typename Format::Tables tables) {
  std::int64_t m_begin, m_end;
  read_range(args.range, m_begin, m_end);
  m_begin += static_cast<std::int64_t>(blockIdx.y) * kColumnTiles * 8;
  if (m_begin >= m_end) return;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kRowTiles * 16;
  if constexpr (kTakesTurns<Format, kRowTiles>) {
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kRowTiles * 16;
    for (std::int64_t n = first; n < args.weight.rows; n += step) {
      multiply_rows<Format, kRowTiles, kColumnTiles>(args, tables, n == first, n, m_begin, m_end);
    }
  } else {
    multiply_rows<Format, kRowTiles, kColumnTiles>(args, tables, true, first, m_begin, m_end);
  }
}

template <class Format, int kRowTiles, int kColumnTiles>
Status start(Stream& stream, const Arguments& args, const typename Format::Tables& tables) {
  const unsigned tiles = blocks_for(args.weight.rows, kRowTiles * 16), at_once = static_cast<unsigned>(stream.multiprocessors) * 2;
  const dim3 grid(kTakesTurns<Format, kRowTiles> ? std::min(tiles, at_once) : tiles, blocks_for(args.range.rows, kColumnTiles * 8));
  return launch(stream, "linear_narrow", kernel<Format, kRowTiles, kColumnTiles>, grid, kThreads, Format::kTableBytes, args, tables);
}

// `row_bytes` of the weight; `base` is where its first row lies.
template <class Format>
Status run(Stream& stream, const NarrowProduct& product, const void* base, std::int64_t row_bytes, const typename Format::Tables& tables) {
  const std::int64_t rows = product.range.rows;
  const auto is_multiple = [](std::uintptr_t value) { return value % 16 == 0; };
  const Arguments args = {product.weight,
                          product.x.data_as<Bf16>(),
                          product.bias.present() ? product.bias.data_as<float>() : nullptr,
                          product.y.data,
                          product.y.dtype == DType::f32,
                          is_multiple(reinterpret_cast<std::uintptr_t>(product.x.data)) && is_multiple(product.weight.columns * 2) &&
                              is_multiple(reinterpret_cast<std::uintptr_t>(base)) && is_multiple(row_bytes),
                          product.range};
  if (rows <= 8) return start<Format, 1, 1>(stream, args, tables);
  constexpr int kRowTiles = Format::kRowTiles;
  if (rows <= 16) return start<Format, kRowTiles, 2>(stream, args, tables);
  if (rows <= 32) return start<Format, kRowTiles, 4>(stream, args, tables);
  return start<Format, kRowTiles, 8>(stream, args, tables);
}

}  // namespace hone::cuda::narrow
