// isa: avx2 avx512
// A row is read twice, the second time from the first-level cache: forward moves 8 bytes an element, with the residual 16,
// backward 12, and 16 where it accumulates.
#include <cmath>

#include "core/ops-args.h"
#include "cpu/column-sums.h"
#include "cpu/row-sum.h"

namespace hone::HONE_ISA {
namespace {

// Writes y and returns rstd.
float normalise_row(const float* x, const float* weight, float* y, std::int64_t width, float squares, double eps, F16x offset) {
  const auto rstd = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(width) + eps));
  const F16x r = set(rstd);
  walk(
      0, width, [=](std::int64_t i) { store(y + i, mul(mul(load(x + i), r), add(load(weight + i), offset))); },
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
  float* dx;
  float rstd;
  F16x offset;
};

template <bool accumulate>
void backward_row(const BackwardRow& row, std::int64_t width) {
  const auto [dy, x, weight, dx, rstd, offset] = row;
  const auto scaled = [=](std::int64_t i) { return mul(load(dy + i), add(load(weight + i), offset)); };
  const auto scaled_first = [=](std::int64_t i, int n) {
    return mul(load_first(dy + i, n), add(load_first(weight + i, n), offset));
  };
  const float dot = row_sum(
      width, [=](std::int64_t i, F16x s) { return fma(scaled(i), load(x + i), s); },
      [=](std::int64_t i, int n, F16x s) { return fma(scaled_first(i, n), load_first(x + i, n), s); });
  const F16x r = set(rstd), mean = set(dot * rstd * rstd / static_cast<float>(width));
  walk(
      0, width,
      [=](std::int64_t i) {
        const F16x g = fnma(load(x + i), mean, scaled(i));
        store(dx + i, accumulate ? fma(r, g, load(dx + i)) : mul(r, g));
      },
      [=](std::int64_t i, int n) {
        const F16x g = fnma(load_first(x + i, n), mean, scaled_first(i, n));
        store_first(dx + i, accumulate ? fma(r, g, load_first(dx + i, n)) : mul(r, g), n);
      });
}

void add_weight_gradient(const BackwardRow& row, std::int64_t width, float* sums) {
  const auto [dy, x, weight, dx, rstd, offset] = row;
  const F16x r = set(rstd);
  walk(
      0, width, [=](std::int64_t i) { store(sums + i, fma(mul(load(dy + i), load(x + i)), r, load(sums + i))); },
      [=](std::int64_t i, int n) {
        store(sums + i, fma(mul(load_first(dy + i, n), load_first(x + i, n)), r, load(sums + i)));
      });
}

}  // namespace

Status rms_norm_forward(Context& context, const RmsNormForwardArgs& args) {
  const std::int64_t width = args.x.dim[1];
  const F16x offset = set(static_cast<float>(args.offset));
  split_rows(context, args.x.dim[0], width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const float* x = args.x.data_as<float>() + t * width;
      args.rstd.data_as<float>()[t] = normalise_row(x, args.weight.data_as<float>(), args.y.data_as<float>() + t * width,
                                                    width, square_sum(x, width), args.eps, offset);
    }
  });
  return {};
}

Status add_rms_norm(Context& context, const AddRmsNormArgs& args) {
  const std::int64_t width = args.x.dim[1];
  const F16x offset = set(static_cast<float>(args.offset));
  split_rows(context, args.x.dim[0], width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      float* sum_row = args.sum.data_as<float>() + t * width;
      const float squares = add_row(sum_row, args.x.data_as<float>() + t * width, width);
      args.rstd.data_as<float>()[t] = normalise_row(sum_row, args.weight.data_as<float>(),
                                                    args.y.data_as<float>() + t * width, width, squares, args.eps, offset);
    }
  });
  return {};
}

Status rms_norm_backward(Context& context, const RmsNormBackwardArgs& args) {
  const std::int64_t tokens = args.x.dim[0], width = args.x.dim[1];
  const F16x offset = set(static_cast<float>(args.offset));
  const auto row_of = [&](std::int64_t t) -> BackwardRow {
    return {args.dy.data_as<float>() + t * width, args.x.data_as<float>() + t * width, args.weight.data_as<float>(),
            args.dx.data_as<float>() + t * width, args.rstd.data_as<float>()[t], offset};
  };
  const auto backward = [&](const BackwardRow& row) {
    args.accumulate ? backward_row<true>(row, width) : backward_row<false>(row, width);
  };
  if (!args.dweight.present()) {
    split_rows(context, tokens, width, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) backward(row_of(t));
    });
    return {};
  }
  add_column_sums(context, tokens, width, args.dweight.data_as<float>(), [&](std::int64_t t, float* sums) {
    // The weight's gradient comes first: dx may be the memory of dy.
    add_weight_gradient(row_of(t), width, sums);
    backward(row_of(t));
  });
  return {};
}

}  // namespace hone::HONE_ISA
