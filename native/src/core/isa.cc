#include "core/isa.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace hone {
namespace {

constexpr const char* kNames[kIsaCount] = {"plain", "avx2", "avx512", "avx512bf16", "amx"};

#if defined(__x86_64__) && defined(__linux__)
// Linux hands out the AMX tile registers only to processes that ask (Documentation/arch/x86/xstate.rst).
bool request_amx_tiles() {
  constexpr int kRequestPermission = 0x1023;
  constexpr int kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool has_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  const bool bf16 = (d >> 22) & 1;
  const bool tile = (d >> 24) & 1;
  return bf16 && tile && request_amx_tiles();
}

bool detect(Isa isa) {
  switch (isa) {
    case Isa::plain:
      return true;
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case Isa::avx512:
      return detect(Isa::avx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case Isa::avx512bf16:
      return detect(Isa::avx512) && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vbmi");
    case Isa::amx:
      return detect(Isa::avx512bf16) && has_amx();
  }
  return false;
}
#else
bool detect(Isa isa) { return isa == Isa::plain; }
#endif

}  // namespace

const char* isa_name(Isa isa) { return kNames[static_cast<int>(isa)]; }

bool isa_from_name(std::string_view name, Isa& out) {
  for (int level = 0; level < kIsaCount; ++level) {
    if (name == kNames[level]) {
      out = static_cast<Isa>(level);
      return true;
    }
  }
  return false;
}

bool isa_available(Isa isa) {
  static const bool available[kIsaCount] = {detect(Isa::plain), detect(Isa::avx2), detect(Isa::avx512),
                                            detect(Isa::avx512bf16), detect(Isa::amx)};
  return available[static_cast<int>(isa)];
}

Isa best_isa() {
  for (int level = kIsaCount - 1; level > 0; --level) {
    if (isa_available(static_cast<Isa>(level))) return static_cast<Isa>(level);
  }
  return Isa::plain;
}

}  // namespace hone
