// One block a row, and no row is ever sorted: the row is read four times where a filter is on, twice where none is. Bound by
// those reads: 131 MB each at 256 rows of 128 k.
//
// A weight exp((logit - most) / temperature) counts as a whole number of steps of 2^-34, so that sums are exact and do not depend
// on their order, and atomics are allowed. Against the reference loop, which adds in f64, a draw can differ only where the uniform
// number, or the end of a top-p prefix, falls within the rounding of an f32 exponential of the border between two tokens. A token
// that weighs less than 2^-34 of the best one is never drawn.
#include "core/counter-random.h"
#include "core/ops-args.h"
#include "cuda/device/report.h"
#include "cuda/device/shared-memory.h"
#include "cuda/launch.h"
#include "cuda/logits-row.h"

namespace hone::cuda {
namespace {

constexpr int kBins = 1024;
#ifdef HONE_SMALL_CHUNKS  // So that the small cases of tests go over the whole row too.
constexpr int kListed = 64;
#else
constexpr int kListed = 12288;  // Candidates that a block keeps in shared memory.
#endif
constexpr int kUnit = 128;      // Consecutive ids that one warp adds up.
constexpr int kUnits = 4096;
constexpr float kOne = 17179869184.0f;   // 2^34 steps weigh 1.
constexpr float kFarthest = 24.0f;       // exp(-24) is less than one step.
constexpr float kBinsOfOne = kBins / kFarthest;

struct Shared {
  union {
    float listed[kListed];
    struct {
      Word mass[kUnits];
      std::uint32_t ties[kUnits];
    } units;
  };
  std::uint32_t bins[kBins];
  Word lines[kWarp];
  std::uint32_t lines32[kWarp];
  std::uint32_t listed_count;
  std::int32_t unit, token;
  Word unit_before;
  std::uint32_t unit_ties_left;
};

struct Weighing {
  float most, temperature;

  __device__ float distance(float logit) const { return (most - logit) / temperature; }
  // A NaN weighs nothing.
  __device__ Word mass(float logit) const {
    const float distance_here = distance(logit);
    return distance_here < kFarthest ? static_cast<Word>(expf(-distance_here) * kOne) : 0;
  }
};

// Which tokens survive: those above a key, and of those with the key itself so many, by id.
struct Cut {
  std::uint32_t key;
  std::uint32_t ties;
};

// How many candidates there are, and their mass: of the whole row, or from a key on.
struct Tally {
  std::uint32_t count;
  Word mass;
};

struct BinVisit {
  Weighing weighing;
  std::uint32_t* bins;
  Tally mine;

  __device__ void operator()(float logit, std::int64_t) {
    const Word mass = weighing.mass(logit);
    if (mass == 0) return;
    atomicAdd(bins + static_cast<int>(weighing.distance(logit) * kBinsOfOne), 1u);
    mine.count += 1;
    mine.mass += mass;
  }
};

struct ListVisit {
  Weighing weighing;
  Shared* shared;
  int bins;  // What lies in these is listed.
  Word mass_here;

  __device__ void operator()(float logit, std::int64_t) {
    const Word mass = weighing.mass(logit);
    if (mass == 0 || static_cast<int>(weighing.distance(logit) * kBinsOfOne) >= bins) return;
    shared->listed[atomicAdd(&shared->listed_count, 1u)] = logit;
    mass_here += mass;
  }
};

struct TallyVisit {
  Weighing weighing;
  std::uint32_t key;
  Tally mine;

