// What happens to logits between the head and the draw. Bound by reads of the rows: one for the cap, two for log-probabilities.
#include "core/ops-args.h"
#include "cuda/device/report.h"
#include "cuda/device/shared-memory.h"
#include "cuda/launch.h"
#include "cuda/logits/logits-add.h"
#include "cuda/logits/logits-row.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kBatch = 1024;  // Entries of one row that are added at once.

__global__ void __launch_bounds__(kThreads) softcap_kernel(float* logits, std::int64_t count, float cap) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at < count) logits[at] = cap * tanhf(logits[at] / cap);
}

struct Entries {
  const std::int32_t* rows;
  const std::int32_t* columns;
  const float* values;
  std::int64_t count;
};

// One block a row: it looks at all entries and keeps its own.
__global__ void __launch_bounds__(kScanThreads)
    add_sparse_kernel(float* logits, std::int64_t rows, std::int64_t vocabulary, Entries entries, Fault* fault) {
  __shared__ std::int32_t columns[2 * kBatch];
  __shared__ float values[2 * kBatch];
  __shared__ std::uint32_t lines[kWarp];
  float* row = logits + blockIdx.x * vocabulary;
  int held = 0;
  for (std::int64_t first = 0; first < entries.count; first += kScanThreads) {
    const std::int64_t at = first + threadIdx.x;
    const std::int32_t own = at < entries.count ? entries.rows[at] : -1;
    std::int32_t column = -1;
    if (at < entries.count && blockIdx.x == 0 && (own < 0 || own >= rows)) {
      report(fault, static_cast<int>(Op::kLogitsAddSparse), kLogitsAddSparseRows, at, own, rows);
    }
    if (at < entries.count && own == static_cast<std::int32_t>(blockIdx.x)) {
      column = entries.columns[at];
      if (column < 0 || column >= vocabulary) report(fault, static_cast<int>(Op::kLogitsAddSparse), kLogitsAddSparseCols, at, column, vocabulary);
    }
    const std::uint32_t is_mine = column >= 0 && column < vocabulary ? 1 : 0;
    const std::uint32_t up_to = block_inclusive(is_mine, lines), here = block_total(is_mine, lines);
    if (is_mine != 0) {
      columns[held + up_to - 1] = column;
      values[held + up_to - 1] = entries.values[at];
    }
    held += static_cast<int>(here);
    __syncthreads();
    const bool is_last = first + kScanThreads >= entries.count;
    if (held < kBatch && !is_last) continue;
    for (int done = 0; done < held; done += kBatch) {
      add_in_order(row, columns + done, values + done, held - done < kBatch ? held - done : kBatch);
      __syncthreads();
    }
    held = 0;
  }
}

#ifdef HONE_SMALL_CHUNKS  // So that the small cases of tests do without the list too.
constexpr int kListed = 64;
#else
constexpr int kListed = 6144;
#endif
constexpr int kBins = 1024;
constexpr float kBinsOfOne = 32.0f;  // Bins of distance from the best logit; the last takes what is farther than 32.

struct TopShared {
  Word listed[kListed];
  std::uint32_t bins[kBins];
  Word lines[kWarp];
  std::uint32_t lines32[kWarp];
  float lines_f[kWarp];
  std::uint32_t listed_count;
};

__device__ inline int bin_of(float most, float logit) {
  const float distance = (most - logit) * kBinsOfOne;
  // What is no number is behind all others.
  return distance < kBins - 1 ? static_cast<int>(distance) : kBins - 1;
}

struct SumVisit {
  float most, sum;
  std::uint32_t* bins;
  std::int64_t count;

  __device__ void operator()(float logit, std::int64_t id) {
    if (id >= count) return;
    sum += expf(logit - most);
    atomicAdd(bins + bin_of(most, logit), 1u);
  }
};

struct RankVisit {
  float most;
  int bins;
  std::int64_t count;
  TopShared* shared;

  __device__ void operator()(float logit, std::int64_t id) {
    if (id < count && bin_of(most, logit) < bins) shared->listed[atomicAdd(&shared->listed_count, 1u)] = ranked(logit, id);
  }
};

// The best rank below another.
struct NextVisit {
  Word below, best;
  std::int64_t count;

  __device__ void operator()(float logit, std::int64_t id) {
    const Word rank = ranked(logit, id);
    if (id < count && rank < below) best = max(best, rank);
  }
};

