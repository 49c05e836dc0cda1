#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/device/shared-memory.h"

// The twin of src/cuda/device/warpgroup-unit.h, where the layouts are described: operands are read through their descriptors, and a
// product is made as late as may be, when its thread waits for it, so that what is overwritten too early shows,
// a left operand in registers too.
namespace hone_emulator {

// Exactly one of a_registers (four, as of mma.sync) and a (a descriptor) is given.
void queue_product(float* d, int tiles, const std::uint32_t* a_registers, std::uint64_t a, std::uint64_t b, bool is_across, bool is_added);
void publish_to_products();
void begin_products();
void commit_products();
void wait_products(int left);
// The thread has `count` registers from now on.
void change_registers(int count, bool is_more);

}  // namespace hone_emulator

namespace hone::cuda {

inline constexpr bool kHasWarpgroups = true;

inline std::uint32_t shared_address(const void* shared) {
  return static_cast<std::uint32_t>(static_cast<const unsigned char*>(shared) - dynamic_shared<unsigned char>());
}

inline std::uint64_t swizzled_operand(std::uint32_t address, std::uint32_t block_bytes) {
  constexpr std::uint64_t kSwizzle128 = std::uint64_t{1} << 62, kEightRows = std::uint64_t{1024 / 16} << 32;
  return kSwizzle128 | kEightRows | static_cast<std::uint64_t>((block_bytes & 0x3ffff) / 16) << 16 | (address & 0x3ffff) / 16;
}

inline std::uint64_t further(std::uint64_t operand, std::uint32_t bytes) { return operand + bytes / 16; }

inline void publish_to_products() { hone_emulator::publish_to_products(); }
inline void begin_products() { hone_emulator::begin_products(); }
inline void commit_products() { hone_emulator::commit_products(); }
template <int kLeft>
inline void wait_products() {
  hone_emulator::wait_products(kLeft);
}
template <int kTiles>
inline void hold_sums(float (&)[1][kTiles][4]) {}
template <int kSteps>
inline void hold_left(std::uint32_t (&)[1][kSteps][4]) {}

template <int kRegisters>
inline void give_registers() {
  hone_emulator::change_registers(kRegisters, false);
}
template <int kRegisters>
inline void take_registers() {
  hone_emulator::change_registers(kRegisters, true);
}

template <int kTiles>
inline void multiply_group(float (&d)[1][kTiles][4], std::uint64_t a, std::uint64_t b, bool is_added) {
  hone_emulator::queue_product(&d[0][0][0], kTiles, nullptr, a, b, false, is_added);
}
template <int kTiles>
inline void multiply_group_across(float (&d)[1][kTiles][4], const std::uint32_t (&a)[4], std::uint64_t b, bool is_added) {
  hone_emulator::queue_product(&d[0][0][0], kTiles, a, 0, b, true, is_added);
}

}  // namespace hone::cuda
