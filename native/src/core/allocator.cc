#include "core/allocator.h"

#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace hone {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

void* system_allocate(std::size_t bytes) {
  const bool large = bytes >= 2 * kHugePage;
  const std::size_t alignment = large ? kHugePage : 64;
  void* data = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
#if defined(__linux__)
  // Weights and activations are walked front to back; huge pages save most of the address translation.
  if (data != nullptr && large) madvise(data, bytes, MADV_HUGEPAGE);
#endif
  return data;
}

}  // namespace

CachingAllocator::~CachingAllocator() { release_cache(); }

void* CachingAllocator::allocate(std::size_t bytes, std::size_t& capacity) {
  const std::size_t need = rounded(bytes);
  const auto found = cache_.lower_bound(need);
  // A block may be an eighth too large; more would let a few long sequences hold memory that short ones cannot use well.
  if (found != cache_.end() && found->first <= need + need / 8) {
    capacity = found->first;
    void* data = found->second;
    cache_.erase(found);
    cached_bytes_ -= static_cast<std::int64_t>(capacity);
    return data;
  }
  capacity = need;
  void* data = system_allocate(need);
  if (data == nullptr && !cache_.empty()) {
    release_cache();
    data = system_allocate(need);
  }
  return data;
}

void CachingAllocator::release(void* data, std::size_t capacity, std::int64_t keep_at_most) {
  cache_.emplace(capacity, data);
  cached_bytes_ += static_cast<std::int64_t>(capacity);
  // The largest blocks go first: they are the ones that the system hands out again without fragmenting.
  while (cached_bytes_ > keep_at_most && !cache_.empty()) {
    const auto last = std::prev(cache_.end());
    cached_bytes_ -= static_cast<std::int64_t>(last->first);
    std::free(last->second);
    cache_.erase(last);
  }
}

void CachingAllocator::release_cache() {
  for (const auto& [capacity, data] : cache_) std::free(data);
  cache_.clear();
  cached_bytes_ = 0;
}

}  // namespace hone
