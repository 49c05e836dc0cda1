#include "cuda/launch.h"

namespace hone::cuda {
namespace {

// After these no call of this process succeeds on the card any more (CUDA Runtime API, cudaError_t: "leaves the process in an
// inconsistent state").
bool ends_context(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorHardwareStackError:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorDevicesUnavailable:
    case cudaErrorContained:
    case cudaErrorExternalDevice:
      return true;
    default:
      return false;
  }
}

}  // namespace

Status cuda_status(cudaError_t error, const char* doing) {
  if (error == cudaSuccess) return {};
  const std::string text = std::string(doing) + ": " + cudaGetErrorName(error) + ", " + cudaGetErrorString(error);
  if (error == cudaErrorMemoryAllocation) return {Code::out_of_memory, text};
  if (ends_context(error)) return {Code::device_lost, "the GPU was lost while running " + text};
  return {Code::internal, text};
}

}  // namespace hone::cuda
