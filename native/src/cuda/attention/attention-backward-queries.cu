// dq. Bound by arithmetic: 3 products of 2 D operations per visible pair. A block holds its queries and goes over all the keys that
// they see, in one order.
#include "cuda/attention/attention-backward.h"

namespace hone::cuda::attention {
namespace {

template <int kDepth>
struct QueriesShape {
  static constexpr int kM = kDepth <= 128 ? 2 : 1;
  static constexpr int kRows = kWarps * 16 * kM, kKeys = 32;
  static constexpr int kKeptBytes = kTileBytes<2 * kRows, kDepth>, kStageBytes = kTileBytes<2 * kKeys, kDepth>;
};

template <int kM, int kKeys, bool kIsMasked>
__device__ inline void soften_rows(Sums<kM, kKeys>& s, Sums<kM, kKeys>& dp, const RowSums (&sums)[kM][2], int query, int key, int reach,
                                   const ScoreRule& rule) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int m = 0; m < kM; ++m) {
#pragma unroll
    for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int back = query + m * 16 + i / 2 * 8 + lane / 4 - (key + n * 8 + lane % 4 * 2 + i % 2);
        soften_gradient(s[m][n][i], dp[m][n][i], sums[m][i / 2], rule, kIsMasked && (back < 0 || back >= reach));
      }
    }
  }
}

template <int kDepth>
__global__ void __launch_bounds__(kThreads) attention_backward_queries_kernel(Backward args, int stages) {
  using Shape = QueriesShape<kDepth>;
  constexpr int kM = Shape::kM, kRows = Shape::kRows, kKeys = Shape::kKeys, kRow = kStride<kDepth>;
  SequenceTile tile;
  const int index = static_cast<int>(gridDim.x - 1 - blockIdx.x), head = static_cast<int>(blockIdx.y);
  if (!find_tile(args.sequences, index, kRows, tile)) return;
  const int kv_head = head / (args.heads / args.kv_heads), width = args.width, length = tile.length;
  const int lane = threadIdx.x % 32, own = threadIdx.x / 32 * 16 * kM, query = tile.first + own;
  const int earliest = max(0, tile.first - args.reach + 1) / kKeys * kKeys, last = min(tile.first + kRows, length) - 1;
  const int steps = (last - earliest) / kKeys + 1;
  Bf16* const q_tile = dynamic_shared<Bf16>();
  Bf16* const d_o_tile = q_tile + kRows * kRow;
  Bf16* const stage = d_o_tile + kRows * kRow;

  const auto load = [&](int step, int place) {
    Bf16* const to = stage + place * 2 * kKeys * kRow;
    const int key = earliest + step * kKeys;
    const PackedRows k = {args.k, args.kv_heads, kv_head, width, tile.begin, length};
    const PackedRows v = {args.v, args.kv_heads, kv_head, width, tile.begin, length};
    load_rows<kKeys, kDepth, kThreads>(to, k, key, width, args.is_vector);
    load_rows<kKeys, kDepth, kThreads>(to + kKeys * kRow, v, key, width, args.is_vector);
    commit_copies();
  };
  load_rows<kRows, kDepth, kThreads>(q_tile, PackedRows{args.q, args.heads, head, width, tile.begin, length}, tile.first, width,
                                     args.is_vector);
  load_rows<kRows, kDepth, kThreads>(d_o_tile, PackedRows{args.d_o, args.heads, head, width, tile.begin, length}, tile.first, width,
                                     args.is_vector);
  load(0, 0);

  RowSums sums[kM][2];
  for (int m = 0; m < kM; ++m) {
    for (int half = 0; half < 2; ++half) {
      const int position = query + m * 16 + half * 8 + lane / 4;
      const std::int64_t line = static_cast<std::int64_t>(head) * args.sequences.tokens + tile.begin + position;
      sums[m][half] = position < length ? args.sums[line] : RowSums{INFINITY, 0.0f};
    }
  }
  Sums<kM, kDepth> dq;
  clear<kM, kDepth>(dq);
  for (int step = 0; step < steps; ++step) {
    const int place = stages == 2 ? step % 2 : 0, key = earliest + step * kKeys;
    if (stages == 2 && step + 1 < steps) {
      load(step + 1, 1 - place);
      wait_copies<1>();
    } else {
      wait_copies<0>();
    }
    __syncthreads();
    const Bf16* const k_tile = stage + place * 2 * kKeys * kRow;
    if (query < length && key < query + 16 * kM && key + kKeys > query - args.reach + 1) {
      Sums<kM, kKeys> s, dp;
      multiply_rows<kM, kKeys, kDepth>(s, q_tile + own * kRow, k_tile);
      cap_scores<kM, kKeys>(s, args.rule);
      multiply_rows<kM, kKeys, kDepth>(dp, d_o_tile + own * kRow, k_tile + kKeys * kRow);
      if (key + kKeys - 1 <= query && query + 16 * kM - 1 - key < args.reach) {
        soften_rows<kM, kKeys, false>(s, dp, sums, query, key, args.reach, args.rule);
      } else {
        soften_rows<kM, kKeys, true>(s, dp, sums, query, key, args.reach, args.rule);
      }
      Left<kM, kKeys> left;
      round_sums<kM, kKeys>(left, dp);
      multiply_add<kM, kKeys, kDepth>(dq, left, k_tile);
    }
    __syncthreads();
    if (stages == 1 && step + 1 < steps) load(step + 1, 0);
  }
  float factors[kM][2];
  for (int m = 0; m < kM; ++m) factors[m][0] = factors[m][1] = args.scale;
  const PackedTargets rows = {args.dq, args.heads, head, width, tile.begin, length};
  store_rows<kM, kDepth>(q_tile + own * kRow, dq, factors, rows, query, width, args.is_vector);
}

struct LaunchQueries {
  Stream& stream;
  const Backward& args;

  template <int kDepth>
  Status run() const {
    using Shape = QueriesShape<kDepth>;
    const int stages = stages_of(Shape::kKeptBytes, Shape::kStageBytes, args.shared_bytes_max);
    const dim3 grid(tiles_of(args.sequences.tokens, args.sequences.count, Shape::kRows), static_cast<unsigned>(args.heads));
    return launch(stream, "attention_backward_queries", attention_backward_queries_kernel<kDepth>, grid, kThreads,
                  Shape::kKeptBytes + stages * Shape::kStageBytes, args, stages);
  }
};

}  // namespace

Status backward_queries(Stream& stream, const Backward& args) { return over_depths(args.width, LaunchQueries{stream, args}); }

}  // namespace hone::cuda::attention
