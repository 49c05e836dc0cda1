// isa: avx2 avx512 avx512bf16 amx
#include "core/lora-groups.h"
#include "core/ops-args.h"
#include "cpu/gemm-f32.h"

namespace hone::HONE_ISA {
namespace {

// What a product leaves alone: gemm.h uses the slots below these.
enum CallerSlot { kScaledRows = 4, kTurned = 5 };

float* scaled_copy(Context& context, const float* source, std::int64_t count, float scale) {
  float* out = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(count), kScaledRows);
  for (std::int64_t i = 0; i < count; ++i) out[i] = scale * source[i];
  return out;
}

// c += aᵀ b where a [depth, rank] is thin: b [depth, columns] is read where it lies, each element for all ranks at once.
// Copying it into panels, as product_atb does, would cost more than the product itself.
void thin_atb(Context& context, const float* a, std::int64_t rank, std::int64_t depth, const float* b,
              std::int64_t columns, float* c) {
  if (columns % 16 != 0) {
    product_atb(context, a, rank, depth, b, columns, c, true);
    return;
  }
  constexpr int kRows = F32Dot::kRows;
  const std::int64_t tiles = ceil_div(rank, kRows);
  float* packed = context.scratch_as<float>(ThreadPool::thread_index(),
                                            static_cast<std::size_t>(tiles * kRows * depth), kSharedRows);
  pack_rows_transposed<kRows>(a, rank, rank, {0, tiles}, depth, packed);
  Product<F32Dot> product = f32_product(packed, rank, depth, columns, c, true);
  product.a_tile = depth;
  product.a_row = 1;
  product.a_step = kRows;
  product.b = {b, kPanelColumns, columns, columns};
  gemm(context, product);
}

// db [columns, rank] += dyᵀ xa, by way of its transpose, for which dy is read where it lies.
void accumulate_db(Context& context, const float* dy, std::int64_t rows, std::int64_t columns, const float* scaled_xa,
                   std::int64_t rank, float* db) {
  float* turned = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(rank * columns),
                                            kTurned);
  transpose(db, rank, columns, rank, turned, columns);
  thin_atb(context, scaled_xa, rank, rows, dy, columns, turned);
  transpose(turned, columns, rank, columns, db, rank);
}

}  // namespace

// The rank-r products add 2 M r (K + N) operations to the 2 M K N of the layer; x and y pass through once.
Status lora_forward(Context& context, const LoraForwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], rank = args.a.dim[0], columns = args.b.dim[0];
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

}  // namespace

// A decode step has few rows for each of several adapters: bound by reading A and B once. All adapters share two runs of the
// pool, so that threads take different adapters where one of them has too few columns to share out; a run for each product
// of each adapter would leave all threads but one waiting while x Aᵀ is made. The chain of an output is that of loraForward.
Status lora_grouped_forward(Context& context, const LoraGroupedForwardArgs& args) {
  const std::int64_t depth = args.x.dim[1], columns = args.y.dim[1];
  const std::vector<LoraGroup> whole = lora_groups(args);
  for (const LoraGroup& group : whole) HONE_TRY(check_lora_group(group, args.x.dim[0]));
  const std::vector<LoraGroup> groups = in_row_blocks(whole);
  const std::vector<float*> low_rank = place_low_rank(context, groups);
  const auto place = [&](const GroupTask& task) { return low_rank[static_cast<std::size_t>(task.group - groups.data())]; };

  const std::vector<GroupTask> shrinks = group_tasks(groups, 16, [](const LoraGroup& group) { return group.a->dim[0]; });
  context.pool.run(static_cast<int>(shrinks.size()), [&](int index) {
    const GroupTask& task = shrinks[static_cast<std::size_t>(index)];
    const std::int64_t rank = task.group->a->dim[0], rows = task.group->rows();
    float* xa = place(task);
    multiply_columns(context, args.x.data_as<float>() + task.group->begin * depth, rows, depth, task.group->a->data_as<float>(),
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
                     task, args.y.data_as<float>() + task.group->begin * columns, true);
  });
  return {};
}

Status lora_backward(Context& context, const LoraBackwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], rank = args.a.dim[0], columns = args.b.dim[0];
  const float* dy = args.dy.data_as<float>();
  const float scale = static_cast<float>(args.scale);

  const float* scaled_xa = scaled_copy(context, args.xa.data_as<float>(), rows * rank, scale);
  accumulate_db(context, dy, rows, columns, scaled_xa, rank, args.db.data_as<float>());

  // The scaled copy of xa is no longer needed: its place takes dxa = scale dy B.
  float* dxa = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(rows * rank), kScaledRows);
  product_ab(context, dy, rows, columns, args.b.data_as<float>(), rank, dxa);
  for (std::int64_t i = 0; i < rows * rank; ++i) dxa[i] *= scale;
  thin_atb(context, dxa, rank, rows, args.x.data_as<float>(), depth, args.da.data_as<float>());
  if (args.dx.present()) {
    product_ab(context, dxa, rows, rank, args.a.data_as<float>(), depth, args.dx.data_as<float>(), true);
  }
  return {};
}

}  // namespace hone::HONE_ISA
