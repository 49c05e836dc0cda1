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

// dweight for the columns [begin, end), at most kColumns of them: rows are summed in blocks of 64 and the blocks in order,
// which keeps the rounding error of a long sum small and its order fixed. A block of sums stays in the first-level cache
// while whole lines of dy and x stream by.
constexpr std::int64_t kColumns = 512;

void weight_gradient(const RmsNormBackwardArgs& args, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kRows = 64;
  const std::int64_t tokens = args.x.dim[0], width = args.x.dim[1];
  float total[kColumns] = {};
  for (std::int64_t first = 0; first < tokens; first += kRows) {
    float part[kColumns] = {};
    for (std::int64_t t = first; t < std::min(tokens, first + kRows); ++t) {
      const float* dy = args.dy.data_as<float>() + t * width + begin;
      const float* x = args.x.data_as<float>() + t * width + begin;
      const F16x rstd = set(args.rstd.data_as<float>()[t]);
      walk(
          0, end - begin, [&](std::int64_t i) { store(part + i, fma(mul(load(dy + i), load(x + i)), rstd, load(part + i))); },
          [&](std::int64_t i, int n) {
            store(part + i, fma(mul(load_first(dy + i, n), load_first(x + i, n)), rstd, load(part + i)));
          });
    }
    for (std::int64_t i = 0; i < kColumns; i += kWide) store(total + i, add(load(total + i), load(part + i)));
  }
  float* out = args.dweight.data_as<float>() + begin;
  walk(
      0, end - begin, [&](std::int64_t i) { store(out + i, add(load(out + i), load(total + i))); },
      [&](std::int64_t i, int n) { store_first(out + i, add(load_first(out + i, n), load(total + i)), n); });
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
    // Pieces of whole lines; narrow enough that every thread has some, wide enough to stream.
    const std::int64_t vectors = (width + kWide - 1) / kWide, threads = context.pool.size();
    const std::int64_t step = std::clamp<std::int64_t>((vectors + threads - 1) / threads * kWide, 4 * kWide, kColumns);
    context.pool.run(static_cast<int>((width + step - 1) / step), [&](int task) {
      weight_gradient(args, task * step, std::min(width, (task + 1) * step));
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
