#pragma once
#include "cuda/column-sums.h"
#include "cuda/device/shared-memory.h"
#include "cuda/norm/norm.h"

namespace hone::cuda {

// What a block sums up of its rows: [parts, width] each, for add_column_parts. Null: nobody wants them.
struct NormParts {
  float *dweight = nullptr, *dbias = nullptr;
};

// What a thread sums up of its columns over the rows: one run in registers, more in shared memory, where no other thread looks.
template <int kLanes, int kRuns>
struct ColumnSums {
  float kept[kRuns == 1 ? 8 : 1];

  __device__ ColumnSums() : kept{} {
    if constexpr (kRuns > 1) {
#pragma unroll
      for (int i = 0; i < kRuns * 8; ++i) at(i / 8, i % 8) = 0.0f;
    }
  }

  __device__ float& at(int r, int i) {
    if constexpr (kRuns == 1) {
      return kept[i];
    } else {
      return dynamic_shared<float>()[(r * 8 + i) * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x)];
    }
  }

  // The block's row of `parts`, teams in their order. All threads of the block call it.
  __device__ void write(float* parts, int width) {
    using T = Team<kLanes>;
    float* out = parts + static_cast<std::int64_t>(blockIdx.x) * width;
    if constexpr (kLanes == 0) {
#pragma unroll
      for (int r = 0; r < kRuns; ++r) {
        const int column = (r * T::size() + T::lane()) * 8;
        if (column >= width) continue;
        Values<float, 8> run;
#pragma unroll
        for (int i = 0; i < 8; ++i) run.at[i] = at(r, i);
        store_values(out + column, run);
      }
    } else {
      __shared__ float of_teams[kLaneThreads / kLanes][kLanes * 8];
      __syncthreads();
#pragma unroll
      for (int i = 0; i < 8; ++i) of_teams[T::row()][T::lane() * 8 + i] = kept[i];
      __syncthreads();
      for (int column = threadIdx.x; column < width; column += kLaneThreads) {
        float sum = 0;
        for (int team = 0; team < kLaneThreads / kLanes; ++team) sum += of_teams[team][column];
        out[column] = sum;
      }
    }
  }
};

// A row of the gradient and of the input, in registers, with what the forward op kept of it.
template <int kRuns>
struct NormRow {
  RowRuns<kRuns> dy, x;
  float mean, rstd;

  template <int kLanes, bool kCentred>
  __device__ void read(const NormBackward& a, std::int64_t row) {
    dy = read_row<kLanes, kRuns>(a.dy, row, a.rows, a.width);
    x = read_row<kLanes, kRuns>(a.x, row, a.rows, a.width);
    rstd = row < a.rows ? a.rstd[row] : 0.0f;
    mean = kCentred && row < a.rows ? a.mean[row] : 0.0f;
  }

  __device__ float normalised(int r, int i) const { return (to_f32(x.at[r].at[i]) - mean) * rstd; }
};

