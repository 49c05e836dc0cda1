// isa: avx2 avx512 avx512bf16 amx
// FlashAttention-2 backward (Dao 2023, algorithm 2), 10 D flops per pair.
#include "core/ops-args.h"
#include "cpu/attention/attention-backward-rounded.h"
#include "cpu/attention/attention-tile.h"
#include "cpu/attention/attention-turns.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

// The shapes that every step needs.
struct Shape {
  std::int64_t heads, kv_heads, group, width, window, rows_max;
  ScoreRule rule;
  const float* delta;  // [T][heads] the dot of do and o
};

struct Workspace {
  float *q, *d_o, *p, *ds, *dq, *k, *k_turned, *v_turned, *dk, *dv;

  static std::int64_t size(const Shape& s) {
    return 3 * Carver::padded(s.rows_max * s.width) + 2 * Carver::padded(s.rows_max * kKeys) +
           5 * Carver::padded(kKeys * s.width);
  }

  Workspace(Carver carver, const Shape& s) {
    for (float** rows : {&q, &d_o, &dq}) *rows = carver.take(s.rows_max * s.width);
    for (float** scores : {&p, &ds}) *scores = carver.take(s.rows_max * kKeys);
    for (float** keys : {&k, &k_turned, &v_turned, &dk, &dv}) *keys = carver.take(kKeys * s.width);
  }
};

float row_dot(const float* a, const float* b, std::int64_t width) {
  F16x total = set(0.0f);
  for (std::int64_t i = 0; i < width; i += kWide) {
    const int n = static_cast<int>(std::min<std::int64_t>(kWide, width - i));
    total = fma(load_first(a + i, n), load_first(b + i, n), total);
  }
  return sum(total);
}

void add_row(float* target, const float* source, std::int64_t width) {
  for (std::int64_t i = 0; i < width; i += kWide) {
    const int n = static_cast<int>(std::min<std::int64_t>(kWide, width - i));
    store_first(target + i, add(load_first(target + i, n), load_first(source + i, n)), n);
  }
}

// p = exp(s - lse) inside the reach, else 0; ds = scale p (dp - delta), times the slope of a soft cap. Both over the scores
// they came from.
void soften_backward(float* p, float* ds, float lse, float delta, const ScoreRule& rule, std::int64_t low, std::int64_t high) {
  const bool is_whole = low <= 0 && high >= kKeys - 1;
  for (std::int64_t v = 0; v < kKeys; v += kWide) {
    const F16x capped = score_of(load(p + v), rule);
    F16x score = sub(capped, set(lse));
    if (!is_whole) score = mask_scores(score, v, low, high);
    const F16x weight = exp(score);
    F16x slope = set(rule.scale);
    if (rule.softcap > 0) {
      const F16x share = div(capped, set(rule.softcap));
      slope = mul(slope, fnma(share, share, set(1.0f)));
    }
    store(p + v, weight);
    store(ds + v, mul(mul(weight, sub(load(ds + v), set(delta))), slope));
  }
}

// Adds what the queries [first, last) give to dk, dv and their own dq for the keys [base, base + count).
void query_tile(const AttentionBackwardArgs& args, const Shape& s, const BackwardPlan& plan, const KeyTask& task,
                Workspace& w, std::int64_t first, std::int64_t last) {
  const Lane& lane = *task.lane;
  const std::int64_t base = task.base, count = std::min(kKeys, lane.length() - base);
  const std::int64_t rows = (last - first) * s.group;
  const auto row_of = [&](std::int64_t i) { return (lane.begin + i) * s.heads + lane.kv_head * s.group; };
  for (std::int64_t i = first; i < last; ++i) {
    const std::int64_t bytes = s.group * s.width * static_cast<std::int64_t>(sizeof(float));
    std::memcpy(w.q + (i - first) * s.group * s.width, args.q.data_as<float>() + row_of(i) * s.width, bytes);
    std::memcpy(w.d_o + (i - first) * s.group * s.width, args.d_o.data_as<float>() + row_of(i) * s.width, bytes);
  }
  multiply({rows, kKeys, s.width, w.q, s.width, 1, w.k_turned, kKeys, w.p, kKeys, false});
  multiply({rows, kKeys, s.width, w.d_o, s.width, 1, w.v_turned, kKeys, w.ds, kKeys, false});
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t i = first + r / s.group;
    const std::int64_t low = (s.window > 0 ? std::max<std::int64_t>(0, i - s.window + 1) : 0) - base;
    const std::int64_t high = std::min(i - base, count - 1);
    const std::int64_t row = row_of(i) + r % s.group;
    soften_backward(w.p + r * kKeys, w.ds + r * kKeys, args.lse.data_as<float>()[row], s.delta[row], s.rule, low, high);
  }
  multiply({count, s.width, rows, w.p, 1, kKeys, w.d_o, s.width, w.dv, s.width, true});
  multiply({count, s.width, rows, w.ds, 1, kKeys, w.q, s.width, w.dk, s.width, true});
  multiply({rows, s.width, count, w.ds, kKeys, 1, w.k, s.width, w.dq, s.width, false});
  plan.in_turn(task, first, [&] {
    for (std::int64_t r = 0; r < rows; ++r) {
      add_row(args.dq.data_as<float>() + (row_of(first + r / s.group) + r % s.group) * s.width, w.dq + r * s.width, s.width);
    }
  });
}

