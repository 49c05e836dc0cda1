// Low-rank updates where rows have different adapters: decode steps, and chunks of prompts among them. Bound by reading A and B of
// the adapters that are there. Neighbours with one adapter read it together; for up to kFewRows rows every row has its own blocks,
// for more, eight rows share them. Both make the same sums in the same order.
#include "cuda/lora-rows.h"

#include "cuda/device/reduce.h"
#include "cuda/device/report.h"
#include "cuda/device/shared-memory.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr std::int64_t kFewRows = 256;

struct Arguments {
  LoraRows work;
  bool is_a_aligned;  // Every row of x and A begins on a multiple of 16 bytes.
  bool is_b_aligned;  // Every row of B.
  Fault* fault;
};

// The adapter of a row: its part, or its slot; -1 where there is none.
__device__ inline int adapter_of(const Arguments& args, std::int64_t row) {
  const LoraAdapters& adapters = args.work.adapters;
  if (adapters.slots != nullptr) {
    const std::int32_t slot = adapters.slots[row];
    return slot < adapters.slot_count ? slot : -1;
  }
  for (int i = 0; i < adapters.parts; ++i) {
    if (row >= adapters.part[i].begin && row < adapters.part[i].end) return i;
  }
  return -1;
}

// How many rows from `row` on have its adapter, up to `most`.
__device__ inline int run_of(const Arguments& args, std::int64_t row, int most) {
  const int adapter = adapter_of(args, row);
  int count = 1;
  while (count < most && row + count < args.work.rows && adapter_of(args, row + count) == adapter) ++count;
  return count;
}

__device__ inline const LoraAdapters::Part& part_of(const Arguments& args, int adapter) {
  return args.work.adapters.part[args.work.adapters.slots != nullptr ? 0 : adapter];
}

// Elements `at` to `at` + 7 of a parameter, rounded to bf16 where they are f32 (as autocast does); zeros from `end` on.
__device__ inline void load_eight(float (&out)[8], const void* from, bool is_f32, bool is_aligned, std::int64_t at, std::int64_t end) {
  if (is_aligned && at + 8 <= end) {
    if (is_f32) {
      const float* values = static_cast<const float*>(from) + at;
      const auto low = load_vector(values), high = load_vector(values + 4);
#pragma unroll
      for (int i = 0; i < 8; ++i) out[i] = to_f32(to_bf16(i < 4 ? low.values[i % 4] : high.values[i % 4]));
    } else {
      const auto values = load_vector(static_cast<const Bf16*>(from) + at);
#pragma unroll
      for (int i = 0; i < 8; ++i) out[i] = to_f32(values.values[i]);
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    out[i] = 0.0f;
    if (at + i >= end) continue;
    out[i] = is_f32 ? to_f32(to_bf16(static_cast<const float*>(from)[at + i])) : to_f32(static_cast<const Bf16*>(from)[at + i]);
  }
}

// xa of up to kRows rows and kRanks ranks: each of the 8 warps adds up every eighth stretch of 256 k.
template <int kRows, int kRanks>
__global__ void __launch_bounds__(kThreads) shrink_kernel(const Arguments args) {
  __shared__ float lines[kWarps][kRows * kRanks];
  const LoraRows& work = args.work;
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp, rank_begin = blockIdx.y * kRanks;
  const std::int64_t block_begin = static_cast<std::int64_t>(blockIdx.x) * kRows;
  const std::int64_t block_end = block_begin + kRows < work.rows ? block_begin + kRows : work.rows;
  for (std::int64_t row = block_begin; row < block_end;) {
    const int adapter = adapter_of(args, row), run = run_of(args, row, static_cast<int>(block_end - row));
    const std::int64_t first = row;
    row += run;
    if (work.adapters.slots != nullptr && blockIdx.y == 0 && threadIdx.x == 0 && work.adapters.slots[first] >= work.adapters.slot_count) {
      report(args.fault, static_cast<int>(Op::kLoraSlotsForward), kLoraSlotsForwardSlots, first, work.adapters.slots[first], work.adapters.slot_count);
    }
    if (adapter < 0) continue;
    const LoraAdapters::Part& part = part_of(args, adapter);
    if (rank_begin >= part.rank) continue;
    const std::int64_t a_begin = work.adapters.slots != nullptr ? adapter * part.rank * work.depth : 0;

    float sums[kRows][kRanks] = {};
    for (std::int64_t k = warp * 256 + lane * 8; k < work.depth; k += kWarps * 256) {
      float a[kRanks][8];
#pragma unroll
      for (int r = 0; r < kRanks; ++r) {
        const std::int64_t line = a_begin + (rank_begin + r < part.rank ? rank_begin + r : part.rank - 1) * work.depth;
        load_eight(a[r], part.a, part.is_a_f32, args.is_a_aligned, line + k, line + work.depth);
      }
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const std::int64_t line = (first + (i < run ? i : 0)) * work.depth;
        float x[8];
        load_eight(x, work.x, false, args.is_a_aligned, line + k, line + work.depth);
#pragma unroll
        for (int r = 0; r < kRanks; ++r) {
#pragma unroll
          for (int j = 0; j < 8; ++j) sums[i][r] = fmaf(x[j], a[r][j], sums[i][r]);
        }
      }
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kRows * kRanks; ++i) {
      const float sum = warp_sum(sums[i / kRanks][i % kRanks]);
      if (lane == 0) lines[warp][i] = sum;
    }
    __syncthreads();
    const int i = threadIdx.x / kRanks, rank = rank_begin + threadIdx.x % kRanks;
    if (i < run && rank < part.rank) {
      float sum = 0.0f;
      for (int other = 0; other < kWarps; ++other) sum += lines[other][threadIdx.x];
      work.xa[(first + i) * work.rank_max + rank] = to_bf16(sum);
    }
  }
}

