#include "src/block.h"

#include <sys/mman.h>

#include <cstdarg>
#include <cstdio>
#include <map>
#include <numeric>

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace hone_emulator {
namespace {

// Reserved alone, so that there is room for what sanitizers put around variables.
constexpr std::size_t kStackBytes = 1024 * 1024;
constexpr std::size_t kPage = 4096;
constexpr int kRegisters = 65536;  // Of a multiprocessor.
constexpr const char* kBarrier = "__syncthreads";

// Reserved, not used: a page takes memory when a kernel first writes to it. The lowest page stops a stack that runs over.
std::byte* map_stack() {
  void* stack = mmap(nullptr, kStackBytes + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) {
    std::fprintf(stderr, "[cuda-emulator] expected memory for the stack of a thread but received none\n");
    std::abort();
  }
  mprotect(stack, kPage, PROT_NONE);
  return static_cast<std::byte*>(stack) + kPage;
}

}  // namespace

Block& the_block() {
  static Block block;
  return block;
}

std::string Block::run(dim3 block, const std::function<void()>& body, Order& order) {
  set_up(block);
  body_ = &body;
  order_ = &order;
  order.arrange(start_order_);
  while (left_ < count_ && complaint_.empty()) {
    if (started_ == count_ && ready_begin_ == ready_.size()) complaint_ = describe_deadlock();
    else go_on();
  }
  return complaint_;
}

void Block::set_up(dim3 block) {
  if (block.x != shape_.x || block.y != shape_.y || block.z != shape_.z) {
    shape_ = block;
    count_ = static_cast<int>(block.x * block.y * block.z);
    threads_.resize(count_);
    for (int i = 0; i < count_; ++i) {
      const auto at = static_cast<unsigned>(i);
      threads_[i].linear = i;
      threads_[i].index = {at % block.x, at / block.x % block.y, at / (block.x * block.y)};
    }
    warps_.resize((count_ + 31) / 32);
  }
  for (Thread& thread : threads_) {
    thread.waits_for = nullptr;
    thread.copies.clear();
    thread.products.clear();
    thread.copy_groups = 0;
    thread.has_unpublished = thread.has_begun = false;
    thread.parked_at = nullptr;
    thread.registers = std::min(255, kRegisters / count_ / 8 * 8);
  }
  unpublished = registers_left = 0;
  for (std::size_t warp = 0; warp < warps_.size(); ++warp) {
    const int lanes = std::min(32, count_ - static_cast<int>(warp) * 32);
    warps_[warp].alive = lanes == 32 ? 0xffffffffu : (1u << lanes) - 1;
    for (Meeting& meeting : warps_[warp].meetings) meeting.arrived = 0;
  }
  start_order_.resize(count_);
  std::iota(start_order_.begin(), start_order_.end(), 0);
  free_.clear();
  for (const auto& fiber : fibers_) free_.push_back(fiber.get());
  ready_.clear();
  ready_begin_ = 0;
  started_ = left_ = at_barrier_ = 0;
  votes_[0] = votes_[1] = 0;
  complaint_.clear();
}

void Block::make_current(Thread& thread) {
  current_ = &thread;
  threadIdx = thread.index;
}

// What every fiber does: threads that have not started, one after another, until one that waited can go on.
void Block::run_threads() {
  Block& self = the_block();
  while (self.started_ < self.count_) {
    Thread& thread = self.threads_[self.start_order_[self.started_++]];
    thread.fiber = self.running_;
    self.make_current(thread);
    (*self.body_)();
    self.leave();
    if (Thread* other = self.take_ready()) {
      self.free_.push_back(self.running_);
      self.switch_to(*other->fiber);
    }
  }
  self.free_.push_back(self.running_);
  self.switch_to(self.main_);
}

void Block::switch_to(Fiber& fiber) {
  Fiber* from = running_;
  running_ = &fiber;
  from->go_to(fiber);
}

// A thread that can go on, or null where one that has not started is to come first, or there is none.
Thread* Block::take_ready() {
  const std::size_t waiting = ready_.size() - ready_begin_;
  if (waiting == 0) return nullptr;
  if (order_->is_shuffled()) {
    if (started_ < count_ && order_->draw(2) == 0) return nullptr;
    std::size_t chosen = order_->draw(waiting);
    // In every other order some warps are far ahead of the rest: of a few that can go on, one of the first warp.
    for (int i = 0; order_->is_lopsided() && i < 4; ++i) {
      const std::size_t other = order_->draw(waiting);
      if (order_->rank(ready_[ready_begin_ + other]->warp()) < order_->rank(ready_[ready_begin_ + chosen]->warp())) chosen = other;
    }
    std::swap(ready_[ready_begin_], ready_[ready_begin_ + chosen]);
  }
  Thread* next = ready_[ready_begin_++];
  if (ready_begin_ == ready_.size()) {
    ready_.clear();
    ready_begin_ = 0;
  }
  return next;
}

void Block::go_on() {
  if (Thread* next = take_ready()) return switch_to(*next->fiber);
  if (started_ < count_) return switch_to(free_fiber());
  if (ready_begin_ < ready_.size()) return go_on();
  if (running_ != &main_) switch_to(main_);
}

Fiber& Block::free_fiber() {
  if (free_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>(map_stack(), kStackBytes));
    free_.push_back(fibers_.back().get());
  }
  Fiber& fiber = *free_.back();
  free_.pop_back();
  fiber.begin(run_threads);
  return fiber;
}

