// Values to codes, once for every weight that is loaded: one pass over the source. nf4 takes two small passes more over the
// scales. Every number that a code depends on is computed as core/nf4-codec.cc computes it, operation by operation.
#include "core/nf4-codec.h"
#include "cuda/device/bf16.h"
#include "cuda/device/reduce.h"
#include "cuda/launch.h"
#include "cuda/weights/weights.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;

// IEEE half precision; a subnormal is its fraction times 2^-24.
__device__ inline float half_to_f32(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 1023u;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 5.9604644775390625e-8f;
    return sign != 0 ? -magnitude : magnitude;
  }
  if (exponent == 31) return __uint_as_float(sign | 0x7f800000u | fraction << 13);
  return __uint_as_float(sign | (exponent + 112) << 23 | fraction << 13);
}

// A plain tensor on the card, read eight values at a time.
struct Source {
  const void* data;
  DType dtype;
  bool is_aligned;  // On a multiple of 16 bytes.
};

__device__ inline float read_one(const Source& source, std::int64_t at) {
  if (source.dtype == DType::f32) return static_cast<const float*>(source.data)[at];
  const std::uint16_t bits = static_cast<const std::uint16_t*>(source.data)[at];
  return source.dtype == DType::bf16 ? to_f32(bits) : half_to_f32(bits);
}

__device__ inline void read_eight(const Source& source, std::int64_t at, float (&values)[8]) {
  if (!source.is_aligned) {
#pragma unroll
    for (int i = 0; i < 8; ++i) values[i] = read_one(source, at + i);
    return;
  }
  if (source.dtype == DType::f32) {
    const auto low = load_vector(static_cast<const float*>(source.data) + at);
    const auto high = load_vector(static_cast<const float*>(source.data) + at + 4);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      values[i] = low.values[i];
      values[i + 4] = high.values[i];
    }
    return;
  }
  const auto bits = load_vector(static_cast<const Bf16*>(source.data) + at);
#pragma unroll
  for (int i = 0; i < 8; ++i) values[i] = source.dtype == DType::bf16 ? to_f32(bits.values[i]) : half_to_f32(bits.values[i]);
}

__device__ inline float inverse_or_zero(float scale) { return scale > 0.0f ? 1.0f / scale : 0.0f; }

// A code outside its range, or of a value that is not a number, becomes 0.
__device__ inline int code_in(float code, float least, float most) { return code >= least && code <= most ? static_cast<int>(code) : 0; }

// The codes of a block lie in one word a thread, the high nibble of each byte first.
__device__ inline std::uint32_t with_code(std::uint32_t word, int i, int code) {
  return word | static_cast<std::uint32_t>(code) << (i / 2 * 8 + (i % 2 == 0 ? 4 : 0));
}

struct Nf4Thresholds {
  float values[15];
};

// The number of thresholds below the value, by halves; of a NaN 0, as counting gives.
__device__ inline int nf4_code(const float* thresholds, float value) {
  int code = value > thresholds[7] ? 8 : 0;
  code += value > thresholds[code + 3] ? 4 : 0;
  code += value > thresholds[code + 1] ? 2 : 0;
  return code + (value > thresholds[code] ? 1 : 0);
}

// Eight threads a block of 64 weights.
__global__ void __launch_bounds__(kThreads)
    pack_nf4_kernel(Nf4Thresholds table, Source source, std::int64_t words, std::uint32_t* codes, float* absmax) {
  __shared__ float thresholds[15];
  if (threadIdx.x < 15) thresholds[threadIdx.x] = table.values[threadIdx.x];
  __syncthreads();
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  float values[8] = {};
  if (at < words) read_eight(source, at * 8, values);
  float largest = 0.0f;
#pragma unroll
  for (int i = 0; i < 8; ++i) largest = fmaxf(largest, fabsf(values[i]));
  for (int distance = 4; distance > 0; distance /= 2) largest = fmaxf(largest, __shfl_xor_sync(kAllLanes, largest, distance));
  if (at >= words) return;
  const float inverse = inverse_or_zero(largest);
  std::uint32_t word = 0;
#pragma unroll
  for (int i = 0; i < 8; ++i) word = with_code(word, i, nf4_code(thresholds, values[i] * inverse));
  codes[at] = word;
  if (at % 8 == 0) absmax[at / 8] = largest;
}

