#pragma once
#include "cuda/device/bf16.h"
#include "cuda/stream.h"

namespace hone::cuda {

// target[index[i]] += source[i] in the order of i, for `count` rows of `width` and targets 0 .. bound-1, without atomic additions:
// the rows are sorted by their targets, and whoever holds a target's columns adds its rows up in f32 and rounds once.
struct GroupedRows {
  const char* name;
  int op, argument;  // Where a wrong index is reported.
  const std::int32_t* index;
  std::int64_t count, bound, width;
};

Status add_grouped_rows(Stream& stream, const GroupedRows& rows, const float* source, float* target);
Status add_grouped_rows(Stream& stream, const GroupedRows& rows, const Bf16* source, Bf16* target);
Status add_grouped_rows(Stream& stream, const GroupedRows& rows, const Bf16* source, float* target);

}  // namespace hone::cuda
