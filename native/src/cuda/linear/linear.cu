// Linear layers over every weight format. Many rows: the weight as bf16 (its own, a resident copy, or dequantised into one
// reused workspace: 2.5 bytes a weight for nf4, some 3 % of the product of 8192 rows) times x by cuBLASLt. Up to kNarrowRows rows:
// linear-narrow.cu, which reads the codes themselves.
#include "core/linear-group.h"
#include "cuda/linear/blas.h"
#include "cuda/linear/linear-bias.h"
#include "cuda/linear/linear-narrow.h"
#include "cuda/weights/weight-rows.h"

namespace hone::cuda {
namespace {

// The columns of a matrix from `begin` on.
Matrix columns_of(const Matrix& whole, std::int64_t begin, std::int64_t count) {
  Matrix part = whole;
  part.data = static_cast<const std::byte*>(whole.data) + begin * static_cast<std::int64_t>(dtype_bytes(whole.dtype));
  part.columns = count;
  return part;
}

}  // namespace

Status linear_forward(Stream& stream, const LinearForwardArgs& args) {
  const CardWeight weight = weight_of(args.w);
  const Matrix x = matrix_of(args.x), y = matrix_of(args.y);
  if (x.rows <= narrow_rows(weight)) {
    NarrowProduct product = {args.x, {}, 1, {{weight, args.bias, args.y}}};
    product.range.rows = x.rows;
    return linear_narrow(stream, product);
  }
  // The product adds to the bias, so that a sum is rounded to bf16 once.
  if (args.bias.present()) HONE_TRY(fill_rows(stream, args.bias, args.y));
  Pieces pieces(stream);
  WeightRows rows(weight);
  HONE_TRY(rows.open(pieces));
  for (std::int64_t begin = 0; begin < weight.rows;) {
    Matrix w;
    HONE_TRY(rows.read(stream, begin, w));
    const float beta = args.bias.present() ? 1.0f : 0.0f;
    HONE_TRY(stream.blas->product(stream, x, false, w, true, 1.0f, beta, columns_of(y, begin, w.rows)));
    begin += w.rows;
  }
  return {};
}

// Few rows and weights of one format are one launch over the rows of all weights.
Status linear_group_forward(Stream& stream, const LinearGroupForwardArgs& args) {
  LinearGroup group;
  HONE_TRY(linear_group(args, group));
  static_assert(LinearGroup::kMost == kNarrowParts);
  NarrowProduct product = {args.x, {}, group.count, {}};
  product.range.rows = args.x.dim[0];
  bool is_one_launch = true;
  for (int i = 0; i < group.count; ++i) {
    const LinearForwardArgs& part = group.part[i];
    product.parts[i] = {weight_of(part.w), part.bias, part.y};
    const CardWeight& weight = product.parts[i].weight;
    is_one_launch = is_one_launch && weight.format == product.parts[0].weight.format && product.range.rows <= narrow_rows(weight);
  }
  return is_one_launch ? linear_narrow(stream, product) : run_apart(stream, group, linear_forward);
}

Status linear_backward_input(Stream& stream, const LinearBackwardInputArgs& args) {
  const CardWeight weight = weight_of(args.w);
  const Matrix dy = matrix_of(args.dy), dx = matrix_of(args.dx);
  Pieces pieces(stream);
  WeightRows rows(weight);
  HONE_TRY(rows.open(pieces));
  // dx is rounded once for each stretch of the weight, of which only heads have more than one.
  for (std::int64_t begin = 0; begin < weight.rows;) {
    Matrix w;
    HONE_TRY(rows.read(stream, begin, w));
    const float beta = args.accumulate || begin > 0 ? 1.0f : 0.0f;
    HONE_TRY(stream.blas->product(stream, columns_of(dy, begin, w.rows), false, w, false, 1.0f, beta, dx));
    begin += w.rows;
  }
  return {};
}

// Both operands are bf16 as they come, with or without args.rounds_to_bf16.
Status linear_backward_weight(Stream& stream, const LinearBackwardWeightArgs& args) {
  HONE_TRY(stream.blas->product(stream, matrix_of(args.dy), true, matrix_of(args.x), false, 1.0f, args.accumulate ? 1.0f : 0.0f,
                                matrix_of(args.dw)));
  return args.dbias.present() ? column_sums(stream, args.dy, args.accumulate, args.dbias) : Status();
}

}  // namespace hone::cuda
