// Products of the rows of one expert. Tiles of 128 x 128 (128 x 32 where N is a rank) in steps of 32 k, two steps in shared memory:
// one arrives while the other is multiplied. A block takes row tiles in turn until the range ends, so that a grid for the most
// rows that there can be costs little where there are few.
#include "cuda/linear/expert-product.h"

#include <algorithm>

#include "cuda/device/async-copy.h"
#include "cuda/device/tensor-unit.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kTileM = 128;
constexpr int kTileK = 32;
// Rows are apart by 8 values more than they are long, so that the 8 rows of a load_tiles lie in different banks.
constexpr int kPad = 8;

struct Arguments {
  ExpertProduct product;
  bool is_a_aligned, is_b_aligned;  // Every row begins on a multiple of 16 bytes and is a multiple of them long.
};

// [kRows, kColumns] of a matrix from (row, column) on into shared memory, zeros outside.
template <int kRows, int kColumns>
__device__ inline void load_tile(Bf16* tile, const Bf16* from, std::int64_t stride, std::int64_t row, std::int64_t column,
                                 std::int64_t rows, std::int64_t columns, bool is_aligned) {
  constexpr int kVectors = kColumns / 8;
  for (int i = threadIdx.x; i < kRows * kVectors; i += kThreads) {
    const int r = i / kVectors, c = i % kVectors * 8;
    Bf16* to = tile + r * (kColumns + kPad) + c;
    const bool is_inside = row + r < rows && column + c < columns;
    const Bf16* source = from + (row + r) * stride + column + c;
    if (is_aligned) {
      copy_async(to, is_inside ? source : from, is_inside);
    } else {
      for (int j = 0; j < 8; ++j) to[j] = is_inside && column + c + j < columns ? source[j] : Bf16{0};
    }
  }
}

// The fragments of 16 rows by 16 k at (row, k) of a tile that is [rows][k], or [k][rows] where it is transposed.
template <bool kTransposed, int kColumns>
__device__ inline void load_a(std::uint32_t (&out)[4], const Bf16* tile, int row, int k) {
  const int lane = threadIdx.x % 32;
  if constexpr (kTransposed) {
    load_tiles_transposed(out, tile + (k + lane / 16 * 8 + lane % 8) * (kColumns + kPad) + row + lane / 8 % 2 * 8);
  } else {
    load_tiles(out, tile + (row + lane / 8 % 2 * 8 + lane % 8) * (kColumns + kPad) + k + lane / 16 * 8);
  }
}

// Those of 16 columns: out[0], out[1] of the first 8, out[2], out[3] of the others. The tile is [n][k], or [k][n].
template <bool kTransposed, int kColumns>
__device__ inline void load_b(std::uint32_t (&out)[4], const Bf16* tile, int n, int k) {
  const int lane = threadIdx.x % 32;
  if constexpr (kTransposed) {
    load_tiles(out, tile + (n + lane / 16 * 8 + lane % 8) * (kColumns + kPad) + k + lane / 8 % 2 * 8);
  } else {
    load_tiles_transposed(out, tile + (k + lane / 8 % 2 * 8 + lane % 8) * (kColumns + kPad) + n + lane / 16 * 8);
  }
}

__device__ inline void store(const ExpertProduct& product, void* c, std::int64_t at, float sum) {
  sum *= product.alpha;
  if (product.is_c_f32) {
    float* to = static_cast<float*>(c) + at;
    *to = product.accumulate ? *to + sum : sum;
  } else {
    Bf16* to = static_cast<Bf16*>(c) + at;
    *to = to_bf16(product.accumulate ? to_f32(*to) + sum : sum);
  }
}

