#pragma once
#include <cmath>

#include "cpu/attention/attention-pairs.h"
#include "cpu/attention/attention-round.h"
#include "cpu/attention/attention-tile.h"
#include "cpu/split.h"

// Attention whose products are bf16 with f32 sums. Scores lie with one query (token, query head of one key head) a column:
// the largest score, the sum and the rescaling of 16 queries are plain vector operations, and the weights of two keys join
// to the pairs that the product with the values wants without moving a lane.
// Blocks of keys begin at multiples of kBlockKeys from the first key of the sequence and are walked upwards, and what is
// done to a column depends on that column only; a row's bits are therefore the same alone, in a chunk, and in any batch.
namespace hone::HONE_ISA {

inline constexpr std::int64_t kBlockKeys = 128;
inline constexpr std::int64_t kTileColumns = 64;
// Below this every score is: there has been no key yet.
inline constexpr float kLowest = -1e30f;
// The weights are 2^(score - reference), and the reference follows the largest score only when it is left behind by more
// than this power of two: sums are in f32, which has the room, and nearly no block has to rescale what was gathered.
inline constexpr float kSlack = 8.0f;

// Keys [base, base + count) of one head; rows from `count` to the next multiple of 32 are zero.
struct KeyBlock {
  std::int64_t base, count;
  const std::uint16_t* k;         // [rows][depth]
  const std::uint32_t* v_turned;  // [depth][v_row], pairs of keys
  std::int64_t v_row;
};

// Where a thread makes blocks.
struct KeySpace {
  std::uint16_t *k, *v;                 // [kBlockKeys][depth]
  std::uint32_t *v_joined, *v_turned;   // [kBlockKeys / 2][depth] pairs of keys; [depth][kBlockKeys / 2]

  static std::int64_t workspace(std::int64_t depth) { return 2 * kBlockKeys * depth; }
  KeySpace(Carver& carver, std::int64_t depth) {
    for (std::uint16_t** rows : {&k, &v}) *rows = reinterpret_cast<std::uint16_t*>(carver.take(kBlockKeys * depth / 2));
    for (std::uint32_t** pairs : {&v_joined, &v_turned}) {
      *pairs = reinterpret_cast<std::uint32_t*>(carver.take(kBlockKeys * depth / 2));
    }
  }

  // Fills `count` rows of k_rows up to the next multiple of 32, and turns those of v into `target`, a row of half as many pairs.
  void finish(std::int64_t count, std::int64_t depth, std::uint16_t* k_rows, std::uint32_t* target) const {
    const std::int64_t rows = filled_up(count, 32);
    for (std::uint16_t* half : {k_rows, v}) std::memset(half + count * depth, 0, (rows - count) * depth * sizeof(std::uint16_t));
    join_rows(v, rows, depth, v_joined);
    transpose(v_joined, depth, rows / 2, depth, target, rows / 2);
  }
};

// The queries of one tile, a column each, and what has been gathered for them.
struct QueryColumns {
  std::int64_t count, columns, depth;  // columns: count filled up to 16; the rest repeat the last query's reach.
  std::uint32_t* q;                    // [depth / 2][columns]
  float* o;                            // [depth][columns]
  float *reference, *total;            // [columns]
  float *first, *last;                 // [columns] the positions a query looks at, both included
  float lowest_first, highest_first, lowest_last, highest_last;

  static std::int64_t workspace(std::int64_t columns, std::int64_t depth) { return columns * (depth / 2 + depth + 4); }
  QueryColumns(Carver& carver, std::int64_t count_, std::int64_t depth_)
      : count(count_), columns(filled_up(count_, kPairLanes)), depth(depth_) {
    q = reinterpret_cast<std::uint32_t*>(carver.take(columns * depth / 2));
    o = carver.take(columns * depth);
    for (float** lane : {&reference, &total, &first, &last}) *lane = carver.take(columns);
    std::memset(o, 0, columns * depth * sizeof(float));
    std::fill_n(reference, columns, kLowest);
    std::fill_n(total, columns, 0.0f);
  }

  void set_reach(std::int64_t column, const Reach& reach) {
    first[column] = static_cast<float>(reach.first);
    last[column] = static_cast<float>(reach.last);
  }

  // To be called when every column below `count` has its reach.
  void finish_reach() {
    std::fill(first + count, first + columns, first[count - 1]);
    std::fill(last + count, last + columns, last[count - 1]);
    lowest_first = *std::min_element(first, first + count);
    highest_first = *std::max_element(first, first + count);
    lowest_last = *std::min_element(last, last + count);
    highest_last = *std::max_element(last, last + count);
  }
};

// Rounds rows [0, count) and turns them to columns; row(i) is where row i lies.
template <class F>
void turn_rows(std::int64_t count, std::int64_t width, std::int64_t depth, F&& row, std::uint16_t* staging,
               std::uint32_t* target, std::int64_t columns) {
  for (std::int64_t c = 0; c < columns; c += kPairLanes) {
    for (std::int64_t i = 0; i < kPairLanes; ++i) {
      if (c + i < count) {
        round_row(row(c + i), width, staging + i * depth, depth);
      } else {
        std::memset(staging + i * depth, 0, depth * sizeof(std::uint16_t));
      }
    }
    turn_pairs(staging, kPairLanes, depth, target + c, columns);
  }
}

// What the tiles of a thread share.
struct ScoreSpace {
  float* scores;           // [kBlockKeys][columns]
  std::uint32_t* weights;  // [kBlockKeys / 2][columns]
  std::uint16_t* staging;  // [16][depth] halves of floats
  float* turned;           // [16][depth]

