#pragma once
#include <type_traits>

#include "cpu/split.h"

// Outputs too large to be found in a cache by whoever reads them next go around it: a plain store first reads the line that it
// overwrites, which is a third of the traffic of a copy. The values are the same bits either way.
namespace hone::HONE_ISA {

// A few times the second-level caches of the cores that share an op. What the last level keeps of it differs by machine, and on
// a shared machine by the minute.
inline constexpr std::int64_t kStreamedBytes = std::int64_t{16} << 20;

// Whether an output of `count` elements in rows of `width` is streamed: such a store must be aligned in every row. An output that
// is an input as well is in the cache by then, and its caller says so.
inline bool is_streamed(const float* out, std::int64_t width, std::int64_t count) {
  return count * static_cast<std::int64_t>(sizeof(float)) >= kStreamedBytes && width % kWide == 0 &&
         reinterpret_cast<std::uintptr_t>(out) % 64 == 0;
}

// Calls body with std::true_type or std::false_type, so that a loop knows its kind of store when it is compiled.
template <class F>
void with_stream(bool streamed, F&& body) {
  if (streamed) {
    body(std::true_type{});
  } else {
    body(std::false_type{});
  }
}

template <bool streamed>
void put(float* p, F16x a) {
  if constexpr (streamed) {
    stream(p, a);
  } else {
    store(p, a);
  }
}

// The end of a task that streamed: whoever sees the task done must see its stores, which no other fence of the pool orders.
template <bool streamed>
void end_stream() {
  if constexpr (streamed) _mm_sfence();
}

// Asks for the line at p, which may lie past the end of its tensor.
inline void prefetch(const float* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }

}  // namespace hone::HONE_ISA
