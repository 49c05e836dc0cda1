// The driver's virtual memory management (CUDA Driver API, "Virtual Memory Management"). Its functions are asked for by name, so
// that nothing links to the driver.
#include "cuda/card/address-space.h"

#include <cuda.h>
#include <cuda_runtime.h>

#include <string>
#include <vector>

namespace hone::cuda {
namespace {

struct Driver {
  decltype(&cuMemAddressReserve) address_reserve = nullptr;
  decltype(&cuMemAddressFree) address_free = nullptr;
  decltype(&cuMemCreate) create = nullptr;
  decltype(&cuMemRelease) release = nullptr;
  decltype(&cuMemMap) map = nullptr;
  decltype(&cuMemUnmap) unmap = nullptr;
  decltype(&cuMemSetAccess) set_access = nullptr;
};

template <class Function>
bool find(const char* name, Function& out) {
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result;
  // The version in which all of these had come.
  const cudaError_t error = cudaGetDriverEntryPointByVersion(name, &found, 11020, cudaEnableDefault, &result);
  out = reinterpret_cast<Function>(found);
  return error == cudaSuccess && result == cudaDriverEntryPointSuccess && found != nullptr;
}

bool find_all(Driver& driver) {
  return find("cuMemAddressReserve", driver.address_reserve) && find("cuMemAddressFree", driver.address_free) &&
         find("cuMemCreate", driver.create) && find("cuMemRelease", driver.release) && find("cuMemMap", driver.map) &&
         find("cuMemUnmap", driver.unmap) && find("cuMemSetAccess", driver.set_access);
}

class DriverAddressSpace : public AddressSpace {
 public:
  DriverAddressSpace(const Driver& driver, int ordinal, CUdeviceptr base, std::int64_t capacity, Budget& budget)
      : driver_(driver), ordinal_(ordinal), base_(base), capacity_(capacity), budget_(budget), chunks_(capacity / kChunk, 0) {}

  ~DriverAddressSpace() override {
    give_back(0, capacity_);
    driver_.address_free(base_, static_cast<std::size_t>(capacity_));
  }

  std::byte* base() const override { return reinterpret_cast<std::byte*>(base_); }
  std::int64_t capacity() const override { return capacity_; }
  std::int64_t backed_bytes() const override { return backed_bytes_; }

  Status back(std::int64_t offset, std::int64_t bytes) override {
    const std::int64_t first = offset / kChunk, last = (offset + bytes + kChunk - 1) / kChunk;
    if (last > static_cast<std::int64_t>(chunks_.size())) return no_room();
    std::vector<std::int64_t> fresh;
    for (std::int64_t chunk = first; chunk < last; ++chunk) {
      if (chunks_[chunk] != 0) continue;
      if (!back_chunk(chunk)) {
        for (const std::int64_t made : fresh) drop_chunk(made);
        return no_room();
      }
      fresh.push_back(chunk);
    }
    return {};
  }

  void give_back(std::int64_t offset, std::int64_t bytes) override {
    const std::int64_t first = (offset + kChunk - 1) / kChunk, last = (offset + bytes) / kChunk;
    for (std::int64_t chunk = first; chunk < last; ++chunk) {
      if (chunks_[chunk] != 0) drop_chunk(chunk);
    }
  }

 private:
  Status no_room() const {
    return {Code::out_of_memory, "the GPU has no more memory for this process: " + std::to_string(budget_.taken_bytes) + " of " +
                                     std::to_string(budget_.limit_bytes) + " bytes are taken"};
  }

  bool back_chunk(std::int64_t chunk) {
    if (budget_.taken_bytes + kChunk > budget_.limit_bytes) return false;
    CUmemAllocationProp properties = {};
    properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    properties.location.id = ordinal_;
    CUmemGenericAllocationHandle memory = 0;
    if (driver_.create(&memory, kChunk, &properties, 0) != CUDA_SUCCESS) return false;
    const CUdeviceptr address = base_ + static_cast<CUdeviceptr>(chunk * kChunk);
    if (driver_.map(address, kChunk, 0, memory, 0) != CUDA_SUCCESS) {
      driver_.release(memory);
      return false;
    }
    CUmemAccessDesc access = {};
    access.location = properties.location;
    access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    chunks_[chunk] = memory;
    budget_.taken_bytes += kChunk;
    backed_bytes_ += kChunk;
    if (driver_.set_access(address, kChunk, &access, 1) == CUDA_SUCCESS) return true;
    drop_chunk(chunk);
    return false;
  }

  void drop_chunk(std::int64_t chunk) {
    driver_.unmap(base_ + static_cast<CUdeviceptr>(chunk * kChunk), kChunk);
    driver_.release(chunks_[chunk]);
    chunks_[chunk] = 0;
    budget_.taken_bytes -= kChunk;
    backed_bytes_ -= kChunk;
  }

  const Driver driver_;
  const int ordinal_;
  const CUdeviceptr base_;
  const std::int64_t capacity_;
  Budget& budget_;
  std::vector<CUmemGenericAllocationHandle> chunks_;  // 0: nothing is behind it.
  std::int64_t backed_bytes_ = 0;
};

}  // namespace

Status AddressSpace::reserve(int ordinal, std::int64_t capacity, Budget& budget, std::unique_ptr<AddressSpace>& out) {
  Driver driver;
  if (!find_all(driver)) return unsupported("this GPU's driver has no virtual memory management; fix: install a newer driver");
  capacity = (capacity + kChunk - 1) / kChunk * kChunk;
  CUdeviceptr base = 0;
  if (driver.address_reserve(&base, static_cast<std::size_t>(capacity), 0, 0, 0) != CUDA_SUCCESS) {
    return {Code::out_of_memory, "the driver has no addresses for " + std::to_string(capacity) + " bytes"};
  }
  out = std::make_unique<DriverAddressSpace>(driver, ordinal, base, capacity, budget);
  return {};
}

}  // namespace hone::cuda
