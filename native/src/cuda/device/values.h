#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/device/bf16.h"
#include "cuda/device/tensor-unit.h"

// Runs of elements that a thread holds in registers, moved by the widest accesses that their size allows.
namespace hone::cuda {

constexpr std::size_t run_alignment(std::size_t bytes) { return bytes < 16 ? bytes : 16; }

// n elements that lie side by side; n is a power of two.
template <class T, int n>
struct alignas(run_alignment(sizeof(T) * n)) Values {
  T at[n];
};

// kBytes of memory, 16 at a time where they are so many.
template <int kBytes>
__device__ inline void move_run(void* to, const void* from) {
  if constexpr (kBytes >= 16) {
#pragma unroll
    for (int i = 0; i < kBytes / 16; ++i) static_cast<uint4*>(to)[i] = static_cast<const uint4*>(from)[i];
  } else if constexpr (kBytes == 8) {
    *static_cast<uint2*>(to) = *static_cast<const uint2*>(from);
  } else if constexpr (kBytes == 4) {
    *static_cast<std::uint32_t*>(to) = *static_cast<const std::uint32_t*>(from);
  } else if constexpr (kBytes == 2) {
    *static_cast<std::uint16_t*>(to) = *static_cast<const std::uint16_t*>(from);
  } else {
    *static_cast<std::uint8_t*>(to) = *static_cast<const std::uint8_t*>(from);
  }
}

// `from` is a multiple of the alignment of the run.
template <int n, class T>
__device__ inline Values<T, n> load_values(const T* from) {
  Values<T, n> out;
  move_run<static_cast<int>(sizeof(T)) * n>(&out, from);
  return out;
}

template <class T, int n>
__device__ inline void store_values(T* to, const Values<T, n>& values) {
  move_run<static_cast<int>(sizeof(T)) * n>(to, &values);
}

// The values rounded to T; a pair of bf16 is one instruction.
template <class T, int n>
__device__ inline Values<T, n> round_values(const float (&values)[n]) {
  Values<T, n> out;
  if constexpr (sizeof(T) == 2 && n > 1) {
    std::uint32_t pairs[n / 2];
#pragma unroll
    for (int i = 0; i < n / 2; ++i) pairs[i] = pack_bf16(values[2 * i], values[2 * i + 1]);
#pragma unroll
    for (int i = 0; i < n; ++i) out.at[i] = static_cast<T>(i % 2 == 0 ? pairs[i / 2] & 0xffffu : pairs[i / 2] >> 16);
  } else {
#pragma unroll
    for (int i = 0; i < n; ++i) out.at[i] = from_f32<T>(values[i]);
  }
  return out;
}

// Whether vectors of 16 bytes may be read from all of the addresses. An absent argument is in nobody's way.
template <class... Pointers>
bool are_aligned(const Pointers*... pointers) {
  return ((reinterpret_cast<std::uintptr_t>(pointers) % 16 == 0) && ...);
}

}  // namespace hone::cuda
