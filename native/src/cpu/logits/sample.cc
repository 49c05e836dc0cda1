// isa: avx2 avx512
// Bound by reading the logits a few times from the second-level cache. No row is ever sorted: top-k keeps k candidates,
// and top-p halves the range in which its prefix ends.
#include <cmath>

#include "core/counter-random.h"
#include "core/ops-args.h"
#include "cpu/logits/candidates.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

struct Options {
  float temperature;
  std::int64_t top_k;
  float top_p;
  float min_p;
  double uniform;
};

struct Row {
  const float* logits;
  std::int64_t count;
  float most;
  float* weights;  // exp((logit - most) / temperature): 1 for the best token
};

void weigh(const Row& row, float temperature) {
  const F16x scale = set(1.0f / temperature), most = set(row.most);
  walk(
      0, row.count, [&](std::int64_t i) { store(row.weights + i, exp(mul(sub(load(row.logits + i), most), scale))); },
      [&](std::int64_t i, int n) { store_first(row.weights + i, exp(mul(sub(load_first(row.logits + i, n), most), scale)), n); });
  // A NaN logit has no probability. A comparison that fails on NaN finds them.
  for (std::int64_t i = 0; i < row.count; ++i) row.weights[i] = row.weights[i] >= 0 ? row.weights[i] : 0.0f;
}

// Walks the survivors by id until the drawn share of their weight is reached.
template <class At>
std::int32_t walk_to(std::int64_t count, double target, std::int32_t fallback, At&& at) {
  double reached = 0;
  std::int32_t last = fallback;
  for (std::int64_t i = 0; i < count; ++i) {
    const Candidate one = at(i);
    reached += one.value;
    if (one.value > 0) last = one.id;
    if (reached > target) return one.id;
  }
  return last;
}

std::int32_t draw_from_all(const Row& row, const Options& options, std::int32_t best) {
  const auto weight = [&](std::int64_t i) { return row.weights[i] >= options.min_p ? row.weights[i] : 0.0f; };
  double total = 0;
  for (std::int64_t i = 0; i < row.count; ++i) total += weight(i);
  return walk_to(row.count, options.uniform * total, best,
                 [&](std::int64_t i) { return Candidate{weight(i), static_cast<std::int32_t>(i)}; });
}

// Draws from the tokens that are not worse than `worst`.
std::int32_t draw_down_to(const Row& row, const Options& options, std::int32_t best, const Candidate& worst) {
  const auto one = [&](std::int64_t i) {
    const Candidate here = {row.logits[i], static_cast<std::int32_t>(i)};
    const bool survives = here.value > worst.value || (here.value == worst.value && here.id <= worst.id);
    return Candidate{survives ? row.weights[i] : 0.0f, here.id};
  };
  double total = 0;
  for (std::int64_t i = 0; i < row.count; ++i) total += one(i).value;
  return walk_to(row.count, options.uniform * total, best, one);
}

// Cuts the sorted candidates to the shortest prefix that holds `share` of `total`.
void cut_to_share(std::vector<Candidate>& sorted, const Row& row, double share, double total) {
  double reached = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    reached += row.weights[sorted[i].id];
    if (reached < share * total) continue;
    sorted.resize(i + 1);
    return;
  }
}

// The prefix of top-p over a whole row, unsorted: the range that holds its end is halved by partial sorts, and the weight
// of a better half is added up once, so even a flat row costs a few passes and never a sort.
void top_p_of_row(const Row& row, const Options& options, std::vector<Candidate>& out) {
  double total = 0;
  out.clear();
  for (std::int64_t i = 0; i < row.count; ++i) {
    total += row.weights[i];
    if (row.weights[i] > 0) out.push_back({row.logits[i], static_cast<std::int32_t>(i)});
  }
  const double target = options.top_p * total;
  double reached = 0;
  auto low = out.begin(), high = out.end();
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    std::nth_element(low, middle, high, is_better);
    double half = 0;
    for (auto one = low; one != middle; ++one) half += row.weights[one->id];
    if (reached + half >= target) {
      high = middle;
    } else {
      reached += half;
      low = middle;
    }
  }
  out.erase(high, out.end());
}

std::int32_t draw_from_few(const Row& row, const Options& options, std::vector<Candidate>& few) {
  const bool has_share = options.top_p > 0 && options.top_p < 1;
  if (options.top_k > 0) {
    top_k(row.logits, row.count, std::min(options.top_k, row.count), few);
    std::sort(few.begin(), few.end(), is_better);
    double total = 0;
    for (const Candidate& one : few) total += row.weights[one.id];
    if (has_share) cut_to_share(few, row, options.top_p, total);
  } else {
    top_p_of_row(row, options, few);
  }
  // The best token weighs 1 and stays whatever min-p asks.
  const std::int32_t best = std::min_element(few.begin(), few.end(), is_better)->id;
  const auto is_weak = [&](const Candidate& one) { return one.id != best && row.weights[one.id] < options.min_p; };
  few.erase(std::remove_if(few.begin(), few.end(), is_weak), few.end());
  // Survivors are a prefix of the order, so the worst of them tells the others; worth it when they are many.
  if (static_cast<std::int64_t>(few.size()) > row.count / 32) {
    return draw_down_to(row, options, best, *std::max_element(few.begin(), few.end(), is_better));
  }
  std::sort(few.begin(), few.end(), [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  double total = 0;
  for (Candidate& one : few) total += one.value = row.weights[one.id];
  return walk_to(static_cast<std::int64_t>(few.size()), options.uniform * total, best,
                 [&](std::int64_t i) { return few[static_cast<std::size_t>(i)]; });
}

std::int32_t sample_row(const SampleArgs& args, std::int64_t b, float* weights, std::vector<Candidate>& few) {
  const std::int64_t vocabulary = args.logits.dim[1];
  const float* logits = args.logits.data_as<float>() + b * vocabulary;
  const std::int32_t* seed = args.seeds.data_as<std::int32_t>() + 2 * b;
  const auto counter = static_cast<std::uint32_t>(args.counters.data_as<std::int32_t>()[b]);
  const std::uint32_t bits = random32(static_cast<std::uint32_t>(seed[0]), static_cast<std::uint32_t>(seed[1]), counter);
  const Options options = {args.temperature.data_as<float>()[b], args.top_k.data_as<std::int32_t>()[b],
                           args.top_p.data_as<float>()[b], args.min_p.data_as<float>()[b], uniform_f64(bits)};
  const Row row = {logits, vocabulary, row_maximum(logits, vocabulary), weights};
  const std::int32_t best = first_id_of(logits, vocabulary, row.most);
  if (!(options.temperature > 0) || std::isinf(row.most)) return best;
  weigh(row, options.temperature);
  const bool has_share = options.top_p > 0 && options.top_p < 1;
  if (options.top_k <= 0 && !has_share) return draw_from_all(row, options, best);
  return draw_from_few(row, options, few);
}

}  // namespace

Status sample(Context& context, const SampleArgs& args) {
  const std::int64_t vocabulary = args.logits.dim[1];
  if (vocabulary < 1) return bad_argument("expected at least one logit per row");
  split_rows(context, args.logits.dim[0], vocabulary, [&](std::int64_t begin, std::int64_t end) {
    float* weights = context.scratch_as<float>(ThreadPool::thread_index(), vocabulary);
    std::vector<Candidate> few;
    for (std::int64_t b = begin; b < end; ++b) args.tokens.data_as<std::int32_t>()[b] = sample_row(args, b, weights, few);
  });
  return {};
}

}  // namespace hone::HONE_ISA
