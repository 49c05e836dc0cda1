// Bound by memory: a bias is written once per row before the product adds to it, its gradient reads dy once.
#include "cuda/linear/linear-bias.h"

#include <algorithm>

#include "cuda/device/bf16.h"
#include "cuda/launch.h"
#include "cuda/weights/weight-rows.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kColumns = 64;                     // Of one block of column_sums_kernel.
constexpr int kLines = kThreads / kColumns;      // Rows that it reads at once.
constexpr std::int64_t kRowsOfPart = 512;        // Rows that one block adds up.

template <class Out>
__global__ void __launch_bounds__(kThreads) fill_rows_kernel(const float* bias, Out* y, std::int64_t columns) {
  const std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (n >= columns) return;
  y[static_cast<std::int64_t>(blockIdx.y) * columns + n] = from_f32<Out>(bias[n]);
}

// parts[y][n]: the sum of column n over the rows of part y.
__global__ void __launch_bounds__(kThreads)
    column_parts_kernel(const Bf16* dy, std::int64_t rows, std::int64_t columns, float* parts) {
  __shared__ float lines[kLines][kColumns];
  const int column = threadIdx.x % kColumns, line = threadIdx.x / kColumns;
  const std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * kColumns + column;
  const std::int64_t begin = blockIdx.y * kRowsOfPart;
  const std::int64_t end = begin + kRowsOfPart < rows ? begin + kRowsOfPart : rows;
  float sum = 0.0f;
  if (n < columns) {
    for (std::int64_t m = begin + line; m < end; m += kLines) sum += to_f32(dy[m * columns + n]);
  }
  lines[line][column] = sum;
  __syncthreads();
  if (line != 0 || n >= columns) return;
  for (int i = 1; i < kLines; ++i) sum += lines[i][column];
  parts[blockIdx.y * columns + n] = sum;
}

__global__ void __launch_bounds__(kThreads)
    column_total_kernel(const float* parts, int count, std::int64_t columns, bool accumulate, float* dbias) {
  const std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (n >= columns) return;
  float sum = accumulate ? dbias[n] : 0.0f;
  for (int part = 0; part < count; ++part) sum += parts[part * columns + n];
  dbias[n] = sum;
}

}  // namespace

Status fill_rows(Stream& stream, const View& bias, const View& y) {
  const std::int64_t rows = y.dim[0], columns = y.dim[1];
  const dim3 grid(blocks_for(columns, kThreads), static_cast<unsigned>(std::min<std::int64_t>(rows, 65535)));
  // A grid has at most 65535 rows of blocks.
  for (std::int64_t row = 0; row < rows; row += grid.y) {
    const dim3 part(grid.x, static_cast<unsigned>(std::min<std::int64_t>(rows - row, grid.y)));
    if (y.dtype == DType::f32) {
      HONE_TRY(launch(stream, "fill_rows", fill_rows_kernel<float>, part, kThreads, 0, bias.data_as<float>(),
                      y.data_as<float>() + row * columns, columns));
    } else {
      HONE_TRY(launch(stream, "fill_rows", fill_rows_kernel<Bf16>, part, kThreads, 0, bias.data_as<float>(),
                      y.data_as<Bf16>() + row * columns, columns));
    }
  }
  return {};
}

Status column_sums(Stream& stream, const View& dy, bool accumulate, const View& dbias) {
  const std::int64_t rows = dy.dim[0], columns = dy.dim[1];
  const int parts = static_cast<int>((rows + kRowsOfPart - 1) / kRowsOfPart);
  Pieces pieces(stream);
  float* memory = nullptr;
  HONE_TRY(pieces.take(parts * columns, memory));
  const dim3 grid(blocks_for(columns, kColumns), static_cast<unsigned>(parts));
  HONE_TRY(launch(stream, "column_parts", column_parts_kernel, grid, kThreads, 0, dy.data_as<Bf16>(), rows, columns, memory));
  return launch(stream, "column_sums", column_total_kernel, blocks_for(columns, kThreads), kThreads, 0, memory, parts, columns,
                accumulate, dbias.data_as<float>());
}

}  // namespace hone::cuda