// Moves 6 bytes an element, 8 where it accumulates. The next row of a team is on its way while it sums up this one, as long as
// there are registers for both. dx may be dy.
template <int kLanes, int kRuns, bool kCentred, bool kWeighs>
__global__ void __launch_bounds__(norm_threads_max(kLanes, kRuns)) norm_backward_kernel(const NormBackward a, const NormParts parts) {
  using T = Team<kLanes>;
  constexpr bool kAhead = kRuns == 1, kEarly = kAhead && !(kCentred && kWeighs);
  __shared__ float lines[kWarp];
  const int width = a.width;
  const float share = 1.0f / static_cast<float>(width);
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * T::rows_a_block();
  std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * T::rows_a_block();
  const Parameter<kLanes, kRuns> weight(a.weight, width);
  ColumnSums<kLanes, kWeighs ? kRuns : 1> dweight;
  ColumnSums<kLanes, 1> dbias;
  NormRow<kRuns> now = {};
  if constexpr (kAhead) now.template read<kLanes, kCentred>(a, first + T::row());
  for (; first < a.rows; first += stride) {
    const std::int64_t row = first + T::row();
    if constexpr (!kAhead) now.template read<kLanes, kCentred>(a, row);
    float total = 0, dot = 0;
#pragma unroll
    for (int r = 0; r < kRuns; ++r) {
      const int column = (r * T::size() + T::lane()) * 8;
      if (column >= width) continue;
      const Values<float, 8> w = weight.run(r, column);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const float up = to_f32(now.dy.at[r].at[i]), h = now.normalised(r, i), g = up * (w.at[i] + a.offset);
        dot = fmaf(g, h, dot);
        if constexpr (kCentred) total += g;
        if constexpr (kWeighs) dweight.at(r, i) = fmaf(up, h, dweight.at(r, i));
        if constexpr (kWeighs && kCentred) dbias.at(r, i) += up;
      }
    }
    RowRuns<kRuns> before = {};
    if (kEarly && a.accumulate) before = read_row<kLanes, kRuns>(a.dx, row, a.rows, width);
    NormRow<kRuns> ahead = {};
    if constexpr (kAhead) ahead.template read<kLanes, kCentred>(a, row + stride);
    dot = T::sum(dot, lines) * share;
    if constexpr (kCentred) total = T::sum(total, lines) * share;
#pragma unroll
    for (int r = 0; r < kRuns; ++r) {
      const int column = (r * T::size() + T::lane()) * 8;
      if (row >= a.rows || column >= width) continue;
      if (!kEarly && a.accumulate) before.at[r] = load_values<8>(a.dx + row * width + column);
      const Values<float, 8> w = weight.run(r, column);
      float out[8];
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const float h = now.normalised(r, i), g = to_f32(now.dy.at[r].at[i]) * (w.at[i] + a.offset);
        out[i] = fmaf(now.rstd, g - total - h * dot, to_f32(before.at[r].at[i]));
      }
      store_values(a.dx + row * width + column, round_values<Bf16>(out));
    }
    if constexpr (kAhead) now = ahead;
  }
  if constexpr (kWeighs) dweight.write(parts.dweight, width);
  if constexpr (kWeighs && kCentred) dbias.write(parts.dbias, width);
}

// Rows that do not fit in registers, or lie at odd addresses (kWidth = 1): two passes, the second from a cache.
template <int kWidth, bool kCentred>
__global__ void __launch_bounds__(kLongThreads) norm_backward_long_kernel(const NormBackward a) {
  __shared__ float lines[kWarp];
  const int width = a.width;
  const float share = 1.0f / static_cast<float>(width);
  for (std::int64_t row = blockIdx.x; row < a.rows; row += gridDim.x) {
    const float rstd = a.rstd[row], mean = kCentred ? a.mean[row] : 0.0f;
    float total = 0, dot = 0;
    for (int column = threadIdx.x * kWidth; column < width; column += kLongThreads * kWidth) {
      const Values<Bf16, kWidth> up = load_values<kWidth>(a.dy + row * width + column);
      const Values<Bf16, kWidth> x = load_values<kWidth>(a.x + row * width + column);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float g = to_f32(up.at[i]) * (a.weight[column + i] + a.offset);
        dot = fmaf(g, (to_f32(x.at[i]) - mean) * rstd, dot);
        total += g;
      }
    }
    dot = block_sum(dot, lines) * share;
    total = kCentred ? block_sum(total, lines) * share : 0.0f;
    for (int column = threadIdx.x * kWidth; column < width; column += kLongThreads * kWidth) {
      const Values<Bf16, kWidth> up = load_values<kWidth>(a.dy + row * width + column);
      const Values<Bf16, kWidth> x = load_values<kWidth>(a.x + row * width + column);
      Values<Bf16, kWidth> before = {};
      if (a.accumulate) before = load_values<kWidth>(a.dx + row * width + column);
      float out[kWidth];
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float g = to_f32(up.at[i]) * (a.weight[column + i] + a.offset);
        out[i] = fmaf(rstd, g - total - (to_f32(x.at[i]) - mean) * rstd * dot, to_f32(before.at[i]));
      }
      store_values(a.dx + row * width + column, round_values<Bf16>(out));
    }
  }
}

// The gradients of the parameters for such rows: a thread walks down its column through the rows of its part.
template <bool kCentred>
__global__ void __launch_bounds__(256) norm_columns_kernel(const NormBackward a, const NormParts parts) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * 256 + threadIdx.x;
  if (column >= a.width) return;
  const std::int64_t each = (a.rows + gridDim.y - 1) / gridDim.y, begin = blockIdx.y * each;
  const std::int64_t end = begin + each < a.rows ? begin + each : a.rows;
  float dweight = 0, dbias = 0;
#pragma unroll 4
  for (std::int64_t row = begin; row < end; ++row) {
    const float up = to_f32(a.dy[row * a.width + column]), mean = kCentred ? a.mean[row] : 0.0f;
    dweight = fmaf(up, (to_f32(a.x[row * a.width + column]) - mean) * a.rstd[row], dweight);
    dbias += up;
  }
  const std::int64_t at = blockIdx.y * static_cast<std::int64_t>(a.width) + column;
  parts.dweight[at] = dweight;
  if constexpr (kCentred) parts.dbias[at] = dbias;
}

