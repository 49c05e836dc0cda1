// dq with the warpgroup products of sm_90a (attention-backward-groups.h). A block holds 128 queries of one head and goes over all the
// keys that they see, in one order.
#include "cuda/attention/attention-backward-groups.h"

namespace hone::cuda::attention {
namespace {

constexpr int kKeys = 128;

template <int kDepth>
using QueriesShape = BackwardShape<kDepth, kKeys, kDepth <= 64 ? 4 : 2, 0>;

template <int kDepth>
__device__ inline void produce(QueriesShape<kDepth>& shared, const Backward& args, const SequenceTile& tile, int earliest, int end) {
  using Shape = QueriesShape<kDepth>;
  const int head = static_cast<int>(blockIdx.y), kv_head = head / (args.heads / args.kv_heads);
  const PackedRows q = {args.q, args.heads, head, args.width, tile.begin, tile.length};
  const PackedRows d_o = {args.d_o, args.heads, head, args.width, tile.begin, tile.length};
#pragma unroll 1
  for (int group = 0; group < Shape::kConsumers; ++group) {
    load_swizzled<kGroupRows, kDepth, kGroupThreads>(shared.kept[group][0], q, tile.first + group * kGroupRows);
    load_swizzled<kGroupRows, kDepth, kGroupThreads>(shared.kept[group][1], d_o, tile.first + group * kGroupRows);
  }
  const PackedRows k = {args.k, args.kv_heads, kv_head, args.width, tile.begin, tile.length};
  const PackedRows v = {args.v, args.kv_heads, kv_head, args.width, tile.begin, tile.length};
  typename Shape::Fill fill = {shared.barriers.pipe, {}, {}};
#pragma unroll 1
  for (int key = earliest; key < end; key += kKeys) {
    fill.wait_empty();
    load_swizzled<kKeys, kDepth, kGroupThreads>(shared.stages[fill.at.place][0], k, key);
    load_swizzled<kKeys, kDepth, kGroupThreads>(shared.stages[fill.at.place][1], v, key);
    fill.commit();
  }
  fill.finish();
}

// Of a lane. Caps the scores; dp becomes what the weights are to be multiplied by, which takes the capped scores.
template <int kColumns>
__device__ inline void cap_rows(Sums<1, kColumns>& s, Sums<1, kColumns>& dp, const RowSums (&sums)[2], const ScoreRule& rule) {
#pragma unroll
  for (int n = 0; n < kColumns / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      s[0][n][i] = rule.cap_out * tanh_of(s[0][n][i] * rule.cap_in);
      const float share = s[0][n][i] * rule.cap_back;
      dp[0][n][i] = (dp[0][n][i] - sums[i / 2].delta) * (1.0f - share * share);
    }
  }
}

// Scores become weights. `ahead` is how far the first query of the lane is ahead of its first key.
template <bool kIsMasked>
__device__ inline void weigh_rows(Sums<1, kKeys>& s, const RowSums (&sums)[2], int ahead, int reach, float factor) {
#pragma unroll
  for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float weight = exp2_fast(fmaf(s[0][n][i], factor, -sums[i / 2].lse));
      const int back = ahead + i / 2 * 8 - n * 8 - i % 2;
      s[0][n][i] = kIsMasked && (back < 0 || back >= reach) ? 0.0f : weight;
    }
  }
}

// The gradients of the scores, rounded to bf16.
template <bool kIsCapped>
__device__ inline void slope_rows(Left<1, kKeys>& slopes, const Sums<1, kKeys>& p, Sums<1, kKeys>& dp, const RowSums (&sums)[2]) {
#pragma unroll
  for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) dp[0][n][i] = p[0][n][i] * (kIsCapped ? dp[0][n][i] : dp[0][n][i] - sums[i / 2].delta);
  }
  round_sums<1, kKeys>(slopes, dp);
}

