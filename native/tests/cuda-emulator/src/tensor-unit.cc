#include "cuda/device/tensor-unit.h"

#include "core/half.h"
#include "emulator/warp.h"

namespace hone_emulator {
namespace {

// What a lane holds of a [16,16] and of b [16,8], widened: element i of `a` is the half i % 2 of register i / 2.
struct Fragments {
  float a[8];
  float b[4];
};

void widen(const std::uint32_t* registers, int count, float* out) {
  for (int i = 0; i < 2 * count; ++i) out[i] = hone::bf16_to_f32(static_cast<std::uint16_t>(registers[i / 2] >> (16 * (i % 2))));
}

// Row `row` of a, column k: registers 0 and 2 are the upper rows, 2 and 3 the right columns.
float a_at(const Slots& slots, int row, int k) {
  const int lane = row % 8 * 4 + k % 8 / 2, part = row / 8 + k / 8 * 2;
  return slots.of<Fragments>(lane).a[2 * part + k % 2];
}

float b_at(const Slots& slots, int k, int column) {
  return slots.of<Fragments>(column * 4 + k % 8 / 2).b[2 * (k / 8) + k % 2];
}

}  // namespace

void multiply_16x8x16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  Fragments mine;
  widen(a, 4, mine.a);
  widen(b, 2, mine.b);
  const Slots& slots = meet_warp(0xffffffffu, &mine, sizeof(mine), "mma.sync");
  if (slots.present != 0xffffffffu) fail_kernel("mma.sync needs all 32 lanes of its warp but %08x are there", slots.present);
  const int lane = lane_of_current();
  for (int i = 0; i < 4; ++i) {
    const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < 16; ++k) d[i] += a_at(slots, row, k) * b_at(slots, k, column);
  }
}

void load_tiles(std::uint32_t (&out)[4], const void* row, bool is_transposed) {
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0) fail_kernel("ldmatrix needs rows at multiples of 16 bytes but received %p", row);
  // The rows are read when all lanes are here: a lane that goes on may write over them at once.
  const auto read_rows = [](Slots& slots) {
    for (int lane = 0; lane < 32; ++lane) {
      if ((slots.present & (1u << lane)) != 0) std::memcpy(slots.bytes[lane], slots.of<const void*>(lane), 16);
    }
  };
  const Slots& slots = meet_warp(0xffffffffu, &row, sizeof(row), "ldmatrix", read_rows);
  if (slots.present != 0xffffffffu) fail_kernel("ldmatrix needs all 32 lanes of its warp but %08x are there", slots.present);
  const int lane = lane_of_current(), first = lane / 4, second = lane % 4 * 2;
  for (int tile = 0; tile < 4; ++tile) {
    const auto at = [&](int r, int c) -> std::uint32_t { return reinterpret_cast<const std::uint16_t*>(slots.bytes[tile * 8 + r])[c]; };
    out[tile] = is_transposed ? at(second, first) | at(second + 1, first) << 16 : at(first, second) | at(first, second + 1) << 16;
  }
}

std::uint32_t pack_bf16(float low, float high) {
  return hone::f32_to_bf16(low) | static_cast<std::uint32_t>(hone::f32_to_bf16(high)) << 16;
}

}  // namespace hone_emulator
