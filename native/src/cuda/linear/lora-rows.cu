// Low-rank updates where rows have different adapters: decode steps, and chunks of prompts among them. Bound by reading A and B of
// the adapters that are there. Neighbours with one adapter read it together; for up to kFewRows rows every row has its own blocks,
// for more, eight rows share them. Both make the same sums in the same order.
#include "cuda/linear/lora-rows.h"

#include "core/lora-places.h"
#include "cuda/device/reduce.h"
#include "cuda/device/report.h"
#include "cuda/device/shared-memory.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr std::int64_t kFewRows = 256;
// Up to which rank eight rows share a block: each then has an eighth of the shared memory that one row of kLoraRankMax takes.
constexpr int kTogetherRankMax = kLoraRankMax / 8;

// Of the four numbers of a slot.
enum Place { kFirst, kAtA, kAtB, kRank };

struct Arguments {
  LoraRows work;
  // Whether rows begin on multiples of 16 bytes; those of a matrix on pages, where the matrix does.
  bool is_x_aligned, is_a_aligned, is_b_aligned;
  Fault* fault;
};

// A or B of an adapter: flat in memory, or flat over the pages of a list.
struct Values {
  const void* data;
  const std::int32_t* pages;  // Absent: elements lie one after the other.
  std::int64_t begin;         // Its first element.
  bool is_f32;
  bool is_aligned;
};

struct Update {
  Values a, b;
  int rank;  // 0: none.
  float scale;
};

// The adapter of a row: its part, or its slot; -1 where there is none.
template <bool kPaged>
__device__ inline int adapter_of(const Arguments& args, std::int64_t row) {
  if (kPaged) {
    const std::int32_t slot = args.work.paged.slots[row];
    return slot < args.work.paged.slot_count ? slot : -1;
  }
  const LoraParts& parts = args.work.parts;
  for (int i = 0; i < parts.count; ++i) {
    if (row >= parts.part[i].begin && row < parts.part[i].end) return i;
  }
  return -1;
}

// How many rows from `row` on have its adapter, up to `most`.
template <bool kPaged>
__device__ inline int run_of(const Arguments& args, std::int64_t row, int most) {
  const int adapter = adapter_of<kPaged>(args, row);
  int count = 1;
  while (count < most && row + count < args.work.rows && adapter_of<kPaged>(args, row + count) == adapter) ++count;
  return count;
}

// Elements that a list of pages has, as far as 32 bits count them: a division of 64 bits is a call.
__device__ inline std::int64_t room_of(const LoraPages& paged) {
  const std::int64_t room = paged.listed * paged.elements, most = 0xffffffff;
  return room < most ? room : most;
}

// Elements from one row of B on pages to the next (lora_row_stride of core/lora-places.h): each row is whole vectors.
__device__ inline int row_stride(int rank) { return (rank + 7) / 8 * 8; }

// Whether a slot's numbers can be: its matrices must lie on listed pages, as a whole (check_lora_places of core/lora-places.h).
__device__ inline bool is_right_place(const LoraRows& work, const std::int32_t* place) {
  const LoraPages& paged = work.paged;
  if (place[kRank] < 0 || place[kRank] > work.rank_max || place[kFirst] < 0 || place[kFirst] >= paged.listed) return false;
  const std::int64_t room = room_of(paged), first = place[kFirst] * paged.elements;
  const std::int64_t rank = place[kRank], stride = row_stride(place[kRank]);
  return place[kAtA] >= 0 && first + place[kAtA] + rank * work.depth <= room && place[kAtB] >= 0 &&
         first + place[kAtB] + stride * work.columns <= room;
}

__device__ inline void report_place(const Arguments& args, int slot, const std::int32_t* place) {
  const LoraPages& paged = args.work.paged;
  const int op = static_cast<int>(Op::kLoraPagedForward);
  if (!report(args.fault, op, kLoraPagedForwardPlaces, slot, place[kRank], args.work.rank_max)) return;
  args.fault->place = {place[kFirst], place[kAtA], place[kAtB], paged.listed, paged.elements};
  __threadfence_system();
}

template <bool kPaged>
__device__ inline Update update_of(const Arguments& args, int adapter) {
  if (kPaged) {
    const LoraPages& paged = args.work.paged;
    const std::int32_t* place = paged.places + 4 * static_cast<std::int64_t>(adapter);
    if (place[kRank] == 0) return {};
    if (!is_right_place(args.work, place)) {
      report_place(args, adapter, place);
      return {};
    }
    const std::int32_t* pages = paged.pages + place[kFirst];
    return {{paged.a, pages, place[kAtA], paged.is_f32, args.is_a_aligned && place[kAtA] % 8 == 0},
            {paged.b, pages, place[kAtB], paged.is_f32, args.is_b_aligned && place[kAtB] % 8 == 0},
            place[kRank],
            paged.scales[adapter]};
  }
  const LoraParts::Part& part = args.work.parts.part[adapter];
  return {{part.a, nullptr, 0, part.is_a_f32, args.is_a_aligned}, {part.b, nullptr, 0, part.is_b_f32, args.is_b_aligned}, part.rank, part.scale};
}

