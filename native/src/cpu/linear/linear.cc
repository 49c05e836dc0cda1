// isa: avx2 avx512 avx512bf16 amx
#include "core/ops-args.h"
#include "cpu/gemm/gemm-bf16-stream.h"
#include "cpu/gemm/gemm-f32.h"
#include "cpu/gemm/gemm-nf4.h"
#include "cpu/gemm/gemm-quant.h"
#include "cpu/gemm/gemm-weight.h"

namespace hone::HONE_ISA {

Status linear_forward(Context& context, const LinearForwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], columns = args.w.dim[0];
  const float* x = args.x.data_as<float>();
  const float* bias = args.bias.present() ? args.bias.data_as<float>() : nullptr;
  float* y = args.y.data_as<float>();
  switch (args.w.dtype) {
    case DType::f32:
      product_abt(context, x, rows, depth, args.w.data_as<float>(), columns, y, false, bias);
      return {};
    case DType::bf16:
      product_bf16(context, x, rows, args.w.data_as<std::uint16_t>(), depth, columns, y, bias);
      return {};
    case DType::packed_f32:
      product_packed_f32(context, x, rows, *args.w.packed, y, bias);
      return {};
    case DType::packed_bf16:
#if defined(__AMX_BF16__)
      if (streams_bf16(rows, *args.w.packed, bias)) {
        const Bf16Stream product{*args.w.packed, y};
        stream_bf16(context, x, rows, depth, &product, 1);
        return {};
      }
#endif
      product_packed_bf16(context, x, rows, *args.w.packed, y, bias);
      return {};
    case DType::nf4:
      if (streams_nf4(rows)) {
        product_quantized<Nf4Format>(context, x, rows, *args.w.packed, y, bias);
      } else {
        product_nf4(context, x, rows, *args.w.packed, y, bias);
      }
      return {};
    case DType::int8:
      product_quantized<Int8Format>(context, x, rows, *args.w.packed, y, bias);
      return {};
    case DType::int4:
      product_quantized<Int4Format>(context, x, rows, *args.w.packed, y, bias);
      return {};
    default:
      return unsupported(std::string("no product for a weight of ") + dtype_name(args.w.dtype));
  }
}

Status linear_backward_input(Context& context, const LinearBackwardInputArgs& args) {
  const std::int64_t rows = args.dy.dim[0], columns = args.dy.dim[1], depth = args.dx.dim[1];
  const float* dy = args.dy.data_as<float>();
  float* dx = args.dx.data_as<float>();
  switch (args.w.dtype) {
    case DType::f32:
      product_ab(context, dy, rows, columns, args.w.data_as<float>(), depth, dx, args.accumulate);
      return {};
    case DType::bf16:
      product_input_bf16(context, dy, rows, args.w.data_as<std::uint16_t>(), depth, columns, dx, args.accumulate);
      return {};
    case DType::packed_f32:
      product_input_packed_f32(context, dy, rows, *args.w.packed, dx, args.accumulate);
      return {};
    case DType::packed_bf16:
    case DType::nf4:
    case DType::int8:
    case DType::int4:
      product_input_packed(context, dy, rows, *args.w.packed, dx, args.accumulate);
      return {};
    default:
      return unsupported(std::string("no product for a weight of ") + dtype_name(args.w.dtype));
  }
}

// dbias (+)= column sums of dy, rows in ascending order; threads take columns.
static void sum_columns(Context& context, const float* dy, std::int64_t rows, std::int64_t columns, float* dbias,
                        bool accumulate) {
  constexpr std::int64_t kColumnsAtOnce = 256;
  context.pool.run(static_cast<int>(ceil_div(columns, kColumnsAtOnce)), [&](int task) {
    const std::int64_t first = task * kColumnsAtOnce, count = std::min(kColumnsAtOnce, columns - first);
    float* out = dbias + first;
    if (!accumulate) std::memset(out, 0, static_cast<std::size_t>(count) * 4);
    for (std::int64_t m = 0; m < rows; ++m) {
      const float* row = dy + m * columns + first;
      for (std::int64_t j = 0; j < count; ++j) out[j] += row[j];
    }
  });
}

Status linear_backward_weight(Context& context, const LinearBackwardWeightArgs& args) {
  const std::int64_t rows = args.dy.dim[0], columns = args.dy.dim[1], depth = args.x.dim[1];
  const float* dy = args.dy.data_as<float>();
  const float* x = args.x.data_as<float>();
  float* dw = args.dw.data_as<float>();
  if (args.rounds_to_bf16) {
    product_atb_bf16(context, dy, columns, rows, x, depth, dw, args.accumulate, columns);
  } else {
    product_atb(context, dy, columns, rows, x, depth, dw, args.accumulate);
  }
  if (args.dbias.present()) {
    sum_columns(context, dy, rows, columns, args.dbias.data_as<float>(), args.accumulate);
  }
  return {};
}

}  // namespace hone::HONE_ISA
