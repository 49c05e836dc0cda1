#pragma once
#include <string>

#include "core/ops-args.h"
#include "core/wrong-index.h"

namespace hone {

// Rows begin..end-1 of a tensor whose rows are sorted by expert.
struct RowRange {
  std::int64_t begin = 0, end = 0;

  std::int64_t count() const { return end - begin; }
};

// What the host can know of a call for the columns first and last of an expert.
inline Status check_expert(const View& segments, std::int64_t expert, std::int64_t first, std::int64_t last) {
  const std::int64_t experts = segments.dim[0], columns = segments.dim[1];
  if (expert >= experts) {
    return bad_argument("expected expert below " + std::to_string(experts) + " but received " + std::to_string(expert) +
                        "; fix: pass segments of as many experts as the layer has");
  }
  if (first <= last && last < columns) return {};
  return bad_argument("expected piece below " + std::to_string(columns - 1) + " but received " + std::to_string(first) +
                      "; fix: pass the pieces of this batch to routeRows");
}

// The rows between two columns of segments[expert]. The op table cannot bound them: routeRows wrote them a moment ago, and only
// the two that a call reads are looked at here, because a layer makes this call for every expert and projection.
inline Status expert_rows(const View& segments, std::int64_t expert, std::int64_t first, std::int64_t last, std::int64_t rows,
                          RowRange& range) {
  HONE_TRY(check_expert(segments, expert, first, last));
  const std::int64_t at = expert * segments.dim[1] + first;
  const std::int32_t* row = segments.data_as<std::int32_t>() + at;
  range = {row[0], row[last - first]};
  const bool is_begin_wrong = range.begin < 0 || range.begin > rows;
  if (!is_begin_wrong && range.begin <= range.end && range.end <= rows) return {};
  return bad_argument(wrong_rows("segments", rows, is_begin_wrong ? range.begin : range.end, is_begin_wrong ? at : at + last - first));
}

inline Status all_rows(const View& segments, std::int64_t expert, std::int64_t rows, RowRange& range) {
  return expert_rows(segments, expert, 0, segments.dim[1] - 1, rows, range);
}

// The rows of a range as a tensor of their own.
inline View rows_of(const View& view, const RowRange& range) {
  View part = view;
  part.data = view.data_as<float>() + range.begin * view.dim[1];
  part.dim[0] = range.count();
  return part;
}

// The same, with rows of another width that lie without gaps.
inline View rows_of(const View& view, const RowRange& range, std::int64_t width) {
  View part = rows_of(view, range);
  part.dim[1] = width;
  return part;
}

}  // namespace hone
