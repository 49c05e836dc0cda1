#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/device/reduce.h"

namespace hone::cuda {

__device__ inline int warp_sum(int value) {
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(kAllLanes, value, distance);
  return value;
}

inline constexpr int kPartitionThreads = 1024;

// A stable counting sort in one launch: block b places the items whose digit is b, after all whose digit is less. Each block reads
// all digits twice, which costs less than the launches of a scan in between, up to some hundred thousand items. An op has
//   digit(i)             of item i; one of no block belongs nowhere
//   place(i, at)         told of the place of item i
//   finish(begin, end)   told of the places of the block, by all its threads, when all are taken
// Every warp takes one stretch of the items, in order, so nothing but the sums of the warps needs a barrier.
template <class Op>
__global__ void __launch_bounds__(kPartitionThreads) partition_kernel(const Op op, const int count) {
  constexpr int kWarps = kPartitionThreads / kWarp, kInFlight = 4;
  __shared__ int less_of[kWarps], same_of[kWarps];
  const int own = static_cast<int>(blockIdx.x), warp = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
  const int each = (count + kPartitionThreads - 1) / kPartitionThreads * kWarp;
  const int begin = warp * each, end = count - begin < each ? count : begin + each;
  int less = 0, same = 0;
#pragma unroll 4
  for (int i = begin + lane; i < end; i += kWarp) {
    const int digit = op.digit(i);
    less += digit >= 0 && digit < own;
    same += digit == own;
  }
  less = warp_sum(less);
  same = warp_sum(same);
  if (lane == 0) {
    less_of[warp] = less;
    same_of[warp] = same;
  }
  __syncthreads();
  const int first = warp_sum(less_of[lane]), last = first + warp_sum(same_of[lane]);
  int at = first + warp_sum(lane < warp ? same_of[lane] : 0);
  for (int base = begin; base < end; base += kWarp * kInFlight) {
    int digits[kInFlight];
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) {
      const int item = base + i * kWarp + lane;
      digits[i] = item < end ? op.digit(item) : -1;
    }
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) {
      const unsigned mine = __ballot_sync(kAllLanes, digits[i] == own);
      if (digits[i] == own) op.place(base + i * kWarp + lane, at + __popc(mine & ((1u << lane) - 1)));
      at += __popc(mine);
    }
  }
  __syncthreads();
  op.finish(first, last);
}

}  // namespace hone::cuda
