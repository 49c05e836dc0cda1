// Bound by the product. A chunk of logits is written once and read once, by one pass that takes everything from it: largest
// value and its place, sum of exponentials, entropy, target. 8 bytes a logit, under a fifth of the product's time at d = 4096
// even where the chunk leaves the second-level cache.
#include "cuda/device/reduce.h"
#include "cuda/device/report.h"
#include "cuda/launch.h"
#include "cuda/logits/token-log-probs-chunks.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;

// Over some logits x: m = max x, sum of exp(x - m), sum of exp(x - m) (x - m), and where m is (the lowest id).
struct Softmax {
  float largest, sum, weighted;
  std::int32_t best;
};

__device__ inline Softmax softmax_of_none() { return {-INFINITY, 0, 0, 0x7fffffff}; }

// What `one` adds when its sums are taken from a larger value on.
__device__ inline void rescale(Softmax& one, float largest) {
  const float down = one.largest == largest ? 0.0f : one.largest - largest;
  const float factor = __expf(down);
  // An empty part has largest = -inf, which times 0 would be no number.
  one.weighted = one.sum > 0 ? factor * fmaf(one.sum, down, one.weighted) : 0.0f;
  one.sum *= factor;
}

__device__ inline Softmax combine(Softmax a, Softmax b) {
  const bool b_wins = b.largest > a.largest || (b.largest == a.largest && b.best < a.best);
  const float largest = fmaxf(a.largest, b.largest);
  rescale(a, largest);
  rescale(b, largest);
  return {largest, a.sum + b.sum, a.weighted + b.weighted, b_wins ? b.best : a.best};
}

__device__ inline float capped(float logit, float softcap) { return softcap > 0 ? softcap * tanhf(logit / softcap) : logit; }

// Four logits, of which `count` exist; only what raises the largest value pays for rescaling.
__device__ inline void add_four(Softmax& to, const float4& four, int count, std::int32_t id, float softcap) {
  const float raw[4] = {four.x, four.y, four.z, four.w};
  float x[4], largest = to.largest;
  std::int32_t best = to.best;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    x[i] = i < count ? capped(raw[i], softcap) : -INFINITY;
    if (x[i] > largest) {
      largest = x[i];
      best = id + i;
    }
  }
  if (largest > to.largest) {
    rescale(to, largest);
    to.largest = largest;
    to.best = best;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (i >= count) continue;
    const float down = x[i] - largest, p = __expf(down);
    to.sum += p;
    to.weighted = fmaf(p, down, to.weighted);
  }
}

// Lane 0 gets the whole; one order, because only one lane's result is used.
__device__ inline Softmax warp_combine(Softmax mine) {
  for (int distance = 16; distance > 0; distance /= 2) {
    Softmax other;
    other.largest = __shfl_down_sync(kAllLanes, mine.largest, distance);
    other.sum = __shfl_down_sync(kAllLanes, mine.sum, distance);
    other.weighted = __shfl_down_sync(kAllLanes, mine.weighted, distance);
    other.best = __shfl_down_sync(kAllLanes, mine.best, distance);
    mine = combine(mine, other);
  }
  return mine;
}

struct State {
  Softmax softmax;
  float target;  // Its logit, once its chunk has come by.
};

struct Outputs {
  const std::int32_t* targets;
  float* logp;
  float* lse;
  float* entropy;        // Null: not asked for.
  std::int32_t* argmax;  // Null: not asked for.
};

__device__ inline void finish(const State& state, std::int32_t target, std::int64_t token, std::int64_t vocabulary, const Outputs& out,
                              Fault* fault) {
  const float log_sum = logf(state.softmax.sum), lse = state.softmax.largest + log_sum;
  if (target >= vocabulary) report(fault, static_cast<int>(Op::kTokenLogProbsForward), kTokenLogProbsForwardTargets, token, target, vocabulary);
  out.lse[token] = lse;
  out.logp[token] = target < 0 || target >= vocabulary ? 0.0f : state.target - lse;
  if (out.entropy != nullptr) out.entropy[token] = log_sum - state.softmax.weighted / state.softmax.sum;
  if (out.argmax != nullptr) out.argmax[token] = state.softmax.best;
}

// One row of the chunk a block; `first_id` is the id of its first column.
__global__ void __launch_bounds__(kThreads)
    softmax_kernel(const float* logits, std::int64_t stride, std::int64_t columns, std::int64_t first_id, std::int64_t vocabulary,
                   float softcap, std::int64_t first_token, State* states, Outputs out, Fault* fault) {
  __shared__ Softmax parts[kWarps];
  const float* row = logits + blockIdx.x * stride;
  Softmax mine = softmax_of_none();
  for (std::int64_t at = threadIdx.x * 4; at < columns; at += kThreads * 4) {
    const std::int64_t left = columns - at;
    // Rows begin and end on whole vectors of memory, so that the last one may read past the last column.
    const float4 four = *reinterpret_cast<const float4*>(row + at);
    add_four(mine, four, left < 4 ? static_cast<int>(left) : 4, static_cast<std::int32_t>(first_id + at), softcap);
  }
  mine = warp_combine(mine);
  if (threadIdx.x % kWarp == 0) parts[threadIdx.x / kWarp] = mine;
  __syncthreads();
  if (threadIdx.x != 0) return;
  State state;
  state.softmax = parts[0];
  for (int warp = 1; warp < kWarps; ++warp) state.softmax = combine(state.softmax, parts[warp]);
  state.target = 0;
  if (first_id > 0) {
    const State before = states[blockIdx.x];
    state.softmax = combine(before.softmax, state.softmax);
    state.target = before.target;
  }
  const std::int64_t token = first_token + blockIdx.x;
  const std::int32_t target = out.targets[token];
  if (target >= first_id && target < first_id + columns) state.target = capped(row[target - first_id], softcap);
  if (first_id + columns < vocabulary) {
    states[blockIdx.x] = state;
  } else {
    finish(state, target, token, vocabulary, out, fault);
  }
}

}  // namespace

Status token_log_probs_forward(Stream& stream, const TokenLogProbsForwardArgs& args) {
  HeadChunks chunks(args.h, args.w);
  if (chunks.tokens() == 0) return {};
  std::int64_t rest = 0;
  HONE_TRY(chunks.take(stream, rest));
  void* states = nullptr;
  HONE_TRY(stream.workspace->take(rest, chunks.block() * static_cast<std::int64_t>(sizeof(State)), states));
  const Outputs out = {args.targets.data_as<std::int32_t>(), args.logp.data_as<float>(), args.lse.data_as<float>(),
                       args.entropy.present() ? args.entropy.data_as<float>() : nullptr,
                       args.argmax.present() ? args.argmax.data_as<std::int32_t>() : nullptr};
  for (std::int64_t token = 0; token < chunks.tokens(); token += chunks.block()) {
    const std::int64_t count = std::min(chunks.block(), chunks.tokens() - token);
    for (std::int64_t id = 0; id < chunks.vocabulary(); id += chunks.chunk()) {
      const std::int64_t columns = std::min(chunks.chunk(), chunks.vocabulary() - id);
      Matrix rows;
      HONE_TRY(chunks.rows(stream, id, id + columns, rows));
      HONE_TRY(chunks.multiply(stream, args.h, token, count, rows));
      HONE_TRY(launch(stream, "token_log_probs", softmax_kernel, static_cast<unsigned>(count), kThreads, 0, chunks.logits(),
                      chunks.stride(), columns, id, chunks.vocabulary(), static_cast<float>(args.softcap), token,
                      static_cast<State*>(states), out, stream.fault));
    }
  }
  return {};
}

}  // namespace hone::cuda
