#pragma once
#include <cuda_runtime.h>

#include <cstdint>

// Values of 16 bits and vectors of them. A bf16 lies in memory as its bits.
namespace hone::cuda {

using Bf16 = std::uint16_t;

__device__ inline float to_f32(Bf16 value) { return __uint_as_float(static_cast<std::uint32_t>(value) << 16); }
__device__ inline float to_f32(float value) { return value; }

// Round to nearest even; NaN stays NaN.
__device__ inline Bf16 to_bf16(float value) {
  const std::uint32_t bits = __float_as_uint(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<Bf16>((bits >> 16) | 0x40u);
  return static_cast<Bf16>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

template <class T>
__device__ inline T from_f32(float value);
template <>
__device__ inline Bf16 from_f32<Bf16>(float value) {
  return to_bf16(value);
}
template <>
__device__ inline float from_f32<float>(float value) {
  return value;
}

// 16 bytes: 8 bf16 or 4 f32, at an address that is a multiple of 16.
template <class T>
struct alignas(16) Vector {
  static constexpr int kCount = 16 / sizeof(T);
  T values[kCount];
};

template <class T>
__device__ inline Vector<T> load_vector(const T* from) {
  const uint4 bits = *reinterpret_cast<const uint4*>(from);
  return *reinterpret_cast<const Vector<T>*>(&bits);
}

template <class T>
__device__ inline void store_vector(T* to, const Vector<T>& vector) {
  *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(&vector);
}

}  // namespace hone::cuda
