// Draws follow the distribution that the filters leave, and depend on (seed, counter) alone.
#include <cmath>
#include <limits>
#include <numeric>

#include "core/ops-args.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "harness/tensors.h"

namespace {

using namespace hone;
using namespace hone::test;

struct Filters {
  float temperature = 1, top_p = 1, min_p = 0;
  std::int32_t top_k = 0;
};

// One draw per counter for one row of logits.
std::vector<std::int32_t> draws(Machine& machine, const std::vector<float>& logits, const Filters& filters, std::int64_t count,
                                std::int32_t first_counter = 0) {
  const auto vocabulary = static_cast<std::int64_t>(logits.size());
  Floats rows({count, vocabulary}), temperature({count}), top_p({count}), min_p({count});
  for (std::int64_t b = 0; b < count; ++b) std::copy(logits.begin(), logits.end(), rows.values.begin() + b * vocabulary);
  temperature.values.assign(count, filters.temperature);
  top_p.values.assign(count, filters.top_p);
  min_p.values.assign(count, filters.min_p);
  std::vector<std::int32_t> counters(count), seeds(2 * count, 7);
  std::iota(counters.begin(), counters.end(), first_counter);
  Ints top_k(std::vector<std::int32_t>(count, filters.top_k), {count}), seed_view(seeds, {count, 2}), counter_view(counters, {count});
  Ints tokens(std::vector<std::int32_t>(count, -1), {count});
  const SampleArgs args{rows.view, temperature.view, top_k.view, top_p.view, min_p.view, seed_view.view, counter_view.view, tokens.view};
  const int op = static_cast<int>(Op::kSample);
  const AnyKernel kernel = dispatch_row(op).kernels[serving_level(op, machine.context.isa)];
  CHECK(reinterpret_cast<Status (*)(Context&, const SampleArgs&)>(kernel)(machine.context, args).ok());
  return tokens.values;
}

const std::vector<float> kLogits = {0.5f, 2.0f, -1.0f, 1.0f, 0.0f, 1.5f};

void frequencies_match(Machine& machine, const Filters& filters, const std::vector<int>& allowed) {
  constexpr std::int64_t kDraws = 20000;
  std::vector<double> expected(kLogits.size(), 0), seen(kLogits.size(), 0);
  double total = 0;
  for (const int id : allowed) total += expected[id] = std::exp(kLogits[id] / filters.temperature);
  for (const std::int32_t token : draws(machine, kLogits, filters, kDraws)) seen[token] += 1;
  for (std::size_t id = 0; id < kLogits.size(); ++id) {
    const double p = expected[id] / total;
    // Five standard deviations of a binomial count: one false alarm in millions, and the seed is fixed anyway.
    CHECK(std::fabs(seen[id] - p * kDraws) <= 5 * std::sqrt(p * (1 - p) * kDraws) + 1e-9);
  }
}

void is_greedy_at_temperature_zero(Machine& machine) {
  const std::vector<float> tie = {1, 3, 3, 2};
  for (const std::int32_t token : draws(machine, tie, {0, 1, 0, 0}, 8)) CHECK(token == 1);
}

void never_draws_a_forbidden_token(Machine& machine) {
  const float never = -std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> masked = {never, 0, never, nan, never, 0.1f};
  for (const Filters& filters : {Filters{1, 1, 0, 0}, Filters{1, 1, 0, 4}, Filters{1, 0.9f, 0, 0}, Filters{0, 1, 0, 0}}) {
    for (const std::int32_t token : draws(machine, masked, filters, 500)) CHECK(token == 1 || token == 5);
  }
}

void depends_on_the_counter_and_not_on_the_batch(Machine& machine) {
  const std::vector<std::int32_t> all = draws(machine, kLogits, {}, 64);
  for (const std::int32_t counter : {0, 5, 63}) CHECK(draws(machine, kLogits, {}, 1, counter)[0] == all[counter]);
}

}  // namespace

int main() {
  for (int level = 0; level < kIsaCount; ++level) {
    if (!isa_available(static_cast<Isa>(level))) continue;
    Machine machine(static_cast<Isa>(level));
    frequencies_match(machine, {}, {0, 1, 2, 3, 4, 5});
    frequencies_match(machine, {2.5f, 1, 0, 0}, {0, 1, 2, 3, 4, 5});
    frequencies_match(machine, {1, 1, 0, 3}, {1, 3, 5});
    // Sorted, the probabilities are .42 .26 .16 .09 .06 .02: half is reached by the second, 0.9 by the fourth.
    frequencies_match(machine, {1, 0.5f, 0, 0}, {1, 5});
    frequencies_match(machine, {1, 0.9f, 0, 0}, {1, 5, 3, 0});
    // A fifth of the best's weight keeps logits above 2 - ln 5 = 0.39.
    frequencies_match(machine, {1, 1, 0.2f, 0}, {0, 1, 3, 5});
    frequencies_match(machine, {1, 0.9f, 0.5f, 5}, {1, 5});
    is_greedy_at_temperature_zero(machine);
    never_draws_a_forbidden_token(machine);
    depends_on_the_counter_and_not_on_the_batch(machine);
  }
  return hone::test::failures;
}
