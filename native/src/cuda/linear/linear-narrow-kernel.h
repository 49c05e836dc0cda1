#pragma once
#include <algorithm>

#include "cuda/device/bf16.h"
#include "cuda/device/shared-memory.h"
#include "cuda/device/tensor-unit.h"
#include "cuda/launch.h"
#include "cuda/linear/linear-narrow.h"

// y^T = W x^T on the tensor unit, 16 rows of the weight by 8 rows of x at a time, so that one row of x wastes nothing that bounds:
// the kernel is bound by reading the weight.
//
// k is walked in chunks of 64; a lane takes 16 consecutive k of a row (8 bytes of nf4, 32 of bf16), which it feeds to the tensor
// unit as they come: the order of k inside a chunk is permuted, in the weight and in x alike. So the order of bitsandbytes needs
// no repacking. The 8 warps of a block take the chunks in turn and their sums are added in the order of the warps: a row's bits
// depend on K alone, not on how many rows there are, nor on which template below ran, nor on the weights beside it.
//
// Bytes under way: while a thread multiplies 64 bytes of the weight, the next 64 are on their way to it, those of the next tile at
// the end of this one. Two blocks of 256 threads on a multiprocessor are 32 KiB under way and as much again where the thread waits;
// what an H200 needs to stay busy is 4.8 TB/s times some 0.9 us by 132, or 33 KB.
namespace hone::cuda::narrow {

inline constexpr int kWarps = 8;
inline constexpr int kThreads = kWarps * 32;
inline constexpr int kChunk = 64;

// One of the weights that x is multiplied with.
struct Part {
  CardWeight weight;
  const float* bias;
  void* y;
  bool is_y_f32;
  int first_tile;  // Its first among the tiles of all weights.
};

struct Arguments {
  Part parts[kNarrowParts];
  int count;
  int tiles;
  const Bf16* x;
  std::int64_t columns;
  bool is_aligned;  // Rows of x and of the weights begin on multiples of 16 bytes.
  RowRange range;
};

// A tile of rows of one of the weights.
struct Place {
  int part;
  int row;
};

template <int kTileRows>
__device__ inline Place place_of(const Arguments& args, int tile) {
  int part = 0;
#pragma unroll
  for (int i = 1; i < kNarrowParts; ++i) part += i < args.count && tile >= args.parts[i].first_tile ? 1 : 0;
  return {part, (tile - args.parts[part].first_tile) * kTileRows};
}

// 16 values of x, as pairs: k to k+15 of a row.
__device__ inline void load_sixteen(std::uint32_t (&out)[8], const Bf16* from) {
  const uint4 low = __ldg(reinterpret_cast<const uint4*>(from)), high = __ldg(reinterpret_cast<const uint4*>(from) + 1);
  out[0] = low.x, out[1] = low.y, out[2] = low.z, out[3] = low.w;
  out[4] = high.x, out[5] = high.y, out[6] = high.z, out[7] = high.w;
}

// What a warp adds up: [16 rows of the weight] x [8 rows of x] for every tile.
template <int kTiles, int kColumnTiles>
struct Sums {
  float tile[kTiles][kColumnTiles][4] = {};
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
__device__ inline void multiply_chunk_slowly(float (&sum)[4], const CardWeight& weight, std::int64_t low, std::int64_t high, const Bf16* x,
                                             std::int64_t k) {
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

// Adds the sums of the warps in their order and writes y, 16 rows of the weight at a time.
template <class Format, int kRowSets, int kTiles, int kColumnTiles>
__device__ inline void finish(const Part& part, const Sums<kTiles, kColumnTiles>& sums, int n_begin, int m_begin, int m_end) {
  __shared__ float lines[kWarps][16][9];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, pair = lane % 4;
  const int row = threadIdx.x % 16, column = threadIdx.x / 16, rows = static_cast<int>(part.weight.rows);
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
#pragma unroll
    for (int j = 0; j < kColumnTiles; ++j) {
      const float(&tile)[4] = sums.tile[i][j];
      __syncthreads();
      lines[warp][group][2 * pair] = tile[0];
      lines[warp][group][2 * pair + 1] = tile[1];
      lines[warp][group + 8][2 * pair] = tile[2];
      lines[warp][group + 8][2 * pair + 1] = tile[3];
      __syncthreads();
      const int n = n_begin + i * 16 + row, m = m_begin + j * 8 + column;
      if (column >= 8 || i * 16 + row >= kRowSets * 8 || n >= rows || m >= m_end) continue;
      float sum = lines[0][row][column];
#pragma unroll
      for (int other = 1; other < kWarps; ++other) sum += lines[other][row][column];
      sum *= Format::row_scale(part.weight, n);
      if (part.bias != nullptr) sum += part.bias[n];
      const std::int64_t at = static_cast<std::int64_t>(m) * rows + n;
      if (part.is_y_f32) {
        static_cast<float*>(part.y)[at] = sum;
      } else {
        static_cast<Bf16*>(part.y)[at] = to_bf16(sum);
      }
    }
  }
}

// Whether a block takes tiles in turn, so that it fills its tables once and the next tile is on its way before the last one ends.
// Where sums, or values of f32, take most registers there is no room for that; their tiles are long enough.
template <class Format, int kRowSets, int kColumnTiles>
inline constexpr bool kTakesTurns = kRowSets <= 2 && kColumnTiles <= 2 && sizeof(typename Format::Raw) * kRowSets <= 64;

// Tiles of kRowSets 8 rows of the weight by kColumnTiles 8 rows of x, from this block's first on, gridDim.x apart. A single set of 8
// rows leaves half of the tensor unit's 16 at zero, which costs nothing that bounds.
template <class Format, int kRowSets, int kColumnTiles>
__device__ inline void multiply_tiles(const Arguments& args, const typename Format::Tables& tables, int m_begin, int m_end) {
  constexpr int kTiles = (kRowSets + 1) / 2;
  // Bytes under way are bounded by registers, of which sums take more the more rows of x there are.
  constexpr int kMost = kRowSets > kColumnTiles ? kRowSets : kColumnTiles, kAhead = Format::kAhead > kMost ? Format::kAhead / kMost : 1;
  using Raw = typename Format::Raw;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, pair = lane % 4;
  const std::int64_t columns = args.columns;
  int tile = blockIdx.x;
  Place place = place_of<kRowSets * 8>(args, tile);
  // Where rows begin, in units that 32 bits can count. Rows past the end read the last one: what they give is not stored.
  const auto w_row = [&](int i) -> std::int64_t {
    const int row = place.row + i * 8 + group, rows = static_cast<int>(args.parts[place.part].weight.rows);
    return row < rows ? row : rows - 1;
  };
  const auto x_row = [&](int j) -> std::int64_t {
    const int row = m_begin + j * 8 + group;
    return row < m_end ? row : m_end - 1;
  };
  int w_base[kRowSets], x_base[kColumnTiles];
#pragma unroll
  for (int j = 0; j < kColumnTiles; ++j) x_base[j] = static_cast<int>(x_row(j) * columns / 8);

  const int chunks = static_cast<int>((columns + kChunk - 1) / kChunk);
  const int whole = args.is_aligned ? static_cast<int>(columns / kChunk) : 0;
  Raw now[kAhead][kRowSets] = {}, next[kAhead][kRowSets] = {};
  const auto load = [&](Raw(&raw)[kAhead][kRowSets], int chunk) {
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (chunk + i * kWarps >= whole) return;
#pragma unroll
      for (int row = 0; row < kRowSets; ++row) {
        raw[i][row] = Format::load(args.parts[place.part].weight, w_base[row], chunk + i * kWarps, pair);
      }
    }
  };
  const auto begin = [&] {
#pragma unroll
    for (int i = 0; i < kRowSets; ++i) w_base[i] = static_cast<int>(w_row(i) * columns / Format::kUnit);
    load(now, warp);
  };

