#pragma once
#include "core/context.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {

// The gradient of a norm's weight is a sum over all tokens. Rows are summed in blocks of 64 and the blocks in order, which
// keeps the rounding error of a long sum small and its order a property of the shape alone: threads share blocks, never
// a sum.
inline constexpr std::int64_t kBlockTokens = 64;

// Calls row(t, sums) for every token, in blocks: `sums` are `width` numbers of the block's own, zeros at first, to which
// row() adds. Then adds all blocks to out.
template <class Row>
void add_column_sums(Context& context, std::int64_t tokens, std::int64_t width, float* out, Row&& row) {
  const std::int64_t blocks = (tokens + kBlockTokens - 1) / kBlockTokens, stride = (width + kWide - 1) / kWide * kWide;
  float* sums = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(blocks * stride));
  context.pool.run(static_cast<int>(blocks), [&](int block) {
    float* own = sums + block * stride;
    std::fill(own, own + stride, 0.0f);
    for (std::int64_t t = block * kBlockTokens; t < std::min(tokens, (block + 1) * kBlockTokens); ++t) row(t, own);
  });
  split_rows(context, stride / kWide, kWide * (blocks + 1), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * kWide; i < end * kWide; i += kWide) {
      F16x total = set(0.0f);
      for (std::int64_t block = 0; block < blocks; ++block) total = add(total, load(sums + block * stride + i));
      const auto n = static_cast<int>(std::min<std::int64_t>(kWide, width - i));
      store_first(out + i, add(load_first(out + i, n), total), n);
    }
  });
}

}  // namespace hone::HONE_ISA
