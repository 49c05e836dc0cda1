#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/context.h"
#include "cpu/gemm/gemm-amx.h"
#include "cpu/gemm/gemm-tile.h"

// The blocked and threaded product C (+)= A B. B comes as panels of 64 columns with the summed dimension outermost.
// Threads share out blocks of C, never the sum.
namespace hone::HONE_ISA {

inline constexpr std::int64_t kPanelColumns = 64;
// A block of A (192 x 112 x 4 bytes = 84 KiB) and its stripe of C (192 x 512 x 4 = 384 KiB) stay in the second level;
// every slice of a panel that comes from further away is used for 192 rows.
inline constexpr std::int64_t kBlockRows = 192;
inline constexpr std::int64_t kBlockPanels = 8;
// Scratch slots: what all threads read is owned by the calling thread, what one thread needs by itself is its own.
enum ScratchSlot { kSharedPanels = 0, kSharedRows = 1, kOwnPanel = 2, kOwnRows = 3 };

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

template <class Element>
struct Panels {
  const Element* data = nullptr;
  std::int64_t panel_elements = 0;  // From one panel to the next.
  std::int64_t step = kPanelColumns;
  std::int64_t last_step = kPanelColumns;  // The last panel may be narrower.
};

template <class Dot>
struct Product {
  using Element = typename Dot::Element;
  std::int64_t rows, columns, depth;
  const Element* a;
  std::int64_t a_row, a_step;  // Elements from one row of A, and from one step, to the next.
  Panels<Element> b;
  float* c;
  std::int64_t c_row;
  bool continues;
  const float* bias;

