#pragma once
#include <cstdint>

#include "core/card.h"
#include "cuda/stream.h"

namespace hone::cuda {

using Bf16 = std::uint16_t;

// The values of rows row_begin .. row_end-1 of a weight as bf16 [rows,K] into `out`: code times scale in f32, rounded once, as
// bitsandbytes does it on a GPU. Moves 2.5 bytes a weight for nf4.
Status dequantise(Stream& stream, const CardWeight& weight, std::int64_t row_begin, std::int64_t row_end, Bf16* out);

// Fills the parts of `weight`, which lie in memory already, from a plain [N,K] source (f32, bf16 or f16) on the card. Codes and
// scales of nf4 and int8 are those of bitsandbytes.
Status pack_weight(Stream& stream, const View& source, CardWeight& weight);

// [N,K] f32: code times scale, before it is rounded to bf16.
Status unpack_weight(Stream& stream, const CardWeight& weight, float* out);

}  // namespace hone::cuda
