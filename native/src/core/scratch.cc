#include "core/scratch.h"

#include <cstdio>
#include <cstdlib>

namespace hone {

Scratch::Scratch(int threads) : blocks_(static_cast<std::size_t>(threads) * kSlots) {}

Scratch::~Scratch() { release(); }

void Scratch::release() {
  for (Block& block : blocks_) {
    std::free(block.data);
    block = {};
  }
}

void* Scratch::get(int thread, std::size_t bytes, int slot) {
  Block& block = blocks_[static_cast<std::size_t>(thread) * kSlots + slot];
  if (block.bytes < bytes || block.data == nullptr) {
    const std::size_t rounded = (bytes + 4095) / 4096 * 4096 + 4096;
    std::free(block.data);
    block.data = std::aligned_alloc(64, rounded);
    if (block.data == nullptr) {
      // A kernel in the middle of its work has no way back, and its outputs are half written: this is a stop.
      std::fprintf(stderr, "hone: no memory for %zu bytes of workspace\n", rounded);
      std::abort();
    }
    block.bytes = rounded;
  }
  return block.data;
}

std::size_t Scratch::bytes() const {
  std::size_t total = 0;
  for (const Block& block : blocks_) total += block.bytes;
  return total;
}

}  // namespace hone
