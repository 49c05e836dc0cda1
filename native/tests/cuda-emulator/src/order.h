#pragma once
#include <cstdint>
#include <utility>
#include <vector>

namespace hone_emulator {

// The order in which blocks and threads come: ascending, or shuffled from a seed. A kernel that lacks a barrier gives other bits, or
// poison, in one of them.
class Order {
 public:
  explicit Order(std::uint64_t seed)
      : is_shuffled_(seed != 0),
        is_lopsided_(seed != 0 && seed % 2 == 0),
        salt_(seed * 0xbf58476d1ce4e5b9u),
        state_(seed * 0x9e3779b97f4a7c15u + 1) {}

  bool is_shuffled() const { return is_shuffled_; }

  // Whether warps are served by rank.
  bool is_lopsided() const { return is_lopsided_; }
  std::uint64_t rank(int warp) const { return (static_cast<std::uint64_t>(warp) * 0x9e3779b97f4a7c15u) ^ salt_; }

  // Below `bound`; xorshift64*, Vigna 2016.
  std::uint64_t draw(std::uint64_t bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return (state_ * 0x2545f4914f6cdd1du >> 33) % bound;
  }

  template <class T>
  void arrange(std::vector<T>& items) {
    if (!is_shuffled_) return;
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[draw(i)]);
  }

 private:
  bool is_shuffled_, is_lopsided_;
  std::uint64_t salt_;
  std::uint64_t state_;
};

}  // namespace hone_emulator
