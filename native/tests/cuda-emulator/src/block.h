#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emulator/warp.h"
#include "src/fiber.h"
#include "src/order.h"

namespace hone_emulator {

// A copy that its thread has not waited for yet.
struct LateCopy {
  void* shared;
  const void* global;
  bool is_inside;
  int group;
};

// What a thread makes of a product of its warpgroup that it has not waited for yet (warpgroup-unit.cc).
struct LateProduct {
  float* d;
  int tiles, row, column;  // Of the thread's first sum in each tile.
  bool has_registers, is_across, is_added;
  std::uint64_t a, b;
  float left[2][16];  // Its two rows of the left operand, once they are there.
  int group;
  const std::uint32_t* registers;  // Of the left operand, and what they held.
  std::uint32_t held[4];
};

struct Thread {
  uint3 index = {};
  int linear = 0;
  Fiber* fiber = nullptr;
  const char* waits_for = nullptr;
  const void* parked_at = nullptr;
  std::vector<LateCopy> copies;
  int copy_groups = 0;  // Committed.
  std::vector<LateProduct> products;
  int product_groups = 0;
  bool has_unpublished = false;  // Copies that arrived since it last published.
  bool has_begun = false;        // Products, since it last waited for some.
  int registers = 0;

  int warp() const { return linear / 32; }
  int lane() const { return linear % 32; }
};

// Lanes of a warp that meet under one mask. There are two of the slots: those of the last meeting stay until all have gone on, and
// nobody comes to the meeting after the next before that.
struct Meeting {
  unsigned mask = 0;
  unsigned arrived = 0;
  const char* doing = nullptr;
  void (*at_meeting)(Slots&) = nullptr;
  int turn = 0;
  Slots slots[2];
};

struct Warp {
  unsigned alive = 0;  // A bit per lane that has not left the kernel.
  std::deque<Meeting> meetings;
};

// Runs one block after another, each of its threads as a fiber. A thread runs until it meets others and they are not there; one
// that meets nobody costs no switch, because the fiber that finished it starts the next one.
class Block {
 public:
  // Empty, or what went wrong in the block; the threads that wait then are dropped.
  std::string run(dim3 block, const std::function<void()>& body, Order& order);

  const Slots& meet_warp(unsigned mask, const void* mine, int bytes, const char* doing, void (*at_meeting)(Slots&));
  int meet_block(bool vote);
  Thread& current() { return *current_; }
  [[noreturn]] void fail(std::string complaint);
  // The current thread waits until somebody wakes those that wait there; `what` says for what.
  void park(const void* there, const char* what);
  void wake(const void* there);
  // How many threads have copies that products of warpgroups would not see.
  int unpublished = 0;
  // What the threads have given back of the registers with which the block started.
  int registers_left = 0;

 private:
  static void run_threads();
  void set_up(dim3 block);
  void make_current(Thread& thread);
  void wait(const char* what);
  void make_ready(Thread& thread);
  Thread* take_ready();
  void switch_to(Fiber& fiber);
  void go_on();
  Meeting& meeting_of(Warp& warp, unsigned mask);
  void complete(Meeting& meeting, int warp);
  void leave();
  Fiber& free_fiber();
  std::string describe_deadlock() const;

  dim3 shape_ = dim3(0, 0, 0);
  std::vector<Thread> threads_;
  std::vector<int> start_order_;
  std::vector<Thread*> ready_;
  std::vector<Warp> warps_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> free_;
  Fiber main_;
  Fiber* running_ = &main_;
  Thread* current_ = nullptr;
  const std::function<void()>* body_ = nullptr;
  Order* order_ = nullptr;
  int count_ = 0, started_ = 0, left_ = 0;
  std::size_t ready_begin_ = 0;
  int at_barrier_ = 0, barrier_turn_ = 0, votes_[2] = {};
  std::string complaint_;
};

// The block that runs now; there is one at a time.
Block& the_block();

}  // namespace hone_emulator
