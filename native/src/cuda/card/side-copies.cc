#include "cuda/card/side-copies.h"

#include "cuda/launch.h"

namespace hone::cuda {

Status SideCopies::open() {
  HONE_TRY(cuda_status(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream"));
  HONE_TRY(cuda_status(cudaEventCreateWithFlags(&queued_, cudaEventDisableTiming), "making an event"));
  for (cudaEvent_t& event : copied_) {
    HONE_TRY(cuda_status(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event"));
  }
  return {};
}

SideCopies::~SideCopies() {
  if (stream_ != nullptr) {
    cudaStreamSynchronize(stream_);
    cudaStreamDestroy(stream_);
  }
  if (queued_ != nullptr) cudaEventDestroy(queued_);
  for (const cudaEvent_t event : copied_) {
    if (event != nullptr) cudaEventDestroy(event);
  }
}

Status SideCopies::start(cudaStream_t main, const void* source, void* target, std::int64_t bytes, std::int64_t& ticket) {
  HONE_TRY(cuda_status(cudaEventRecord(queued_, main), "copying beside"));
  HONE_TRY(cuda_status(cudaStreamWaitEvent(stream_, queued_, 0), "copying beside"));
  HONE_TRY(cuda_status(cudaMemcpyAsync(target, source, static_cast<std::size_t>(bytes), cudaMemcpyDefault, stream_), "copying beside"));
  ticket = next_++;
  return cuda_status(cudaEventRecord(copied_[ticket % kEvents], stream_), "copying beside");
}

Status SideCopies::await(cudaStream_t main, std::int64_t ticket) {
  return cuda_status(cudaStreamWaitEvent(main, copied_[ticket % kEvents], 0), "waiting for a copy");
}

Status SideCopies::synchronise() { return cuda_status(cudaStreamSynchronize(stream_), "waiting for the copies"); }

}  // namespace hone::cuda
