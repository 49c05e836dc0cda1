// The forward pass with the warpgroup products of sm_90a (FlashAttention-3, Shah et al., arXiv 2407.08608, section 3.2): the scores of
// the next block of keys and the sums over the values of this one are under way while the softmax between them is made. Bound by
// arithmetic; mma.sync, which attention-forward.cu uses, reaches about two thirds of this tensor unit.
#include "cuda/attention-forward.h"
#include "cuda/card-code.h"
#include "cuda/device/shared-memory.h"
#include "cuda/device/warpgroup-unit.h"

namespace hone::cuda::attention {
namespace {

constexpr int kGroupThreads = 128, kGroups = 2, kBlockThreads = kGroups * kGroupThreads;
constexpr int kLineValues = 64;  // Of a swizzled row.

template <int kDepth>
struct GroupShape {
  static constexpr int kRows = kGroups * 64, kKeys = 128;
  static constexpr int kQueryValues = kRows * kDepth, kStageValues = kKeys * kDepth;
  // Two blocks of keys and two of values, and room to start at a multiple of 1024 bytes.
  static constexpr int kSharedBytes = (kQueryValues + 4 * kStageValues) * 2 + 1024;
};

// Rows first .. first + kRows - 1 as blocks of 64 values by kRows rows (device/warpgroup-unit.h).
template <int kRows, int kDepth>
__device__ inline void load_swizzled(Bf16* blocks, const PackedRows& rows, int first) {
  constexpr int kLines = kDepth / 8, kStep = kBlockThreads / kLines;
  static_assert(kStep % 8 == 0, "the rows of one thread have one place in the swizzle");
  const int row = static_cast<int>(threadIdx.x) / kLines, line = static_cast<int>(threadIdx.x) % kLines;
  const int left = line * 8 < rows.width ? rows.length - first - row : 0;
  const std::int64_t stride = static_cast<std::int64_t>(rows.heads) * rows.width;
  const Bf16* from = rows.values + (rows.begin + first + row) * stride + static_cast<std::int64_t>(rows.head) * rows.width + line * 8;
  Bf16* to = blocks + line / 8 * kRows * kLineValues + row * kLineValues + (line % 8 ^ row % 8) * 8;
#pragma unroll
  for (int i = 0; i < kRows / kStep; ++i) {
    copy_async(to, from, i * kStep < left);
    to += kStep * kLineValues;
    from += kStep * stride;
  }
}

// Starts s = q kT for the 64 rows of a group and a block of keys.
template <int kDepth>
__device__ inline void start_scores(Sums<1, GroupShape<kDepth>::kKeys>& s, std::uint32_t q, std::uint32_t k) {
  using Shape = GroupShape<kDepth>;
  constexpr int kRowBytes = kLineValues * 2;
#pragma unroll
  for (int depth = 0; depth < kDepth; depth += 16) {
    const int block = depth / kLineValues, column = depth % kLineValues * 2;
    multiply_group(s, swizzled_operand(q + block * Shape::kRows * kRowBytes + column, 0),
                   swizzled_operand(k + block * Shape::kKeys * kRowBytes + column, 0), depth > 0);
  }
  commit_products();
}

// Starts o += weights v.
template <int kDepth>
__device__ inline void start_sums(Sums<1, kDepth>& o, const Left<1, GroupShape<kDepth>::kKeys>& weights, std::uint32_t v) {
  constexpr int kKeys = GroupShape<kDepth>::kKeys, kRowBytes = kLineValues * 2;
#pragma unroll
  for (int key = 0; key < kKeys; key += 16) {
    multiply_group_across(o, weights[0][key / 16], swizzled_operand(v + key * kRowBytes, kKeys * kRowBytes), true);
  }
  commit_products();
}

// Code for any other card than sm_90a has no body, be it code that a driver made for sm_90 from the PTX of an older architecture. It is
// bounded to fewer threads than a launch has: nothing can start it by mistake, and look_at_code knows it by that.
constexpr int kBoundThreads = kHasWarpgroups ? kBlockThreads : kGroupThreads;

template <int kDepth>
__global__ void __launch_bounds__(kBoundThreads, 1) attention_forward_groups_kernel(Forward args) {
  if constexpr (kHasWarpgroups) {
    using Shape = GroupShape<kDepth>;
    constexpr int kKeys = Shape::kKeys;
    SequenceTile tile;
    const int index = static_cast<int>(gridDim.x - 1 - blockIdx.x), head = static_cast<int>(blockIdx.y);
    if (!find_tile(args.sequences, index, Shape::kRows, tile)) return;
    const HeadLines lines = {tile.begin, tile.first, tile.length, args.heads, head};
    const QueryRows<HeadLines> queries = {lines, args.q, args.o, args.width};
    const int kv_head = head / (args.heads / args.kv_heads);
    const PackedRows q = {args.q, args.heads, head, args.width, tile.begin, tile.length};
    const PackedRows k = {args.k, args.kv_heads, kv_head, args.width, tile.begin, tile.length};
    const PackedRows v = {args.v, args.kv_heads, kv_head, args.width, tile.begin, tile.length};

    Bf16* const shared = dynamic_shared<Bf16>();
    Bf16* const q_blocks = shared + (1024 - shared_address(shared) % 1024) % 1024 / 2;
    Bf16* const k_blocks = q_blocks + Shape::kQueryValues;
    Bf16* const v_blocks = k_blocks + 2 * Shape::kStageValues;
    const int warp = static_cast<int>(threadIdx.x) / 32, row = warp * 16, lane = static_cast<int>(threadIdx.x) % 32;
    const std::uint32_t q_at = shared_address(q_blocks) + static_cast<std::uint32_t>(warp / 4) * 64 * kLineValues * 2;
    const std::uint32_t k_at = shared_address(k_blocks), v_at = shared_address(v_blocks);
    constexpr std::uint32_t kStageBytes = Shape::kStageValues * 2;

    const int position[1][2] = {{lines.position(row + lane / 4), lines.position(row + lane / 4 + 8)}};
    const int lowest = lines.position(row), highest = lines.position(row + 15);
    const int earliest = max(0, tile.first - args.reach + 1) / kKeys * kKeys, last = lines.position(Shape::kRows - 1);
    const int steps = (last - earliest) / kKeys + 1;

    Sums<1, kDepth> o;
    Sums<1, kKeys> s;
    Left<1, kKeys> weights;
    OnlineSoftmax<1> softmax;
    clear<1, kDepth>(o);
    softmax.clear();
    load_swizzled<Shape::kRows, kDepth>(q_blocks, q, tile.first);
    load_swizzled<kKeys, kDepth>(k_blocks, k, earliest);
    commit_copies();
    const auto arrive = [&] {
      wait_copies<0>();
      publish_to_products();
      __syncthreads();
      begin_products();
    };
    float shrink[1][2];
    const auto soften = [&](int key) {
      hold_sums(s);
      cap_scores<1, kKeys>(s, args.rule);
      if (key + kKeys - 1 > lowest || key <= highest - args.reach) hide<1, kKeys>(s, position, key, args.reach);
      softmax.template take<kKeys>(s, args.rule.factor, shrink);
    };
    arrive();
    start_scores<kDepth>(s, q_at, k_at);
    if (steps > 1) load_swizzled<kKeys, kDepth>(k_blocks + Shape::kStageValues, k, earliest + kKeys);
    load_swizzled<kKeys, kDepth>(v_blocks, v, earliest);
    commit_copies();
    wait_products<0>();
    soften(earliest);
    round_sums<1, kKeys>(weights, s);
    // A step makes the scores of its block and the sums of the block before; its values and the keys of the next block come
    // meanwhile. What read their places before was waited for by every thread before it came to the barrier.
    for (int step = 1; step < steps; ++step) {
      const int key = earliest + step * kKeys, place = step % 2;
      arrive();
      start_scores<kDepth>(s, q_at, k_at + place * kStageBytes);
      start_sums<kDepth>(o, weights, v_at + (1 - place) * kStageBytes);
      if (step + 1 < steps) load_swizzled<kKeys, kDepth>(k_blocks + (1 - place) * Shape::kStageValues, k, key + kKeys);
      load_swizzled<kKeys, kDepth>(v_blocks + place * Shape::kStageValues, v, key);
      commit_copies();
      wait_products<1>();
      soften(key);
      wait_products<0>();
      hold_left(weights);
      hold_sums(o);
      scale_rows<1, kDepth>(o, shrink);
      round_sums<1, kKeys>(weights, s);
    }
    arrive();
    start_sums<kDepth>(o, weights, v_at + (steps - 1) % 2 * kStageBytes);
    wait_products<0>();
    hold_sums(o);
    // No product reads the blocks of keys any more.
    write_rows<1, kDepth>(k_blocks + row * kStride<kDepth>, o, softmax, queries, args.lse, row, args.rule, true);
  }
}

template <int kDepth>
Status launch_groups(Stream& stream, const Forward& args) {
  using Shape = GroupShape<kDepth>;
  const dim3 grid(tiles_of(args.sequences.tokens, args.sequences.count, Shape::kRows), static_cast<unsigned>(args.heads));
  return launch(stream, "attention_forward_groups", attention_forward_groups_kernel<kDepth>, grid, kBlockThreads, Shape::kSharedBytes,
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
