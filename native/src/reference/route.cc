#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "core/ops-args.h"

namespace hone::reference {

Status route_top_k_forward(Context&, const RouteTopKForwardArgs& args) {
  const std::int64_t experts = args.logits.dim[1], k = args.ids.dim[1];
  for (std::int64_t t = 0; t < args.logits.dim[0]; ++t) {
    const float* logits = args.logits.data_as<float>() + t * experts;
    std::int32_t* ids = args.ids.data_as<std::int32_t>() + t * k;
    double total = 0, chosen = 0;
    for (std::int64_t e = 0; e < experts; ++e) total += std::exp(static_cast<double>(logits[e]));
    std::vector<bool> taken(static_cast<std::size_t>(experts));
    for (std::int64_t j = 0; j < k; ++j) {
      std::int64_t best = -1;
      for (std::int64_t e = 0; e < experts; ++e) {
        if (!taken[e] && (best < 0 || logits[e] > logits[best])) best = e;
      }
      taken[best] = true;
      ids[j] = static_cast<std::int32_t>(best);
      chosen += std::exp(static_cast<double>(logits[best])) / total;
    }
    for (std::int64_t j = 0; j < k; ++j) {
      const double p = std::exp(static_cast<double>(logits[ids[j]])) / total;
      args.weights.data_as<float>()[t * k + j] = static_cast<float>(args.renormalise ? p / chosen : p);
    }
  }
  return {};
}

Status route_top_k_backward(Context&, const RouteTopKBackwardArgs& args) {
  const std::int64_t experts = args.logits.dim[1], k = args.ids.dim[1];
  std::vector<double> p(static_cast<std::size_t>(experts)), dp(static_cast<std::size_t>(experts));
  for (std::int64_t t = 0; t < args.logits.dim[0]; ++t) {
    const float* logits = args.logits.data_as<float>() + t * experts;
    const std::int32_t* ids = args.ids.data_as<std::int32_t>() + t * k;
    std::fill(p.begin(), p.end(), 0.0);
    std::fill(dp.begin(), dp.end(), 0.0);
    for (std::int64_t j = 0; j < k; ++j) {
      p[ids[j]] = 1.0;
      dp[ids[j]] = args.dweights.data_as<float>()[t * k + j];
    }
    double total = 0, mean = 0;
    for (std::int64_t e = 0; e < experts; ++e) {
      p[e] = p[e] > 0 || !args.renormalise ? std::exp(static_cast<double>(logits[e])) : 0.0;
      total += p[e];
    }
    for (std::int64_t e = 0; e < experts; ++e) mean += dp[e] * p[e] / total;
    for (std::int64_t e = 0; e < experts; ++e) {
      args.dlogits.data_as<float>()[t * experts + e] += static_cast<float>(p[e] / total * (dp[e] - mean));
    }
  }
  return {};
}

// A counting sort in two passes: linear in the choices, stable, and the same whatever the threads, so it is every level's kernel.
Status route_rows(Context&, const RouteRowsArgs& args) {
  const std::int64_t k = args.ids.dim[1], experts = args.segments.dim[0];
  const std::int64_t columns = args.segments.dim[1], pieces = columns - 1;
  const std::int32_t* ids = args.ids.data_as<std::int32_t>();
  const std::int32_t* bounds = args.pieces.data_as<std::int32_t>();
  std::int32_t* segments = args.segments.data_as<std::int32_t>();
  // next[expert, piece]: first how many choices it has, then the place of the next one.
  std::vector<std::int32_t> next(static_cast<std::size_t>(experts * pieces));
  const auto each_choice = [&](auto&& visit) {
    for (std::int64_t piece = 0; piece < pieces; ++piece) {
      for (std::int64_t choice = bounds[piece] * k; choice < bounds[piece + 1] * k; ++choice) {
        visit(choice, next[static_cast<std::size_t>(ids[choice] * pieces + piece)]);
      }
    }
  };
  each_choice([](std::int64_t, std::int32_t& count) { ++count; });
  std::int32_t place = 0;
  for (std::int64_t expert = 0; expert < experts; ++expert) {
    for (std::int64_t piece = 0; piece < pieces; ++piece) {
      segments[expert * columns + piece] = place;
      place += std::exchange(next[static_cast<std::size_t>(expert * pieces + piece)], place);
    }
    segments[expert * columns + pieces] = place;
  }
  each_choice([&](std::int64_t choice, std::int32_t& at) {
    args.places.data_as<std::int32_t>()[choice] = at;
    args.rows.data_as<std::int32_t>()[at++] = static_cast<std::int32_t>(choice / k);
  });
  return {};
}

// The choices of a token by ascending place, which is by ascending expert.
static std::vector<std::int64_t> ascending(const std::int32_t* places, std::int64_t k) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(k));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return places[a] < places[b]; });
  return order;
}

Status mix_rows_forward(Context&, const MixRowsForwardArgs& args) {
  const std::int64_t width = args.x.dim[1], k = args.places.dim[1];
  for (std::int64_t t = 0; t < args.y.dim[0]; ++t) {
    const std::int32_t* places = args.places.data_as<std::int32_t>() + t * k;
    float* y = args.y.data_as<float>() + t * width;
    std::fill(y, y + width, 0.0f);
    for (const std::int64_t j : ascending(places, k)) {
      const float* x = args.x.data_as<float>() + places[j] * width;
      for (std::int64_t c = 0; c < width; ++c) y[c] += args.weights.data_as<float>()[t * k + j] * x[c];
    }
  }
  return {};
}

Status mix_rows_backward(Context&, const MixRowsBackwardArgs& args) {
  const std::int64_t width = args.x.dim[1], k = args.places.dim[1];
  for (std::int64_t choice = 0; choice < args.places.count(); ++choice) {
    const std::int64_t row = args.places.data_as<std::int32_t>()[choice] * width;
    const float* dy = args.dy.data_as<float>() + choice / k * width;
    const float weight = args.weights.data_as<float>()[choice];
    double sum = 0;
    for (std::int64_t c = 0; c < width; ++c) {
      sum += static_cast<double>(dy[c]) * args.x.data_as<float>()[row + c];
      args.dx.data_as<float>()[row + c] = weight * dy[c];
    }
    args.dweights.data_as<float>()[choice] += static_cast<float>(sum);
  }
  return {};
}

}  // namespace hone::reference
