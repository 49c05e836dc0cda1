#pragma once
#include <cmath>

#include "cuda/attention/attention-products.h"
#include "cuda/device/fast-math.h"
#include "cuda/device/reduce.h"

// From products q k to the weights of a softmax, in powers of two: exp(x) is 2 to the power x log2(e), one instruction.
namespace hone::cuda::attention {

inline constexpr float kLog2e = 1.4426950408889634f, kLn2 = 0.6931471805599453f;

// A score in units of ln 2 is `factor` times the shaped product; a soft cap shapes it to out tanh(in product), with factor 1.
struct ScoreRule {
  float factor = 0;
  float cap_in = 0;
  float cap_out = 0;   // 0: no cap.
  float cap_back = 0;  // 1 / cap_out
};

inline ScoreRule score_rule(double scale, double softcap) {
  constexpr double kPowers = 1.4426950408889634;
  if (softcap <= 0) return {static_cast<float>(scale * kPowers), 0.0f, 0.0f, 0.0f};
  const double out = softcap * kPowers;
  return {1.0f, static_cast<float>(scale / softcap), static_cast<float>(out), static_cast<float>(1 / out)};
}

// Within 1e-7 of tanh for every x; the hardware's own tanh has 11 bits, which a cap of 50 would make an error of 0.02.
__device__ inline float tanh_of(float x) { return 1.0f - 2.0f * reciprocal_fast(1.0f + exp2_fast(2.0f * kLog2e * x)); }

template <int kM, int kN>
__device__ inline void cap_scores(Sums<kM, kN>& s, const ScoreRule& rule) {
  if (rule.cap_out == 0.0f) return;
#pragma unroll
  for (int m = 0; m < kM; ++m) {
#pragma unroll
    for (int n = 0; n < kN / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) s[m][n][i] = rule.cap_out * tanh_of(s[m][n][i] * rule.cap_in);
    }
  }
}

// The softmax of 16 kM rows while their keys go by (Milakov and Gimelshein, arXiv 1805.02867): the largest score so far, and the
// sum of the weights relative to it, of which each lane holds the part of its own columns.
template <int kM>
struct OnlineSoftmax {
  float most[kM][2], total[kM][2];

  __device__ void clear() {
#pragma unroll
    for (int m = 0; m < kM; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        most[m][half] = -INFINITY;
        total[m][half] = 0.0f;
      }
    }
  }

  // Turns shaped scores into weights; what was gathered before counts `shrink` times from now on. A row that has seen no key yet,
  // all of whose scores are minus infinity, gets weights 0; a tile of such scores changes no bit of a row that has.
  template <int kN>
  __device__ void take(Sums<kM, kN>& s, float factor, float (&shrink)[kM][2]) {
#pragma unroll
    for (int m = 0; m < kM; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float largest = most[m][half];
#pragma unroll
        for (int n = 0; n < kN / 8; ++n) largest = fmaxf(largest, fmaxf(s[m][n][2 * half], s[m][n][2 * half + 1]));
        largest = fmaxf(largest, __shfl_xor_sync(kAllLanes, largest, 1));
        largest = fmaxf(largest, __shfl_xor_sync(kAllLanes, largest, 2));
        const float shift = largest == -INFINITY ? 0.0f : -largest * factor;
        shrink[m][half] = exp2_fast(fmaf(most[m][half], factor, shift));
        float sum = 0.0f;
#pragma unroll
        for (int n = 0; n < kN / 8; ++n) {
#pragma unroll
          for (int i = 2 * half; i < 2 * half + 2; ++i) {
            s[m][n][i] = exp2_fast(fmaf(s[m][n][i], factor, shift));
            sum += s[m][n][i];
          }
        }
        most[m][half] = largest;
        total[m][half] = fmaf(total[m][half], shrink[m][half], sum);
      }
    }
  }

  // Afterwards every lane holds the whole sums of its rows.
  __device__ void gather() {
#pragma unroll
    for (int m = 0; m < kM; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        total[m][half] += __shfl_xor_sync(kAllLanes, total[m][half], 1);
        total[m][half] += __shfl_xor_sync(kAllLanes, total[m][half], 2);
      }
    }
  }
};

template <int kM, int kDepth>
__device__ inline void scale_rows(Sums<kM, kDepth>& o, const float (&factors)[kM][2]) {
#pragma unroll
  for (int m = 0; m < kM; ++m) {
#pragma unroll
    for (int n = 0; n < kDepth / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) o[m][n][i] *= factors[m][i / 2];
    }
  }
}

}  // namespace hone::cuda::attention
