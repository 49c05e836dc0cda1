#include "core/ops-args.h"
#include "cuda/norm/norm-backward.h"
#include "cuda/norm/norm-forward.h"

namespace hone::cuda {

Status rms_norm_forward(Stream& stream, const RmsNormForwardArgs& args) {
  NormForward a = {};
  a.x = args.x.data_as<Bf16>();
  a.weight = args.weight.data_as<float>();
  a.y = args.y.data_as<Bf16>();
  a.rstd = args.rstd.data_as<float>();
  a.rows = args.x.dim[0];
  a.width = static_cast<int>(args.x.dim[1]);
  a.eps = static_cast<float>(args.eps);
  a.offset = static_cast<float>(args.offset);
  return norm_forward<false, false>(stream, "rms_norm_forward", a);
}

// The residual and the norm after it in one pass: four reads and writes of a row in place of five, and one launch in place of two.
Status add_rms_norm(Stream& stream, const AddRmsNormArgs& args) {
  NormForward a = {};
  a.x = args.x.data_as<Bf16>();
  a.sum = args.sum.data_as<Bf16>();
  a.weight = args.weight.data_as<float>();
  a.y = args.y.data_as<Bf16>();
  a.rstd = args.rstd.data_as<float>();
  a.rows = args.x.dim[0];
  a.width = static_cast<int>(args.x.dim[1]);
  a.eps = static_cast<float>(args.eps);
  a.offset = static_cast<float>(args.offset);
  return norm_forward<false, true>(stream, "add_rms_norm", a);
}

Status rms_norm_backward(Stream& stream, const RmsNormBackwardArgs& args) {
  NormBackward a = {};
  a.dy = args.dy.data_as<Bf16>();
  a.x = args.x.data_as<Bf16>();
  a.weight = args.weight.data_as<float>();
  a.rstd = args.rstd.data_as<float>();
  a.dx = args.dx.data_as<Bf16>();
  a.rows = args.x.dim[0];
  a.width = static_cast<int>(args.x.dim[1]);
  a.offset = static_cast<float>(args.offset);
  a.accumulate = args.accumulate;
  return norm_backward<false>(stream, "rms_norm_backward", a, args.dweight.data_as<float>(), nullptr);
}

}  // namespace hone::cuda
