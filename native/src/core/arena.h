#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "core/card.h"

namespace hone {

struct MemoryStats {
  std::int64_t live_bytes = 0;
  std::int64_t peak_bytes = 0;
  std::int64_t live_tensors = 0;
  // Live bytes outside the arena: packed weights.
  std::int64_t packed_bytes = 0;
  // The most that arena and packed weights ever took of the system together, gaps between tensors included.
  std::int64_t reserved_bytes = 0;

  void add(std::int64_t bytes) {
    live_bytes += bytes;
    if (live_bytes > peak_bytes) peak_bytes = live_bytes;
  }
};

// Where tensors lie: offsets in one range, the smallest gap that holds a request (the lowest among equals), else the end of
// what is used; freed neighbours become one gap. It is arithmetic alone, so the null device places a dry run exactly as the
// real run will be placed, and its extent is what the process will take: what falls between the tensors is part of the plan.
class Placement {
 public:
  std::int64_t place(std::int64_t bytes);
  void release(std::int64_t offset, std::int64_t bytes);

  // One past the highest byte that was ever used since the last trim.
  std::int64_t extent() const { return extent_; }
  // Bytes that were used once and are free now.
  std::int64_t cached_bytes() const { return cached_in_gaps_ + (extent_ - end_); }
  // Forgets what was used: `give_back(offset, bytes)` is called for every free stretch that may hold pages.
  template <class F>
  void trim(F&& give_back) {
    for (auto& [offset, gap] : gaps_) {
      if (gap.is_touched) give_back(offset, gap.bytes);
      gap.is_touched = false;
    }
    if (extent_ > end_) give_back(end_, extent_ - end_);
    cached_in_gaps_ = 0;
    extent_ = end_;
  }

 private:
  struct Gap {
    std::int64_t bytes;
    bool is_touched;
  };

  void add_gap(std::int64_t offset, Gap gap);
  Gap take_gap(std::map<std::int64_t, Gap>::iterator gap);

  std::map<std::int64_t, Gap> gaps_;                         // By offset.
  std::set<std::pair<std::int64_t, std::int64_t>> by_size_;  // (bytes, offset).
  std::int64_t end_ = 0;
  std::int64_t extent_ = 0;
  std::int64_t cached_in_gaps_ = 0;
};

// The memory behind a placement: address space as large as the machine's memory, of which pages are taken when they are first
// written and kept until `trim`, because a training step asks for the same sizes again and again and fresh pages cost more than
// most ops. On a GPU the address space is reserved and backed through its card;
// pinned memory comes from there block by block. Not thread safe: the runtime's lock guards it.
class Arena {
 public:
  enum class Kind { memory, counted, card, pinned };

  // Requests are counted as, and lie on, multiples of `unit` bytes.
  Arena(Kind kind, std::int64_t unit) : kind_(kind), unit_(unit) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // The memory of the kinds card and pinned. Until it is told, nothing can be allocated there.
  void open(Card& card) { card_ = &card; }

  // The bytes that a request is counted and rounded as.
  std::int64_t rounded(std::int64_t bytes) const { return bytes == 0 ? unit_ : (bytes + unit_ - 1) / unit_ * unit_; }
  // False when the device has not that much. On the counted kind `data` stays null.
  bool allocate(std::int64_t bytes, void*& data, std::int64_t& offset);
  void release(void* data, std::int64_t offset, std::int64_t bytes);
  // Gives free pages back to the system.
  void trim();
  const Placement& placement() const { return placement_; }

 private:
  bool place(std::int64_t bytes, std::int64_t& offset);

  const Kind kind_;
  const std::int64_t unit_;
  Card* card_ = nullptr;
  Placement placement_;
  std::byte* base_ = nullptr;
  std::int64_t capacity_ = 0;
};

}  // namespace hone
