#pragma once
#include "cuda/device/values.h"
#include "cuda/launch.h"

namespace hone::cuda {

// One pass over tensors of the same count, bound by memory. An op is a structure with
//   kWidth       elements of 16 bytes of its widest tensor
//   kInFlight    runs that a thread reads before it writes the first
//   Operands<n>  what it reads of n elements; load<n>(at) reads them, store<n>(at, operands) writes the results
//   is_aligned() whether every tensor begins at a multiple of 16 bytes
// A result may be an operand: an element is read by the thread that writes it, before it does.
inline constexpr int kElementThreads = 256;

template <int kWidth, class Op>
__global__ void __launch_bounds__(kElementThreads) elements_kernel(const Op op, const std::int64_t count) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * kElementThreads;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kElementThreads + threadIdx.x;
  const std::int64_t whole = count / kWidth;
  typename Op::template Operands<kWidth> operands[Op::kInFlight] = {};
#pragma unroll
  for (int i = 0; i < Op::kInFlight; ++i) {
    if (first + i * stride < whole) operands[i] = op.template load<kWidth>((first + i * stride) * kWidth);
  }
#pragma unroll
  for (int i = 0; i < Op::kInFlight; ++i) {
    if (first + i * stride < whole) op.template store<kWidth>((first + i * stride) * kWidth, operands[i]);
  }
  if (kWidth > 1 && first < count - whole * kWidth) {
    op.template store<1>(whole * kWidth + first, op.template load<1>(whole * kWidth + first));
  }
}

template <int kWidth, class Op>
Status launch_elements(Stream& stream, const char* name, const Op& op, std::int64_t count) {
  const std::int64_t runs = count / kWidth + (count % kWidth != 0);
  // A thread takes several runs only where the card is full without: short tensors are bound by latency.
  const bool fills_card = runs > static_cast<std::int64_t>(stream.multiprocessors) * 2048;
  const unsigned blocks = blocks_for(runs, fills_card ? kElementThreads * Op::kInFlight : kElementThreads);
  return launch(stream, name, elements_kernel<kWidth, Op>, blocks, kElementThreads, 0, op, count);
}

template <class Op>
Status over_elements(Stream& stream, const char* name, const Op& op, std::int64_t count) {
  if (op.is_aligned()) return launch_elements<Op::kWidth>(stream, name, op, count);
  return launch_elements<1>(stream, name, op, count);
}

}  // namespace hone::cuda
