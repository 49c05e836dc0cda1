// isa: avx2 avx512 avx512bf16 amx
// Bound by arithmetic: 4 D flops per visible (query, key) pair, all of them in small-product.h or, rounded, in attention-pairs.h.
#include <vector>

#include "core/ops-args.h"
#include "cpu/attention/attention-packed-keys.h"
#include "cpu/attention/attention-rounded.h"
#include "cpu/attention/attention-split.h"
#include "cpu/attention/attention-tile.h"

namespace hone::HONE_ISA {
namespace {

void forward_tile(Context& context, const AttentionForwardArgs& args, const QueryTile& tile) {
  const std::int64_t heads = args.q.dim[1], width = args.q.dim[2], kv_heads = args.k.dim[1], group = heads / kv_heads;
  const std::int64_t count = (tile.end - tile.begin) * group;
  Carver carver(context.scratch_as<float>(ThreadPool::thread_index(),
                                          QueryRows::workspace(count, width) + KeyTile::workspace(width)));
  QueryRows rows(carver, count, width);
  KeyTile keys(carver, width);
  rows.clear();
  for (std::int64_t i = tile.begin; i < tile.end; ++i) {
    // The heads of a group lie side by side in a token.
    const float* q = args.q.data_as<float>() + (i * heads + tile.kv_head * group) * width;
    std::memcpy(rows.q + (i - tile.begin) * group * width, q, group * width * sizeof(float));
    const std::int64_t position = i - tile.sequence_begin;
    const Reach reach = {args.window > 0 ? std::max<std::int64_t>(0, position - args.window + 1) : 0, position};
    std::fill_n(rows.reach + (i - tile.begin) * group, group, reach);
  }
  const std::int64_t last = rows.reach[count - 1].last;
  for (keys.base = rows.reach[0].first / kKeys * kKeys; keys.base <= last; keys.base += kKeys) {
    keys.count = std::min(kKeys, last + 1 - keys.base);
    const std::int64_t source = ((tile.sequence_begin + keys.base) * kv_heads + tile.kv_head) * width;
    turn_keys(args.k.data_as<float>() + source, kv_heads * width, keys.count, width, keys.k_turned);
    copy_rows(args.v.data_as<float>() + source, kv_heads * width, keys.count, width, keys.v);
    attend(rows, keys, {static_cast<float>(args.scale), static_cast<float>(args.softcap)});
  }
  for (std::int64_t r = 0; r < count; ++r) {
    const std::int64_t out = (tile.begin + r / group) * heads + tile.kv_head * group + r % group;
    finish_row(rows, r, args.o.data_as<float>() + out * width);
    args.lse.data_as<float>()[out] = static_cast<float>(rows.most[r] + std::log(static_cast<double>(rows.total[r])));
  }
}

void rounded_tile(Context& context, const AttentionForwardArgs& args, const PackedKeys& packed, const QueryTile& tile) {
  const std::int64_t heads = args.q.dim[1], width = args.q.dim[2], kv_heads = args.k.dim[1], group = heads / kv_heads;
  const std::int64_t head = tile.begin * heads + tile.kv_head * group;
  const TokenRange range = {tile.end - tile.begin, group, width, args.q.data_as<float>() + head * width,
                            args.o.data_as<float>() + head * width, heads * width, args.lse.data_as<float>() + head, heads};
  const auto reach_of = [&](std::int64_t token) {
    const std::int64_t position = tile.begin + token - tile.sequence_begin;
    return Reach{args.window > 0 ? std::max<std::int64_t>(0, position - args.window + 1) : 0, position};
  };
  const auto load = [&](std::int64_t base, std::int64_t count, const KeySpace&) {
    return packed.block(tile.sequence_begin, tile.kv_head, base, count);
  };
  const ScoreRule rule = {static_cast<float>(args.scale), static_cast<float>(args.softcap)};
  attend_rounded(context, range, rule, reach_of, load);
}

}  // namespace

Status attention_forward(Context& context, const AttentionForwardArgs& args) {
  if (args.q.count() == 0) return {};
  const std::int64_t kv_heads = args.k.dim[1], group = args.q.dim[1] / kv_heads;
  const auto tiles = [&](std::int64_t rows) {
    return split_queries(args.cu_seqlens, kv_heads, std::max<std::int64_t>(1, rows / group));
  };
  if (args.rounded) {
    const PackedKeys packed(context, args);
    const std::vector<QueryTile> all = tiles(kPackedRows);
    context.pool.run(static_cast<int>(all.size()), [&](int task) { rounded_tile(context, args, packed, all[task]); });
    return {};
  }
  const std::vector<QueryTile> all = tiles(kTileRows);
  context.pool.run(static_cast<int>(all.size()), [&](int task) { forward_tile(context, args, all[task]); });
  return {};
}

}  // namespace hone::HONE_ISA
