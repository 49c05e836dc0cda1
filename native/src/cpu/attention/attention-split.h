#pragma once
#include <algorithm>
#include <vector>

#include "cpu/attention/attention-tile.h"
#include "hone/view.h"

namespace hone::HONE_ISA {

// The queries [begin, end) of one sequence, for the query heads of one key head.
struct QueryTile {
  std::int64_t sequence_begin, begin, end, kv_head;
};

// Tiles of `step` tokens. The late tiles of a sequence see the most keys, so they come first: what is left at the end is small.
inline std::vector<QueryTile> split_queries(const View& cu_seqlens, std::int64_t kv_heads, std::int64_t step) {
  const std::int32_t* bounds = cu_seqlens.data_as<std::int32_t>();
  std::vector<QueryTile> tiles;
  for (std::int64_t s = 0; s + 1 < cu_seqlens.dim[0]; ++s) {
    for (std::int64_t begin = bounds[s]; begin < bounds[s + 1]; begin += step) {
      for (std::int64_t head = 0; head < kv_heads; ++head) {
        tiles.push_back({bounds[s], begin, std::min<std::int64_t>(bounds[s + 1], begin + step), head});
      }
    }
  }
  std::stable_sort(tiles.begin(), tiles.end(), [](const QueryTile& a, const QueryTile& b) {
    return a.begin - a.sequence_begin > b.begin - b.sequence_begin;
  });
  return tiles;
}

}  // namespace hone::HONE_ISA
