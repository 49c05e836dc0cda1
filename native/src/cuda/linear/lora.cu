// Low-rank adapters in training: five thin products by cuBLASLt, each bound by reading or writing its [M,K] or [M,N] side once.
// A and B in f32 are rounded to bf16 for them, as autocast does; xa and dxa are bf16, the gradients of A and B are summed in f32.
#include "core/ops-args.h"
#include "cuda/linear/blas.h"
#include "cuda/linear/lora-rows.h"
#include "cuda/weights/weight-rows.h"

namespace hone::cuda {

Status lora_forward(Stream& stream, const LoraForwardArgs& args) {
  if (args.x.dim[0] <= kLoraFewRows) return lora_forward_few(stream, args);
  Pieces pieces(stream);
  Matrix a, b;
  HONE_TRY(bf16_matrix(stream, pieces, args.a, a));
  HONE_TRY(bf16_matrix(stream, pieces, args.b, b));
  const Matrix xa = matrix_of(args.xa);
  HONE_TRY(stream.blas->product(stream, matrix_of(args.x), false, a, true, 1.0f, 0.0f, xa));
  return stream.blas->product(stream, xa, false, b, true, static_cast<float>(args.scale), 1.0f, matrix_of(args.y));
}

Status lora_backward(Stream& stream, const LoraBackwardArgs& args) {
  const float scale = static_cast<float>(args.scale);
  const std::int64_t rows = args.x.dim[0], rank = args.a.dim[0];
  Pieces pieces(stream);
  Matrix a, b;
  HONE_TRY(bf16_matrix(stream, pieces, args.a, a));
  HONE_TRY(bf16_matrix(stream, pieces, args.b, b));
  Bf16* memory = nullptr;
  HONE_TRY(pieces.take(rows * rank, memory));
  const Matrix dy = matrix_of(args.dy), dxa = {memory, rows, rank, rank, DType::bf16};
  HONE_TRY(stream.blas->product(stream, dy, false, b, false, scale, 0.0f, dxa));
  if (args.dx.present()) HONE_TRY(stream.blas->product(stream, dxa, false, a, false, 1.0f, 1.0f, matrix_of(args.dx)));
  HONE_TRY(stream.blas->product(stream, dxa, true, matrix_of(args.x), false, 1.0f, 1.0f, matrix_of(args.da)));
  return stream.blas->product(stream, dy, true, matrix_of(args.xa), false, scale, 1.0f, matrix_of(args.db));
}

}  // namespace hone::cuda
