// One block a row, and no row is ever sorted: the row is read four times where a filter is on, twice where none is. Bound by
// those reads: 131 MB each at 256 rows of 128 k. Of few rows one block each would leave most of the card idle, and read a row at what
// one multiprocessor can have under way: they are cut into slices, whose blocks find the best token and, where no filter is on, add up
// the masses. What is drawn is the same.
//
// A weight exp((logit - most) / temperature) counts as a whole number of steps of 2^-34, so that sums are exact and do not depend
// on their order, and atomics are allowed. Against the reference loop, which adds in f64, a draw can differ only where the uniform
// number, or the end of a top-p prefix, falls within the rounding of an f32 exponential of the border between two tokens. A token
// that weighs less than 2^-34 of the best one is never drawn.
#include <algorithm>

#include "core/counter-random.h"
#include "core/ops-args.h"
#include "cuda/device/report.h"
#include "cuda/device/shared-memory.h"
#include "cuda/launch.h"
#include "cuda/logits/sample-cut.h"

namespace hone::cuda {
namespace {

using namespace sampling;

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

// The mass of every unit of 128 ids of a row, or of a slice of it that begins at `begin`: of what lies above the cut, and how many lie
// on it. `ties` may be null where nothing is cut.
__device__ inline void add_units(const LogitsRow& row, std::int64_t begin, const Survivors& survivors, Word* masses, std::uint32_t* all_ties) {
  const int lane = threadIdx.x % kWarp;
  for (std::int64_t first = 0; first < row.count; first += kRowStep) {
    const float4 four = four_of(row, first);
    const std::int64_t at = first + threadIdx.x * 4;
    const float logits[4] = {four.x, four.y, four.z, four.w};
    Word mass = 0;
    std::uint32_t ties = 0;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const std::uint32_t key = key_of(logits[i]);
      if (key > survivors.cut.key) mass += survivors.mass(logits[i], begin + at + i);
      ties += key == survivors.cut.key && survivors.cut.ties > 0 ? 1 : 0;
    }
    for (int distance = 16; distance > 0; distance /= 2) {
      mass += __shfl_xor_sync(kAllLanes, mass, distance);
      ties += __shfl_xor_sync(kAllLanes, ties, distance);
    }
    const std::int64_t unit = at / kUnit;
    if (lane == 0 && unit * kUnit < row.count) {
      masses[unit] = mass;
      if (all_ties != nullptr) all_ties[unit] = ties;
    }
  }
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

  __device__ LogitsRow row(unsigned b) const { return {logits + b * vocabulary, vocabulary, is_aligned}; }
};

// What the blocks of few rows leave for the one that draws.
struct Slices {
  int count;            // Of a row; 0 where one block does all.
  std::int64_t length;  // In ids, a multiple of kRowStep.
  Word* best;           // [rows][count] ranks.
  Word* masses;         // [rows][units], of rows without a cut.
  std::int64_t units;

