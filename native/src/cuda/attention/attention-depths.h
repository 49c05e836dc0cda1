#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>

#include "cuda/device/bf16.h"
#include "hone/status.h"

// The head sizes that kernels are built for. Any other size takes the next larger kernel, with zeros behind each row.
namespace hone::cuda::attention {

inline constexpr int kDepthMax = 256;

inline Status check_head(const char* op, std::int64_t width, double scale) {
  if (width > kDepthMax) {
    return unsupported(std::string("[") + op + "] expected heads of at most " + std::to_string(kDepthMax) + " values but received " +
                       std::to_string(width) + "; fix: run the model on the CPU");
  }
  if (scale > 0) return {};
  return bad_argument(std::string("[") + op + "] expected scale above 0 but received " + std::to_string(scale) +
                      "; fix: give 1 / sqrt(D)");
}

// call.run<kDepth>() for the kernel that serves heads of `width` values.
template <class Call>
Status over_depths(std::int64_t width, const Call& call) {
  if (width <= 64) return call.template run<64>();
  if (width <= 80) return call.template run<80>();
  if (width <= 96) return call.template run<96>();
  if (width <= 128) return call.template run<128>();
  if (width <= 192) return call.template run<192>();
  return call.template run<256>();
}

// Whether every row of `width` values starts at a multiple of 16 bytes.
inline bool is_in_lines(std::initializer_list<const void*> starts, std::int64_t width) {
  std::uintptr_t bits = 0;
  for (const void* start : starts) bits |= reinterpret_cast<std::uintptr_t>(start);
  return bits % 16 == 0 && width % 8 == 0;
}

}  // namespace hone::cuda::attention
