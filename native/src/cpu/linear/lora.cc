// isa: avx2 avx512 avx512bf16 amx
#include "core/lora-groups.h"
#include "core/ops-args.h"
#include "cpu/gemm/gemm-f32.h"
#include "cpu/gemm/thin-product.h"

namespace hone::HONE_ISA {
namespace {

// What a product leaves alone: gemm.h uses the slots below these.
enum CallerSlot { kScaledRows = 4 };

// Rows of one task: whole tiles of every shape in thin-product.h, few enough that their part of x or dy stays near.
constexpr std::int64_t kRowsOfTask = 24;

// Below this a product is bound by reading A and B, which gemm.h shares out by columns.
constexpr std::int64_t kFewRows = 32;

void scale_to(const float* source, std::int64_t count, float scale, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = scale * source[i];
}

float* scaled_copy(Context& context, const float* source, std::int64_t count, float scale) {
  float* out = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(count), kScaledRows);
  scale_to(source, count, scale, out);
  return out;
}

// Calls body(begin, end) over the rows of a task, on any thread.
template <class F>
void split_row_tasks(Context& context, std::int64_t rows, F&& body) {
  context.pool.run(static_cast<int>(ceil_div(rows, kRowsOfTask)), [&](int task) {
    body(task * kRowsOfTask, std::min(rows, (task + 1) * kRowsOfTask));
  });
}

// Calls body(begin, end) over columns: few enough that their sums stay in the second cache, enough tasks for all threads.
template <class F>
void split_column_tasks(Context& context, std::int64_t columns, F&& body) {
  const std::int64_t even = ceil_div(columns, 4 * context.pool.size());
  const std::int64_t step = std::clamp<std::int64_t>(ceil_div(even, kPanelColumns) * kPanelColumns, 192, 768);
  context.pool.run(static_cast<int>(ceil_div(columns, step)), [&](int task) {
    body(task * step, std::min(columns, (task + 1) * step));
  });
}

// source [rows, columns] turned, by all threads.
float* turned(Context& context, const float* source, std::int64_t rows, std::int64_t columns, int slot) {
  float* out = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(rows * columns), slot);
  constexpr std::int64_t kAtOnce = 1024;
  const bool tall = rows > columns;
  context.pool.run(static_cast<int>(ceil_div(tall ? rows : columns, kAtOnce)), [&](int task) {
    const std::int64_t begin = task * kAtOnce, count = std::min(kAtOnce, (tall ? rows : columns) - begin);
    if (tall) {
      transpose(source + begin * columns, columns, count, columns, out + begin, rows);
    } else {
      transpose(source + begin, columns, rows, count, out + begin * rows, rows);
    }
  });
  return out;
}

// xa = x Aᵀ and y += scale xa Bᵀ for rows enough to repay turning A and B.
void forward_rows(Context& context, const LoraForwardArgs& args) {
  const std::int64_t depth = args.x.dim[1], rank = args.a.dim[0], columns = args.b.dim[0];
  const float* a = turned(context, args.a.data_as<float>(), rank, depth, kSharedPanels);
  const float* b = turned(context, args.b.data_as<float>(), columns, rank, kSharedRows);
  split_row_tasks(context, args.x.dim[0], [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t rows = end - begin;
    float* xa = args.xa.data_as<float>() + begin * rank;
    multiply_narrow({rows, rank, depth, args.x.data_as<float>() + begin * depth, depth, 1, a, rank, xa, rank, false});
    float* scaled = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(rows * rank), kOwnRows);
    scale_to(xa, rows * rank, static_cast<float>(args.scale), scaled);
    multiply_wide({rows, columns, rank, scaled, rank, 1, b, columns, args.y.data_as<float>() + begin * columns, columns, true});
  });
}

