#pragma once
#include <cmath>

// The twin of src/cuda/device/fast-math.h: exact.
namespace hone::cuda {

inline float exp2_fast(float x) { return std::exp2(x); }
inline float reciprocal_fast(float x) { return 1.0f / x; }

}  // namespace hone::cuda
