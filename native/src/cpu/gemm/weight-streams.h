#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/thread-pool.h"

// How the panels of a weight are shared out where a product is bound by reading them: every thread has one contiguous run, so
// that memory is read as one ascending stream a thread, and whoever is done early takes panels from the runs of the others.
namespace hone::HONE_ISA {

template <class Guard, class Work>
void walk_streams(ThreadPool& pool, std::int64_t panels, Work&& work) {
  struct alignas(64) Run {
    std::atomic<std::int64_t> next;
    std::int64_t end;
  };
  constexpr int kRuns = 64;
  Run runs[kRuns];
  const int count = static_cast<int>(std::min<std::int64_t>({pool.size(), panels, kRuns}));
  for (int run = 0; run < count; ++run) {
    runs[run].next.store(panels * run / count, std::memory_order_relaxed);
    runs[run].end = panels * (run + 1) / count;
  }
  pool.run(count, [&](int task) {
    const Guard guard;
    for (int turn = 0; turn < count; ++turn) {
      Run& run = runs[(task + turn) % count];
      for (;;) {
        const std::int64_t panel = run.next.fetch_add(1, std::memory_order_relaxed);
        if (panel >= run.end) break;
        work(panel);
      }
    }
  });
}

// The same over the panels of `count` products, whose weights follow each other in one walk: work(product, panel).
template <class Guard, class Product, class Work>
void walk_streams_of(ThreadPool& pool, const Product* products, int count, Work&& work) {
  std::int64_t panels = 0;
  for (int i = 0; i < count; ++i) panels += products[i].weight.panels();
  walk_streams<Guard>(pool, panels, [&](std::int64_t panel) {
    const Product* product = products;
    for (; panel >= product->weight.panels(); ++product) panel -= product->weight.panels();
    work(*product, panel);
  });
}

}  // namespace hone::HONE_ISA
