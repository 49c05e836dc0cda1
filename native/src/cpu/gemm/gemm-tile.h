#pragma once
#include <cstdint>

#include "cpu/gemm/gemm-dot.h"
#include "cpu/gemm/gemm-fetch.h"

namespace hone::HONE_ISA {

// A copied into tiles: blocks of this many steps, in a block one line of 64 bytes for each row.
inline constexpr int kStepsOfLine = 16;

// One block of the product: rows x (vectors * kLanes) of C, over `depth` steps of the dot.
template <class Element>
struct TileJob {
  std::int64_t depth;
  const Element* a;
  std::int64_t a_row;   // Elements from one row of A to the next.
  std::int64_t a_step;  // Elements from one step to the next.
  const Element* b;
  std::int64_t b_step;
  float* c;
  std::int64_t c_row;
  bool continues;     // Start from C instead of zero: the chain of one output goes on where it stopped.
  const float* bias;  // Added after the last step, or null.
  // Where a chain that continues is read, `start_row` apart; null: from C itself.
  const float* start = nullptr;
  std::int64_t start_row = 0;
  std::int64_t a_skip = 0;  // Elements beyond a_step after every kStepsOfLine steps of A.
};

// The chain of an output is acc = step(a[k], b[k], acc) for k = 0, 1, ... whatever Rows and Vectors are; storing acc
// between two calls and loading it again is exact. So no blocking choice can change a bit of the result.
template <class Dot, int Rows, int Vectors>
struct TileSums {
  using Element = typename Dot::Element;
  Vec acc[Rows][Vectors];

  explicit TileSums(const TileJob<Element>& job) {
    const float* const start = job.start != nullptr ? job.start : job.c;
    const std::int64_t start_row = job.start != nullptr ? job.start_row : job.c_row;
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) acc[r][j] = job.continues ? vec_load(start + r * start_row + j * kLanes) : vec_zero();
    }
  }

  template <class A>
  [[gnu::always_inline]] void step(const A& a_of_row, const Element* b) {
    typename Dot::B column[Vectors];
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) column[j] = Dot::load_b(b + j * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const typename Dot::A a = Dot::load_a(a_of_row(r));
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) acc[r][j] = Dot::step(a, column[j], acc[r][j]);
    }
  }

  void store(const TileJob<Element>& job) {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) {
        if (job.bias != nullptr) acc[r][j] = vec_add(acc[r][j], vec_load(job.bias + j * kLanes));
        vec_store(job.c + r * job.c_row + j * kLanes, acc[r][j]);
      }
    }
  }
};

template <class Dot, int Rows, int Vectors>
void gemm_tile(const TileJob<typename Dot::Element>& job) {
  using Element = typename Dot::Element;
  TileSums<Dot, Rows, Vectors> sums(job);
  const Element* rows[Rows];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) rows[r] = job.a + r * job.a_row;
  const Element* b = job.b;
  const std::int64_t b_step = job.b_step, a_step = job.a_step;
  std::int64_t at = 0;
  for (std::int64_t k = 1; k <= job.depth; ++k) {
    sums.step([&](int r) { return rows[r] + at; }, b);
    b += b_step;
    at += k % kStepsOfLine == 0 ? a_step + job.a_skip : a_step;
  }
  sums.store(job);
}

// A whole tile of copied A times a panel kPanelColumns wide: every address is a constant away from two pointers, and prefetches
// lie between the blocks.
template <class Dot, int PanelColumns>
void gemm_whole_tile(const TileJob<typename Dot::Element>& job, Fetch& fetch) {
  using Element = typename Dot::Element;
  constexpr int kSteps = kStepsOfLine;
  TileSums<Dot, Dot::kRows, Dot::kVectors> sums(job);
  const Element *a = job.a, *b = job.b;
  std::int64_t left = job.depth;
  for (; left >= kSteps; left -= kSteps) {
    fetch.advance();
#pragma GCC unroll 16
    for (int k = 0; k < kSteps; ++k) {
      sums.step([&](int r) { return a + r * kSteps + k; }, b + k * PanelColumns);
      asm volatile("" ::: "memory");  // Else the compiler loads later steps early and moves sums about.
    }
    a += Dot::kRows * kSteps;
    b += kSteps * PanelColumns;
  }
  for (; left > 0; --left, ++a, b += PanelColumns) {
    sums.step([&](int r) { return a + r * kSteps; }, b);
  }
  sums.store(job);
}

template <class Dot, int Vectors>
void gemm_tile_rows(int rows, const TileJob<typename Dot::Element>& job) {
  switch (rows) {
    case 1:
      return gemm_tile<Dot, 1, Vectors>(job);
    case 2:
      return gemm_tile<Dot, 2, Vectors>(job);
    case 3:
      return gemm_tile<Dot, 3, Vectors>(job);
    case 4:
      return gemm_tile<Dot, 4, Vectors>(job);
    case 5:
      if constexpr (Dot::kRows >= 5) return gemm_tile<Dot, 5, Vectors>(job);
      break;
    default:
      if constexpr (Dot::kRows >= 6) return gemm_tile<Dot, 6, Vectors>(job);
  }
}

// Any shape up to kRows x kVectors.
template <class Dot>
void gemm_tile_any(int rows, int vectors, const TileJob<typename Dot::Element>& job) {
  switch (vectors) {
    case 1:
      return gemm_tile_rows<Dot, 1>(rows, job);
    case 2:
      return gemm_tile_rows<Dot, 2>(rows, job);
    case 3:
      if constexpr (Dot::kVectors >= 3) return gemm_tile_rows<Dot, 3>(rows, job);
      break;
    default:
      if constexpr (Dot::kVectors >= 4) return gemm_tile_rows<Dot, 4>(rows, job);
  }
}

}  // namespace hone::HONE_ISA
