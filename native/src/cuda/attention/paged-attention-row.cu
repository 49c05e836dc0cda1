// Decode over bf16 pages. Bound by memory: each byte of the cache is read once for all the query heads of its key head, which lie
// side by side in one tile of 16 rows of the tensor unit. The warps of a block take turns at slices of 16 keys, each with its own
// places in shared memory, so that nothing waits for another warp until a unit is done.
#include "cuda/block-scan.h"
#include "cuda/attention/paged-attention-units.h"

namespace hone::cuda::attention {
namespace {

inline constexpr int kSlice = 16;

template <int kDepth>
struct RowShape {
  // 4 warps times two slices of keys and values are on their way at a time; of wide heads one, which is as many bytes.
  static constexpr int kStages = kDepth <= 128 ? 2 : 1;
  static constexpr int kSliceValues = kSlice * kStride<kDepth>;
  static constexpr int kWarpValues = kStages * 2 * kSliceValues;
  static constexpr int kQueryBytes = kTileBytes<16, kDepth>;
  static constexpr int kSharedBytes = kQueryBytes + kWarps * kWarpValues * 2 + 16 * kDepth * 4;
  static constexpr int kShare = 16 * kDepth / kThreads;  // Sums of a unit per thread, once the warps are added up.
  static_assert(16 * kStride<kDepth> * 4 <= kWarpValues * 2, "the sums of the warps take the place of the slices");
};

// The query heads of one token that a block serves.
struct TokenLines {
  std::int64_t first;
  int heads;

  __device__ std::int64_t line(int row) const { return row < heads ? first + row : -1; }
};

// One slice, by the 32 lanes of a warp: where a key lies is looked up once for both caches.
template <int kDepth>
__device__ inline void load_slice(Bf16* shared, const PageRows& keys, const Bf16* v_cache, int first, int width, bool is_vector) {
  constexpr int kLines = kDepth / 8;
  const int lane = threadIdx.x % 32;
  const std::int64_t mine = keys.offset(first + lane % kSlice);
#pragma unroll 1
  for (int i = lane; i < kSlice * kLines; i += 32) {
    const int row = i / kLines, column = i % kLines * 8;
    const std::int64_t from = __shfl_sync(kAllLanes, static_cast<long long>(mine), row);
    Bf16* const to = shared + row * kStride<kDepth>;
    load_line(to, from < 0 ? nullptr : keys.values + from, column, width, is_vector);
    load_line(to + RowShape<kDepth>::kSliceValues, from < 0 ? nullptr : v_cache + from, column, width, is_vector);
  }
}

// What the slices of one warp in [begin, end), every fourth of the unit, give to its rows.
template <int kDepth>
__device__ inline void attend_slices(const Bf16* q_tile, Bf16* places, const PageRows& keys, const Bf16* v_cache, int unit_start, int first,
                                     int last, const Paged& args, Sums<1, kDepth>& o, OnlineSoftmax<1>& softmax) {
  using Shape = RowShape<kDepth>;
  const int warp = threadIdx.x / 32, width = args.width;
  const int position[1][2] = {{keys.last, keys.last}};
  clear<1, kDepth>(o);
  softmax.clear();
  // Slices keep their warp, whether or not those before them are hidden.
  int base = unit_start + warp * kSlice;
  if (base + kSlice <= first) base += (first - base - kSlice) / (kWarps * kSlice) * (kWarps * kSlice);
  while (base + kSlice <= first) base += kWarps * kSlice;
  int place = 0;
  if (base <= last) load_slice<kDepth>(places, keys, v_cache, base, width, args.is_vector);
  commit_copies();
  for (; base <= last; base += kWarps * kSlice) {
    const int next = base + kWarps * kSlice;
    if (Shape::kStages == 2) {
      if (next <= last) load_slice<kDepth>(places + (1 - place) * 2 * Shape::kSliceValues, keys, v_cache, next, width, args.is_vector);
      commit_copies();
      wait_copies<1>();
    } else {
      wait_copies<0>();
    }
    __syncwarp();
    const Bf16* const k_slice = places + place * 2 * Shape::kSliceValues;
    Sums<1, kSlice> s;
    multiply_rows<1, kSlice, kDepth>(s, q_tile, k_slice);
    cap_scores<1, kSlice>(s, args.rule);
    if (base < first || base + kSlice - 1 > last) hide<1, kSlice>(s, position, base, args.reach);
    float shrink[1][2];
    softmax.template take<kSlice>(s, args.rule.factor, shrink);
    scale_rows<1, kDepth>(o, shrink);
    Left<1, kSlice> weights;
    round_sums<1, kSlice>(weights, s);
    multiply_add<1, kSlice, kDepth>(o, weights, k_slice + Shape::kSliceValues);
    __syncwarp();
    if (Shape::kStages == 1) {
      if (next <= last) load_slice<kDepth>(places, keys, v_cache, next, width, args.is_vector);
      commit_copies();
    } else {
      place = 1 - place;
    }
  }
  wait_copies<0>();
  softmax.gather();
}

// What is known of the 16 rows of a tile, in shared memory.
struct TileRows {
  Gathered warps[kWarps][16];   // Of the unit.
  float warp_factors[kWarps][16];  // By which the sums of each warp count.
  Gathered units[16], sum[16];  // Of the whole unit, and of all units so far.
  float2 unit_factors[16];
  // What belongs to the block's row: here, because registers are scarce.
  int line, row, earliest, last;
};

// The sums of a warp to shared memory, and what its rows have seen.
template <int kDepth>
__device__ inline void put_sums(float* values, Gathered* rows, const Sums<1, kDepth>& o, const OnlineSoftmax<1>& softmax, float factor) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = half * 8 + lane / 4;
#pragma unroll
    for (int n = 0; n < kDepth / 8; ++n) {
      float* const to = values + row * kStride<kDepth> + n * 8 + lane % 4 * 2;
      *reinterpret_cast<float2*>(to) = make_float2(o[0][n][2 * half], o[0][n][2 * half + 1]);
    }
    const float most = softmax.most[0][half];
    if (lane % 4 == 0) rows[row] = {most == -INFINITY ? -INFINITY : most * factor, softmax.total[0][half]};
  }
}

