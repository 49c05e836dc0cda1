#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "core/card.h"

namespace hone::cuda {

// Carries bytes between pageable memory and the card by way of a ring of pinned segments, since copies from pageable memory would
// make the host wait. A segment is used again when its copy has ended.
class Staging {
 public:
  static constexpr int kSegments = 16;
  static constexpr std::int64_t kSegmentBytes = std::int64_t{4} << 20;

  Staging() = default;
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  Status open();
  // The bytes are taken over before it returns. Waits only where the ring is full, and counts that.
  Status write(cudaStream_t stream, void* target, const void* source, std::int64_t bytes, CardCounters& counters);
  // Waits for everything that was queued before, once.
  Status read(cudaStream_t stream, void* target, const void* source, std::int64_t bytes, CardCounters& counters);

 private:
  Status wait(int segment, CardCounters& counters);

  std::byte* memory_ = nullptr;
  cudaEvent_t copied_[kSegments] = {};
  bool is_used_[kSegments] = {};
  int next_ = 0;
};

}  // namespace hone::cuda
