#pragma once
#include <cuda_runtime.h>

namespace hone::cuda {

// Within 2 ulp. An angle may be a million radians (a long context at frequency 1), where f32 keeps no fraction worth having: the
// reduction to a quarter turn runs in f64, and the f32 polynomials of Cephes (sinf, cosf) do the rest. sincosf would reduce such
// an angle through local memory.
__device__ inline void cos_sin(float angle, float& cosine, float& sine) {
  const double turns = rint(static_cast<double>(angle) * 0.63661977236758134308);
  const double rest = fma(turns, -6.123233995736766e-17, fma(turns, -1.57079632679489655800, static_cast<double>(angle)));
  const float r = static_cast<float>(rest), z = r * r;
  float s = fmaf(-1.9515295891e-4f, z, 8.3321608736e-3f);
  s = fmaf(s, z, -1.6666654611e-1f);
  s = fmaf(s * z, r, r);
  float c = fmaf(2.443315711809948e-5f, z, -1.388731625493765e-3f);
  c = fmaf(c, z, 4.166664568298827e-2f);
  c = fmaf(c * z, z, fmaf(-0.5f, z, 1.0f));
  // Quadrant 1 is (-sin, cos), 2 is (-cos, -sin), 3 is (sin, -cos).
  const int quadrant = static_cast<int>(turns) & 3;
  const float swapped_c = (quadrant & 1) != 0 ? s : c, swapped_s = (quadrant & 1) != 0 ? c : s;
  cosine = quadrant == 1 || quadrant == 2 ? -swapped_c : swapped_c;
  sine = quadrant >= 2 ? -swapped_s : swapped_s;
}

}  // namespace hone::cuda
