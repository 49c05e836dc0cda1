// isa: avx2 avx512 avx512bf16 amx
#include "core/linear-group.h"

#include <algorithm>

#include "cpu/gemm/gemm-bf16-stream.h"
#include "cpu/gemm/gemm-quant.h"

// Few rows times several weights are one stream of all the panels and one run of the pool: x is rounded once, and a thread that is
// done with its share of one weight goes on in the next. An output has the bits of linearForward, whose panels these are.
namespace hone::HONE_ISA {

// Of linear.cc of the same level.
Status linear_forward(Context& context, const LinearForwardArgs& args);

namespace {

[[maybe_unused]] const float* bias_of(const LinearForwardArgs& args) { return args.bias.present() ? args.bias.data_as<float>() : nullptr; }

#if defined(__AVX512F__)
template <class Format>
void stream_quantized(Context& context, const LinearGroup& group) {
  const auto product_of = [&](int i) {
    const LinearForwardArgs& part = group.part[std::min(i, group.count - 1)];
    return QuantProduct{*part.w.packed, part.x.dim[0], nullptr, nullptr, nullptr, part.y.data_as<float>(), bias_of(part)};
  };
  QuantProduct products[LinearGroup::kMost] = {product_of(0), product_of(1), product_of(2)};
  QuantProduct& first = products[0];
  round_quant_rows(context, group.part[0].x.data_as<float>(), true, first);
  for (QuantProduct& product : products) product.floats = first.floats, product.block_sums = first.block_sums;
  stream_products(context, products, group.count, Format());
}
#endif

#if defined(__AMX_BF16__)
void stream_plain(Context& context, const LinearGroup& group) {
  const auto product_of = [&](int i) {
    const LinearForwardArgs& part = group.part[std::min(i, group.count - 1)];
    return Bf16Stream{*part.w.packed, part.y.data_as<float>()};
  };
  const Bf16Stream products[LinearGroup::kMost] = {product_of(0), product_of(1), product_of(2)};
  const View& x = group.part[0].x;
  stream_bf16(context, x.data_as<float>(), x.dim[0], x.dim[1], products, group.count);
}
#endif

// True where one stream gave all results. Weights of several formats, and more rows, have products of their own.
bool streamed([[maybe_unused]] Context& context, const LinearGroup& group) {
  const std::int64_t rows = group.part[0].x.dim[0];
  const DType format = group.part[0].w.dtype;
  if (rows == 0 || !is_packed(format)) return false;
  const auto all = [&](auto&& holds) { return std::all_of(group.part, group.part + group.count, holds); };
  const int block = group.part[0].w.packed->block();
  if (!all([&](const LinearForwardArgs& part) { return part.w.dtype == format && part.w.packed->block() == block; })) return false;
#if defined(__AVX512F__)
  const bool is_few = rows <= kStreamedRows;
  if (is_few && format == DType::nf4 && streams_nf4(rows)) return stream_quantized<Nf4Format>(context, group), true;
  if (is_few && format == DType::int8) return stream_quantized<Int8Format>(context, group), true;
  if (is_few && format == DType::int4) return stream_quantized<Int4Format>(context, group), true;
#endif
#if defined(__AMX_BF16__)
  if (format == DType::packed_bf16 &&
      all([&](const LinearForwardArgs& part) { return streams_bf16(rows, *part.w.packed, bias_of(part)); })) {
    return stream_plain(context, group), true;
  }
#endif
  return false;
}

}  // namespace

Status linear_group_forward(Context& context, const LinearGroupForwardArgs& args) {
  LinearGroup group;
  HONE_TRY(linear_group(args, group));
  return streamed(context, group) ? Status() : run_apart(context, group, linear_forward);
}

}  // namespace hone::HONE_ISA
