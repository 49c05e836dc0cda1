#pragma once
#include "cuda/attention/attention-depths.h"
#include "cuda/attention/attention-sequences.h"
#include "cuda/attention/attention-tile.h"
#include "cuda/launch.h"

namespace hone::cuda::attention {

struct Forward {
  const Bf16 *q, *k, *v;
  Bf16* o;
  float* lse;
  Sequences sequences;
  int heads, kv_heads, width, reach;
  ScoreRule rule;
  bool is_vector;
};

// Consecutive tokens of one query head.
struct HeadLines {
  int begin, first, length, heads, head;

  __device__ std::int64_t line(int row) const {
    return first + row < length ? static_cast<std::int64_t>(begin + first + row) * heads + head : -1;
  }
  __device__ int position(int row) const { return min(first + row, length - 1); }
};

// The kernel of attention-forward-groups.cu serves heads of at most 128 values that lie in whole lines, on cards that have it.
bool has_forward_groups(const Stream& stream, const Forward& args);
Status forward_groups(Stream& stream, const Forward& args);

}  // namespace hone::cuda::attention
