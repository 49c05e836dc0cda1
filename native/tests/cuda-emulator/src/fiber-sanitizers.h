#pragma once
// Sanitizers follow the stack that a program runs on, so whoever changes it must tell them: the address sanitizer before and after every
// change (sanitizer/common_interface_defs.h), the thread sanitizer before it (sanitizer/tsan_interface.h). Without them all of this is
// nothing.
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace hone_emulator {

#if defined(__SANITIZE_ADDRESS__)

class StackOfFiber {
 public:
  // A stack of its own on which nothing has begun: what lies there from `top` on, and was hidden, is forgotten. All of a stack would be
  // most of the time of a kernel.
  void renew(const std::byte* begin, std::size_t bytes, const std::byte* top) {
    begin_ = begin;
    bytes_ = bytes;
    hidden_ = nullptr;
    __asan_unpoison_memory_region(top, static_cast<std::size_t>(begin + bytes - top));
  }

  void leave_for(StackOfFiber& next) {
    left_ = this;
    __sanitizer_start_switch_fiber(&hidden_, next.begin_, next.bytes_);
  }

  // The one that was left may be the stack of a thread, whose place only the sanitizer knows.
  void arrive() { __sanitizer_finish_switch_fiber(hidden_, &left_->begin_, &left_->bytes_); }

 private:
  inline static StackOfFiber* left_ = nullptr;
  const void* begin_ = nullptr;
  std::size_t bytes_ = 0;
  void* hidden_ = nullptr;
};

#elif defined(__SANITIZE_THREAD__)

class StackOfFiber {
 public:
  // What ran here before never returned, and stays in the sanitizer's own list of calls, which has room for 65536 of them: a fiber that
  // was begun often is made anew.
  void renew(const std::byte*, std::size_t, const std::byte*) {
    if (fiber_ != nullptr && ++begun_ < kBegunMost) return;
    if (fiber_ != nullptr) __tsan_destroy_fiber(fiber_);
    fiber_ = __tsan_create_fiber(0);
    begun_ = 0;
  }

  void leave_for(StackOfFiber& next) {
    // The first fiber is a thread, and not always the same.
    fiber_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(next.fiber_, 0);
  }

  void arrive() {}

 private:
  static constexpr int kBegunMost = 1000;  // Of some 10 calls each.
  void* fiber_ = nullptr;
  int begun_ = 0;
};

#else

class StackOfFiber {
 public:
  void renew(const std::byte*, std::size_t, const std::byte*) {}
  void leave_for(StackOfFiber&) {}
  void arrive() {}
};

#endif

}  // namespace hone_emulator
