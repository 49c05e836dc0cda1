#pragma once
#include "cuda/device/report.h"

namespace hone::cuda {

// The rows of a matrix that a kernel works on: all, or those between two numbers that only the card knows. A grid covers all
// rows; blocks without work leave at once.
struct RowRange {
  const std::int32_t* begin = nullptr;  // Null: all rows.
  const std::int32_t* end = nullptr;
  std::int64_t rows = 0;
  Fault* fault = nullptr;
  int op = 0;
  int argument = 0;  // What a report names.
  int position = 0;  // Of *begin in it.
};

// The same for all threads of a grid. No rows where the numbers are no rows, which is reported.
__device__ inline void read_range(const RowRange& range, std::int64_t& begin, std::int64_t& end) {
  begin = 0;
  end = range.rows;
  if (range.begin == nullptr) return;
  const std::int32_t first = *range.begin, last = *range.end;
  begin = first;
  end = last;
  if (first >= 0 && first <= last && last <= range.rows) return;
  const bool is_begin_wrong = first < 0 || first > range.rows;
  if (threadIdx.x == 0 && threadIdx.y == 0) {
    const int position = range.position + (is_begin_wrong ? 0 : static_cast<int>(range.end - range.begin));
    report(range.fault, range.op, range.argument, position, is_begin_wrong ? first : last, range.rows);
  }
  begin = end = 0;
}

}  // namespace hone::cuda
