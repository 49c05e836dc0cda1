#pragma once
#include "cpu/gemm/gemm-f32.h"
#include "cpu/gemm/gemm-nf4.h"

namespace hone::HONE_ISA {

inline constexpr std::int64_t kChunkColumns = 512;  // Logits of one chunk: a block of 96 rows is 192 KiB.
inline constexpr std::int64_t kChunkPanels = kChunkColumns / kPanelColumns;

// What token-log-probs keeps across the products it calls.
enum HeadSlot { kHeadLogits = 4, kHeadPartials = 5, kHeadRows = 6 };

inline bool head_rounds(const View& w) { return w.dtype != DType::f32 && w.dtype != DType::packed_f32; }

// The logits h wᵀ, some rows and some panels at a time, for any format of the head. Plain heads are put into panels as
// far as `prepare` asks for; packed ones are read where they lie.
class HeadLogits {
 public:
  // A caller that runs other products while this lives gives it a slot of its own for the rounded rows.
  HeadLogits(Context& context, const float* h, std::int64_t rows, const View& w, int slot = kSharedRows)
      : context_(context), w_(w), rows_(rows), depth_(w.dim[1]), columns_(w.dim[0]) {
    a_f32_ = h;
#if defined(__AMX_BF16__)
    if (head_rounds(w) && rows >= kAmxBlockRows) {
      tiles_ = round_tiles(context, h, rows, depth_, depth_, slot, w.dtype == DType::nf4 ? kNf4Steps : kSliceSteps);
      return;
    }
#endif
    if (head_rounds(w)) a_pairs_ = round_rows(context, h, rows, depth_, depth_, slot);
  }

  std::int64_t panels() const { return ceil_div(columns_, kPanelColumns); }
  // 32-bit elements of one panel.
  std::int64_t panel_elements() const { return kPanelColumns * (head_rounds(w_) ? pair_count(depth_) : depth_); }

  // How many panels a plain head may prepare at once: 16 MiB of them, in whole chunks.
  std::int64_t panels_at_once() const {
    if (is_packed(w_.dtype)) return panels();
    const std::int64_t fit = (std::int64_t{16} << 20) / (panel_elements() * 4) / kChunkPanels * kChunkPanels;
    return std::min(panels(), std::max(fit, kChunkPanels));
  }

  void prepare(Range range) {
    if (is_packed(w_.dtype)) return;
    const std::int64_t size = panel_elements();
    std::uint32_t* shared = context_.scratch_as<std::uint32_t>(
        ThreadPool::thread_index(), static_cast<std::size_t>((range.end - range.begin) * size), kSharedPanels);
    shared_ = shared;
    shared_first_ = range.begin;
    const std::int64_t steps = size / kPanelColumns;
    context_.pool.run(static_cast<int>(range.end - range.begin), [&](int task) {
      const std::int64_t panel = range.begin + task;
      std::uint32_t* target = shared + task * size;
      if (w_.dtype == DType::f32) {
        FillTransposed{w_.data_as<float>(), columns_, depth_}(panel, {0, steps}, reinterpret_cast<float*>(target),
                                                              width(panel));
      } else {
        FillBf16Transposed{w_.data_as<std::uint16_t>(), columns_, depth_}(panel, {0, steps}, target, width(panel));
      }
    });
  }

  // out [rows][kChunkColumns] for the panels of one chunk.
  void multiply(Range rows, Range panels, float* out) const {
#if defined(__AMX_BF16__)
    if (tiles_.tiles != nullptr) return multiply_tiles(rows, panels, out);
#endif
    if (w_.dtype == DType::nf4) {
      multiply_nf4(rows, panels, out);
    } else if (head_rounds(w_)) {
      multiply_with<Bf16Dot>(a_pairs_, rows, panels, out);
    } else {
      multiply_with<F32Dot>(a_f32_, rows, panels, out);
    }
  }

 private:
  std::int64_t width(std::int64_t panel) const {
    return std::min(kPanelColumns, padded_columns(columns_ - panel * kPanelColumns));
  }

#if defined(__AMX_BF16__)
  void multiply_tiles(Range rows, Range panels, float* out) const {
    const AmxProduct product{tiles_, rows_, columns_, out, kChunkColumns, false, nullptr, rows.begin, panels.begin * kPanelColumns};
    if (w_.dtype == DType::nf4) return Nf4Block(context_, product, *w_.packed, rows, panels).run();
    const std::uint32_t* data = is_packed(w_.dtype) ? w_.packed->panel_as<std::uint32_t>(0) : shared_;
    const std::int64_t first = is_packed(w_.dtype) ? 0 : shared_first_;
    amx_block(context_, product, rows, panels,
              TilesOfMemory{{data, panel_elements(), kPanelColumns, width(this->panels() - 1)}, this->panels(), first});
  }
#endif

  template <class Dot>
  void multiply_with(const typename Dot::Element* a, Range rows, Range panels, float* out) const {
    using Element = typename Dot::Element;
    const std::int64_t size = panel_elements(), steps = size / kPanelColumns;
    const Element* data = is_packed(w_.dtype)
                              ? w_.packed->panel_as<Element>(panels.begin)
                              : reinterpret_cast<const Element*>(shared_) + (panels.begin - shared_first_) * size;
    const std::int64_t columns = std::min(panels.end * kPanelColumns, columns_) - panels.begin * kPanelColumns;
    const std::int64_t a_row = head_rounds(w_) ? pair_stride(steps) : steps;
    const Product<Dot> product{rows.end - rows.begin, columns, steps, a + rows.begin * a_row, a_row, 1,
                               {data, size, kPanelColumns, width(panels.end - 1)}, out, kChunkColumns, false, nullptr};
    gemm_block(product, {0, product.rows}, {0, product.panels()});
  }

  void multiply_nf4(Range rows, Range panels, float* out) const {
    const std::int64_t a_row = pair_stride(pair_count(depth_)), count = rows.end - rows.begin;
    const Nf4Product product{a_pairs_ + rows.begin * a_row, count, *w_.packed, out, kChunkColumns, panels.begin, nullptr};
    float* sums = context_.scratch_as<float>(ThreadPool::thread_index(),
                                             static_cast<std::size_t>(kBlockRows * kPanelColumns), kOwnPanel);
    for (std::int64_t panel = panels.begin; panel < panels.end; ++panel) nf4_panel(product, {0, count}, panel, sums);
  }

  Context& context_;
  const View& w_;
  std::int64_t rows_, depth_, columns_;
  const float* a_f32_ = nullptr;
  const std::uint32_t* a_pairs_ = nullptr;
#if defined(__AMX_BF16__)
  AmxOperand tiles_{nullptr, 0, AmxSlices(0)};  // With many rows, instead of a_pairs_.
#endif
  const std::uint32_t* shared_ = nullptr;
  std::int64_t shared_first_ = 0;
};

}  // namespace hone::HONE_ISA
