#pragma once
#include "cpu/split.h"

namespace hone::HONE_ISA {

// The sum over a row: term(i, s) adds the lanes from i on to s, tail(i, n, s) the last n < 16. Four sums that run side by
// side hide the latency of an addition; the order depends on the width alone.
template <class Term, class Tail>
float row_sum(std::int64_t width, Term&& term, Tail&& tail) {
  F16x a = set(0.0f), b = a, c = a, d = a;
  std::int64_t i = 0;
  for (; i + 4 * kWide <= width; i += 4 * kWide) {
    a = term(i, a);
    b = term(i + kWide, b);
    c = term(i + 2 * kWide, c);
    d = term(i + 3 * kWide, d);
  }
  for (; i + kWide <= width; i += kWide) a = term(i, a);
  if (i < width) b = tail(i, static_cast<int>(width - i), b);
  return sum(add(add(a, b), add(c, d)));
}

// The sum of a row's squares.
inline float square_sum(const float* x, std::int64_t width) {
  return row_sum(
      width, [=](std::int64_t i, F16x s) { return fma(load(x + i), load(x + i), s); },
      [=](std::int64_t i, int n, F16x s) { return fma(load_first(x + i, n), load_first(x + i, n), s); });
}

// The sum of the products of two rows.
inline float dot_sum(const float* x, const float* y, std::int64_t width) {
  return row_sum(
      width, [=](std::int64_t i, F16x s) { return fma(load(x + i), load(y + i), s); },
      [=](std::int64_t i, int n, F16x s) { return fma(load_first(x + i, n), load_first(y + i, n), s); });
}

}  // namespace hone::HONE_ISA
