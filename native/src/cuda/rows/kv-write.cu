// Bound by memory: reads k and v once and writes them once, 8 bytes a value of a bf16 head pair.
#include "core/ops-args.h"
#include "cuda/attention/attention-depths.h"
#include "cuda/device/report.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;

struct KvWrite {
  const Bf16 *k, *v;
  const std::int32_t* slots;
  void *k_cache, *v_cache;
  std::int64_t count;  // Items: lines of 8 values, or single values.
  int kv_heads, width, page, per_row;
  std::int64_t slot_count;
  Fault* fault;
};

// `from` 8 values, or one.
template <class Cache, int kCount>
__device__ void copy_values(Cache* to, const Bf16* from) {
  if constexpr (kCount == 1) {
    *to = from_f32<Cache>(to_f32(*from));
  } else {
    const Vector<Bf16> values = load_vector(from);
    constexpr int kLine = Vector<Cache>::kCount;
    for (int begin = 0; begin < 8; begin += kLine) {
      Vector<Cache> line;
      for (int i = 0; i < kLine; ++i) line.values[i] = from_f32<Cache>(to_f32(values.values[begin + i]));
      store_vector(to + begin, line);
    }
  }
}

template <class Cache, int kCount>
__global__ void __launch_bounds__(kThreads) kv_write_kernel(KvWrite args) {
  const std::int64_t item = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (item >= args.count) return;
  const std::int64_t row = item / args.per_row;  // Of [T, KV].
  const int column = static_cast<int>(item % args.per_row) * kCount, head = static_cast<int>(row % args.kv_heads);
  const std::int64_t token = row / args.kv_heads;
  const std::int32_t slot = args.slots[token];
  if (slot < 0) return;
  if (slot >= args.slot_count) {
    report(args.fault, static_cast<int>(Op::kKvWrite), kKvWriteSlots, token, slot, args.slot_count);
    return;
  }
  const std::int64_t target =
      ((static_cast<std::int64_t>(slot / args.page) * args.kv_heads + head) * args.page + slot % args.page) * args.width + column;
  const std::int64_t source = row * args.width + column;
  copy_values<Cache, kCount>(static_cast<Cache*>(args.k_cache) + target, args.k + source);
  copy_values<Cache, kCount>(static_cast<Cache*>(args.v_cache) + target, args.v + source);
}

}  // namespace

Status kv_write(Stream& stream, const KvWriteArgs& args) {
  const std::int64_t width = args.k.dim[2], rows = args.k.dim[0] * args.k.dim[1];
  if (rows * width == 0) return {};
  const bool is_vector = attention::is_in_lines({args.k.data, args.v.data, args.k_cache.data, args.v_cache.data}, width);
  const std::int64_t per_row = is_vector ? width / 8 : width;
  const KvWrite write = {args.k.data_as<Bf16>(), args.v.data_as<Bf16>(), args.slots.data_as<std::int32_t>(), args.k_cache.data,
                         args.v_cache.data, rows * per_row, static_cast<int>(args.k.dim[1]), static_cast<int>(width),
                         static_cast<int>(args.k_cache.dim[2]), static_cast<int>(per_row), args.k_cache.dim[0] * args.k_cache.dim[2],
                         stream.fault};
  const bool is_bf16 = args.k_cache.dtype == DType::bf16;
  void (*const kernel)(KvWrite) = is_bf16 ? (is_vector ? kv_write_kernel<Bf16, 8> : kv_write_kernel<Bf16, 1>)
                                          : (is_vector ? kv_write_kernel<float, 8> : kv_write_kernel<float, 1>);
  return launch(stream, "kv_write", kernel, blocks_for(write.count, kThreads), kThreads, 0, write);
}

}  // namespace hone::cuda
