#pragma once
#include <cstddef>

#include "core/context.h"

namespace hone::bench {

// What this machine can do at most, measured now and with the same threads as the figures. 0 where it has no such unit.
struct Ceilings {
  double f32_gflops = 0;   // Fused multiply-adds on registers.
  double bf16_gflops = 0;  // vdpbf16ps on registers.
  double amx_gflops = 0;   // tdpbf16ps on tiles.
  double read_gbps = 0;    // Sum over a buffer beyond the last-level cache.
  double copy_gbps = 0;    // Read plus written bytes of a copy with streaming stores.
};

// Bytes that do not fit the last-level cache, at most 1 GiB.
std::size_t beyond_cache_bytes();

Ceilings measure_ceilings(ThreadPool& pool);

}  // namespace hone::bench
