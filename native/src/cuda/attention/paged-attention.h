#pragma once
#include "core/ops-args.h"
#include "cuda/attention/attention-depths.h"
#include "cuda/attention/attention-scores.h"
#include "cuda/attention/attention-sequences.h"
#include "cuda/attention/attention-tile.h"
#include "cuda/device/shared-memory.h"
#include "cuda/launch.h"

// Attention over pages. The rows of a batch are decode rows and prefill chunks in any mix, which only the card knows. A row of a run of
// more than kShortRun neighbours (next row, same sequence, next position) goes to the tiles of paged-attention-chunk.cu, whose kernel is
// launched for all rows and leaves the others alone; any other goes to paged-attention-row.cu, which lists them first, as do all rows of
// a batch that has no more rows than sequences, without a list. The bits of a row depend on that choice and on its sequence alone.
namespace hone::cuda::attention {

inline constexpr int kShortRun = 4;

struct Paged {
  const Bf16* q;
  const void *k_cache, *v_cache;
  const std::int32_t *block_table, *row_sequence, *row_position;
  Bf16* o;
  int rows, heads, kv_heads, width, page, page_shift;  // page_shift: -1 unless the page is a power of two.
  int pages, sequences, blocks;
  int reach;
  ScoreRule rule;
  bool is_vector;
  bool has_chunks;  // Long runs go to the tiles.
  Fault* fault;
  // Of paged-attention-row.cu. The rows that are in no long run, behind their number; null where all are.
  const int* listed;
  // Partial results of the first `split_lines` of these rows: [split_lines, heads, units] and the same times width.
  float2* partial_sums;
  float* partial_values;
  int units, split_lines;

  __device__ int line_count() const { return listed == nullptr ? rows : listed[0]; }
  __device__ int row_of(int line) const { return listed == nullptr ? line : listed[1 + line]; }

  __device__ void fail(int argument, std::int64_t position, std::int32_t value, std::int64_t bound) const {
    report(fault, static_cast<int>(Op::kPagedAttention), argument, position, value, bound);
  }

  // Whether row `row` + 1 goes on where `row` stops.
  __device__ bool goes_on(int row) const {
    return row >= 0 && row + 1 < rows && row_sequence[row] == row_sequence[row + 1] && row_position[row] + 1 == row_position[row + 1];
  }

  __device__ bool is_in_long_run(int row) const {
    if (!has_chunks) return false;
    int length = 1;
    for (int before = row - 1; length <= kShortRun && goes_on(before); --before) ++length;
    for (int after = row; length <= kShortRun && goes_on(after); ++after) ++length;
    return length > kShortRun;
  }

  // The last key of a row, or -1 where its sequence or its position is no index; is_told says so to the host.
  __device__ int last_key(int row, bool is_told) const {
    const std::int32_t sequence = row_sequence[row], position = row_position[row];
    const bool is_sequence = sequence >= 0 && sequence < sequences;
    if (is_sequence && position >= 0 && position < static_cast<std::int64_t>(blocks) * page) return position;
    if (!is_told) return -1;
    if (!is_sequence) {
      fail(kPagedAttentionRowSequence, row, sequence, sequences);
    } else {
      fail(kPagedAttentionRowPosition, row, position, static_cast<std::int64_t>(blocks) * page);
    }
    return -1;
  }
};

// The keys of one head of one sequence, by position; null after the last, and where the block table names no page.
struct PageRows {
  const Paged& args;
  const Bf16* values;
  int sequence, head, last;

  // Elements from the start of the cache, or -1.
  __device__ std::int64_t offset(int position) const {
    if (position > last) return -1;
    const int block = args.page_shift >= 0 ? position >> args.page_shift : position / args.page;
    const std::int64_t entry = static_cast<std::int64_t>(sequence) * args.blocks + block;
    const std::int32_t page = __ldg(args.block_table + entry);
    if (page < 0 || page >= args.pages) {
      args.fail(kPagedAttentionBlockTable, entry, page, args.pages);
      return -1;
    }
    return ((static_cast<std::int64_t>(page) * args.kv_heads + head) * args.page + (position - block * args.page)) * args.width;
  }
  __device__ const Bf16* at(int position) const {
    const std::int64_t from = offset(position);
    return from < 0 ? nullptr : values + from;
  }
};

Status paged_rows(Stream& stream, const Paged& args);
Status paged_chunks(Stream& stream, const Paged& args);
Status paged_rows_f32(Stream& stream, const Paged& args);

}  // namespace hone::cuda::attention