// Adds up the warps of one row, then the unit to those before it.
__device__ inline void add_warps(TileRows& rows, int row) {
  Gathered unit;
  for (int w = 0; w < kWarps; ++w) unit.most = fmaxf(unit.most, rows.warps[w][row].most);
  for (int w = 0; w < kWarps; ++w) {
    const float factor = exp2_fast(rows.warps[w][row].most - unit.most);
    unit.total = fmaf(rows.warps[w][row].total, factor, unit.total);
    rows.warp_factors[w][row] = factor;
  }
  Gathered sum = rows.sum[row];
  rows.unit_factors[row] = add_unit(sum, unit);
  rows.units[row] = unit;
  rows.sum[row] = sum;
}

// One block: the rows that are in no long run, in order, behind their number. It looks at all rows and tells what is wrong with them.
__global__ void __launch_bounds__(kScanThreads) list_rows_kernel(Paged args, int* listed) {
  __shared__ int lines[kWarp];
  int held = 0;
  for (int first = 0; first < args.rows; first += kScanThreads) {
    const int row = first + static_cast<int>(threadIdx.x);
    if (row < args.rows) args.last_key(row, true);
    const int is_listed = row < args.rows && !args.is_in_long_run(row) ? 1 : 0;
    const int up_to = block_inclusive(is_listed, lines);
    if (is_listed != 0) listed[held + up_to] = row;
    held += block_total(is_listed, lines);
  }
  if (threadIdx.x == 0) listed[0] = held;
}

