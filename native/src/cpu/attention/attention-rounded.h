#pragma once
#include <vector>

#include "cpu/attention/attention-block.h"

namespace hone::HONE_ISA {

// About how many query rows share the cost of loading and turning a block of keys; their sums stay in the second level.
inline constexpr std::int64_t kTaskRows = 512;

inline std::int64_t columns_per_tile(std::int64_t group) {
  return std::max<std::int64_t>(1, kTileColumns / group) * group;
}

// Tokens of one sequence that follow each other, with the query heads of one key head.
struct TokenRange {
  std::int64_t count, group, width;
  const float* q;  // The heads of a group lie side by side in a token.
  float* o;
  std::int64_t stride;  // From one token of q and o to the next.
  float* lse;           // May be null.
  std::int64_t lse_stride;
};

inline void finish_columns(const TokenRange& range, std::int64_t token, const QueryColumns& tile, float* turned) {
  turn_back(tile.o, tile.count, tile.columns, tile.depth, turned, [&](std::int64_t r, const float* gathered) {
    const std::int64_t at = token + r / range.group, head = r % range.group;
    write_scaled(gathered, 1.0f / tile.total[r], range.width, range.o + at * range.stride + head * range.width);
    if (range.lse == nullptr) return;
    const double sum = tile.reference[r] * std::log(2.0) + std::log(static_cast<double>(tile.total[r]));
    range.lse[at * range.lse_stride + head] = static_cast<float>(sum);
  });
}

// reach_of(token) gives what a token looks at; load(base, count, keys) makes the block of keys [base, base +
// count) in `keys`, or points at it where it is made already.
template <class ReachOf, class Load>
void attend_rounded(Context& context, const TokenRange& range, const ScoreRule& rule, ReachOf&& reach_of, Load&& load) {
  const std::int64_t depth = filled_up(range.width, 32), per_tile = columns_per_tile(range.group) / range.group;
  const std::int64_t columns = filled_up(columns_per_tile(range.group), kPairLanes);
  const std::int64_t tiles = (range.count + per_tile - 1) / per_tile;
  const std::int64_t floats = tiles * QueryColumns::workspace(columns, depth) + KeySpace::workspace(depth) +
                              ScoreSpace::workspace(columns, depth);
  Carver carver(context.scratch_as<float>(ThreadPool::thread_index(), floats));
  const KeySpace keys(carver, depth);
  ScoreSpace space(carver, columns, depth);
  std::vector<QueryColumns> queries;
  std::int64_t first = reach_of(0).first, last = 0;
  for (std::int64_t token = 0; token < range.count; token += per_tile) {
    const std::int64_t tokens = std::min(per_tile, range.count - token);
    QueryColumns& tile = queries.emplace_back(carver, tokens * range.group, depth);
    const auto row = [&](std::int64_t r) {
      return range.q + (token + r / range.group) * range.stride + r % range.group * range.width;
    };
    turn_rows(tile.count, range.width, depth, row, space.staging, tile.q, tile.columns);
    for (std::int64_t r = 0; r < tile.count; ++r) {
      const Reach reach = reach_of(token + r / range.group);
      tile.set_reach(r, reach);
      first = std::min(first, reach.first);
      last = std::max(last, reach.last);
    }
    tile.finish_reach();
  }
  TileUnit unit;
  for (std::int64_t base = first / kBlockKeys * kBlockKeys; base <= last; base += kBlockKeys) {
    const KeyBlock block = load(base, std::min(kBlockKeys, last + 1 - base), keys);
    for (QueryColumns& tile : queries) attend(tile, block, rule, space);
  }
  for (std::int64_t i = 0; i < tiles; ++i) finish_columns(range, i * per_tile, queries[i], space.turned);
}

}  // namespace hone::HONE_ISA