void key_tile(const AttentionBackwardArgs& args, const Shape& s, const BackwardPlan& plan, const KeyTask& task, Workspace& w) {
  const Lane& lane = *task.lane;
  const std::int64_t base = task.base, length = lane.length(), count = std::min(kKeys, length - base);
  const std::int64_t source = ((lane.begin + base) * s.kv_heads + lane.kv_head) * s.width, stride = s.kv_heads * s.width;
  turn_keys(args.k.data_as<float>() + source, stride, count, s.width, w.k_turned);
  turn_keys(args.v.data_as<float>() + source, stride, count, s.width, w.v_turned);
  copy_rows(args.k.data_as<float>() + source, stride, count, s.width, w.k);
  std::memset(w.dk, 0, kKeys * s.width * sizeof(float));
  std::memset(w.dv, 0, kKeys * s.width * sizeof(float));
  const std::int64_t end = plan.end_query(lane, base);
  for (std::int64_t first = plan.first_query(base); first < end; first += plan.tokens) {
    query_tile(args, s, plan, task, w, first, std::min(length, first + plan.tokens));
  }
  for (std::int64_t j = 0; j < count; ++j) {
    std::memcpy(args.dk.data_as<float>() + source + j * stride, w.dk + j * s.width, s.width * sizeof(float));
    std::memcpy(args.dv.data_as<float>() + source + j * stride, w.dv + j * s.width, s.width * sizeof(float));
  }
}

// The dots of do and o, and dq from zero on.
void prepare(Context& context, const AttentionBackwardArgs& args, float* delta) {
  const std::int64_t heads = args.q.dim[1], width = args.q.dim[2];
  split_rows(context, args.q.dim[0] * heads, width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t at = row * width;
      delta[row] = row_dot(args.d_o.data_as<float>() + at, args.o.data_as<float>() + at, width);
    }
    std::memset(args.dq.data_as<float>() + begin * width, 0, (end - begin) * width * sizeof(float));
  });
}

}  // namespace

Status attention_backward(Context& context, const AttentionBackwardArgs& args) {
  if (args.q.count() == 0) return {};
  const std::int64_t heads = args.q.dim[1], kv_heads = args.k.dim[1], group = heads / kv_heads;
  float* delta = context.scratch_as<float>(0, args.q.dim[0] * heads, 1);
  prepare(context, args, delta);
  if (args.rounded) {
    backward_rounded(context, args, delta);
    return {};
  }
  const std::int64_t tokens = std::max<std::int64_t>(1, kTileRows / group);
  const Shape shape = {heads, kv_heads, group, args.q.dim[2], args.window, tokens * group,
                       {static_cast<float>(args.scale), static_cast<float>(args.softcap)}, delta};
  const BackwardPlan plan(args.cu_seqlens, kv_heads, args.window, tokens, [](std::int64_t) { return kKeys; });
  context.pool.run(static_cast<int>(plan.tasks.size()), [&](int task) {
    Workspace w(Carver(context.scratch_as<float>(ThreadPool::thread_index(), Workspace::size(shape))), shape);
    key_tile(args, shape, plan, plan.tasks[task], w);
  });
  return {};
}

}  // namespace hone::HONE_ISA
