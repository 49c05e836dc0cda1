#include "ceilings.h"

#include <immintrin.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/isa.h"
#include "sampling.h"

namespace hone::bench {
namespace {

constexpr int kSteps = 200000;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr int kChains = 12;  // Enough to hide the latency of every unit measured here.

// bf16 values of both signs in [0.5, 2), their bits random: a unit may run faster on zeros than on what a product gives it.
void fill_bf16(std::uint16_t* out, int count, std::uint32_t seed) {
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    out[i] = static_cast<std::uint16_t>((seed >> 31 << 15) | (0x3f00u + (seed >> 16 & 0xffu)));
  }
}

// The empty asm keeps a chain alive without storing it.
template <class Vector>
void keep(Vector& value) {
  __asm__ volatile("" : "+v"(value));
}

__attribute__((target("avx512f"))) double fma512() {
  __m512 acc[kChains], a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(1.0f);
  keep(a);
  for (__m512& one : acc) one = b;
  for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (__m512& one : acc) one = _mm512_fmadd_ps(one, a, b);
  }
  for (__m512& one : acc) keep(one);
  return 2.0 * 16 * kChains * kSteps;
}

__attribute__((target("avx2,fma"))) double fma256() {
  __m256 acc[kChains], a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(1.0f);
  keep(a);
  for (__m256& one : acc) one = b;
  for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (__m256& one : acc) one = _mm256_fmadd_ps(one, a, b);
  }
  for (__m256& one : acc) keep(one);
  return 2.0 * 8 * kChains * kSteps;
}

__attribute__((target("avx512f,avx512bf16"))) double dot_bf16() {
  alignas(64) std::uint16_t values[2][32];
  fill_bf16(values[0], 64, 1);
  __m512 acc[kChains];
  __m512i a = _mm512_load_si512(values[0]), b = _mm512_load_si512(values[1]);
  keep(a);
  keep(b);
  for (__m512& one : acc) one = _mm512_set1_ps(0.0f);
  for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (__m512& one : acc) {
      one = _mm512_dpbf16_ps(one, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
    }
  }
  for (__m512& one : acc) keep(one);
  return 2.0 * 32 * kChains * kSteps;
}

struct TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

__attribute__((target("amx-tile,amx-bf16"))) double dot_amx() {
  TileConfig config;
  alignas(64) std::uint16_t values[4][512];
  fill_bf16(values[0], 4 * 512, 1);
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = 64;
    config.rows[tile] = 16;
  }
  // GCC 12 believes that the next line reads only eight bytes of the configuration and drops the other stores, and the loads hide what they read.
  __asm__ volatile("" : : "r"(&config), "r"(values) : "memory");
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, values[0], 64);
  _tile_loadd(5, values[1], 64);
  _tile_loadd(6, values[2], 64);
  _tile_loadd(7, values[3], 64);
  constexpr int kTileSteps = kSteps / 4;
  for (int i = 0; i < kTileSteps; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return 2.0 * 16 * 16 * 32 * 4 * kTileSteps;
}

double gflops(ThreadPool& pool, double (*work)()) {
  double operations = 0;
  const Timing timing = time([&] {
    pool.run(pool.size(), [&](int task) {
      const double done = work();
      if (task == 0) operations = done;
    });
  });
  // The best moment counts: a ceiling that a neighbour pressed down would flatter every figure below it.
  return operations * pool.size() / timing.p10 * 1e-9;
}

// On huge pages, as packed weights are: from small ones a thread reads a sixth less.
struct Memory {
  explicit Memory(std::size_t size) : bytes(size), data(static_cast<std::uint8_t*>(std::aligned_alloc(kHugePage, size))) {
    if (data == nullptr) std::abort();
    madvise(data.get(), size, MADV_HUGEPAGE);
    std::memset(data.get(), 1, size);
  }
  struct Free {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };
  std::size_t bytes;
  std::unique_ptr<std::uint8_t, Free> data;
};

// One ascending stream a thread, asked for two pages ahead: of the ways tried (one to eight streams, prefetches at 1 to 16 KiB into
// either cache) none read faster.
double read_gbps(ThreadPool& pool, const Memory& memory) {
  std::uint64_t total = 0;
  const std::size_t share = memory.bytes / pool.size() / 4096 * 4096;
  const Timing timing = time([&] {
    pool.run(pool.size(), [&](int task) {
      const __m128i* from = reinterpret_cast<const __m128i*>(memory.data.get() + task * share);
      __m128i sum[4] = {};
      for (std::size_t i = 0; i < share / 16; i += 4) {
        _mm_prefetch(reinterpret_cast<const char*>(from + i) + 8192, _MM_HINT_T1);
        for (int j = 0; j < 4; ++j) sum[j] = _mm_add_epi64(sum[j], _mm_load_si128(from + i + j));
      }
      if (task == 0) total += static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_add_epi64(sum[0], sum[1])));
    });
  });
  volatile std::uint64_t sink = total;
  static_cast<void>(sink);
  return static_cast<double>(share) * pool.size() / timing.p10 * 1e-9;
}

double copy_gbps(ThreadPool& pool, const Memory& memory) {
  const std::size_t half = memory.bytes / 2, share = half / pool.size() / 4096 * 4096;
  const Timing timing = time([&] {
    pool.run(pool.size(), [&](int task) {
      const __m128i* from = reinterpret_cast<const __m128i*>(memory.data.get() + task * share);
      __m128i* to = reinterpret_cast<__m128i*>(memory.data.get() + half + task * share);
      // A whole line at a time, asked for early: single 16-byte steps reach half of what the kernels' copy does.
      for (std::size_t i = 0; i < share / 16; i += 4) {
        _mm_prefetch(reinterpret_cast<const char*>(from + i) + 2048, _MM_HINT_T0);
        __m128i line[4];
        for (int j = 0; j < 4; ++j) line[j] = _mm_load_si128(from + i + j);
        for (int j = 0; j < 4; ++j) _mm_stream_si128(to + i + j, line[j]);
      }
      _mm_sfence();
    });
  });
  return 2.0 * static_cast<double>(share) * pool.size() / timing.p10 * 1e-9;
}

}  // namespace

std::size_t beyond_cache_bytes() {
  const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  const std::size_t wanted = 2 * static_cast<std::size_t>(cache > 0 ? cache : 32 << 20);
  return std::clamp<std::size_t>(wanted, std::size_t{256} << 20, std::size_t{1} << 30);
}

Ceilings measure_ceilings(ThreadPool& pool) {
  Ceilings out;
  if (isa_available(Isa::avx512)) {
    out.f32_gflops = gflops(pool, fma512);
  } else if (isa_available(Isa::avx2)) {
    out.f32_gflops = gflops(pool, fma256);
  }
  if (isa_available(Isa::avx512bf16)) out.bf16_gflops = gflops(pool, dot_bf16);
  if (isa_available(Isa::amx)) out.amx_gflops = gflops(pool, dot_amx);
  const Memory memory(beyond_cache_bytes());
  out.read_gbps = read_gbps(pool, memory);
  out.copy_gbps = copy_gbps(pool, memory);
  return out;
}

}  // namespace hone::bench
