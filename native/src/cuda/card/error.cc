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

// The library has neither machine code for the card nor PTX that its driver can turn into some.
bool means_no_code(cudaError_t error) {
  return error == cudaErrorNoKernelImageForDevice || error == cudaErrorInvalidKernelImage || error == cudaErrorInvalidPtx ||
         error == cudaErrorUnsupportedPtxVersion || error == cudaErrorJitCompilerNotFound || error == cudaErrorJitCompilationDisabled;
}

}  // namespace

Status cuda_status(cudaError_t error, const char* doing) {
  if (error == cudaSuccess) return {};
  const std::string text = std::string(doing) + ": " + cudaGetErrorName(error) + ", " + cudaGetErrorString(error);
  if (error == cudaErrorMemoryAllocation) return {Code::out_of_memory, text};
  if (ends_context(error)) return {Code::device_lost, "the GPU was lost while running " + text};
  if (means_no_code(error)) {
    return unsupported(text + "; fix: update the driver, or build libhone_cuda.so for this GPU (`npm run build:cuda`) with its own "
                              "architecture among HONE_CUDA_ARCHITECTURES");
  }
  return {Code::internal, text};
}

}  // namespace hone::cuda
