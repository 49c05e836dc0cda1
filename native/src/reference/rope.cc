#include <cmath>

#include "core/ops-args.h"

namespace hone::reference {

// y1 = m (x1 cos - x2 sin), y2 = m (x2 cos + x1 sin) for the pair (i, i + half); the inverse negates the sine, so it is the
// transpose, which is what the gradient needs. The angle is an f32 product, as in the models' own code.
Status rope(Context&, const RopeArgs& args) {
  const std::int64_t tokens = args.x.dim[0], heads = args.x.dim[1], width = args.x.dim[2];
  const std::int64_t half = args.inv_freq.dim[0];
  const float* inv_freq = args.inv_freq.data_as<float>();
  for (std::int64_t t = 0; t < tokens; ++t) {
    const auto position = static_cast<float>(args.positions.data_as<std::int32_t>()[t]);
    for (std::int64_t h = 0; h < heads; ++h) {
      float* x = args.x.data_as<float>() + (t * heads + h) * width;
      for (std::int64_t i = 0; i < half; ++i) {
        const double angle = position * inv_freq[i];
        const double c = std::cos(angle) * args.mscale;
        const double s = (args.inverse ? -std::sin(angle) : std::sin(angle)) * args.mscale;
        const double x1 = x[i], x2 = x[i + half];
        x[i] = static_cast<float>(x1 * c - x2 * s);
        x[i + half] = static_cast<float>(x2 * c + x1 * s);
      }
    }
  }
  return {};
}

Status kv_write(Context& context, const KvWriteArgs& args);

Status rope_kv_write(Context& context, const RopeKvWriteArgs& args) {
  HONE_TRY(rope(context, {args.q, args.positions, args.inv_freq, args.mscale, false}));
  HONE_TRY(rope(context, {args.k, args.positions, args.inv_freq, args.mscale, false}));
  return kv_write(context, {args.k, args.v, args.slots, args.k_cache, args.v_cache});
}

}  // namespace hone::reference
