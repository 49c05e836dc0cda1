#pragma once
#include <cstddef>
#include <vector>

namespace hone {

// Workspace per (thread, slot). It only grows inside a run, so a warm step allocates nothing.
class Scratch {
 public:
  static constexpr int kSlots = 7;

  explicit Scratch(int threads);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* get(int thread, std::size_t bytes, int slot);
  std::size_t bytes() const;
  // Gives all of it back. For the time between ops: nothing may still use what `get` gave.
  void release();

 private:
  struct Block {
    void* data = nullptr;
    std::size_t bytes = 0;
  };
  std::vector<Block> blocks_;
};

}  // namespace hone
