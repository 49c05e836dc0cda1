#include "core/ops-args.h"
#include "cuda/norm/norm-backward.h"
#include "cuda/norm/norm-forward.h"

namespace hone::cuda {

Status layer_norm_forward(Stream& stream, const LayerNormForwardArgs& args) {
  NormForward a = {};
  a.x = args.x.data_as<Bf16>();
  a.weight = args.weight.data_as<float>();
  a.bias = args.bias.data_as<float>();
  a.y = args.y.data_as<Bf16>();
  a.mean = args.mean.data_as<float>();
  a.rstd = args.rstd.data_as<float>();
  a.rows = args.x.dim[0];
  a.width = static_cast<int>(args.x.dim[1]);
  a.eps = static_cast<float>(args.eps);
  return norm_forward<true, false>(stream, "layer_norm_forward", a);
}

Status layer_norm_backward(Stream& stream, const LayerNormBackwardArgs& args) {
  NormBackward a = {};
  a.dy = args.dy.data_as<Bf16>();
  a.x = args.x.data_as<Bf16>();
  a.weight = args.weight.data_as<float>();
  a.mean = args.mean.data_as<float>();
  a.rstd = args.rstd.data_as<float>();
  a.dx = args.dx.data_as<Bf16>();
  a.rows = args.x.dim[0];
  a.width = static_cast<int>(args.x.dim[1]);
  a.accumulate = args.accumulate;
  return norm_backward<true>(stream, "layer_norm_backward", a, args.dweight.data_as<float>(), args.dbias.data_as<float>());
}

}  // namespace hone::cuda
