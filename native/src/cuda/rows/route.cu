// A router has 8 to 256 experts, so a warp takes a token and reads its logits again for every choice, from the first-level cache.
#include "core/ops-args.h"
#include "cuda/device/bf16.h"
#include "cuda/device/partition.h"
#include "cuda/device/report.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 128, kTokens = kThreads / kWarp;

// Bits that are ordered as the numbers are; NaN comes before all others, and the two zeros are one.
__device__ std::uint32_t ordered(float value) {
  const std::uint32_t bits = __float_as_uint(value + 0.0f);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0;
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

struct Choice {
  std::uint32_t value;
  int expert;

  // Larger first, the lower id in a tie.
  __device__ bool before(const Choice& other) const {
    return value != other.value ? value > other.value : expert < other.expert;
  }
};

// The best expert that comes after `last`, to all lanes.
template <class T>
__device__ Choice next_choice(const T* logits, int experts, const Choice& last, bool is_first) {
  Choice best = {0, 0x7fffffff};
  for (int e = static_cast<int>(threadIdx.x) % kWarp; e < experts; e += kWarp) {
    const Choice candidate = {ordered(to_f32(logits[e])), e};
    if ((is_first || last.before(candidate)) && candidate.before(best)) best = candidate;
  }
#pragma unroll
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    const Choice other = {__shfl_xor_sync(kAllLanes, best.value, distance), __shfl_xor_sync(kAllLanes, best.expert, distance)};
    if (other.before(best)) best = other;
  }
  return best;
}

template <class T>
struct TopK {
  const T* logits;
  std::int32_t* ids;
  float* weights;
  std::int64_t tokens;
  int experts, k;
  bool renormalise;
};

template <class T>
__global__ void __launch_bounds__(kThreads) top_k_kernel(const TopK<T> a) {
  const std::int64_t token = static_cast<std::int64_t>(blockIdx.x) * kTokens + threadIdx.x / kWarp;
  if (token >= a.tokens) return;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const T* logits = a.logits + token * a.experts;
  std::int32_t* ids = a.ids + token * a.k;
  Choice last = {};
  float largest = 0, chosen = 0;
  for (int j = 0; j < a.k; ++j) {
    last = next_choice(logits, a.experts, last, j == 0);
    const float logit = to_f32(logits[last.expert]);
    if (j == 0) largest = logit;
    chosen += expf(logit - largest);
    if (lane == 0) ids[j] = last.expert;
  }
  float all = 0;
  for (int e = lane; e < a.experts; e += kWarp) all += expf(to_f32(logits[e]) - largest);
  all = warp_sum(all);
  __syncwarp();
  for (int j = lane; j < a.k; j += kWarp) {
    a.weights[token * a.k + j] = expf(to_f32(logits[ids[j]]) - largest) / (a.renormalise ? chosen : all);
  }
}

template <class T>
struct TopKGradient {
  const float* dweights;
  const T* logits;
  const std::int32_t* ids;
  T* dlogits;
  std::int64_t tokens;
  int experts, k;
  bool renormalise;
  Fault* fault;
};

// The place of an expert among the choices, or -1.
__device__ int place_of(const std::int32_t* ids, int k, int expert) {
  int place = -1;
  for (int j = 0; j < k; ++j) place = ids[j] == expert ? j : place;
  return place;
}

template <class T>
__global__ void __launch_bounds__(kThreads) top_k_gradient_kernel(const TopKGradient<T> a) {
  const std::int64_t token = static_cast<std::int64_t>(blockIdx.x) * kTokens + threadIdx.x / kWarp;
  if (token >= a.tokens) return;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const T* logits = a.logits + token * a.experts;
  const float* dweights = a.dweights + token * a.k;
  const std::int32_t* ids = a.ids + token * a.k;
  for (int j = lane; j < a.k; j += kWarp) {
    if (ids[j] < 0 || ids[j] >= a.experts) {
      report(a.fault, static_cast<int>(Op::kRouteTopKBackward), kRouteTopKBackwardIds, token * a.k + j, ids[j], a.experts);
    }
  }
  // With renormalise the softmax is over the choices alone.
  float largest = -INFINITY;
  for (int e = lane; e < a.experts; e += kWarp) {
    if (!a.renormalise || place_of(ids, a.k, e) >= 0) largest = fmaxf(largest, to_f32(logits[e]));
  }
  largest = warp_max(largest);
  float total = 0, dot = 0;
  for (int e = lane; e < a.experts; e += kWarp) {
    const int place = place_of(ids, a.k, e);
    if (a.renormalise && place < 0) continue;
    const float p = expf(to_f32(logits[e]) - largest);
    total += p;
    if (place >= 0) dot = fmaf(p, dweights[place], dot);
  }
  total = warp_sum(total);
  const float mean = warp_sum(dot) / total;
  for (int e = lane; e < a.experts; e += kWarp) {
    const int place = place_of(ids, a.k, e);
    if (a.renormalise && place < 0) continue;
    const float p = expf(to_f32(logits[e]) - largest) / total;
    T& out = a.dlogits[token * a.experts + e];
    out = from_f32<T>(fmaf(p, (place >= 0 ? dweights[place] : 0.0f) - mean, to_f32(out)));
  }
}

