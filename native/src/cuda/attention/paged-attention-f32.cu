// Attention over f32 pages, whose keys and values are not rounded: sums on the ordinary units, one block for a query head of a
// row. It is here so that every format of page runs; pages of bf16 are the ones that are fast.
#include "cuda/attention/paged-attention.h"

namespace hone::cuda::attention {
namespace {

constexpr int kLanes = 32, kShare = kDepthMax / kLanes;  // Values of a row that a lane holds.

// grid: (rows, heads). Each warp takes every fourth key; the four are added up in order.
__global__ void __launch_bounds__(kThreads) paged_f32_kernel(Paged args) {
  __shared__ float values[kWarps][kDepthMax], most_of[kWarps], total_of[kWarps];
  const int row = static_cast<int>(blockIdx.x), head = static_cast<int>(blockIdx.y), width = args.width;
  const int lane = threadIdx.x % kLanes, warp = threadIdx.x / kLanes;
  const int last = args.last_key(row, threadIdx.x == 0 && head == 0);
  if (last < 0) return;
  const std::int64_t line = (static_cast<std::int64_t>(row) * args.heads + head) * width;
  const PageRows keys = {args, nullptr, args.row_sequence[row], head / (args.heads / args.kv_heads), last};
  const float *const k_cache = static_cast<const float*>(args.k_cache), *const v_cache = static_cast<const float*>(args.v_cache);
  float q[kShare], o[kShare] = {}, most = -INFINITY, total = 0.0f;
#pragma unroll
  for (int i = 0; i < kShare; ++i) q[i] = i * kLanes + lane < width ? to_f32(args.q[line + i * kLanes + lane]) : 0.0f;
  for (int key = max(0, last - args.reach + 1) + warp; key <= last; key += kWarps) {
    const std::int64_t from = keys.offset(key);
    if (from < 0) continue;
    float score = 0.0f;
#pragma unroll
    for (int i = 0; i < kShare; ++i) {
      if (i * kLanes + lane < width) score = fmaf(q[i], k_cache[from + i * kLanes + lane], score);
    }
    score = warp_sum(score);
    if (args.rule.cap_out != 0.0f) score = args.rule.cap_out * tanh_of(score * args.rule.cap_in);
    score *= args.rule.factor;
    const float larger = fmaxf(most, score), shrink = exp2_fast(most - larger), weight = exp2_fast(score - larger);
    total = fmaf(total, shrink, weight);
    most = larger;
#pragma unroll
    for (int i = 0; i < kShare; ++i) {
      if (i * kLanes + lane < width) o[i] = fmaf(o[i], shrink, weight * v_cache[from + i * kLanes + lane]);
    }
  }
#pragma unroll
  for (int i = 0; i < kShare; ++i) values[warp][i * kLanes + lane] = o[i];
  if (lane == 0) {
    most_of[warp] = most;
    total_of[warp] = total;
  }
  __syncthreads();
  float whole_most = -INFINITY, whole_total = 0.0f;
  for (int w = 0; w < kWarps; ++w) whole_most = fmaxf(whole_most, most_of[w]);
  if (whole_most == -INFINITY) return;  // No page to read, which was told.
  for (int w = 0; w < kWarps; ++w) whole_total = fmaf(total_of[w], exp2_fast(most_of[w] - whole_most), whole_total);
  for (int column = static_cast<int>(threadIdx.x); column < width; column += kThreads) {
    float sum = 0.0f;
    for (int w = 0; w < kWarps; ++w) sum = fmaf(values[w][column], exp2_fast(most_of[w] - whole_most), sum);
    args.o[line + column] = to_bf16(sum / whole_total);
  }
}

}  // namespace

Status paged_rows_f32(Stream& stream, const Paged& args) {
  const dim3 grid(static_cast<unsigned>(args.rows), static_cast<unsigned>(args.heads));
  return launch(stream, "paged_attention_f32", paged_f32_kernel, grid, kThreads, 0, args);
}

}  // namespace hone::cuda::attention
