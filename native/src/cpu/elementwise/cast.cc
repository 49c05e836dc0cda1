// isa: avx2 avx512
// Bound by memory. Eight lanes at a time on every level: the half conversions are 256 bits wide on both.
#include "core/half.h"
#include "core/ops-args.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

constexpr int kNarrow = 8;

__m256 read(const void* src, DType dtype, std::int64_t i) {
  if (dtype == DType::f32) return _mm256_loadu_ps(static_cast<const float*>(src) + i);
  const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(static_cast<const std::uint16_t*>(src) + i));
  if (dtype == DType::f16) return _mm256_cvtph_ps(half);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}

// To nearest even by integers, as core/half.h does; vcvtneps2bf16 would flush subnormals. A NaN only gets its quiet bit.
__m128i round_to_bf16(__m256 value) {
  const __m256i bits = _mm256_castps_si256(value);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(value, value, _CMP_UNORD_Q));
  const __m256i chosen = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, is_nan), 16);
  const __m256i packed = _mm256_packus_epi32(chosen, chosen);
  return _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
}

void write(void* dst, DType dtype, std::int64_t i, __m256 value) {
  if (dtype == DType::f32) {
    _mm256_storeu_ps(static_cast<float*>(dst) + i, value);
    return;
  }
  const __m128i half = dtype == DType::f16 ? _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT) : round_to_bf16(value);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(static_cast<std::uint16_t*>(dst) + i), half);
}

float read_one(const View& view, std::int64_t i) {
  if (view.dtype == DType::f32) return view.data_as<float>()[i];
  const std::uint16_t half = view.data_as<std::uint16_t>()[i];
  return view.dtype == DType::f16 ? f16_to_f32(half) : bf16_to_f32(half);
}

void write_one(const View& view, std::int64_t i, float value) {
  if (view.dtype == DType::f32) {
    view.data_as<float>()[i] = value;
  } else {
    view.data_as<std::uint16_t>()[i] = view.dtype == DType::f16 ? f32_to_f16(value) : f32_to_bf16(value);
  }
}

}  // namespace

Status tensor_cast(Context& context, const TensorCastArgs& args) {
  split_elements(context, args.src.count(), [&](std::int64_t begin, std::int64_t end) {
    std::int64_t i = begin;
    for (; i + kNarrow <= end; i += kNarrow) {
      write(args.dst.data, args.dst.dtype, i, read(args.src.data, args.src.dtype, i));
    }
    for (; i < end; ++i) write_one(args.dst, i, read_one(args.src, i));
  });
  return {};
}

}  // namespace hone::HONE_ISA
