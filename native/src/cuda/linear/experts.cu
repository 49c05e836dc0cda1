// The linear layers of experts: every call is for one of them, whose rows only the card knows (`segments` of routeRows). Up to
// kFewRows rows in all: the kernel for few rows, which reads the codes of the weight and leaves at once where the expert has none. More:
// the weight as bf16, as in linear.cu, and expert-product.cu.
#include "core/expert-rows.h"
#include "core/ops-args.h"
#include "cuda/linear/expert-product.h"
#include "cuda/linear/linear-narrow.h"
#include "cuda/weights/weight-rows.h"

namespace hone::cuda {
namespace {

// A decode step of 64 sequences with 4 experts each. Which rows an expert gets changes nothing: the bound is on all rows.
constexpr std::int64_t kFewRows = 256;

// The rows of segments[expert, first] to segments[expert, last] of `rows`, which the kernels read and check.
Status range_of(Stream& stream, Op op, int argument, const View& segments, std::int64_t expert, std::int64_t first, std::int64_t last,
                std::int64_t rows, RowRange& out) {
  HONE_TRY(check_expert(segments, expert, first, last));
  const std::int64_t columns = segments.dim[1];
  const std::int32_t* row = segments.data_as<std::int32_t>() + expert * columns;
  out = {row + first, row + last, rows, stream.fault, static_cast<int>(op), argument, static_cast<int>(expert * columns + first)};
  return {};
}

// The rows of the range of a tensor, and a matrix that has none.
RangedMatrix ranged(const View& view) { return {view.data, view.dim[1], view.dim[1]}; }
RangedMatrix whole(const Matrix& matrix) { return {matrix.data, matrix.stride, 0}; }
// Rows of another width that lie without gaps from the first of the range on.
RangedMatrix ranged(const View& view, std::int64_t width) { return {view.data, width, view.dim[1]}; }

}  // namespace

Status expert_linear_forward(Stream& stream, const ExpertLinearForwardArgs& args) {
  const CardWeight weight = weight_of(args.w);
  const std::int64_t rows = args.x.dim[0];
  RowRange range;
  HONE_TRY(range_of(stream, Op::kExpertLinearForward, 1, args.segments, args.expert, 0, args.segments.dim[1] - 1, rows, range));
  if (rows <= kFewRows) return linear_narrow(stream, {args.x, range, 1, {{weight, {}, args.y}}});
  Pieces pieces(stream);
  WeightRows stretches(weight);
  HONE_TRY(stretches.open(pieces));
  for (std::int64_t begin = 0; begin < weight.rows;) {
    Matrix w;
    HONE_TRY(stretches.read(stream, begin, w));
    ExpertProduct product;
    product.a = ranged(args.x);
    product.b = whole(w);
    product.c = ranged(args.y);
    product.c.data = args.y.data_as<Bf16>() + begin;
    product.transpose_b = true;
    product.m = rows;
    product.n = w.rows;
    product.k = weight.columns;
    product.range = range;
    HONE_TRY(expert_product(stream, product));
    begin += w.rows;
  }
  return {};
}

Status expert_linear_backward_input(Stream& stream, const ExpertLinearBackwardInputArgs& args) {
  const CardWeight weight = weight_of(args.w);
  const std::int64_t rows = args.dy.dim[0];
  RowRange range;
  HONE_TRY(range_of(stream, Op::kExpertLinearBackwardInput, 1, args.segments, args.expert, 0, args.segments.dim[1] - 1, rows, range));
  Pieces pieces(stream);
  WeightRows stretches(weight);
  HONE_TRY(stretches.open(pieces));
  for (std::int64_t begin = 0; begin < weight.rows;) {
    Matrix w;
    HONE_TRY(stretches.read(stream, begin, w));
    ExpertProduct product;
    product.a = ranged(args.dy);
    product.a.data = args.dy.data_as<Bf16>() + begin;
    product.b = whole(w);
    product.c = ranged(args.dx);
    product.accumulate = args.accumulate || begin > 0;
    product.m = rows;
    product.n = weight.columns;
    product.k = w.rows;
    product.range = range;
    HONE_TRY(expert_product(stream, product));
    begin += w.rows;
  }
  return {};
}

Status expert_linear_backward_weight(Stream& stream, const ExpertLinearBackwardWeightArgs& args) {
  ExpertProduct product;
  HONE_TRY(range_of(stream, Op::kExpertLinearBackwardWeight, 2, args.segments, args.expert, 0, args.segments.dim[1] - 1, args.x.dim[0],
                    product.range));
  product.a = ranged(args.dy);
  product.b = ranged(args.x);
  product.c = whole(matrix_of(args.dw));
  product.transpose_a = product.is_c_f32 = product.is_depth_ranged = true;
  product.accumulate = args.accumulate;
  product.m = args.dw.dim[0];
  product.n = args.dw.dim[1];
  product.k = args.x.dim[0];
  return expert_product(stream, product);
}

Status expert_lora_forward(Stream& stream, const ExpertLoraForwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], rank = args.a.dim[0];
  Pieces pieces(stream);
  Matrix a, b;
  HONE_TRY(bf16_matrix(stream, pieces, args.a, a));
  HONE_TRY(bf16_matrix(stream, pieces, args.b, b));
  ExpertProduct shrink;
  HONE_TRY(range_of(stream, Op::kExpertLoraForward, 1, args.segments, args.expert, args.piece, std::int64_t{args.piece} + 1, rows,
                    shrink.range));
  shrink.transpose_b = true;
  shrink.m = rows;
  ExpertProduct expand = shrink;
  shrink.a = ranged(args.x);
  shrink.b = whole(a);
  shrink.c = ranged(args.xa, rank);
  shrink.n = rank;
  shrink.k = args.x.dim[1];
  HONE_TRY(expert_product(stream, shrink));
  expand.a = ranged(args.xa, rank);
  expand.b = whole(b);
  expand.c = ranged(args.y);
  expand.n = args.y.dim[1];
  expand.k = rank;
  expand.alpha = static_cast<float>(args.scale);
  expand.accumulate = true;
  return expert_product(stream, expand);
}

