// isa: avx2 avx512
// A row is read twice, the second time from the first-level cache, and meanwhile the next row is on its way: forward moves 8
// bytes an element, with the residual 16, backward 12, and 16 where it accumulates.
#include <cmath>

#include "core/ops-args.h"
#include "cpu/column-sums.h"
#include "cpu/row-sum.h"
#include "cpu/stream.h"

namespace hone::HONE_ISA {
namespace {

struct ForwardRow {
  const float *x, *weight;
  float* y;
  double eps;
  F16x offset;
};

// Writes y and returns rstd; ahead(i) asks for lines of the next row.
template <bool streamed, class Ahead>
float normalise_row(const ForwardRow& row, std::int64_t width, float squares, Ahead&& ahead) {
  const auto [x, weight, y, eps, offset] = row;
  const auto rstd = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(width) + eps));
  const F16x r = set(rstd);
  walk(
      0, width,
      [=](std::int64_t i) {
        ahead(i);
        put<streamed>(y + i, mul(mul(load(x + i), r), add(load(weight + i), offset)));
      },
      [=](std::int64_t i, int n) {
        store_first(y + i, mul(mul(load_first(x + i, n), r), add(load_first(weight + i, n), offset)), n);
      });
  return rstd;
}

// sum += x, and the sum of the squares of the result.
float add_row(float* sum_row, const float* x, std::int64_t width) {
  return row_sum(
      width,
      [=](std::int64_t i, F16x s) {
        const F16x value = add(load(sum_row + i), load(x + i));
        store(sum_row + i, value);
        return fma(value, value, s);
      },
      [=](std::int64_t i, int n, F16x s) {
        const F16x value = add(load_first(sum_row + i, n), load_first(x + i, n));
        store_first(sum_row + i, value, n);
        return fma(value, value, s);
      });
}

struct BackwardRow {
  const float *dy, *x, *weight;
  float *dx, *sums;
  float rstd;
  F16x offset;
};

// sum(dy w x), and with `weighs` sums += dy x rstd on the way.
template <bool weighs>
float backward_dot(const BackwardRow& row, std::int64_t width) {
  const auto [dy, x, weight, dx, sums, rstd, offset] = row;
  const F16x r = set(rstd);
  return row_sum(
      width,
      [=](std::int64_t i, F16x s) {
        const F16x up = load(dy + i), in = load(x + i);
        if constexpr (weighs) store(sums + i, fma(mul(up, in), r, load(sums + i)));
        return fma(mul(up, add(load(weight + i), offset)), in, s);
      },
      [=](std::int64_t i, int n, F16x s) {
        const F16x up = load_first(dy + i, n), in = load_first(x + i, n);
        if constexpr (weighs) store(sums + i, fma(mul(up, in), r, load(sums + i)));
        return fma(mul(up, add(load_first(weight + i, n), offset)), in, s);
      });
}

template <bool accumulate>
void backward_row(const BackwardRow& row, std::int64_t width, float dot) {
  const auto [dy, x, weight, dx, sums, rstd, offset] = row;
  const F16x r = set(rstd), mean = set(dot * rstd * rstd / static_cast<float>(width));
  walk(
      0, width,
      [=](std::int64_t i) {
        prefetch(dy + width + i);
        prefetch(x + width + i);
        if constexpr (accumulate) prefetch(dx + width + i);
        const F16x g = fnma(load(x + i), mean, mul(load(dy + i), add(load(weight + i), offset)));
        store(dx + i, accumulate ? fma(r, g, load(dx + i)) : mul(r, g));
      },
      [=](std::int64_t i, int n) {
        const F16x g = fnma(load_first(x + i, n), mean, mul(load_first(dy + i, n), add(load_first(weight + i, n), offset)));
        store_first(dx + i, accumulate ? fma(r, g, load_first(dx + i, n)) : mul(r, g), n);
      });
}

}  // namespace

Status rms_norm_forward(Context& context, const RmsNormForwardArgs& args) {
  const std::int64_t width = args.x.dim[1];
  const F16x offset = set(static_cast<float>(args.offset));
  float* y = args.y.data_as<float>();
  with_stream(y != args.x.data_as<float>() && is_streamed(y, width, args.y.count()), [&](auto streamed) {
    split_rows(context, args.x.dim[0], width, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        const float* x = args.x.data_as<float>() + t * width;
        const ForwardRow row{x, args.weight.data_as<float>(), y + t * width, args.eps, offset};
        args.rstd.data_as<float>()[t] = normalise_row<streamed>(row, width, square_sum(x, width),
                                                                [=](std::int64_t i) { prefetch(x + width + i); });
      }
      end_stream<streamed>();
    });
  });
  return {};
}

Status add_rms_norm(Context& context, const AddRmsNormArgs& args) {
  const std::int64_t width = args.x.dim[1];
  const F16x offset = set(static_cast<float>(args.offset));
  float* y = args.y.data_as<float>();
  with_stream(y != args.x.data_as<float>() && is_streamed(y, width, args.y.count()), [&](auto streamed) {
    split_rows(context, args.x.dim[0], width, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        const float* x = args.x.data_as<float>() + t * width;
        float* sum_row = args.sum.data_as<float>() + t * width;
        const ForwardRow row{sum_row, args.weight.data_as<float>(), y + t * width, args.eps, offset};
        args.rstd.data_as<float>()[t] = normalise_row<streamed>(row, width, add_row(sum_row, x, width), [=](std::int64_t i) {
          prefetch(x + width + i);
          prefetch(sum_row + width + i);
        });
      }
      end_stream<streamed>();
    });
  });
  return {};
}

Status rms_norm_backward(Context& context, const RmsNormBackwardArgs& args) {
  const std::int64_t tokens = args.x.dim[0], width = args.x.dim[1];
  const F16x offset = set(static_cast<float>(args.offset));
  const auto row_of = [&](std::int64_t t, float* sums) -> BackwardRow {
    return {args.dy.data_as<float>() + t * width, args.x.data_as<float>() + t * width, args.weight.data_as<float>(),
            args.dx.data_as<float>() + t * width, sums, args.rstd.data_as<float>()[t], offset};
  };
  // The whole dot comes first: dx may be the memory of dy.
  const auto backward = [&](const BackwardRow& row, float dot) {
    args.accumulate ? backward_row<true>(row, width, dot) : backward_row<false>(row, width, dot);
  };
  if (!args.dweight.present()) {
    split_rows(context, tokens, width, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        const BackwardRow row = row_of(t, nullptr);
        backward(row, backward_dot<false>(row, width));
      }
    });
    return {};
  }
  add_column_sums(context, tokens, width, args.dweight.data_as<float>(), [&](std::int64_t t, float* sums) {
    const BackwardRow row = row_of(t, sums);
    backward(row, backward_dot<true>(row, width));
  });
  return {};
}

}  // namespace hone::HONE_ISA
