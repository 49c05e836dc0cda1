#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace hone {

// A fixed set of threads that run numbered tasks. The caller is thread 0 and works too, so size() threads are busy.
// One run at a time; a run ends when its tasks are done, whether or not every thread came: a thread that the machine gave to
// another process delays nobody. A kernel that must give the same bits at every thread count splits outputs, never a sum.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return size_; }

  // Which thread of the pool this is (0 for the caller): the index for Context::scratch.
  static int thread_index();

  // Calls fn(task) for every task in [0, tasks), in no promised order, and returns when all are done.
  // A run inside a run is done by its own thread alone.
  template <class F>
  void run(int tasks, F&& fn) {
    using Function = std::remove_reference_t<F>;
    dispatch(tasks, [](void* data, int task) { (*static_cast<Function*>(data))(task); },
             const_cast<void*>(static_cast<const void*>(&fn)));
  }

 private:
  using Call = void (*)(void*, int);

  void dispatch(int tasks, Call call, void* data);
  void work(int index);
  bool run_one_task(std::uint32_t generation);
  std::uint32_t wait_for_run(std::uint32_t seen);

  const int size_;
  std::vector<std::thread> threads_;

  // Valid from the publication of a run until its last task is done: only the holder of a claimed task reads them.
  Call call_ = nullptr;
  void* data_ = nullptr;
  // Generation, number of tasks and next task in one word: a thread that comes late to a run claims nothing of the next.
  alignas(64) std::atomic<std::uint64_t> state_{0};
  alignas(64) std::atomic<int> done_{0};
  std::atomic<bool> stop_{false};
  std::atomic<int> parked_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

// The threads to use when nobody says: the smaller of the affinity mask and the cgroup's CPU quota, at least 1.
int default_thread_count();

}  // namespace hone
