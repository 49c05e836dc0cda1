#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace hone::cuda {

// Adds `count` values, at most one a thread, to columns of a row: the first entry of a column adds all of its column, so that each
// sum has the order of the entries and no two threads meet. Negative columns are nothing.
__device__ inline void add_in_order(float* row, const std::int32_t* columns, const float* values, int count) {
  const int mine = threadIdx.x;
  if (mine >= count || columns[mine] < 0) return;
  const std::int32_t column = columns[mine];
  for (int i = 0; i < mine; ++i) {
    if (columns[i] == column) return;
  }
  float logit = row[column];
  for (int i = mine; i < count; ++i) {
    if (columns[i] == column) logit += values[i];
  }
  row[column] = logit;
}

}  // namespace hone::cuda
