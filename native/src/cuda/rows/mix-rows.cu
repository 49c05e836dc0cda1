// How the experts' rows come back to their tokens. Bound by memory: forward reads k rows for every one that it writes; backward
// reads and writes as many rows as there are choices, and every token's gradient once, its other reads from a cache.
#include "core/ops-args.h"
#include "cuda/device/reduce.h"
#include "cuda/device/report.h"
#include "cuda/device/shared-memory.h"
#include "cuda/rows/row-walk.h"

namespace hone::cuda {
namespace {

constexpr int kMixInFlight = 2;

struct Mix {
  const Bf16* x;
  const float* weights;
  const std::int32_t* places;
  Bf16* y;
  std::int64_t rows, width;  // Of x.
  int k;
  Fault* fault;
};

struct Choice {
  std::int32_t place;
  float weight;
};

// The choices of the block's tokens by ascending place, k of each: the order of a sum is the token's own, whatever rows lie between.
__device__ void order_choices(const Mix& a, const RowWalk& walk, Choice* choices) {
  const int tokens = kWalkThreads >> walk.lane_bits;
  for (int c = threadIdx.x; c < tokens * a.k; c += kWalkThreads) {
    const int token = c / a.k, own = c - token * a.k;
    const std::int64_t first = (static_cast<std::int64_t>(blockIdx.x) * tokens + token) * a.k;
    if (first >= walk.rows * a.k) continue;
    const std::int32_t place = a.places[first + own];
    int rank = 0;
    for (int j = 0; j < a.k; ++j) {
      const std::int32_t other = a.places[first + j];
      rank += other < place || (other == place && j < own);
    }
    const bool is_inside = place >= 0 && place < a.rows;
    if (!is_inside && blockIdx.y == 0) {
      report(a.fault, static_cast<int>(Op::kMixRowsForward), kMixRowsForwardPlaces, first + own, place, a.rows);
    }
    choices[token * a.k + rank] = {is_inside ? place : -1, a.weights[first + own]};
  }
}

template <int kWidth>
__global__ void __launch_bounds__(kWalkThreads, 4) mix_kernel(const Mix a, const RowWalk walk) {
  Choice* choices = dynamic_shared<Choice>();
  order_choices(a, walk, choices);
  __syncthreads();
  const std::int64_t token = walk.row();
  if (token >= walk.rows) return;
  const Choice* own = choices + (static_cast<int>(threadIdx.x) >> walk.lane_bits) * a.k;
  float sums[kMixInFlight][kWidth] = {};
#pragma unroll 4
  for (int j = 0; j < a.k; ++j) {
    const Choice choice = own[j];
#pragma unroll
    for (int i = 0; i < kMixInFlight; ++i) {
      const int run = walk.run(i, kMixInFlight);
      if (run >= walk.runs || choice.place < 0) continue;
      const Values<Bf16, kWidth> x = load_values<kWidth>(a.x + choice.place * a.width + run * kWidth);
#pragma unroll
      for (int n = 0; n < kWidth; ++n) sums[i][n] = fmaf(choice.weight, to_f32(x.at[n]), sums[i][n]);
    }
  }
#pragma unroll
  for (int i = 0; i < kMixInFlight; ++i) {
    const int run = walk.run(i, kMixInFlight);
    if (run < walk.runs) store_values(a.y + token * a.width + run * kWidth, round_values<Bf16>(sums[i]));
  }
}

struct MixGradient {
  const Bf16 *dy, *x;
  const float* weights;
  const std::int32_t* places;
  Bf16* dx;
  float* dweights;
  std::int64_t rows, width;
  int k;
  Fault* fault;
};

// A block takes one choice.
template <int kWidth>
__global__ void __launch_bounds__(kWalkThreads) mix_gradient_kernel(const MixGradient a) {
  __shared__ float lines[kWarp];
  const std::int64_t choice = blockIdx.x;
  const std::int64_t place = a.places[choice];
  if (place < 0 || place >= a.rows) {
    if (threadIdx.x == 0) {
      report(a.fault, static_cast<int>(Op::kMixRowsBackward), kMixRowsBackwardPlaces, choice, static_cast<std::int32_t>(place), a.rows);
    }
    return;
  }
  const Bf16 *dy = a.dy + choice / a.k * a.width, *x = a.x + place * a.width;
  Bf16* dx = a.dx + place * a.width;
  const float weight = a.weights[choice];
  const int stride = static_cast<int>(blockDim.x) * kWidth;
  float dot = 0;
  for (std::int64_t base = static_cast<std::int64_t>(threadIdx.x) * kWidth; base < a.width; base += kMixInFlight * stride) {
    Values<Bf16, kWidth> up[kMixInFlight] = {}, in[kMixInFlight] = {};
#pragma unroll
    for (int i = 0; i < kMixInFlight; ++i) {
      if (base + i * stride >= a.width) continue;
      up[i] = load_values<kWidth>(dy + base + i * stride);
      in[i] = load_values<kWidth>(x + base + i * stride);
    }
#pragma unroll
    for (int i = 0; i < kMixInFlight; ++i) {
      if (base + i * stride >= a.width) continue;
      float out[kWidth];
#pragma unroll
      for (int n = 0; n < kWidth; ++n) {
        const float value = to_f32(up[i].at[n]);
        dot = fmaf(value, to_f32(in[i].at[n]), dot);
        out[n] = weight * value;
      }
      store_values(dx + base + i * stride, round_values<Bf16>(out));
    }
  }
  dot = block_sum(dot, lines);
  if (threadIdx.x == 0) a.dweights[choice] += dot;
}

}  // namespace

Status mix_rows_forward(Stream& stream, const MixRowsForwardArgs& args) {
  Mix a = {};
  a.x = args.x.data_as<Bf16>();
  a.weights = args.weights.data_as<float>();
  a.places = args.places.data_as<std::int32_t>();
  a.y = args.y.data_as<Bf16>();
  a.rows = args.x.dim[0];
  a.width = args.x.dim[1];
  a.k = static_cast<int>(args.places.dim[1]);
  a.fault = stream.fault;
  const std::int64_t tokens = args.y.dim[0];
  if (tokens == 0 || a.width == 0) return {};
  const bool is_aligned = are_aligned(a.x, a.y) && a.width % 8 == 0;
  RowWalk walk = cut_rows(stream, tokens, is_aligned ? a.width / 8 : a.width, kMixInFlight);
  // Narrow rows with many choices: fewer tokens to a block, until the choices fit in 48 KiB.
  const auto shared_bytes = [&] { return static_cast<std::size_t>(kWalkThreads >> walk.lane_bits) * a.k * sizeof(Choice); };
  while (shared_bytes() > 48 * 1024 && (1 << walk.lane_bits) < kWalkThreads) ++walk.lane_bits;
  if (shared_bytes() > 48 * 1024) return unsupported("expected at most 6144 choices of a token");
  const dim3 grid = walk.grid(kMixInFlight);
  if (is_aligned) return launch(stream, "mix_rows_forward", mix_kernel<8>, grid, kWalkThreads, shared_bytes(), a, walk);
  return launch(stream, "mix_rows_forward", mix_kernel<1>, grid, kWalkThreads, shared_bytes(), a, walk);
}

Status mix_rows_backward(Stream& stream, const MixRowsBackwardArgs& args) {
  MixGradient a = {};
  a.dy = args.dy.data_as<Bf16>();
  a.x = args.x.data_as<Bf16>();
  a.weights = args.weights.data_as<float>();
  a.places = args.places.data_as<std::int32_t>();
  a.dx = args.dx.data_as<Bf16>();
  a.dweights = args.dweights.data_as<float>();
  a.rows = args.x.dim[0];
  a.width = args.x.dim[1];
  a.k = static_cast<int>(args.places.dim[1]);
  a.fault = stream.fault;
  const bool is_aligned = are_aligned(a.dy, a.x, a.dx) && a.width % 8 == 0;
  const auto choices = static_cast<unsigned>(args.places.count());
  // A warp at least, 256 threads at most, each with two runs where the row is long enough.
  unsigned threads = kWarp;
  while (threads < kWalkThreads && static_cast<std::int64_t>(threads) * kMixInFlight * 8 < a.width) threads *= 2;
  if (is_aligned) return launch(stream, "mix_rows_backward", mix_gradient_kernel<8>, choices, threads, 0, a);
  return launch(stream, "mix_rows_backward", mix_gradient_kernel<1>, choices, threads, 0, a);
}

}  // namespace hone::cuda
