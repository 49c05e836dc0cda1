// dk and dv from the parts that several blocks left of them (attention-backward-keys-groups.cu). Bound by memory: reads 8 bytes a value
// and part. Parts are added in their order, so every run gives the same bits.
#include "cuda/attention/attention-backward-groups.h"

namespace hone::cuda::attention {
namespace {

constexpr int kValues = 4, kAddThreads = 256;

// Four values a thread of dk, blockIdx.y 0, or of dv. Tokens of no sequence, which are reported as a fault, get what was there before.
__global__ void __launch_bounds__(kAddThreads) attention_add_parts_kernel(Backward args, std::int64_t count) {
  const std::int64_t at = (static_cast<std::int64_t>(blockIdx.x) * kAddThreads + threadIdx.x) * kValues;
  if (at >= count) return;
  const float* from = args.parts + static_cast<std::int64_t>(blockIdx.y) * args.part_count * count + at;
  float4 sum = *reinterpret_cast<const float4*>(from);
  for (int part = 1; part < args.part_count; ++part) {
    from += count;
    const float4 more = *reinterpret_cast<const float4*>(from);
    sum = make_float4(sum.x + more.x, sum.y + more.y, sum.z + more.z, sum.w + more.w);
  }
  const float factor = blockIdx.y == 0 ? args.scale : 1.0f;
  Bf16* const to = (blockIdx.y == 0 ? args.dk : args.dv) + at;
  *reinterpret_cast<uint2*>(to) = make_uint2(pack_bf16(sum.x * factor, sum.y * factor), pack_bf16(sum.z * factor, sum.w * factor));
}

}  // namespace

Status backward_add_parts(Stream& stream, const Backward& args) {
  const std::int64_t count = static_cast<std::int64_t>(args.sequences.tokens) * args.kv_heads * args.width;
  const dim3 grid(blocks_for(count, kValues * kAddThreads), 2);
  return launch(stream, "attention_add_parts", attention_add_parts_kernel, grid, kAddThreads, 0, args, count);
}

}  // namespace hone::cuda::attention
