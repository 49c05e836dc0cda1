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

// Long enough that back-to-back ops never park (an op follows another in a few microseconds),
// short enough that an idle process is quiet.
constexpr int kSpinsBeforePark = 20000;

void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// cgroup v2 writes "max 100000" or "quota period"; 0 when there is no quota to read.
int cgroup_cpus() {
  std::FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "r");
  if (file == nullptr) return 0;
  long quota = 0, period = 0;
  const int read = std::fscanf(file, "%ld %ld", &quota, &period);
  std::fclose(file);
  if (read != 2 || quota <= 0 || period <= 0) return 0;
  return static_cast<int>(std::max(1L, (quota + period - 1) / period));
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
    generation_.fetch_add(1);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::dispatch(int tasks, Call call, void* data) {
  if (tasks <= 0) return;
  if (tasks == 1 || size_ == 1 || inside_run) {
    for (int task = 0; task < tasks; ++task) call(data, task);
    return;
  }
  call_ = call;
  data_ = data;
  tasks_ = tasks;
  next_.store(0);
  busy_.store(size_ - 1);
  generation_.fetch_add(1);
  if (parked_.load() > 0) {
    // Taking the mutex orders this after a thread that is about to park, so no wake-up is lost.
    { const std::lock_guard<std::mutex> lock(mutex_); }
    wake_.notify_all();
  }
  drain();
  while (busy_.load(std::memory_order_acquire) > 0) pause_briefly();
}

void ThreadPool::drain() {
  inside_run = true;
  for (int task = next_.fetch_add(1); task < tasks_; task = next_.fetch_add(1)) call_(data_, task);
  inside_run = false;
}

std::uint64_t ThreadPool::wait_for_run(std::uint64_t seen) {
  for (int spin = 0; spin < kSpinsBeforePark; ++spin) {
    const std::uint64_t now = generation_.load();
    if (now != seen) return now;
    pause_briefly();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  parked_.fetch_add(1);
  wake_.wait(lock, [&] { return generation_.load() != seen; });
  parked_.fetch_sub(1);
  return generation_.load();
}

void ThreadPool::work(int index) {
  current_index = index;
  std::uint64_t seen = 0;
  for (;;) {
    seen = wait_for_run(seen);
    if (stop_.load()) return;
    drain();
    busy_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace hone
