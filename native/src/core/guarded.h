#pragma once
#include <mutex>
#include <new>
#include <utility>

#include "core/runtime.h"

namespace hone {

// Keeps the sentence for hone_last_error of the calling thread and gives the code.
int report(const Status& status);

// Runs `body` under the runtime's lock, and keeps every exception (only allocation can throw) on this side of the C ABI.
template <class F>
int guarded(F&& body) {
  try {
    Runtime* runtime = Runtime::get();
    if (runtime == nullptr) return report({Code::internal, "expected hone_init before any other call"});
    const std::lock_guard<std::mutex> lock(runtime->mutex);
    return report(body(*runtime));
  } catch (const std::bad_alloc&) {
    return report({Code::out_of_memory, "the system has no more memory"});
  }
}

}  // namespace hone