  __device__ std::int64_t begin() const { return blockIdx.x * length; }
  __device__ LogitsRow part(const LogitsRow& row) const {
    return {row.logits + begin(), min(length, row.count - begin()), row.is_aligned};
  }
};

// The best of a row of which every slice has its own, to every thread.
__device__ inline Word best_of_slices(const Slices& slices, unsigned b, Word* lines) {
  return block_largest(threadIdx.x < slices.count ? slices.best[b * slices.count + threadIdx.x] : Word{0}, lines);
}

// How a row is weighed; false where it is not, because it is greedy or has no mass.
__device__ inline bool weighing_of(Word rank, float temperature, Weighing& weighing) {
  weighing = {logit_of(static_cast<std::uint32_t>(rank >> 32)), temperature};
  return temperature > 0 && rank >> 32 != 0 && fabsf(weighing.most) != INFINITY;
}

__device__ inline Options options_of(const Rows& rows, unsigned b) {
  const std::uint32_t bits = random32(static_cast<std::uint32_t>(rows.seeds[2 * b]), static_cast<std::uint32_t>(rows.seeds[2 * b + 1]),
                                      static_cast<std::uint32_t>(rows.counters[b]));
  return {rows.top_k[b], rows.top_p[b], rows.min_p[b], uniform_f64(bits)};
}

struct SliceBestVisit {
  Word best;
  std::int64_t begin;
  __device__ void operator()(float logit, std::int64_t id) { best = max(best, ranked(logit, begin + id)); }
};

__global__ void __launch_bounds__(kScanThreads) best_of_slice_kernel(Rows rows, Slices slices) {
  __shared__ Word lines[kWarp];
  SliceBestVisit visit = {0, slices.begin()};
  scan_row(slices.part(rows.row(blockIdx.y)), visit);
  const Word best = block_largest(visit.best, lines);
  if (threadIdx.x == 0) slices.best[blockIdx.y * slices.count + blockIdx.x] = best;
}

__global__ void __launch_bounds__(kScanThreads) masses_of_slice_kernel(Rows rows, Slices slices) {
  __shared__ Word lines[kWarp];
  const unsigned b = blockIdx.y;
  const Word rank = best_of_slices(slices, b, lines);
  const Options options = options_of(rows, b);
  Weighing weighing;
  if (!weighing_of(rank, rows.temperature[b], weighing) || options.has_cut()) return;
  const Survivors survivors = {weighing, {0, 0}, options.min_p, id_of(rank)};
  add_units(slices.part(rows.row(b)), slices.begin(), survivors, slices.masses + b * slices.units + slices.begin() / kUnit, nullptr);
}

__global__ void __launch_bounds__(kScanThreads) sample_kernel(Rows rows, Slices slices) {
  Shared& shared = *dynamic_shared<Shared>();
  const unsigned b = blockIdx.x;
  const LogitsRow row = rows.row(b);
  const float temperature = rows.temperature[b];
  if (threadIdx.x == 0 && rows.top_k[b] < 0) {
    report(rows.fault, static_cast<int>(Op::kSample), kSampleTopK, b, rows.top_k[b], std::int64_t{1} << 31);
  }
  const Word rank = slices.count > 0 ? best_of_slices(slices, b, shared.lines) : best_of(row, shared.lines);
  const std::int32_t best = id_of(rank);
  Weighing weighing;
  if (!weighing_of(rank, temperature, weighing)) {
    // A row without a number above -inf draws its first id, as one that is +inf draws that.
    const bool has_none = temperature > 0 && (rank >> 32 == 0 || weighing.most < 0);
    if (threadIdx.x == 0) rows.tokens[b] = has_none ? 0 : best;
    return;
  }
  const Options options = options_of(rows, b);
  const Survivors survivors = {weighing, cut_of(row, weighing, options, shared), options.min_p, best};
  __syncthreads();
  if (slices.count > 0 && !options.has_cut()) {
    for (std::int64_t unit = threadIdx.x; unit < slices.units; unit += kScanThreads) {
      shared.units.mass[unit] = slices.masses[b * slices.units + unit];
      shared.units.ties[unit] = 0;
    }
  } else {
    add_units(row, 0, survivors, shared.units.mass, shared.units.ties);
  }
  __syncthreads();
  find_unit((row.count + kUnit - 1) / kUnit, survivors, options.uniform, shared);
  if (threadIdx.x < kWarp && shared.unit >= 0) {
    find_token(row, survivors, options.uniform * static_cast<double>(shared.lines[0]), shared);
  }
  __syncthreads();
  if (threadIdx.x == 0) rows.tokens[b] = shared.token;
}

// Slices for as many rows as leave multiprocessors idle, a few for each of those.
Status slices_of(Stream& stream, std::int64_t rows, std::int64_t vocabulary, Slices& slices) {
  slices = {};
  const std::int64_t steps = (vocabulary + kRowStep - 1) / kRowStep, wanted = std::min<std::int64_t>(steps, stream.multiprocessors / std::max<std::int64_t>(1, rows));
  if (wanted < 2) return {};
  slices.length = (steps + wanted - 1) / wanted * kRowStep;
  slices.count = static_cast<int>((vocabulary + slices.length - 1) / slices.length);
  slices.units = (vocabulary + kUnit - 1) / kUnit;
  void *best = nullptr, *masses = nullptr;
  const std::int64_t best_bytes = (rows * slices.count * static_cast<std::int64_t>(sizeof(Word)) + 255) / 256 * 256;
  HONE_TRY(stream.workspace->take(0, best_bytes, best));
  HONE_TRY(stream.workspace->take(best_bytes, rows * slices.units * static_cast<std::int64_t>(sizeof(Word)), masses));
  slices.best = static_cast<Word*>(best);
  slices.masses = static_cast<Word*>(masses);
  return {};
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
  const std::int64_t count = args.logits.dim[0];
  Slices slices;
  HONE_TRY(slices_of(stream, count, vocabulary, slices));
  if (slices.count > 0) {
    const dim3 grid(static_cast<unsigned>(slices.count), static_cast<unsigned>(count));
    HONE_TRY(launch(stream, "best_of_slice", best_of_slice_kernel, grid, kScanThreads, 0, rows, slices));
    HONE_TRY(launch(stream, "masses_of_slice", masses_of_slice_kernel, grid, kScanThreads, 0, rows, slices));
  }
  return launch(stream, "sample", sample_kernel, static_cast<unsigned>(count), kScanThreads, sizeof(Shared), rows, slices);
}

}  // namespace hone::cuda
