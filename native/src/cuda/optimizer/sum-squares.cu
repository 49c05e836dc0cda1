// Bound by one read of x. Two launches: sums of stretches of one fixed size, then their sum, so that the order is a property of
// the length alone.
#include "core/ops-args.h"
#include "cuda/device/bf16.h"
#include "cuda/device/reduce.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kStretch = 16384;
constexpr int kSumThreads = 1024;

template <class T>
__global__ void __launch_bounds__(kThreads) stretch_squares_kernel(const T* x, std::int64_t count, bool is_aligned, float* partial) {
  __shared__ float lines[kWarp];
  constexpr int kCount = Vector<T>::kCount;
  const std::int64_t first = blockIdx.x * kStretch, end = first + kStretch < count ? first + kStretch : count;
  // Thread t adds the elements of vectors t, t + 256, ...: the same ones where they are read one by one.
  float sum = 0;
  for (std::int64_t at = first + threadIdx.x * kCount; at < end; at += kThreads * kCount) {
    if (is_aligned && at + kCount <= end) {
      const auto vector = load_vector(x + at);
#pragma unroll
      for (int i = 0; i < kCount; ++i) sum = fmaf(to_f32(vector.values[i]), to_f32(vector.values[i]), sum);
    } else {
      for (std::int64_t i = at; i < end && i < at + kCount; ++i) sum = fmaf(to_f32(x[i]), to_f32(x[i]), sum);
    }
  }
  sum = block_sum(sum, lines);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kSumThreads) partial_sum_kernel(const float* partial, std::int64_t count, bool accumulate, float* out) {
  __shared__ double sums[kSumThreads];
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < count; i += kSumThreads) sum += static_cast<double>(partial[i]);
  sums[threadIdx.x] = sum;
  for (int half = kSumThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x == 0) *out = static_cast<float>(accumulate ? *out + sums[0] : sums[0]);
}

template <class T>
Status queue_sum(Stream& stream, const SumSquaresArgs& args) {
  const std::int64_t count = args.x.count(), stretches = (count + kStretch - 1) / kStretch;
  void* partial = nullptr;
  HONE_TRY(stream.workspace->take(0, (stretches + 1) * 4, partial));
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(args.x.data) % 16 == 0;
  HONE_TRY(launch(stream, "sum_squares", stretch_squares_kernel<T>, static_cast<unsigned>(stretches), kThreads, 0,
                  args.x.data_as<T>(), count, is_aligned, static_cast<float*>(partial)));
  return launch(stream, "sum_squares", partial_sum_kernel, 1u, kSumThreads, 0, static_cast<const float*>(partial), stretches,
                args.accumulate, args.out.data_as<float>());
}

}  // namespace

Status sum_squares(Stream& stream, const SumSquaresArgs& args) {
  return args.x.dtype == DType::f32 ? queue_sum<float>(stream, args) : queue_sum<Bf16>(stream, args);
}

}  // namespace hone::cuda
