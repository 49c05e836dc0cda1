#include "cuda/card/staging.h"

#include <algorithm>
#include <cstring>

#include "cuda/launch.h"

namespace hone::cuda {

Status Staging::open() {
  void* memory = nullptr;
  HONE_TRY(cuda_status(cudaHostAlloc(&memory, kSegments * kSegmentBytes, cudaHostAllocDefault), "taking pinned memory"));
  memory_ = static_cast<std::byte*>(memory);
  for (cudaEvent_t& event : copied_) {
    HONE_TRY(cuda_status(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event"));
  }
  return {};
}

Staging::~Staging() {
  for (const cudaEvent_t event : copied_) {
    if (event != nullptr) cudaEventDestroy(event);
  }
  if (memory_ != nullptr) cudaFreeHost(memory_);
}

Status Staging::wait(int segment, CardCounters& counters) {
  if (!is_used_[segment]) return {};
  is_used_[segment] = false;
  const cudaError_t state = cudaEventQuery(copied_[segment]);
  if (state != cudaErrorNotReady) return cuda_status(state, "copying to the GPU");
  counters.synchronisations += 1;
  return cuda_status(cudaEventSynchronize(copied_[segment]), "copying to the GPU");
}

Status Staging::write(cudaStream_t stream, void* target, const void* source, std::int64_t bytes, CardCounters& counters) {
  for (std::int64_t done = 0; done < bytes; done += kSegmentBytes) {
    const std::int64_t part = std::min(bytes - done, kSegmentBytes);
    const int segment = next_;
    next_ = (next_ + 1) % kSegments;
    HONE_TRY(wait(segment, counters));
    std::byte* pinned = memory_ + segment * kSegmentBytes;
    std::memcpy(pinned, static_cast<const std::byte*>(source) + done, static_cast<std::size_t>(part));
    HONE_TRY(cuda_status(cudaMemcpyAsync(static_cast<std::byte*>(target) + done, pinned, static_cast<std::size_t>(part),
                                         cudaMemcpyHostToDevice, stream),
                         "copying to the GPU"));
    HONE_TRY(cuda_status(cudaEventRecord(copied_[segment], stream), "copying to the GPU"));
    is_used_[segment] = true;
  }
  counters.bytes_to_card += bytes;
  return {};
}

Status Staging::read(cudaStream_t stream, void* target, const void* source, std::int64_t bytes, CardCounters& counters) {
  // Without a copy nothing would have been waited for below, and the segments would pass for free.
  if (bytes == 0) return {};
  // The whole ring at a time: what was queued before is waited for with the first part. The stream itself keeps the copies from the
  // card behind those to it that still read the ring.
  const std::int64_t ring = kSegments * kSegmentBytes;
  for (std::int64_t done = 0; done < bytes; done += ring) {
    const auto part = static_cast<std::size_t>(std::min(bytes - done, ring));
    HONE_TRY(cuda_status(cudaMemcpyAsync(memory_, static_cast<const std::byte*>(source) + done, part, cudaMemcpyDeviceToHost, stream),
                         "copying from the GPU"));
    HONE_TRY(cuda_status(cudaStreamSynchronize(stream), "waiting for the GPU"));
    std::memcpy(static_cast<std::byte*>(target) + done, memory_, part);
  }
  counters.synchronisations += 1;
  counters.bytes_from_card += bytes;
  // Everything that was queued has ended, the copies of the ring among it.
  std::fill(is_used_, is_used_ + kSegments, false);
  return {};
}

}  // namespace hone::cuda
