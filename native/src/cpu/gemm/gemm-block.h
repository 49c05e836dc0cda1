#pragma once
#include "cpu/gemm/gemm-rows.h"

// The product of many rows. A is copied a chunk at a time, by all threads together; then each task walks through the chunk with a
// block of C of its own, which stays in the second-level cache and meets C only with the first and the last slice. B is read, or
// made, once for every block of rows.
namespace hone::HONE_ISA {

// 256 steps of a panel of B are 64 KiB; 516 rows of A as deep are 516 KiB, and so is a block of C of four panels. Both row counts
// of a tile (4 and 6) divide the block.
inline constexpr std::int64_t kRowsOfBlock = 516;
inline constexpr std::int64_t kPanelsOfBlock = 4, kPanelsOfShortSum = 16;
// A chunk of A has 4 MiB: 2048 steps of one block, or more rows of a shorter sum.
inline constexpr std::int64_t kChunkSteps = 2048;

template <class Element>
struct Slice {
  const Element* data;
  std::int64_t step;
};

// B lies in memory as panels.
template <class Element>
struct PanelsOfMemory {
  Panels<Element> b;
  std::int64_t count;

  std::int64_t step(std::int64_t panel) const { return panel + 1 == count ? b.last_step : b.step; }
  Slice<Element> slice(std::int64_t panel, Range steps, Element*) const {
    return {b.data + panel * b.panel_elements + steps.begin * step(panel), step(panel)};
  }
  Ahead ahead(std::int64_t panel, Range steps) const {
    return ahead_of(slice(panel, steps, nullptr).data, 1, (steps.end - steps.begin) * step(panel), 0);
  }
};

// B is made by a fill, each slice where it is used.
template <class Element, class Fill>
struct PanelsOfFill {
  const Fill& fill;
  std::int64_t columns;

  Slice<Element> slice(std::int64_t panel, Range steps, Element* own) const {
    const std::int64_t width = std::min(kPanelColumns, padded_columns(columns - panel * kPanelColumns));
    fill(panel, steps, own, width);
    return {own, width};
  }
  Ahead ahead(std::int64_t panel, Range steps) const {
    if constexpr (requires { fill.ahead(panel, steps); }) return fill.ahead(panel, steps);
    return {};
  }
};

template <class Dot, class Source>
class BlockedProduct {
 public:
  using Element = typename Dot::Element;

  BlockedProduct(Context& context, const Product<Dot>& product, const Source& source)
      : context_(context), product_(product), source_(source), slice_steps_(even_slice(product.depth)) {}

  void run() {
    const std::int64_t depth = product_.depth;
    const std::int64_t chunk = std::min(depth, kChunkSteps / slice_steps_ * slice_steps_);
    const std::int64_t at_once = kRowsOfBlock * std::max<std::int64_t>(1, kChunkSteps / chunk);
    for (std::int64_t row = 0; row < product_.rows; row += at_once) {
      const Range rows{row, std::min(row + at_once, product_.rows)};
      for (std::int64_t begin = 0; begin < depth; begin += chunk) {
        a_ = copy_rows(context_, product_, rows, {begin, std::min(begin + chunk, depth)}, slice_steps_);
        multiply();
      }
    }
  }

 private:
  // Slices begin at multiples of 32 steps, as fills from packed tiles need.
  static std::int64_t even_slice(std::int64_t depth) {
    const std::int64_t slices = ceil_div(depth, kStepsOfSlice);
    return std::min(kStepsOfSlice, ceil_div(ceil_div(depth, slices), 32) * 32);
  }

  void multiply() {
    const std::int64_t panels = product_.panels(), threads = context_.pool.size(), rows = a_.rows.end - a_.rows.begin;
    std::int64_t group = std::min(panels, is_short() ? kPanelsOfShortSum : kPanelsOfBlock), block = std::min(rows, kRowsOfBlock);
    const auto tasks = [&] { return ceil_div(rows, block) * ceil_div(panels, group); };
    // Enough tasks to even out the threads.
    while (threads > 1 && tasks() < 4 * threads && (group > 1 || block > 96)) {
      if (group > 1) {
        group = ceil_div(group, 2);
      } else {
        block = ceil_div(block, 24) * 12;  // A multiple of every kRows.
      }
    }
    const std::int64_t groups = ceil_div(panels, group);
    context_.pool.run(static_cast<int>(tasks()), [&](int task) {
      const std::int64_t row = a_.rows.begin + task / groups * block, panel = task % groups * group;
      multiply_block({row, std::min(row + block, a_.rows.end)}, {panel, std::min(panel + group, panels)});
    });
  }

  // A short sum takes panel after panel through its few slices, which all stay near; a long one slice after slice through the
  // panels, whose sums wait.
  bool is_short() const { return a_.steps.end - a_.steps.begin <= 2 * slice_steps_; }

  struct Turn {
    std::int64_t panel, begin;
  };
  Turn after(Turn turn, Range panels) const {
    if (is_short()) {
      turn.begin += slice_steps_;
      return turn.begin < a_.steps.end ? turn : Turn{turn.panel + 1, a_.steps.begin};
    }
    return turn.panel + 1 < panels.end ? Turn{turn.panel + 1, turn.begin} : Turn{panels.begin, turn.begin + slice_steps_};
  }
  bool is_over(Turn turn, Range panels) const { return turn.panel >= panels.end || turn.begin >= a_.steps.end; }

