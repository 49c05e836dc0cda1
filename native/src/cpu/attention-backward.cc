// isa: avx2 avx512
// FlashAttention-2 backward (Dao 2023, algorithm 2), 10 D flops per pair. A task is one tile of keys of one (sequence, key
// head) and alone adds to its dk and dv. What it gives to the dq of a tile of queries is added when the tile of keys before
// it has added, so the order of every sum is fixed and yet one long sequence keeps all threads busy.
#include <atomic>
#include <thread>
#include <vector>

#include "core/ops-args.h"
#include "cpu/attention-tile.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

struct Lane {
  std::int64_t begin, end, kv_head;
  std::atomic<int>* turns;  // Per tile of queries: the tile of keys whose addition to dq comes next.
};

struct Task {
  const Lane* lane;
  std::int64_t key_tile;
};

// The shapes that every step needs.
struct Shape {
  std::int64_t heads, kv_heads, group, width, window, rows_max, tokens_per_tile;
  ScoreRule rule;
  float* delta;  // [T][heads] the dot of do and o

  // The tiles of queries that reach the keys from `base` on begin at [first_query, end_query). They start at multiples of
  // their size; the first of them holds the query `base`.
  std::int64_t first_query(std::int64_t base) const { return base / tokens_per_tile * tokens_per_tile; }
  std::int64_t end_query(std::int64_t base, std::int64_t length) const {
    return window > 0 ? std::min(length, std::min(length, base + kKeys) - 1 + window) : length;
  }
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

// Tasks are taken in the order of their keys, so whoever is waited for is at work already.
void wait_for(const std::atomic<int>& turn, int own) {
  for (int spin = 0; turn.load(std::memory_order_acquire) != own; ++spin) {
    if (spin < 2000) {
      _mm_pause();
    } else {
      std::this_thread::yield();
    }
  }
}

// Adds what the queries [first, last) give to dk, dv and their own dq for the keys [base, base + count).
void query_tile(const AttentionBackwardArgs& args, const Shape& s, const Lane& lane, Workspace& w, std::int64_t first,
                std::int64_t last, std::int64_t base, std::int64_t count) {
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
  std::atomic<int>& turn = lane.turns[first / s.tokens_per_tile];
  const int own = static_cast<int>(base / kKeys);
  wait_for(turn, own);
  for (std::int64_t r = 0; r < rows; ++r) {
    add_row(args.dq.data_as<float>() + (row_of(first + r / s.group) + r % s.group) * s.width, w.dq + r * s.width, s.width);
  }
  turn.store(own + 1, std::memory_order_release);
}

void key_tile(const AttentionBackwardArgs& args, const Shape& s, const Lane& lane, Workspace& w, std::int64_t base) {
  const std::int64_t length = lane.end - lane.begin, count = std::min(kKeys, length - base);
  const std::int64_t source = ((lane.begin + base) * s.kv_heads + lane.kv_head) * s.width, stride = s.kv_heads * s.width;
  turn_keys(args.k.data_as<float>() + source, stride, count, s.width, w.k_turned);
  turn_keys(args.v.data_as<float>() + source, stride, count, s.width, w.v_turned);
  copy_rows(args.k.data_as<float>() + source, stride, count, s.width, w.k);
  std::memset(w.dk, 0, kKeys * s.width * sizeof(float));
  std::memset(w.dv, 0, kKeys * s.width * sizeof(float));
  const std::int64_t end = s.end_query(base, length);
  for (std::int64_t first = s.first_query(base); first < end; first += s.tokens_per_tile) {
    query_tile(args, s, lane, w, first, std::min(length, first + s.tokens_per_tile), base, count);
  }
  for (std::int64_t j = 0; j < count; ++j) {
    std::memcpy(args.dk.data_as<float>() + source + j * stride, w.dk + j * s.width, s.width * sizeof(float));
    std::memcpy(args.dv.data_as<float>() + source + j * stride, w.dv + j * s.width, s.width * sizeof(float));
  }
}

// The dots of do and o, and dq from zero on.
void prepare(Context& context, const AttentionBackwardArgs& args, const Shape& s) {
  split_rows(context, args.q.dim[0] * s.heads, s.width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t at = row * s.width;
      s.delta[row] = row_dot(args.d_o.data_as<float>() + at, args.o.data_as<float>() + at, s.width);
    }
    std::memset(args.dq.data_as<float>() + begin * s.width, 0, (end - begin) * s.width * sizeof(float));
  });
}

std::int64_t tiles_of(std::int64_t length, std::int64_t size) { return (length + size - 1) / size; }

// Each tile of queries starts with the first tile of keys that it reaches.
void set_turns(const Lane& lane, const Shape& s) {
  const std::int64_t length = lane.end - lane.begin;
  std::int64_t next = 0;
  for (std::int64_t base = 0; base < length; base += kKeys) {
    const std::int64_t end = tiles_of(s.end_query(base, length), s.tokens_per_tile);
    for (; next < end; ++next) lane.turns[next].store(static_cast<int>(base / kKeys), std::memory_order_relaxed);
  }
}

}  // namespace

Status attention_backward(Context& context, const AttentionBackwardArgs& args) {
  if (args.q.count() == 0) return {};
  const std::int64_t heads = args.q.dim[1], kv_heads = args.k.dim[1], group = heads / kv_heads;
  const std::int64_t per_tile = std::max<std::int64_t>(1, kTileRows / group);
  float* delta = context.scratch_as<float>(0, args.q.dim[0] * heads, 1);
  const Shape shape = {heads, kv_heads, group, args.q.dim[2], args.window, per_tile * group, per_tile,
                       {static_cast<float>(args.scale), static_cast<float>(args.softcap)}, delta};
  prepare(context, args, shape);
  const std::int32_t* bounds = args.cu_seqlens.data_as<std::int32_t>();
  const std::int64_t sequences = args.cu_seqlens.dim[0] - 1;
  std::vector<std::atomic<int>> turns(static_cast<std::size_t>((tiles_of(args.q.dim[0], per_tile) + sequences) * kv_heads));
  std::vector<Lane> lanes;
  std::vector<Task> tasks;
  std::atomic<int>* next = turns.data();
  for (std::int64_t s = 0; s < sequences; ++s) {
    for (std::int64_t head = 0; head < kv_heads && bounds[s] < bounds[s + 1]; ++head) {
      lanes.push_back({bounds[s], bounds[s + 1], head, next});
      set_turns(lanes.back(), shape);
      next += tiles_of(bounds[s + 1] - bounds[s], per_tile);
    }
  }
  for (const Lane& lane : lanes) {
    for (std::int64_t tile = 0; tile * kKeys < lane.end - lane.begin; ++tile) tasks.push_back({&lane, tile});
  }
  // Early keys are seen by the most queries and are waited for by the late ones, so they come first in every lane.
  std::stable_sort(tasks.begin(), tasks.end(), [](const Task& a, const Task& b) { return a.key_tile < b.key_tile; });
  context.pool.run(static_cast<int>(tasks.size()), [&](int task) {
    Workspace w(Carver(context.scratch_as<float>(ThreadPool::thread_index(), Workspace::size(shape))), shape);
    key_tile(args, shape, *tasks[task].lane, w, tasks[task].key_tile * kKeys);
  });
  return {};
}

}  // namespace hone::HONE_ISA
