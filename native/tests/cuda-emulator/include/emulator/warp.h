#pragma once
#include <cstdint>
#include <cstring>

#include "emulator/language.h"

// What threads do together. Each of these stops the thread until all the others that it names have come, and nothing else does:
// between two of them the lanes of a warp run one after another, in an order that is not promised.
namespace hone_emulator {

inline constexpr int kSlotBytes = 64;

// What every lane of a warp brought to a meeting.
struct Slots {
  alignas(16) unsigned char bytes[32][kSlotBytes];
  unsigned present = 0;  // One bit per lane that came; lanes that left the kernel before do not.

  template <class T>
  const T& of(int lane) const {
    return *reinterpret_cast<const T*>(bytes[lane]);
  }
};

// Waits until every lane of `mask` that has not left the kernel is here, each with its own bytes. `at_meeting`, if any, runs once,
// when all are here and none has gone on. The slots stay as they are until all lanes have gone on.
const Slots& meet_warp(unsigned mask, const void* mine, int bytes, const char* doing, void (*at_meeting)(Slots&) = nullptr);
// Waits for the whole block, and returns how many threads brought a `vote` that holds.
int meet_block(bool vote);

int lane_of_current();
// Says what is wrong and ends the kernel; does not return.
[[noreturn]] void fail_kernel(const char* format, ...) __attribute__((format(printf, 1, 2)));

template <class T>
inline T shuffle(unsigned mask, T value, int from) {
  static_assert(sizeof(T) <= 8);
  const Slots& slots = meet_warp(mask, &value, sizeof(T), "a shuffle");
  if ((slots.present & (1u << from)) != 0) return slots.of<T>(from);
  T poison;
  std::memset(&poison, 0xff, sizeof(poison));  // CUDA leaves the value of a lane that is not there undefined.
  return poison;
}

}  // namespace hone_emulator

inline void __syncthreads() { hone_emulator::meet_block(false); }
inline int __syncthreads_count(int holds) { return hone_emulator::meet_block(holds != 0); }
inline int __syncthreads_or(int holds) { return hone_emulator::meet_block(holds != 0) > 0; }
inline int __syncthreads_and(int holds) { return hone_emulator::meet_block(holds == 0) == 0; }
inline void __syncwarp(unsigned mask = 0xffffffffu) { hone_emulator::meet_warp(mask, nullptr, 0, "__syncwarp"); }
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}

template <class T>
inline T __shfl_sync(unsigned mask, T value, int from, int width = 32) {
  const int lane = hone_emulator::lane_of_current();
  return hone_emulator::shuffle(mask, value, (lane & ~(width - 1)) | (from & (width - 1)));
}
template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, int distance, int width = 32) {
  const int lane = hone_emulator::lane_of_current(), from = lane ^ distance;
  return hone_emulator::shuffle(mask, value, from / width > lane / width ? lane : from);
}
template <class T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32) {
  const int lane = hone_emulator::lane_of_current(), from = lane + static_cast<int>(distance);
  return hone_emulator::shuffle(mask, value, from / width != lane / width ? lane : from);
}
template <class T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32) {
  const int lane = hone_emulator::lane_of_current(), from = lane - static_cast<int>(distance);
  return hone_emulator::shuffle(mask, value, from < (lane & ~(width - 1)) ? lane : from);
}

inline unsigned __ballot_sync(unsigned mask, int holds) {
  const std::uint32_t mine = holds != 0;
  const hone_emulator::Slots& slots = hone_emulator::meet_warp(mask, &mine, sizeof(mine), "a vote");
  unsigned votes = 0;
  for (int lane = 0; lane < 32; ++lane) {
    if ((slots.present & (1u << lane)) != 0) votes |= slots.of<std::uint32_t>(lane) << lane;
  }
  return votes;
}
inline int __any_sync(unsigned mask, int holds) { return __ballot_sync(mask, holds) != 0; }
inline int __all_sync(unsigned mask, int holds) { return __ballot_sync(mask, holds == 0) == 0; }

template <class T>
inline unsigned __match_any_sync(unsigned mask, T value) {
  const hone_emulator::Slots& slots = hone_emulator::meet_warp(mask, &value, sizeof(T), "__match_any_sync");
  unsigned same = 0;
  for (int lane = 0; lane < 32; ++lane) {
    if ((slots.present & (1u << lane)) != 0 && slots.of<T>(lane) == value) same |= 1u << lane;
  }
  return same;
}

namespace hone_emulator {

template <class T, class Combine>
inline T reduce(unsigned mask, T value, Combine combine) {
  const Slots& slots = meet_warp(mask, &value, sizeof(T), "a reduction");
  bool is_first = true;
  T result = value;
  for (int lane = 0; lane < 32; ++lane) {
    if ((slots.present & (1u << lane)) == 0) continue;
    result = is_first ? slots.of<T>(lane) : combine(result, slots.of<T>(lane));
    is_first = false;
  }
  return result;
}

}  // namespace hone_emulator

#define HONE_REDUCE(name, type, result) \
  inline type name(unsigned mask, type value) { return hone_emulator::reduce(mask, value, [](type x, type y) { return static_cast<type>(result); }); }
HONE_REDUCE(__reduce_add_sync, unsigned, x + y)
HONE_REDUCE(__reduce_add_sync, int, static_cast<unsigned>(x) + static_cast<unsigned>(y))
HONE_REDUCE(__reduce_min_sync, unsigned, y < x ? y : x)
HONE_REDUCE(__reduce_min_sync, int, y < x ? y : x)
HONE_REDUCE(__reduce_max_sync, unsigned, x < y ? y : x)
HONE_REDUCE(__reduce_max_sync, int, x < y ? y : x)
HONE_REDUCE(__reduce_and_sync, unsigned, x & y)
HONE_REDUCE(__reduce_or_sync, unsigned, x | y)
HONE_REDUCE(__reduce_xor_sync, unsigned, x ^ y)
#undef HONE_REDUCE
