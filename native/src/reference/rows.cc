#include <algorithm>

#include "core/ops-args.h"

namespace hone::reference {

Status gather_rows(Context&, const GatherRowsArgs& args) {
  const std::int64_t width = args.y.dim[1];
  for (std::int64_t i = 0; i < args.y.dim[0]; ++i) {
    const std::int64_t row = args.index.data_as<std::int32_t>()[i];
    std::copy_n(args.x.data_as<float>() + row * width, width, args.y.data_as<float>() + i * width);
  }
  return {};
}

Status scatter_rows_add(Context&, const ScatterRowsAddArgs& args) {
  const std::int64_t width = args.x.dim[1];
  for (std::int64_t i = 0; i < args.x.dim[0]; ++i) {
    const std::int64_t row = args.index.data_as<std::int32_t>()[i];
    for (std::int64_t c = 0; c < width; ++c) {
      args.y.data_as<float>()[row * width + c] += args.x.data_as<float>()[i * width + c];
    }
  }
  return {};
}

Status slice_columns_forward(Context&, const SliceColumnsForwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], from = args.x.dim[1], width = args.y.dim[1];
  if (args.begin > from - width) return bad_argument("expected begin to leave room for the columns of y");
  for (std::int64_t t = 0; t < rows; ++t) {
    std::copy_n(args.x.data_as<float>() + t * from + args.begin, width, args.y.data_as<float>() + t * width);
  }
  return {};
}

Status slice_columns_backward(Context&, const SliceColumnsBackwardArgs& args) {
  const std::int64_t rows = args.dx.dim[0], to = args.dx.dim[1], width = args.dy.dim[1];
  if (args.begin > to - width) return bad_argument("expected begin to leave room for the columns of dy");
  for (std::int64_t t = 0; t < rows; ++t) {
    for (std::int64_t c = 0; c < width; ++c) {
      args.dx.data_as<float>()[t * to + args.begin + c] += args.dy.data_as<float>()[t * width + c];
    }
  }
  return {};
}

}  // namespace hone::reference