// The work of a block on one row, of which it takes every gridDim.z-th unit.
template <int kDepth>
__device__ inline void attend_row(const Paged& args, TileRows& tile) {
  using Shape = RowShape<kDepth>;
  constexpr int kWarpSums = 16 * kStride<kDepth>;
  const int row = args.row_of(tile.line), group = args.heads / args.kv_heads, parts = (group + 15) / 16;
  const int kv_head = static_cast<int>(blockIdx.y) / parts, part = static_cast<int>(blockIdx.y) % parts;
  const int heads = min(16, group - part * 16), width = args.width;
  const int last = args.last_key(row, args.listed == nullptr && threadIdx.x == 0 && blockIdx.y == 0 && blockIdx.z == 0);
  if (last < 0) return;
  const int earliest = max(0, last - args.reach + 1);
  if (tile.line >= args.split_lines && blockIdx.z > 0) return;
  int unit = unit_of(earliest);
  if (tile.line < args.split_lines) {
    const int splits = static_cast<int>(gridDim.z);
    unit += (static_cast<int>(blockIdx.z) + splits - unit % splits) % splits;
  }
  if (unit > unit_of(last)) return;

  Bf16* const q_tile = dynamic_shared<Bf16>();
  Bf16* const places = q_tile + 16 * kStride<kDepth>;
  float* const values = reinterpret_cast<float*>(places);
  const TokenLines lines = {static_cast<std::int64_t>(row) * args.heads + kv_head * group + part * 16, heads};
  const QueryRows<TokenLines> queries = {lines, args.q, args.o, width};
  if (threadIdx.x < 16) tile.sum[threadIdx.x] = Gathered{};
  if (threadIdx.x == 0) {
    tile.row = row;
    tile.earliest = earliest;
    tile.last = last;
  }
  load_rows<16, kDepth, kThreads>(q_tile, queries, 0, width, args.is_vector);
  commit_copies();
  wait_copies<0>();
  __syncthreads();

  const PageRows keys = {args, static_cast<const Bf16*>(args.k_cache), args.row_sequence[row], kv_head, last};
  const int warp = threadIdx.x / 32;
  // What the units so far gave: each thread reads and writes its own.
  float* const out = values + kWarps * Shape::kWarpValues / 2 + threadIdx.x;
  for (int i = 0; i < Shape::kShare; ++i) out[i * kThreads] = 0.0f;
  for (; unit <= unit_of(tile.last); unit += tile.line < args.split_lines ? static_cast<int>(gridDim.z) : 1) {
    Sums<1, kDepth> o;
    OnlineSoftmax<1> softmax;
    attend_slices<kDepth>(q_tile, places + warp * Shape::kWarpValues, keys, static_cast<const Bf16*>(args.v_cache), unit_begin(unit),
                          max(tile.earliest, unit_begin(unit)), min(tile.last, unit_begin(unit + 1) - 1), args, o, softmax);
    __syncthreads();
    put_sums<kDepth>(values + warp * kWarpSums, tile.warps[warp], o, softmax, args.rule.factor);
    __syncthreads();
    if (threadIdx.x < 16) add_warps(tile, static_cast<int>(threadIdx.x));
    __syncthreads();
    const bool is_split = tile.line < args.split_lines;
    const std::int64_t place = static_cast<std::int64_t>(tile.line * args.heads + kv_head * group + part * 16) * args.units + unit;
    if (is_split && static_cast<int>(threadIdx.x) < heads) {
      const Gathered own = tile.units[threadIdx.x];
      args.partial_sums[place + threadIdx.x * args.units] = make_float2(own.most, own.total);
    }
#pragma unroll
    for (int i = 0; i < Shape::kShare; ++i) {
      const int at = static_cast<int>(threadIdx.x) + i * kThreads, head = at / kDepth, column = at % kDepth;
      if (head >= heads || column >= width) continue;
      float value = 0.0f;
#pragma unroll
      for (int w = 0; w < kWarps; ++w) {
        value = fmaf(values[w * kWarpSums + head * kStride<kDepth> + column], tile.warp_factors[w][head], value);
      }
      if (is_split) {
        args.partial_values[(place + static_cast<std::int64_t>(head) * args.units) * width + column] = value;
      } else {
        out[i * kThreads] = add_value(out[i * kThreads], value, tile.unit_factors[head]);
      }
    }
    __syncthreads();
  }
  if (tile.line < args.split_lines) return;
#pragma unroll
  for (int i = 0; i < Shape::kShare; ++i) {
    const int at = static_cast<int>(threadIdx.x) + i * kThreads, head = at / kDepth, column = at % kDepth;
    if (head < heads && column < width) args.o[(static_cast<std::int64_t>(tile.row) * args.heads + kv_head * group + part * 16 + head) * width + column] = to_bf16(out[i * kThreads] / tile.sum[head].total);
  }
}

// grid: (lines, key heads times parts of a group of more than 16, splits). A block goes on with the line that lies gridDim.x further.
template <int kDepth>
__global__ void __launch_bounds__(kThreads, 2) paged_row_kernel(Paged args) {
  __shared__ TileRows tile;
  if (threadIdx.x == 0) tile.line = static_cast<int>(blockIdx.x);
  __syncthreads();
  while (tile.line < args.line_count()) {
    attend_row<kDepth>(args, tile);
    __syncthreads();
    if (threadIdx.x == 0) tile.line += static_cast<int>(gridDim.x);
    __syncthreads();
  }
}