// The sum of one chunk in the order of core/nf4-codec.h; one warp a block.
template <class T>
__global__ void __launch_bounds__(kScaleLanes) scale_sum_kernel(const T* values, std::int64_t count, std::int64_t chunk, double* sums) {
  __shared__ double lanes[kScaleLanes];
  const std::int64_t first = blockIdx.x * chunk, end = first + chunk < count ? first + chunk : count;
  double sum = 0;
  for (std::int64_t i = first + threadIdx.x; i < end; i += kScaleLanes) sum += static_cast<double>(values[i]);
  lanes[threadIdx.x] = sum;
  for (int half = kScaleLanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) lanes[threadIdx.x] += lanes[threadIdx.x + half];
  }
  __syncthreads();
  if (threadIdx.x == 0) sums[blockIdx.x] = lanes[0];
}

struct DynamicMap {
  float values[256];
};

// The nearest entry by the search of bitsandbytes: a tie goes to the side from which the search came.
__device__ inline std::uint8_t nearest_entry(const float* map, float value) {
  int pivot = 127, upper = 255, lower = 0;
  for (int step = 64; step > 0; step >>= 1) {
    if (value > map[pivot]) {
      lower = pivot;
      pivot += step;
    } else {
      upper = pivot;
      pivot -= step;
    }
  }
  if (value > map[pivot]) return static_cast<std::uint8_t>(value > (map[upper] + map[pivot]) * 0.5f ? upper : pivot);
  return static_cast<std::uint8_t>(value < (map[lower] + map[pivot]) * 0.5f ? lower : pivot);
}

// One block of 256 scales a block of threads.
__global__ void __launch_bounds__(kNf4NestedBlock) pack_scales_kernel(DynamicMap table, const float* absmax, std::int64_t count, const double* sum,
                                                          std::uint8_t* codes, float* nested_absmax, float* offset_out) {
  __shared__ float map[256];
  __shared__ float lines[kWarp];
  map[threadIdx.x] = table.values[threadIdx.x];
  const float offset = static_cast<float>(*sum / static_cast<double>(count));
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kNf4NestedBlock + threadIdx.x;
  const float scale = at < count ? absmax[at] - offset : 0.0f;
  // The barriers of block_max also stand between the table's writes and its reads.
  const float nested = block_max(fabsf(scale), lines);
  if (at < count) codes[at] = nearest_entry(map, scale * inverse_or_zero(nested));
  if (threadIdx.x == 0) nested_absmax[blockIdx.x] = nested;
  if (at == 0) *offset_out = offset;
}

// One row a block: round(w (127 / absmax)), to nearest even, as int8_vectorwise_quant of bitsandbytes.
__global__ void __launch_bounds__(kThreads) pack_int8_kernel(Source source, std::int64_t columns, std::int8_t* codes, float* absmax) {
  __shared__ float lines[kWarp];
  const std::int64_t first = blockIdx.x * columns;
  float largest = 0.0f;
  for (std::int64_t k = threadIdx.x; k < columns; k += kThreads) largest = fmaxf(largest, fabsf(read_one(source, first + k)));
  largest = block_max(largest, lines);
  const float factor = largest > 0.0f ? 127.0f / largest : 0.0f;
  for (std::int64_t k = threadIdx.x; k < columns; k += kThreads) {
    codes[first + k] = static_cast<std::int8_t>(code_in(rintf(read_one(source, first + k) * factor), -127.0f, 127.0f));
  }
  if (threadIdx.x == 0) absmax[blockIdx.x] = largest;
}

// Round to nearest between the least and the largest value of a group, zero among the values that can be had; 4, 8 or 16
// threads a group.
__global__ void __launch_bounds__(kThreads) pack_int4_kernel(Source source, std::int64_t words, int words_of_group, std::uint32_t* codes,
                                                             float* scales, std::uint8_t* zeros) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  float values[8] = {};
  if (at < words) read_eight(source, at * 8, values);
  float low = 0.0f, high = 0.0f;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    low = fminf(low, values[i]);
    high = fmaxf(high, values[i]);
  }
  for (int distance = words_of_group / 2; distance > 0; distance /= 2) {
    low = fminf(low, __shfl_xor_sync(kAllLanes, low, distance));
    high = fmaxf(high, __shfl_xor_sync(kAllLanes, high, distance));
  }
  if (at >= words) return;
  const float scale = (high - low) / 15.0f, inverse = inverse_or_zero(scale);
  const int zero = code_in(rintf(-low * inverse), 0.0f, 15.0f);
  std::uint32_t word = 0;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const float code = rintf(values[i] * inverse) + static_cast<float>(zero);
    word = with_code(word, i, code_in(fminf(fmaxf(code, 0.0f), 15.0f), 0.0f, 15.0f));
  }
  codes[at] = word;
  if (at % words_of_group != 0) return;
  scales[at / words_of_group] = scale;
  zeros[at / words_of_group] = static_cast<std::uint8_t>(zero);
}

