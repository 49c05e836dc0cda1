#pragma once
#include <cmath>
#include <cstring>
#include <limits>

#include "core/context.h"
#include "cpu/gemm/gemm-transpose.h"
#include "cpu/gemm/small-product.h"

// Online softmax (Milakov and Gimelshein 2018; FlashAttention-2, Dao 2023, algorithm 1) over tiles of 64 keys. The rows
// of a tile are (token, query head of one key head), so a key is loaded and turned once for all heads that share it.
// Tiles start at multiples of 64 from the first key of the sequence and are walked upwards; a row's bits therefore depend
// on its own sequence only.
namespace hone::HONE_ISA {

inline constexpr std::int64_t kKeys = 64;
// Rows whose scores are worked on together: 24 x 64 scores are 6 KiB, an eighth of the first-level cache.
inline constexpr std::int64_t kScoreRows = 24;
// About how many rows share the cost of turning a tile of keys.
inline constexpr std::int64_t kTileRows = 96;

inline constexpr float kNothing = -std::numeric_limits<float>::infinity();

// What becomes of the dot of a query and a key: scale x, then softcap tanh(x / softcap) where softcap > 0.
struct ScoreRule {
  float scale, softcap;
};

// The keys a row may look at, as positions in its sequence: [first, last].
struct Reach {
  std::int64_t first, last;
};

// Pieces of one workspace block, each 64-byte aligned.
class Carver {
 public:
  explicit Carver(float* start) : next_(start) {}
  float* take(std::int64_t count) {
    float* piece = next_;
    next_ += padded(count);
    return piece;
  }
  static std::int64_t padded(std::int64_t count) { return (count + 15) / 16 * 16; }

 private:
  float* next_;
};

// Rows of queries and what has been gathered for them.
struct QueryRows {
  std::int64_t count, width;
  float* q;       // [count][width]
  float* o;       // [count][width], not yet divided by `total`
  float* most;    // [count] the largest score so far
  float* total;   // [count] sum of exp(score - most)
  Reach* reach;   // [count]
  float* scores;  // [kScoreRows][kKeys]

  static std::int64_t workspace(std::int64_t count, std::int64_t width) {
    const std::int64_t reach = Carver::padded(count * static_cast<std::int64_t>(sizeof(Reach) / sizeof(float)));
    return 2 * Carver::padded(count * width) + 2 * Carver::padded(count) + reach + kScoreRows * kKeys;
  }

  QueryRows(Carver& carver, std::int64_t count_, std::int64_t width_) : count(count_), width(width_) {
    q = carver.take(count * width);
    o = carver.take(count * width);
    most = carver.take(count);
    total = carver.take(count);
    reach = reinterpret_cast<Reach*>(carver.take(count * static_cast<std::int64_t>(sizeof(Reach) / sizeof(float))));
    scores = carver.take(kScoreRows * kKeys);
  }

  void clear() {
    std::memset(o, 0, count * width * sizeof(float));
    std::fill(most, most + count, kNothing);
    std::fill(total, total + count, 0.0f);
  }
};

// Keys [base, base + count) of a sequence; rows past `count` are zero.
struct KeyTile {
  std::int64_t base, count;
  float* k_turned;  // [width][kKeys]
  float* v;         // [kKeys][width]