  begin();
  // The tables are filled while the first weights arrive.
  Format::fill(tables);
  if constexpr (Format::kTableBytes > 0) __syncthreads();
  for (;;) {
    const Part& part = args.parts[place.part];
    const CardWeight& weight = part.weight;
    const typename Format::Scales scales = Format::scales_of(weight);
    Sums<kTiles, kColumnTiles> sums;
    for (int chunk = warp; chunk < whole; chunk += kAhead * kWarps) {
      load(next, chunk + kAhead * kWarps);
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        const int at = chunk + i * kWarps;
        if (at >= whole) break;
        std::uint32_t x[kColumnTiles <= 2 ? kColumnTiles : 1][8];
        const int eighth = at * (kChunk / 8) + pair * 2;
        // Few rows of x are held while the weight is unpacked tile by tile; of many, one is held at a time.
        if constexpr (kColumnTiles <= 2) {
#pragma unroll
          for (int j = 0; j < kColumnTiles; ++j) load_sixteen(x[j], args.x + static_cast<std::int64_t>(x_base[j] + eighth) * 8);
#pragma unroll
          for (int t = 0; t < kTiles; ++t) {
            std::uint32_t low[8], high[8] = {};
            float scale_high = 0.0f;
            Format::unpack(now[i][2 * t], low);
            const float scale_low = Format::scale(scales, now[i][2 * t], w_base[2 * t] + at);
            if constexpr (kRowSets > 1) {
              Format::unpack(now[i][2 * t + 1], high);
              scale_high = Format::scale(scales, now[i][2 * t + 1], w_base[2 * t + 1] + at);
            }
#pragma unroll
            for (int j = 0; j < kColumnTiles; ++j) {
              multiply_chunk<Format::kScaled>(sums.tile[t][j], low, high, x[j], scale_low, scale_high);
            }
          }
        } else {
          const Bf16* from = args.x + static_cast<std::int64_t>(eighth) * 8;
          std::uint32_t w[kRowSets][8];
          float scale[kRowSets];
          const typename Format::Scales scales_here = Format::scales_of(weight);  // Registers are dear here.
#pragma unroll
          for (int row = 0; row < kRowSets; ++row) {
            Format::unpack(now[i][row], w[row]);
            scale[row] = Format::scale(scales_here, now[i][row], w_base[row] + at);
          }
#pragma unroll
          for (int j = 0; j < kColumnTiles; ++j) {
            load_sixteen(x[0], from + static_cast<std::int64_t>(x_base[j]) * 8);
#pragma unroll
            for (int t = 0; t < kTiles; ++t) {
              multiply_chunk<Format::kScaled>(sums.tile[t][j], w[2 * t], w[2 * t + 1], x[0], scale[2 * t], scale[2 * t + 1]);
            }
          }
        }
      }
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
#pragma unroll
        for (int row = 0; row < kRowSets; ++row) now[i][row] = next[i][row];
      }
    }