  std::int64_t panels() const { return ceil_div(columns, kPanelColumns); }
};

struct Range {
  std::int64_t begin, end;
};

// A tile whose columns do not fill its vectors works on a copy, so nothing outside C is touched.
template <class Dot>
void gemm_ragged_tile(int rows, int columns, TileJob<typename Dot::Element> job) {
  constexpr int kWidth = Dot::kVectors * kLanes;
  alignas(64) float copy[Dot::kRows * kWidth] = {};
  alignas(64) float bias[kWidth] = {};
  float* const c = job.c;
  const std::int64_t c_row = job.c_row;
  const std::size_t bytes = static_cast<std::size_t>(columns) * sizeof(float);
  if (job.continues) {
    const float* const start = job.start != nullptr ? job.start : c;
    const std::int64_t start_row = job.start != nullptr ? job.start_row : c_row;
    for (int r = 0; r < rows; ++r) std::memcpy(copy + r * kWidth, start + r * start_row, bytes);
  }
  if (job.bias != nullptr) {
    std::memcpy(bias, job.bias, bytes);
    job.bias = bias;
  }
  job.c = copy;
  job.c_row = kWidth;
  job.start = nullptr;
  gemm_tile_any<Dot>(rows, static_cast<int>(ceil_div(columns, kLanes)), job);
  for (int r = 0; r < rows; ++r) std::memcpy(c + r * c_row, copy + r * kWidth, bytes);
}

#if defined(__AMX_BF16__)
// The same block on the tile unit. Columns that do not fill a tile go by way of a copy.
inline void amx_panel(const Product<Bf16Dot>& product, Range rows, std::int64_t panel, Range steps) {
  const std::int64_t first = panel * kPanelColumns, count = rows.end - rows.begin;
  const std::int64_t columns = std::min(kPanelColumns, product.columns - first), padded = ceil_div(columns, 16) * 16;
  const std::int64_t b_step = panel + 1 == product.panels() ? product.b.last_step : product.b.step;
  const bool continues = product.continues || steps.begin > 0, is_ragged = padded != columns;
  const std::size_t bytes = static_cast<std::size_t>(columns) * sizeof(float);
  float* const c = product.c + rows.begin * product.c_row + first;
  alignas(64) float copy[kBlockRows * kPanelColumns];
  for (std::int64_t r = 0; is_ragged && continues && r < count; ++r) {
    std::memcpy(copy + r * kPanelColumns, c + r * product.c_row, bytes);
  }
  const AmxJob job{0, 0, product.a + rows.begin * product.a_row + steps.begin, product.a_row,
                   product.b.data + panel * product.b.panel_elements + steps.begin * b_step, b_step,
                   is_ragged ? copy : c, is_ragged ? kPanelColumns : product.c_row, continues};
  AmxShape shape{-1, 0, 0};
  amx_rows(count, padded, steps.end - steps.begin, job, shape);
  _tile_release();
  for (std::int64_t r = 0; is_ragged && r < count; ++r) std::memcpy(c + r * product.c_row, copy + r * kPanelColumns, bytes);
  if (product.bias == nullptr || steps.end != product.depth) return;
  for (std::int64_t r = 0; r < count; ++r) {
    for (std::int64_t j = 0; j < columns; ++j) c[r * product.c_row + j] += product.bias[first + j];
  }
}
#endif

// Rows [rows.begin, rows.end) of one panel, over the steps [steps.begin, steps.end).
template <class Dot>
void gemm_panel(const Product<Dot>& product, Range rows, std::int64_t panel, Range steps, bool prefetches) {
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<Dot, Bf16Dot>) return amx_panel(product, rows, panel, steps);
#endif
  constexpr int kWidth = Dot::kVectors * kLanes;
  const std::int64_t first = panel * kPanelColumns;
  const std::int64_t columns = std::min(kPanelColumns, product.columns - first);
  const std::int64_t b_step = panel + 1 == product.panels() ? product.b.last_step : product.b.step;
  const bool last = steps.end == product.depth;
  // While this slice is at work the same slice of the next panel comes nearer, a piece with every row tile.
  const char* next = reinterpret_cast<const char*>(product.b.data + (panel + 1) * product.b.panel_elements +
                                                   steps.begin * b_step);
  const char* const next_end = prefetches ? next + (steps.end - steps.begin) * b_step * 4 : next;
  const std::int64_t piece = 64 * ceil_div(next_end - next, 64 * std::max<std::int64_t>(1, (rows.end - rows.begin) / Dot::kRows));
  for (std::int64_t j = 0; j < columns; j += kWidth) {
    const int width = static_cast<int>(std::min<std::int64_t>(kWidth, columns - j));
    TileJob<typename Dot::Element> job;
    job.depth = steps.end - steps.begin;
    job.a_row = product.a_row;
    job.a_step = product.a_step;
    job.b = product.b.data + panel * product.b.panel_elements + steps.begin * b_step + j;
    job.b_step = b_step;
    job.c_row = product.c_row;
    job.continues = product.continues || steps.begin > 0;
    job.bias = last && product.bias != nullptr ? product.bias + first + j : nullptr;
    for (std::int64_t m = rows.begin; m < rows.end; m += Dot::kRows) {
      const int tile_rows = static_cast<int>(std::min<std::int64_t>(Dot::kRows, rows.end - m));
      job.a = product.a + m * product.a_row + steps.begin * product.a_step;
      job.c = product.c + m * product.c_row + first + j;
      for (std::int64_t i = 0; i < piece && next < next_end; i += 64, next += 64) _mm_prefetch(next, _MM_HINT_T1);
      if (width % kLanes == 0) {
        gemm_tile_any<Dot>(tile_rows, width / kLanes, job);
      } else {
        gemm_ragged_tile<Dot>(tile_rows, width, job);
      }
    }
  }
}

// One block of C by one thread. Few rows read each panel once, from front to back; many rows go through the panel in
// slices that stay in the first-level cache.
template <class Dot>
void gemm_block(const Product<Dot>& product, Range rows, Range panels) {
  const bool streams = rows.end - rows.begin <= Dot::kRows;
  const std::int64_t slices = streams ? 1 : ceil_div(product.depth, Dot::kSlice);
  const std::int64_t even = ceil_div(product.depth, std::max<std::int64_t>(1, slices));
  const std::int64_t length = std::max<std::int64_t>(1, ceil_div(even, Dot::kGranule)) * Dot::kGranule;
  std::int64_t begin = 0;
  do {
    const Range steps{begin, std::min(begin + length, product.depth)};
    for (std::int64_t panel = panels.begin; panel < panels.end; ++panel) {
      gemm_panel(product, rows, panel, steps, !streams && panel + 1 < panels.end);
    }
    begin = steps.end;
  } while (begin < product.depth);
}

// The split of C into tasks: enough of them to even out two threads, large enough to reuse what they load.
struct Split {
  std::int64_t row_blocks, block_rows, groups, group_panels;

