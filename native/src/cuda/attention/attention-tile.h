#pragma once
#include "cuda/attention/attention-scores.h"

// One tile of queries against all the keys it may look at (FlashAttention-2, Dao, arXiv 2307.08691, algorithm 1): scores and
// weights live in registers, the sums of a row are scaled as larger scores come by. While one product of a block of keys is made,
// the operand of the next is on its way to shared memory.
namespace hone::cuda::attention {

inline constexpr int kThreads = 128, kWarps = 4;

// Two tiles of rows a warp let one load from shared memory feed two products, which is what bounds the tensor unit below; the
// sums of heads wider than 128 leave registers for one.
template <int kDepth>
struct ForwardShape {
  static constexpr int kM = kDepth <= 128 ? 2 : 1;
  static constexpr int kRows = kWarps * 16 * kM;
  static constexpr int kKeys = 64;
  static constexpr int kSharedBytes = kTileBytes<kRows + 2 * kKeys, kDepth>;
};

// What a kernel says of the rows of its tile:
//   line(row)      the place of the row among all rows of width values in q, o and lse; negative: no such row
//   position(row)  which key is its last; rows that are not there repeat one that is; never falls from row to row
template <class Lines>
struct QueryRows {
  const Lines& lines;
  const Bf16* q;
  Bf16* o;
  int width;

  __device__ const Bf16* at(int row) const {
    const std::int64_t line = lines.line(row);
    return line < 0 ? nullptr : q + line * width;
  }
  __device__ Bf16* target(int row) const {
    const std::int64_t line = lines.line(row);
    return line < 0 ? nullptr : o + line * width;
  }
};

// Of a lane: hides the keys that its rows may not look at.
template <int kM, int kN>
__device__ inline void hide(Sums<kM, kN>& s, const int (&position)[kM][2], int first_key, int reach) {
  const int column = first_key + threadIdx.x % 4 * 2;
#pragma unroll
  for (int m = 0; m < kM; ++m) {
#pragma unroll
    for (int n = 0; n < kN / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int back = position[m][i / 2] - (column + n * 8 + i % 2);
        if (back < 0 || back >= reach) s[m][n][i] = -INFINITY;
      }
    }
  }
}

// The end of a warp's rows, from `row` of the tile on: o is divided by the totals, and lse written where it is wanted. `shared` as
// of store_rows.
template <int kM, int kDepth, class Lines>
__device__ inline void write_rows(Bf16* shared, const Sums<kM, kDepth>& o, OnlineSoftmax<kM>& softmax, const QueryRows<Lines>& queries,
                                  float* lse, int row, const ScoreRule& rule, bool is_vector) {
  const int lane = threadIdx.x % 32;
  softmax.gather();
  float factors[kM][2];
  for (int m = 0; m < kM; ++m) {
    for (int half = 0; half < 2; ++half) {
      factors[m][half] = 1.0f / softmax.total[m][half];
      const std::int64_t line = queries.lines.line(row + m * 16 + half * 8 + lane / 4);
      if (lse == nullptr || line < 0 || lane % 4 != 0) continue;
      lse[line] = softmax.most[m][half] * rule.factor * kLn2 + logf(softmax.total[m][half]);
    }
  }
  store_rows<kM, kDepth>(shared, o, factors, queries, row, queries.width, is_vector);
}

// `k` and `v` give the address of a key's row by its position, null after the last. All threads of the block call it.
template <int kDepth, class Lines, class Keys>
__device__ inline void attend_tile(Bf16* shared, const QueryRows<Lines>& queries, float* lse, const Keys& k, const Keys& v, int reach,
                                   const ScoreRule& rule, bool is_vector) {
  using Shape = ForwardShape<kDepth>;
  constexpr int kM = Shape::kM, kKeys = Shape::kKeys;
  Bf16* const q_tile = shared;
  Bf16* const k_tile = q_tile + Shape::kRows * kStride<kDepth>;
  Bf16* const v_tile = k_tile + kKeys * kStride<kDepth>;
  const int lane = threadIdx.x % 32, row = threadIdx.x / 32 * 16 * kM, width = queries.width;
  const Lines& lines = queries.lines;

  int position[kM][2];
  for (int m = 0; m < kM; ++m) {
    for (int half = 0; half < 2; ++half) position[m][half] = lines.position(row + m * 16 + half * 8 + lane / 4);
  }
  const int lowest = lines.position(row), highest = lines.position(row + 16 * kM - 1);
  const bool has_rows = lines.line(row) >= 0;
  const int last = lines.position(Shape::kRows - 1), earliest = max(0, lines.position(0) - reach + 1) / kKeys * kKeys;

  Sums<kM, kDepth> o;
  clear<kM, kDepth>(o);
  OnlineSoftmax<kM> softmax;
  softmax.clear();
  load_rows<Shape::kRows, kDepth, kThreads>(q_tile, queries, 0, width, is_vector);
  load_rows<kKeys, kDepth, kThreads>(k_tile, k, earliest, width, is_vector);
  commit_copies();
  for (int base = earliest; base <= last; base += kKeys) {
    wait_copies<0>();
    __syncthreads();
    load_rows<kKeys, kDepth, kThreads>(v_tile, v, base, width, is_vector);
    commit_copies();
    const bool is_seen = has_rows && base <= highest && base + kKeys > lowest - reach + 1;
    Left<kM, kKeys> weights;
    if (is_seen) {
      Sums<kM, kKeys> s;
      multiply_rows<kM, kKeys, kDepth>(s, q_tile + row * kStride<kDepth>, k_tile);
      cap_scores<kM, kKeys>(s, rule);
      if (base + kKeys - 1 > lowest || base <= highest - reach) hide<kM, kKeys>(s, position, base, reach);
      float shrink[kM][2];
      softmax.template take<kKeys>(s, rule.factor, shrink);
      scale_rows<kM, kDepth>(o, shrink);
      round_sums<kM, kKeys>(weights, s);
    }
    wait_copies<0>();
    __syncthreads();
    if (base + kKeys <= last) load_rows<kKeys, kDepth, kThreads>(k_tile, k, base + kKeys, width, is_vector);
    commit_copies();
    if (is_seen) multiply_add<kM, kKeys, kDepth>(o, weights, v_tile);
  }

  write_rows<kM, kDepth>(q_tile + row * kStride<kDepth>, o, softmax, queries, lse, row, rule, is_vector);
}

}  // namespace hone::cuda::attention