    // The chunk that K cuts short, and all of them where rows lie on odd addresses: the same sums in the same order, value by value.
    for (int chunk = whole + (warp + kWarps - whole % kWarps) % kWarps; chunk < chunks; chunk += kWarps) {
#pragma unroll
      for (int t = 0; t < kTiles; ++t) {
#pragma unroll
        for (int j = 0; j < kColumnTiles; ++j) {
          multiply_chunk_slowly<Format>(sums.tile[t][j], weight, w_row(2 * t), w_row(2 * t + 1), args.x + x_row(j) * columns,
                                        chunk * kChunk + pair * 16);
        }
      }
    }

    if constexpr (!kTakesTurns<Format, kRowSets, kColumnTiles>) return finish<Format, kRowSets>(part, sums, place.row, m_begin, m_end);
    // The next tile is on its way while this one is added up.
    const int done = place.row;
    tile += static_cast<int>(gridDim.x);
    if (tile < args.tiles) {
      place = place_of<kRowSets * 8>(args, tile);
      begin();
    }
    finish<Format, kRowSets>(part, sums, done, m_begin, m_end);
    if (tile >= args.tiles) return;
  }
}

// Format: how 16 consecutive k of a row are read and become bf16 (linear-narrow-*.cu).
template <class Format, int kRowSets, int kColumnTiles>
__global__ void __launch_bounds__(kThreads, kColumnTiles <= 2 ? 2 : 1)
    kernel(const Arguments args, const typename Format::Tables tables) {
  std::int64_t m_begin, m_end;
  read_range(args.range, m_begin, m_end);
  m_begin += static_cast<std::int64_t>(blockIdx.y) * kColumnTiles * 8;
  if (m_begin >= m_end) return;
  multiply_tiles<Format, kRowSets, kColumnTiles>(args, tables, static_cast<int>(m_begin), static_cast<int>(m_end));
}

