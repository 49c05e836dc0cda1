#include <cstring>

#include "core/half.h"
#include "core/ops-args.h"

namespace hone::reference {

Status sum_squares(Context&, const SumSquaresArgs& args) {
  double sum = 0;
  for (std::int64_t i = 0; i < args.x.count(); ++i) {
    const double x = args.x.dtype == DType::f32 ? args.x.data_as<float>()[i] : bf16_to_f32(args.x.data_as<std::uint16_t>()[i]);
    sum += x * x;
  }
  float& out = args.out.data_as<float>()[0];
  out = static_cast<float>(args.accumulate ? out + sum : sum);
  return {};
}

Status tensor_fill(Context&, const TensorFillArgs& args) {
  const auto value = static_cast<float>(args.value);
  for (std::int64_t i = 0; i < args.x.count(); ++i) {
    if (args.x.dtype == DType::f32) args.x.data_as<float>()[i] = value;
    if (args.x.dtype == DType::bf16) args.x.data_as<std::uint16_t>()[i] = f32_to_bf16(value);
    if (args.x.dtype == DType::f16) args.x.data_as<std::uint16_t>()[i] = f32_to_f16(value);
  }
  return {};
}

Status tensor_copy(Context&, const TensorCopyArgs& args) {
  std::memmove(args.dst.data, args.src.data, args.src.count() * dtype_bytes(args.src.dtype));
  return {};
}

Status tensor_scale(Context&, const TensorScaleArgs& args) {
  const auto s = static_cast<float>(args.s);
  for (std::int64_t i = 0; i < args.x.count(); ++i) args.x.data_as<float>()[i] *= s;
  return {};
}

Status tensor_add(Context&, const TensorAddArgs& args) {
  for (std::int64_t i = 0; i < args.a.count(); ++i) {
    args.out.data_as<float>()[i] = args.a.data_as<float>()[i] + args.b.data_as<float>()[i];
  }
  return {};
}

Status tensor_accumulate(Context&, const TensorAccumulateArgs& args) {
  for (std::int64_t i = 0; i < args.dst.count(); ++i) args.dst.data_as<float>()[i] += args.src.data_as<float>()[i];
  return {};
}

Status tensor_cast(Context&, const TensorCastArgs& args) {
  for (std::int64_t i = 0; i < args.src.count(); ++i) {
    float value = 0;
    if (args.src.dtype == DType::f32) value = args.src.data_as<float>()[i];
    if (args.src.dtype == DType::bf16) value = bf16_to_f32(args.src.data_as<std::uint16_t>()[i]);
    if (args.src.dtype == DType::f16) value = f16_to_f32(args.src.data_as<std::uint16_t>()[i]);
    if (args.dst.dtype == DType::f32) args.dst.data_as<float>()[i] = value;
    if (args.dst.dtype == DType::bf16) args.dst.data_as<std::uint16_t>()[i] = f32_to_bf16(value);
    if (args.dst.dtype == DType::f16) args.dst.data_as<std::uint16_t>()[i] = f32_to_f16(value);
  }
  return {};
}

}  // namespace hone::reference
