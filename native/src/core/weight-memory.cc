#include "core/weight-memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

namespace hone {

#if defined(__SANITIZE_ADDRESS__)

// One allocation each, so that the sanitizer sees a read beyond a weight.
WeightMemory::WeightMemory(std::size_t bytes) : bytes_(bytes) {
  void* data = nullptr;
  if (posix_memalign(&data, 4096, bytes) != 0) throw std::bad_alloc();
  std::memset(data, 0, bytes);
  data_ = static_cast<std::byte*>(data);
}

WeightMemory::~WeightMemory() { std::free(data_); }

#else

namespace {

constexpr std::size_t kPage = 4096, kHugePage = std::size_t{2} << 20, kRegionBytes = std::size_t{64} << 20;

std::size_t filled_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Address space that is given out from front to back, and given up when its last weight goes. Nothing of it is used twice, so
// what is given out is zero as the system made it, and pages that nobody wrote take no memory.
struct Region {
  std::byte* base;
  std::size_t bytes;
  std::size_t used = 0;
  int weights = 0;
};

std::mutex mutex;
std::vector<Region> regions;  // The last one is the one that is given out.

Region map_region(std::size_t bytes) {
  void* const mapped = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  std::byte* const begin = static_cast<std::byte*>(mapped);
  const std::size_t lead = filled_up(reinterpret_cast<std::uintptr_t>(begin), kHugePage) - reinterpret_cast<std::uintptr_t>(begin);
  if (lead > 0) munmap(begin, lead);
  if (lead < kHugePage) munmap(begin + lead + bytes, kHugePage - lead);
  madvise(begin + lead, bytes, MADV_HUGEPAGE);
  return {begin + lead, bytes};
}

}  // namespace

WeightMemory::WeightMemory(std::size_t bytes) : bytes_(filled_up(bytes, kPage)) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (regions.empty() || regions.back().bytes - regions.back().used < bytes_) {
    regions.push_back(map_region(std::max(kRegionBytes, filled_up(bytes_, kHugePage))));
  }
  Region& region = regions.back();
  data_ = region.base + region.used;
  region.used += bytes_;
  ++region.weights;
}

WeightMemory::~WeightMemory() {
  const std::lock_guard<std::mutex> lock(mutex);
  const auto region = std::find_if(regions.begin(), regions.end(), [&](const Region& one) {
    return data_ >= one.base && data_ < one.base + one.bytes;
  });
  if (--region->weights > 0) {
    madvise(data_, bytes_, MADV_DONTNEED);
    return;
  }
  munmap(region->base, region->bytes);
  regions.erase(region);
}

#endif

}  // namespace hone