// dxa = scale dy B, and dx += dxa A while the rows of dxa are near.
void backward_rows(Context& context, const LoraBackwardArgs& args, float* dxa) {
  const std::int64_t depth = args.x.dim[1], rank = args.a.dim[0], columns = args.b.dim[0];
  split_row_tasks(context, args.x.dim[0], [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t rows = end - begin;
    float* own = dxa + begin * rank;
    multiply_narrow({rows, rank, columns, args.dy.data_as<float>() + begin * columns, columns, 1, args.b.data_as<float>(), rank,
                     own, rank, false});
    scale_to(own, rows * rank, static_cast<float>(args.scale), own);
    if (!args.dx.present()) return;
    multiply_wide({rows, depth, rank, own, rank, 1, args.a.data_as<float>(), depth, args.dx.data_as<float>() + begin * depth,
                   depth, true});
  });
}

// da [rank, depth] += dxaᵀ x.
void accumulate_da(Context& context, const LoraBackwardArgs& args, const float* dxa) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], rank = args.a.dim[0];
  split_column_tasks(context, depth, [&](std::int64_t begin, std::int64_t end) {
    multiply_deep({rank, end - begin, rows, dxa, 1, rank, args.x.data_as<float>() + begin, depth,
                   args.da.data_as<float>() + begin, depth, true});
  });
}

// db [columns, rank] += dyᵀ xa, by way of its transpose: vectors along dy waste no lane, whatever the rank.
void accumulate_db(Context& context, const LoraBackwardArgs& args, const float* scaled_xa) {
  const std::int64_t rows = args.x.dim[0], rank = args.a.dim[0], columns = args.b.dim[0];
  split_column_tasks(context, columns, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t count = end - begin;
    float* db = args.db.data_as<float>() + begin * rank;
    float* own = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(rank * count), kOwnPanel);
    transpose(db, rank, count, rank, own, count);
    multiply_deep({rank, count, rows, scaled_xa, 1, rank, args.dy.data_as<float>() + begin, columns, own, count, true});
    transpose(own, count, rank, count, db, rank);
  });
}

}  // namespace

// The rank-r products add 2 M r (K + N) operations to the 2 M K N of the layer; x and y pass through once. Both ways of few
// and of many rows make each output with the same chain of multiply-adds.
Status lora_forward(Context& context, const LoraForwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], rank = args.a.dim[0], columns = args.b.dim[0];
  if (rows >= kFewRows) {
    forward_rows(context, args);
    return {};
  }
  float* xa = args.xa.data_as<float>();
  product_abt(context, args.x.data_as<float>(), rows, depth, args.a.data_as<float>(), rank, xa);
  const float* scaled = scaled_copy(context, xa, rows * rank, static_cast<float>(args.scale));
  product_abt(context, scaled, rows, rank, args.b.data_as<float>(), columns, args.y.data_as<float>(), true);
  return {};
}

namespace {

// A task of a grouped product: some columns of what one adapter makes of its rows.
struct GroupTask {
  const LoraGroup* group;
  std::int64_t first, columns;
};

// c [rows, all] (+)= a bᵀ for the columns of one task; b [all, depth]. The columns of b are turned in the thread's own cache.
void multiply_columns(Context& context, const float* a, std::int64_t rows, std::int64_t depth, const float* b,
                      std::int64_t all, const GroupTask& task, float* c, bool continues) {
  const std::int64_t width = padded_columns(task.columns);
  float* own = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(width * depth), kOwnPanel);
  FillTransposed{b + task.first * depth, task.columns, depth}(0, {0, depth}, own, width);
  Product<F32Dot> product = f32_product(a, rows, depth, task.columns, c + task.first, continues);
  product.c_row = all;
  product.b = {own, width * depth, width, width};
  gemm_block(product, {0, rows}, {0, 1});
}

// A group of many rows (a prompt beside the decoding sequences) becomes several, so that threads share it.
std::vector<LoraGroup> in_row_blocks(const std::vector<LoraGroup>& groups) {
  constexpr std::int64_t kRowsAtOnce = 96;
  std::vector<LoraGroup> blocks;
  for (const LoraGroup& group : groups) {
    for (std::int64_t begin = group.begin; begin < group.end; begin += kRowsAtOnce) {
      blocks.push_back({group.a, group.b, begin, std::min(begin + kRowsAtOnce, group.end), group.scale});
    }
  }
  return blocks;
}

