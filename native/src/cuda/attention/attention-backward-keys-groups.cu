// dk and dv with the warpgroup products of sm_90a (attention-backward-groups.h). A block holds 128 keys of one key head and goes over
// all the queries that see them, in all the heads of the group, in one order. Scores are made turned, keys by queries: p and ds leave
// one product in the registers as the left operand of the next.
//
// The first keys of a long sequence are seen by all its queries and the last by few: where a multiprocessor has less than some four
// blocks to come, the one with the most work ends last by far. Then several blocks share the heads of a group and leave sums in f32 to
// backward_add_parts. Shapes alone decide, so other lengths of a batch can change the last bits of dk and dv.
#include "cuda/attention/attention-backward-groups.h"

namespace hone::cuda::attention {
namespace {

constexpr int kQueries = 64;
#ifdef HONE_SMALL_CHUNKS
constexpr std::int64_t kBlocksWanted = 8;
#else
constexpr std::int64_t kBlocksWanted = 512;  // Four for each of the 132 multiprocessors of an H100.
#endif

// With 128 queries a stage the scores would not fit in the registers beside the sums. lse and delta of each query lie in the floats.
template <int kDepth>
using KeysShape = BackwardShape<kDepth, kQueries, kDepth <= 64 ? 4 : 3, 2 * kQueries>;

// The queries of a block, 64 at a time: all that see one of its keys, for one head after the other.
template <int kQueriesAtOnce>
struct QueryWalkOf {
  int query, heads_left, first, end;

  __device__ QueryWalkOf(const Backward& args, const SequenceTile& tile, int rows) {
    first = query = tile.first;
    end = min(tile.length, tile.first + rows - 1 + args.reach);
    heads_left = args.heads / args.kv_heads / args.part_count;
  }
  __device__ bool is_over() const { return heads_left == 0; }
  __device__ void advance() {
    query += kQueriesAtOnce;
    if (query < end) return;
    query = first;
    --heads_left;
  }
};
using QueryWalk = QueryWalkOf<kQueries>;

template <int kDepth>
__device__ inline void produce(KeysShape<kDepth>& shared, const Backward& args, const SequenceTile& tile, QueryWalk walk) {
  using Shape = KeysShape<kDepth>;
  const int kv_head = static_cast<int>(blockIdx.y), thread = static_cast<int>(threadIdx.x) % kGroupThreads;
  const int heads_end = (kv_head * args.part_count + static_cast<int>(blockIdx.z) + 1) * walk.heads_left;
  const PackedRows k = {args.k, args.kv_heads, kv_head, args.width, tile.begin, tile.length};
  const PackedRows v = {args.v, args.kv_heads, kv_head, args.width, tile.begin, tile.length};
#pragma unroll 1
  for (int group = 0; group < Shape::kConsumers; ++group) {
    load_swizzled<kGroupRows, kDepth, kGroupThreads>(shared.kept[group][0], k, tile.first + group * kGroupRows);
    load_swizzled<kGroupRows, kDepth, kGroupThreads>(shared.kept[group][1], v, tile.first + group * kGroupRows);
  }
  typename Shape::Fill fill = {shared.barriers.pipe, {}, {}};
#pragma unroll 1
  for (; !walk.is_over(); walk.advance()) {
    const int head = heads_end - walk.heads_left, place = fill.at.place;
    const PackedRows q = {args.q, args.heads, head, args.width, tile.begin, tile.length};
    const PackedRows d_o = {args.d_o, args.heads, head, args.width, tile.begin, tile.length};
    fill.wait_empty();
    load_swizzled<kQueries, kDepth, kGroupThreads>(shared.stages[place][0], q, walk.query);
    load_swizzled<kQueries, kDepth, kGroupThreads>(shared.stages[place][1], d_o, walk.query);
    if (thread < kQueries) {
      const int position = walk.query + thread;
      const std::int64_t line = static_cast<std::int64_t>(head) * args.sequences.tokens + tile.begin + position;
      // After the end no key has any weight.
      const RowSums sums = position < tile.length ? args.sums[line] : RowSums{INFINITY, 0.0f};
      shared.floats[place][thread] = sums.lse;
      shared.floats[place][kQueries + thread] = sums.delta;
    }
    fill.commit();
  }
  fill.finish();
}

// Of a lane. Caps the scores; dp becomes what the weights are to be multiplied by, which takes the capped scores.
template <int kColumns>
__device__ inline void cap_turned(Sums<1, kColumns>& s, Sums<1, kColumns>& dp, const float* lse, const ScoreRule& rule) {
#pragma unroll
  for (int n = 0; n < kColumns / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      s[0][n][i] = rule.cap_out * tanh_of(s[0][n][i] * rule.cap_in);
      const float share = s[0][n][i] * rule.cap_back, delta = lse[kColumns + n * 8 + i % 2];
      dp[0][n][i] = (dp[0][n][i] - delta) * (1.0f - share * share);
    }
  }
}

// Scores become weights. `ahead` is how far the first query of the lane is ahead of its first key.
template <bool kIsMasked>
__device__ inline void weigh_turned(Sums<1, kQueries>& s, const float* lse, int ahead, int reach, float factor) {
#pragma unroll
  for (int n = 0; n < kQueries / 8; ++n) {
    const float2 lines = *reinterpret_cast<const float2*>(lse + n * 8);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float weight = exp2_fast(fmaf(s[0][n][i], factor, i % 2 == 0 ? -lines.x : -lines.y));
      const int back = ahead + n * 8 + i % 2 - i / 2 * 8;
      s[0][n][i] = kIsMasked && (back < 0 || back >= reach) ? 0.0f : weight;
    }
  }
}

