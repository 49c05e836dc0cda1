// Ops that move whole rows: bound by memory, or by its latency where rows are short.
#include "core/ops-args.h"
#include "cuda/device/report.h"
#include "cuda/linear/grouped-rows.h"
#include "cuda/rows/row-walk.h"

namespace hone::cuda {
namespace {

template <class Word>
constexpr int run_of = 16 / static_cast<int>(sizeof(Word));

// y[i] = x[index[i]]
template <class Word>
struct Gather {
  static constexpr int kWidth = run_of<Word>;
  template <int n>
  struct Operands {
    Values<Word, n> x;
  };

  const Word* x;
  const std::int32_t* index;
  Word* y;
  std::int64_t rows, width;
  Fault* fault;

  __device__ bool find(std::int64_t row, std::int64_t& source, bool reports) const {
    source = index[row];
    if (source >= 0 && source < rows) return true;
    if (reports) report(fault, static_cast<int>(Op::kGatherRows), kGatherRowsIndex, row, static_cast<std::int32_t>(source), rows);
    return false;
  }

  template <int n>
  __device__ Operands<n> load(std::int64_t source, std::int64_t, int column) const {
    return {load_values<n>(x + source * width + column)};
  }

  template <int n>
  __device__ void store(std::int64_t row, int column, const Operands<n>& in) const {
    store_values(y + row * width + column, in.x);
  }
};

// y[t] = x[t, begin ..]; x points to column `begin` of the first row.
template <class Word>
struct Slice {
  static constexpr int kWidth = run_of<Word>;
  template <int n>
  struct Operands {
    Values<Word, n> x;
  };

  const Word* x;
  Word* y;
  std::int64_t from, width;

  __device__ bool find(std::int64_t, std::int64_t&, bool) const { return true; }

  template <int n>
  __device__ Operands<n> load(std::int64_t, std::int64_t row, int column) const {
    return {load_values<n>(x + row * from + column)};
  }

  template <int n>
  __device__ void store(std::int64_t row, int column, const Operands<n>& in) const {
    store_values(y + row * width + column, in.x);
  }
};

// dx[t, begin ..] += dy[t]
template <class T>
struct SliceGradient {
  static constexpr int kWidth = run_of<T>;
  template <int n>
  struct Operands {
    Values<T, n> dy, dx;
  };

  const T* dy;
  T* dx;
  std::int64_t width, to;

  __device__ bool find(std::int64_t, std::int64_t&, bool) const { return true; }

  template <int n>
  __device__ Operands<n> load(std::int64_t, std::int64_t row, int column) const {
    return {load_values<n>(dy + row * width + column), load_values<n>(dx + row * to + column)};
  }

  template <int n>
  __device__ void store(std::int64_t row, int column, const Operands<n>& in) const {
    float sums[n];
#pragma unroll
    for (int i = 0; i < n; ++i) sums[i] = to_f32(in.dx.at[i]) + to_f32(in.dy.at[i]);
    store_values(dx + row * to + column, round_values<T>(sums));
  }
};

template <class T>
Status gather(Stream& stream, const GatherRowsArgs& args) {
  const std::int64_t width = args.y.dim[1];
  const Gather<T> op = {args.x.data_as<T>(), args.index.data_as<std::int32_t>(), args.y.data_as<T>(), args.x.dim[0], width, stream.fault};
  return walk_rows(stream, "gather_rows", op, args.y.dim[0], width, are_aligned(op.x, op.y) && width % run_of<T> == 0);
}

template <class T>
Status slice(Stream& stream, const SliceColumnsForwardArgs& args) {
  const std::int64_t from = args.x.dim[1], width = args.y.dim[1];
  const Slice<T> op = {args.x.data_as<T>() + args.begin, args.y.data_as<T>(), from, width};
  const bool is_aligned = are_aligned(op.x, op.y) && width % run_of<T> == 0 && from % run_of<T> == 0;
  return walk_rows(stream, "slice_columns_forward", op, args.x.dim[0], width, is_aligned);
}

template <class T>
Status slice_gradient(Stream& stream, const SliceColumnsBackwardArgs& args) {
  const std::int64_t to = args.dx.dim[1], width = args.dy.dim[1];
  const SliceGradient<T> op = {args.dy.data_as<T>(), args.dx.data_as<T>() + args.begin, width, to};
  const bool is_aligned = are_aligned(op.dy, op.dx) && width % run_of<T> == 0 && to % run_of<T> == 0;
  return walk_rows(stream, "slice_columns_backward", op, args.dx.dim[0], width, is_aligned);
}

}  // namespace

Status gather_rows(Stream& stream, const GatherRowsArgs& args) {
  return args.x.dtype == DType::f32 ? gather<float>(stream, args) : gather<Bf16>(stream, args);
}

Status scatter_rows_add(Stream& stream, const ScatterRowsAddArgs& args) {
  GroupedRows rows = {};
  rows.name = "scatter_rows_add";
  rows.op = static_cast<int>(Op::kScatterRowsAdd);
  rows.argument = kScatterRowsAddIndex;
  rows.index = args.index.data_as<std::int32_t>();
  rows.count = args.x.dim[0];
  rows.bound = args.y.dim[0];
  rows.width = args.x.dim[1];
  if (args.x.dtype == DType::f32) return add_grouped_rows(stream, rows, args.x.data_as<float>(), args.y.data_as<float>());
  return add_grouped_rows(stream, rows, args.x.data_as<Bf16>(), args.y.data_as<Bf16>());
}

Status slice_columns_forward(Stream& stream, const SliceColumnsForwardArgs& args) {
  if (args.begin > args.x.dim[1] - args.y.dim[1]) {
    return bad_argument("expected begin to leave room for the columns of y");
  }
  return args.x.dtype == DType::f32 ? slice<float>(stream, args) : slice<Bf16>(stream, args);
}

Status slice_columns_backward(Stream& stream, const SliceColumnsBackwardArgs& args) {
  if (args.begin > args.dx.dim[1] - args.dy.dim[1]) {
    return bad_argument("expected begin to leave room for the columns of dy");
  }
  return args.dx.dtype == DType::f32 ? slice_gradient<float>(stream, args) : slice_gradient<Bf16>(stream, args);
}

}  // namespace hone::cuda