template <bool kTransposeA, bool kTransposeB, int kTileN>
__global__ void __launch_bounds__(kThreads) product_kernel(const Arguments args) {
  constexpr int kWarpsN = kTileN / 32, kWarpM = kTileM / (8 / kWarpsN), kTilesM = kWarpM / 16;
  constexpr int kWidthA = kTransposeA ? kTileM : kTileK, kWidthB = kTransposeB ? kTileK : kTileN;
  constexpr int kSizeA = (kTransposeA ? kTileK : kTileM) * (kWidthA + kPad);
  constexpr int kSizeB = (kTransposeB ? kTileN : kTileK) * (kWidthB + kPad);
  __shared__ __align__(16) Bf16 tile_a[2][kSizeA];
  __shared__ __align__(16) Bf16 tile_b[2][kSizeB];
  const ExpertProduct& product = args.product;
  std::int64_t begin, end;
  read_range(product.range, begin, end);
  const std::int64_t rows = product.is_depth_ranged ? product.m : end - begin, depth = product.is_depth_ranged ? end - begin : product.k;
  const Bf16* a = static_cast<const Bf16*>(product.a.data) + begin * product.a.begin_stride;
  const Bf16* b = static_cast<const Bf16*>(product.b.data) + begin * product.b.begin_stride;
  void* c = static_cast<std::uint8_t*>(const_cast<void*>(product.c.data)) + begin * product.c.begin_stride * (product.is_c_f32 ? 4 : 2);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int warp_m = warp / kWarpsN * kWarpM, warp_n = warp % kWarpsN * 32;
  const std::int64_t n_begin = static_cast<std::int64_t>(blockIdx.x) * kTileN;

  for (std::int64_t m_begin = static_cast<std::int64_t>(blockIdx.y) * kTileM; m_begin < rows;
       m_begin += static_cast<std::int64_t>(gridDim.y) * kTileM) {
    const auto load = [&](int stage, std::int64_t k) {
      if constexpr (kTransposeA) {
        load_tile<kTileK, kTileM>(tile_a[stage], a, product.a.stride, k, m_begin, depth, rows, args.is_a_aligned);
      } else {
        load_tile<kTileM, kTileK>(tile_a[stage], a, product.a.stride, m_begin, k, rows, depth, args.is_a_aligned);
      }
      if constexpr (kTransposeB) {
        load_tile<kTileN, kTileK>(tile_b[stage], b, product.b.stride, n_begin, k, product.n, depth, args.is_b_aligned);
      } else {
        load_tile<kTileK, kTileN>(tile_b[stage], b, product.b.stride, k, n_begin, depth, product.n, args.is_b_aligned);
      }
      commit_copies();
    };
    float sums[kTilesM][4][4] = {};
    load(0, 0);
    int stage = 0;
    for (std::int64_t k = 0; k < depth; k += kTileK, stage ^= 1) {
      // An empty group past the end keeps the count of what is under way.
      if (k + kTileK < depth) {
        load(stage ^ 1, k + kTileK);
      } else {
        commit_copies();
      }
      wait_copies<1>();
      __syncthreads();
#pragma unroll
      for (int step = 0; step < kTileK; step += 16) {
        std::uint32_t fragments_b[2][4];
#pragma unroll
        for (int j = 0; j < 2; ++j) load_b<kTransposeB, kWidthB>(fragments_b[j], tile_b[stage], warp_n + j * 16, step);
#pragma unroll
        for (int i = 0; i < kTilesM; ++i) {
          std::uint32_t fragment[4];
          load_a<kTransposeA, kWidthA>(fragment, tile_a[stage], warp_m + i * 16, step);
#pragma unroll
          for (int j = 0; j < 4; ++j) {
            const std::uint32_t columns[2] = {fragments_b[j / 2][j % 2 * 2], fragments_b[j / 2][j % 2 * 2 + 1]};
            multiply_16x8x16(sums[i][j], fragment, columns);
          }
        }
      }
      __syncthreads();
    }
    wait_copies<0>();
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kTilesM; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
#pragma unroll
        for (int value = 0; value < 4; ++value) {
          const std::int64_t m = m_begin + warp_m + i * 16 + lane / 4 + value / 2 * 8;
          const std::int64_t n = n_begin + warp_n + j * 8 + lane % 4 * 2 + value % 2;
          if (m < rows && n < product.n) store(product, c, m * product.c.stride + n, sums[i][j][value]);
        }
      }
    }
  }
}

bool is_aligned(const RangedMatrix& matrix, std::int64_t columns) {
  return reinterpret_cast<std::uintptr_t>(matrix.data) % 16 == 0 && matrix.stride % 8 == 0 && matrix.begin_stride % 8 == 0 && columns % 8 == 0;
}

template <bool kTransposeA, bool kTransposeB, int kTileN>
Status start(Stream& stream, const ExpertProduct& product) {
  const std::int64_t columns_a = product.transpose_a ? product.m : product.k, columns_b = product.transpose_b ? product.k : product.n;
  const Arguments args = {product, is_aligned(product.a, columns_a), is_aligned(product.b, columns_b)};
  const unsigned across = blocks_for(product.n, kTileN), down = blocks_for(product.m, kTileM);
  // Four blocks for every processor keep it full; more would only be there to leave again. Products without a range of rows need all.
  const unsigned most = static_cast<unsigned>(stream.multiprocessors) * 4 / std::max(across, 1u) + 1;
  const dim3 grid(across, product.is_depth_ranged ? std::min(down, 65535u) : std::min(down, most));
  return launch(stream, "expert_product", product_kernel<kTransposeA, kTransposeB, kTileN>, grid, kThreads, 0, args);
}

template <int kTileN>
Status choose(Stream& stream, const ExpertProduct& product) {
  if (product.transpose_a) return start<true, false, kTileN>(stream, product);
  return product.transpose_b ? start<false, true, kTileN>(stream, product) : start<false, false, kTileN>(stream, product);
}

}  // namespace

Status expert_product(Stream& stream, const ExpertProduct& product) {
  return product.n <= 64 ? choose<32>(stream, product) : choose<128>(stream, product);
}

}  // namespace hone::cuda
