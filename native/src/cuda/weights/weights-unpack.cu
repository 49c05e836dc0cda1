// Codes back to values, in one pass: nf4 reads half a byte and 1/64 byte of scale a weight and writes two, and the copy rate is
// the bound. A thread turns 4 bytes of codes into 8 values, so that a warp reads 128 bytes and writes 512 in a row; four such
// words are under way before the first is used. Nested scales are decoded on the way, by a table in shared memory.
#include <algorithm>

#include "core/nf4-codec.h"
#include "cuda/device/bf16.h"
#include "cuda/device/rounded.h"
#include "cuda/device/tensor-unit.h"
#include "cuda/launch.h"
#include "cuda/weights/weights.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWords = 4;  // Independent loads of one thread.

// Tables travel as kernel arguments: they are made by core/nf4-codec.h, which stays their one source.
struct Nf4Tables {
  float codes[16];
  float scales[256];
};

Nf4Tables nf4_tables() {
  Nf4Tables tables;
  for (int i = 0; i < 16; ++i) tables.codes[i] = kNf4Code[i];
  for (int i = 0; i < 256; ++i) tables.scales[i] = dynamic_map()[i];
  return tables;
}

__device__ inline void store_eight(Bf16* to, const float (&values)[8]) {
  uint4 bits;
  bits.x = pack_bf16(values[0], values[1]);
  bits.y = pack_bf16(values[2], values[3]);
  bits.z = pack_bf16(values[4], values[5]);
  bits.w = pack_bf16(values[6], values[7]);
  *reinterpret_cast<uint4*>(to) = bits;
}

__device__ inline void store_eight(float* to, const float (&values)[8]) {
  *reinterpret_cast<float4*>(to) = make_float4(values[0], values[1], values[2], values[3]);
  *reinterpret_cast<float4*>(to + 4) = make_float4(values[4], values[5], values[6], values[7]);
}

// The code of weight i of 8: two a byte, the high nibble first.
__device__ inline int code_of(std::uint32_t word, int i) { return word >> (i / 2 * 8 + (i % 2 == 0 ? 4 : 0)) & 15; }

// Weights of a flat stretch that starts at block `first_block` of the whole, 8 a word.
struct Stretch {
  const std::uint32_t* codes;
  std::int64_t words;
  std::int64_t first_block;
};

template <bool kNested, class Out>
__global__ void __launch_bounds__(kThreads)
    unpack_nf4_kernel(Nf4Tables tables, Stretch stretch, const std::uint8_t* absmax_codes, const float* absmax, const float* offset, Out* out) {
  __shared__ float values_of[16];
  __shared__ float scales_of[256];
  if (threadIdx.x < 16) values_of[threadIdx.x] = tables.codes[threadIdx.x];
  if (kNested) scales_of[threadIdx.x] = tables.scales[threadIdx.x];
  __syncthreads();
  const float mean = kNested ? __ldg(offset) : 0.0f;
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * kThreads * kWords;
  for (std::int64_t base = static_cast<std::int64_t>(blockIdx.x) * kThreads * kWords + threadIdx.x; base < stretch.words;
       base += stride) {
    std::uint32_t words[kWords];
    float scales[kWords];
#pragma unroll
    for (int i = 0; i < kWords; ++i) {
      const std::int64_t at = base + i * kThreads;
      if (at >= stretch.words) continue;
      words[i] = __ldg(stretch.codes + at);
      const std::int64_t block = stretch.first_block + at / 8;
      // bitsandbytes rounds the product before it adds the mean.
      scales[i] = kNested ? rounded_sum(rounded_product(scales_of[__ldg(absmax_codes + block)], __ldg(absmax + block / kNf4NestedBlock)),
                                        mean)
                          : __ldg(absmax + block);
    }
#pragma unroll
    for (int i = 0; i < kWords; ++i) {
      const std::int64_t at = base + i * kThreads;
      if (at >= stretch.words) continue;
      float values[8];
#pragma unroll
      for (int k = 0; k < 8; ++k) values[k] = values_of[code_of(words[i], k)] * scales[i];
      store_eight(out + at * 8, values);
    }
  }
}

// (code - zero) scale, both of the group that the word lies in: a group is 4, 8 or 16 words.
template <class Out>
__global__ void __launch_bounds__(kThreads)
    unpack_int4_kernel(Stretch stretch, int words_of_group, const float* scales, const std::uint8_t* zeros, Out* out) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= stretch.words) return;
  const std::uint32_t word = __ldg(stretch.codes + at);
  const std::int64_t group = stretch.first_block + at / words_of_group;
  const float scale = __ldg(scales + group);
  const int zero = __ldg(zeros + group);
  float values[8];
#pragma unroll
  for (int k = 0; k < 8; ++k) values[k] = static_cast<float>(code_of(word, k) - zero) * scale;
  store_eight(out + at * 8, values);
}

