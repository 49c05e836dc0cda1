#include <cmath>

#include "core/ops-args.h"

namespace hone::reference {

// Ba, Kiros and Hinton, arXiv 1607.06450; the variance is the biased one, as in torch.nn.LayerNorm.
Status layer_norm_forward(Context&, const LayerNormForwardArgs& args) {
  const std::int64_t tokens = args.x.dim[0], width = args.x.dim[1];
  for (std::int64_t t = 0; t < tokens; ++t) {
    const float* x = args.x.data_as<float>() + t * width;
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < width; ++i) sum += x[i];
    const double mean = sum / static_cast<double>(width);
    for (std::int64_t i = 0; i < width; ++i) squares += (x[i] - mean) * (x[i] - mean);
    const double rstd = 1.0 / std::sqrt(squares / static_cast<double>(width) + args.eps);
    args.mean.data_as<float>()[t] = static_cast<float>(mean);
    args.rstd.data_as<float>()[t] = static_cast<float>(rstd);
    for (std::int64_t i = 0; i < width; ++i) {
      const double h = (x[i] - mean) * rstd;
      args.y.data_as<float>()[t * width + i] =
          static_cast<float>(h * args.weight.data_as<float>()[i] + args.bias.data_as<float>()[i]);
    }
  }
  return {};
}

Status layer_norm_backward(Context&, const LayerNormBackwardArgs& args) {
  const std::int64_t tokens = args.x.dim[0], width = args.x.dim[1];
  const float* weight = args.weight.data_as<float>();
  const auto normalised = [&](std::int64_t t, std::int64_t i) {
    const double centred = static_cast<double>(args.x.data_as<float>()[t * width + i]) - args.mean.data_as<float>()[t];
    return centred * args.rstd.data_as<float>()[t];
  };
  for (std::int64_t t = 0; t < tokens; ++t) {
    const float* dy = args.dy.data_as<float>() + t * width;
    float* dx = args.dx.data_as<float>() + t * width;
    double sum = 0, dot = 0;
    for (std::int64_t i = 0; i < width; ++i) {
      const double g = static_cast<double>(dy[i]) * weight[i];
      sum += g;
      dot += g * normalised(t, i);
    }
    const double mean = sum / static_cast<double>(width), share = dot / static_cast<double>(width);
    for (std::int64_t i = 0; i < width; ++i) {
      const double g = static_cast<double>(dy[i]) * weight[i];
      const double before = args.accumulate ? dx[i] : 0.0;
      dx[i] = static_cast<float>(before + args.rstd.data_as<float>()[t] * (g - mean - normalised(t, i) * share));
    }
  }
  for (std::int64_t i = 0; i < width; ++i) {
    double dweight = 0, dbias = 0;
    for (std::int64_t t = 0; t < tokens; ++t) {
      dweight += args.dy.data_as<float>()[t * width + i] * normalised(t, i);
      dbias += args.dy.data_as<float>()[t * width + i];
    }
    if (args.dweight.present()) args.dweight.data_as<float>()[i] += static_cast<float>(dweight);
    if (args.dbias.present()) args.dbias.data_as<float>()[i] += static_cast<float>(dbias);
  }
  return {};
}

}  // namespace hone::reference