  __device__ void operator()(float logit, std::int64_t) {
    if (key_of(logit) < key) return;
    const Word mass = weighing.mass(logit);
    mine.count += mass > 0 ? 1 : 0;
    mine.mass += mass;
  }
};

__device__ inline Tally total_of(const Tally& mine, Shared& shared) {
  return {block_total(mine.count, shared.lines32), block_total(mine.mass, shared.lines)};
}

// The candidates in which a cut is looked for: the best few in shared memory, or the whole row.
struct Candidates {
  LogitsRow row;
  Weighing weighing;
  bool is_listed;
  std::uint32_t listed;
};

__device__ inline Tally tally_from(const Candidates& from, std::uint32_t key, Shared& shared) {
  TallyVisit visit = {from.weighing, key, {0, 0}};
  if (from.is_listed) {
    for (std::uint32_t i = threadIdx.x; i < from.listed; i += kScanThreads) visit(shared.listed[i], 0);
  } else {
    scan_row(from.row, visit);
  }
  return total_of(visit.mine, shared);
}

// The largest key from which on there are `count` candidates, or a mass of `mass`, by halving; then how many of those that have
// the key are needed.
__device__ inline Cut find_cut(const Candidates& from, bool by_count, std::uint32_t count, double mass, Shared& shared, Tally& kept) {
  const Weighing& weighing = from.weighing;
  std::uint32_t low = key_of(weighing.most - kFarthest * 1.01f * weighing.temperature), high = key_of(weighing.most);
  while (low < high) {
    const std::uint32_t middle = low + (high - low + 1) / 2;
    const Tally tally = tally_from(from, middle, shared);
    if (by_count ? tally.count >= count : static_cast<double>(tally.mass) >= mass) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  kept = low == 0xffffffffu ? Tally{0, 0} : tally_from(from, low + 1, shared);
  const Word one = weighing.mass(logit_of(low));
  Cut cut = {low, 0};
  if (by_count) {
    cut.ties = count - kept.count;
  } else {
    const double left = mass - static_cast<double>(kept.mass);
    cut.ties = one > 0 ? static_cast<std::uint32_t>(ceil(left / static_cast<double>(one))) : 0;
    if (cut.ties == 0) cut.ties = 1;
  }
  kept.count += cut.ties;
  kept.mass += cut.ties * one;
  return cut;
}

struct Options {
  std::int32_t top_k;
  float top_p, min_p;
  double uniform;
};

// Lists the best candidates, as many whole bins of distance as fit.
__device__ inline Tally list_best(const LogitsRow& row, const Weighing& weighing, Shared& shared, Tally& all) {
  shared.bins[threadIdx.x] = 0;
  if (threadIdx.x == 0) shared.listed_count = 0;
  __syncthreads();
  BinVisit bin = {weighing, shared.bins, {0, 0}};
  scan_row(row, bin);
  all = total_of(bin.mine, shared);
  const std::uint32_t reached = block_inclusive(shared.bins[threadIdx.x], shared.lines32);
  const int bins = __syncthreads_count(reached <= kListed);
  ListVisit list = {weighing, &shared, bins, 0};
  scan_row(row, list);
  const Word mass = block_total(list.mass_here, shared.lines);
  return {shared.listed_count, mass};
}

// Top-k and top-p as one cut; without them everything survives.
__device__ inline Cut cut_of(const LogitsRow& row, const Weighing& weighing, const Options& options, Shared& shared) {
  const bool has_share = options.top_p > 0 && options.top_p < 1;
  if (options.top_k <= 0 && !has_share) return {0, 0};
  Tally all;
  const Tally listed = list_best(row, weighing, shared, all);
  Cut cut = {0, 0};
  Candidates from = {row, weighing, true, listed.count};
  const auto top_k = static_cast<std::uint32_t>(options.top_k);
  if (options.top_k > 0 && top_k < all.count) {
    from.is_listed = listed.count >= top_k;
    cut = find_cut(from, true, top_k, 0, shared, all);
  }
  if (!has_share) return cut;
  const double target = static_cast<double>(options.top_p) * static_cast<double>(all.mass);
  from.is_listed = static_cast<double>(listed.mass) >= target;
  return find_cut(from, false, 0, target, shared, all);
}

// Whether a token above the cut keeps its mass under min-p; the best one does.
struct Survivors {
  Weighing weighing;
  Cut cut;
  float min_p;
  std::int32_t best;

  __device__ Word mass(float logit, std::int64_t id) const {
    const Word steps = weighing.mass(logit);
    const bool is_weak = min_p > 0 && static_cast<float>(steps) < min_p * kOne;
    return is_weak && id != best ? 0 : steps;
  }
};

// The mass of every unit of 128 ids: of what lies above the cut, and how many lie on it.
__device__ inline void add_units(const LogitsRow& row, const Survivors& survivors, Shared& shared) {
  const int lane = threadIdx.x % kWarp;
  for (std::int64_t first = 0; first < row.count; first += kRowStep) {
    const float4 four = four_of(row, first);
    const std::int64_t id = first + threadIdx.x * 4;
    const float logits[4] = {four.x, four.y, four.z, four.w};
    Word mass = 0;
    std::uint32_t ties = 0;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const std::uint32_t key = key_of(logits[i]);
      if (key > survivors.cut.key) mass += survivors.mass(logits[i], id + i);
      ties += key == survivors.cut.key && survivors.cut.ties > 0 ? 1 : 0;
    }
    for (int distance = 16; distance > 0; distance /= 2) {
      mass += __shfl_xor_sync(kAllLanes, mass, distance);
      ties += __shfl_xor_sync(kAllLanes, ties, distance);
    }
    const std::int64_t unit = id / kUnit;
    if (lane == 0 && unit * kUnit < row.count) {
      shared.units.mass[unit] = mass;
      shared.units.ties[unit] = ties;
    }
  }
  __syncthreads();
}

// The unit in which the drawn share of the mass is reached, by all threads: each holds four units in a row.
__device__ inline void find_unit(std::int64_t units, const Survivors& survivors, double uniform, Shared& shared) {
  std::uint32_t ties[4], ties_here = 0;
  Word mass[4], mass_here = 0;
  const int first = threadIdx.x * 4;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    ties[i] = first + i < units ? shared.units.ties[first + i] : 0;
    mass[i] = first + i < units ? shared.units.mass[first + i] : 0;
    ties_here += ties[i];
  }
  const std::uint32_t ties_before = block_inclusive(ties_here, shared.lines32) - ties_here;
  std::uint32_t left[4], left_now = survivors.cut.ties > ties_before ? survivors.cut.ties - ties_before : 0;
  // Those on the cut have one logit and so one mass; the best of all, which min-p cannot take, is among them when it lies there.
  const float on_cut = logit_of(survivors.cut.key);
  const Word one = survivors.cut.ties == 0 ? 0 : survivors.mass(on_cut, -1);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    left[i] = left_now;
    const std::uint32_t taken = min(ties[i], left_now);
    left_now -= taken;
    mass[i] += taken * one;
    mass_here += mass[i];
  }
  const Word reached = block_inclusive(mass_here, shared.lines), total = block_total(mass_here, shared.lines);
  const double target = uniform * static_cast<double>(total);
  Word before = reached - mass_here;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const Word after = before + mass[i];
    if (static_cast<double>(before) <= target && target < static_cast<double>(after)) {
      shared.unit = first + i;
      shared.unit_before = before;
      shared.unit_ties_left = left[i];
    }
    before = after;
  }
  if (threadIdx.x == 0) {
    shared.token = survivors.best;
    if (total == 0) shared.unit = -1;
  }
  // What is drawn is stored with the total, because the last warp needs it.
  __syncthreads();
  if (threadIdx.x == 0) shared.lines[0] = total;
  __syncthreads();
}

