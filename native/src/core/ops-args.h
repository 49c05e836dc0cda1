// Generated from native/ops.json by tools/gen-ops.mjs; do not edit.
#pragma once
#include <cstdint>

#include "hone/status.h"
#include "hone/view.h"

namespace hone {

struct Context;

enum class Op : int {
  kLinearForward = 0,
  kLinearGroupForward = 1,
  kLinearBackwardInput = 2,
  kLinearBackwardWeight = 3,
  kLoraForward = 4,
  kLoraBackward = 5,
  kLoraGroupedForward = 6,
  kLoraPagedForward = 7,
  kEmbeddingForward = 8,
  kEmbeddingBackward = 9,
  kRmsNormForward = 10,
  kRmsNormBackward = 11,
  kAddRmsNorm = 12,
  kLayerNormForward = 13,
  kLayerNormBackward = 14,
  kRope = 15,
  kSwigluForward = 16,
  kSwigluBackward = 17,
  kGegluForward = 18,
  kGegluBackward = 19,
  kGeluForward = 20,
  kGeluBackward = 21,
  kAttentionForward = 22,
  kAttentionBackward = 23,
  kKvWrite = 24,
  kRopeKvWrite = 25,
  kPagedAttention = 26,
  kTokenLogProbsForward = 27,
  kTokenLogProbsBackward = 28,
  kTokenSums = 29,
  kAdamwStep = 30,
  kAdamw8bitStep = 31,
  kSumSquares = 32,
  kTensorFill = 33,
  kTensorCopy = 34,
  kTensorScale = 35,
  kTensorAdd = 36,
  kTensorAccumulate = 37,
  kDropout = 38,
  kGatherRows = 39,
  kScatterRowsAdd = 40,
  kSliceColumnsForward = 41,
  kSliceColumnsBackward = 42,
  kRouteTopKForward = 43,
  kRouteTopKBackward = 44,
  kRouteRows = 45,
  kExpertLinearForward = 46,
  kExpertLinearBackwardInput = 47,
  kExpertLinearBackwardWeight = 48,
  kExpertLoraForward = 49,
  kExpertLoraBackward = 50,
  kMixRowsForward = 51,
  kMixRowsBackward = 52,
  kTensorCast = 53,
  kLogitsAddSparse = 54,
  kLogitsSoftcap = 55,
  kSample = 56,
  kLogitsAdjust = 57,
  kTokenCountsAdd = 58,
  kLogitsTopLogProbs = 59,
};

inline constexpr int kOpCount = 60;

// Of the names and arguments of all ops in their order: two libraries of one process must have the same.
inline constexpr int kOpTableDigest = 1053453665;

// y = x Wᵀ + bias; every weight but f32 and packed-f32 rounds x to bf16 first
struct LinearForwardArgs {
  View x;  // in f32|bf16 [M,K]
  View w;  // in f32|bf16|packed_f32|packed_bf16|nf4|int8|int4 [N,K]
  View bias;  // in f32 [N], may be absent
  View y;  // out f32|bf16 [M,N]
};

// linearForward of x with each weight, the bits of one call for each
struct LinearGroupForwardArgs {
  View x;  // in f32|bf16 [M,K]
  View w0;  // in f32|bf16|packed_f32|packed_bf16|nf4|int8|int4 [N0,K]
  View bias0;  // in f32 [N0], may be absent
  View y0;  // out f32|bf16 [M,N0]
  View w1;  // in f32|bf16|packed_f32|packed_bf16|nf4|int8|int4 [N1,K]
  View bias1;  // in f32 [N1], may be absent
  View y1;  // out f32|bf16 [M,N1]
  View w2;  // in f32|bf16|packed_f32|packed_bf16|nf4|int8|int4 [N2,K], may be absent
  View bias2;  // in f32 [N2], may be absent
  View y2;  // out f32|bf16 [M,N2], may be absent
};

// dx (+)= dy W; every weight but f32 and packed-f32 rounds dy to bf16 first, nf4, int8 and int4 their values too
struct LinearBackwardInputArgs {
  View dy;  // in f32|bf16 [M,N]
  View w;  // in f32|bf16|packed_f32|packed_bf16|nf4|int8|int4 [N,K]
  View dx;  // inout f32|bf16 [M,K]
  bool accumulate;
};

// dw (+)= dyᵀ x; dbias (+)= column sums of dy; roundsToBf16 rounds dy and x to bf16 for the product, its sums stay f32
struct LinearBackwardWeightArgs {
  View dy;  // in f32|bf16 [M,N]
  View x;  // in f32|bf16 [M,K]
  View dw;  // inout f32 [N,K]
  View dbias;  // inout f32 [N], may be absent
  bool accumulate;
  bool rounds_to_bf16;
};

// xa = x Aᵀ; y += scale xa Bᵀ
struct LoraForwardArgs {
  View x;  // in f32|bf16 [M,K]
  View a;  // in f32|bf16 [r,K]
  View b;  // in f32|bf16 [N,r]
  double scale;
  View y;  // inout f32|bf16 [M,N]
  View xa;  // out f32|bf16 [M,r]
};

// dxa = scale dy B; dx += dxa A; da += dxaᵀ x; db += scale dyᵀ xa
struct LoraBackwardArgs {
  View dy;  // in f32|bf16 [M,N]
  View x;  // in f32|bf16 [M,K]
  View a;  // in f32|bf16 [r,K]
  View b;  // in f32|bf16 [N,r]
  View xa;  // in f32|bf16 [M,r]
  double scale;
  View dx;  // inout f32|bf16 [M,K], may be absent
  View da;  // inout f32 [r,K]
  View db;  // inout f32 [N,r]
};

// for each adapter: y[begin..end) += scale (x[begin..end) Aᵀ) Bᵀ, the bits of loraForward on those rows
struct LoraGroupedForwardArgs {
  View x;  // in f32|bf16 [M,K]
  View y;  // inout f32|bf16 [M,N]
  View a0;  // in f32|bf16 [r0,K]
  View b0;  // in f32|bf16 [N,r0]
  std::uint32_t begin0;
  std::uint32_t end0;
  double scale0;
  View a1;  // in f32|bf16 [r1,K], may be absent
  View b1;  // in f32|bf16 [N,r1], may be absent
  std::uint32_t begin1;
  std::uint32_t end1;
  double scale1;
  View a2;  // in f32|bf16 [r2,K], may be absent
  View b2;  // in f32|bf16 [N,r2], may be absent
  std::uint32_t begin2;
  std::uint32_t end2;
  double scale2;
  View a3;  // in f32|bf16 [r3,K], may be absent
  View b3;  // in f32|bf16 [N,r3], may be absent
  std::uint32_t begin3;
  std::uint32_t end3;
  double scale3;
};

// y[t] += scales[s] (x[t] Aᵀ) Bᵀ with s = slots[t]; nothing where s < 0. places[s] = (first, atA, atB, rank): A [rank,K] is elements atA, atA + 1 ... of a, B [N,rank] the elements of b from atB on, a row at every ceil(rank / 8) * 8 and zeros behind it, where element e lies in page pages[first + e / E] at e % E; rank <= rankMax, and rank 0 is no update
struct LoraPagedForwardArgs {
  View x;  // in f32|bf16 [T,K]
  View slots;  // in i32 [T]
  View a;  // in f32|bf16 [P,E]
  View b;  // in f32|bf16 [P,E]
  View pages;  // in i32 [L]
  View places;  // in i32 [S,4]
  View scales;  // in f32 [S]
  std::uint32_t rank_max;
  View y;  // inout f32|bf16 [T,N]
};

// y[t] = table[ids[t]]
struct EmbeddingForwardArgs {
  View ids;  // in i32 [T]
  View table;  // in f32|bf16 [V,d]
  View y;  // out f32|bf16 [T,d]
};

// dtable[ids[t]] += dy[t], in the order of t
struct EmbeddingBackwardArgs {
  View ids;  // in i32 [T]
  View dy;  // in f32|bf16 [T,d]
  View dtable;  // inout f32 [V,d]
};

// rstd = 1 / sqrt(mean(x²) + eps); y = x rstd (offset + weight)
struct RmsNormForwardArgs {
  View x;  // in f32|bf16 [T,d]
  View weight;  // in f32 [d]
  View y;  // out f32|bf16 [T,d]
  View rstd;  // out f32 [T]
  double eps;
  double offset;
};

// w = offset + weight; dx (+)= rstd (dy w - x rstd² mean(dy w x)); dweight += sum over t of dy x rstd; dx may be dy where it does not accumulate
struct RmsNormBackwardArgs {
  View dy;  // in f32|bf16 [T,d]
  View x;  // in f32|bf16 [T,d]
  View weight;  // in f32 [d]
  View rstd;  // in f32 [T]
  View dx;  // inout f32|bf16 [T,d]
  View dweight;  // inout f32 [d], may be absent
  double offset;
  bool accumulate;
};

// sum += x; y = the RMS norm of sum; the gradient is rmsNormBackward that accumulates into the gradient of sum
struct AddRmsNormArgs {
  View x;  // in f32|bf16 [T,d]
  View sum;  // inout f32|bf16 [T,d]
  View weight;  // in f32 [d]
  View y;  // out f32|bf16 [T,d]
  View rstd;  // out f32 [T]
  double eps;
  double offset;
};

// rstd = 1 / sqrt(variance(x) + eps); y = (x - mean) rstd weight + bias
struct LayerNormForwardArgs {
  View x;  // in f32|bf16 [T,d]
  View weight;  // in f32 [d]
  View bias;  // in f32 [d]
  View y;  // out f32|bf16 [T,d]
  View mean;  // out f32 [T]
  View rstd;  // out f32 [T]
  double eps;
};

// h = (x - mean) rstd; g = dy weight; dx (+)= rstd (g - mean(g) - h mean(g h)); dweight += sum over t of dy h; dbias += sum over t of dy
struct LayerNormBackwardArgs {
  View dy;  // in f32|bf16 [T,d]
  View x;  // in f32|bf16 [T,d]
  View weight;  // in f32 [d]
  View bias;  // in f32 [d]
  View mean;  // in f32 [T]
  View rstd;  // in f32 [T]
  View dx;  // inout f32|bf16 [T,d]
  View dweight;  // inout f32 [d], may be absent
  View dbias;  // inout f32 [d], may be absent
  bool accumulate;
};

// half-split rotation of the first 2 Half values of a head by positions[t] invFreq[i], times mscale; inverse is the transpose
struct RopeArgs {
  View x;  // inout f32|bf16 [T,H,D]
  View positions;  // in i32 [T]
  View inv_freq;  // in f32 [Half]
  double mscale;
  bool inverse;
};

// y = silu(gate) up
struct SwigluForwardArgs {
  View gate;  // in f32|bf16 [*]
  View up;  // in f32|bf16 [like gate]
  View y;  // out f32|bf16 [like gate]
};

// s = sigmoid(gate); dgate = dy up s (1 + gate (1 - s)); dup = dy gate s; dgate may be gate, dup may be up
struct SwigluBackwardArgs {
  View dy;  // in f32|bf16 [*]
  View gate;  // in f32|bf16 [like dy]
  View up;  // in f32|bf16 [like dy]
  View dgate;  // out f32|bf16 [like dy]
  View dup;  // out f32|bf16 [like dy]
};

// y = gelu(gate) up; gelu as in geluForward
struct GegluForwardArgs {
  View gate;  // in f32|bf16 [*]
  View up;  // in f32|bf16 [like gate]
  View y;  // out f32|bf16 [like gate]
  bool exact;
};

// dgate = dy up gelu'(gate); dup = dy gelu(gate); dgate may be gate, dup may be up
struct GegluBackwardArgs {
  View dy;  // in f32|bf16 [*]
  View gate;  // in f32|bf16 [like dy]
  View up;  // in f32|bf16 [like dy]
  View dgate;  // out f32|bf16 [like dy]
  View dup;  // out f32|bf16 [like dy]
  bool exact;
};

// y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))) / 2; exact: y = x (1 + erf(x / sqrt(2))) / 2
struct GeluForwardArgs {
  View x;  // in f32|bf16 [*]
  View y;  // out f32|bf16 [like x]
  bool exact;
};

// dx = dy gelu'(x); dx may be x or dy
struct GeluBackwardArgs {
  View dy;  // in f32|bf16 [*]
  View x;  // in f32|bf16 [like dy]
  View dx;  // out f32|bf16 [like dy]
  bool exact;
};

// o = softmax(s) v, s = scale q kᵀ, or softcap tanh(scale q kᵀ / softcap) where softcap > 0, over the earlier tokens of the same sequence, at most `window` of them (0: all); lse = log of the sum; rounded: q, k, v and the weights are rounded to bf16 before each product
struct AttentionForwardArgs {
  View q;  // in f32|bf16 [T,H,D]
  View k;  // in f32|bf16 [T,KV,D]
  View v;  // in f32|bf16 [T,KV,D]
  View cu_seqlens;  // in i32 [S+1]
  View o;  // out f32|bf16 [T,H,D]
  View lse;  // out f32 [T,H]
  double scale;
  std::int64_t window;
  double softcap;
  bool rounded;
};

// ds = p (do vᵀ - rowsum(do o)), times 1 - (s / softcap)² where softcap > 0; dq = scale ds k; dk = scale dsᵀ q; dv = pᵀ do; rounded: as forward, do and ds too
struct AttentionBackwardArgs {
  View d_o;  // in f32|bf16 [T,H,D]
  View q;  // in f32|bf16 [T,H,D]
  View k;  // in f32|bf16 [T,KV,D]
  View v;  // in f32|bf16 [T,KV,D]
  View o;  // in f32|bf16 [T,H,D]
  View lse;  // in f32 [T,H]
  View cu_seqlens;  // in i32 [S+1]
  View dq;  // out f32|bf16 [T,H,D]
  View dk;  // out f32|bf16 [T,KV,D]
  View dv;  // out f32|bf16 [T,KV,D]
  double scale;
  std::int64_t window;
  double softcap;
  bool rounded;
};

// cache[slot / page][:][slot % page] = row t; a negative slot skips the row; bf16 pages round
struct KvWriteArgs {
  View k;  // in f32|bf16 [T,KV,D]
  View v;  // in f32|bf16 [T,KV,D]
  View slots;  // in i32 [T]
  View k_cache;  // inout f32|bf16 [P,KV,page,D]
  View v_cache;  // inout f32|bf16 [P,KV,page,D]
};

// rope of q and of k, then kvWrite of k and v
struct RopeKvWriteArgs {
  View q;  // inout f32|bf16 [T,H,D]
  View k;  // inout f32|bf16 [T,KV,D]
  View v;  // in f32|bf16 [T,KV,D]
  View positions;  // in i32 [T]
  View inv_freq;  // in f32 [Half]
  View slots;  // in i32 [T]
  View k_cache;  // inout f32|bf16 [P,KV,page,D]
  View v_cache;  // inout f32|bf16 [P,KV,page,D]
  double mscale;
};

// row t attends to positions 0..rowPosition[t] of sequence rowSequence[t], scores as in attentionForward; bf16 pages round q and the weights too; a row's bits do not depend on the batch
struct PagedAttentionArgs {
  View q;  // in f32|bf16 [T,H,D]
  View k_cache;  // in f32|bf16 [P,KV,page,D]
  View v_cache;  // in f32|bf16 [P,KV,page,D]
  View block_table;  // in i32 [S,maxBlocks]
  View row_sequence;  // in i32 [T]
  View row_position;  // in i32 [T]
  View o;  // out f32|bf16 [T,H,D]
  double scale;
  std::int64_t window;
  double softcap;
};

// logits = h Wᵀ in chunks, each turned into softcap tanh(logit / softcap) where softcap > 0; logp = logit[target] - lse; a negative target gives 0
struct TokenLogProbsForwardArgs {
  View h;  // in f32|bf16 [T,d]
  View w;  // in f32|bf16|packed_f32|packed_bf16|nf4 [V,d]
  View targets;  // in i32 [T]
  View logp;  // out f32 [T]
  View lse;  // out f32 [T]
  View entropy;  // out f32 [T], may be absent
  View argmax;  // out i32 [T], may be absent
  double softcap;
};

// g = dlogp (onehot(target) - softmax(logits)), with softcap > 0 times 1 - (logit / softcap)²; dh = g W; dw += gᵀ h; a head that rounds h to bf16 rounds g too, for both products
struct TokenLogProbsBackwardArgs {
  View dlogp;  // in f32 [T]
  View h;  // in f32|bf16 [T,d]
  View w;  // in f32|bf16|packed_f32|packed_bf16|nf4 [V,d]
  View targets;  // in i32 [T]
  View lse;  // in f32 [T]
  View dh;  // out f32|bf16 [T,d]
  View dw;  // inout f32 [V,d], may be absent
  double softcap;
};

// sums = (the sum of -logp, how many argmax are their target)
struct TokenSumsArgs {
  View logp;  // in f32 [T]
  View argmax;  // in i32 [T]
  View targets;  // in i32 [T]
  View sums;  // out f32 [2]
};

// g *= gradientScale, and where squaredNorm is given, maxNorm > 0 and norm = gradientScale sqrt(squaredNorm): by min(1, maxNorm / (norm + 1e-6)) too; a norm that is not finite changes nothing; p -= lr weightDecay p; m, v = moving averages; p -= lr mhat / (sqrt(vhat) + eps), as torch.optim.AdamW; a bf16 result is rounded up or down by chance, drawn from (seed, step, index); element i of the call is rounded as element 256 firstBlock + i of the tensor that it is a part of
struct AdamwStepArgs {
  View p;  // inout f32|bf16 [*]
  View g;  // in f32|bf16 [like p]
  View m;  // inout f32|bf16 [like p]
  View v;  // inout f32|bf16 [like p]
  View squared_norm;  // in f32 [1], may be absent
  double lr;
  double beta1;
  double beta2;
  double eps;
  double weight_decay;
  std::int64_t step;
  double gradient_scale;
  double max_norm;
  std::uint32_t seed;
  std::int64_t first_block;
};

// adamwStep on averages that are kept as codes of the dynamic 8-bit maps of bitsandbytes (m signed, v unsigned), times the largest magnitude of their block of 256; a value takes the nearest code, in a tie the one nearer to zero, and no m below zero takes the code of zero
struct Adamw8bitStepArgs {
  View p;  // inout f32|bf16 [*]
  View g;  // in f32|bf16 [like p]
  View m;  // inout u8 [like p]
  View v;  // inout u8 [like p]
  View m_absmax;  // inout f32 [B]
  View v_absmax;  // inout f32 [B]
  View squared_norm;  // in f32 [1], may be absent
  double lr;
  double beta1;
  double beta2;
  double eps;
  double weight_decay;
  std::int64_t step;
  double gradient_scale;
  double max_norm;
  std::uint32_t seed;
  std::int64_t first_block;
};

// out (+)= sum of x², in blocks of one fixed size and then over the blocks, whatever the thread count
struct SumSquaresArgs {
  View x;  // in f32|bf16 [*]
  View out;  // inout f32 [1]
  bool accumulate;
};

// x = value
struct TensorFillArgs {
  View x;  // out f32|bf16|f16 [*]
  double value;
};

// dst = src
struct TensorCopyArgs {
  View src;  // in f32|bf16|f16|i32|u8 [*]
  View dst;  // out f32|bf16|f16|i32|u8 [like src]
};

// x *= s
struct TensorScaleArgs {
  View x;  // inout f32|bf16 [*]
  double s;
};

// out = a + b
struct TensorAddArgs {
  View a;  // in f32|bf16 [*]
  View b;  // in f32|bf16 [like a]
  View out;  // out f32|bf16 [like a]
};

// dst += src
struct TensorAccumulateArgs {
  View dst;  // inout f32|bf16 [*]
  View src;  // in f32|bf16 [like dst]
};

// y[i] = uniform(seed, i) < p ? 0 : x[i] / (1 - p); the same call takes dy to dx
struct DropoutArgs {
  View x;  // in f32|bf16 [*]
  View y;  // out f32|bf16 [like x]
  double p;
  std::uint32_t seed_low;
  std::uint32_t seed_high;
};

// y[i] = x[index[i]]
struct GatherRowsArgs {
  View x;  // in f32|bf16 [T,d]
  View index;  // in i32 [n]
  View y;  // out f32|bf16 [n,d]
};

// y[index[i]] += x[i], in the order of i
struct ScatterRowsAddArgs {
  View x;  // in f32|bf16 [n,d]
  View index;  // in i32 [n]
  View y;  // inout f32|bf16 [T,d]
};

// y[t] = x[t, begin .. begin + W]
struct SliceColumnsForwardArgs {
  View x;  // in f32|bf16 [T,N]
  View y;  // out f32|bf16 [T,W]
  std::int64_t begin;
};

// dx[t, begin .. begin + W] += dy[t]
struct SliceColumnsBackwardArgs {
  View dy;  // in f32|bf16 [T,W]
  View dx;  // inout f32|bf16 [T,N]
  std::int64_t begin;
};

// p = softmax(logits[t]); ids = the k largest, best first, ties by the lower id; weights = p[ids], with renormalise over their sum
struct RouteTopKForwardArgs {
  View logits;  // in f32|bf16 [T,E]
  View ids;  // out i32 [T,k]
  View weights;  // out f32 [T,k]
  bool renormalise;
};

// dp[ids] = dweights; dlogits += p (dp - sum(dp p)); with renormalise p is the softmax over ids alone
struct RouteTopKBackwardArgs {
  View dweights;  // in f32 [T,k]
  View logits;  // in f32|bf16 [T,E]
  View ids;  // in i32 [T,k]
  View dlogits;  // inout f32|bf16 [T,E]
  bool renormalise;
};

// the T k choices by expert, then by token: choice (t, j) comes to place places[t,j], and rows[place] = t; the choices of expert e by the tokens of piece p take the places from segments[e,p] to segments[e,p+1]
struct RouteRowsArgs {
  View ids;  // in i32 [T,k]
  View pieces;  // in i32 [P+1]
  View rows;  // out i32 [like ids]
  View places;  // out i32 [T,k]
  View segments;  // out i32 [E,P+1]
};

// linearForward on the rows from segments[expert,0] to segments[expert,S-1]; the others stay as they are
struct ExpertLinearForwardArgs {
  View x;  // in f32|bf16 [R,K]
  View segments;  // in i32 [E,S]
  std::uint32_t expert;
  View w;  // in f32|bf16|packed_f32|packed_bf16|nf4|int8|int4 [N,K]
  View y;  // inout f32|bf16 [R,N]
};

// linearBackwardInput on the rows of the expert
struct ExpertLinearBackwardInputArgs {
  View dy;  // in f32|bf16 [R,N]
  View segments;  // in i32 [E,S]
  std::uint32_t expert;
  View w;  // in f32|bf16|packed_f32|packed_bf16|nf4|int8|int4 [N,K]
  View dx;  // inout f32|bf16 [R,K]
  bool accumulate;
};

// linearBackwardWeight on the rows of the expert
struct ExpertLinearBackwardWeightArgs {
  View dy;  // in f32|bf16 [R,N]
  View x;  // in f32|bf16 [R,K]
  View segments;  // in i32 [E,S]
  std::uint32_t expert;
  View dw;  // inout f32 [N,K]
  bool accumulate;
  bool rounds_to_bf16;
};

// loraForward on the rows from segments[expert,piece] to segments[expert,piece+1]; their xa lies without gaps from row segments[expert,piece] on
struct ExpertLoraForwardArgs {
  View x;  // in f32|bf16 [R,K]
  View segments;  // in i32 [E,S]
  std::uint32_t expert;
  std::uint32_t piece;
  View a;  // in f32|bf16 [r,K]
  View b;  // in f32|bf16 [N,r]
  double scale;
  View y;  // inout f32|bf16 [R,N]
  View xa;  // inout f32|bf16 [R,q]
};

// loraBackward on the rows of the piece
struct ExpertLoraBackwardArgs {
  View dy;  // in f32|bf16 [R,N]
  View x;  // in f32|bf16 [R,K]
  View segments;  // in i32 [E,S]
  std::uint32_t expert;
  std::uint32_t piece;
  View a;  // in f32|bf16 [r,K]
  View b;  // in f32|bf16 [N,r]
  View xa;  // in f32|bf16 [R,q]
  double scale;
  View dx;  // inout f32|bf16 [R,K], may be absent
  View da;  // inout f32 [r,K]
  View db;  // inout f32 [N,r]
};

// y[t] = sum over j of weights[t,j] x[places[t,j]], by ascending place
struct MixRowsForwardArgs {
  View x;  // in f32|bf16 [R,d]
  View weights;  // in f32 [T,k]
  View places;  // in i32 [T,k]
  View y;  // out f32|bf16 [T,d]
};

// dx[places[t,j]] = weights[t,j] dy[t]; dweights[t,j] += dy[t] · x[places[t,j]]; every row of x is one token's
struct MixRowsBackwardArgs {
  View dy;  // in f32|bf16 [T,d]
  View x;  // in f32|bf16 [R,d]
  View weights;  // in f32 [T,k]
  View places;  // in i32 [T,k]
  View dx;  // out f32|bf16 [R,d]
  View dweights;  // inout f32 [T,k]
};

// dst = src, rounded to nearest even
struct TensorCastArgs {
  View src;  // in f32|bf16|f16 [*]
  View dst;  // out f32|bf16|f16 [like src]
};

// logits[rows[i], cols[i]] += values[i], in the order of i
struct LogitsAddSparseArgs {
  View logits;  // inout f32 [B,V]
  View rows;  // in i32 [n]
  View cols;  // in i32 [n]
  View values;  // in f32 [n]
};

// logits = cap tanh(logits / cap)
struct LogitsSoftcapArgs {
  View logits;  // inout f32 [*]
  double cap;
};

// temperature (0: greedy, the lowest id wins), top-k, top-p, min-p, then an inverse-CDF draw by uniform(seeds[b], counters[b])
struct SampleArgs {
  View logits;  // in f32 [B,V]
  View temperature;  // in f32 [B]
  View top_k;  // in i32 [B]
  View top_p;  // in f32 [B]
  View min_p;  // in f32 [B]
  View seeds;  // in i32 [B,2]
  View counters;  // in i32 [B]
  View tokens;  // out i32 [B]
};

// a bias is added to each id >= 0 of its row, in order; then, with c = counts[slots[b], v] > 0, frequencyPenalty[b] c + presencePenalty[b] comes off, unless the slot is negative; then v becomes -inf where bit v % 32 of word v / 32 of its mask is 0
struct LogitsAdjustArgs {
  View logits;  // inout f32 [B,V]
  View bias_ids;  // in i32 [B,n], may be absent
  View bias_values;  // in f32 [B,n], may be absent
  View slots;  // in i32 [B], may be absent
  View counts;  // in i32 [S,V], may be absent
  View frequency_penalty;  // in f32 [B], may be absent
  View presence_penalty;  // in f32 [B], may be absent
  View mask;  // in i32 [B,W], may be absent
};

// counts[slots[b], tokens[b]] += 1; a negative slot counts nothing
struct TokenCountsAddArgs {
  View counts;  // inout i32 [S,V]
  View slots;  // in i32 [B]
  View tokens;  // in i32 [B]
};

// log-softmax of each row: the value at tokens[b] and the k largest, ties by the lower id
struct LogitsTopLogProbsArgs {
  View logits;  // in f32 [B,V]
  View tokens;  // in i32 [B]
  View logp;  // out f32 [B]
  View top_ids;  // out i32 [B,k]
  View top_logp;  // out f32 [B,k]
};

// Places of index arguments.
inline constexpr int kLoraPagedForwardSlots = 1;
inline constexpr int kLoraPagedForwardPages = 4;
inline constexpr int kEmbeddingForwardIds = 0;
inline constexpr int kEmbeddingBackwardIds = 0;
inline constexpr int kRopePositions = 1;
inline constexpr int kAttentionForwardCuSeqlens = 3;
inline constexpr int kAttentionBackwardCuSeqlens = 6;
inline constexpr int kKvWriteSlots = 2;
inline constexpr int kRopeKvWritePositions = 3;
inline constexpr int kRopeKvWriteSlots = 5;
inline constexpr int kPagedAttentionBlockTable = 3;
inline constexpr int kPagedAttentionRowSequence = 4;
inline constexpr int kPagedAttentionRowPosition = 5;
inline constexpr int kTokenLogProbsForwardTargets = 2;
inline constexpr int kTokenLogProbsBackwardTargets = 3;
inline constexpr int kGatherRowsIndex = 1;
inline constexpr int kScatterRowsAddIndex = 1;
inline constexpr int kRouteTopKBackwardIds = 2;
inline constexpr int kRouteRowsIds = 0;
inline constexpr int kRouteRowsPieces = 1;
inline constexpr int kMixRowsForwardPlaces = 2;
inline constexpr int kMixRowsBackwardPlaces = 3;
inline constexpr int kLogitsAddSparseRows = 1;
inline constexpr int kLogitsAddSparseCols = 2;
inline constexpr int kSampleTopK = 2;
inline constexpr int kLogitsAdjustBiasIds = 1;
inline constexpr int kLogitsAdjustSlots = 3;
inline constexpr int kTokenCountsAddSlots = 1;
inline constexpr int kTokenCountsAddTokens = 2;
inline constexpr int kLogitsTopLogProbsTokens = 1;

// Every kernel of an op has this signature, in namespace hone::reference or hone::<isa>:
//   Status linear_forward(Context&, const LinearForwardArgs&);
//   Status linear_group_forward(Context&, const LinearGroupForwardArgs&);
//   Status linear_backward_input(Context&, const LinearBackwardInputArgs&);
//   Status linear_backward_weight(Context&, const LinearBackwardWeightArgs&);
//   Status lora_forward(Context&, const LoraForwardArgs&);
//   Status lora_backward(Context&, const LoraBackwardArgs&);
//   Status lora_grouped_forward(Context&, const LoraGroupedForwardArgs&);
//   Status lora_paged_forward(Context&, const LoraPagedForwardArgs&);
//   Status embedding_forward(Context&, const EmbeddingForwardArgs&);
//   Status embedding_backward(Context&, const EmbeddingBackwardArgs&);
//   Status rms_norm_forward(Context&, const RmsNormForwardArgs&);
//   Status rms_norm_backward(Context&, const RmsNormBackwardArgs&);
//   Status add_rms_norm(Context&, const AddRmsNormArgs&);
//   Status layer_norm_forward(Context&, const LayerNormForwardArgs&);
//   Status layer_norm_backward(Context&, const LayerNormBackwardArgs&);
//   Status rope(Context&, const RopeArgs&);
//   Status swiglu_forward(Context&, const SwigluForwardArgs&);
//   Status swiglu_backward(Context&, const SwigluBackwardArgs&);
//   Status geglu_forward(Context&, const GegluForwardArgs&);
//   Status geglu_backward(Context&, const GegluBackwardArgs&);
//   Status gelu_forward(Context&, const GeluForwardArgs&);
//   Status gelu_backward(Context&, const GeluBackwardArgs&);
//   Status attention_forward(Context&, const AttentionForwardArgs&);
//   Status attention_backward(Context&, const AttentionBackwardArgs&);
//   Status kv_write(Context&, const KvWriteArgs&);
//   Status rope_kv_write(Context&, const RopeKvWriteArgs&);
//   Status paged_attention(Context&, const PagedAttentionArgs&);
//   Status token_log_probs_forward(Context&, const TokenLogProbsForwardArgs&);
//   Status token_log_probs_backward(Context&, const TokenLogProbsBackwardArgs&);
//   Status token_sums(Context&, const TokenSumsArgs&);
//   Status adamw_step(Context&, const AdamwStepArgs&);
//   Status adamw8bit_step(Context&, const Adamw8bitStepArgs&);
//   Status sum_squares(Context&, const SumSquaresArgs&);
//   Status tensor_fill(Context&, const TensorFillArgs&);
//   Status tensor_copy(Context&, const TensorCopyArgs&);
//   Status tensor_scale(Context&, const TensorScaleArgs&);
//   Status tensor_add(Context&, const TensorAddArgs&);
//   Status tensor_accumulate(Context&, const TensorAccumulateArgs&);
//   Status dropout(Context&, const DropoutArgs&);
//   Status gather_rows(Context&, const GatherRowsArgs&);
//   Status scatter_rows_add(Context&, const ScatterRowsAddArgs&);
//   Status slice_columns_forward(Context&, const SliceColumnsForwardArgs&);
//   Status slice_columns_backward(Context&, const SliceColumnsBackwardArgs&);
//   Status route_top_k_forward(Context&, const RouteTopKForwardArgs&);
//   Status route_top_k_backward(Context&, const RouteTopKBackwardArgs&);
//   Status route_rows(Context&, const RouteRowsArgs&);
//   Status expert_linear_forward(Context&, const ExpertLinearForwardArgs&);
//   Status expert_linear_backward_input(Context&, const ExpertLinearBackwardInputArgs&);
//   Status expert_linear_backward_weight(Context&, const ExpertLinearBackwardWeightArgs&);
//   Status expert_lora_forward(Context&, const ExpertLoraForwardArgs&);
//   Status expert_lora_backward(Context&, const ExpertLoraBackwardArgs&);
//   Status mix_rows_forward(Context&, const MixRowsForwardArgs&);
//   Status mix_rows_backward(Context&, const MixRowsBackwardArgs&);
//   Status tensor_cast(Context&, const TensorCastArgs&);
//   Status logits_add_sparse(Context&, const LogitsAddSparseArgs&);
//   Status logits_softcap(Context&, const LogitsSoftcapArgs&);
//   Status sample(Context&, const SampleArgs&);
//   Status logits_adjust(Context&, const LogitsAdjustArgs&);
//   Status token_counts_add(Context&, const TokenCountsAddArgs&);
//   Status logits_top_log_probs(Context&, const LogitsTopLogProbsArgs&);

}  // namespace hone
