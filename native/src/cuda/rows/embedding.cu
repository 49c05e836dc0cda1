// Forward reads a row of the table and writes it as bf16. Backward: grouped-rows.cu.
#include "core/ops-args.h"
#include "cuda/device/report.h"
#include "cuda/linear/grouped-rows.h"
#include "cuda/rows/row-walk.h"

namespace hone::cuda {
namespace {

template <class T>
struct LookUp {
  static constexpr int kWidth = 16 / static_cast<int>(sizeof(T));
  template <int n>
  struct Operands {
    Values<T, n> row;
  };

  const T* table;
  const std::int32_t* ids;
  Bf16* y;
  std::int64_t rows, width;
  Fault* fault;

  __device__ bool find(std::int64_t row, std::int64_t& source, bool reports) const {
    source = ids[row];
    if (source >= 0 && source < rows) return true;
    if (reports) {
      report(fault, static_cast<int>(Op::kEmbeddingForward), kEmbeddingForwardIds, row, static_cast<std::int32_t>(source), rows);
    }
    return false;
  }

  template <int n>
  __device__ Operands<n> load(std::int64_t source, std::int64_t, int column) const {
    return {load_values<n>(table + source * width + column)};
  }

  template <int n>
  __device__ void store(std::int64_t row, int column, const Operands<n>& in) const {
    float out[n];
#pragma unroll
    for (int i = 0; i < n; ++i) out[i] = to_f32(in.row.at[i]);
    store_values(y + row * width + column, round_values<Bf16>(out));
  }
};

template <class T>
Status look_up(Stream& stream, const EmbeddingForwardArgs& args) {
  const std::int64_t width = args.y.dim[1];
  const LookUp<T> op = {args.table.data_as<T>(), args.ids.data_as<std::int32_t>(), args.y.data_as<Bf16>(), args.table.dim[0], width,
                        stream.fault};
  return walk_rows(stream, "embedding_forward", op, args.y.dim[0], width, are_aligned(op.table, op.y) && width % 8 == 0);
}

}  // namespace

Status embedding_forward(Stream& stream, const EmbeddingForwardArgs& args) {
  return args.table.dtype == DType::f32 ? look_up<float>(stream, args) : look_up<Bf16>(stream, args);
}

Status embedding_backward(Stream& stream, const EmbeddingBackwardArgs& args) {
  GroupedRows rows = {};
  rows.name = "embedding_backward";
  rows.op = static_cast<int>(Op::kEmbeddingBackward);
  rows.argument = kEmbeddingBackwardIds;
  rows.index = args.ids.data_as<std::int32_t>();
  rows.count = args.dy.dim[0];
  rows.bound = args.dtable.dim[0];
  rows.width = args.dy.dim[1];
  return add_grouped_rows(stream, rows, args.dy.data_as<Bf16>(), args.dtable.data_as<float>());
}

}  // namespace hone::cuda