// The first token of the unit with which the drawn share is passed; one warp, four ids a lane.
__device__ inline void find_token(const LogitsRow& row, const Survivors& survivors, double target, Shared& shared) {
  const int lane = threadIdx.x % kWarp;
  const std::int64_t first = static_cast<std::int64_t>(shared.unit) * kUnit + lane * 4;
  float logits[4];
  std::uint32_t ties = 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    logits[i] = first + i < row.count ? row.logits[first + i] : __uint_as_float(0x7fc00000u);
    ties += key_of(logits[i]) == survivors.cut.key && survivors.cut.ties > 0 ? 1 : 0;
  }
  std::uint32_t seen = warp_inclusive(ties) - ties;
  Word mass[4], here = 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t key = key_of(logits[i]);
    const bool is_tie = key == survivors.cut.key && survivors.cut.ties > 0;
    const bool survives = key > survivors.cut.key || (is_tie && seen < shared.unit_ties_left);
    seen += is_tie ? 1 : 0;
    mass[i] = survives ? survivors.mass(logits[i], is_tie ? -1 : first + i) : 0;
    here += mass[i];
  }
  Word before = shared.unit_before + warp_inclusive(here) - here;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const Word after = before + mass[i];
    if (static_cast<double>(before) <= target && target < static_cast<double>(after)) {
      shared.token = static_cast<std::int32_t>(first + i);
    }
    before = after;
  }
}

