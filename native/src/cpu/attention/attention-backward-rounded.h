#pragma once
#include "core/ops-args.h"
#include "cpu/attention/attention-rounded.h"
#include "cpu/attention/attention-turns.h"

// The backward pass of attention-block.h, one query a column. Of a tile of queries, each operand is rounded and laid out once
// for all the keys of a task; of a block of keys, p and ds exist only as the operands of the next products.
namespace hone::HONE_ISA {

// Keys and columns that are worked on together: a product's depth, so that what it adds to is loaded once for so many.
inline constexpr std::int64_t kGradientKeys = 128, kGradientColumns = 128;

// The keys of a task share the layout of the queries and one pass over dq, so many are good; what is gathered for them, 4 KiB
// for eight keys of 64 values, must stay in the second level, and a short sequence is to keep two threads busy.
inline std::int64_t task_keys(std::int64_t depth, std::int64_t length) {
  const std::int64_t most = std::clamp<std::int64_t>(65536 / depth / kGradientKeys * kGradientKeys, 256, 1024);
  return length <= 512 ? 256 : most;
}

// The queries of a tile: q and do as columns (pairs of depth) and as rows (pairs of queries).
struct GradientColumns {
  std::int64_t count, columns, depth;
  std::uint32_t *q_turned, *d_o_turned;  // [depth / 2][columns]
  std::uint32_t *q_joined, *d_o_joined;  // [columns / 2][depth]
  float *dq;                             // [depth][columns]
  float *lse, *delta, *first, *last;     // [columns]
  std::uint16_t *rows;                   // [columns][depth]

  static std::int64_t workspace(std::int64_t columns, std::int64_t depth) { return columns * (7 * depth / 2 + 4); }
  GradientColumns(Carver& carver, std::int64_t columns_, std::int64_t depth_) : count(0), columns(columns_), depth(depth_) {
    for (std::uint32_t** half : {&q_turned, &d_o_turned, &q_joined, &d_o_joined}) {
      *half = reinterpret_cast<std::uint32_t*>(carver.take(columns * depth / 2));
    }
    dq = carver.take(columns * depth);
    for (float** lane : {&lse, &delta, &first, &last}) *lane = carver.take(columns);
    rows = reinterpret_cast<std::uint16_t*>(carver.take(columns * depth / 2));
  }

  template <class F>
  void lay_out(std::int64_t width, F&& row, std::uint32_t* turned, std::uint32_t* joined) {
    for (std::int64_t r = 0; r < count; ++r) round_row(row(r), width, rows + r * depth, depth);
    std::memset(rows + count * depth, 0, (columns - count) * depth * sizeof(std::uint16_t));
    turn_pairs(rows, columns, depth, turned, columns);
    join_rows(rows, columns, depth, joined);
  }
};

// The keys of a task, and what is gathered for them.
struct GradientKeys {
  const std::int64_t capacity;
  std::uint16_t *k, *v;      // [capacity][depth]
  std::uint32_t* k_turned;   // [depth][capacity / 2] pairs of keys
  float *dk, *dv;            // [capacity][depth]
  float *scores, *dp;        // [kGradientKeys][columns]
  std::uint16_t *p, *ds;     // [kGradientKeys][columns]
  std::uint32_t* ds_joined;  // [kGradientKeys / 2][columns]

  static std::int64_t workspace(std::int64_t capacity, std::int64_t columns, std::int64_t depth) {
    return capacity * depth * 7 / 2 + kGradientKeys * columns * 7 / 2;
  }
  GradientKeys(Carver& carver, std::int64_t capacity_, std::int64_t columns, std::int64_t depth) : capacity(capacity_) {
    for (float** sum : {&dk, &dv}) *sum = carver.take(capacity * depth);
    for (std::uint16_t** rows : {&k, &v}) *rows = reinterpret_cast<std::uint16_t*>(carver.take(capacity * depth / 2));
    k_turned = reinterpret_cast<std::uint32_t*>(carver.take(capacity * depth / 2));
    for (float** score : {&scores, &dp}) *score = carver.take(kGradientKeys * columns);
    for (std::uint16_t** half : {&p, &ds}) *half = reinterpret_cast<std::uint16_t*>(carver.take(kGradientKeys * columns / 2));
    ds_joined = reinterpret_cast<std::uint32_t*>(carver.take(kGradientKeys * columns / 2));
  }

