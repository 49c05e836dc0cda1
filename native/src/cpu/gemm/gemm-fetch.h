#pragma once
#include <immintrin.h>

#include <algorithm>
#include <cstdint>

// Prefetches that a product spreads over its arithmetic. A burst of them would take the line fill buffers from the loads of the
// second-level cache that feed the multiply-adds.
namespace hone::HONE_ISA {

// Memory that a coming step needs: `rows` runs of `bytes`, `stride` bytes apart.
struct Ahead {
  const char* at = nullptr;
  std::int64_t rows = 0, bytes = 0, stride = 0;
};

template <class Element>
Ahead ahead_of(const Element* at, std::int64_t rows, std::int64_t count, std::int64_t row) {
  constexpr std::int64_t kSize = sizeof(Element);
  return {reinterpret_cast<const char*>(at), rows, count * kSize, row * kSize};
}

// What is on its way while one slice of B passes all rows: the lines of C of one tile, a row at a time into the first level, and
// the slice of B that comes next, a few lines at a time into the second.
struct Fetch {
  Ahead c, b;
  std::int64_t lines_at_once = 0, done = 0;  // Of b: lines a call, and bytes of the first run that are under way.

  // Spreads b over so many calls.
  void spread(std::int64_t calls) {
    const std::int64_t lines = b.rows * ((b.bytes + 63) / 64);
    lines_at_once = (lines + calls - 1) / std::max<std::int64_t>(1, calls);
  }

  void advance() {
    if (c.rows > 0) {
      for (std::int64_t i = 0; i < c.bytes; i += 64) _mm_prefetch(c.at + i, _MM_HINT_T0);
      c.at += c.stride;
      --c.rows;
    }
    for (std::int64_t i = 0; i < lines_at_once && b.rows > 0; ++i) {
      _mm_prefetch(b.at + done, _MM_HINT_T1);
      done += 64;
      if (done < b.bytes) continue;
      done = 0;
      b.at += b.stride;
      --b.rows;
    }
  }
};

}  // namespace hone::HONE_ISA