// How a call is cut, from its shapes alone.
struct NormBackwardCut {
  NormShape shape;
  bool is_aligned;
  int threads;
  std::int64_t blocks;
};

inline NormBackwardCut cut_norm_backward(const NormBackward& a, bool is_centred) {
  NormBackwardCut cut = {};
  cut.is_aligned = are_aligned(a.dy, a.x, a.dx, a.weight) && a.width % 8 == 0;
  cut.shape = norm_shape(a.width, cut.is_aligned, is_centred);
  const int lanes = cut.shape == NormShape::lanes16 ? 16 : 32;
  const bool by_lanes = cut.shape == NormShape::lanes16 || cut.shape == NormShape::lanes32;
  cut.threads = by_lanes ? kLaneThreads : row_threads(a.width, cut.shape == NormShape::block4 ? 4 : 1);
  if (cut.shape == NormShape::longer) cut.threads = kLongThreads;
  cut.blocks = by_lanes ? blocks_for(a.rows, kLaneThreads / lanes) : a.rows;
  // Twice what a large card runs at a time, and few enough that the parts are a small share of what is moved.
  const std::int64_t most = 131072 / cut.threads;
  if (cut.blocks > most) cut.blocks = most;
  return cut;
}

template <bool kCentred>
Status norm_backward_long(Stream& stream, const char* name, const NormBackward& a, const NormBackwardCut& cut, const NormParts& parts) {
  const auto blocks = static_cast<unsigned>(cut.blocks);
  // First, because dx may be dy.
  if (parts.dweight != nullptr) {
    HONE_TRY(launch(stream, name, norm_columns_kernel<kCentred>, dim3(blocks_for(a.width, 256), blocks), 256, 0, a, parts));
  }
  if (cut.is_aligned) return launch(stream, name, norm_backward_long_kernel<8, kCentred>, blocks, kLongThreads, 0, a);
  return launch(stream, name, norm_backward_long_kernel<1, kCentred>, blocks, kLongThreads, 0, a);
}

template <bool kCentred, bool kWeighs>
Status norm_backward_rows(Stream& stream, const char* name, const NormBackward& a, const NormBackwardCut& cut, const NormParts& parts) {
  const auto queue = [&](auto kernel, std::size_t shared_bytes) {
    return launch(stream, name, kernel, static_cast<unsigned>(cut.blocks), static_cast<unsigned>(cut.threads), shared_bytes, a, parts);
  };
  switch (cut.shape) {
    case NormShape::lanes16:
      return queue(norm_backward_kernel<16, 1, kCentred, kWeighs>, 0);
    case NormShape::lanes32:
      return queue(norm_backward_kernel<32, 1, kCentred, kWeighs>, 0);
    case NormShape::block:
      return queue(norm_backward_kernel<0, 1, kCentred, kWeighs>, 0);
    case NormShape::block4:
      return queue(norm_backward_kernel<0, 4, false, kWeighs>, kWeighs ? cut.threads * 32 * sizeof(float) : 0);
    default:
      return norm_backward_long<kCentred>(stream, name, a, cut, parts);
  }
}

// dweight and dbias may be null.
template <bool kCentred>
Status norm_backward(Stream& stream, const char* name, const NormBackward& a, float* dweight, float* dbias) {
  const NormBackwardCut cut = cut_norm_backward(a, kCentred);
  if (dweight == nullptr && dbias == nullptr) return norm_backward_rows<kCentred, false>(stream, name, a, cut, {});
  NormParts parts;
  const std::int64_t bytes = cut.blocks * a.width * static_cast<std::int64_t>(sizeof(float));
  void* memory = nullptr;
  HONE_TRY(stream.workspace->take(0, kCentred ? 2 * bytes : bytes, memory));
  parts.dweight = static_cast<float*>(memory);
  parts.dbias = parts.dweight + cut.blocks * a.width;
  HONE_TRY((norm_backward_rows<kCentred, true>(stream, name, a, cut, parts)));
  if (dweight != nullptr) HONE_TRY(add_column_parts(stream, name, parts.dweight, cut.blocks, a.width, dweight));
  if (dbias != nullptr) HONE_TRY(add_column_parts(stream, name, parts.dbias, cut.blocks, a.width, dbias));
  return {};
}

}  // namespace hone::cuda
