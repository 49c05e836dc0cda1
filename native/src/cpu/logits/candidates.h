#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "cpu/simd.h"

// The best few of a row of logits without sorting the row.
namespace hone::HONE_ISA {

struct Candidate {
  float value;
  std::int32_t id;
};

// The order of every filter: by value, ties by the lower id.
inline bool is_better(const Candidate& a, const Candidate& b) {
  return a.value != b.value ? a.value > b.value : a.id < b.id;
}

// The largest value; a NaN counts as -inf, because max returns its second operand when the first is a NaN.
inline float row_maximum(const float* row, std::int64_t count) {
  F16x most = set(-std::numeric_limits<float>::infinity());
  std::int64_t i = 0;
  for (; i + kWide <= count; i += kWide) most = max(load(row + i), most);
  float best = maximum(most);
  for (; i < count; ++i) best = row[i] > best ? row[i] : best;
  return best;
}

// The lowest id of a value, 0 when no id has it.
inline std::int32_t first_id_of(const float* row, std::int64_t count, float value) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (row[i] == value) return static_cast<std::int32_t>(i);
  }
  return 0;
}

// Calls found(i) for every row[i] > bound(), upwards; bound() may rise on the way. Whole vectors below it are skipped.
template <class Bound, class Found>
void scan_above(const float* row, std::int64_t count, Bound&& bound, Found&& found) {
  std::int64_t i = 0;
  for (; i + kWide <= count; i += kWide) {
    int lanes = bits_of(less(set(bound()), load(row + i)));
    for (; lanes != 0; lanes &= lanes - 1) found(i + __builtin_ctz(static_cast<unsigned>(lanes)));
  }
  for (; i < count; ++i) {
    if (row[i] > bound()) found(i);
  }
}

// The k best of a row, unsorted. Candidates gather in a buffer of a few k; when it is full only the k best stay and their
// worst becomes the bound, so most of a row is skipped sixteen at a time. A row with fewer numbers above -inf gives fewer.
inline void top_k(const float* row, std::int64_t count, std::int64_t k, std::vector<Candidate>& out) {
  out.clear();
  float bound = -std::numeric_limits<float>::infinity();
  const std::size_t room = static_cast<std::size_t>(4 * k + 64);
  const auto shrink = [&] {
    std::nth_element(out.begin(), out.begin() + (k - 1), out.end(), is_better);
    out.resize(static_cast<std::size_t>(k));
    // Later ids lose a tie, so only what is strictly above the k-th may still enter.
    bound = out[static_cast<std::size_t>(k - 1)].value;
  };
  scan_above(
      row, count, [&] { return bound; },
      [&](std::int64_t i) {
        if (row[i] > bound) out.push_back({row[i], static_cast<std::int32_t>(i)});
        if (out.size() == room) shrink();
      });
  if (static_cast<std::int64_t>(out.size()) > k) shrink();
}

}  // namespace hone::HONE_ISA
