// One pass, 28 bytes a parameter in f32 (four read, three written), 14 in bf16; nothing else matters. All parameters of a model
// lie in a few arenas, so a step is as many launches.
#include "core/ops-args.h"
#include "cuda/optimizer/adamw-update.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kEach = 4;

__global__ void __launch_bounds__(kThreads)
    adamw_kernel(AdamwNumbers numbers, Mixed p, Mixed g, Mixed m, Mixed v, std::int64_t count) {
  __shared__ float shared_factor;
  __shared__ bool shared_is_step;
  const std::int64_t at = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kEach;
  const int mine = at + kEach <= count ? kEach : at < count ? static_cast<int>(count - at) : 0;
  float ps[kEach], gs[kEach], ms[kEach], vs[kEach];
  // Under way before the factor, which one thread computes in f64, is known.
  read_four(p, at, mine, ps);
  read_four(g, at, mine, gs);
  read_four(m, at, mine, ms);
  read_four(v, at, mine, vs);
  if (threadIdx.x == 0) shared_is_step = gradient_factor(numbers, shared_factor);
  __syncthreads();
  if (!shared_is_step || mine == 0) return;
  const float factor = shared_factor;
#pragma unroll
  for (int i = 0; i < kEach; ++i) adamw_update(numbers, factor, gs[i], ps[i], ms[i], vs[i]);
  write_four(p, at, mine, ps, numbers, RoundingStream::parameter);
  write_four(m, at, mine, ms, numbers, RoundingStream::mean);
  write_four(v, at, mine, vs, numbers, RoundingStream::square);
}

}  // namespace

Status adamw_step(Stream& stream, const AdamwStepArgs& args) {
  const std::int64_t count = args.p.count();
  return launch(stream, "adamw_step", adamw_kernel, blocks_for(count, kThreads * kEach), kThreads, 0, adamw_numbers(args),
                mixed(args.p), mixed(args.g), mixed(args.m), mixed(args.v), count);
}

}  // namespace hone::cuda
