#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

// The qualifiers, the vector types and the indices of CUDA C++.
#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
// Blocks run one after another, so one copy of a shared array is enough. Thread-local, because all thread-local variables of
// the library lie in one stretch that the emulator can find: it fills them with poison before every block.
#define __shared__ static thread_local

#define HONE_VECTORS(scalar, name, bytes)                                                                  \
  struct alignas(bytes / 2 > 16 ? 16 : bytes / 2) name##2 { scalar x, y; };                                \
  struct name##3 { scalar x, y, z; };                                                                      \
  struct alignas(bytes > 16 ? 16 : bytes) name##4 { scalar x, y, z, w; };                                  \
  inline name##2 make_##name##2(scalar x, scalar y) { return {x, y}; }                                     \
  inline name##3 make_##name##3(scalar x, scalar y, scalar z) { return {x, y, z}; }                        \
  inline name##4 make_##name##4(scalar x, scalar y, scalar z, scalar w) { return {x, y, z, w}; }

HONE_VECTORS(float, float, 16)
HONE_VECTORS(int, int, 16)
HONE_VECTORS(unsigned, uint, 16)
HONE_VECTORS(short, short, 8)
HONE_VECTORS(unsigned short, ushort, 8)
HONE_VECTORS(signed char, char, 4)
HONE_VECTORS(unsigned char, uchar, 4)
HONE_VECTORS(long long, longlong, 32)
HONE_VECTORS(unsigned long long, ulonglong, 32)
HONE_VECTORS(double, double, 32)
#undef HONE_VECTORS

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

// Of the thread that runs just now; the emulator sets them whenever it goes from one to another.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;
