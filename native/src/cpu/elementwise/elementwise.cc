// isa: avx2 avx512
// All bound by memory; one pass each.
#include <cstring>

#include "core/half.h"
#include "core/ops-args.h"
#include "cpu/stream.h"

namespace hone::HONE_ISA {

Status tensor_fill(Context& context, const TensorFillArgs& args) {
  const auto value = static_cast<float>(args.value);
  if (args.x.dtype != DType::f32) {
    const std::uint16_t half = args.x.dtype == DType::bf16 ? f32_to_bf16(value) : f32_to_f16(value);
    std::uint16_t* x = args.x.data_as<std::uint16_t>();
    split_elements(context, args.x.count(), [=](std::int64_t begin, std::int64_t end) { std::fill(x + begin, x + end, half); });
    return {};
  }
  float* x = args.x.data_as<float>();
  split_elements(context, args.x.count(), [=](std::int64_t begin, std::int64_t end) {
    if (value == 0) {
      std::memset(x + begin, 0, (end - begin) * sizeof(float));
    } else {
      std::fill(x + begin, x + end, value);
    }
  });
  return {};
}

// Pieces begin at whole lines of dst, because split_elements gives whole vectors.
template <bool streamed>
static void copy_bytes(char* dst, const char* src, std::int64_t bytes) {
  std::int64_t done = 0;
  if constexpr (streamed) {
    for (; done + 64 <= bytes; done += 64) {
      stream(reinterpret_cast<float*>(dst + done), load(reinterpret_cast<const float*>(src + done)));
    }
    _mm_sfence();
  }
  std::memcpy(dst + done, src + done, bytes - done);
}

Status tensor_copy(Context& context, const TensorCopyArgs& args) {
  const auto size = static_cast<std::int64_t>(dtype_bytes(args.src.dtype));
  const char* src = args.src.data_as<char>();
  char* dst = args.dst.data_as<char>();
  const std::int64_t bytes = args.src.count() * size;
  if (src < dst + bytes && dst < src + bytes) {
    std::memmove(dst, src, bytes);
    return {};
  }
  with_stream(bytes >= kStreamedBytes && reinterpret_cast<std::uintptr_t>(dst) % 64 == 0, [&](auto streamed) {
    split_elements(context, args.src.count(), [=](std::int64_t begin, std::int64_t end) {
      copy_bytes<streamed>(dst + begin * size, src + begin * size, (end - begin) * size);
    });
  });
  return {};
}

Status tensor_scale(Context& context, const TensorScaleArgs& args) {
  float* x = args.x.data_as<float>();
  const F16x s = set(static_cast<float>(args.s));
  split_elements(context, args.x.count(), [=](std::int64_t begin, std::int64_t end) {
    walk(
        begin, end, [=](std::int64_t i) { store(x + i, mul(load(x + i), s)); },
        [=](std::int64_t i, int n) { store_first(x + i, mul(load_first(x + i, n), s), n); });
  });
  return {};
}

static void add_into(Context& context, const float* a, const float* b, float* out, std::int64_t count) {
  with_stream(out != a && out != b && is_streamed(out, kWide, count), [&](auto streamed) {
    split_elements(context, count, [=](std::int64_t begin, std::int64_t end) {
      walk(
          begin, end, [=](std::int64_t i) { put<streamed>(out + i, add(load(a + i), load(b + i))); },
          [=](std::int64_t i, int n) { store_first(out + i, add(load_first(a + i, n), load_first(b + i, n)), n); });
      end_stream<streamed>();
    });
  });
}

Status tensor_add(Context& context, const TensorAddArgs& args) {
  add_into(context, args.a.data_as<float>(), args.b.data_as<float>(), args.out.data_as<float>(), args.a.count());
  return {};
}

Status tensor_accumulate(Context& context, const TensorAccumulateArgs& args) {
  float* dst = args.dst.data_as<float>();
  add_into(context, dst, args.src.data_as<float>(), dst, args.dst.count());
  return {};
}

}  // namespace hone::HONE_ISA
