// isa: avx2 avx512 avx512bf16 amx
// Decode is bound by reading the pages once per key head. Rows of one sequence that follow each other (a chunk of a
// prompt) share tiles of keys; a row alone and a row in a chunk go through the same additions in the same order.
#include <vector>

#include "core/ops-args.h"
#include "core/paging.h"
#include "cpu/attention/attention-rounded.h"

namespace hone::HONE_ISA {
namespace {

// Rows [begin, end) of the batch, all of one sequence.
struct RowTile {
  std::int64_t begin, end, kv_head;
};

std::vector<RowTile> split(const PagedAttentionArgs& args) {
  const std::int64_t kv_heads = args.k_cache.dim[1], rows = args.k_cache.dtype == DType::bf16 ? kTaskRows : kTileRows;
  const std::int64_t rows_max = std::max<std::int64_t>(1, rows * kv_heads / args.q.dim[1]);
  const std::int32_t* sequence = args.row_sequence.data_as<std::int32_t>();
  std::vector<RowTile> tiles;
  for (std::int64_t begin = 0; begin < args.q.dim[0];) {
    std::int64_t end = begin + 1;
    while (end < args.q.dim[0] && end - begin < rows_max && sequence[end] == sequence[begin]) ++end;
    for (std::int64_t head = 0; head < kv_heads; ++head) tiles.push_back({begin, end, head});
    begin = end;
  }
  return tiles;
}

// Gathers keys [base, base + count) from their pages; a page holds the tokens of one key head side by side.
void load_keys(const PagedAttentionArgs& args, const RowTile& tile, const std::int32_t* table, KeyTile& keys, float* staging) {
  const std::int64_t kv_heads = args.k_cache.dim[1], page = args.k_cache.dim[2], width = args.k_cache.dim[3];
  for (std::int64_t j = 0; j < keys.count;) {
    const std::int64_t position = keys.base + j, offset = position % page;
    const std::int64_t run = std::min(keys.count - j, page - offset);
    if (table[position / page] < 0) {
      // Only possible left of every row's window: nothing of it is used, but it must be numbers.
      std::memset(staging + j * width, 0, run * width * sizeof(float));
      std::memset(keys.v + j * width, 0, run * width * sizeof(float));
    } else {
      const std::int64_t source = ((table[position / page] * kv_heads + tile.kv_head) * page + offset) * width;
      std::memcpy(staging + j * width, args.k_cache.data_as<float>() + source, run * width * sizeof(float));
      std::memcpy(keys.v + j * width, args.v_cache.data_as<float>() + source, run * width * sizeof(float));
    }
    j += run;
  }
  turn_keys(staging, width, keys.count, width, keys.k_turned);
}

void attend_rows(Context& context, const PagedAttentionArgs& args, const RowTile& tile) {
  const std::int64_t heads = args.q.dim[1], width = args.q.dim[2], group = heads / args.k_cache.dim[1];
  const std::int64_t count = (tile.end - tile.begin) * group;
  const std::int64_t floats = QueryRows::workspace(count, width) + KeyTile::workspace(width) + Carver::padded(kKeys * width);
  Carver carver(context.scratch_as<float>(ThreadPool::thread_index(), floats));
  QueryRows rows(carver, count, width);
  KeyTile keys(carver, width);
  float* staging = carver.take(kKeys * width);
  rows.clear();
  std::int64_t first = std::numeric_limits<std::int64_t>::max(), last = 0;
  for (std::int64_t t = tile.begin; t < tile.end; ++t) {
    const float* q = args.q.data_as<float>() + (t * heads + tile.kv_head * group) * width;
    std::memcpy(rows.q + (t - tile.begin) * group * width, q, group * width * sizeof(float));
    const std::int64_t position = args.row_position.data_as<std::int32_t>()[t];
    const Reach reach = {args.window > 0 ? std::max<std::int64_t>(0, position - args.window + 1) : 0, position};
    std::fill_n(rows.reach + (t - tile.begin) * group, group, reach);
    first = std::min(first, reach.first);
    last = std::max(last, reach.last);
  }
  const std::int32_t* table =
      args.block_table.data_as<std::int32_t>() + args.row_sequence.data_as<std::int32_t>()[tile.begin] * args.block_table.dim[1];
  for (keys.base = first / kKeys * kKeys; keys.base <= last; keys.base += kKeys) {
    keys.count = std::min(kKeys, last + 1 - keys.base);
    load_keys(args, tile, table, keys, staging);
    attend(rows, keys, {static_cast<float>(args.scale), static_cast<float>(args.softcap)});
  }
  for (std::int64_t r = 0; r < count; ++r) {
    const std::int64_t out = (tile.begin + r / group) * heads + tile.kv_head * group + r % group;
    finish_row(rows, r, args.o.data_as<float>() + out * width);
  }
}

// The keys and values [base, base + count) out of bf16 pages.
KeyBlock load_block(const PagedAttentionArgs& args, const RowTile& tile, const std::int32_t* table, std::int64_t base,
                    std::int64_t count, std::int64_t depth, const KeySpace& keys) {
  const std::int64_t kv_heads = args.k_cache.dim[1], page = args.k_cache.dim[2], width = args.k_cache.dim[3];
  const auto copy = [&](const View& cache, std::int64_t source, std::int64_t run, std::uint16_t* target) {
    const std::uint16_t* rows = cache.data_as<std::uint16_t>() + source;
    if (depth == width) {
      std::memcpy(target, rows, run * width * sizeof(std::uint16_t));
      return;
    }
    for (std::int64_t j = 0; j < run; ++j) {
      std::memcpy(target + j * depth, rows + j * width, width * sizeof(std::uint16_t));
      std::memset(target + j * depth + width, 0, (depth - width) * sizeof(std::uint16_t));
    }
  };
  for (std::int64_t j = 0; j < count;) {
    const std::int64_t position = base + j, offset = position % page;
    const std::int64_t run = std::min(count - j, page - offset), target = j * depth;
    if (table[position / page] < 0) {
      // Only possible left of every row's window: nothing of it is used, but it must be numbers.
      std::memset(keys.k + target, 0, run * depth * sizeof(std::uint16_t));
      std::memset(keys.v + target, 0, run * depth * sizeof(std::uint16_t));
    } else {
      const std::int64_t source = ((table[position / page] * kv_heads + tile.kv_head) * page + offset) * width;
      copy(args.k_cache, source, run, keys.k + target);
      copy(args.v_cache, source, run, keys.v + target);
    }
    j += run;
  }
  keys.finish(count, depth, keys.k, keys.v_turned);
  return {base, count, keys.k, keys.v_turned, filled_up(count, 32) / 2};
}

void attend_rounded_rows(Context& context, const PagedAttentionArgs& args, const RowTile& tile) {
  const std::int64_t heads = args.q.dim[1], width = args.q.dim[2], group = heads / args.k_cache.dim[1];
  const std::int64_t at = (tile.begin * heads + tile.kv_head * group) * width;
  const TokenRange range = {tile.end - tile.begin, group, width, args.q.data_as<float>() + at, args.o.data_as<float>() + at,
                            heads * width, nullptr, 0};
  const auto reach_of = [&](std::int64_t token) {
    const std::int64_t position = args.row_position.data_as<std::int32_t>()[tile.begin + token];
    return Reach{args.window > 0 ? std::max<std::int64_t>(0, position - args.window + 1) : 0, position};
  };
  const std::int32_t* table =
      args.block_table.data_as<std::int32_t>() + args.row_sequence.data_as<std::int32_t>()[tile.begin] * args.block_table.dim[1];
  const ScoreRule rule = {static_cast<float>(args.scale), static_cast<float>(args.softcap)};
  attend_rounded(context, range, rule, reach_of, [&](std::int64_t base, std::int64_t count, const KeySpace& keys) {
    return load_block(args, tile, table, base, count, filled_up(width, 32), keys);
  });
}

}  // namespace

Status paged_attention(Context& context, const PagedAttentionArgs& args) {
  HONE_TRY(check_blocks(args));
  if (args.q.count() == 0) return {};
  const std::vector<RowTile> tiles = split(args);
  context.pool.run(static_cast<int>(tiles.size()), [&](int task) {
    args.k_cache.dtype == DType::bf16 ? attend_rounded_rows(context, args, tiles[task]) : attend_rows(context, args, tiles[task]);
  });
  return {};
}

}  // namespace hone::HONE_ISA
