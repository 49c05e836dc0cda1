// isa: avx2 avx512
// How the experts' rows come back to their tokens. Bound by memory: forward reads k rows for every one that it writes.
#include <algorithm>
#include <vector>

#include "core/ops-args.h"
#include "cpu/row-sum.h"

namespace hone::HONE_ISA {
namespace {

// y = w x for the first row of a token, y += w x for the others.
void add_weighted(const float* x, float w, float* y, std::int64_t width, bool is_first) {
  const auto term = [=](F16x product, F16x before) { return is_first ? product : add(before, product); };
  walk(
      0, width, [=](std::int64_t i) { store(y + i, term(mul(set(w), load(x + i)), load(y + i))); },
      [=](std::int64_t i, int n) { store_first(y + i, term(mul(set(w), load_first(x + i, n)), load_first(y + i, n)), n); });
}

void scale_row(const float* x, float s, float* y, std::int64_t width) {
  walk(
      0, width, [=](std::int64_t i) { store(y + i, mul(set(s), load(x + i))); },
      [=](std::int64_t i, int n) { store_first(y + i, mul(set(s), load_first(x + i, n)), n); });
}

// The choices 0..k-1 of a token by ascending place: the order of the sum is the token's own, whatever rows lie between.
void sort_choices(const std::int32_t* places, std::vector<int>& order) {
  for (std::size_t j = 0; j < order.size(); ++j) order[j] = static_cast<int>(j);
  std::sort(order.begin(), order.end(), [=](int a, int b) { return places[a] < places[b] || (places[a] == places[b] && a < b); });
}

}  // namespace

Status mix_rows_forward(Context& context, const MixRowsForwardArgs& args) {
  const std::int64_t width = args.x.dim[1], k = args.places.dim[1];
  split_rows(context, args.y.dim[0], k * width, [&](std::int64_t begin, std::int64_t end) {
    std::vector<int> order(static_cast<std::size_t>(k));
    for (std::int64_t t = begin; t < end; ++t) {
      const std::int32_t* places = args.places.data_as<std::int32_t>() + t * k;
      const float* weights = args.weights.data_as<float>() + t * k;
      float* y = args.y.data_as<float>() + t * width;
      sort_choices(places, order);
      if (k == 0) std::fill(y, y + width, 0.0f);
      for (std::size_t i = 0; i < order.size(); ++i) {
        const int j = order[i];
        add_weighted(args.x.data_as<float>() + places[j] * width, weights[j], y, width, i == 0);
      }
    }
  });
  return {};
}

Status mix_rows_backward(Context& context, const MixRowsBackwardArgs& args) {
  const std::int64_t width = args.x.dim[1], k = args.places.dim[1];
  split_rows(context, args.places.count(), width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t choice = begin; choice < end; ++choice) {
      const std::int64_t row = args.places.data_as<std::int32_t>()[choice] * width;
      const float* dy = args.dy.data_as<float>() + choice / k * width;
      args.dweights.data_as<float>()[choice] += dot_sum(dy, args.x.data_as<float>() + row, width);
      scale_row(dy, args.weights.data_as<float>()[choice], args.dx.data_as<float>() + row, width);
    }
  });
  return {};
}

}  // namespace hone::HONE_ISA
