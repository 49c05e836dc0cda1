#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "hone/status.h"
#include "hone/view.h"

namespace hone {

struct Context;

// The pieces of an NF4 weight exactly as bitsandbytes stores them (block 64, double quantization block 256).
struct Nf4Parts {
  std::vector<std::uint8_t> codes;         // Two codes a byte, the high nibble first.
  std::vector<std::uint8_t> absmax_codes;  // One per block of 64 weights.
  std::vector<float> nested_absmax;        // One per 256 block scales.
  float offset = 0;                        // The mean that was taken off the block scales.
};

// Implemented in src/core/packed-weight.cc. `source` is a plain [N,K] tensor of f32, bf16 or f16.
Status pack_weight(Context& context, const View& source, DType format, std::shared_ptr<const PackedWeight>& out);
// The values that the weight stands for, into `out` [N,K]: for nf4 code times double quantized scale, as bitsandbytes has
// them. The nf4 kernels multiply with the bf16 nearest to the code and a scale of 16 bits, within 2^-8 of each value.
Status unpack_weight(Context& context, const PackedWeight& weight, float* out);
Status nf4_parts(const PackedWeight& weight, Nf4Parts& out);
std::int64_t weight_bytes(const PackedWeight& weight);
// The bytes that packing an [N,K] weight would take, known without doing it (the null device counts with it).
std::int64_t packed_weight_bytes(DType format, std::int64_t rows, std::int64_t columns);

}  // namespace hone
