#include "cuda/card/open-card.h"

#include <cuda_runtime.h>

#include <cstdlib>
#include <string>

#include "cuda/launch.h"

namespace hone::cuda {
namespace {

constexpr int kComputeCapabilityMin = 80;
// Kernels, library handles and the first weights: a GPU with less is full, whatever its size.
constexpr std::int64_t kFreeMin = std::int64_t{256} << 20;

// 13020 is 13.2.
std::string version_text(int version) { return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10); }

Status check_driver(CardFacts& facts) {
  cudaRuntimeGetVersion(&facts.runtime_version);
  const cudaError_t error = cudaDriverGetVersion(&facts.driver_version);
  if (error != cudaSuccess || facts.driver_version == 0) {
    return unsupported("expected an NVIDIA driver (libcuda.so.1) but found none; fix: install the driver of the GPU, or use HONE_DEVICE=cpu");
  }
  // A driver serves every toolkit of its own major version (CUDA Compatibility, "Minor Version Compatibility").
  if (facts.driver_version / 1000 < facts.runtime_version / 1000) {
    return unsupported("expected a driver for CUDA " + version_text(facts.runtime_version) + " but it serves CUDA " +
                       version_text(facts.driver_version) + "; fix: update the driver, or build with a CUDA " +
                       std::to_string(facts.driver_version / 1000) + " toolkit (`npm run build:cuda`)");
  }
  return {};
}

}  // namespace

Status look_at_card(int ordinal, CardFacts& facts) {
  HONE_TRY(check_driver(facts));
  int count = 0;
  if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess || count == 0) {
    return unsupported(std::string("expected a GPU but found none: ") + cudaGetErrorString(error) +
                       "; fix: `nvidia-smi -L` lists them; CUDA_VISIBLE_DEVICES may hide them");
  }
  if (ordinal >= count) {
    return bad_argument("expected a GPU from 0 to " + std::to_string(count - 1) + " for HONE_CUDA_DEVICE but received " +
                        std::to_string(ordinal));
  }
  cudaDeviceProp properties;
  HONE_TRY(cuda_status(cudaGetDeviceProperties(&properties, ordinal), "looking at the GPU"));
  facts.name = properties.name;
  facts.ordinal = ordinal;
  facts.compute_capability = properties.major * 10 + properties.minor;
  facts.multiprocessors = properties.multiProcessorCount;
  if (facts.compute_capability < kComputeCapabilityMin) {
    return unsupported("expected a GPU of sm_80 (Ampere) or later but " + facts.name + " is sm_" +
                       std::to_string(facts.compute_capability) + "; fix: use HONE_DEVICE=cpu");
  }
  HONE_TRY(cuda_status(cudaSetDevice(ordinal), "opening the GPU"));
  std::size_t free_bytes = 0, total_bytes = 0;
  HONE_TRY(cuda_status(cudaMemGetInfo(&free_bytes, &total_bytes), "opening the GPU"));
  facts.free_bytes = static_cast<std::int64_t>(free_bytes);
  facts.total_bytes = static_cast<std::int64_t>(total_bytes);
  if (facts.free_bytes < kFreeMin) {
    return {Code::out_of_memory, facts.name + " has " + std::to_string(facts.free_bytes) + " of " + std::to_string(facts.total_bytes) +
                                     " bytes free; fix: `nvidia-smi` tells which processes hold the rest"};
  }
  return {};
}

Status choose_budget(const CardFacts& facts, std::int64_t& bytes) {
  const char* text = std::getenv("HONE_CUDA_MEMORY");
  if (text == nullptr || *text == 0) {
    bytes = facts.free_bytes / 10 * 9;
    return {};
  }
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  // A share, or bytes enough for the first chunks: nobody means one and a half bytes.
  const bool is_meant = value > 0 && (value <= 1 || (value >= 1 << 20 && value <= 1e18));
  if (*end != 0 || !is_meant) {
    return bad_argument(std::string("expected bytes (a mebibyte at least), or a fraction up to 1 of the GPU's memory, for HONE_CUDA_MEMORY but received ") + text +
                        "; fix: set it to bytes or a share such as 0.5, or leave it unset for nine tenths of what is free");
  }
  bytes = static_cast<std::int64_t>(value <= 1 ? value * static_cast<double>(facts.total_bytes) : value);
  if (bytes <= facts.free_bytes) return {};
  return {Code::out_of_memory, std::string("HONE_CUDA_MEMORY=") + text + " asks for " + std::to_string(bytes) + " bytes but " +
                                   std::to_string(facts.free_bytes) + " are free on " + facts.name +
                                   "; fix: ask for less, or free what other processes hold"};
}

}  // namespace hone::cuda
