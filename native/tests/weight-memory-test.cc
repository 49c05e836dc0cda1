// What the memory of packed weights promises: zeros at first, neighbours that do not touch each other, and nothing kept that
// nobody uses. Exit code: the number of failed checks.
#include "core/weight-memory.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

namespace {

using hone::WeightMemory;

int failures = 0;

void check(bool holds, const char* fact) {
  if (!holds) std::printf("FAILED: %s\n", fact);
  failures += holds ? 0 : 1;
}

bool holds_only(const WeightMemory& memory, std::size_t bytes, std::byte value) {
  return std::all_of(memory.data(), memory.data() + bytes, [&](std::byte one) { return one == value; });
}

void keeps_the_neighbours_of_what_goes() {
  // Smaller than a page, larger than a huge page, larger than a region.
  const std::size_t sizes[] = {100, 5000, (std::size_t{3} << 20) + 7, (std::size_t{65} << 20) + 1, 4096};
  std::vector<std::unique_ptr<WeightMemory>> weights;
  for (std::size_t i = 0; i < std::size(sizes); ++i) {
    weights.push_back(std::make_unique<WeightMemory>(sizes[i]));
    check(holds_only(*weights[i], sizes[i], std::byte{0}), "new memory is zero");
    std::fill_n(weights[i]->data(), sizes[i], std::byte(i + 1));
  }
  weights[1].reset();
  weights[3].reset();
  for (const std::size_t i : {0, 2, 4}) check(holds_only(*weights[i], sizes[i], std::byte(i + 1)), "a neighbour's bytes stay");
  weights.clear();
  const WeightMemory again(5000);
  check(holds_only(again, 5000, std::byte{0}), "memory made after others went is zero");
}

}  // namespace

int main() {
  for (int round = 0; round < 3; ++round) keeps_the_neighbours_of_what_goes();
  return failures;
}