// grid: (split lines, heads). Adds up the units of a row that was split, as the kernel above does for one that was not.
__global__ void __launch_bounds__(kThreads) paged_units_kernel(Paged args) {
  const int own = static_cast<int>(blockIdx.x);
  if (own >= args.line_count()) return;
  const int row = args.row_of(own), last = args.last_key(row, false);
  if (last < 0) return;
  const std::int64_t line = static_cast<std::int64_t>(own) * args.heads + blockIdx.y;
  const std::int64_t head = static_cast<std::int64_t>(row) * args.heads + blockIdx.y;
  const int end_unit = unit_of(last);
  for (int column = static_cast<int>(threadIdx.x); column < args.width; column += kThreads) {
    Gathered sum;
    float out = 0.0f;
    for (int unit = unit_of(max(0, last - args.reach + 1)); unit <= end_unit; ++unit) {
      const std::int64_t place = line * args.units + unit;
      const float2 own = args.partial_sums[place];
      const float2 factors = add_unit(sum, Gathered{own.x, own.y});
      out = add_value(out, args.partial_values[place * args.width + column], factors);
    }
    args.o[head * args.width + column] = to_bf16(out / sum.total);
  }
}

struct LaunchRows {
  Stream& stream;
  const Paged& args;
  int lines, splits;

  template <int kDepth>
  Status run() const {
    const int parts = (args.heads / args.kv_heads + 15) / 16;
    const dim3 grid(static_cast<unsigned>(lines), static_cast<unsigned>(args.kv_heads * parts), static_cast<unsigned>(splits));
    return launch(stream, "paged_attention_row", paged_row_kernel<kDepth>, grid, kThreads, RowShape<kDepth>::kSharedBytes, args);
  }
};

// Rows are split until there are about this many blocks a multiprocessor: three run at a time.
inline constexpr int kBlocksWanted = 8;

}  // namespace

Status paged_rows(Stream& stream, const Paged& given) {
  Paged args = given;
  std::int64_t used = 0;
  const auto take = [&](std::int64_t bytes, void*& out) {
    const std::int64_t begin = used;
    used += (bytes + 255) / 256 * 256;
    return stream.workspace->take(begin, bytes, out);
  };
  // Beside chunks few rows are left, about one for each sequence that decodes: as many lines are split and given blocks of their own.
  // Those beyond (short runs, and rows that pad a captured step) are done by the same blocks afterwards, whole.
  const int lines = args.has_chunks ? std::min(args.rows, args.sequences) : args.rows;
  if (args.has_chunks) {
    void* listed = nullptr;
    HONE_TRY(take((std::int64_t{1} + args.rows) * static_cast<std::int64_t>(sizeof(int)), listed));
    HONE_TRY(launch(stream, "paged_attention_list", list_rows_kernel, dim3(1), kScanThreads, 0, args, static_cast<int*>(listed)));
    args.listed = static_cast<const int*>(listed);
  }
  const std::int64_t blocks = static_cast<std::int64_t>(lines) * args.kv_heads, heads = static_cast<std::int64_t>(lines) * args.heads;
  args.units = unit_of(args.blocks * args.page - 1) + 1;
  const int splits = static_cast<int>(std::clamp<std::int64_t>(kBlocksWanted * stream.multiprocessors / blocks, 1, args.units));
  if (splits > 1) {
    void *sums = nullptr, *values = nullptr;
    HONE_TRY(take(heads * args.units * static_cast<std::int64_t>(sizeof(float2)), sums));
    HONE_TRY(take(heads * args.units * args.width * static_cast<std::int64_t>(sizeof(float)), values));
    args.partial_sums = static_cast<float2*>(sums);
    args.partial_values = static_cast<float*>(values);
    args.split_lines = lines;
  }
  HONE_TRY(over_depths(args.width, LaunchRows{stream, args, lines, splits}));
  if (splits == 1) return {};
  const dim3 grid(static_cast<unsigned>(lines), static_cast<unsigned>(args.heads));
  return launch(stream, "paged_attention_units", paged_units_kernel, grid, kThreads, 0, args);
}

}  // namespace hone::cuda::attention
