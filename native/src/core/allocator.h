#pragma once
#include <cstddef>
#include <cstdint>
#include <map>

namespace hone {

struct MemoryStats {
  std::int64_t live_bytes = 0;
  std::int64_t peak_bytes = 0;
  std::int64_t live_tensors = 0;

  void add(std::int64_t bytes) {
    live_bytes += bytes;
    if (live_bytes > peak_bytes) peak_bytes = live_bytes;
  }
};

// Blocks of 64-byte aligned memory. A freed block is kept for the next allocation of about its size, because a training
// step asks for the same sizes again and again and fresh pages cost more than most ops. The cache never holds more than
// the most that was ever live, so a process takes at most twice its peak. Not thread safe: the runtime's lock guards it.
class CachingAllocator {
 public:
  ~CachingAllocator();

  // The bytes that a request is counted and rounded as.
  static std::size_t rounded(std::size_t bytes) { return bytes == 0 ? 64 : (bytes + 63) / 64 * 64; }

  // Null when the system has no more, even after the cache was given back. `capacity` is what release wants to know.
  void* allocate(std::size_t bytes, std::size_t& capacity);
  void release(void* data, std::size_t capacity, std::int64_t keep_at_most);
  void release_cache();
  std::int64_t cached_bytes() const { return cached_bytes_; }

 private:
  std::multimap<std::size_t, void*> cache_;
  std::int64_t cached_bytes_ = 0;
};

}  // namespace hone
