// isa: avx2 avx512
// Bound by memory: forward moves 12 bytes an element, backward 20.
#include "core/ops-args.h"
#include "cpu/stream.h"

namespace hone::HONE_ISA {
namespace {

// Elements between a vector and the lines asked for meanwhile: half a page.
constexpr std::int64_t kAhead = 512;

struct Gradients {
  F16x gate, up;
};

Gradients gradients(F16x dy, F16x gate, F16x up) {
  const F16x s = sigmoid(gate);
  const F16x slope = mul(s, fma(gate, sub(set(1.0f), s), set(1.0f)));
  return {mul(mul(dy, up), slope), mul(dy, mul(gate, s))};
}

}  // namespace

Status swiglu_forward(Context& context, const SwigluForwardArgs& args) {
  const float* gate = args.gate.data_as<float>();
  const float* up = args.up.data_as<float>();
  float* y = args.y.data_as<float>();
  const std::int64_t count = args.gate.count();
  with_stream(is_streamed(y, kWide, count) && y != gate && y != up, [&](auto streamed) {
    split_elements(context, count, [=](std::int64_t begin, std::int64_t end) {
      walk(
          begin, end,
          [=](std::int64_t i) {
            prefetch(gate + i + kAhead);
            prefetch(up + i + kAhead);
            const F16x g = load(gate + i);
            put<streamed>(y + i, mul(mul(g, sigmoid(g)), load(up + i)));
          },
          [=](std::int64_t i, int n) {
            const F16x g = load_first(gate + i, n);
            store_first(y + i, mul(mul(g, sigmoid(g)), load_first(up + i, n)), n);
          });
      end_stream<streamed>();
    });
  });
  return {};
}

Status swiglu_backward(Context& context, const SwigluBackwardArgs& args) {
  const float* dy = args.dy.data_as<float>();
  const float* gate = args.gate.data_as<float>();
  const float* up = args.up.data_as<float>();
  float* dgate = args.dgate.data_as<float>();
  float* dup = args.dup.data_as<float>();
  const std::int64_t count = args.dy.count();
  const bool is_apart = dgate != gate && dup != up && is_streamed(dup, kWide, count);
  with_stream(is_apart && is_streamed(dgate, kWide, count), [&](auto streamed) {
    split_elements(context, count, [=](std::int64_t begin, std::int64_t end) {
      walk(
          begin, end,
          [=](std::int64_t i) {
            prefetch(dy + i + kAhead);
            prefetch(gate + i + kAhead);
            prefetch(up + i + kAhead);
            const Gradients g = gradients(load(dy + i), load(gate + i), load(up + i));
            put<streamed>(dgate + i, g.gate);
            put<streamed>(dup + i, g.up);
          },
          [=](std::int64_t i, int n) {
            const Gradients g = gradients(load_first(dy + i, n), load_first(gate + i, n), load_first(up + i, n));
            store_first(dgate + i, g.gate, n);
            store_first(dup + i, g.up, n);
          });
      end_stream<streamed>();
    });
  });
  return {};
}

}  // namespace hone::HONE_ISA
