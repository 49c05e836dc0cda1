#pragma once
#include "core/ops-args.h"

namespace hone {

// The separate calls that a linearGroupForward stands for.
struct LinearGroup {
  static constexpr int kMost = 3;

  LinearForwardArgs part[kMost];
  int count = 0;
};

// The op table cannot say this: the third weight comes with the third result.
inline Status linear_group(const LinearGroupForwardArgs& args, LinearGroup& group) {
  if (args.w2.present() != args.y2.present() || (args.bias2.present() && !args.w2.present())) {
    return bad_argument(std::string("[linearGroupForward] expected w2 and y2, or neither of them and no bias2, but received ") +
                        (args.w2.present() ? "w2 without y2" : args.y2.present() ? "y2 without w2" : "bias2 alone") +
                        "; fix: give each weight its own result");
  }
  group.part[0] = {args.x, args.w0, args.bias0, args.y0};
  group.part[1] = {args.x, args.w1, args.bias1, args.y1};
  group.part[2] = {args.x, args.w2, args.bias2, args.y2};
  group.count = args.w2.present() ? 3 : 2;
  return {};
}

// The calls one by one. `plain` is linearForward of the level or the device that calls.
template <class Context, class Plain>
Status run_apart(Context& context, const LinearGroup& group, Plain&& plain) {
  for (int i = 0; i < group.count; ++i) HONE_TRY(plain(context, group.part[i]));
  return {};
}

}  // namespace hone
