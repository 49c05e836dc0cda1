#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/logits/logits-row.h"

// Where top-k and top-p cut a row of logits, by halving between two keys over the best candidates, which stand in shared memory.
namespace hone::cuda::sampling {

inline constexpr int kBins = 1024;
#ifdef HONE_SMALL_CHUNKS  // So that the small cases of tests go over the whole row too.
inline constexpr int kListed = 64;
#else
inline constexpr int kListed = 12288;  // Candidates that a block keeps in shared memory.
#endif
inline constexpr int kUnit = 128;      // Consecutive ids that one warp adds up.
inline constexpr int kUnits = 4096;
inline constexpr float kOne = 17179869184.0f;   // 2^34 steps weigh 1.
inline constexpr float kFarthest = 24.0f;       // exp(-24) is less than one step.
inline constexpr float kBinsOfOne = kBins / kFarthest;

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

  __device__ bool has_share() const { return top_p > 0 && top_p < 1; }
  __device__ bool has_cut() const { return top_k > 0 || has_share(); }
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
  if (!options.has_cut()) return {0, 0};
  Tally all;
  const Tally listed = list_best(row, weighing, shared, all);
  Cut cut = {0, 0};
  Candidates from = {row, weighing, true, listed.count};
  const auto top_k = static_cast<std::uint32_t>(options.top_k);
  if (options.top_k > 0 && top_k < all.count) {
    from.is_listed = listed.count >= top_k;
    cut = find_cut(from, true, top_k, 0, shared, all);
  }
  if (!options.has_share()) return cut;
  const double target = static_cast<double>(options.top_p) * static_cast<double>(all.mass);
  from.is_listed = static_cast<double>(listed.mass) >= target;
  return find_cut(from, false, 0, target, shared, all);
}

}  // namespace hone::cuda::sampling
