// isa: avx2 avx512
#include "core/ops-args.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

// Fixed, so that the order of the sum is a property of the tensor's length and of nothing else.
constexpr std::int64_t kBlock = 16384;

F16x value_at(const float* x) { return load(x); }
F16x value_at(const std::uint16_t* x) { return load_bf16(x); }
F16x first_values(const float* x, int n) { return load_first(x, n); }
F16x first_values(const std::uint16_t* x, int n) {
  std::uint16_t lanes[kWide] = {};
  std::copy_n(x, n, lanes);
  return load_bf16(lanes);
}

template <class Element>
float block_sum(const Element* x, std::int64_t count) {
  F16x part[4] = {set(0.0f), set(0.0f), set(0.0f), set(0.0f)};
  std::int64_t i = 0;
  for (; i + 4 * kWide <= count; i += 4 * kWide) {
    for (int k = 0; k < 4; ++k) {
      const F16x value = value_at(x + i + k * kWide);
      part[k] = fma(value, value, part[k]);
    }
  }
  for (; i < count; i += kWide) {
    const F16x value = first_values(x + i, static_cast<int>(std::min<std::int64_t>(kWide, count - i)));
    part[0] = fma(value, value, part[0]);
  }
  return sum(add(add(part[0], part[1]), add(part[2], part[3])));
}

template <class Element>
Status sum_of(Context& context, const SumSquaresArgs& args) {
  const Element* x = args.x.data_as<Element>();
  const std::int64_t count = args.x.count(), blocks = (count + kBlock - 1) / kBlock;
  float* partial = context.scratch_as<float>(0, static_cast<std::size_t>(blocks) + 1);
  split_rows(context, blocks, kBlock, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) partial[b] = block_sum(x + b * kBlock, std::min(kBlock, count - b * kBlock));
  });
  double total = 0;
  for (std::int64_t b = 0; b < blocks; ++b) total += partial[b];
  float& out = args.out.data_as<float>()[0];
  out = static_cast<float>(args.accumulate ? out + total : total);
  return {};
}

}  // namespace

Status sum_squares(Context& context, const SumSquaresArgs& args) {
  return args.x.dtype == DType::f32 ? sum_of<float>(context, args) : sum_of<std::uint16_t>(context, args);
}

}  // namespace hone::HONE_ISA