  static std::int64_t workspace(std::int64_t width) { return 2 * Carver::padded(kKeys * width); }
  KeyTile(Carver& carver, std::int64_t width) : base(0), count(0) {
    k_turned = carver.take(kKeys * width);
    v = carver.take(kKeys * width);
  }
};

inline F16x lane_numbers() {
  alignas(64) static constexpr float kNumbers[kWide] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return load(kNumbers);
}

// Scores outside the reach become -inf. `score` holds the kWide keys from `key` (relative to the tile) on.
inline F16x mask_scores(F16x score, std::int64_t key, std::int64_t low, std::int64_t high) {
  const F16x lane = add(lane_numbers(), set(static_cast<float>(key)));
  const F16x kept = select(less(lane, set(static_cast<float>(low))), set(kNothing), score);
  return select(less(set(static_cast<float>(high)), lane), set(kNothing), kept);
}

inline F16x score_of(F16x dot, const ScoreRule& rule) {
  const F16x score = mul(dot, set(rule.scale));
  return rule.softcap > 0 ? mul(tanh(div(score, set(rule.softcap))), set(rule.softcap)) : score;
}

inline float exp_one(float x) {
  alignas(64) float lanes[kWide];
  store(lanes, exp(set(x)));
  return lanes[0];
}

inline void scale_row(float* row, float factor, std::int64_t width) {
  std::int64_t i = 0;
  for (; i + kWide <= width; i += kWide) store(row + i, mul(load(row + i), set(factor)));
  if (i < width) store_first(row + i, mul(load_first(row + i, static_cast<int>(width - i)), set(factor)), static_cast<int>(width - i));
}

// Turns a row of scores into weights exp(score - most) and brings the row's sums up to date.
inline void soften_row(QueryRows& rows, std::int64_t r, float* score, const KeyTile& tile, const ScoreRule& rule) {
  const std::int64_t low = rows.reach[r].first - tile.base;
  const std::int64_t high = std::min(rows.reach[r].last - tile.base, tile.count - 1);
  const bool is_whole = low <= 0 && high >= kKeys - 1;
  F16x part[kKeys / kWide];
  F16x most = set(kNothing);
  for (int v = 0; v < kKeys / kWide; ++v) {
    part[v] = score_of(load(score + v * kWide), rule);
    if (!is_whole) part[v] = mask_scores(part[v], v * kWide, low, high);
    most = max(most, part[v]);
  }
  const float before = rows.most[r], now = std::max(before, maximum(most));
  if (now == kNothing) {
    std::memset(score, 0, kKeys * sizeof(float));
    return;
  }
  F16x total = set(0.0f);
  for (int v = 0; v < kKeys / kWide; ++v) {
    part[v] = exp(sub(part[v], set(now)));
    total = add(total, part[v]);
    store(score + v * kWide, part[v]);
  }
  if (before != now) {
    const float shrink = exp_one(before - now);
    rows.total[r] *= shrink;
    scale_row(rows.o + r * rows.width, shrink, rows.width);
    rows.most[r] = now;
  }
  rows.total[r] += sum(total);
}

// One tile of keys for all rows that reach into it.
inline void attend(QueryRows& rows, const KeyTile& tile, const ScoreRule& rule) {
  for (std::int64_t r = 0; r < rows.count; r += kScoreRows) {
    const std::int64_t n = std::min(kScoreRows, rows.count - r);
    bool is_reached = false;
    for (std::int64_t i = r; i < r + n; ++i) {
      is_reached |= rows.reach[i].last >= tile.base && rows.reach[i].first < tile.base + tile.count;
    }
    if (!is_reached) continue;
    multiply({n, kKeys, rows.width, rows.q + r * rows.width, rows.width, 1, tile.k_turned, kKeys, rows.scores, kKeys, false});
    for (std::int64_t i = 0; i < n; ++i) soften_row(rows, r + i, rows.scores + i * kKeys, tile, rule);
    multiply({n, rows.width, tile.count, rows.scores, kKeys, 1, tile.v, rows.width, rows.o + r * rows.width, rows.width, true});
  }
}

// The output of a row: the gathered values over the sum of their weights.
inline void finish_row(const QueryRows& rows, std::int64_t r, float* o) {
  const F16x total = set(rows.total[r]);
  const float* from = rows.o + r * rows.width;
  std::int64_t i = 0;
  for (; i + kWide <= rows.width; i += kWide) store(o + i, div(load(from + i), total));
  if (i < rows.width) {
    const int n = static_cast<int>(rows.width - i);
    store_first(o + i, div(load_first(from + i, n), total), n);
  }
}

// target [width][kKeys] = source [count][width] turned, zero past `count`.
inline void turn_keys(const float* source, std::int64_t source_row, std::int64_t count, std::int64_t width, float* target) {
  if (count < kKeys) std::memset(target, 0, kKeys * width * sizeof(float));
  transpose(source, source_row, count, width, target, kKeys);
}

inline void copy_rows(const float* source, std::int64_t source_row, std::int64_t count, std::int64_t width, float* target) {
  for (std::int64_t j = 0; j < count; ++j) std::memcpy(target + j * width, source + j * source_row, width * sizeof(float));
}

}  // namespace hone::HONE_ISA