template <bool kIsCapped>
__device__ inline void slope_turned(Sums<1, kQueries>& dp, const Sums<1, kQueries>& p, const float* lse) {
#pragma unroll
  for (int n = 0; n < kQueries / 8; ++n) {
    const float2 deltas = *reinterpret_cast<const float2*>(lse + kQueries + n * 8);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float slope = kIsCapped ? dp[0][n][i] : dp[0][n][i] - (i % 2 == 0 ? deltas.x : deltas.y);
      dp[0][n][i] = p[0][n][i] * slope;
    }
  }
}

// A warp's 16 rows of a part of dk or dv, for backward_add_parts.
template <int kDepth>
__device__ inline void store_part(const Sums<1, kDepth>& sums, const Backward& args, const SequenceTile& tile, int row, int which) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t part = static_cast<std::int64_t>(which) * args.part_count + blockIdx.z;
  for (int half = 0; half < 2; ++half) {
    const int position = row + half * 8 + lane / 4;
    if (position >= tile.length) continue;
    float* const to = args.parts + ((part * args.sequences.tokens + tile.begin + position) * args.kv_heads + blockIdx.y) * args.width;
#pragma unroll
    for (int n = 0; n < kDepth / 8; ++n) {
      const int column = n * 8 + lane % 4 * 2;
      if (column < args.width) *reinterpret_cast<float2*>(to + column) = make_float2(sums[0][n][2 * half], sums[0][n][2 * half + 1]);
    }
  }
}

template <int kDepth, bool kIsCapped>
__device__ inline void consume(KeysShape<kDepth>& shared, const Backward& args, const SequenceTile& tile, QueryWalk walk) {
  using Shape = KeysShape<kDepth>;
  const int group = warpgroup_of_thread() - 1, warp = static_cast<int>(threadIdx.x) / 32 % 4;
  const int lane = static_cast<int>(threadIdx.x) % 32, first = tile.first + group * kGroupRows, key = first + warp * 16;
  const std::uint32_t k = shared_address(shared.kept[group][0]), v = shared_address(shared.kept[group][1]);
  auto& pipe = shared.barriers.pipe;
  typename Shape::Cursor at;
  // Whether one of the queries that come next sees one of the warpgroup's keys.
  const int own_end = first < tile.length ? first + kGroupRows - 1 + args.reach : 0;
  const auto is_own = [&] { return !walk.is_over() && walk.query > key - warp * 16 - kQueries && walk.query < own_end; };
  // Goes on to such queries; false where there are none left.
  const auto find_own = [&] {
    for (; !walk.is_over() && !is_own(); walk.advance(), at.advance()) {
      pipe.wait_full(at);
      pipe.release(at.place);
    }
    return !walk.is_over();
  };

  Sums<1, kDepth> dk, dv;
  Sums<1, kQueries> s, dp;
  Left<1, kQueries> weights, slopes;
  clear<1, kDepth>(dk);
  clear<1, kDepth>(dv);
  while (find_own()) {
    pipe.wait_full(at);
    begin_products();
    start_rows<kDepth, kGroupRows, kQueries>(s, k, shared_address(shared.stages[at.place][0]));
    start_rows<kDepth, kGroupRows, kQueries>(dp, v, shared_address(shared.stages[at.place][1]));
    int place = 0;
    for (;;) {
      const int query = walk.query;
      place = at.place;
      const float* const lse = shared.floats[place] + lane % 4 * 2;
      wait_products<kIsCapped ? 0 : 1>();
      hold_sums(s);
      if constexpr (kIsCapped) {
        hold_sums(dp);
        cap_turned<kQueries>(s, dp, lse, args.rule);
      }
      const int ahead = query + lane % 4 * 2 - (key + lane / 4);
      if (query >= key + 15 && query + kQueries <= key + args.reach) {
        weigh_turned<false>(s, lse, ahead, args.reach, args.rule.factor);
      } else {
        weigh_turned<true>(s, lse, ahead, args.reach, args.rule.factor);
      }
      wait_products<0>();
      hold_sums(dp);
      slope_turned<kIsCapped>(dp, s, lse);
      round_sums<1, kQueries>(weights, s);
      round_sums<1, kQueries>(slopes, dp);
      begin_products();
      start_across<kDepth, kQueries>(dv, weights, shared_address(shared.stages[place][1]));
      start_across<kDepth, kQueries>(dk, slopes, shared_address(shared.stages[place][0]));
      walk.advance();
      at.advance();
      if (!is_own()) break;
      pipe.wait_full(at);
      begin_products();
      start_rows<kDepth, kGroupRows, kQueries>(s, k, shared_address(shared.stages[at.place][0]));
      // With dp under way too there would not be registers enough for what the products before the last read.
      wait_products<1>();
      hold_left(weights);
      hold_left(slopes);
      pipe.release(place);
      begin_products();
      start_rows<kDepth, kGroupRows, kQueries>(dp, v, shared_address(shared.stages[at.place][1]));
    }
    wait_products<0>();
    hold_left(weights);
    hold_left(slopes);
    pipe.release(place);
  }
  hold_sums(dk);
  hold_sums(dv);

  meet_group(&shared.barriers.finished[group]);
  const SequenceTile here = shared.tile;
  const int row = here.first + group * kGroupRows + warp * 16;
  if (args.part_count > 1) {
    store_part<kDepth>(dk, args, here, row, 0);
    store_part<kDepth>(dv, args, here, row, 1);
    return;
  }
  Bf16* const rows = shared.kept[group][0] + warp * 16 * kStride<kDepth>;
  const PackedTargets dk_rows = {args.dk, args.kv_heads, static_cast<int>(blockIdx.y), args.width, here.begin, here.length};
  const PackedTargets dv_rows = {args.dv, args.kv_heads, static_cast<int>(blockIdx.y), args.width, here.begin, here.length};
  const float of_k[1][2] = {{args.scale, args.scale}}, of_v[1][2] = {{1.0f, 1.0f}};
  store_rows<1, kDepth>(rows, dk, of_k, dk_rows, row, args.width, true);
  store_rows<1, kDepth>(rows, dv, of_v, dv_rows, row, args.width, true);
}