template <int kDepth, bool kIsCapped>
__device__ inline void consume(QueriesShape<kDepth>& shared, const Backward& args, const SequenceTile& tile, int earliest, int end) {
  using Shape = QueriesShape<kDepth>;
  const int group = warpgroup_of_thread() - 1, warp = static_cast<int>(threadIdx.x) / 32 % 4;
  const int lane = static_cast<int>(threadIdx.x) % 32, head = static_cast<int>(blockIdx.y);
  const int first = tile.first + group * kGroupRows, query = first + warp * 16;
  const std::uint32_t q = shared_address(shared.kept[group][0]), d_o = shared_address(shared.kept[group][1]);
  auto& pipe = shared.barriers.pipe;
  typename Shape::Cursor at;
  int key = earliest;
  // Whether one of the warpgroup's queries sees one of the keys that come next.
  const int own_begin = first - args.reach - kKeys + 2, own_end = first < tile.length ? min(first + kGroupRows, end) : 0;
  const auto is_own = [&] { return key >= own_begin && key < own_end; };
  // Goes on to such keys; false where there are none left.
  const auto find_own = [&] {
    for (; key < end && !is_own(); key += kKeys, at.advance()) {
      pipe.wait_full(at);
      pipe.release(at.place);
    }
    return key < end;
  };

  RowSums sums[2];
  for (int half = 0; half < 2; ++half) {
    const int position = query + half * 8 + lane / 4;
    const std::int64_t line = static_cast<std::int64_t>(head) * args.sequences.tokens + tile.begin + position;
    sums[half] = position < tile.length ? args.sums[line] : RowSums{INFINITY, 0.0f};
  }
  Sums<1, kDepth> dq;
  Sums<1, kKeys> s, dp;
  Left<1, kKeys> slopes;
  clear<1, kDepth>(dq);
  while (find_own()) {
    pipe.wait_full(at);
    begin_products();
    start_rows<kDepth, kGroupRows, kKeys>(s, q, shared_address(shared.stages[at.place][0]));
    start_rows<kDepth, kGroupRows, kKeys>(dp, d_o, shared_address(shared.stages[at.place][1]));
    int place = 0;
    for (;;) {
      const int ahead = query + lane / 4 - (key + lane % 4 * 2);
      place = at.place;
      wait_products<kIsCapped ? 0 : 1>();
      hold_sums(s);
      if constexpr (kIsCapped) {
        hold_sums(dp);
        cap_rows<kKeys>(s, dp, sums, args.rule);
      }
      if (key + kKeys - 1 <= query && query + 15 - key < args.reach) {
        weigh_rows<false>(s, sums, ahead, args.reach, args.rule.factor);
      } else {
        weigh_rows<true>(s, sums, ahead, args.reach, args.rule.factor);
      }
      wait_products<0>();
      hold_sums(dp);
      slope_rows<kIsCapped>(slopes, s, dp, sums);
      begin_products();
      start_across<kDepth, kKeys>(dq, slopes, shared_address(shared.stages[place][0]));
      key += kKeys;
      at.advance();
      if (!is_own()) break;
      pipe.wait_full(at);
      begin_products();
      start_rows<kDepth, kGroupRows, kKeys>(s, q, shared_address(shared.stages[at.place][0]));
      // With dp under way too there would not be registers enough for the slopes, which the product before the last reads.
      wait_products<1>();
      hold_left(slopes);
      pipe.release(place);
      begin_products();
      start_rows<kDepth, kGroupRows, kKeys>(dp, d_o, shared_address(shared.stages[at.place][1]));
    }
    wait_products<0>();
    hold_left(slopes);
    pipe.release(place);
  }
  hold_sums(dq);

  meet_group(&shared.barriers.finished[group]);
  const SequenceTile here = shared.tile;
  const int row = here.first + group * kGroupRows + warp * 16;
  const float factors[1][2] = {{args.scale, args.scale}};
  const PackedTargets rows = {args.dq, args.heads, static_cast<int>(blockIdx.y), args.width, here.begin, here.length};
  store_rows<1, kDepth>(shared.kept[group][0] + warp * 16 * kStride<kDepth>, dq, factors, rows, row, args.width, true);
}

template <int kDepth, bool kIsCapped>
__global__ void __launch_bounds__(kBoundThreads<QueriesShape<kDepth>>, 1) attention_backward_queries_groups_kernel(Backward args) {
  if constexpr (kHasWarpgroups) {
    using Shape = QueriesShape<kDepth>;
    SequenceTile tile;
    if (!find_tile(args.sequences, static_cast<int>(gridDim.x - 1 - blockIdx.x), Shape::kRows, tile)) return;
    Shape& shared = *begin_groups<Shape>(tile);
    const int earliest = max(0, tile.first - args.reach + 1) / kKeys * kKeys, end = min(tile.first + Shape::kRows, tile.length);
    if (warpgroup_of_thread() == 0) {
      give_registers<kProducerRegisters>();
      produce<kDepth>(shared, args, tile, earliest, end);
    } else {
      take_registers<kConsumerRegisters>();
      consume<kDepth, kIsCapped>(shared, args, tile, earliest, end);
    }
  }
}

template <int kDepth, bool kIsCapped>
Status launch_queries(Stream& stream, const Backward& args) {
  using Shape = QueriesShape<kDepth>;
  const dim3 grid(tiles_of(args.sequences.tokens, args.sequences.count, Shape::kRows), static_cast<unsigned>(args.heads));
  return launch(stream, "attention_backward_queries_groups", attention_backward_queries_groups_kernel<kDepth, kIsCapped>, grid,
                Shape::kBlockThreads, kSharedBytesOf<Shape>, args);
}

}  // namespace

Status backward_queries_groups(Stream& stream, const Backward& args) {
  const bool is_capped = args.rule.cap_out != 0.0f;
  if (args.width <= 64) return is_capped ? launch_queries<64, true>(stream, args) : launch_queries<64, false>(stream, args);
  return is_capped ? launch_queries<128, true>(stream, args) : launch_queries<128, false>(stream, args);
}

}  // namespace hone::cuda::attention
