#include <cmath>

#include "core/ops-args.h"

namespace hone::reference {

Status rms_norm_forward(Context&, const RmsNormForwardArgs& args) {
  const std::int64_t tokens = args.x.dim[0], width = args.x.dim[1];
  const float* weight = args.weight.data_as<float>();
  for (std::int64_t t = 0; t < tokens; ++t) {
    const float* x = args.x.data_as<float>() + t * width;
    float* y = args.y.data_as<float>() + t * width;
    double sum = 0;
    for (std::int64_t i = 0; i < width; ++i) sum += static_cast<double>(x[i]) * x[i];
    const double rstd = 1.0 / std::sqrt(sum / static_cast<double>(width) + args.eps);
    args.rstd.data_as<float>()[t] = static_cast<float>(rstd);
    for (std::int64_t i = 0; i < width; ++i) y[i] = static_cast<float>(x[i] * rstd * (args.offset + weight[i]));
  }
  return {};
}

Status rms_norm_backward(Context&, const RmsNormBackwardArgs& args) {
  const std::int64_t tokens = args.x.dim[0], width = args.x.dim[1];
  const float* weight = args.weight.data_as<float>();
  for (std::int64_t t = 0; t < tokens; ++t) {
    const float* x = args.x.data_as<float>() + t * width;
    const float* dy = args.dy.data_as<float>() + t * width;
    float* dx = args.dx.data_as<float>() + t * width;
    const double rstd = args.rstd.data_as<float>()[t];
    double dot = 0;
    for (std::int64_t i = 0; i < width; ++i) dot += dy[i] * (args.offset + weight[i]) * x[i];
    const double mean = dot * rstd * rstd / static_cast<double>(width);
    for (std::int64_t i = 0; i < width; ++i) {
      const double before = args.accumulate ? dx[i] : 0.0;
      dx[i] = static_cast<float>(before + rstd * (dy[i] * (args.offset + weight[i]) - x[i] * mean));
    }
  }
  if (!args.dweight.present()) return {};
  for (std::int64_t i = 0; i < width; ++i) {
    double sum = 0;
    for (std::int64_t t = 0; t < tokens; ++t) {
      sum += static_cast<double>(args.dy.data_as<float>()[t * width + i]) * args.x.data_as<float>()[t * width + i] *
             args.rstd.data_as<float>()[t];
    }
    args.dweight.data_as<float>()[i] += static_cast<float>(sum);
  }
  return {};
}

Status add_rms_norm(Context& context, const AddRmsNormArgs& args) {
  for (std::int64_t i = 0; i < args.x.count(); ++i) args.sum.data_as<float>()[i] += args.x.data_as<float>()[i];
  return rms_norm_forward(context, {args.sum, args.weight, args.y, args.rstd, args.eps, args.offset});
}

}  // namespace hone::reference
