// isa: avx2 avx512 avx512bf16 amx
#include "core/ops-args.h"
#include "cpu/gemm-f32.h"

namespace hone::HONE_ISA {

Status linear_forward(Context& context, const LinearForwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], columns = args.w.dim[0];
  const float* x = args.x.data_as<float>();
  const float* bias = args.bias.present() ? args.bias.data_as<float>() : nullptr;
  float* y = args.y.data_as<float>();
  if (args.w.dtype == DType::f32) {
    product_abt(context, x, rows, depth, args.w.data_as<float>(), columns, y, false, bias);
  } else if (args.w.dtype == DType::packed_f32) {
    product_packed_f32(context, x, rows, *args.w.packed, y, bias);
  }
  return {};
}

}  // namespace hone::HONE_ISA
