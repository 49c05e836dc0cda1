// Addresses without memory behind them fault, as on a card. A chunk that was just mapped holds poison.
#include <sys/mman.h>

#include <cstring>
#include <map>
#include <string>

#include "cuda.h"
#include "src/device.h"
#include "src/stream.h"

using namespace hone_emulator;

namespace {

std::map<CUmemGenericAllocationHandle, std::size_t>& chunks() {
  static std::map<CUmemGenericAllocationHandle, std::size_t> all;
  return all;
}

void* pointer(CUdeviceptr address) { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)); }

}  // namespace

CUresult cuMemAddressReserve(CUdeviceptr* out, std::size_t bytes, std::size_t, CUdeviceptr, unsigned long long) {
  void* memory = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return CUDA_ERROR_OUT_OF_MEMORY;
  *out = static_cast<CUdeviceptr>(reinterpret_cast<std::uintptr_t>(memory));
  return CUDA_SUCCESS;
}

CUresult cuMemAddressFree(CUdeviceptr address, std::size_t bytes) {
  return munmap(pointer(address), bytes) == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemCreate(CUmemGenericAllocationHandle* out, std::size_t bytes, const CUmemAllocationProp*, unsigned long long) {
  if (!take_memory(bytes)) return CUDA_ERROR_OUT_OF_MEMORY;
  static CUmemGenericAllocationHandle last = 0;
  chunks()[*out = ++last] = bytes;
  return CUDA_SUCCESS;
}

CUresult cuMemRelease(CUmemGenericAllocationHandle memory) {
  const auto chunk = chunks().find(memory);
  if (chunk == chunks().end()) return CUDA_ERROR_INVALID_VALUE;
  give_memory_back(chunk->second);
  chunks().erase(chunk);
  return CUDA_SUCCESS;
}

CUresult cuMemMap(CUdeviceptr, std::size_t bytes, std::size_t, CUmemGenericAllocationHandle memory, unsigned long long) {
  const auto chunk = chunks().find(memory);
  return chunk != chunks().end() && chunk->second == bytes ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemSetAccess(CUdeviceptr address, std::size_t bytes, const CUmemAccessDesc*, std::size_t) {
  if (is_dry() && !runs_last_block()) return CUDA_SUCCESS;
  if (mprotect(pointer(address), bytes, PROT_READ | PROT_WRITE) != 0) return CUDA_ERROR_INVALID_VALUE;
  if (!is_dry()) std::memset(pointer(address), 0xff, bytes);
  return CUDA_SUCCESS;
}

CUresult cuMemUnmap(CUdeviceptr address, std::size_t bytes) {
  madvise(pointer(address), bytes, MADV_DONTNEED);
  return mprotect(pointer(address), bytes, PROT_NONE) == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** out, unsigned, unsigned long long,
                                             cudaDriverEntryPointQueryResult* result) {
  static const std::map<std::string, void*> functions = {
      {"cuMemAddressReserve", reinterpret_cast<void*>(cuMemAddressReserve)},
      {"cuMemAddressFree", reinterpret_cast<void*>(cuMemAddressFree)},
      {"cuMemCreate", reinterpret_cast<void*>(cuMemCreate)},
      {"cuMemRelease", reinterpret_cast<void*>(cuMemRelease)},
      {"cuMemMap", reinterpret_cast<void*>(cuMemMap)},
      {"cuMemUnmap", reinterpret_cast<void*>(cuMemUnmap)},
      {"cuMemSetAccess", reinterpret_cast<void*>(cuMemSetAccess)},
  };
  const auto function = functions.find(name);
  *out = function == functions.end() ? nullptr : function->second;
  *result = *out == nullptr ? cudaDriverEntryPointSymbolNotFound : cudaDriverEntryPointSuccess;
  return cudaSuccess;
}