template <int kDepth, bool kIsCapped>
__global__ void __launch_bounds__(kBoundThreads<KeysShape<kDepth>>, 1) attention_backward_keys_groups_kernel(Backward args) {
  if constexpr (kHasWarpgroups) {
    using Shape = KeysShape<kDepth>;
    SequenceTile tile;
    if (!find_tile(args.sequences, static_cast<int>(blockIdx.x), Shape::kRows, tile)) return;
    Shape& shared = *begin_groups<Shape>(tile);
    const QueryWalk walk(args, tile, Shape::kRows);
    if (warpgroup_of_thread() == 0) {
      give_registers<kProducerRegisters>();
      produce<kDepth>(shared, args, tile, walk);
    } else {
      take_registers<kConsumerRegisters>();
      consume<kDepth, kIsCapped>(shared, args, tile, walk);
    }
  }
}

template <int kDepth, bool kIsCapped>
Status launch_keys(Stream& stream, const Backward& args) {
  using Shape = KeysShape<kDepth>;
  const dim3 grid(tiles_of(args.sequences.tokens, args.sequences.count, Shape::kRows), static_cast<unsigned>(args.kv_heads),
                  static_cast<unsigned>(args.part_count));
  return launch(stream, "attention_backward_keys_groups", attention_backward_keys_groups_kernel<kDepth, kIsCapped>, grid,
                Shape::kBlockThreads, kSharedBytesOf<Shape>, args);
}

Status run_keys(Stream& stream, const Backward& args) {
  const bool is_capped = args.rule.cap_out != 0.0f;
  if (args.width <= 64) return is_capped ? launch_keys<64, true>(stream, args) : launch_keys<64, false>(stream, args);
  return is_capped ? launch_keys<128, true>(stream, args) : launch_keys<128, false>(stream, args);
}

// How many blocks share the heads of a group: as many as divide them, until there are blocks enough.
int part_count_of(const Backward& args) {
  const int group = args.heads / args.kv_heads;
  const std::int64_t tiles = tiles_of(args.sequences.tokens, args.sequences.count, 2 * kGroupRows), blocks = tiles * args.kv_heads;
  int parts = 1;
  while (blocks * parts < kBlocksWanted && group % (2 * parts) == 0) parts *= 2;
  return parts;
}

}  // namespace

bool has_backward_groups(const Stream& stream, const Backward& args) {
  return stream.has_warpgroups && args.is_vector && args.width <= 128;
}

Status backward_keys_groups(Stream& stream, const Backward& args) {
  Backward shared = args;
  shared.part_count = part_count_of(args);
  if (shared.part_count == 1) return run_keys(stream, shared);
  const std::int64_t rows = static_cast<std::int64_t>(args.sequences.tokens) * args.kv_heads;
  // Behind the sums of the rows, which lie at the start of the workspace.
  const std::int64_t offset = (args.sequences.tokens * static_cast<std::int64_t>(args.heads * sizeof(RowSums)) + 255) / 256 * 256;
  void* parts = nullptr;
  HONE_TRY(stream.workspace->take(offset, 2 * shared.part_count * rows * args.width * static_cast<std::int64_t>(sizeof(float)), parts));
  shared.parts = static_cast<float*>(parts);
  HONE_TRY(run_keys(stream, shared));
  return backward_add_parts(stream, shared);
}

}  // namespace hone::cuda::attention
