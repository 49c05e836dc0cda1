#include "src/shared-memory.h"

#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "cuda/device/shared-memory.h"

namespace hone_emulator {
namespace {

constexpr std::size_t kGuard = 512;
constexpr unsigned char kGuardByte = 0xa5, kPoison = 0xff;
constexpr std::size_t kChunk = 256;

thread_local unsigned char anchor[16];  // Lies where the arrays lie.

struct Range {
  unsigned char* begin = nullptr;
  std::size_t bytes = 0;
};

// The thread-local memory of the module that holds `anchor`, without what has initial values.
int find_own_module(dl_phdr_info* info, std::size_t, void* out) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    auto* data = static_cast<unsigned char*>(info->dlpi_tls_data);
    if (header.p_type != PT_TLS || data == nullptr || anchor < data || anchor >= data + header.p_memsz) continue;
    *static_cast<Range*>(out) = {data + header.p_filesz, header.p_memsz - header.p_filesz};
    return 1;
  }
  return 0;
}

bool holds_poison(const unsigned char* bytes, std::size_t count) {
  return bytes[0] == kPoison && std::memcmp(bytes, bytes + 1, count - 1) == 0;
}

}  // namespace

SharedMemory& the_shared_memory() {
  static SharedMemory memory;
  return memory;
}

void* dynamic_shared_memory() { return the_shared_memory().dynamic(); }

void SharedMemory::begin_launch(std::size_t dynamic_bytes) {
  dynamic_bytes_ = dynamic_bytes;
  storage_.resize(dynamic_bytes + 2 * kGuard + 1024);
  const auto start = reinterpret_cast<std::uintptr_t>(storage_.data()) + kGuard;
  dynamic_ = reinterpret_cast<unsigned char*>((start + 1023) / 1024 * 1024);
  std::memset(dynamic_ - kGuard, kGuardByte, kGuard);
  std::memset(dynamic_ + dynamic_bytes, kGuardByte, kGuard);
  find_arrays();
  is_scanned_ = false;
}

// The arrays of a caller's own thread: another thread that launches has others.
void SharedMemory::find_arrays() {
  anchor[0] = kPoison;  // The first touch makes the thread's copy.
  Range range;
  dl_iterate_phdr(find_own_module, &range);
  if (range.begin == arrays_ && range.bytes == array_bytes_) return;
  arrays_ = range.begin;
  array_bytes_ = range.bytes;
  if (array_bytes_ > 0) std::memset(arrays_, kPoison, array_bytes_);
  is_written_.assign(array_bytes_ / kChunk + 1, false);
  written_.clear();
}

void SharedMemory::begin_block() { std::memset(dynamic_, kPoison, dynamic_bytes_); }

std::string SharedMemory::end_block() {
  if (!is_scanned_) poison_written();
  is_scanned_ = true;
  for (const std::size_t at : written_) std::memset(arrays_ + at, kPoison, std::min(kChunk, array_bytes_ - at));
  for (std::size_t i = 0; i < kGuard; ++i) {
    if (dynamic_[dynamic_bytes_ + i] == kGuardByte && dynamic_[-1 - static_cast<std::ptrdiff_t>(i)] == kGuardByte) continue;
    return "it wrote outside of its " + std::to_string(dynamic_bytes_) + " bytes of dynamic shared memory";
  }
  return "";
}

// A block may write where the first did not, so all is looked through again at the end.
void SharedMemory::end_launch() {
  poison_written();
  for (const std::size_t at : written_) is_written_[at / kChunk] = false;
  written_.clear();
}

// All arrays of all kernels are looked through, once or twice a launch; a block then pays for those of its kernel alone.
void SharedMemory::poison_written() {
  for (std::size_t at = 0; at < array_bytes_; at += kChunk) {
    const std::size_t bytes = std::min(kChunk, array_bytes_ - at);
    if (is_written_[at / kChunk] || holds_poison(arrays_ + at, bytes)) continue;
    std::memset(arrays_ + at, kPoison, bytes);
    is_written_[at / kChunk] = true;
    written_.push_back(at);
  }
}

}  // namespace hone_emulator
