#include "null/null-device.h"

#include <atomic>

namespace hone::null_device {
namespace {

std::atomic<std::int64_t> runs{0};

}  // namespace

Status run(int, const ArgValue*, int) {
  runs.fetch_add(1, std::memory_order_relaxed);
  return {};
}

std::int64_t ops_run() { return runs.load(std::memory_order_relaxed); }

}  // namespace hone::null_device
