// dk and dv. Bound by arithmetic: 4 products of 2 D operations per visible pair. A block holds 64 keys of one key head and goes
// over all the queries that see them, in all the heads of the group, in one order. Scores are made turned, keys by queries, so that
// p and ds leave one product in the registers as the left operand of the next.
#include "cuda/attention/attention-backward.h"

namespace hone::cuda::attention {
namespace {

// Sums for dk and for dv of 256 values each do not fit in the registers together: wide heads get a launch for each.
template <int kDepth>
struct KeysShape {
  static constexpr int kKeys = kWarps * 16, kQueries = 32;
  static constexpr int kKeptBytes = kTileBytes<2 * kKeys, kDepth>, kStageBytes = kTileBytes<2 * kQueries, kDepth>;
};

// Of one warp: its 16 keys against kQueries queries from `query` on.
template <int kQueries, bool kIsMasked>
__device__ inline void soften_turned(Sums<1, kQueries>& s, Sums<1, kQueries>& dp, const RowSums* sums, int query, int length, int key,
                                     int reach, const ScoreRule& rule) {
  const int lane = threadIdx.x % 32, row = key + lane / 4;
#pragma unroll
  for (int n = 0; n < kQueries / 8; ++n) {
#pragma unroll
    for (int column = 0; column < 2; ++column) {
      const int position = query + n * 8 + lane % 4 * 2 + column;
      // After the end no key has any weight.
      const RowSums own = position < length ? sums[position] : RowSums{INFINITY, 0.0f};
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int back = position - (row + 8 * half), i = 2 * half + column;
        soften_gradient(s[0][n][i], dp[0][n][i], own, rule, kIsMasked && (back < 0 || back >= reach));
      }
    }
  }
}

template <int kDepth, bool kForK, bool kForV>
__global__ void __launch_bounds__(kThreads) attention_backward_keys_kernel(Backward args, int stages) {
  using Shape = KeysShape<kDepth>;
  constexpr int kKeys = Shape::kKeys, kQueries = Shape::kQueries, kRow = kStride<kDepth>;
  SequenceTile tile;
  if (!find_tile(args.sequences, static_cast<int>(blockIdx.x), kKeys, tile)) return;
  const int kv_head = static_cast<int>(blockIdx.y), group = args.heads / args.kv_heads, width = args.width, length = tile.length;
  const int own = threadIdx.x / 32 * 16, key = tile.first + own;
  const int end = min(length, tile.first + kKeys - 1 + args.reach);
  const int query_tiles = (end - tile.first + kQueries - 1) / kQueries, steps = query_tiles * group;
  Bf16* const k_tile = dynamic_shared<Bf16>();
  Bf16* const v_tile = k_tile + kKeys * kRow;
  Bf16* const stage = v_tile + kKeys * kRow;

  const auto load = [&](int step, int place) {
    const int head = kv_head * group + step / query_tiles, query = tile.first + step % query_tiles * kQueries;
    Bf16* const to = stage + place * 2 * kQueries * kRow;
    const PackedRows q = {args.q, args.heads, head, width, tile.begin, length};
    const PackedRows d_o = {args.d_o, args.heads, head, width, tile.begin, length};
    load_rows<kQueries, kDepth, kThreads>(to, q, query, width, args.is_vector);
    load_rows<kQueries, kDepth, kThreads>(to + kQueries * kRow, d_o, query, width, args.is_vector);
    commit_copies();
  };
  load_rows<kKeys, kDepth, kThreads>(k_tile, PackedRows{args.k, args.kv_heads, kv_head, width, tile.begin, length}, tile.first, width,
                                     args.is_vector);
  load_rows<kKeys, kDepth, kThreads>(v_tile, PackedRows{args.v, args.kv_heads, kv_head, width, tile.begin, length}, tile.first, width,
                                     args.is_vector);
  load(0, 0);

  constexpr int kDepthOfK = kForK ? kDepth : 16, kDepthOfV = kForV ? kDepth : 16;
  Sums<1, kDepthOfK> dk;
  Sums<1, kDepthOfV> dv;
  clear<1, kDepthOfK>(dk);
  clear<1, kDepthOfV>(dv);
  for (int step = 0; step < steps; ++step) {
    const int place = stages == 2 ? step % 2 : 0;
    if (stages == 2 && step + 1 < steps) {
      load(step + 1, 1 - place);
      wait_copies<1>();
    } else {
      wait_copies<0>();
    }
    __syncthreads();
    const Bf16* const q_tile = stage + place * 2 * kQueries * kRow;
    const Bf16* const d_o_tile = q_tile + kQueries * kRow;
    const int query = tile.first + step % query_tiles * kQueries;
    if (key < length && query + kQueries > key && query < key + 15 + args.reach) {
      const std::int64_t line = static_cast<std::int64_t>(kv_head * group + step / query_tiles) * args.sequences.tokens;
      const RowSums* const sums = args.sums + line + tile.begin;
      Sums<1, kQueries> s, dp;
      multiply_rows<1, kQueries, kDepth>(s, k_tile + own * kRow, q_tile);
      cap_scores<1, kQueries>(s, args.rule);
      if (kForK) {
        multiply_rows<1, kQueries, kDepth>(dp, v_tile + own * kRow, d_o_tile);
      } else {
        clear<1, kQueries>(dp);
      }
      if (query >= key + 15 && query + kQueries <= key + args.reach) {
        soften_turned<kQueries, false>(s, dp, sums, query, length, key, args.reach, args.rule);
      } else {
        soften_turned<kQueries, true>(s, dp, sums, query, length, key, args.reach, args.rule);
      }
      Left<1, kQueries> left;
      if constexpr (kForV) {
        round_sums<1, kQueries>(left, s);
        multiply_add<1, kQueries, kDepth>(dv, left, d_o_tile);
      }
      if constexpr (kForK) {
        round_sums<1, kQueries>(left, dp);
        multiply_add<1, kQueries, kDepth>(dk, left, q_tile);
      }
    }
    __syncthreads();
    if (stages == 1 && step + 1 < steps) load(step + 1, 0);
  }
  if constexpr (kForK) {
    const float factors[1][2] = {{args.scale, args.scale}};
    const PackedTargets rows = {args.dk, args.kv_heads, kv_head, width, tile.begin, length};
    store_rows<1, kDepth>(k_tile + own * kRow, dk, factors, rows, key, width, args.is_vector);
  }
  if constexpr (kForV) {
    const float factors[1][2] = {{1.0f, 1.0f}};
    const PackedTargets rows = {args.dv, args.kv_heads, kv_head, width, tile.begin, length};
    store_rows<1, kDepth>(v_tile + own * kRow, dv, factors, rows, key, width, args.is_vector);
  }
}

struct LaunchKeys {
  Stream& stream;
  const Backward& args;

  template <int kDepth>
  Status run() const {
    if constexpr (kDepth <= 128) {
      return launch_one<kDepth>(attention_backward_keys_kernel<kDepth, true, true>);
    } else {
      HONE_TRY(launch_one<kDepth>(attention_backward_keys_kernel<kDepth, false, true>));
      return launch_one<kDepth>(attention_backward_keys_kernel<kDepth, true, false>);
    }
  }

  template <int kDepth>
  Status launch_one(void (*kernel)(Backward, int)) const {
    using Shape = KeysShape<kDepth>;
    const int stages = stages_of(Shape::kKeptBytes, Shape::kStageBytes, args.shared_bytes_max);
    const dim3 grid(tiles_of(args.sequences.tokens, args.sequences.count, Shape::kKeys), static_cast<unsigned>(args.kv_heads));
    return launch(stream, "attention_backward_keys", kernel, grid, kThreads, Shape::kKeptBytes + stages * Shape::kStageBytes, args, stages);
  }
};

}  // namespace

Status backward_keys(Stream& stream, const Backward& args) { return over_depths(args.width, LaunchKeys{stream, args}); }

}  // namespace hone::cuda::attention
