#pragma once
#include "core/op-spec.h"

namespace hone {

// Where tensors lie and what computes on them. The two that count compute nothing and have no memory: a dry run on `null` takes
// what one on the processor would, one on `null_cuda` what one on a GPU would. `pinned` is host memory that a GPU reads and writes by
// itself: tensors wait there, and nothing computes on them.
enum class Device : int { cpu = 0, null = 1, cuda = 2, null_cuda = 3, pinned = 4 };
inline constexpr int kDeviceCount = 5;

constexpr bool is_counted(Device device) { return device == Device::null || device == Device::null_cuda; }

constexpr Arithmetic arithmetic_of(Device device) {
  return device == Device::cuda || device == Device::null_cuda ? Arithmetic::narrow : Arithmetic::wide;
}

constexpr const char* device_name(Device device) {
  constexpr const char* names[kDeviceCount] = {"cpu", "null", "cuda", "null-cuda", "pinned"};
  return names[static_cast<int>(device)];
}

}  // namespace hone
