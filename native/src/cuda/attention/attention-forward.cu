// Bound by arithmetic: 4 D operations of the tensor unit and one exponential per visible (query, key) pair. Memory is read once
// per tile of 64 or 128 queries; a tile that lies outside the causal band or the window is never read.
#include "cuda/attention/attention-forward.h"

#include "core/ops-args.h"
#include "cuda/device/shared-memory.h"

namespace hone::cuda {
namespace attention {
namespace {

template <int kDepth>
__global__ void __launch_bounds__(kThreads) attention_forward_kernel(Forward args) {
  SequenceTile tile;
  // The last tiles of a sequence have the most keys: they go first, so that the small ones fill the end.
  const int index = static_cast<int>(gridDim.x - 1 - blockIdx.x), head = static_cast<int>(blockIdx.y);
  if (!find_tile(args.sequences, index, ForwardShape<kDepth>::kRows, tile)) return;
  const HeadLines lines = {tile.begin, tile.first, tile.length, args.heads, head};
  const QueryRows<HeadLines> queries = {lines, args.q, args.o, args.width};
  const int kv_head = head / (args.heads / args.kv_heads);
  const PackedRows k = {args.k, args.kv_heads, kv_head, args.width, tile.begin, tile.length};
  const PackedRows v = {args.v, args.kv_heads, kv_head, args.width, tile.begin, tile.length};
  attend_tile<kDepth>(dynamic_shared<Bf16>(), queries, args.lse, k, v, args.reach, args.rule, args.is_vector);
}

struct LaunchForward {
  Stream& stream;
  const Forward& args;

  template <int kDepth>
  Status run() const {
    using Shape = ForwardShape<kDepth>;
    const dim3 grid(tiles_of(args.sequences.tokens, args.sequences.count, Shape::kRows), static_cast<unsigned>(args.heads));
    return launch(stream, "attention_forward", attention_forward_kernel<kDepth>, grid, kThreads, Shape::kSharedBytes, args);
  }
};

}  // namespace
}  // namespace attention

Status attention_forward(Stream& stream, const AttentionForwardArgs& args) {
  using namespace attention;
  if (args.q.count() == 0 || args.cu_seqlens.dim[0] < 2) return {};
  HONE_TRY(check_head("attentionForward", args.q.dim[2], args.scale));
  const Forward forward = {
      args.q.data_as<Bf16>(), args.k.data_as<Bf16>(), args.v.data_as<Bf16>(), args.o.data_as<Bf16>(), args.lse.data_as<float>(),
      {args.cu_seqlens.data_as<std::int32_t>(), static_cast<int>(args.cu_seqlens.dim[0] - 1), static_cast<int>(args.q.dim[0]),
       stream.fault, static_cast<int>(Op::kAttentionForward), kAttentionForwardCuSeqlens},
      static_cast<int>(args.q.dim[1]), static_cast<int>(args.k.dim[1]), static_cast<int>(args.q.dim[2]), reach_of(args.window),
      score_rule(args.scale, args.softcap),
      is_in_lines({args.q.data, args.k.data, args.v.data, args.o.data}, args.q.dim[2])};
  if (has_forward_groups(stream, forward)) return forward_groups(stream, forward);
  return over_depths(args.q.dim[2], LaunchForward{stream, forward});
}

}  // namespace hone::cuda
