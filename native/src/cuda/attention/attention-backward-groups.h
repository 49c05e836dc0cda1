#pragma once
#include "cuda/attention/attention-backward.h"
#include "cuda/attention/attention-groups.h"

// The backward pass with the warpgroup products of sm_90a (FlashAttention-3, Shah et al., arXiv 2407.08608): a producer warpgroup
// copies, two consumers each keep two tiles of 64 rows (keys and values, or queries and do) and go over the pairs of tiles that stream
// by. Scores and do vT of the next tiles are under way while the sums of this one are added to.
//
// As on other cards (attention-backward.h) two kernels make seven products where one would make five and add to dq from many blocks.
// Scores and do vT made again cost 4 D operations a pair, 0.65 ps of a whole H200 at D = 128. In one kernel dq would be added to
// in float32 from each block of 128 keys: in a fixed order that is 8 bytes to and from memory a pair, 1.7 ps at 4.8 TB/s, or tokens
// squared of memory; ds kept for a second kernel is 4 bytes a pair, 0.8 ps. Estimates, none measured on a card.
namespace hone::cuda::attention {

// Of either kernel: what a warpgroup keeps, and what is in a stage.
template <int kDepth, int kStreamRows_, int kStages_, int kStageFloats_>
struct BackwardShape {
  static constexpr int kConsumers = 2, kBlockThreads = (1 + kConsumers) * kGroupThreads, kRows = kConsumers * kGroupRows;
  static constexpr int kStreamRows = kStreamRows_, kStages = kStages_, kStageFloats = kStageFloats_;
  static constexpr int kTileValues = kGroupRows * kDepth, kStreamValues = kStreamRows * kDepth;
  using Pipe = Pipeline<kStages, kConsumers>;
  using Fill = Filling<kStages, kConsumers>;
  using Cursor = StageCursor<kStages>;
  struct Barriers {
    Pipe pipe;
    Mbarrier finished[kConsumers];  // Of the threads of one consumer.
  };

  Bf16 kept[kConsumers][2][kTileValues];
  Bf16 stages[kStages][2][kStreamValues];
  float floats[kStages][kStageFloats > 0 ? kStageFloats : 4];
  Barriers barriers;
  SequenceTile tile;  // Kept here for the end, so that it takes no registers until then.
};

// With room to start at a multiple of 1024 bytes.
template <class Shape>
inline constexpr int kSharedBytesOf = static_cast<int>(sizeof(Shape)) + 1024;

template <class Shape>
__device__ inline Shape* begin_groups(const SequenceTile& tile) {
  auto* const shared = reinterpret_cast<Shape*>(swizzled_blocks(dynamic_shared<Bf16>()));
  if (threadIdx.x == 0) {
    shared->tile = tile;
    shared->barriers.pipe.init();
    for (Mbarrier& finished : shared->barriers.finished) init_mbarrier(&finished, kGroupThreads);
  }
  __syncthreads();
  return shared;
}

// Until every thread of the warpgroup is here: its warps wait for their products one by one, and read each other's rows until then.
__device__ inline void meet_group(Mbarrier* finished) {
  arrive(finished);
  wait_parity(finished, 0);
}

// Code for any other card than sm_90a has no body, and fewer threads than a launch has (attention-forward-groups.cu).
template <class Shape>
inline constexpr int kBoundThreads = kHasWarpgroups ? Shape::kBlockThreads : kGroupThreads;

// Of 65536 registers, 168 a thread when the block starts: the producer needs few.
inline constexpr int kProducerRegisters = 24, kConsumerRegisters = 240;

// Of heads of at most 128 values that lie in whole lines, on cards that have it.
bool has_backward_groups(const Stream& stream, const Backward& args);
Status backward_keys_groups(Stream& stream, const Backward& args);
Status backward_queries_groups(Stream& stream, const Backward& args);
// dk and dv from args.parts, added in their order.
Status backward_add_parts(Stream& stream, const Backward& args);

}  // namespace hone::cuda::attention
