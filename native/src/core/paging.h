#pragma once
#include <algorithm>
#include <string>

#include "core/ops-args.h"

namespace hone {

// Entries of a block table that no row reaches may be anything below the page count, negative ones included; those that
// a row does read must name a page.
inline Status check_blocks(const PagedAttentionArgs& args) {
  const std::int64_t page = args.k_cache.dim[2], blocks = args.block_table.dim[1];
  for (std::int64_t t = 0; t < args.q.dim[0]; ++t) {
    const std::int64_t last = args.row_position.data_as<std::int32_t>()[t];
    const std::int64_t first = args.window > 0 ? std::max<std::int64_t>(0, last - args.window + 1) : 0;
    const std::int64_t sequence = args.row_sequence.data_as<std::int32_t>()[t];
    const std::int32_t* table = args.block_table.data_as<std::int32_t>() + sequence * blocks;
    for (std::int64_t block = first / page; block <= last / page; ++block) {
      if (table[block] >= 0) continue;
      return bad_argument("expected a page for block " + std::to_string(block) + " of sequence " + std::to_string(sequence) +
                          " (row " + std::to_string(t) + " reads up to position " + std::to_string(last) +
                          ") but received " + std::to_string(table[block]));
    }
  }
  return {};
}

}  // namespace hone