template <class Out>
__global__ void __launch_bounds__(kThreads) pack_plain_kernel(Source source, std::int64_t count, Out* out) {
  const std::int64_t at = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * 8;
  if (at >= count) return;
  if (at + 8 > count) {
    for (std::int64_t i = at; i < count; ++i) out[i] = from_f32<Out>(read_one(source, i));
    return;
  }
  float values[8];
  read_eight(source, at, values);
#pragma unroll
  for (int first = 0; first < 8; first += Vector<Out>::kCount) {
    Vector<Out> part;
#pragma unroll
    for (int i = 0; i < Vector<Out>::kCount; ++i) part.values[i] = from_f32<Out>(values[first + i]);
    store_vector(out + at + first, part);
  }
}

// The parts of a card's weight are read-only to all but this file.
template <class T>
auto* writable(const T* part) {
  return const_cast<T*>(part);
}

Status pack_scales(Stream& stream, const float* absmax, std::int64_t count, std::int64_t scratch_offset, CardWeight& weight) {
  const std::int64_t chunks = (count + kScaleChunk - 1) / kScaleChunk;
  void* memory = nullptr;
  HONE_TRY(stream.workspace->take(scratch_offset, (chunks + 1) * 8, memory));
  double* sums = static_cast<double*>(memory);
  HONE_TRY(launch(stream, "scale_sum", scale_sum_kernel<float>, static_cast<unsigned>(chunks), kScaleLanes, 0, absmax, count,
                  kScaleChunk, sums + 1));
  HONE_TRY(launch(stream, "scale_sum", scale_sum_kernel<double>, 1u, kScaleLanes, 0, sums + 1, chunks, chunks, sums));
  DynamicMap map;
  for (int i = 0; i < 256; ++i) map.values[i] = dynamic_map()[i];
  return launch(stream, "pack_scales", pack_scales_kernel, blocks_for(count, kNf4NestedBlock), kNf4NestedBlock, 0, map, absmax,
                count, sums, writable(weight.absmax_codes), writable(weight.nested_absmax), writable(weight.offset));
}

Status pack_nf4(Stream& stream, const Source& source, CardWeight& weight) {
  const std::int64_t words = weight.rows * weight.columns / 8, blocks = words / 8;
  const bool is_nested = weight.absmax_codes != nullptr;
  void* scratch = nullptr;
  if (is_nested) HONE_TRY(stream.workspace->take(0, blocks * 4, scratch));
  float* absmax = is_nested ? static_cast<float*>(scratch) : writable(weight.absmax);
  Nf4Thresholds thresholds;
  for (int i = 0; i < 15; ++i) thresholds.values[i] = kNf4Thresholds[i];
  HONE_TRY(launch(stream, "pack_nf4", pack_nf4_kernel, blocks_for(words, kThreads), kThreads, 0, thresholds, source, words,
                  reinterpret_cast<std::uint32_t*>(writable(weight.codes)), absmax));
  return is_nested ? pack_scales(stream, absmax, blocks, (blocks * 4 + 255) / 256 * 256, weight) : Status();
}

template <class Out>
Status pack_plain(Stream& stream, const Source& source, CardWeight& weight) {
  const std::int64_t count = weight.rows * weight.columns;
  return launch(stream, "pack_plain", pack_plain_kernel<Out>, blocks_for(count, kThreads * 8), kThreads, 0, source, count,
                static_cast<Out*>(writable(weight.values)));
}

}  // namespace

Status pack_weight(Stream& stream, const View& view, CardWeight& weight) {
  const Source source = {view.data, view.dtype, reinterpret_cast<std::uintptr_t>(view.data) % 16 == 0};
  const std::int64_t words = weight.rows * weight.columns / 8;
  switch (weight.format) {
    case DType::nf4:
      return pack_nf4(stream, source, weight);
    case DType::int8:
      return launch(stream, "pack_int8", pack_int8_kernel, static_cast<unsigned>(weight.rows), kThreads, 0, source, weight.columns,
                    reinterpret_cast<std::int8_t*>(writable(weight.codes)), writable(weight.absmax));
    case DType::int4:
      return launch(stream, "pack_int4", pack_int4_kernel, blocks_for(words, kThreads), kThreads, 0, source, words, weight.group / 8,
                    reinterpret_cast<std::uint32_t*>(writable(weight.codes)), writable(weight.absmax), writable(weight.zeros));
    case DType::packed_f32:
      return pack_plain<float>(stream, source, weight);
    default:
      return pack_plain<Bf16>(stream, source, weight);
  }
}

}  // namespace hone::cuda
