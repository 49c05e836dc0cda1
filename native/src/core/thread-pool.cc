#include "core/thread-pool.h"

#include <algorithm>
#include <cstdio>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hone {
namespace {

thread_local int current_index = 0;
thread_local bool inside_run = false;

// About 50 us: back-to-back ops (a few microseconds apart) never park, and an idle pool leaves its core to others.
constexpr int kSpinsBeforePark = 1000;
// How long the caller spins for the last tasks of others before it offers its core to the thread that may be waiting for one.
constexpr int kSpinsBeforeYield = 4000;

// The run word: 24 bits of generation, 20 of tasks, 20 of the next task.
constexpr int kCountBits = 20;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;
constexpr std::uint32_t kGenerationMask = (std::uint32_t{1} << 24) - 1;

std::uint64_t run_word(std::uint32_t generation, std::uint64_t tasks) {
  return (std::uint64_t{generation} << (2 * kCountBits)) | (tasks << kCountBits);
}
std::uint32_t generation_of(std::uint64_t word) { return static_cast<std::uint32_t>(word >> (2 * kCountBits)); }
std::uint64_t tasks_of(std::uint64_t word) { return (word >> kCountBits) & kCountMask; }
std::uint64_t next_of(std::uint64_t word) { return word & kCountMask; }

void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// A quota of CPU time as whole CPUs, at least one; 0 where there is none (-1 in cgroup v1).
int cpus_of(long quota, long period) {
  return quota <= 0 || period <= 0 ? 0 : static_cast<int>(std::max(1L, (quota + period - 1) / period));
}

bool read_number(const char* path, long& out) {
  std::FILE* file = std::fopen(path, "r");
  if (file == nullptr) return false;
  const int read = std::fscanf(file, "%ld", &out);
  std::fclose(file);
  return read == 1;
}

// What the container may use. cgroup v2 writes "max 100000" or "quota period" in one file, v1 has two.
int cgroup_cpus() {
  long quota = 0, period = 0;
  if (std::FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "r"); file != nullptr) {
    const int read = std::fscanf(file, "%ld %ld", &quota, &period);
    std::fclose(file);
    return read == 2 ? cpus_of(quota, period) : 0;
  }
  const bool has_quota = read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota) &&
                         read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period);
  return has_quota ? cpus_of(quota, period) : 0;
}

}  // namespace

int default_thread_count() {
  int cpus = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) cpus = std::max(1, CPU_COUNT(&set));
#endif
  const int quota = cgroup_cpus();
  return quota > 0 ? std::min(cpus, quota) : cpus;
}

int ThreadPool::thread_index() { return current_index; }

ThreadPool::ThreadPool(int threads) : size_(std::max(1, threads)) {
  threads_.reserve(size_ - 1);
  for (int index = 1; index < size_; ++index) threads_.emplace_back([this, index] { work(index); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_.store(true);
    state_.store(run_word((generation_of(state_.load()) + 1) & kGenerationMask, 0));
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::dispatch(int tasks, Call call, void* data) {
  if (tasks <= 0) return;
  if (tasks == 1 || size_ == 1 || inside_run || static_cast<std::uint64_t>(tasks) > kCountMask) {
    for (int task = 0; task < tasks; ++task) call(data, task);
    return;
  }
  call_ = call;
  data_ = data;
  done_.store(0, std::memory_order_relaxed);
  const std::uint32_t generation = (generation_of(state_.load(std::memory_order_relaxed)) + 1) & kGenerationMask;
  state_.store(run_word(generation, static_cast<std::uint64_t>(tasks)));
  if (parked_.load() > 0) {
    // Taking the mutex orders this after a thread that is about to park, so no wake-up is lost.
    { const std::lock_guard<std::mutex> lock(mutex_); }
    wake_.notify_all();
  }
  inside_run = true;
  while (run_one_task(generation)) {
  }
  inside_run = false;
  for (int spin = 0; done_.load(std::memory_order_acquire) < tasks; ++spin) {
    if (spin < kSpinsBeforeYield) pause_briefly();
    else std::this_thread::yield();
  }
}

// Claims and runs one task of the given run; false when there is none left or the run is over.
bool ThreadPool::run_one_task(std::uint32_t generation) {
  std::uint64_t word = state_.load(std::memory_order_acquire);
  do {
    if (generation_of(word) != generation || next_of(word) >= tasks_of(word)) return false;
  } while (!state_.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel, std::memory_order_acquire));
  call_(data_, static_cast<int>(next_of(word)));
  done_.fetch_add(1, std::memory_order_release);
  return true;
}

std::uint32_t ThreadPool::wait_for_run(std::uint32_t seen) {
  for (int spin = 0; spin < kSpinsBeforePark; ++spin) {
    const std::uint32_t now = generation_of(state_.load(std::memory_order_acquire));
    if (now != seen) return now;
    pause_briefly();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  parked_.fetch_add(1);
  wake_.wait(lock, [&] { return generation_of(state_.load()) != seen; });
  parked_.fetch_sub(1);
  return generation_of(state_.load());
}

void ThreadPool::work(int index) {
  current_index = index;
  inside_run = true;
  std::uint32_t seen = 0;
  for (;;) {
    seen = wait_for_run(seen);
    if (stop_.load()) return;
    while (run_one_task(seen)) {
    }
  }
}

}  // namespace hone