struct TopRows {
  const float* logits;
  std::int64_t vocabulary;
  bool is_aligned;
  const std::int32_t* tokens;
  float* logp;
  std::int32_t* top_ids;
  float* top_logp;
  int k;
};

// The k best one after the other: from the list of the best whole bins where they fit there, else from the row.
__device__ inline void write_top(const LogitsRow& row, const TopRows& rows, Word best, float lse, bool is_listed, TopShared& shared) {
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * rows.k;
  for (int i = 0; i < rows.k; ++i) {
    if (threadIdx.x == 0) {
      rows.top_ids[first + i] = id_of(best);
      rows.top_logp[first + i] = row.logits[id_of(best)] - lse;
    }
    NextVisit next = {best, 0, row.count};
    if (is_listed) {
      for (std::uint32_t at = threadIdx.x; at < shared.listed_count; at += kScanThreads) {
        if (shared.listed[at] < best) next.best = max(next.best, shared.listed[at]);
      }
    } else {
      scan_row(row, next);
    }
    best = block_largest(next.best, shared.lines);
  }
}

__global__ void __launch_bounds__(kScanThreads) top_log_probs_kernel(TopRows rows, Fault* fault) {
  TopShared& shared = *dynamic_shared<TopShared>();
  const unsigned b = blockIdx.x;
  const LogitsRow row = {rows.logits + b * rows.vocabulary, rows.vocabulary, rows.is_aligned};
  shared.bins[threadIdx.x] = 0;
  if (threadIdx.x == 0) shared.listed_count = 0;
  // The barriers of best_of also stand between these writes and what adds to them.
  const Word best = best_of(row, shared.lines);
  const float most = logit_of(static_cast<std::uint32_t>(best >> 32));
  SumVisit sum = {most, 0, shared.bins, row.count};
  scan_row(row, sum);
  const float lse = most + logf(block_sum(sum.sum, shared.lines_f));
  const std::uint32_t reached = block_inclusive(shared.bins[threadIdx.x], shared.lines32);
  RankVisit rank = {most, __syncthreads_count(reached <= kListed), row.count, &shared};
  scan_row(row, rank);
  __syncthreads();
  const std::int32_t token = rows.tokens[b];
  if (threadIdx.x == 0) {
    const bool is_inside = token >= 0 && token < rows.vocabulary;
    if (!is_inside) report(fault, static_cast<int>(Op::kLogitsTopLogProbs), kLogitsTopLogProbsTokens, b, token, rows.vocabulary);
    rows.logp[b] = is_inside ? row.logits[token] - lse : 0.0f;
  }
  write_top(row, rows, best, lse, shared.listed_count >= static_cast<std::uint32_t>(rows.k), shared);
}

}  // namespace

Status logits_softcap(Stream& stream, const LogitsSoftcapArgs& args) {
  const std::int64_t count = args.logits.count();
  return launch(stream, "logits_softcap", softcap_kernel, blocks_for(count, kThreads), kThreads, 0, args.logits.data_as<float>(), count,
                static_cast<float>(args.cap));
}

Status logits_add_sparse(Stream& stream, const LogitsAddSparseArgs& args) {
  const Entries entries = {args.rows.data_as<std::int32_t>(), args.cols.data_as<std::int32_t>(), args.values.data_as<float>(),
                           args.rows.dim[0]};
  return launch(stream, "logits_add_sparse", add_sparse_kernel, static_cast<unsigned>(args.logits.dim[0]), kScanThreads, 0,
                args.logits.data_as<float>(), args.logits.dim[0], args.logits.dim[1], entries, stream.fault);
}

Status logits_top_log_probs(Stream& stream, const LogitsTopLogProbsArgs& args) {
  const std::int64_t vocabulary = args.logits.dim[1];
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(args.logits.data) % 16 == 0 && vocabulary % 4 == 0;
  const TopRows rows = {args.logits.data_as<float>(),          vocabulary,
                        is_aligned,                            args.tokens.data_as<std::int32_t>(),
                        args.logp.data_as<float>(),            args.top_ids.data_as<std::int32_t>(),
                        args.top_logp.data_as<float>(),        static_cast<int>(args.top_ids.dim[1])};
  return launch(stream, "logits_top_log_probs", top_log_probs_kernel, static_cast<unsigned>(args.logits.dim[0]), kScanThreads,
                sizeof(TopShared), rows, stream.fault);
}

}  // namespace hone::cuda
