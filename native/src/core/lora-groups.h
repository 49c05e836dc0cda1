#pragma once
#include <string>
#include <vector>

#include "core/ops-args.h"

namespace hone {

// One adapter of a loraGroupedForward call and the rows that it is for.
struct LoraGroup {
  const View* a;
  const View* b;
  std::int64_t begin, end;
  double scale;

  std::int64_t rows() const { return end - begin; }
};

inline std::vector<LoraGroup> lora_groups(const LoraGroupedForwardArgs& args) {
  const LoraGroup all[] = {{&args.a0, &args.b0, args.begin0, args.end0, args.scale0},
                           {&args.a1, &args.b1, args.begin1, args.end1, args.scale1},
                           {&args.a2, &args.b2, args.begin2, args.end2, args.scale2},
                           {&args.a3, &args.b3, args.begin3, args.end3, args.scale3}};
  std::vector<LoraGroup> groups;
  for (const LoraGroup& group : all) {
    if (group.begin != group.end) groups.push_back(group);
  }
  return groups;
}

// The op table cannot say this: a group with rows has both matrices, and its rows are rows of x.
inline Status check_lora_group(const LoraGroup& group, std::int64_t rows) {
  if (group.begin < group.end && group.end <= rows && group.a->present() && group.b->present()) return {};
  return bad_argument("expected A, B and 0 <= begin <= end <= " + std::to_string(rows) +
                      " for a group but received rows " + std::to_string(group.begin) + " to " + std::to_string(group.end) +
                      (group.a->present() && group.b->present() ? "" : " without A or B") +
                      "; fix: give each adapter the rows of its own sequences");
}

// The rows of a group as a tensor of their own.
inline View rows_of(const View& view, const LoraGroup& group) {
  View part = view;
  part.data = view.data_as<float>() + group.begin * view.dim[1];
  part.dim[0] = group.rows();
  return part;
}

}  // namespace hone
