// isa: avx2 avx512
// FlashAttention-2 backward (Dao 2023, algorithm 2), one task per (sequence, key head): it alone adds to its dq, dk and
// dv, tiles of keys outside and tiles of queries inside, so the order of every sum is fixed. 10 D flops per pair.
#include <numeric>
#include <vector>

#include "core/ops-args.h"
#include "cpu/attention-tile.h"

namespace hone::HONE_ISA {
namespace {

struct Lane {
  std::int64_t begin, end, kv_head;
};

// The shapes that every step needs.
struct Shape {
  std::int64_t heads, kv_heads, group, width, window, rows_max, tokens_per_tile;
  float scale;
};

struct Workspace {
  float *q, *d_o, *p, *ds, *dq, *k, *k_turned, *v_turned, *dk, *dv, *delta;

  static std::int64_t size(const Shape& s, std::int64_t tokens) {
    return 3 * Carver::padded(s.rows_max * s.width) + 2 * Carver::padded(s.rows_max * kKeys) +
           5 * Carver::padded(kKeys * s.width) + Carver::padded(tokens * s.group);
  }

  Workspace(Carver carver, const Shape& s, std::int64_t tokens) {
    for (float** rows : {&q, &d_o, &dq}) *rows = carver.take(s.rows_max * s.width);
    for (float** scores : {&p, &ds}) *scores = carver.take(s.rows_max * kKeys);
    for (float** keys : {&k, &k_turned, &v_turned, &dk, &dv}) *keys = carver.take(kKeys * s.width);
    delta = carver.take(tokens * s.group);
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

// p = exp(scale s - lse) inside the reach, else 0; ds = scale p (dp - delta). Both over the scores they came from.
void soften_backward(float* p, float* ds, float lse, float delta, float scale, std::int64_t low, std::int64_t high) {
  const bool is_whole = low <= 0 && high >= kKeys - 1;
  for (std::int64_t v = 0; v < kKeys; v += kWide) {
    F16x score = sub(mul(load(p + v), set(scale)), set(lse));
    if (!is_whole) score = mask_scores(score, v, low, high);
    const F16x weight = exp(score);
    store(p + v, weight);
    store(ds + v, mul(mul(weight, sub(load(ds + v), set(delta))), set(scale)));
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
    soften_backward(w.p + r * kKeys, w.ds + r * kKeys, args.lse.data_as<float>()[row_of(i) + r % s.group],
                    w.delta[i * s.group + r % s.group], s.scale, low, high);
  }
  multiply({count, s.width, rows, w.p, 1, kKeys, w.d_o, s.width, w.dv, s.width, true});
  multiply({count, s.width, rows, w.ds, 1, kKeys, w.q, s.width, w.dk, s.width, true});
  multiply({rows, s.width, count, w.ds, kKeys, 1, w.k, s.width, w.dq, s.width, false});
  for (std::int64_t r = 0; r < rows; ++r) {
    add_row(args.dq.data_as<float>() + (row_of(first + r / s.group) + r % s.group) * s.width, w.dq + r * s.width, s.width);
  }
}

void key_tile(const AttentionBackwardArgs& args, const Shape& s, const Lane& lane, Workspace& w, std::int64_t base) {
  const std::int64_t length = lane.end - lane.begin, count = std::min(kKeys, length - base);
  const std::int64_t source = ((lane.begin + base) * s.kv_heads + lane.kv_head) * s.width, stride = s.kv_heads * s.width;
  turn_keys(args.k.data_as<float>() + source, stride, count, s.width, w.k_turned);
  turn_keys(args.v.data_as<float>() + source, stride, count, s.width, w.v_turned);
  copy_rows(args.k.data_as<float>() + source, stride, count, s.width, w.k);
  std::memset(w.dk, 0, kKeys * s.width * sizeof(float));
  std::memset(w.dv, 0, kKeys * s.width * sizeof(float));
  // Tiles of queries start at multiples of their size; the first that reaches these keys holds the query `base`.
  const std::int64_t begin = base / s.tokens_per_tile * s.tokens_per_tile;
  const std::int64_t end = s.window > 0 ? std::min(length, base + count - 1 + s.window) : length;
  for (std::int64_t first = begin; first < end; first += s.tokens_per_tile) {
    query_tile(args, s, lane, w, first, std::min(length, first + s.tokens_per_tile), base, count);
  }
  for (std::int64_t j = 0; j < count; ++j) {
    std::memcpy(args.dk.data_as<float>() + source + j * stride, w.dk + j * s.width, s.width * sizeof(float));
    std::memcpy(args.dv.data_as<float>() + source + j * stride, w.dv + j * s.width, s.width * sizeof(float));
  }
}

void backward_lane(Context& context, const AttentionBackwardArgs& args, const Shape& s, const Lane& lane) {
  const std::int64_t length = lane.end - lane.begin;
  float* start = context.scratch_as<float>(ThreadPool::thread_index(), Workspace::size(s, length));
  Workspace w(Carver(start), s, length);
  for (std::int64_t i = 0; i < length; ++i) {
    for (std::int64_t g = 0; g < s.group; ++g) {
      const std::int64_t row = ((lane.begin + i) * s.heads + lane.kv_head * s.group + g) * s.width;
      w.delta[i * s.group + g] = row_dot(args.d_o.data_as<float>() + row, args.o.data_as<float>() + row, s.width);
      std::memset(args.dq.data_as<float>() + row, 0, s.width * sizeof(float));
    }
  }
  for (std::int64_t base = 0; base < length; base += kKeys) key_tile(args, s, lane, w, base);
}

}  // namespace

Status attention_backward(Context& context, const AttentionBackwardArgs& args) {
  if (args.q.count() == 0) return {};
  const std::int64_t heads = args.q.dim[1], kv_heads = args.k.dim[1], group = heads / kv_heads;
  const std::int64_t per_tile = std::max<std::int64_t>(1, kTileRows / group);
  const Shape shape = {heads, kv_heads, group, args.q.dim[2], args.window, per_tile * group, per_tile,
                       static_cast<float>(args.scale)};
  const std::int32_t* bounds = args.cu_seqlens.data_as<std::int32_t>();
  std::vector<Lane> lanes;
  for (std::int64_t s = 0; s + 1 < args.cu_seqlens.dim[0]; ++s) {
    for (std::int64_t head = 0; head < kv_heads; ++head) lanes.push_back({bounds[s], bounds[s + 1], head});
  }
  // Long sequences first: the time of one grows with the square of its length.
  std::stable_sort(lanes.begin(), lanes.end(), [](const Lane& a, const Lane& b) { return a.end - a.begin > b.end - b.begin; });
  context.pool.run(static_cast<int>(lanes.size()), [&](int task) { backward_lane(context, args, shape, lanes[task]); });
  return {};
}

}  // namespace hone::HONE_ISA
