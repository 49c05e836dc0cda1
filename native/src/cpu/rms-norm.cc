// isa: avx2 avx512
// A row is read twice, the second time from the first-level cache, so forward moves 8 bytes an element.
#include <cmath>

#include "core/ops-args.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

// Four sums that run side by side hide the latency of an addition; the order depends on the width alone.
template <class Term, class Tail>
float row_sum(std::int64_t width, Term&& term, Tail&& tail) {
  F16x a = set(0.0f), b = a, c = a, d = a;
  std::int64_t i = 0;
  for (; i + 4 * kWide <= width; i += 4 * kWide) {
    a = term(i, a);
    b = term(i + kWide, b);
    c = term(i + 2 * kWide, c);
    d = term(i + 3 * kWide, d);
  }
  for (; i + kWide <= width; i += kWide) a = term(i, a);
  if (i < width) b = tail(i, static_cast<int>(width - i), b);
  return sum(add(add(a, b), add(c, d)));
}

void normalise_row(const float* x, const float* weight, float* y, float rstd, std::int64_t width) {
  const F16x r = set(rstd);
  walk(
      0, width, [=](std::int64_t i) { store(y + i, mul(mul(load(x + i), r), load(weight + i))); },
      [=](std::int64_t i, int n) {
        store_first(y + i, mul(mul(load_first(x + i, n), r), load_first(weight + i, n)), n);
      });
}

void backward_row(const float* dy, const float* x, const float* weight, float* dx, float rstd, std::int64_t width) {
  const float dot = row_sum(
      width, [=](std::int64_t i, F16x s) { return fma(mul(load(dy + i), load(weight + i)), load(x + i), s); },
      [=](std::int64_t i, int n, F16x s) {
        return fma(mul(load_first(dy + i, n), load_first(weight + i, n)), load_first(x + i, n), s);
      });
  const F16x r = set(rstd), mean = set(dot * rstd * rstd / static_cast<float>(width));
  walk(
      0, width,
      [=](std::int64_t i) { store(dx + i, mul(r, fnma(load(x + i), mean, mul(load(dy + i), load(weight + i))))); },
      [=](std::int64_t i, int n) {
        const F16x g = mul(load_first(dy + i, n), load_first(weight + i, n));
        store_first(dx + i, mul(r, fnma(load_first(x + i, n), mean, g)), n);
      });
}

// dweight for `lanes` columns from `begin` on: rows are summed in blocks of 64 and the blocks in order, which keeps the
// rounding error of a long sum small and its order fixed.
void weight_gradient(const RmsNormBackwardArgs& args, std::int64_t begin, int lanes) {
  constexpr std::int64_t kRows = 64;
  const std::int64_t tokens = args.x.dim[0], width = args.x.dim[1];
  const float* rstd = args.rstd.data_as<float>();
  F16x total = set(0.0f);
  for (std::int64_t first = 0; first < tokens; first += kRows) {
    F16x part = set(0.0f);
    for (std::int64_t t = first; t < std::min(tokens, first + kRows); ++t) {
      const F16x dy = load_first(args.dy.data_as<float>() + t * width + begin, lanes);
      part = fma(mul(dy, load_first(args.x.data_as<float>() + t * width + begin, lanes)), set(rstd[t]), part);
    }
    total = add(total, part);
  }
  float* out = args.dweight.data_as<float>() + begin;
  store_first(out, add(load_first(out, lanes), total), lanes);
}

}  // namespace

Status rms_norm_forward(Context& context, const RmsNormForwardArgs& args) {
  const std::int64_t width = args.x.dim[1];
  split_rows(context, args.x.dim[0], width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const float* x = args.x.data_as<float>() + t * width;
      const float squares = row_sum(
          width, [=](std::int64_t i, F16x s) { return fma(load(x + i), load(x + i), s); },
          [=](std::int64_t i, int n, F16x s) { return fma(load_first(x + i, n), load_first(x + i, n), s); });
      const auto rstd = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(width) + args.eps));
      args.rstd.data_as<float>()[t] = rstd;
      normalise_row(x, args.weight.data_as<float>(), args.y.data_as<float>() + t * width, rstd, width);
    }
  });
  return {};
}

Status rms_norm_backward(Context& context, const RmsNormBackwardArgs& args) {
  const std::int64_t tokens = args.x.dim[0], width = args.x.dim[1];
  // The weight's gradient comes first: dx may be the memory of dy.
  if (args.dweight.present()) {
    const std::int64_t vectors = (width + kWide - 1) / kWide;
    split_rows(context, vectors, kWide * tokens, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t v = begin; v < end; ++v) {
        weight_gradient(args, v * kWide, static_cast<int>(std::min<std::int64_t>(kWide, width - v * kWide)));
      }
    });
  }
  split_rows(context, tokens, width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      backward_row(args.dy.data_as<float>() + t * width, args.x.data_as<float>() + t * width, args.weight.data_as<float>(),
                   args.dx.data_as<float>() + t * width, args.rstd.data_as<float>()[t], width);
    }
  });
  return {};
}

}  // namespace hone::HONE_ISA
