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
  const std::int64_t width = args.dy.dim[1];
  for (std::int64_t i = 0; i < args.dy.dim[0]; ++i) {
    const std::int64_t row = args.index.data_as<std::int32_t>()[i];
    for (std::int64_t c = 0; c < width; ++c) {
      args.dx.data_as<float>()[row * width + c] += args.dy.data_as<float>()[i * width + c];
    }
  }
  return {};
}

}  // namespace hone::reference