Status expert_lora_backward(Stream& stream, const ExpertLoraBackwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], rank = args.a.dim[0], columns = args.dy.dim[1], depth = args.x.dim[1];
  Pieces pieces(stream);
  Matrix a, b;
  HONE_TRY(bf16_matrix(stream, pieces, args.a, a));
  HONE_TRY(bf16_matrix(stream, pieces, args.b, b));
  Bf16* memory = nullptr;
  HONE_TRY(pieces.take(rows * rank, memory));
  const RangedMatrix dxa = {memory, rank, rank};
  ExpertProduct base;
  HONE_TRY(range_of(stream, Op::kExpertLoraBackward, 2, args.segments, args.expert, args.piece, std::int64_t{args.piece} + 1, rows,
                    base.range));
  // dxa = scale dy B, dx += dxa A
  ExpertProduct product = base;
  product.a = ranged(args.dy);
  product.b = whole(b);
  product.c = dxa;
  product.alpha = static_cast<float>(args.scale);
  product.m = rows;
  product.n = rank;
  product.k = columns;
  HONE_TRY(expert_product(stream, product));
  if (args.dx.present()) {
    product = base;
    product.a = dxa;
    product.b = whole(a);
    product.c = ranged(args.dx);
    product.accumulate = true;
    product.m = rows;
    product.n = depth;
    product.k = rank;
    HONE_TRY(expert_product(stream, product));
  }
  // da += dxaᵀ x, db += scale dyᵀ xa
  product = base;
  product.transpose_a = product.is_c_f32 = product.is_depth_ranged = product.accumulate = true;
  product.k = rows;
  product.a = dxa;
  product.b = ranged(args.x);
  product.c = whole(matrix_of(args.da));
  product.m = rank;
  product.n = depth;
  HONE_TRY(expert_product(stream, product));
  product.a = ranged(args.dy);
  product.b = ranged(args.xa, rank);
  product.c = whole(matrix_of(args.db));
  product.alpha = static_cast<float>(args.scale);
  product.m = columns;
  product.n = rank;
  return expert_product(stream, product);
}

}  // namespace hone::cuda