  Split(std::int64_t rows, std::int64_t panels, std::int64_t threads) {
    block_rows = std::min(rows, kBlockRows);
    group_panels = std::min(panels, kBlockPanels);
    count(rows, panels);
    while (tasks() < 6 * threads) {
      if (group_panels > 2) {
        group_panels = ceil_div(group_panels, 2);
      } else if (block_rows > 48) {
        block_rows = ceil_div(block_rows, 24) * 12;  // A multiple of every kRows, as packed rows of A need.
      } else if (group_panels > 1) {
        group_panels = 1;
      } else {
        break;
      }
      count(rows, panels);
    }
  }
  void count(std::int64_t rows, std::int64_t panels) {
    row_blocks = ceil_div(rows, block_rows);
    groups = ceil_div(panels, group_panels);
  }
  int tasks() const { return static_cast<int>(row_blocks * groups); }
};

// B is in memory already.
template <class Dot>
void gemm(Context& context, const Product<Dot>& product) {
  if (product.rows == 0 || product.columns == 0) return;
  const std::int64_t panels = product.panels();
  const Split split(product.rows, panels, context.pool.size());
  context.pool.run(split.tasks(), [&](int task) {
    const std::int64_t block = task % split.row_blocks, group = task / split.row_blocks;
    const Range rows{block * split.block_rows, std::min((block + 1) * split.block_rows, product.rows)};
    const Range range{group * split.group_panels, std::min((group + 1) * split.group_panels, panels)};
    gemm_block(product, rows, range);
  });
}

// The part of a product that covers some of its panels.
template <class Dot>
Product<Dot> slice_panels(const Product<Dot>& product, Range panels) {
  Product<Dot> part = product;
  const std::int64_t first = panels.begin * kPanelColumns;
  part.columns = std::min(panels.end * kPanelColumns, product.columns) - first;
  part.c += first;
  if (part.bias != nullptr) part.bias += first;
  return part;
}

inline std::int64_t padded_columns(std::int64_t columns) { return ceil_div(columns, 16) * 16; }

// B is made on the way: fill(panel, steps, target, width) writes one panel's steps as [step][width]. With many rows all
// threads first fill a group of panels (at most 16 MiB) and then multiply; with few rows each thread fills a panel in
// its own cache and uses it at once.
template <class Dot, class Fill>
void gemm_filled(Context& context, const Product<Dot>& product, Fill&& fill) {
  using Element = typename Dot::Element;
  if (product.rows == 0 || product.columns == 0) return;
  const std::int64_t panels = product.panels();
  const std::int64_t panel_elements = kPanelColumns * std::max<std::int64_t>(1, product.depth);
  const auto width_of = [&](std::int64_t panel) {
    return std::min(kPanelColumns, padded_columns(product.columns - panel * kPanelColumns));
  };
  if (product.rows <= 2 * Dot::kRows) {
    context.pool.run(static_cast<int>(panels), [&](int panel) {
      Element* own = context.scratch_as<Element>(ThreadPool::thread_index(), panel_elements, kOwnPanel);
      fill(panel, Range{0, product.depth}, own, width_of(panel));
      Product<Dot> part = slice_panels(product, {panel, panel + 1});
      part.b = {own, panel_elements, kPanelColumns, width_of(panel)};
      gemm_block(part, {0, part.rows}, {0, 1});
    });
    return;
  }
  constexpr std::int64_t kFillBytes = std::int64_t{16} << 20;
  constexpr std::int64_t kFillSteps = 256;
  const std::int64_t at_once =
      std::clamp<std::int64_t>(kFillBytes / (panel_elements * std::int64_t{sizeof(Element)}), 1, panels);
  Element* shared = context.scratch_as<Element>(ThreadPool::thread_index(), at_once * panel_elements, kSharedPanels);
  const std::int64_t pieces = std::max<std::int64_t>(1, ceil_div(product.depth, kFillSteps));
  for (std::int64_t begin = 0; begin < panels; begin += at_once) {
    const Range range{begin, std::min(begin + at_once, panels)};
    context.pool.run(static_cast<int>((range.end - range.begin) * pieces), [&](int task) {
      const std::int64_t panel = task / pieces, piece = task % pieces;
      const Range steps{piece * kFillSteps, std::min((piece + 1) * kFillSteps, product.depth)};
      const std::int64_t width = width_of(begin + panel);
      fill(begin + panel, steps, shared + panel * panel_elements + steps.begin * width, width);
    });
    Product<Dot> part = slice_panels(product, range);
    part.b = {shared, panel_elements, kPanelColumns, width_of(range.end - 1)};
    gemm(context, part);
  }
}

}  // namespace hone::HONE_ISA