// One row a block. Code times absmax, then times 1/127, as int8_vectorwise_dequant of bitsandbytes has it.
template <class Out>
__global__ void __launch_bounds__(kThreads)
    unpack_int8_kernel(const std::int8_t* codes, const float* absmax, std::int64_t columns, Out* out) {
  constexpr float kOver127 = 7.874015718698502e-3f;
  const float scale = __ldg(absmax + blockIdx.x);
  codes += blockIdx.x * columns;
  out += blockIdx.x * columns;
  // Rows of whole vectors keep every row on a multiple of 16 bytes of `out`.
  const std::int64_t vectors = columns % 8 == 0 ? columns / 8 : 0;
  for (std::int64_t at = threadIdx.x; at < vectors; at += kThreads) {
    const uint2 bits = *reinterpret_cast<const uint2*>(codes + at * 8);
    float values[8];
#pragma unroll
    for (int k = 0; k < 8; ++k) {
      const auto code = static_cast<std::int8_t>((k < 4 ? bits.x : bits.y) >> (k % 4 * 8) & 255u);
      values[k] = static_cast<float>(code) * scale * kOver127;
    }
    store_eight(out + at * 8, values);
  }
  for (std::int64_t k = vectors * 8 + threadIdx.x; k < columns; k += kThreads) {
    out[k] = from_f32<Out>(static_cast<float>(codes[k]) * scale * kOver127);
  }
}

// Values that were packed as they are. Eight a thread, by vectors where both sides lie on multiples of 16 bytes.
template <class In, class Out>
__global__ void __launch_bounds__(kThreads) unpack_plain_kernel(const In* in, std::int64_t count, bool is_aligned, Out* out) {
  const std::int64_t at = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * 8;
  if (at >= count) return;
  if (!is_aligned || at + 8 > count) {
    for (std::int64_t i = at; i < count && i < at + 8; ++i) out[i] = from_f32<Out>(to_f32(in[i]));
    return;
  }
  float values[8];
#pragma unroll
  for (int first = 0; first < 8; first += Vector<In>::kCount) {
    const auto part = load_vector(in + at + first);
#pragma unroll
    for (int i = 0; i < Vector<In>::kCount; ++i) values[first + i] = to_f32(part.values[i]);
  }
  store_eight(out + at, values);
}

bool is_aligned(const void* address) { return reinterpret_cast<std::uintptr_t>(address) % 16 == 0; }

template <class In, class Out>
Status unpack_plain(Stream& stream, const CardWeight& weight, std::int64_t row_begin, std::int64_t count, Out* out) {
  const In* in = static_cast<const In*>(weight.values) + row_begin * weight.columns;
  return launch(stream, "unpack_plain", unpack_plain_kernel<In, Out>, blocks_for(count, kThreads * 8), kThreads, 0, in, count,
                is_aligned(in) && is_aligned(out), out);
}

template <class Out>
Status unpack_nf4(Stream& stream, const CardWeight& weight, const Stretch& stretch, Out* out) {
  // Enough blocks for every processor to hold eight; each fills its tables once.
  const unsigned blocks = static_cast<unsigned>(
      std::min<std::int64_t>(blocks_for(stretch.words, kThreads * kWords), static_cast<std::int64_t>(stream.multiprocessors) * 8));
  const bool is_nested = weight.absmax_codes != nullptr;
  const auto kernel = is_nested ? unpack_nf4_kernel<true, Out> : unpack_nf4_kernel<false, Out>;
  return launch(stream, "unpack_nf4", kernel, blocks, kThreads, 0, nf4_tables(), stretch, weight.absmax_codes,
                is_nested ? weight.nested_absmax : weight.absmax, weight.offset, out);
}

template <class Out>
Status unpack_rows(Stream& stream, const CardWeight& weight, std::int64_t row_begin, std::int64_t row_end, Out* out) {
  const std::int64_t rows = row_end - row_begin, columns = weight.columns, first = row_begin * columns;
  if (rows <= 0) return {};
  const auto stretch = [&](int block) {
    return Stretch{reinterpret_cast<const std::uint32_t*>(weight.codes + first / 2), rows * columns / 8, first / block};
  };
  switch (weight.format) {
    case DType::nf4:
      return unpack_nf4(stream, weight, stretch(kNf4Block), out);
    case DType::int4: {
      const Stretch words = stretch(weight.group);
      return launch(stream, "unpack_int4", unpack_int4_kernel<Out>, blocks_for(words.words, kThreads), kThreads, 0, words,
                    weight.group / 8, weight.absmax, weight.zeros, out);
    }
    case DType::int8:
      return launch(stream, "unpack_int8", unpack_int8_kernel<Out>, static_cast<unsigned>(rows), kThreads, 0,
                    reinterpret_cast<const std::int8_t*>(weight.codes) + first, weight.absmax + row_begin, columns, out);
    case DType::packed_f32:
      return unpack_plain<float>(stream, weight, row_begin, rows * columns, out);
    default:
      return unpack_plain<Bf16>(stream, weight, row_begin, rows * columns, out);
  }
}

}  // namespace

Status dequantise(Stream& stream, const CardWeight& weight, std::int64_t row_begin, std::int64_t row_end, Bf16* out) {
  return unpack_rows(stream, weight, row_begin, row_end, out);
}

Status unpack_weight(Stream& stream, const CardWeight& weight, float* out) {
  return unpack_rows(stream, weight, 0, weight.rows, out);
}

}  // namespace hone::cuda
