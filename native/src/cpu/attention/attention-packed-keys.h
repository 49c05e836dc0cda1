#pragma once
#include <vector>

#include "core/ops-args.h"
#include "cpu/attention/attention-block.h"

namespace hone::HONE_ISA {

// Query rows of a task over keys that are packed already: only the balance of the threads asks for a number.
inline constexpr std::int64_t kPackedRows = 512;

// The keys and values of a batch as the blocks that attend reads, made once for all the queries: as many bytes as the keys and
// values would take in bf16, each sequence filled up to a multiple of 32.
class PackedKeys {
 public:
  PackedKeys(Context& context, const AttentionForwardArgs& args)
      : args_(args), heads_(args.k.dim[1]), depth_(filled_up(args.k.dim[2], 32)), begins_(args.q.dim[0]) {
    const std::int32_t* bounds = args.cu_seqlens.data_as<std::int32_t>();
    std::vector<Piece> pieces;
    for (std::int64_t s = 0; s + 1 < args.cu_seqlens.dim[0]; ++s) {
      const std::int64_t length = bounds[s + 1] - bounds[s];
      if (length == 0) continue;
      begins_[bounds[s]] = rows_;
      rows_ += filled_up(length, 32);
      for (std::int64_t base = 0; base < length; base += kBlockKeys) {
        for (std::int64_t head = 0; head < heads_; ++head) pieces.push_back({bounds[s], head, base, std::min(kBlockKeys, length - base)});
      }
    }
    const std::int64_t halves = heads_ * rows_ * depth_;
    k_ = context.scratch_as<std::uint16_t>(0, 2 * halves, 1);
    v_turned_ = reinterpret_cast<std::uint32_t*>(k_ + halves);
    context.pool.run(static_cast<int>(pieces.size()), [&](int task) { pack(context, pieces[task]); });
  }

  KeyBlock block(std::int64_t sequence_begin, std::int64_t head, std::int64_t base, std::int64_t count) const {
    const std::int64_t at = place(sequence_begin, head, base), whole = length_from(sequence_begin, base);
    return {base, count, k_ + at, v_turned_ + at / 2, filled_up(whole, 32) / 2};
  }

 private:
  struct Piece {
    std::int64_t sequence_begin, head, base, count;
  };

  // In values of bf16; a block's values begin where its keys do.
  std::int64_t place(std::int64_t sequence_begin, std::int64_t head, std::int64_t base) const {
    return (head * rows_ + begins_[sequence_begin] + base) * depth_;
  }

  void pack(Context& context, const Piece& piece) const {
    Carver carver(context.scratch_as<float>(ThreadPool::thread_index(), KeySpace::workspace(depth_)));
    const KeySpace space(carver, depth_);
    const std::int64_t width = args_.k.dim[2], at = place(piece.sequence_begin, piece.head, piece.base);
    for (std::int64_t j = 0; j < piece.count; ++j) {
      const std::int64_t row = ((piece.sequence_begin + piece.base + j) * heads_ + piece.head) * width;
      round_row(args_.k.data_as<float>() + row, width, k_ + at + j * depth_, depth_);
      round_row(args_.v.data_as<float>() + row, width, space.v + j * depth_, depth_);
    }
    space.finish(piece.count, depth_, k_ + at, v_turned_ + at / 2);
  }

  // How many keys the block from `base` has in all.
  std::int64_t length_from(std::int64_t sequence_begin, std::int64_t base) const {
    const std::int32_t* bounds = args_.cu_seqlens.data_as<std::int32_t>();
    const std::int32_t* next = std::upper_bound(bounds, bounds + args_.cu_seqlens.dim[0], static_cast<std::int32_t>(sequence_begin));
    return std::min<std::int64_t>(kBlockKeys, *next - sequence_begin - base);
  }

  const AttentionForwardArgs& args_;
  const std::int64_t heads_, depth_;
  std::vector<std::int64_t> begins_;  // By the first token of a sequence: where its rows begin.
  std::int64_t rows_ = 0;
  std::uint16_t* k_;
  std::uint32_t* v_turned_;
};

}  // namespace hone::HONE_ISA
