#pragma once
#include <algorithm>
#include <cstdint>

#include "cuda/device/report.h"

// Where the tokens of a batch of packed sequences lie. A grid is made from the number of tokens and of sequences alone; the
// blocks find out on the card which tokens are theirs.
namespace hone::cuda::attention {

// A window that hides nothing, with room for a position to be added.
inline constexpr int kEndless = 1 << 30;

inline int reach_of(std::int64_t window) { return window > 0 ? static_cast<int>(std::min<std::int64_t>(window, kEndless)) : kEndless; }

struct Sequences {
  const std::int32_t* bounds = nullptr;  // [count + 1]
  int count = 0;
  int tokens = 0;
  Fault* fault = nullptr;
  int op = 0, argument = 0;
};

// `first` is the first of the tile's tokens, counted from `begin`, where its sequence of `length` tokens starts.
struct SequenceTile {
  int begin = 0, length = 0, first = 0;
};

// Sequence s gets the tiles from bounds[s] / rows + s on: as many as it needs or one more, so that a search among the bounds
// finds the sequence of a tile, with no sums over the lengths before it.
inline unsigned tiles_of(std::int64_t tokens, std::int64_t sequences, int rows) {
  return static_cast<unsigned>(tokens / rows + sequences);
}

// False: no tokens for this tile. Bounds that do not rise from 0 to the number of tokens are reported by whoever meets them.
__device__ inline bool find_tile(const Sequences& all, int tile, int rows, SequenceTile& out) {
  if (threadIdx.x == 0 && blockIdx.y == 0 && tile < all.count) {
    const int here = all.bounds[tile], next = all.bounds[tile + 1];
    if ((tile == 0 && here != 0) || here < 0 || here > all.tokens) {
      report(all.fault, all.op, all.argument, tile, here, all.tokens);
    } else if (next < here || next > all.tokens || (tile + 1 == all.count && next != all.tokens)) {
      report(all.fault, all.op, all.argument, tile + 1, next, all.tokens);
    }
  }
  int low = 0, high = all.count;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    if (all.bounds[middle] / rows + middle <= tile) {
      low = middle;
    } else {
      high = middle;
    }
  }
  const int begin = all.bounds[low], end = all.bounds[low + 1];
  if (begin < 0 || end > all.tokens) return false;
  out.begin = begin;
  out.length = end - begin;
  out.first = (tile - (begin / rows + low)) * rows;
  return out.first >= 0 && out.first < out.length;
}

}  // namespace hone::cuda::attention