  void load(const AttentionBackwardArgs& args, const KeyTask& task, std::int64_t depth) {
    const std::int64_t kv_heads = args.k.dim[1], width = args.k.dim[2];
    const std::int64_t count = std::min(task.lane->keys, task.lane->length() - task.base), rows = filled_up(count, kGradientKeys);
    for (std::int64_t j = 0; j < count; ++j) {
      const std::int64_t row = ((task.lane->begin + task.base + j) * kv_heads + task.lane->kv_head) * width;
      round_row(args.k.data_as<float>() + row, width, k + j * depth, depth);
      round_row(args.v.data_as<float>() + row, width, v + j * depth, depth);
    }
    for (std::uint16_t* half : {k, v}) std::memset(half + count * depth, 0, (rows - count) * depth * sizeof(std::uint16_t));
    // dk is written later: until then its place holds the pairs.
    join_rows(k, rows, depth, reinterpret_cast<std::uint32_t*>(dk));
    transpose(reinterpret_cast<const std::uint32_t*>(dk), depth, rows / 2, depth, k_turned, capacity / 2);
    for (float* sum : {dk, dv}) std::memset(sum, 0, rows * depth * sizeof(float));
  }
};

struct GradientRule {
  float factor;    // From a score as shape_scores leaves it to a power of two.
  float cap;       // Of those scores, in units of ln 2; 0: none.
};

// p = exp(s - lse) inside the reach, else 0; ds = p (dp - delta), times the slope of a soft cap; for 16 queries and two keys.
template <bool is_masked, bool is_capped>
void soften_gradient(const GradientColumns& t, GradientKeys& keys, std::int64_t c, float base, std::int64_t rows,
                     const GradientRule& rule) {
  const F16x first = load(t.first + c), last = load(t.last + c), delta = load(t.delta + c);
  const F16x shift = sub(set(0.0f), load(t.lse + c)), factor = set(rule.factor), cap = set(rule.cap);
  // Copies of the pointers: a store of bf16 may change anything, for all that the compiler knows, and they would be read again.
  const std::int64_t columns = t.columns;
  const float *const scores = keys.scores + c, *const dp = keys.dp + c;
  std::uint16_t *const p = keys.p + c, *const ds = keys.ds + c;
  std::uint32_t* const joined = keys.ds_joined + c;
  for (std::int64_t r = 0; r < rows; r += 2) {
    F16x slope[2];
    for (int i = 0; i < 2; ++i) {
      const std::int64_t at = (r + i) * columns;
      const F16x score = load(scores + at);
      F16x power = fma(score, factor, shift);
      if (is_masked) power = hide(power, base + static_cast<float>(r + i), first, last);
      const F16x weight = exp2_short(power);
      slope[i] = mul(weight, sub(load(dp + at), delta));
      if (is_capped) {
        const F16x share = div(score, cap);
        slope[i] = mul(slope[i], fnma(share, share, set(1.0f)));
      }
      store_bf16(p + at, weight);
      store_bf16(ds + at, slope[i]);
    }
    store_pairs(joined + r / 2 * columns, slope[0], slope[1]);
  }
}

// What the keys [start, start + rows) of the task give to the queries of the tile, and take from them.
inline void gradient_block(const GradientColumns& t, GradientKeys& keys, const ScoreRule& rule, float base,
                           std::int64_t start, std::int64_t rows, bool is_whole, bool is_first, std::span<LinesAhead> ahead) {
  const std::int64_t half = t.depth / 2;
  const auto pairs = [](const std::uint16_t* values) { return reinterpret_cast<const std::uint32_t*>(values); };
  multiply_pairs({rows, t.columns, half, pairs(keys.k + start * t.depth), half, t.q_turned, t.columns, keys.scores, t.columns, false, ahead});
  multiply_pairs({rows, t.columns, half, pairs(keys.v + start * t.depth), half, t.d_o_turned, t.columns, keys.dp, t.columns, false, ahead});
  const GradientRule shaped = {shape_scores(keys.scores, rows * t.columns, rule), rule.softcap * kLog2e};
  for (std::int64_t c = 0; c < t.columns; c += kWide) {
    if (shaped.cap > 0) {
      soften_gradient<true, true>(t, keys, c, base, rows, shaped);
    } else {
      is_whole ? soften_gradient<false, false>(t, keys, c, base, rows, shaped) : soften_gradient<true, false>(t, keys, c, base, rows, shaped);
    }
  }
  multiply_pairs({rows, t.depth, t.columns / 2, pairs(keys.p), t.columns / 2, t.d_o_joined, t.depth, keys.dv + start * t.depth, t.depth, true, ahead});
  multiply_pairs({rows, t.depth, t.columns / 2, pairs(keys.ds), t.columns / 2, t.q_joined, t.depth, keys.dk + start * t.depth, t.depth, true, ahead});
  multiply_pairs({t.depth, t.columns, rows / 2, keys.k_turned + start / 2, keys.capacity / 2, keys.ds_joined, t.columns, t.dq, t.columns, !is_first, ahead});
}

// One task: all the tiles of queries that reach its keys.
class GradientTask {
 public:
  GradientTask(const AttentionBackwardArgs& args, const float* delta, const BackwardPlan& plan, const KeyTask& task)
      : args_(args), delta_(delta), plan_(plan), task_(task), heads_(args.q.dim[1]), group_(heads_ / args.k.dim[1]),
        width_(args.q.dim[2]), rule_{static_cast<float>(args.scale), static_cast<float>(args.softcap)} {}

