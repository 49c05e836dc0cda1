#pragma once
#include <algorithm>
#include <cstdint>

#include "core/context.h"
#include "cpu/simd.h"

// How the kernels share work: outputs are cut into pieces, never a sum, and a piece starts at a whole vector.
namespace hone::HONE_ISA {

// Below this many elements the hand-over to another thread (1-2 us) costs more than the work.
inline constexpr std::int64_t kElementsPerTask = 16384;

// Calls body(begin, end) over [0, count) in pieces of whole vectors.
template <class F>
void split_elements(Context& context, std::int64_t count, F&& body) {
  const std::int64_t pieces = std::min<std::int64_t>((count + kElementsPerTask - 1) / kElementsPerTask, 8 * context.pool.size());
  if (pieces <= 1) {
    body(std::int64_t{0}, count);
    return;
  }
  const std::int64_t step = ((count + pieces - 1) / pieces + 63) / 64 * 64;
  context.pool.run(static_cast<int>((count + step - 1) / step), [&](int task) {
    body(task * step, std::min(count, (task + 1) * step));
  });
}

// Calls body(begin, end) over rows of `width` elements each.
template <class F>
void split_rows(Context& context, std::int64_t rows, std::int64_t width, F&& body) {
  const std::int64_t wanted = std::max<std::int64_t>(1, kElementsPerTask / std::max<std::int64_t>(1, width));
  const std::int64_t step = std::max(wanted, (rows + 8 * context.pool.size() - 1) / (8 * context.pool.size()));
  context.pool.run(static_cast<int>((rows + step - 1) / step), [&](int task) {
    body(task * step, std::min(rows, (task + 1) * step));
  });
}

// Calls wide(i) for whole vectors and tail(i, n) for the n < 16 elements left.
template <class W, class T>
void walk(std::int64_t begin, std::int64_t end, W&& wide, T&& tail) {
  std::int64_t i = begin;
  for (; i + kWide <= end; i += kWide) wide(i);
  if (i < end) tail(i, static_cast<int>(end - i));
}

}  // namespace hone::HONE_ISA
