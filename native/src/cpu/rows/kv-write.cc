// isa: avx2 avx512
// Bound by memory: 8 bytes are read and 8, or 4 of bf16 pages, written for each key and value.
#include "core/half.h"
#include "core/ops-args.h"
#include "cpu/attention/attention-round.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

void write_row(const View& cache, std::int64_t target, const float* row, std::int64_t width) {
  if (cache.dtype == DType::f32) {
    std::memcpy(cache.data_as<float>() + target, row, width * sizeof(float));
    return;
  }
  std::uint16_t* out = cache.data_as<std::uint16_t>() + target;
  std::int64_t i = 0;
  for (; i + kWide <= width; i += kWide) store_bf16(out + i, load(row + i));
  for (; i < width; ++i) out[i] = f32_to_bf16(row[i]);
}

}  // namespace

Status kv_write(Context& context, const KvWriteArgs& args) {
  const std::int64_t kv_heads = args.k.dim[1], width = args.k.dim[2], page = args.k_cache.dim[2];
  const std::int32_t* slots = args.slots.data_as<std::int32_t>();
  split_rows(context, args.k.dim[0], kv_heads * width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      if (slots[t] < 0) continue;
      for (std::int64_t h = 0; h < kv_heads; ++h) {
        const std::int64_t target = ((slots[t] / page * kv_heads + h) * page + slots[t] % page) * width;
        const std::int64_t source = (t * kv_heads + h) * width;
        write_row(args.k_cache, target, args.k.data_as<float>() + source, width);
        write_row(args.v_cache, target, args.v.data_as<float>() + source, width);
      }
    }
  });
  return {};
}

}  // namespace hone::HONE_ISA
