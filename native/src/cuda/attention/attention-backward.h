#pragma once
#include "cuda/attention/attention-depths.h"
#include "cuda/attention/attention-scores.h"
#include "cuda/attention/attention-sequences.h"
#include "cuda/attention/attention-tile.h"
#include "cuda/device/shared-memory.h"
#include "cuda/launch.h"

// The backward pass of attention-tile.h, from the saved lse: p = exp(s - lse), ds = p (do vT - delta), delta = rowsum(do o). Sums
// are never added to from two blocks, so one kernel gathers dk and dv over all queries and heads of a group, and another dq over all
// keys; scores are made twice for it, two of seven products, and every run gives the same bits.
namespace hone::cuda::attention {

// What a query row needs besides its values: lse in units of ln 2, and delta.
struct RowSums {
  float lse, delta;
};

struct Backward {
  const Bf16 *d_o, *q, *k, *v, *o;
  const float* lse;
  Bf16 *dq, *dk, *dv;
  RowSums* sums;  // [heads, tokens]
  Sequences sequences;
  int heads, kv_heads, width, reach;
  float scale;
  ScoreRule rule;
  bool is_vector;
  int shared_bytes_max;
  // How many blocks share the query heads of one key head (attention-backward-keys-groups.cu); more than one leave their parts of dk and
  // dv in `parts`, [dk and dv, parts, tokens, kv_heads, width].
  int part_count = 1;
  float* parts = nullptr;
};

Status backward_keys(Stream& stream, const Backward& args);
Status backward_queries(Stream& stream, const Backward& args);

// How many blocks of rows lie in shared memory at a time: two, where they fit, so that one comes while the other is worked on.
inline int stages_of(int bytes_kept, int bytes_a_stage, int shared_bytes_max) {
  return bytes_kept + 2 * bytes_a_stage <= shared_bytes_max ? 2 : 1;
}

// Of one pair, from the shaped score s and dp = do vT: s becomes the weight p, dp the gradient of the score but for `scale`.
__device__ inline void soften_gradient(float& s, float& dp, const RowSums& row, const ScoreRule& rule, bool is_hidden) {
  const float p = is_hidden ? 0.0f : exp2_fast(fmaf(s, rule.factor, -row.lse));
  float ds = p * (dp - row.delta);
  if (rule.cap_out != 0.0f) {
    const float share = s * rule.cap_back;
    ds *= 1.0f - share * share;
  }
  s = p;
  dp = ds;
}

// The rows of one head that a kernel writes.
struct PackedTargets {
  Bf16* values;  // [tokens, heads, width]
  int heads, head, width, begin, length;

  __device__ Bf16* target(int position) const {
    return position < length ? values + (static_cast<std::int64_t>(begin + position) * heads + head) * width : nullptr;
  }
};

}  // namespace hone::cuda::attention
