// isa: avx2 avx512
// A row is read three times, twice from the first-level cache: forward moves 8 bytes an element, backward 12.
#include <cmath>

#include "core/ops-args.h"
#include "cpu/column-sums.h"
#include "cpu/row-sum.h"

namespace hone::HONE_ISA {
namespace {

// n values and then copies of `rest`, which a sum of distances from `rest` does not see.
F16x load_filled(const float* p, int n, float rest) {
  alignas(64) float lanes[kWide];
  std::fill(lanes, lanes + kWide, rest);
  std::copy_n(p, n, lanes);
  return load(lanes);
}

float mean_of(const float* x, std::int64_t width) {
  const float total = row_sum(
      width, [=](std::int64_t i, F16x s) { return add(load(x + i), s); },
      [=](std::int64_t i, int n, F16x s) { return add(load_first(x + i, n), s); });
  return total / static_cast<float>(width);
}

float centred_squares(const float* x, std::int64_t width, float mean) {
  const auto add_square = [=](F16x value, F16x s) {
    const F16x distance = sub(value, set(mean));
    return fma(distance, distance, s);
  };
  return row_sum(
      width, [=](std::int64_t i, F16x s) { return add_square(load(x + i), s); },
      [=](std::int64_t i, int n, F16x s) { return add_square(load_filled(x + i, n, mean), s); });
}

struct BackwardRow {
  const float *dy, *x, *weight;
  float* dx;
  F16x mean, rstd;
  bool accumulate;

  F16x normalised(F16x value) const { return mul(sub(value, mean), rstd); }
};

void backward_row(const BackwardRow& row, std::int64_t width) {
  const auto scaled = [&](std::int64_t i) { return mul(load(row.dy + i), load(row.weight + i)); };
  const auto scaled_first = [&](std::int64_t i, int n) { return mul(load_first(row.dy + i, n), load_first(row.weight + i, n)); };
  const float total = row_sum(
      width, [&](std::int64_t i, F16x s) { return add(scaled(i), s); },
      [&](std::int64_t i, int n, F16x s) { return add(scaled_first(i, n), s); });
  const float dot = row_sum(
      width, [&](std::int64_t i, F16x s) { return fma(scaled(i), row.normalised(load(row.x + i)), s); },
      [&](std::int64_t i, int n, F16x s) { return fma(scaled_first(i, n), row.normalised(load_first(row.x + i, n)), s); });
  const F16x mean = set(total / static_cast<float>(width)), share = set(dot / static_cast<float>(width));
  const auto gradient = [&](F16x g, F16x x) { return fnma(row.normalised(x), share, sub(g, mean)); };
  walk(
      0, width,
      [&](std::int64_t i) {
        const F16x g = gradient(scaled(i), load(row.x + i));
        store(row.dx + i, row.accumulate ? fma(row.rstd, g, load(row.dx + i)) : mul(row.rstd, g));
      },
      [&](std::int64_t i, int n) {
        const F16x g = gradient(scaled_first(i, n), load_first(row.x + i, n));
        store_first(row.dx + i, row.accumulate ? fma(row.rstd, g, load_first(row.dx + i, n)) : mul(row.rstd, g), n);
      });
}

BackwardRow row_of(const LayerNormBackwardArgs& args, std::int64_t t) {
  const std::int64_t first = t * args.x.dim[1];
  return {args.dy.data_as<float>() + first,
          args.x.data_as<float>() + first,
          args.weight.data_as<float>(),
          args.dx.data_as<float>() + first,
          set(args.mean.data_as<float>()[t]),
          set(args.rstd.data_as<float>()[t]),
          args.accumulate};
}

// dweight += dy h and dbias += dy over all tokens; each reads dy by itself, because few models have biases here.
void parameter_gradients(Context& context, const LayerNormBackwardArgs& args) {
  const std::int64_t tokens = args.x.dim[0], width = args.x.dim[1];
  if (args.dweight.present()) {
    add_column_sums(context, tokens, width, args.dweight.data_as<float>(), [&](std::int64_t t, float* sums) {
      const BackwardRow row = row_of(args, t);
      walk(
          0, width,
          [&](std::int64_t i) { store(sums + i, fma(load(row.dy + i), row.normalised(load(row.x + i)), load(sums + i))); },
          [&](std::int64_t i, int n) {
            store(sums + i, fma(load_first(row.dy + i, n), row.normalised(load_first(row.x + i, n)), load(sums + i)));
          });
    });
  }
  if (args.dbias.present()) {
    add_column_sums(context, tokens, width, args.dbias.data_as<float>(), [&](std::int64_t t, float* sums) {
      const float* dy = args.dy.data_as<float>() + t * width;
      walk(
          0, width, [=](std::int64_t i) { store(sums + i, add(load(dy + i), load(sums + i))); },
          [=](std::int64_t i, int n) { store(sums + i, add(load_first(dy + i, n), load(sums + i))); });
    });
  }
}

}  // namespace

Status layer_norm_forward(Context& context, const LayerNormForwardArgs& args) {
  const std::int64_t width = args.x.dim[1];
  const float* weight = args.weight.data_as<float>();
  const float* bias = args.bias.data_as<float>();
  split_rows(context, args.x.dim[0], width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const float* x = args.x.data_as<float>() + t * width;
      float* y = args.y.data_as<float>() + t * width;
      const float mean = mean_of(x, width);
      const double variance = centred_squares(x, width, mean) / static_cast<double>(width);
      const auto rstd = static_cast<float>(1.0 / std::sqrt(variance + args.eps));
      args.mean.data_as<float>()[t] = mean;
      args.rstd.data_as<float>()[t] = rstd;
      const auto scaled = [=](F16x value, F16x w, F16x b) { return fma(mul(sub(value, set(mean)), set(rstd)), w, b); };
      walk(
          0, width, [=](std::int64_t i) { store(y + i, scaled(load(x + i), load(weight + i), load(bias + i))); },
          [=](std::int64_t i, int n) {
            store_first(y + i, scaled(load_first(x + i, n), load_first(weight + i, n), load_first(bias + i, n)), n);
          });
    }
  });
  return {};
}

Status layer_norm_backward(Context& context, const LayerNormBackwardArgs& args) {
  parameter_gradients(context, args);
  const std::int64_t width = args.x.dim[1];
  split_rows(context, args.x.dim[0], width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) backward_row(row_of(args, t), width);
  });
  return {};
}

}  // namespace hone::HONE_ISA
