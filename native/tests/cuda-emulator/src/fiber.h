#pragma once
#include <cstddef>

#ifndef __x86_64__
#include <ucontext.h>
#endif

#include "src/fiber-sanitizers.h"

namespace hone_emulator {

// A stack on which a function runs until it hands on to another fiber. The one that started the program has no stack of its own.
class Fiber {
 public:
  Fiber() = default;
  Fiber(std::byte* stack, std::size_t bytes);

  // The next time that this fiber is gone to, `entry` begins; it must never return. What ran on it before is forgotten.
  void begin(void (*entry)());
  // Goes on with `next`; returns when somebody comes back to this one.
  void go_to(Fiber& next);

 private:
  static void enter();
  void prepare(void (*first)());
  void switch_to(Fiber& next);
  const std::byte* deepest() const;

  void (*entry_)() = nullptr;
  StackOfFiber seen_;
  std::byte* stack_ = nullptr;
  std::size_t bytes_ = 0;
#ifdef __x86_64__
  void* top_ = nullptr;
#else
  ucontext_t context_;
#endif
};

}  // namespace hone_emulator
