#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "hone/status.h"

namespace hone::cuda {

// Copies on a stream of their own, beside what the main one computes. Events order the two, and the host waits for neither.
class SideCopies {
 public:
  // So many copies can be under way; to await an older one waits for the one that took its event.
  static constexpr int kEvents = 64;

  SideCopies() = default;
  ~SideCopies();
  SideCopies(const SideCopies&) = delete;
  SideCopies& operator=(const SideCopies&) = delete;

  Status open();
  Status start(cudaStream_t main, const void* source, void* target, std::int64_t bytes, std::int64_t& ticket);
  Status await(cudaStream_t main, std::int64_t ticket);
  // The host waits for all of them.
  Status synchronise();

 private:
  cudaStream_t stream_ = nullptr;
  cudaEvent_t queued_ = nullptr;
  cudaEvent_t copied_[kEvents] = {};
  std::int64_t next_ = 1;
};

}  // namespace hone::cuda
