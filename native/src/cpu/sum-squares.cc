// isa: avx2 avx512
#include "core/ops-args.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

// Fixed, so that the order of the sum is a property of the tensor's length and of nothing else.
constexpr std::int64_t kBlock = 16384;

float block_sum(const float* x, std::int64_t count) {
  F16x part[4] = {set(0.0f), set(0.0f), set(0.0f), set(0.0f)};
  std::int64_t i = 0;
  for (; i + 4 * kWide <= count; i += 4 * kWide) {
    for (int k = 0; k < 4; ++k) {
      const F16x value = load(x + i + k * kWide);
      part[k] = fma(value, value, part[k]);
    }
  }
  for (; i < count; i += kWide) {
    const F16x value = load_first(x + i, static_cast<int>(std::min<std::int64_t>(kWide, count - i)));
    part[0] = fma(value, value, part[0]);
  }
  return sum(add(add(part[0], part[1]), add(part[2], part[3])));
}

}  // namespace

Status sum_squares(Context& context, const SumSquaresArgs& args) {
  const float* x = args.x.data_as<float>();
  const std::int64_t count = args.x.count(), blocks = (count + kBlock - 1) / kBlock;
  float* partial = context.scratch_as<float>(0, static_cast<std::size_t>(blocks) + 1);
  split_rows(context, blocks, kBlock, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) partial[b] = block_sum(x + b * kBlock, std::min(kBlock, count - b * kBlock));
  });
  double total = 0;
  for (std::int64_t b = 0; b < blocks; ++b) total += partial[b];
  args.out.data_as<float>()[0] = static_cast<float>(total);
  return {};
}

}  // namespace hone::HONE_ISA
