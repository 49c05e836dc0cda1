#pragma once
#include <immintrin.h>

#include <algorithm>
#include <cstdint>

// Brings what comes next into the second level while the arithmetic goes on: a few lines with every call, because a burst waits
// for the few line buffers, and by name, because the hardware prefetcher stops at the ends of pages and of short runs.
namespace hone::HONE_ISA {

// Runs of `bytes` each, `stride` bytes apart.
struct Lines {
  const void* first = nullptr;
  std::int64_t bytes = 0, runs = 1, stride = 0;
};

class LinesAhead {
 public:
  // To be asked for in equal pieces by about `calls` calls.
  void aim(const Lines& lines, std::int64_t calls) {
    run_ = static_cast<const char*>(lines.first);
    bytes_ = lines.bytes;
    stride_ = lines.stride;
    runs_ = lines.bytes > 0 ? lines.runs : 0;
    at_ = 0;
    piece_ = (runs_ * ((bytes_ + 63) / 64) + calls - 1) / std::max<std::int64_t>(1, calls);
  }

  void go() {
    for (std::int64_t left = piece_; left > 0 && runs_ > 0; --left) {
      _mm_prefetch(run_ + at_, _MM_HINT_T1);
      at_ += 64;
      if (at_ < bytes_) continue;
      at_ = 0;
      run_ += stride_;
      --runs_;
    }
  }

 private:
  const char* run_ = nullptr;
  std::int64_t bytes_ = 0, stride_ = 0, runs_ = 0, at_ = 0, piece_ = 0;
};

}  // namespace hone::HONE_ISA
