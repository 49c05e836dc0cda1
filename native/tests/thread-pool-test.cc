// The pool runs every task once, whatever the counts, and survives being asked thousands of times in a row.
#include "core/thread-pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

#include "harness/check.h"

namespace {

using hone::ThreadPool;

void runs_every_task_once() {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (const int tasks : {0, 1, 2, 7, 64, 1000}) {
      std::vector<std::atomic<int>> seen(tasks);
      pool.run(tasks, [&](int task) { seen[task].fetch_add(1); });
      CHECK(std::all_of(seen.begin(), seen.end(), [](const std::atomic<int>& count) { return count.load() == 1; }));
    }
  }
}

void survives_many_short_runs() {
  ThreadPool pool(4);
  std::atomic<long> total{0};
  for (int run = 0; run < 20000; ++run) pool.run(4, [&](int task) { total.fetch_add(task); });
  CHECK(total.load() == 20000L * 6);
}

void wakes_after_parking() {
  ThreadPool pool(3);
  std::atomic<int> total{0};
  for (int run = 0; run < 20; ++run) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pool.run(30, [&](int) { total.fetch_add(1); });
  }
  CHECK(total.load() == 600);
}

void runs_a_nested_run_on_its_own_thread() {
  ThreadPool pool(3);
  std::atomic<int> total{0};
  std::atomic<bool> stayed{true};
  pool.run(6, [&](int) {
    const int outer = ThreadPool::thread_index();
    pool.run(5, [&](int) {
      if (ThreadPool::thread_index() != outer) stayed = false;
      total.fetch_add(1);
    });
  });
  CHECK(total.load() == 30);
  CHECK(stayed.load());
}

void numbers_its_threads() {
  ThreadPool pool(4);
  std::atomic<bool> in_range{true};
  pool.run(100, [&](int) {
    const int index = ThreadPool::thread_index();
    if (index < 0 || index >= pool.size()) in_range = false;
  });
  CHECK(in_range.load());
  CHECK(ThreadPool::thread_index() == 0);
  CHECK(hone::default_thread_count() >= 1);
}

}  // namespace

int main() {
  runs_every_task_once();
  survives_many_short_runs();
  wakes_after_parking();
  runs_a_nested_run_on_its_own_thread();
  numbers_its_threads();
  return hone::test::failures;
}
