#pragma once
#include <cstring>

#include "core/expert-rows.h"

// A call for one expert is the plain op on that expert's rows: the same chain of additions for a row, whatever rows lie beside
// it, and all threads share each product as they would alone. `plain` is the plain op of the level that calls.
namespace hone::expert_calls {

template <class Plain>
Status linear_forward(Context& context, const ExpertLinearForwardArgs& args, Plain&& plain) {
  RowRange rows;
  HONE_TRY(all_rows(args.segments, args.expert, args.x.dim[0], rows));
  if (rows.count() == 0) return {};
  LinearForwardArgs one{};
  one.x = rows_of(args.x, rows);
  one.w = args.w;
  one.y = rows_of(args.y, rows);
  return plain(context, one);
}

template <class Plain>
Status linear_backward_input(Context& context, const ExpertLinearBackwardInputArgs& args, Plain&& plain) {
  RowRange rows;
  HONE_TRY(all_rows(args.segments, args.expert, args.dy.dim[0], rows));
  if (rows.count() == 0) return {};
  LinearBackwardInputArgs one{};
  one.dy = rows_of(args.dy, rows);
  one.w = args.w;
  one.dx = rows_of(args.dx, rows);
  one.accumulate = args.accumulate;
  return plain(context, one);
}

template <class Plain>
Status linear_backward_weight(Context& context, const ExpertLinearBackwardWeightArgs& args, Plain&& plain) {
  RowRange rows;
  HONE_TRY(all_rows(args.segments, args.expert, args.x.dim[0], rows));
  if (rows.count() == 0) {
    // An expert that no token chose has a gradient too: zero.
    if (!args.accumulate) std::memset(args.dw.data, 0, static_cast<std::size_t>(args.dw.count()) * sizeof(float));
    return {};
  }
  LinearBackwardWeightArgs one{};
  one.dy = rows_of(args.dy, rows);
  one.x = rows_of(args.x, rows);
  one.dw = args.dw;
  one.accumulate = args.accumulate;
  one.rounds_to_bf16 = args.rounds_to_bf16;
  return plain(context, one);
}

template <class Plain>
Status lora_forward(Context& context, const ExpertLoraForwardArgs& args, Plain&& plain) {
  RowRange rows;
  HONE_TRY(expert_rows(args.segments, args.expert, args.piece, std::int64_t{args.piece} + 1, args.x.dim[0], rows));
  if (rows.count() == 0) return {};
  LoraForwardArgs one{};
  one.x = rows_of(args.x, rows);
  one.a = args.a;
  one.b = args.b;
  one.scale = args.scale;
  one.y = rows_of(args.y, rows);
  one.xa = rows_of(args.xa, rows, args.a.dim[0]);
  return plain(context, one);
}

template <class Plain>
Status lora_backward(Context& context, const ExpertLoraBackwardArgs& args, Plain&& plain) {
  RowRange rows;
  HONE_TRY(expert_rows(args.segments, args.expert, args.piece, std::int64_t{args.piece} + 1, args.x.dim[0], rows));
  if (rows.count() == 0) return {};
  LoraBackwardArgs one{};
  one.dy = rows_of(args.dy, rows);
  one.x = rows_of(args.x, rows);
  one.a = args.a;
  one.b = args.b;
  one.xa = rows_of(args.xa, rows, args.a.dim[0]);
  one.scale = args.scale;
  if (args.dx.present()) one.dx = rows_of(args.dx, rows);
  one.da = args.da;
  one.db = args.db;
  return plain(context, one);
}

}  // namespace hone::expert_calls
