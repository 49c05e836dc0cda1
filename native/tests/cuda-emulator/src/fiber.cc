#include "src/fiber.h"

#include <cstdint>

namespace hone_emulator {

namespace {
Fiber* arriving = nullptr;
}

Fiber::Fiber(std::byte* stack, std::size_t bytes) : stack_(stack), bytes_(bytes) {}

void Fiber::begin(void (*entry)()) {
  entry_ = entry;
  seen_.renew(stack_, bytes_, deepest());
  prepare(enter);
}

void Fiber::enter() {
  arriving->seen_.arrive();
  arriving->entry_();
}

void Fiber::go_to(Fiber& next) {
  arriving = &next;
  seen_.leave_for(next.seen_);
  switch_to(next);
  seen_.arrive();
}

#ifdef __x86_64__

// swapcontext asks the system to keep the signal mask, at 300 ns a switch; this keeps the registers that a call must keep.
extern "C" void hone_emulator_switch(void** keep_top, void* next_top);
asm(R"(
.pushsection .text
.globl hone_emulator_switch
.hidden hone_emulator_switch
.type hone_emulator_switch,@function
hone_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size hone_emulator_switch,.-hone_emulator_switch
.popsection
)");

// What ran here last and has not returned lies above.
const std::byte* Fiber::deepest() const { return top_ != nullptr ? static_cast<const std::byte*>(top_) : stack_ + bytes_; }

void Fiber::prepare(void (*first)()) {
  auto* top = reinterpret_cast<std::uintptr_t*>(stack_ + bytes_);
  *--top = 0;  // Where `first` would return to, so that the stack is aligned as after a call.
  *--top = reinterpret_cast<std::uintptr_t>(first);
  for (int i = 0; i < 6; ++i) *--top = 0;
  top_ = top;
}

void Fiber::switch_to(Fiber& next) { hone_emulator_switch(&top_, next.top_); }

#else

const std::byte* Fiber::deepest() const { return stack_; }

void Fiber::prepare(void (*first)()) {
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = bytes_;
  context_.uc_link = nullptr;
  makecontext(&context_, first, 0);
}

void Fiber::switch_to(Fiber& next) { swapcontext(&context_, &next.context_); }

#endif

}  // namespace hone_emulator