  void run(GradientColumns& tile, GradientKeys& keys, float* turned) {
    keys.load(args_, task_, tile.depth);
    const std::int64_t length = task_.lane->length(), end = plan_.end_query(*task_.lane, task_.base);
    for (std::int64_t first = plan_.first_query(task_.base); first < end; first += plan_.tokens) {
      const std::int64_t last = std::min(length, first + plan_.tokens) - 1;
      lay_out(tile, first, last);
      aim_ahead(first, end);
      blocks(tile, keys, first, last);
      plan_.in_turn(task_, first, [&] { add_dq(tile, first, turned); });
    }
    write(keys.dk, args_.dk.data_as<float>(), rule_.scale, tile.depth);
    write(keys.dv, args_.dv.data_as<float>(), 1.0f, tile.depth);
  }

 private:
  std::int64_t row_of(std::int64_t first, std::int64_t r) const {
    return (task_.lane->begin + first + r / group_) * heads_ + task_.lane->kv_head * group_ + r % group_;
  }

  std::int64_t first_key(std::int64_t query) const {
    return args_.window > 0 ? std::max<std::int64_t>(0, query - args_.window + 1) : 0;
  }

  void lay_out(GradientColumns& tile, std::int64_t first, std::int64_t last) const {
    tile.count = (last + 1 - first) * group_;
    tile.columns = filled_up(tile.count, 32);
    const float *q = args_.q.data_as<float>(), *d_o = args_.d_o.data_as<float>();
    tile.lay_out(width_, [&](std::int64_t r) { return q + row_of(first, r) * width_; }, tile.q_turned, tile.q_joined);
    tile.lay_out(width_, [&](std::int64_t r) { return d_o + row_of(first, r) * width_; }, tile.d_o_turned, tile.d_o_joined);
    for (std::int64_t r = 0; r < tile.columns; ++r) {
      const std::int64_t known = std::min(r, tile.count - 1), query = first + known / group_;
      // A column without a query has the weight 1, times rows of zeros.
      tile.lse[r] = r < tile.count ? args_.lse.data_as<float>()[row_of(first, r)] * kLog2e : 0.0f;
      tile.delta[r] = r < tile.count ? delta_[row_of(first, r)] : 0.0f;
      tile.first[r] = static_cast<float>(first_key(query));
      tile.last[r] = static_cast<float>(query);
    }
  }

