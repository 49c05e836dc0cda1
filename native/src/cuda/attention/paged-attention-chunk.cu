// Chunks of a prompt over pages. A tile is some tokens of one run with all the query heads of one key head, so that a key is read
// once for them all; the work of a tile is that of attention-tile.h. Bound by arithmetic, as attention-forward.cu.
#include "cuda/attention/paged-attention.h"

namespace hone::cuda::attention {
namespace {

// Rows of one run: `group` heads, from `head` on, of each of its tokens.
struct RunLines {
  int first_row, tokens, first_position, group, heads, head;

  __device__ std::int64_t line(int row) const {
    const int token = row / group;
    return token < tokens ? static_cast<std::int64_t>(first_row + token) * heads + head + row % group : -1;
  }
  __device__ int position(int row) const { return first_position + min(row / group, tokens - 1); }
};

// How many of the rows from `row` on, at most `most`, belong to one run. Every warp finds out by itself.
__device__ inline int run_length(const Paged& args, int row, int most) {
  int length = 1;
  while (length < most) {
    const int at = length + static_cast<int>(threadIdx.x % 32);
    const unsigned breaks = __ballot_sync(kAllLanes, at >= most || !args.goes_on(row + at - 1));
    if (breaks != 0) return length + __ffs(static_cast<int>(breaks)) - 1;
    length += 32;
  }
  return most;
}

// grid: (tiles of tokens, key heads times parts of a group that is larger than a tile)
template <int kDepth>
__global__ void __launch_bounds__(kThreads) paged_chunk_kernel(Paged args, int heads_a_tile, int tokens_a_tile) {
  const int group = args.heads / args.kv_heads, parts = (group + heads_a_tile - 1) / heads_a_tile;
  const int kv_head = static_cast<int>(blockIdx.y) / parts, part = static_cast<int>(blockIdx.y) % parts;
  const int head = kv_head * group + part * heads_a_tile, heads = min(heads_a_tile, group - part * heads_a_tile);
  const int begin = static_cast<int>(gridDim.x - 1 - blockIdx.x) * tokens_a_tile, end = min(begin + tokens_a_tile, args.rows);
  for (int row = begin; row < end;) {
    const int tokens = run_length(args, row, end - row);
    const int last = args.last_key(row + tokens - 1, false);
    // What is wrong with a row is told by the kernel that lists the single rows, which looks at them all.
    if (last >= 0 && last + 1 >= tokens && args.is_in_long_run(row)) {
      const RunLines lines = {row, tokens, last + 1 - tokens, heads, args.heads, head};
      const QueryRows<RunLines> queries = {lines, args.q, args.o, args.width};
      const int sequence = args.row_sequence[row];
      const PageRows k = {args, static_cast<const Bf16*>(args.k_cache), sequence, kv_head, last};
      const PageRows v = {args, static_cast<const Bf16*>(args.v_cache), sequence, kv_head, last};
      attend_tile<kDepth>(dynamic_shared<Bf16>(), queries, nullptr, k, v, args.reach, args.rule, args.is_vector);
      __syncthreads();
    }
    row += tokens;
  }
}

struct LaunchChunks {
  Stream& stream;
  const Paged& args;

  template <int kDepth>
  Status run() const {
    using Shape = ForwardShape<kDepth>;
    const int group = args.heads / args.kv_heads, heads = std::min(group, Shape::kRows), tokens = Shape::kRows / heads;
    const dim3 grid(blocks_for(args.rows, tokens), static_cast<unsigned>(args.kv_heads * ((group + heads - 1) / heads)));
    return launch(stream, "paged_attention_chunk", paged_chunk_kernel<kDepth>, grid, kThreads, Shape::kSharedBytes, args, heads, tokens);
  }
};

}  // namespace

Status paged_chunks(Stream& stream, const Paged& args) { return over_depths(args.width, LaunchChunks{stream, args}); }

}  // namespace hone::cuda::attention
