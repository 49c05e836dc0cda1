#pragma once
#include <cuda_runtime.h>

#include <cstdint>

// The twin of src/cuda/device/tensor-unit.h, where the layouts are described. Products are exact and their sums f32, in the order
// of k; a card adds in an order of its own, so bits differ from those of a card, and only those.
namespace hone_emulator {

void multiply_16x8x16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]);
void load_tiles(std::uint32_t (&out)[4], const void* row, bool is_transposed);
std::uint32_t pack_bf16(float low, float high);

}  // namespace hone_emulator

namespace hone::cuda {

inline void multiply_16x8x16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  hone_emulator::multiply_16x8x16(d, a, b);
}
inline void load_tiles(std::uint32_t (&out)[4], const void* row) { hone_emulator::load_tiles(out, row, false); }
inline void load_tiles_transposed(std::uint32_t (&out)[4], const void* row) { hone_emulator::load_tiles(out, row, true); }
inline std::uint32_t pack_bf16(float low, float high) { return hone_emulator::pack_bf16(low, high); }

}  // namespace hone::cuda