struct Rows {
  const float* logits;
  std::int64_t vocabulary;
  bool is_aligned;
  const float* temperature;
  const std::int32_t* top_k;
  const float* top_p;
  const float* min_p;
  const std::int32_t* seeds;
  const std::int32_t* counters;
  std::int32_t* tokens;
  Fault* fault;
};

__device__ inline double uniform_of(const Rows& rows, unsigned b) {
  const std::uint32_t bits = random32(static_cast<std::uint32_t>(rows.seeds[2 * b]), static_cast<std::uint32_t>(rows.seeds[2 * b + 1]),
                                      static_cast<std::uint32_t>(rows.counters[b]));
  return uniform_f64(bits);
}

__global__ void __launch_bounds__(kScanThreads) sample_kernel(Rows rows) {
  Shared& shared = *dynamic_shared<Shared>();
  const unsigned b = blockIdx.x;
  const LogitsRow row = {rows.logits + b * rows.vocabulary, rows.vocabulary, rows.is_aligned};
  const float temperature = rows.temperature[b];
  if (threadIdx.x == 0 && rows.top_k[b] < 0) {
    report(rows.fault, static_cast<int>(Op::kSample), kSampleTopK, b, rows.top_k[b], std::int64_t{1} << 31);
  }
  const Word rank = best_of(row, shared.lines);
  const std::int32_t best = id_of(rank);
  const float most = logit_of(static_cast<std::uint32_t>(rank >> 32));
  if (!(temperature > 0) || rank >> 32 == 0 || fabsf(most) == INFINITY) {
    // A row without a number above -inf draws its first id, as one that is +inf draws that.
    const bool has_none = temperature > 0 && (rank >> 32 == 0 || most < 0);
    if (threadIdx.x == 0) rows.tokens[b] = has_none ? 0 : best;
    return;
  }
  const Weighing weighing = {most, temperature};
  const Options options = {rows.top_k[b], rows.top_p[b], rows.min_p[b], uniform_of(rows, b)};
  const Survivors survivors = {weighing, cut_of(row, weighing, options, shared), options.min_p, best};
  __syncthreads();
  add_units(row, survivors, shared);
  find_unit((row.count + kUnit - 1) / kUnit, survivors, options.uniform, shared);
  if (threadIdx.x < kWarp && shared.unit >= 0) {
    find_token(row, survivors, options.uniform * static_cast<double>(shared.lines[0]), shared);
  }
  __syncthreads();
  if (threadIdx.x == 0) rows.tokens[b] = shared.token;
}

}  // namespace

Status sample(Stream& stream, const SampleArgs& args) {
  const std::int64_t vocabulary = args.logits.dim[1];
  if (vocabulary < 1) return bad_argument("expected at least one logit per row");
  if (vocabulary > kUnits * kUnit) return unsupported("expected at most 524288 logits per row on a GPU");
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(args.logits.data) % 16 == 0 && vocabulary % 4 == 0;
  const Rows rows = {args.logits.data_as<float>(),        vocabulary,
                     is_aligned,                          args.temperature.data_as<float>(),
                     args.top_k.data_as<std::int32_t>(),  args.top_p.data_as<float>(),
                     args.min_p.data_as<float>(),         args.seeds.data_as<std::int32_t>(),
                     args.counters.data_as<std::int32_t>(), args.tokens.data_as<std::int32_t>(),
                     stream.fault};
  return launch(stream, "sample", sample_kernel, static_cast<unsigned>(args.logits.dim[0]), kScanThreads, sizeof(Shared), rows);
}

}  // namespace hone::cuda