// y of up to kRows rows and kThreads columns: a thread reads one row of B and adds up along the rank.
template <int kRows>
__global__ void __launch_bounds__(kThreads) expand_kernel(const Arguments args) {
  const LoraRows& work = args.work;
  float* xa = dynamic_shared<float>();  // [kRows][rank_max rounded up to 8]
  const int width = (work.rank_max + 7) / 8 * 8;
  const std::int64_t n = static_cast<std::int64_t>(blockIdx.y) * kThreads + threadIdx.x;
  const std::int64_t block_begin = static_cast<std::int64_t>(blockIdx.x) * kRows;
  const std::int64_t block_end = block_begin + kRows < work.rows ? block_begin + kRows : work.rows;
  for (std::int64_t row = block_begin; row < block_end;) {
    const int adapter = adapter_of(args, row), run = run_of(args, row, static_cast<int>(block_end - row));
    const std::int64_t first = row;
    row += run;
    if (adapter < 0) continue;
    const LoraAdapters::Part& part = part_of(args, adapter);
    __syncthreads();
    for (int i = threadIdx.x; i < kRows * width; i += kThreads) {
      const int line = i / width, r = i % width;
      xa[i] = line < run && r < part.rank ? to_f32(work.xa[(first + line) * work.rank_max + r]) : 0.0f;
    }
    __syncthreads();
    if (n >= work.columns) continue;
    const bool has_slots = work.adapters.slots != nullptr;
    const std::int64_t line = ((has_slots ? adapter * work.columns : 0) + n) * part.rank;
    const float scale = has_slots ? work.adapters.scales[adapter] : part.scale;
    float sums[kRows] = {};
    for (int r = 0; r < part.rank; r += 8) {
      float b[8];
      load_eight(b, part.b, part.is_b_f32, args.is_b_aligned, line + r, line + part.rank);
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
#pragma unroll
        for (int j = 0; j < 8; ++j) sums[i] = fmaf(xa[i * width + r + j], b[j], sums[i]);
      }
    }
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      if (i >= run) continue;
      Bf16* y = work.y + (first + i) * work.columns + n;
      *y = to_bf16(fmaf(scale, sums[i], to_f32(*y)));
    }
  }
}

bool is_aligned(const void* data) { return reinterpret_cast<std::uintptr_t>(data) % 16 == 0; }

template <int kRows, int kRanks>
Status run(Stream& stream, const Arguments& args) {
  const LoraRows& work = args.work;
  // Rows run along x, of which a grid has 2^31 and not 65535.
  const unsigned lines = blocks_for(work.rows, kRows);
  HONE_TRY(launch(stream, "lora_shrink", shrink_kernel<kRows, kRanks>, dim3(lines, blocks_for(work.rank_max, kRanks)), kThreads, 0, args));
  const std::size_t shared = static_cast<std::size_t>(kRows) * ((work.rank_max + 7) / 8 * 8) * sizeof(float);
  return launch(stream, "lora_expand", expand_kernel<kRows>, dim3(lines, blocks_for(work.columns, kThreads)), kThreads, shared, args);
}

}  // namespace

Status lora_rows(Stream& stream, const LoraRows& work) {
  Arguments args = {work, is_aligned(work.x) && work.depth % 8 == 0, true, stream.fault};
  for (int i = 0; i < work.adapters.parts; ++i) {
    const LoraAdapters::Part& part = work.adapters.part[i];
    args.is_a_aligned = args.is_a_aligned && is_aligned(part.a);
    args.is_b_aligned = args.is_b_aligned && is_aligned(part.b) && part.rank % 8 == 0;
  }
  return work.rows <= kFewRows ? run<1, 2>(stream, args) : run<8, 8>(stream, args);
}

}  // namespace hone::cuda
