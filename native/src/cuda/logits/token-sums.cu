// The numbers that a training run tells of a micro-batch: 12 bytes a token in, 8 bytes out, so that nothing has to be read back
// before the step is over. One block: some thousand tokens take it a few microseconds, and one order of summing is simplest.
#include "core/ops-args.h"
#include "cuda/device/reduce.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 512;

__global__ void __launch_bounds__(kThreads) token_sums_kernel(const float* logp, const std::int32_t* argmax,
                                                              const std::int32_t* targets, float* sums, std::int64_t count) {
  __shared__ float lines[32];
  float loss = 0.0f, hits = 0.0f;
  for (std::int64_t t = threadIdx.x; t < count; t += kThreads) {
    loss -= logp[t];
    hits += argmax[t] == targets[t] ? 1.0f : 0.0f;
  }
  loss = block_sum(loss, lines);
  hits = block_sum(hits, lines);
  if (threadIdx.x == 0) {
    sums[0] = loss;
    sums[1] = hits;
  }
}

}  // namespace

Status token_sums(Stream& stream, const TokenSumsArgs& args) {
  return launch(stream, "token_sums", token_sums_kernel, 1, kThreads, 0, args.logp.data_as<float>(),
                args.argmax.data_as<std::int32_t>(), args.targets.data_as<std::int32_t>(), args.sums.data_as<float>(),
                args.logp.dim[0]);
}

}  // namespace hone::cuda
