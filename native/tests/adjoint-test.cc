// A linear op and its transpose satisfy <f(x), u> = <x, f'(u)>: rope and its inverse flag, dropout and itself, gather and
// scatter, embedding and its gradient.
#include <cmath>

#include "core/ops-args.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "harness/tensors.h"

namespace {

using namespace hone;
using namespace hone::test;

template <class Args>
void call(Machine& machine, Op op, const Args& args) {
  const AnyKernel kernel = dispatch_row(static_cast<int>(op)).kernels[serving_level(static_cast<int>(op), machine.context.isa)];
  CHECK(reinterpret_cast<Status (*)(Context&, const Args&)>(kernel)(machine.context, args).ok());
}

bool near(double a, double b) { return std::fabs(a - b) <= 1e-4 * (1 + std::fabs(a)); }

void rope_turns_back(Machine& machine) {
  Floats x({9, 3, 40}, 1), u({9, 3, 40}, 2), frequencies({16}, 3);
  Ints positions({0, 1, 2, 3, 100, 5000, 6, 7, 8}, {9});
  const std::vector<float> x0 = x.values, u0 = u.values;
  call(machine, Op::kRope, RopeArgs{x.view, positions.view, frequencies.view, 1.3, false});
  call(machine, Op::kRope, RopeArgs{u.view, positions.view, frequencies.view, 1.3, true});
  CHECK(near(dot(x.values, u0), dot(x0, u.values)));
}

void dropout_is_its_own_gradient(Machine& machine) {
  Floats x({1000}, 1), u({1000}, 2), y({1000}), dx({1000});
  call(machine, Op::kDropout, DropoutArgs{x.view, y.view, 0.4, 11, 22});
  call(machine, Op::kDropout, DropoutArgs{u.view, dx.view, 0.4, 11, 22});
  CHECK(near(dot(y.values, u.values), dot(x.values, dx.values)));
  int kept = 0;
  for (const float value : y.values) kept += value != 0;
  CHECK(kept > 530 && kept < 670);
}

void scatter_is_the_gradient_of_gather(Machine& machine) {
  Floats x({5, 33}, 1), u({7, 33}, 2), y({7, 33}), dx({5, 33});
  Ints index({4, 0, 0, 2, 4, 4, 1}, {7});
  call(machine, Op::kGatherRows, GatherRowsArgs{x.view, index.view, y.view});
  call(machine, Op::kScatterRowsAdd, ScatterRowsAddArgs{u.view, index.view, dx.view});
  CHECK(near(dot(y.values, u.values), dot(x.values, dx.values)));
}

}  // namespace

int main() {
  for (int level = 0; level < kIsaCount; ++level) {
    if (!isa_available(static_cast<Isa>(level))) continue;
    Machine machine(static_cast<Isa>(level));
    rope_turns_back(machine);
    dropout_is_its_own_gradient(machine);
    scatter_is_the_gradient_of_gather(machine);
  }
  return hone::test::failures;
}