// Where element `at` of a matrix lies; -1 on a page that is not there. Pages are no smaller than a vector where there are any.
template <bool kPaged>
__device__ inline std::int64_t place_of(const Arguments& args, const Values& from, std::int64_t at) {
  if (!kPaged) return at;
  const LoraPages& paged = args.work.paged;
  const std::uint32_t own = static_cast<std::uint32_t>(from.begin + at), elements = static_cast<std::uint32_t>(paged.elements);
  const std::uint32_t entry = paged.shift >= 0 ? own >> paged.shift : own / elements;
  const std::int32_t page = __ldg(from.pages + entry);
  if (page >= 0 && page < paged.page_count) return page * paged.elements + (own - entry * elements);
  report(args.fault, static_cast<int>(Op::kLoraPagedForward), kLoraPagedForwardPages, from.pages + entry - paged.pages, page, paged.page_count);
  return -1;
}

// Elements `at` to `at` + 7 of a matrix, rounded to bf16 where they are f32 (as autocast does); zeros from `end` on, and where
// there is no page.
template <bool kPaged>
__device__ inline void load_eight(float (&out)[8], const Arguments& args, const Values& from, std::int64_t at, std::int64_t end) {
  if (from.is_aligned && at + 8 <= end) {
    const std::int64_t place = place_of<kPaged>(args, from, at);
    if (kPaged && place < 0) {
#pragma unroll
      for (int i = 0; i < 8; ++i) out[i] = 0.0f;
    } else if (from.is_f32) {
      const float* values = static_cast<const float*>(from.data) + place;
      const auto low = load_vector(values), high = load_vector(values + 4);
#pragma unroll
      for (int i = 0; i < 8; ++i) out[i] = to_f32(to_bf16(i < 4 ? low.values[i % 4] : high.values[i % 4]));
    } else {
      const auto values = load_vector(static_cast<const Bf16*>(from.data) + place);
#pragma unroll
      for (int i = 0; i < 8; ++i) out[i] = to_f32(values.values[i]);
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    out[i] = 0.0f;
    if (at + i >= end) continue;
    const std::int64_t place = place_of<kPaged>(args, from, at + i);
    if (kPaged && place < 0) continue;
    out[i] = from.is_f32 ? to_f32(to_bf16(static_cast<const float*>(from.data)[place])) : to_f32(static_cast<const Bf16*>(from.data)[place]);
  }
}

// xa of up to kRows rows and kRanks ranks: each of the 8 warps adds up every eighth stretch of 256 k.
template <int kRows, int kRanks, bool kPaged>
__global__ void __launch_bounds__(kThreads) shrink_kernel(const Arguments args) {
  __shared__ float lines[kWarps][kRows * kRanks];
  const LoraRows& work = args.work;
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp, rank_begin = blockIdx.y * kRanks;
  const std::int64_t block_begin = static_cast<std::int64_t>(blockIdx.x) * kRows;
  const std::int64_t block_end = block_begin + kRows < work.rows ? block_begin + kRows : work.rows;
  for (std::int64_t row = block_begin; row < block_end;) {
    const int adapter = adapter_of<kPaged>(args, row), run = run_of<kPaged>(args, row, static_cast<int>(block_end - row));
    const std::int64_t first = row;
    row += run;
    if (kPaged && blockIdx.y == 0 && threadIdx.x == 0 && work.paged.slots[first] >= work.paged.slot_count) {
      report(args.fault, static_cast<int>(Op::kLoraPagedForward), kLoraPagedForwardSlots, first, work.paged.slots[first], work.paged.slot_count);
    }
    if (adapter < 0) continue;
    const Update update = update_of<kPaged>(args, adapter);
    if (rank_begin >= update.rank) continue;
    const Values x_values = {work.x, nullptr, 0, false, args.is_x_aligned};

    float sums[kRows][kRanks] = {};
    for (std::int64_t k = warp * 256 + lane * 8; k < work.depth; k += kWarps * 256) {
      float a[kRanks][8];
#pragma unroll
      for (int r = 0; r < kRanks; ++r) {
        const std::int64_t line = (rank_begin + r < update.rank ? rank_begin + r : update.rank - 1) * work.depth;
        load_eight<kPaged>(a[r], args, update.a, line + k, line + work.depth);
      }
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const std::int64_t line = (first + (i < run ? i : 0)) * work.depth;
        float x[8];
        load_eight<false>(x, args, x_values, line + k, line + work.depth);
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
    if (i < run && rank < update.rank) {
      float sum = 0.0f;
      for (int other = 0; other < kWarps; ++other) sum += lines[other][threadIdx.x];
      work.xa[(first + i) * work.rank_max + rank] = to_bf16(sum);
    }
  }
}

// y of up to kRows rows and kThreads columns: a thread reads one row of B and adds up along the rank.
template <int kRows, bool kPaged>
__global__ void __launch_bounds__(kThreads) expand_kernel(const Arguments args) {
  const LoraRows& work = args.work;
  float* xa = dynamic_shared<float>();  // [kRows][rank_max rounded up to 8]
  const int width = (work.rank_max + 7) / 8 * 8;
  const std::int64_t n = static_cast<std::int64_t>(blockIdx.y) * kThreads + threadIdx.x;
  const std::int64_t block_begin = static_cast<std::int64_t>(blockIdx.x) * kRows;
  const std::int64_t block_end = block_begin + kRows < work.rows ? block_begin + kRows : work.rows;
  for (std::int64_t row = block_begin; row < block_end;) {
    const int adapter = adapter_of<kPaged>(args, row), run = run_of<kPaged>(args, row, static_cast<int>(block_end - row));
    const std::int64_t first = row;
    row += run;
    if (adapter < 0) continue;
    const Update update = update_of<kPaged>(args, adapter);
    if (update.rank == 0) continue;
    __syncthreads();
    for (int i = threadIdx.x; i < kRows * width; i += kThreads) {
      const int line = i / width, r = i % width;
      xa[i] = line < run && r < update.rank ? to_f32(work.xa[(first + line) * work.rank_max + r]) : 0.0f;
    }
    __syncthreads();
    if (n >= work.columns) continue;
    const std::int64_t line = n * (kPaged ? row_stride(update.rank) : update.rank);
    float sums[kRows] = {};
    for (int r = 0; r < update.rank; r += 8) {
      float b[8];
      load_eight<kPaged>(b, args, update.b, line + r, kPaged ? line + r + 8 : line + update.rank);
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
      *y = to_bf16(fmaf(update.scale, sums[i], to_f32(*y)));
    }
  }
}

bool is_aligned(const void* data) { return reinterpret_cast<std::uintptr_t>(data) % 16 == 0; }

template <int kRows, int kRanks, bool kPaged>
Status run(Stream& stream, const Arguments& args) {
  const LoraRows& work = args.work;
  // Rows run along x, of which a grid has 2^31 and not 65535.
  const unsigned lines = blocks_for(work.rows, kRows);
  HONE_TRY(launch(stream, "lora_shrink", shrink_kernel<kRows, kRanks, kPaged>, dim3(lines, blocks_for(work.rank_max, kRanks)), kThreads, 0, args));
  const std::size_t shared = static_cast<std::size_t>(kRows) * ((work.rank_max + 7) / 8 * 8) * sizeof(float);
  return launch(stream, "lora_expand", expand_kernel<kRows, kPaged>, dim3(lines, blocks_for(work.columns, kThreads)), kThreads, shared, args);
}

template <bool kPaged>
Status run_rows(Stream& stream, const Arguments& args) {
  const bool are_apart = args.work.rows <= kFewRows || args.work.rank_max > kTogetherRankMax;
  return are_apart ? run<1, 2, kPaged>(stream, args) : run<8, 8, kPaged>(stream, args);
}

}  // namespace

Status lora_rows(Stream& stream, const LoraRows& work) {
  const bool is_x_aligned = is_aligned(work.x) && work.depth % 8 == 0;
  Arguments args = {work, is_x_aligned, is_x_aligned, true, stream.fault};
  if (work.paged.slots != nullptr) {
    // A page begins on 16 bytes, and no vector crosses its end, where its elements are whole vectors.
    const bool are_vectors = work.paged.elements % 8 == 0;
    args.is_a_aligned = args.is_a_aligned && are_vectors && is_aligned(work.paged.a);
    args.is_b_aligned = are_vectors && is_aligned(work.paged.b);
    return run_rows<true>(stream, args);
  }
  for (int i = 0; i < work.parts.count; ++i) {
    const LoraParts::Part& part = work.parts.part[i];
    args.is_a_aligned = args.is_a_aligned && is_aligned(part.a);
    args.is_b_aligned = args.is_b_aligned && is_aligned(part.b) && part.rank % 8 == 0;
  }
  return run_rows<false>(stream, args);
}

}  // namespace hone::cuda
