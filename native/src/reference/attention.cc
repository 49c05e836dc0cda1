#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/half.h"
#include "core/ops-args.h"
#include "core/soft-cap.h"

namespace hone::reference {
namespace {

// The first token that row i of a sequence starting at `begin` may look at.
std::int64_t first_visible(std::int64_t begin, std::int64_t i, std::int64_t window) {
  return window > 0 ? std::max(begin, i - window + 1) : begin;
}

double dot(const float* a, const float* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// The values that the products read.
std::vector<float> operand(const View& view, bool is_rounded) {
  std::vector<float> values(view.data_as<float>(), view.data_as<float>() + view.count());
  if (is_rounded) std::transform(values.begin(), values.end(), values.begin(), round_to_bf16);
  return values;
}

}  // namespace

Status attention_forward(Context&, const AttentionForwardArgs& args) {
  const std::int64_t heads = args.q.dim[1], width = args.q.dim[2], kv_heads = args.k.dim[1];
  const std::int64_t sequences = args.cu_seqlens.dim[0] - 1, group = kv_heads > 0 ? heads / kv_heads : 1;
  const std::int32_t* bounds = args.cu_seqlens.data_as<std::int32_t>();
  const std::vector<float> all_q = operand(args.q, args.rounded), all_k = operand(args.k, args.rounded);
  const std::vector<float> all_v = operand(args.v, args.rounded);
  std::vector<double> scores, out(width);
  for (std::int64_t s = 0; s < sequences; ++s) {
    for (std::int64_t i = bounds[s]; i < bounds[s + 1]; ++i) {
      for (std::int64_t h = 0; h < heads; ++h) {
        const std::int64_t first = first_visible(bounds[s], i, args.window);
        scores.assign(i - first + 1, 0);
        double most = -std::numeric_limits<double>::infinity(), sum = 0;
        for (std::int64_t j = first; j <= i; ++j) {
          const float* k = all_k.data() + (j * kv_heads + h / group) * width;
          scores[j - first] = soft_cap(args.scale * dot(all_q.data() + (i * heads + h) * width, k, width), args.softcap);
          most = std::max(most, scores[j - first]);
        }
        std::fill(out.begin(), out.end(), 0.0);
        for (std::int64_t j = first; j <= i; ++j) {
          const float* v = all_v.data() + (j * kv_heads + h / group) * width;
          const double p = std::exp(scores[j - first] - most);
          sum += p;
          for (std::int64_t c = 0; c < width; ++c) out[c] += p * v[c];
        }
        for (std::int64_t c = 0; c < width; ++c) {
          args.o.data_as<float>()[(i * heads + h) * width + c] = static_cast<float>(out[c] / sum);
        }
        args.lse.data_as<float>()[i * heads + h] = static_cast<float>(most + std::log(sum));
      }
    }
  }
  return {};
}

Status attention_backward(Context&, const AttentionBackwardArgs& args) {
  const std::int64_t heads = args.q.dim[1], width = args.q.dim[2], kv_heads = args.k.dim[1];
  const std::int64_t sequences = args.cu_seqlens.dim[0] - 1, group = kv_heads > 0 ? heads / kv_heads : 1;
  const std::int32_t* bounds = args.cu_seqlens.data_as<std::int32_t>();
  const std::vector<float> all_q = operand(args.q, args.rounded), all_k = operand(args.k, args.rounded);
  const std::vector<float> all_v = operand(args.v, args.rounded), all_d_o = operand(args.d_o, args.rounded);
  std::vector<double> dq(args.dq.count(), 0), dk(args.dk.count(), 0), dv(args.dv.count(), 0);
  for (std::int64_t s = 0; s < sequences; ++s) {
    for (std::int64_t i = bounds[s]; i < bounds[s + 1]; ++i) {
      for (std::int64_t h = 0; h < heads; ++h) {
        const std::int64_t row = (i * heads + h) * width;
        const float* q = all_q.data() + row;
        const float* d_o = all_d_o.data() + row;
        const double delta = dot(args.d_o.data_as<float>() + row, args.o.data_as<float>() + row, width);
        for (std::int64_t j = first_visible(bounds[s], i, args.window); j <= i; ++j) {
          const std::int64_t kv = (j * kv_heads + h / group) * width;
          const float* k = all_k.data() + kv;
          const float* v = all_v.data() + kv;
          const double s = soft_cap(args.scale * dot(q, k, width), args.softcap);
          const double p = std::exp(s - args.lse.data_as<float>()[i * heads + h]);
          const double ds = p * (dot(d_o, v, width) - delta) * args.scale * soft_cap_slope(s, args.softcap);
          for (std::int64_t c = 0; c < width; ++c) {
            dq[row + c] += ds * k[c];
            dk[kv + c] += ds * q[c];
            dv[kv + c] += p * d_o[c];
          }
        }
      }
    }
  }
  std::copy(dq.begin(), dq.end(), args.dq.data_as<float>());
  std::copy(dk.begin(), dk.end(), args.dk.data_as<float>());
  std::copy(dv.begin(), dv.end(), args.dv.data_as<float>());
  return {};
}

}  // namespace hone::reference
