// The forward pass with the warpgroup products of sm_90a (FlashAttention-3, Shah et al., arXiv 2407.08608): a producer warpgroup copies,
// two consumers have 64 queries each. In a consumer the scores of the next block of keys and the sums over the values of this one are
// under way while the softmax between them is made (section 3.2); and the consumers take turns to start products, so that one makes
// its softmax while the products of the other run (section 3.1).
//
// Bound by the tensor unit. Estimate for D = 128 and 128 keys, cycles of both consumers: products 2048, powers 1024, shared memory
// 1792 (160 KiB of operands and 64 KiB of copies, at 128 bytes). Not yet measured on a card.
#include "cuda/attention/attention-forward.h"
#include "cuda/attention/attention-groups.h"
#include "cuda/card-code.h"
#include "cuda/device/shared-memory.h"

namespace hone::cuda::attention {
namespace {

constexpr int kConsumers = 2, kBlockThreads = (1 + kConsumers) * kGroupThreads, kRows = kConsumers * kGroupRows, kKeys = 128;
constexpr int kProducerRegisters = 24, kConsumerRegisters = 240;

// A stage holds a block of keys or of values: first keys, then keys and values by turns, values at the end, as they are read.
template <int kDepth>
struct GroupShape {
  static constexpr int kStages = kDepth <= 64 ? 8 : 6;
  using Fill = Filling<kStages, kConsumers, 2>;
  using Cursor = StageCursor<kStages>;

  Bf16 q[kConsumers][kGroupRows * kDepth];
  Bf16 stages[kStages][kKeys * kDepth];
  Pipeline<kStages, kConsumers> pipe;
  Mbarrier turns[kConsumers];  // A consumer's turn to start products.
  Mbarrier finished;           // No product reads a stage any more.
};

template <int kDepth>
inline constexpr int kSharedBytes = static_cast<int>(sizeof(GroupShape<kDepth>)) + 1024;

// The blocks of keys that a tile of queries sees.
struct KeyBlocks {
  int earliest, count;