  static std::int64_t workspace(std::int64_t columns, std::int64_t depth) {
    return kBlockKeys * columns * 3 / 2 + kPairLanes * depth * 3 / 2;
  }
  ScoreSpace(Carver& carver, std::int64_t columns, std::int64_t depth) {
    scores = carver.take(kBlockKeys * columns);
    weights = reinterpret_cast<std::uint32_t*>(carver.take(kBlockKeys * columns / 2));
    staging = reinterpret_cast<std::uint16_t*>(carver.take(kPairLanes * depth / 2));
    turned = carver.take(kPairLanes * depth);
  }
};

// Scores in units of ln 2, so that their exponential is a power of two; returns the factor that is still to be applied.
inline float shape_scores(float* scores, std::int64_t count, const ScoreRule& rule) {
  if (rule.softcap <= 0 && rule.scale >= 0) return rule.scale * kLog2e;
  for (std::int64_t i = 0; i < count; i += kWide) store(scores + i, mul(score_of(load(scores + i), rule), set(kLog2e)));
  return 1.0f;
}

inline F16x hide(F16x score, float position, F16x first, F16x last) {
  const F16x at = set(position);
  return select(less(last, at), set(kNothing), select(less(at, first), set(kNothing), score));
}

// Turns the scores of 16 queries into the pairs of their weights and brings the sums of these queries up to date.
template <bool is_masked>
void soften_columns(QueryColumns& t, std::int64_t c, float base, std::int64_t rows, float factor, ScoreSpace& space) {
  float* scores = space.scores + c;
  F16x most[4] = {set(kNothing), set(kNothing), set(kNothing), set(kNothing)};
  const F16x first = load(t.first + c), last = load(t.last + c), scale = set(factor);
  for (std::int64_t r = 0; r < rows; r += 4) {
    for (int i = 0; i < 4; ++i) {
      F16x score = load(scores + (r + i) * t.columns);
      if (is_masked) {
        score = hide(score, base + static_cast<float>(r + i), first, last);
        store(scores + (r + i) * t.columns, score);
      }
      most[i] = max(most[i], score);
    }
  }
  const F16x now = mul(max(max(most[0], most[1]), max(most[2], most[3])), scale);
  const F16x before = load(t.reference + c);
  const Mask is_behind = less(add(before, set(kSlack)), now);
  const F16x reference = select(is_behind, now, before);
  F16x total = load(t.total + c);
  if (bits_of(is_behind) != 0) {
    const F16x shrink = select(is_behind, exp2_short(sub(before, reference)), set(1.0f));
    store(t.reference + c, reference);
    total = mul(total, shrink);
    for (std::int64_t d = 0; d < t.depth; ++d) {
      float* o = t.o + d * t.columns + c;
      store(o, mul(load(o), shrink));
    }
  }
  F16x even = set(0.0f), odd = set(0.0f);
  const F16x shift = sub(set(0.0f), reference);
  for (std::int64_t r = 0; r < rows; r += 2) {
    const F16x a = exp2_short(fma(load(scores + r * t.columns), scale, shift));
    const F16x b = exp2_short(fma(load(scores + (r + 1) * t.columns), scale, shift));
    even = add(even, a);
    odd = add(odd, b);
    store_pairs(space.weights + r / 2 * t.columns + c, a, b);
  }
  store(t.total + c, add(total, add(even, odd)));
}

// One block of keys for all queries of a tile that reach into it. The number of rows may follow the tile: what a query does
// not reach has the weight 0 and changes nothing.
inline void attend(QueryColumns& t, const KeyBlock& block, const ScoreRule& rule, ScoreSpace& space) {
  const auto base = static_cast<float>(block.base);
  const std::int64_t count = std::min(block.count, static_cast<std::int64_t>(t.highest_last) + 1 - block.base);
  if (count <= 0 || base + static_cast<float>(count) <= t.lowest_first) return;
  const std::int64_t rows = filled_up(count, 32);
  multiply_pairs({rows, t.columns, t.depth / 2, reinterpret_cast<const std::uint32_t*>(block.k), t.depth / 2, t.q, t.columns,
                  space.scores, t.columns, false});
  const float factor = shape_scores(space.scores, rows * t.columns, rule);
  const bool is_whole = base >= t.highest_first && base + static_cast<float>(rows - 1) <= t.lowest_last;
  for (std::int64_t c = 0; c < t.columns; c += kWide) {
    is_whole ? soften_columns<false>(t, c, base, rows, factor, space) : soften_columns<true>(t, c, base, rows, factor, space);
  }
  multiply_pairs({t.depth, t.columns, rows / 2, block.v_turned, block.v_row, space.weights, t.columns, t.o, t.columns, true});
}

// Calls write(column, values) with each query's gathered values, not yet divided by their weights.
template <class F>
void turn_back(const float* gathered, std::int64_t count, std::int64_t columns, std::int64_t depth, float* turned, F&& write) {
  for (std::int64_t c = 0; c < columns; c += kPairLanes) {
    transpose(gathered + c, columns, depth, kPairLanes, turned, depth);
    for (std::int64_t i = 0; i < kPairLanes && c + i < count; ++i) write(c + i, turned + i * depth);
  }
}

inline void write_scaled(const float* from, float factor, std::int64_t width, float* to) {
  walk(
      0, width, [=](std::int64_t i) { store(to + i, mul(load(from + i), set(factor))); },
      [=](std::int64_t i, int n) { store_first(to + i, mul(load_first(from + i, n), set(factor)), n); });
}

}  // namespace hone::HONE_ISA