void Block::wait(const char* what) {
  Thread& me = *current_;
  me.waits_for = what;
  go_on();
  make_current(me);
}

void Block::make_ready(Thread& thread) {
  thread.waits_for = nullptr;
  ready_.push_back(&thread);
}

void Block::park(const void* there, const char* what) {
  current_->parked_at = there;
  wait(what);
}

void Block::wake(const void* there) {
  for (Thread& thread : threads_) {
    if (thread.waits_for == nullptr || thread.parked_at != there) continue;
    thread.parked_at = nullptr;
    make_ready(thread);
  }
}

Meeting& Block::meeting_of(Warp& warp, unsigned mask) {
  for (Meeting& meeting : warp.meetings) {
    if (meeting.mask == mask) return meeting;
  }
  warp.meetings.emplace_back();
  warp.meetings.back().mask = mask;
  return warp.meetings.back();
}

const Slots& Block::meet_warp(unsigned mask, const void* mine, int bytes, const char* doing, void (*at_meeting)(Slots&)) {
  Thread& me = *current_;
  const unsigned own = 1u << me.lane();
  Warp& warp = warps_[me.warp()];
  if ((mask & own) == 0) fail_kernel("%s names the lanes %08x, and lane %d, which calls it, is none of them", doing, mask, me.lane());
  Meeting& meeting = meeting_of(warp, mask);
  if (meeting.arrived != 0 && std::strcmp(meeting.doing, doing) != 0) {
    fail_kernel("the lanes %08x meet, some for %s and some for %s", mask, meeting.doing, doing);
  }
  Slots& slots = meeting.slots[meeting.turn];
  if (meeting.arrived == 0) slots.present = 0;
  meeting.doing = doing;
  meeting.at_meeting = at_meeting;
  if (bytes > 0) std::memcpy(slots.bytes[me.lane()], mine, bytes);
  slots.present |= own;
  meeting.arrived |= own;
  if (meeting.arrived == (mask & warp.alive)) {
    complete(meeting, me.warp());
  } else {
    wait(doing);
  }
  return slots;
}

void Block::complete(Meeting& meeting, int warp) {
  if (meeting.at_meeting != nullptr) meeting.at_meeting(meeting.slots[meeting.turn]);
  const unsigned arrived = meeting.arrived;
  meeting.arrived = 0;
  meeting.turn ^= 1;
  for (int lane = 0; lane < 32; ++lane) {
    if ((arrived & (1u << lane)) == 0) continue;
    Thread& thread = threads_[warp * 32 + lane];
    if (thread.waits_for != nullptr) make_ready(thread);
  }
}

int Block::meet_block(bool vote) {
  const int turn = barrier_turn_;
  votes_[turn] += vote ? 1 : 0;
  if (++at_barrier_ < count_) {
    wait(kBarrier);
    return votes_[turn];
  }
  at_barrier_ = 0;
  barrier_turn_ ^= 1;
  votes_[barrier_turn_] = 0;
  for (Thread& thread : threads_) {
    if (thread.waits_for == kBarrier) make_ready(thread);
  }
  return votes_[turn];
}

void Block::leave() {
  Thread& me = *current_;
  ++left_;
  Warp& warp = warps_[me.warp()];
  warp.alive &= ~(1u << me.lane());
  for (Meeting& meeting : warp.meetings) {
    if (meeting.arrived != 0 && meeting.arrived == (meeting.mask & warp.alive)) complete(meeting, me.warp());
  }
}

std::string Block::describe_deadlock() const {
  std::map<std::string, int> counts;
  for (const Thread& thread : threads_) {
    if (thread.waits_for != nullptr) ++counts[thread.waits_for];
  }
  std::string text = "a barrier that not all threads reach: of " + std::to_string(count_) + " threads";
  for (const auto& [what, count] : counts) text += " " + std::to_string(count) + " wait at " + what + ",";
  return text + " " + std::to_string(left_) + " have left the kernel";
}

void Block::fail(std::string complaint) {
  complaint_ = std::move(complaint);
  switch_to(main_);
  __builtin_unreachable();
}

const Slots& meet_warp(unsigned mask, const void* mine, int bytes, const char* doing, void (*at_meeting)(Slots&)) {
  return the_block().meet_warp(mask, mine, bytes, doing, at_meeting);
}

int meet_block(bool vote) { return the_block().meet_block(vote); }

int lane_of_current() { return the_block().current().lane(); }

void fail_kernel(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  const Thread& thread = the_block().current();
  char where[128];
  std::snprintf(where, sizeof(where), " (block %u,%u,%u, thread %u,%u,%u)", blockIdx.x, blockIdx.y, blockIdx.z, thread.index.x,
                thread.index.y, thread.index.z);
  the_block().fail(std::string(text) + where);
}

}  // namespace hone_emulator