  __device__ KeyBlocks(const SequenceTile& tile, int reach) {
    earliest = max(0, tile.first - reach + 1) / kKeys * kKeys;
    count = (min(tile.first + kRows, tile.length) - 1 - earliest) / kKeys + 1;
  }
};

template <int kDepth>
__device__ inline void produce(GroupShape<kDepth>& shared, const Forward& args, const SequenceTile& tile, const KeyBlocks& blocks) {
  using Shape = GroupShape<kDepth>;
  const int head = static_cast<int>(blockIdx.y), kv_head = head / (args.heads / args.kv_heads);
  const PackedRows q = {args.q, args.heads, head, args.width, tile.begin, tile.length};
#pragma unroll 1
  for (int group = 0; group < kConsumers; ++group) {
    load_swizzled<kGroupRows, kDepth, kGroupThreads>(shared.q[group], q, tile.first + group * kGroupRows);
  }
  typename Shape::Fill fill = {shared.pipe, {}, {}};
#pragma unroll 1
  for (int i = 0; i < 2 * blocks.count; ++i) {
    // 0: keys of block 0; 1, 2: keys of block 1, values of block 0; and so on.
    const bool is_keys = i == 0 || (i % 2 == 1 && i + 1 < 2 * blocks.count);
    const int block = is_keys ? (i + 1) / 2 : (i - 1) / 2;
    const PackedRows rows = {is_keys ? args.k : args.v, args.kv_heads, kv_head, args.width, tile.begin, tile.length};
    fill.wait_empty();
    load_swizzled<kKeys, kDepth, kGroupThreads>(shared.stages[fill.at.place], rows, blocks.earliest + block * kKeys);
    fill.commit();
  }
  fill.finish();
}

template <int kDepth>
__device__ inline void consume(GroupShape<kDepth>& shared, const Forward& args, const SequenceTile& tile, const KeyBlocks& blocks) {
  using Shape = GroupShape<kDepth>;
  const int group = warpgroup_of_thread() - 1, warp = static_cast<int>(threadIdx.x) / 32 % 4, lane = static_cast<int>(threadIdx.x) % 32;
  const int row = group * kGroupRows + warp * 16;
  const HeadLines lines = {tile.begin, tile.first, tile.length, args.heads, static_cast<int>(blockIdx.y)};
  const std::uint32_t q = shared_address(shared.q[group]);
  const int position[1][2] = {{lines.position(row + lane / 4), lines.position(row + lane / 4 + 8)}};
  const int lowest = lines.position(row), highest = lines.position(row + 15);

  Sums<1, kDepth> o;
  Sums<1, kKeys> s;
  Left<1, kKeys> weights;
  OnlineSoftmax<1> softmax;
  float shrink[1][2];
  clear<1, kDepth>(o);
  softmax.clear();
  const auto soften = [&](int key) {
    hold_sums(s);
    cap_scores<1, kKeys>(s, args.rule);
    if (key + kKeys - 1 > lowest || key <= highest - args.reach) hide<1, kKeys>(s, position, key, args.reach);
    softmax.template take<kKeys>(s, args.rule.factor, shrink);
  };
  typename Shape::Cursor at;
  // The first consumer begins; a phase of turns ends with each turn of the other.
  int parity = group == 0 ? 1 : 0;
  const auto take_turn = [&] {
    wait_parity(&shared.turns[group], parity);
    parity ^= 1;
    begin_products();
  };
  const auto end_turn = [&] {
    __syncwarp();
    if (lane == 0) arrive(&shared.turns[1 - group]);
  };

  shared.pipe.wait_full(at);
  take_turn();
  start_rows<kDepth, kGroupRows, kKeys>(s, q, shared_address(shared.stages[at.place]));
  end_turn();
  wait_products<0>();
  shared.pipe.release(at.place);
  at.advance();
  soften(blocks.earliest);
  round_sums<1, kKeys>(weights, s);
#pragma unroll 1
  for (int block = 1; block < blocks.count; ++block) {
    const int keys = at.place;
    shared.pipe.wait_full(at);
    at.advance();
    const int values = at.place;
    shared.pipe.wait_full(at);
    at.advance();
    take_turn();
    start_rows<kDepth, kGroupRows, kKeys>(s, q, shared_address(shared.stages[keys]));
    start_across<kDepth, kKeys>(o, weights, shared_address(shared.stages[values]));
    end_turn();
    wait_products<1>();
    shared.pipe.release(keys);
    soften(blocks.earliest + block * kKeys);
    wait_products<0>();
    hold_left(weights);
    hold_sums(o);
    shared.pipe.release(values);
    scale_rows<1, kDepth>(o, shrink);
    round_sums<1, kKeys>(weights, s);
  }
  shared.pipe.wait_full(at);
  begin_products();
  start_across<kDepth, kKeys>(o, weights, shared_address(shared.stages[at.place]));
  wait_products<0>();
  hold_left(weights);
  hold_sums(o);
  arrive(&shared.finished);
  wait_parity(&shared.finished, 0);
  const QueryRows<HeadLines> queries = {lines, args.q, args.o, args.width};
  write_rows<1, kDepth>(shared.stages[0] + row * kStride<kDepth>, o, softmax, queries, args.lse, row, args.rule, true);
}

// Code for any other card than sm_90a has no body, be it code that a driver made for sm_90 from the PTX of an older architecture. It is
// bounded to fewer threads than a launch has: nothing can start it by mistake, and look_at_code knows it by that.
constexpr int kBoundThreads = kHasWarpgroups ? kBlockThreads : kGroupThreads;

template <int kDepth>
__global__ void __launch_bounds__(kBoundThreads, 1) attention_forward_groups_kernel(Forward args) {
  if constexpr (kHasWarpgroups) {
    SequenceTile tile;
    if (!find_tile(args.sequences, static_cast<int>(gridDim.x - 1 - blockIdx.x), kRows, tile)) return;
    auto& shared = *reinterpret_cast<GroupShape<kDepth>*>(swizzled_blocks(dynamic_shared<Bf16>()));
    if (threadIdx.x == 0) {
      shared.pipe.init();
      for (Mbarrier& turn : shared.turns) init_mbarrier(&turn, kGroupThreads / 32);
      init_mbarrier(&shared.finished, kConsumers * kGroupThreads);
    }
    __syncthreads();
    const KeyBlocks blocks(tile, args.reach);
    if (warpgroup_of_thread() == 0) {
      give_registers<kProducerRegisters>();
      produce<kDepth>(shared, args, tile, blocks);
    } else {
      take_registers<kConsumerRegisters>();
      consume<kDepth>(shared, args, tile, blocks);
    }
  }
}

template <int kDepth>
Status launch_groups(Stream& stream, const Forward& args) {
  const dim3 grid(tiles_of(args.sequences.tokens, args.sequences.count, kRows), static_cast<unsigned>(args.heads));
  return launch(stream, "attention_forward_groups", attention_forward_groups_kernel<kDepth>, grid, kBlockThreads, kSharedBytes<kDepth>,
                args);
}

}  // namespace

bool has_forward_groups(const Stream& stream, const Forward& args) {
  return stream.has_warpgroups && args.is_vector && args.width <= 128;
}

Status forward_groups(Stream& stream, const Forward& args) {
  return args.width <= 64 ? launch_groups<64>(stream, args) : launch_groups<128>(stream, args);
}

}  // namespace hone::cuda::attention

namespace hone::cuda {

Status look_at_code(Stream& stream) {
  using namespace attention;
  cudaFuncAttributes attributes = {};
  const auto* kernel = reinterpret_cast<const void*>(attention_forward_groups_kernel<128>);
  HONE_TRY(cuda_status(cudaFuncGetAttributes(&attributes, kernel), "looking for kernels"));
  stream.has_warpgroups = stream.compute_capability == 90 && attributes.maxThreadsPerBlock >= kBlockThreads;
  return {};
}

}  // namespace hone::cuda
