#include "src/device.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "src/stream.h"

namespace hone_emulator {
namespace {

// Where nothing is run nothing is written either, so that shapes of any size fit.
std::size_t memory_bytes() { return std::size_t{8} << (is_dry() ? 39 : 30); }
constexpr std::size_t kAlignment = 256;  // Of cudaMalloc; kernels must not count on more.
constexpr int kMultiprocessors = 8;      // Few, so that grids that fill the card stay small.

// Allocations by their begin.
std::map<const void*, std::size_t>& on_card() {
  static std::map<const void*, std::size_t> all;
  return all;
}
std::map<const void*, std::size_t>& pinned() {
  static std::map<const void*, std::size_t> all;
  return all;
}
std::string& complaint() {
  static std::string text;
  return text;
}

std::size_t used_bytes = 0;

// What other processes hold of the card.
std::size_t held_bytes() {
  const char* text = std::getenv("HONE_EMULATOR_HELD");
  return text == nullptr ? 0 : static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
}

std::size_t left_bytes() {
  const std::size_t gone = used_bytes + held_bytes();
  return gone < memory_bytes() ? memory_bytes() - gone : 0;
}

void* poisoned(std::size_t bytes) {
  void* memory = std::aligned_alloc(kAlignment, (bytes + kAlignment) / kAlignment * kAlignment);
  if (memory != nullptr) std::memset(memory, 0xff, bytes);
  return memory;
}

}  // namespace

bool take_memory(std::size_t bytes) {
  if (bytes > left_bytes()) return false;
  used_bytes += bytes;
  return true;
}

void give_memory_back(std::size_t bytes) { used_bytes -= bytes; }

bool is_dry() {
  const char* text = std::getenv("HONE_EMULATOR_DRY");
  return text != nullptr && (*text == '1' || *text == '2');
}

bool runs_last_block() {
  const char* text = std::getenv("HONE_EMULATOR_DRY");
  return text != nullptr && *text == '2';
}

int compute_capability() {
  const char* text = std::getenv("HONE_EMULATOR_SM");
  return text == nullptr ? 90 : std::atoi(text);
}

// CUDA C++ programming guide, "Technical specifications per compute capability".
int shared_bytes_max() {
  const int capability = compute_capability();
  return (capability == 86 || capability == 89 ? 99 : capability < 90 ? 163 : 227) * 1024;
}

void tell(std::string text) { complaint() = std::move(text); }

bool is_pinned(const void* memory) {
  auto after = pinned().upper_bound(memory);
  if (after == pinned().begin()) return false;
  const auto& [begin, bytes] = *std::prev(after);
  return static_cast<const std::byte*>(memory) < static_cast<const std::byte*>(begin) + bytes;
}

}  // namespace hone_emulator

using namespace hone_emulator;

const char* cudaGetErrorName(cudaError_t error) { return error == cudaSuccess ? "cudaSuccess" : "an error of the emulated card"; }

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorLaunchFailure:
      return complaint().c_str();
    case cudaErrorInvalidConfiguration:
      return "the grid, the block or its shared memory is more than a card has, or none";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    default:
      return "an error of the emulated card";
  }
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaPeekAtLastError() { return cudaSuccess; }

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; }
cudaError_t cudaInitDevice(int device, unsigned, unsigned) { return cudaSetDevice(device); }
cudaError_t cudaSetDeviceFlags(unsigned) { return cudaSuccess; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* out, int device) {
  if (device != 0) return cudaErrorInvalidDevice;
  *out = {};
  std::snprintf(out->name, sizeof(out->name), "emulated sm_%d", compute_capability());
  out->totalGlobalMem = memory_bytes();
  out->sharedMemPerBlock = 48 * 1024;
  out->sharedMemPerBlockOptin = static_cast<std::size_t>(shared_bytes_max());
  out->sharedMemPerMultiprocessor = out->sharedMemPerBlockOptin + 1024;
  out->major = compute_capability() / 10;
  out->minor = compute_capability() % 10;
  out->multiProcessorCount = kMultiprocessors;
  out->maxThreadsPerBlock = 1024;
  out->maxThreadsPerMultiProcessor = 2048;
  out->l2CacheSize = 32 << 20;
  out->warpSize = 32;
  out->regsPerBlock = 65536;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* out, cudaDeviceAttr attribute, int device) {
  cudaDeviceProp all;
  if (const cudaError_t error = cudaGetDeviceProperties(&all, device); error != cudaSuccess) return error;
  switch (attribute) {
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *out = static_cast<int>(all.sharedMemPerBlock);
      break;
    case cudaDevAttrMultiProcessorCount:
      *out = all.multiProcessorCount;
      break;
    case cudaDevAttrL2CacheSize:
      *out = all.l2CacheSize;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *out = all.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *out = all.minor;
      break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *out = static_cast<int>(all.sharedMemPerMultiprocessor);
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *out = static_cast<int>(all.sharedMemPerBlockOptin);
      break;
  }
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
  const char* text = std::getenv("HONE_EMULATOR_DRIVER");
  *version = text == nullptr ? CUDART_VERSION : std::atoi(text);
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total) {
  *total = memory_bytes();
  *free_bytes = left_bytes();
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** out, std::size_t bytes) {
  if (!take_memory(bytes)) return cudaErrorMemoryAllocation;
  *out = poisoned(bytes);
  if (*out == nullptr) return cudaErrorMemoryAllocation;
  on_card()[*out] = bytes;
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  if (memory == nullptr) return cudaSuccess;
  const auto allocation = on_card().find(memory);
  if (allocation == on_card().end()) return cudaErrorInvalidValue;
  give_memory_back(allocation->second);
  on_card().erase(allocation);
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** out, std::size_t bytes, unsigned) {
  *out = poisoned(bytes);
  if (*out == nullptr) return cudaErrorMemoryAllocation;
  pinned()[*out] = bytes;
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** out, std::size_t bytes) { return cudaHostAlloc(out, bytes, cudaHostAllocDefault); }

cudaError_t cudaFreeHost(void* memory) {
  if (memory == nullptr) return cudaSuccess;
  if (pinned().erase(memory) == 0) return cudaErrorInvalidValue;
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaHostGetDevicePointer(void** out, void* memory, unsigned) {
  *out = memory;
  return is_pinned(memory) ? cudaSuccess : cudaErrorInvalidValue;
}
