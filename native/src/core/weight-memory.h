#pragma once
#include <cstddef>

namespace hone {

// The memory of one packed weight, zeroed. Weights are laid end to end in regions of huge pages: a decode step walks every
// weight once, and with pages of 4 KiB each page costs a walk of the page table and stops the hardware prefetcher (a core
// read 16 GB/s from small pages and 19 from huge ones). A weight of its own allocation gets none below 2 MiB, and small ones
// at its end.
class WeightMemory {
 public:
  explicit WeightMemory(std::size_t bytes);
  ~WeightMemory();
  WeightMemory(const WeightMemory&) = delete;
  WeightMemory& operator=(const WeightMemory&) = delete;

  std::byte* data() const { return data_; }

 private:
  std::byte* data_;
  std::size_t bytes_;
};

}  // namespace hone