  void multiply_block(Range rows, Range panels) const {
    const std::int64_t own_row = is_short() ? kPanelColumns : (panels.end - panels.begin) * kPanelColumns;
    const std::int64_t c_elements = (rows.end - rows.begin) * own_row, b_elements = slice_steps_ * kPanelColumns;
    float* own_c = context_.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(c_elements + b_elements), kOwnPanel);
    Element* own_b = reinterpret_cast<Element*>(own_c + c_elements);
    for (Turn turn{panels.begin, a_.steps.begin}; !is_over(turn, panels);) {
      const Turn next = after(turn, panels);
      const Range steps = a_.slice(turn.begin);
      const Slice<Element> b = source_.slice(turn.panel, steps, own_b);
      Fetch fetch;
      if (!is_over(next, panels)) fetch.b = source_.ahead(next.panel, a_.slice(next.begin));
      constexpr std::int64_t kTiles = kPanelColumns / (Dot::kVectors * kLanes);
      fetch.spread(ceil_div(rows.end - rows.begin, Dot::kRows) * kTiles * ceil_div(steps.end - steps.begin, kStepsOfLine));
      float* own = own_c + (is_short() ? 0 : (turn.panel - panels.begin) * kPanelColumns);
      multiply_slice(rows, turn.panel, steps, b, fetch, own, own_row);
      turn = next;
    }
  }

  // One slice of one panel for all rows of the block, a tile of rows through all of its columns.
  void multiply_slice(Range rows, std::int64_t panel, Range steps, const Slice<Element>& b, Fetch fetch, float* own_c,
                      std::int64_t own_row) const {
    const std::int64_t first = panel * kPanelColumns, columns = std::min(kPanelColumns, product_.columns - first);
    const bool is_first = steps.begin == a_.steps.begin, is_last = steps.end == a_.steps.end;
    TileJob<Element> job;
    job.depth = steps.end - steps.begin;
    job.a_row = kStepsOfLine;
    job.a_step = 1;
    job.a_skip = (Dot::kRows - 1) * kStepsOfLine;
    job.b_step = b.step;
    job.continues = product_.continues || steps.begin > 0;
    job.start_row = is_first ? product_.c_row : own_row;
    job.c_row = is_last ? product_.c_row : own_row;
    for (std::int64_t m = rows.begin; m < rows.end; m += Dot::kRows) {
      const std::int64_t tile_rows = std::min<std::int64_t>(Dot::kRows, rows.end - m);
      float* c = product_.c + m * product_.c_row + first;
      float* own = own_c + (m - rows.begin) * own_row;
      // Rows of C are far apart, so the processor does not see them coming: those of the next tile where a tile begins by
      // reading them, else its own.
      if (is_first && job.continues) {
        fetch.c = ahead_of(c + Dot::kRows * product_.c_row, std::min<std::int64_t>(Dot::kRows, rows.end - m - Dot::kRows), columns, product_.c_row);
      } else if (is_last) {
        fetch.c = ahead_of(c, tile_rows, columns, product_.c_row);
      }
      job.a = a_.tile(m, steps);
      const float* bias = steps.end == product_.depth && product_.bias != nullptr ? product_.bias + first : nullptr;
      multiply_tile(static_cast<int>(tile_rows), columns, job, b.data, is_first ? c : own, is_last ? c : own, bias, fetch);
    }
  }

  static void multiply_tile(int rows, std::int64_t columns, TileJob<Element>& job, const Element* b, const float* start, float* c,
                            const float* bias, Fetch& fetch) {
    constexpr int kWidth = Dot::kVectors * kLanes;
    for (std::int64_t j = 0; j < columns; j += kWidth) {
      const int width = static_cast<int>(std::min<std::int64_t>(kWidth, columns - j));
      job.b = b + j;
      job.start = start + j;
      job.c = c + j;
      job.bias = bias != nullptr ? bias + j : nullptr;
      if (rows == Dot::kRows && width == kWidth && job.b_step == kPanelColumns) {
        gemm_whole_tile<Dot, kPanelColumns>(job, fetch);
      } else if (width % kLanes == 0) {
        gemm_tile_any<Dot>(rows, width / kLanes, job);
      } else {
        gemm_ragged_tile<Dot>(rows, width, job);
      }
    }
  }

  Context& context_;
  const Product<Dot>& product_;
  const Source& source_;
  const std::int64_t slice_steps_;
  CopiedRows<Dot> a_{};
};

// Fewer rows stream B by themselves. The tile unit has blocks of its own.
template <class Dot>
bool takes_blocks(const Product<Dot>& product) {
#if defined(__AMX_BF16__)
  if constexpr (std::is_same_v<Dot, Bf16Dot>) return false;
#endif
  return product.rows > 2 * Dot::kRows && product.columns > 0 && product.depth > 0;
}

// c (+)= a b + bias, the panels of b in memory.
template <class Dot>
void product_of_panels(Context& context, const Product<Dot>& product) {
  if (!takes_blocks(product)) return gemm(context, product);
  using Source = PanelsOfMemory<typename Dot::Element>;
  BlockedProduct<Dot, Source>(context, product, Source{product.b, product.panels()}).run();
}

// c (+)= a b + bias, the panels of b from a fill.
template <class Dot, class Fill>
void product_of_fill(Context& context, const Product<Dot>& product, const Fill& fill) {
  if (!takes_blocks(product)) return gemm_filled(context, product, fill);
  using Source = PanelsOfFill<typename Dot::Element, Fill>;
  BlockedProduct<Dot, Source>(context, product, Source{fill, product.columns}).run();
}

}  // namespace hone::HONE_ISA
