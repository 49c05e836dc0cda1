#pragma once
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "cpu/simd.h"
#include "hone/view.h"

// The tasks of a backward pass. A task is one tile of keys of one (sequence, key head) and alone adds to its dk and dv. What
// it gives to the dq of a tile of queries is added when the tile of keys before it has added, so the order of every sum is
// fixed and yet one long sequence keeps all threads busy.
namespace hone::HONE_ISA {

struct Lane {
  std::int64_t begin, end, kv_head;
  std::int64_t keys;  // Of one of its tiles.
  std::atomic<int>* turns;  // Per tile of queries: the tile of keys whose addition to dq comes next.

  std::int64_t length() const { return end - begin; }
};

struct KeyTask {
  const Lane* lane;
  std::int64_t base;  // Of its keys, from the beginning of the sequence.
};

class BackwardPlan {
 public:
  const std::int64_t tokens;  // Of a tile of queries.

  // A tile has keys_of(length) keys in a sequence of that length.
  template <class F>
  BackwardPlan(const View& cu_seqlens, std::int64_t kv_heads, std::int64_t window, std::int64_t tokens_, F&& keys_of)
      : tokens(tokens_), window_(window) {
    const std::int32_t* bounds = cu_seqlens.data_as<std::int32_t>();
    const std::int64_t sequences = cu_seqlens.dim[0] - 1;
    turns_ = std::vector<std::atomic<int>>(static_cast<std::size_t>((tiles_of(bounds[sequences], tokens) + sequences) * kv_heads));
    std::atomic<int>* next = turns_.data();
    for (std::int64_t s = 0; s < sequences; ++s) {
      for (std::int64_t head = 0; head < kv_heads && bounds[s] < bounds[s + 1]; ++head) {
        lanes_.push_back({bounds[s], bounds[s + 1], head, keys_of(bounds[s + 1] - bounds[s]), next});
        set_turns(lanes_.back());
        next += tiles_of(bounds[s + 1] - bounds[s], tokens);
      }
    }
    for (const Lane& lane : lanes_) {
      for (std::int64_t base = 0; base < lane.length(); base += lane.keys) tasks.push_back({&lane, base});
    }
    // Early keys are seen by the most queries and are waited for by the late ones, so they come first in every lane.
    std::stable_sort(tasks.begin(), tasks.end(), [](const KeyTask& a, const KeyTask& b) { return a.base < b.base; });
  }

  std::vector<KeyTask> tasks;

  // The tiles of queries that reach the keys from `base` on begin at [first_query, end_query). They start at multiples of
  // their size; the first of them holds the query `base`.
  std::int64_t first_query(std::int64_t base) const { return base / tokens * tokens; }
  std::int64_t end_query(const Lane& lane, std::int64_t base) const {
    const std::int64_t length = lane.length();
    return window_ > 0 ? std::min(length, std::min(length, base + lane.keys) - 1 + window_) : length;
  }

  // Calls add when every earlier tile of keys has added to the dq of the queries from `first` on. Tasks are taken in the
  // order of their keys, so whoever is waited for is at work already.
  template <class F>
  void in_turn(const KeyTask& task, std::int64_t first, F&& add) const {
    std::atomic<int>& turn = task.lane->turns[first / tokens];
    const int own = static_cast<int>(task.base / task.lane->keys);
    for (int spin = 0; turn.load(std::memory_order_acquire) != own; ++spin) {
      if (spin < 2000) {
        _mm_pause();
      } else {
        std::this_thread::yield();
      }
    }
    add();
    turn.store(own + 1, std::memory_order_release);
  }

 private:
  static std::int64_t tiles_of(std::int64_t length, std::int64_t size) { return (length + size - 1) / size; }

  // Each tile of queries starts with the first tile of keys that it reaches.
  void set_turns(const Lane& lane) const {
    std::int64_t next = 0;
    for (std::int64_t base = 0; base < lane.length(); base += lane.keys) {
      const std::int64_t end = tiles_of(end_query(lane, base), tokens);
      for (; next < end; ++next) lane.turns[next].store(static_cast<int>(base / lane.keys), std::memory_order_relaxed);
    }
  }

  const std::int64_t window_;
  std::vector<std::atomic<int>> turns_;
  std::vector<Lane> lanes_;
};

}  // namespace hone::HONE_ISA
