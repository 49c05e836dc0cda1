#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "hone/status.h"
#include "hone/view.h"

namespace hone {

struct Context;

// The pieces of an NF4 weight exactly as bitsandbytes stores them (block 64, double quantization block 256). The scales of
// the blocks are either double quantized or, in `absmax`, plain.
struct Nf4Parts {
  std::vector<std::uint8_t> codes;         // Two codes a byte, the high nibble first.
  std::vector<std::uint8_t> absmax_codes;  // One per block of 64 weights.
  std::vector<float> nested_absmax;        // One per 256 block scales.
  float offset = 0;                        // The mean that was taken off the block scales.
  std::vector<float> absmax;               // One per block of 64 weights where the scales are plain, else empty.
};

// An int8 weight as bitsandbytes stores it (LLM.int8, arXiv 2208.07339): w = code absmax[n] / 127.
struct Int8Parts {
  const std::int8_t* codes = nullptr;  // [N,K]
  const float* absmax = nullptr;       // [N]
};

// A weight of 4-bit codes, as GPTQ and AWQ checkpoints hold it: w = (code - zero) scale, both of the group of k.
struct Int4Parts {
  int group = 64;                       // 32, 64 or 128 consecutive k.
  const std::uint8_t* codes = nullptr;  // [N,K/2] two codes a byte, the high nibble first.
  const float* scales = nullptr;        // [N,K/group]
  const std::uint8_t* zeros = nullptr;  // [N,K/group] 0 to 16
};

// Implemented in src/core/packed-weight.cc. `source` is a plain [N,K] tensor of f32, bf16 or f16.
Status pack_weight(Context& context, const View& source, DType format, std::shared_ptr<const PackedWeight>& out);
// What pack_weight makes of a source [N,K], K a multiple of 64, before it lays it out for the kernels: the codes and double
// quantized scales of bitsandbytes.
Status quantize_nf4(Context& context, const View& source, Nf4Parts& out);
// The same from codes and scales that somebody else made (src/core/pack-parts.cc). Every code stays as it is, and so do the
// scales of int8 and int4; those of nf4 are rounded to 16 bits of the largest of their row.
Status pack_nf4_parts(Context& context, std::int64_t rows, std::int64_t columns, const Nf4Parts& parts,
                      std::shared_ptr<const PackedWeight>& out);
Status pack_int8_parts(Context& context, std::int64_t rows, std::int64_t columns, const Int8Parts& parts,
                       std::shared_ptr<const PackedWeight>& out);
Status pack_int4_parts(Context& context, std::int64_t rows, std::int64_t columns, const Int4Parts& parts,
                       std::shared_ptr<const PackedWeight>& out);
// Refuses a shape that the format cannot hold.
Status check_packable(DType format, std::int64_t rows, std::int64_t columns, int group);
// The values that the weight stands for, into `out` [N,K]: for nf4 code times scale (within 2^-16 of the row's largest of what
// bitsandbytes restores), for int8 code times absmax times 1/127 as bitsandbytes has it, for int4 (code - zero) scale. The nf4
// kernels multiply with the bf16 nearest to the code, within 2^-8 of each value; those of int8 and int4 are exact in bf16.
Status unpack_weight(Context& context, const PackedWeight& weight, float* out);
std::int64_t weight_bytes(const PackedWeight& weight);
// The bytes that packing an [N,K] weight would take, known without doing it (the null device counts with it).
// `group` is that of int4.
std::int64_t packed_weight_bytes(DType format, std::int64_t rows, std::int64_t columns, int group = 64);

}  // namespace hone
