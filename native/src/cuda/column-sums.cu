#include "cuda/column-sums.h"

#include "cuda/device/reduce.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

// A warp reads whole lines of 32 columns, and every 32nd part; four of them are on their way at a time.
__global__ void __launch_bounds__(1024) column_parts_kernel(const float* parts, std::int64_t count, int width, float* out) {
  __shared__ float sums[kWarp][kWarp];
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * kWarp + lane;
  float sum = 0;
  if (column < width) {
#pragma unroll 4
    for (std::int64_t part = warp; part < count; part += kWarp) sum += parts[part * width + column];
  }
  sums[warp][lane] = sum;
  __syncthreads();
  if (warp != 0 || column >= width) return;
  float total = 0;
#pragma unroll
  for (int i = 0; i < kWarp; ++i) total += sums[i][lane];
  out[column] += total;
}

}  // namespace

Status add_column_parts(Stream& stream, const char* name, const float* parts, std::int64_t count, int width, float* out) {
  return launch(stream, name, column_parts_kernel, blocks_for(width, kWarp), 1024, 0, parts, count, width, out);
}

}  // namespace hone::cuda
