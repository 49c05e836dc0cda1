#pragma once
#include <cstring>

#include "core/half.h"
#include "core/packed-weight.h"
#include "cpu/gemm/gemm-fetch.h"
#include "cpu/gemm/gemm-transpose.h"
#include "cpu/gemm/gemm.h"

// How the panels of B come to be, for each kind of source. All write [step][width], zero beyond the last column.
namespace hone::HONE_ISA {

// B = source [depth, columns] row-major: the columns of the panel are copied.
struct FillRows {
  const float* source;
  std::int64_t columns;

  Ahead ahead(std::int64_t panel, Range steps) const {
    const std::int64_t first = panel * kPanelColumns;
    return ahead_of(source + steps.begin * columns + first, steps.end - steps.begin, std::min(kPanelColumns, columns - first), columns);
  }

  void operator()(std::int64_t panel, Range steps, float* target, std::int64_t width) const {
    const std::int64_t first = panel * kPanelColumns;
    const std::int64_t valid = std::min(width, columns - first);
    if (valid == kPanelColumns) {
      for (std::int64_t k = steps.begin; k < steps.end; ++k, target += kPanelColumns) {
        const float* from = source + k * columns + first;
#pragma GCC unroll 8
        for (int j = 0; j < kPanelColumns; j += kLanes) vec_store(target + j, vec_load(from + j));
      }
      return;
    }
    for (std::int64_t k = steps.begin; k < steps.end; ++k, target += width) {
      std::memcpy(target, source + k * columns + first, static_cast<std::size_t>(valid) * 4);
      for (std::int64_t j = valid; j < width; ++j) target[j] = 0.0f;
    }
  }
};

// B = sourceᵀ, source [columns, depth] row-major.
struct FillTransposed {
  const float* source;
  std::int64_t columns;
  std::int64_t depth;

  Ahead ahead(std::int64_t panel, Range steps) const {
    const std::int64_t first = panel * kPanelColumns;
    return ahead_of(source + first * depth + steps.begin, std::min(kPanelColumns, columns - first), steps.end - steps.begin, depth);
  }

  void operator()(std::int64_t panel, Range steps, float* target, std::int64_t width) const {
    const std::int64_t first = panel * kPanelColumns;
    const std::int64_t valid = std::min(width, columns - first);
    const std::int64_t count = steps.end - steps.begin;
    if (valid < width) std::memset(target, 0, static_cast<std::size_t>(count * width) * 4);
    transpose(source + first * depth + steps.begin, depth, valid, count, target, width);
  }
};

// B = the weight itself [N,K], read back from panels of its transpose.
struct FillFromPackedF32 {
  const PackedWeight& weight;

  Ahead ahead(std::int64_t panel, Range steps) const {
    const std::int64_t first = panel * kPanelColumns, valid = std::min(kPanelColumns, weight.columns() - first);
    const std::int64_t source = steps.begin / kPanelColumns, width = weight.panel_width(source);
    return ahead_of(weight.panel_as<float>(source) + first * width, ceil_div(steps.end, kPanelColumns) - source, valid * width,
                    kPanelColumns * weight.columns());
  }

  void operator()(std::int64_t panel, Range steps, float* target, std::int64_t width) const {
    const std::int64_t first = panel * kPanelColumns;
    const std::int64_t valid = std::min(width, weight.columns() - first);
    if (valid < width) std::memset(target, 0, static_cast<std::size_t>((steps.end - steps.begin) * width) * 4);
    for (std::int64_t n = steps.begin; n < steps.end;) {
      const std::int64_t source_panel = n / kPanelColumns, lane = n % kPanelColumns;
      const std::int64_t count = std::min(kPanelColumns - lane, steps.end - n);
      const std::int64_t source_width = weight.panel_width(source_panel);
      transpose(weight.panel_as<float>(source_panel) + first * source_width + lane, source_width, valid, count,
                target + (n - steps.begin) * width, width);
      n += count;
    }
  }
};

}  // namespace hone::HONE_ISA
