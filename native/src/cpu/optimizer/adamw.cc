// isa: avx2 avx512
// One pass, 28 bytes a parameter in f32 (four read, three written), 14 in bf16; nothing else matters.
#include "core/gradient-scale.h"
#include "core/ops-args.h"
#include "cpu/optimizer/adamw-update.h"

namespace hone::HONE_ISA {

Status adamw_step(Context& context, const AdamwStepArgs& args) {
  const std::optional<float> factor = gradient_factor(args.gradient_scale, args.squared_norm, args.max_norm);
  if (!factor) return {};
  const AdamwUpdate update(args, *factor);
  const LaneWriter write{args.seed, static_cast<std::uint32_t>(args.step), 256 * args.first_block};
  const auto step = [&](std::int64_t i, int n) {
    const AdamwState before = {read_lanes(args.p, i, n), read_lanes(args.m, i, n), read_lanes(args.v, i, n)};
    const AdamwState after = update(before, read_lanes(args.g, i, n));
    write(args.p, i, n, after.p, RoundingStream::parameter);
    write(args.m, i, n, after.m, RoundingStream::mean);
    write(args.v, i, n, after.v, RoundingStream::square);
  };
  split_elements(context, args.p.count(), [&](std::int64_t begin, std::int64_t end) {
    walk(begin, end, [&](std::int64_t i) { step(i, kWide); }, step);
  });
  return {};
}

}  // namespace hone::HONE_ISA
