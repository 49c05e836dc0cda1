#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "emulator/runtime.h"

namespace hone_emulator {

using Work = std::function<cudaError_t()>;

}  // namespace hone_emulator

struct CUstream_st {
  std::deque<hone_emulator::Work> waiting;
  std::uint64_t queued = 0, done = 0;
  cudaError_t error = cudaSuccess;  // Of work that was done late.
  std::unique_ptr<CUgraph_st> capture;
};

struct CUgraph_st {
  std::vector<hone_emulator::Work> nodes;
};

struct CUgraphExec_st {
  std::vector<hone_emulator::Work> nodes;
};

struct CUevent_st {
  CUstream_st* stream = nullptr;
  std::uint64_t position = 0;  // Of the stream's work that must be done.
};

namespace hone_emulator {

// Does the work now, or keeps it: for the graph that the stream records, or for later.
cudaError_t queue(CUstream_st* stream, Work work);
cudaError_t do_until(CUstream_st* stream, std::uint64_t position);
bool is_capturing(const CUstream_st* stream);

// The text of cudaGetErrorString for the launch that failed last.
void tell(std::string complaint);

bool is_pinned(const void* memory);
std::uint64_t seed();

}  // namespace hone_emulator
