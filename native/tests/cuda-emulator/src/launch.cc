#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>

#include "src/block.h"
#include "src/device.h"
#include "src/shared-memory.h"
#include "src/stream.h"

namespace hone_emulator {
namespace {

std::mutex running;  // One grid at a time, whoever asks.

// Without asking a block has 48 KiB, of which the arrays that its kernel declares take some; nobody here knows how much, and 16 KiB is
// the bound that launch.h keeps free for them.
constexpr std::size_t kSharedUnasked = 32 * 1024;

// What a kernel asked for by cudaFuncSetAttribute.
std::map<const void*, std::size_t>& shared_limits() {
  static std::map<const void*, std::size_t> limits;
  return limits;
}

bool fits(const cudaLaunchConfig_t& config, const void* kernel) {
  const dim3 &grid = config.gridDim, &block = config.blockDim;
  const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
  const auto limit = shared_limits().find(kernel);
  return grid.x > 0 && grid.y > 0 && grid.z > 0 && grid.x <= 0x7fffffffu && grid.y <= 65535 && grid.z <= 65535 && threads > 0 &&
         threads <= 1024 && block.z <= 64 &&
         config.dynamicSmemBytes <= (limit == shared_limits().end() ? kSharedUnasked : limit->second);
}

cudaError_t run_grid(const cudaLaunchConfig_t& config, const std::function<void()>& thread) {
  std::lock_guard lock(running);
  Order order(seed());
  gridDim = config.gridDim;
  blockDim = config.blockDim;
  const std::uint64_t count = std::uint64_t{gridDim.x} * gridDim.y * gridDim.z;
  std::vector<std::uint64_t> blocks(runs_last_block() ? 1 : count, count - 1);
  if (blocks.size() == count) std::iota(blocks.begin(), blocks.end(), 0);
  order.arrange(blocks);
  SharedMemory& memory = the_shared_memory();
  memory.begin_launch(config.dynamicSmemBytes);
  std::string complaint;
  for (std::size_t i = 0; i < blocks.size() && complaint.empty(); ++i) {
    const std::uint64_t at = blocks[i];
    blockIdx = {static_cast<unsigned>(at % gridDim.x), static_cast<unsigned>(at / gridDim.x % gridDim.y),
                static_cast<unsigned>(at / (std::uint64_t{gridDim.x} * gridDim.y))};
    memory.begin_block();
    complaint = the_block().run(config.blockDim, thread, order);
    const std::string overrun = memory.end_block();
    if (complaint.empty()) complaint = overrun;
  }
  memory.end_launch();
  if (complaint.empty()) return cudaSuccess;
  tell(complaint);
  return cudaErrorLaunchFailure;
}

}  // namespace

cudaError_t launch(const cudaLaunchConfig_t& config, const void* kernel, std::function<void()> thread) {
  if (!fits(config, kernel)) return cudaErrorInvalidConfiguration;
  if (is_dry() && !runs_last_block()) return cudaSuccess;
  return queue(config.stream, [config, thread = std::move(thread)] { return run_grid(config, thread); });
}

}  // namespace hone_emulator

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || value > hone_emulator::shared_bytes_max()) return cudaErrorInvalidValue;
  hone_emulator::shared_limits()[kernel] = static_cast<std::size_t>(value);
  return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* out, const void*) {
  out->maxThreadsPerBlock = 1024;
  return cudaSuccess;
}
