// Moves every row of the source once, and every target that has rows twice; the sort before moves some hundred bytes a row.
#include "cuda/linear/grouped-rows.h"

#include "cuda/device/partition.h"
#include "cuda/device/report.h"
#include "cuda/rows/row-walk.h"

namespace hone::cuda {
namespace {

// One digit of a radix sort, from the lowest on. The first pass reads the index itself, where what is out of bounds counts as
// `bound` and is reported; the later ones read what the pass before left.
struct DigitPass {
  const std::int32_t *keys, *items;  // items null: item i is i.
  std::int32_t *sorted_keys, *sorted_items;
  int bound, shift, mask;
  int op, argument;
  Fault* fault;

  __device__ int key(int i) const {
    const int key = keys[i];
    return key >= 0 && key < bound ? key : bound;
  }
  __device__ int digit(int i) const { return (key(i) >> shift) & mask; }

  __device__ void place(int i, int at) const {
    const int found = key(i);
    if (items == nullptr && found == bound) report(fault, op, argument, i, keys[i], bound);
    sorted_keys[at] = found;
    sorted_items[at] = items == nullptr ? i : items[i];
  }

  __device__ void finish(int, int) const {}
};

constexpr int kAddInFlight = 4;

// The thread that holds a run of a target's columns finds its rows side by side in the sorted order.
template <class From, class To, int kWidth>
__global__ void __launch_bounds__(kWalkThreads, 4)
    add_rows_kernel(const From* source, const std::int32_t* keys, const std::int32_t* items, To* target, const int bound,
                    const std::int64_t width, const RowWalk walk) {
  const std::int64_t begin = walk.row();
  const int run = walk.run(0, 1);
  if (begin >= walk.rows || run >= walk.runs) return;
  const int key = keys[begin];
  if (key >= bound || (begin > 0 && keys[begin - 1] == key)) return;
  To* out = target + key * width + run * kWidth;
  float sums[kWidth];
  const Values<To, kWidth> before = load_values<kWidth>(out);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) sums[i] = to_f32(before.at[i]);
  bool goes_on = true;
  for (std::int64_t at = begin; goes_on; at += kAddInFlight) {
    Values<From, kWidth> rows[kAddInFlight] = {};
    int found = 0;
#pragma unroll
    for (int i = 0; i < kAddInFlight; ++i) {
      if (at + i >= walk.rows || keys[at + i] != key) continue;
      rows[i] = load_values<kWidth>(source + items[at + i] * width + run * kWidth);
      ++found;
    }
#pragma unroll
    for (int j = 0; j < kAddInFlight; ++j) {
#pragma unroll
      for (int i = 0; i < kWidth; ++i) sums[i] = j < found ? sums[i] + to_f32(rows[j].at[i]) : sums[i];
    }
    goes_on = found == kAddInFlight;
  }
  store_values(out, round_values<To>(sums));
}

struct Sorted {
  std::int32_t *keys, *items;
};

// The stable order of the index, in the workspace.
Status sort_index(Stream& stream, const GroupedRows& rows, Sorted& out) {
  const auto count = static_cast<int>(rows.count);
  void* memory = nullptr;
  HONE_TRY(stream.workspace->take(0, 4 * rows.count * static_cast<std::int64_t>(sizeof(std::int32_t)), memory));
  auto* words = static_cast<std::int32_t*>(memory);
  int bits = 1;
  while ((rows.bound >> bits) != 0) ++bits;
  // Digits of at most 7 bits, so that a pass has about as many blocks as a card has multiprocessors.
  const int passes = (bits + 6) / 7, width = (bits + passes - 1) / passes;
  DigitPass pass = {rows.index, nullptr, words, words + count, static_cast<int>(rows.bound), 0, (1 << width) - 1, rows.op, rows.argument,
                    stream.fault};
  for (int i = 0; i < passes; ++i) {
    pass.shift = i * width;
    HONE_TRY(launch(stream, rows.name, partition_kernel<DigitPass>, 1u << width, kPartitionThreads, 0, pass, count));
    out = {pass.sorted_keys, pass.sorted_items};
    pass.sorted_keys = words + (i % 2 == 0 ? 2 : 0) * rows.count;
    pass.sorted_items = pass.sorted_keys + count;
    pass.keys = out.keys;
    pass.items = out.items;
  }
  return {};
}

template <class From, class To>
Status add_rows(Stream& stream, const GroupedRows& rows, const From* source, To* target) {
  if (rows.count == 0 || rows.width == 0) return {};
  if (rows.count > 0x3fffffff || rows.bound > 0x3fffffff) return unsupported("expected fewer than 2^30 rows");
  Sorted sorted = {};
  HONE_TRY(sort_index(stream, rows, sorted));
  constexpr int kWidth = 16 / static_cast<int>(sizeof(To) > sizeof(From) ? sizeof(To) : sizeof(From));
  const bool is_aligned = are_aligned(source, target) && rows.width % (16 / static_cast<int>(sizeof(From))) == 0;
  const RowWalk walk = cut_rows(stream, rows.count, is_aligned ? rows.width / kWidth : rows.width, 1);
  const auto add = [&](auto kernel) {
    return launch(stream, rows.name, kernel, walk.grid(1), kWalkThreads, 0, source, sorted.keys, sorted.items, target,
                  static_cast<int>(rows.bound), rows.width, walk);
  };
  return is_aligned ? add(add_rows_kernel<From, To, kWidth>) : add(add_rows_kernel<From, To, 1>);
}

}  // namespace

Status add_grouped_rows(Stream& stream, const GroupedRows& rows, const float* source, float* target) {
  return add_rows(stream, rows, source, target);
}

Status add_grouped_rows(Stream& stream, const GroupedRows& rows, const Bf16* source, Bf16* target) {
  return add_rows(stream, rows, source, target);
}

Status add_grouped_rows(Stream& stream, const GroupedRows& rows, const Bf16* source, float* target) {
  return add_rows(stream, rows, source, target);
}

}  // namespace hone::cuda
