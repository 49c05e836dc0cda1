#include <cstring>

#include "core/half.h"
#include "core/ops-args.h"

namespace hone::reference {

Status embedding_forward(Context&, const EmbeddingForwardArgs& args) {
  const std::int64_t tokens = args.y.dim[0], width = args.y.dim[1];
  const std::int32_t* ids = args.ids.data_as<std::int32_t>();
  float* y = args.y.data_as<float>();
  for (std::int64_t t = 0; t < tokens; ++t) {
    const std::int64_t row = ids[t] * width;
    for (std::int64_t i = 0; i < width; ++i) {
      y[t * width + i] = args.table.dtype == DType::f32 ? args.table.data_as<float>()[row + i]
                                                       : bf16_to_f32(args.table.data_as<std::uint16_t>()[row + i]);
    }
  }
  return {};
}

Status embedding_backward(Context&, const EmbeddingBackwardArgs& args) {
  const std::int64_t tokens = args.dy.dim[0], width = args.dy.dim[1];
  const std::int32_t* ids = args.ids.data_as<std::int32_t>();
  const float* dy = args.dy.data_as<float>();
  float* dtable = args.dtable.data_as<float>();
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t i = 0; i < width; ++i) dtable[ids[t] * width + i] += dy[t * width + i];
  }
  return {};
}

}  // namespace hone::reference
