#include "core/counter-random.h"
#include "core/ops-args.h"

namespace hone::reference {

Status dropout(Context&, const DropoutArgs& args) {
  const auto p = static_cast<float>(args.p);
  const auto keep = static_cast<float>(1.0 / (1.0 - args.p));
  for (std::int64_t i = 0; i < args.x.count(); ++i) {
    const float u = uniform_f32(random32(args.seed_low, args.seed_high, static_cast<std::uint64_t>(i)));
    args.y.data_as<float>()[i] = u < p ? 0.0f : args.x.data_as<float>()[i] * keep;
  }
  return {};
}

}  // namespace hone::reference