// The rows of all groups one after another: where the x Aᵀ of a group begins.
std::vector<float*> place_low_rank(Context& context, const std::vector<LoraGroup>& groups) {
  std::int64_t total = 0;
  for (const LoraGroup& group : groups) total += group.rows() * group.a->dim[0];
  float* at = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(total), kScaledRows);
  std::vector<float*> places;
  for (const LoraGroup& group : groups) {
    places.push_back(at);
    at += group.rows() * group.a->dim[0];
  }
  return places;
}

// Tasks of at most `at_once` columns for every group, whose number of columns `count` tells.
template <class Count>
std::vector<GroupTask> group_tasks(const std::vector<LoraGroup>& groups, std::int64_t at_once, Count&& count) {
  std::vector<GroupTask> tasks;
  for (const LoraGroup& group : groups) {
    for (std::int64_t first = 0; first < count(group); first += at_once) {
      tasks.push_back({&group, first, std::min(at_once, count(group) - first)});
    }
  }
  return tasks;
}

// A decode step has few rows for each of several adapters: bound by reading A and B once. All adapters share two runs of the
// pool, so that threads take different adapters where one of them has too few columns to share out; a run for each product
// of each adapter would leave all threads but one waiting while x Aᵀ is made. The chain of an output is that of loraForward.
void update_groups(Context& context, const View& x, const View& y, const std::vector<LoraGroup>& whole) {
  const std::int64_t depth = x.dim[1], columns = y.dim[1];
  const std::vector<LoraGroup> groups = in_row_blocks(whole);
  const std::vector<float*> low_rank = place_low_rank(context, groups);
  const auto place = [&](const GroupTask& task) { return low_rank[static_cast<std::size_t>(task.group - groups.data())]; };

  const std::vector<GroupTask> shrinks = group_tasks(groups, 16, [](const LoraGroup& group) { return group.a->dim[0]; });
  context.pool.run(static_cast<int>(shrinks.size()), [&](int index) {
    const GroupTask& task = shrinks[static_cast<std::size_t>(index)];
    const std::int64_t rank = task.group->a->dim[0], rows = task.group->rows();
    float* xa = place(task);
    multiply_columns(context, x.data_as<float>() + task.group->begin * depth, rows, depth, task.group->a->data_as<float>(),
                     rank, task, xa, false);
    const float scale = static_cast<float>(task.group->scale);
    for (std::int64_t m = 0; m < rows; ++m) {
      for (std::int64_t r = task.first; r < task.first + task.columns; ++r) xa[m * rank + r] *= scale;
    }
  });

  const std::vector<GroupTask> expands = group_tasks(groups, kPanelColumns, [&](const LoraGroup&) { return columns; });
  context.pool.run(static_cast<int>(expands.size()), [&](int index) {
    const GroupTask& task = expands[static_cast<std::size_t>(index)];
    multiply_columns(context, place(task), task.group->rows(), task.group->a->dim[0], task.group->b->data_as<float>(), columns,
                     task, y.data_as<float>() + task.group->begin * columns, true);
  });
}

}  // namespace

Status lora_grouped_forward(Context& context, const LoraGroupedForwardArgs& args) {
  const std::vector<LoraGroup> groups = lora_groups(args);
  for (const LoraGroup& group : groups) HONE_TRY(check_lora_group(group, args.x.dim[0]));
  update_groups(context, args.x, args.y, groups);
  return {};
}

// dy and x are read twice each, once for the sums along a row and once for those along a column: threads share the former by
// rows and the latter by columns, so that no sum is split.
Status lora_backward(Context& context, const LoraBackwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], rank = args.a.dim[0];
  accumulate_db(context, args, scaled_copy(context, args.xa.data_as<float>(), rows * rank, static_cast<float>(args.scale)));
  // The scaled copy of xa is no longer needed: its place takes dxa.
  float* dxa = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(rows * rank), kScaledRows);
  backward_rows(context, args, dxa);
  accumulate_da(context, args, dxa);
  return {};
}

}  // namespace hone::HONE_ISA