// The choices by expert and, as they come by token and by piece already, by piece.
struct RouteRows {
  const std::int32_t *ids, *pieces;
  std::int32_t *rows, *places, *segments;
  int experts, k, tokens, bounds;
  Fault* fault;

  __device__ int digit(int choice) const {
    const std::int32_t expert = ids[choice];
    if (expert >= 0 && expert < experts) return expert;
    if (blockIdx.x == 0) report(fault, static_cast<int>(Op::kRouteRows), kRouteRowsIds, choice, expert, experts);
    return -1;
  }

  __device__ void place(int choice, int at) const {
    places[choice] = at;
    rows[at] = choice / k;
  }

  // A piece of the expert begins at its first row that is not before the piece.
  __device__ void finish(int begin, int end) const {
    for (int p = static_cast<int>(threadIdx.x); p < bounds; p += kPartitionThreads) {
      const std::int32_t bound = pieces[p];
      const bool rises = p == 0 ? bound == 0 : bound >= pieces[p - 1];
      if (blockIdx.x == 0 && (!rises || (p == bounds - 1 && bound != tokens))) {
        report(fault, static_cast<int>(Op::kRouteRows), kRouteRowsPieces, p, bound, tokens);
      }
      int low = begin, high = end;
      while (low < high) {
        const int middle = low + (high - low) / 2;
        if (rows[middle] < bound) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      segments[static_cast<std::int64_t>(blockIdx.x) * bounds + p] = low;
    }
  }
};

template <class T>
Status top_k(Stream& stream, const RouteTopKForwardArgs& args) {
  const TopK<T> a = {args.logits.data_as<T>(),
                     args.ids.data_as<std::int32_t>(),
                     args.weights.data_as<float>(),
                     args.logits.dim[0],
                     static_cast<int>(args.logits.dim[1]),
                     static_cast<int>(args.ids.dim[1]),
                     args.renormalise};
  return launch(stream, "route_top_k_forward", top_k_kernel<T>, blocks_for(a.tokens, kTokens), kThreads, 0, a);
}

template <class T>
Status top_k_gradient(Stream& stream, const RouteTopKBackwardArgs& args) {
  const TopKGradient<T> a = {args.dweights.data_as<float>(),
                             args.logits.data_as<T>(),
                             args.ids.data_as<std::int32_t>(),
                             args.dlogits.data_as<T>(),
                             args.logits.dim[0],
                             static_cast<int>(args.logits.dim[1]),
                             static_cast<int>(args.ids.dim[1]),
                             args.renormalise,
                             stream.fault};
  return launch(stream, "route_top_k_backward", top_k_gradient_kernel<T>, blocks_for(a.tokens, kTokens), kThreads, 0, a);
}

}  // namespace

Status route_top_k_forward(Stream& stream, const RouteTopKForwardArgs& args) {
  return args.logits.dtype == DType::f32 ? top_k<float>(stream, args) : top_k<Bf16>(stream, args);
}

Status route_top_k_backward(Stream& stream, const RouteTopKBackwardArgs& args) {
  return args.logits.dtype == DType::f32 ? top_k_gradient<float>(stream, args) : top_k_gradient<Bf16>(stream, args);
}

Status route_rows(Stream& stream, const RouteRowsArgs& args) {
  if (args.ids.count() > 0x3fffffff) return unsupported("expected fewer than 2^30 choices");
  const RouteRows op = {args.ids.data_as<std::int32_t>(),
                        args.pieces.data_as<std::int32_t>(),
                        args.rows.data_as<std::int32_t>(),
                        args.places.data_as<std::int32_t>(),
                        args.segments.data_as<std::int32_t>(),
                        static_cast<int>(args.segments.dim[0]),
                        static_cast<int>(args.ids.dim[1]),
                        static_cast<int>(args.ids.dim[0]),
                        static_cast<int>(args.segments.dim[1]),
                        stream.fault};
  return launch(stream, "route_rows", partition_kernel<RouteRows>, static_cast<unsigned>(op.experts), kPartitionThreads, 0, op,
                static_cast<int>(args.ids.count()));
}

}  // namespace hone::cuda
