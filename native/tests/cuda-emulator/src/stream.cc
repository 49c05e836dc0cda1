#include "src/stream.h"

#include <cstdlib>
#include <string>

namespace hone_emulator {
namespace {

CUstream_st& default_stream() {
  static CUstream_st stream;
  return stream;
}

CUstream_st& or_default(CUstream_st* stream) { return stream == nullptr ? default_stream() : *stream; }

// Counts pieces of work, and says from one on that the card is gone: every piece after HONE_EMULATOR_LOST_AFTER of them fails, and so
// does every wait, as on a card that fell off its bus.
class Loss {
 public:
  bool happens_now() {
    is_lost_ = is_lost_ || (after_ > 0 && done_++ >= after_);
    return is_lost_;
  }
  bool happened() const { return is_lost_; }

 private:
  static std::uint64_t limit() {
    const char* text = std::getenv("HONE_EMULATOR_LOST_AFTER");
    return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  }

  const std::uint64_t after_ = limit();
  std::uint64_t done_ = 0;
  bool is_lost_ = false;
};

Loss& loss() {
  static Loss loss;
  return loss;
}

}  // namespace

// Read at every use, so that one program can run a case in several orders.
std::uint64_t seed() {
  const char* text = std::getenv("HONE_EMULATOR_SEED");
  return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
}

bool is_capturing(const CUstream_st* stream) { return stream != nullptr && stream->capture != nullptr; }

cudaError_t queue(CUstream_st* stream_or_null, Work work) {
  CUstream_st& stream = or_default(stream_or_null);
  if (stream.capture != nullptr) {
    stream.capture->nodes.push_back(std::move(work));
    return cudaSuccess;
  }
  ++stream.queued;
  stream.waiting.push_back(std::move(work));
  return seed() == 0 ? do_until(&stream, stream.queued) : cudaSuccess;
}

// The first error of the work is told once.
cudaError_t do_until(CUstream_st* stream_or_null, std::uint64_t position) {
  CUstream_st& stream = or_default(stream_or_null);
  if (loss().happened()) return cudaErrorDevicesUnavailable;
  while (stream.done < position && !stream.waiting.empty()) {
    const Work work = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    ++stream.done;
    const cudaError_t error = loss().happens_now() ? cudaErrorDevicesUnavailable : work();
    if (stream.error == cudaSuccess) stream.error = error;
  }
  return std::exchange(stream.error, cudaSuccess);
}

}  // namespace hone_emulator

using namespace hone_emulator;

cudaError_t cudaStreamCreate(cudaStream_t* out) {
  *out = new CUstream_st;
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* out, unsigned) { return cudaStreamCreate(out); }
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* out, unsigned, int) { return cudaStreamCreate(out); }

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (is_capturing(stream)) return cudaErrorStreamCaptureUnsupported;
  return do_until(stream, or_default(stream).queued);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const cudaError_t error = cudaStreamSynchronize(stream);
  delete stream;
  return error;
}

// Somebody who asks again and again sees it end.
cudaError_t cudaStreamQuery(cudaStream_t stream_or_null) {
  CUstream_st& stream = or_default(stream_or_null);
  if (stream.done == stream.queued) return cudaSuccess;
  const cudaError_t error = do_until(&stream, stream.done + 1);
  return error == cudaSuccess ? cudaErrorNotReady : error;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return queue(stream, [other = event->stream, position = event->position] { return do_until(other, position); });
}

cudaError_t cudaEventCreate(cudaEvent_t* out) {
  *out = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* out, unsigned) { return cudaEventCreate(out); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->stream = &or_default(stream);
  event->position = event->stream->queued;
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) { return do_until(event->stream, event->position); }

cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (event->stream == nullptr || event->stream->done >= event->position) return cudaSuccess;
  return cudaStreamQuery(event->stream) == cudaSuccess ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  *milliseconds = 1e-3f;  // No time of the emulator says anything about a card's.
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream == nullptr || stream->capture != nullptr) return cudaErrorStreamCaptureUnsupported;
  stream->capture = std::make_unique<CUgraph_st>();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* out) {
  if (!is_capturing(stream)) return cudaErrorInvalidValue;
  *out = stream->capture.release();
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* out) {
  *out = is_capturing(stream) ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* out, cudaGraph_t graph, unsigned long long) {
  *out = new CUgraphExec_st{graph->nodes};
  return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) { return cudaSuccess; }

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  if (is_capturing(stream)) return cudaErrorStreamCaptureUnsupported;
  for (const Work& node : graph->nodes) {
    if (const cudaError_t error = queue(stream, node); error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, CUgraphNode_st**, std::size_t* count) {
  *count = graph->nodes.size();
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  delete graph;
  return cudaSuccess;
}
