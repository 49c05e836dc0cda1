#pragma once
#include <cuda_runtime.h>

#include <cstdint>

// The tensor unit of sm_80 and later, one warp at a time (PTX ISA, "Matrix fragments for mma.m16n8k16"). With group = lane / 4
// and pair = lane % 4, a lane holds:
//   a  [16,16] bf16  a[0]: row group, columns 2 pair and 2 pair + 1; a[1]: row group + 8; a[2], a[3]: the same, columns + 8
//   b  [16,8]  bf16  b[0]: rows 2 pair and 2 pair + 1 of column group; b[1]: rows + 8
//   d  [16,8]  f32   d[0], d[1]: row group, columns 2 pair and 2 pair + 1; d[2], d[3]: row group + 8
// The lower half of a register is the lower index.
namespace hone::cuda {

// d += a b
__device__ inline void multiply_16x8x16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Four 8x8 tiles of 16-bit values from shared memory: lane i gives the address of row i % 8 of tile i / 8 (16 bytes), and gets
// of tile t in out[t] the values of row lane / 4, columns 2 (lane % 4) and the next; transposed: of column lane / 4.
__device__ inline void load_tiles(std::uint32_t (&out)[4], const void* row) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(address)
               : "memory");
}

__device__ inline void load_tiles_transposed(std::uint32_t (&out)[4], const void* row) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(address)
               : "memory");
}

// Two values rounded to bf16, `low` in the lower half.
__device__ inline std::uint32_t pack_bf16(float low, float high) {
  std::uint32_t out;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
  return out;
}

}  // namespace hone::cuda
