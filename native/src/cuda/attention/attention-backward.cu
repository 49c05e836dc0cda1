// The backward pass in three launches: the sums of each query row, then dk and dv, then dq (attention-backward.h says why).
#include "cuda/attention/attention-backward-groups.h"

#include "core/ops-args.h"

namespace hone::cuda {
namespace attention {
namespace {

// Half a warp a row. Bound by memory: reads o and do once.
constexpr int kLanes = 16;

__global__ void __launch_bounds__(kThreads) attention_row_sums_kernel(Backward args) {
  const std::int64_t tokens = args.sequences.tokens, count = tokens * args.heads;
  const std::int64_t line = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) / kLanes;
  const int lane = threadIdx.x % kLanes;
  float delta = 0.0f;
  if (line < count) {
    const Bf16 *d_o = args.d_o + line * args.width, *o = args.o + line * args.width;
    if (args.is_vector) {
      for (int column = lane * 8; column < args.width; column += kLanes * 8) {
        const auto left = load_vector(d_o + column), right = load_vector(o + column);
        for (int i = 0; i < 8; ++i) delta = fmaf(to_f32(left.values[i]), to_f32(right.values[i]), delta);
      }
    } else {
      for (int column = lane; column < args.width; column += kLanes) delta = fmaf(to_f32(d_o[column]), to_f32(o[column]), delta);
    }
  }
  for (int distance = kLanes / 2; distance > 0; distance /= 2) delta += __shfl_xor_sync(kAllLanes, delta, distance);
  if (line < count && lane == 0) args.sums[line % args.heads * tokens + line / args.heads] = {args.lse[line] * kLog2e, delta};
}

}  // namespace
}  // namespace attention

Status attention_backward(Stream& stream, const AttentionBackwardArgs& args) {
  using namespace attention;
  if (args.q.count() == 0 || args.cu_seqlens.dim[0] < 2) return {};
  HONE_TRY(check_head("attentionBackward", args.q.dim[2], args.scale));
  const std::int64_t lines = args.q.dim[0] * args.q.dim[1];
  void* sums = nullptr;
  HONE_TRY(stream.workspace->take(0, lines * static_cast<std::int64_t>(sizeof(RowSums)), sums));
  const Backward backward = {
      args.d_o.data_as<Bf16>(), args.q.data_as<Bf16>(), args.k.data_as<Bf16>(), args.v.data_as<Bf16>(), args.o.data_as<Bf16>(),
      args.lse.data_as<float>(), args.dq.data_as<Bf16>(), args.dk.data_as<Bf16>(), args.dv.data_as<Bf16>(), static_cast<RowSums*>(sums),
      {args.cu_seqlens.data_as<std::int32_t>(), static_cast<int>(args.cu_seqlens.dim[0] - 1), static_cast<int>(args.q.dim[0]),
       stream.fault, static_cast<int>(Op::kAttentionBackward), kAttentionBackwardCuSeqlens},
      static_cast<int>(args.q.dim[1]), static_cast<int>(args.k.dim[1]), static_cast<int>(args.q.dim[2]), reach_of(args.window),
      static_cast<float>(args.scale), score_rule(args.scale, args.softcap),
      is_in_lines({args.d_o.data, args.q.data, args.k.data, args.v.data, args.o.data, args.dq.data, args.dk.data, args.dv.data},
                  args.q.dim[2]),
      stream.shared_bytes_max};
  HONE_TRY(launch(stream, "attention_row_sums", attention_row_sums_kernel, blocks_for(lines * kLanes, kThreads), kThreads, 0, backward));
  if (has_backward_groups(stream, backward)) {
    HONE_TRY(backward_keys_groups(stream, backward));
    return backward_queries_groups(stream, backward);
  }
  HONE_TRY(backward_keys(stream, backward));
  return backward_queries(stream, backward);
}

}  // namespace hone::cuda