// The tiles of all weights.
inline std::int64_t tiles_of(const Arguments& args, int tile_rows) {
  std::int64_t tiles = 0;
  for (int i = 0; i < args.count; ++i) tiles += blocks_for(args.parts[i].weight.rows, tile_rows);
  return tiles;
}

// kRowSets is the most that a block takes. A smaller tile reads x more often for the same weight and is worth it only where it
// leaves fewer multiprocessors idle in the last round, and then by a quarter: a weight of 1024 rows is 64 tiles of 16 rows, but 128
// of 8; q, k and v of 6144 rows are two rounds of 16 rows on 132 multiprocessors that hold two blocks each, or three of 8.
template <class Format, int kRowSets, int kColumnTiles>
Status start(Stream& stream, Arguments& args, const typename Format::Tables& tables) {
  const std::int64_t at_once = std::int64_t{2} * std::max(1, stream.multiprocessors), columns = blocks_for(args.range.rows, kColumnTiles * 8);
  const auto rows_in_turn = [&](int sets) { return (tiles_of(args, sets * 8) * columns + at_once - 1) / at_once * sets; };
  if constexpr (kRowSets > (kColumnTiles <= 2 ? 1 : 2)) {
    if (rows_in_turn(kRowSets / 2) * 4 <= rows_in_turn(kRowSets) * 3) return start<Format, kRowSets / 2, kColumnTiles>(stream, args, tables);
  }
  int tiles = 0;
  for (int i = 0; i < args.count; ++i) {
    args.parts[i].first_tile = tiles;
    tiles += static_cast<int>(blocks_for(args.parts[i].weight.rows, kRowSets * 8));
  }
  args.tiles = tiles;
  const dim3 grid(static_cast<unsigned>(kTakesTurns<Format, kRowSets, kColumnTiles> ? std::min<std::int64_t>(tiles, at_once) : tiles),
                  static_cast<unsigned>(columns));
  return launch(stream, "linear_narrow", kernel<Format, kRowSets, kColumnTiles>, grid, kThreads, Format::kTableBytes, args, tables);
}

// `base_of` a weight is where its first row lies, `row_bytes` how far its rows are apart.
template <class Format, class Base>
Status run(Stream& stream, const NarrowProduct& product, Base&& base_of, std::int64_t row_bytes, const typename Format::Tables& tables) {
  const std::int64_t rows = product.range.rows;
  const auto is_multiple = [](std::uintptr_t value) { return value % 16 == 0; };
  Arguments args = {};
  args.count = product.count;
  args.x = product.x.data_as<Bf16>();
  args.columns = product.parts[0].weight.columns;
  args.range = product.range;
  args.is_aligned = is_multiple(reinterpret_cast<std::uintptr_t>(product.x.data)) && is_multiple(args.columns * 2) && is_multiple(row_bytes);
  for (int i = 0; i < product.count; ++i) {
    const NarrowPart& part = product.parts[i];
    args.parts[i] = {part.weight, part.bias.present() ? part.bias.data_as<float>() : nullptr, part.y.data, part.y.dtype == DType::f32, 0};
    args.is_aligned = args.is_aligned && is_multiple(reinterpret_cast<std::uintptr_t>(base_of(part.weight)));
  }
  constexpr int kRowSets = Format::kRowSets;
  if (rows <= 8) return start<Format, 2, 1>(stream, args, tables);
  if (rows <= 16) return start<Format, kRowSets, 2>(stream, args, tables);
  if (rows <= 32) return start<Format, kRowSets, 4>(stream, args, tables);
  return start<Format, kRowSets, 8>(stream, args, tables);
}

}  // namespace hone::cuda::narrow