  // Each pass of a task over q, do and dq comes from memory: a sixth of the time when it is waited for.
  void aim_ahead(std::int64_t first, std::int64_t end) {
    const std::int64_t products = 5 * (kGradientKeys / 32) * (kGradientColumns / 32), calls = products * task_.lane->keys / kGradientKeys;
    const auto rows = [&](const View& view, std::int64_t from) {
      const std::int64_t tokens = std::min(plan_.tokens, std::max<std::int64_t>(0, end - from));
      return Lines{view.data_as<float>() + row_of(from, 0) * width_, group_ * width_ * 4, tokens, heads_ * width_ * 4};
    };
    ahead_[0].aim(rows(args_.dq, first), calls);
    ahead_[1].aim(rows(args_.q, first + plan_.tokens), calls);
    ahead_[2].aim(rows(args_.d_o, first + plan_.tokens), calls);
  }

  void blocks(const GradientColumns& tile, GradientKeys& keys, std::int64_t first, std::int64_t last) {
    const std::int64_t end = std::min({task_.base + task_.lane->keys, task_.lane->length(), last + 1});
    bool is_first = true;
    for (std::int64_t base = task_.base; base < end; base += kGradientKeys) {
      if (base + kGradientKeys <= first_key(first)) continue;
      const std::int64_t rows = filled_up(std::min(kGradientKeys, end - base), 32);
      const bool is_whole = base >= first_key(last) && base + rows - 1 <= first;
      gradient_block(tile, keys, rule_, static_cast<float>(base), base - task_.base, rows, is_whole, is_first,
                     ahead_);
      is_first = false;
    }
    if (is_first) std::memset(tile.dq, 0, tile.depth * tile.columns * sizeof(float));
  }

  void add_dq(const GradientColumns& tile, std::int64_t first, float* turned) const {
    turn_back(tile.dq, tile.count, tile.columns, tile.depth, turned, [&](std::int64_t r, const float* from) {
      float* to = args_.dq.data_as<float>() + row_of(first, r) * width_;
      const F16x scale = set(rule_.scale);
      walk(
          0, width_, [=](std::int64_t i) { store(to + i, fma(load(from + i), scale, load(to + i))); },
          [=](std::int64_t i, int n) { store_first(to + i, fma(load_first(from + i, n), scale, load_first(to + i, n)), n); });
    });
  }

  void write(const float* from, float* to, float factor, std::int64_t depth) const {
    const std::int64_t count = std::min(task_.lane->keys, task_.lane->length() - task_.base);
    for (std::int64_t j = 0; j < count; ++j) {
      const std::int64_t row = (task_.lane->begin + task_.base + j) * args_.k.dim[1] + task_.lane->kv_head;
      write_scaled(from + j * depth, factor, width_, to + row * width_);
    }
  }

  const AttentionBackwardArgs& args_;
  const float* const delta_;
  const BackwardPlan& plan_;
  const KeyTask& task_;
  const std::int64_t heads_, group_, width_;
  const ScoreRule rule_;
  LinesAhead ahead_[3];
};

inline void backward_rounded(Context& context, const AttentionBackwardArgs& args, const float* delta) {
  const std::int64_t group = args.q.dim[1] / args.k.dim[1], depth = filled_up(args.q.dim[2], 32);
  const std::int64_t tokens = std::max<std::int64_t>(1, kGradientColumns / group), columns = filled_up(tokens * group, 32);
  std::int64_t capacity = 0;
  const BackwardPlan plan(args.cu_seqlens, args.k.dim[1], args.window, tokens, [&](std::int64_t length) {
    capacity = std::max(capacity, task_keys(depth, length));
    return task_keys(depth, length);
  });
  const std::int64_t floats = GradientColumns::workspace(columns, depth) +
                              GradientKeys::workspace(capacity, columns, depth) + kPairLanes * depth;
  context.pool.run(static_cast<int>(plan.tasks.size()), [&](int index) {
    Carver carver(context.scratch_as<float>(ThreadPool::thread_index(), floats));
    GradientColumns tile(carver, columns, depth);
    GradientKeys keys(carver, capacity, columns, depth);
    float* turned = carver.take(kPairLanes * depth);
    TileUnit unit;
    GradientTask(args, delta, plan, plan.tasks[index]).run(tile, keys, turned);
  });
}

}  // namespace hone::HONE_ISA
