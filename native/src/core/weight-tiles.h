#pragma once
#include "core/context.h"
#include "core/packed-weight.h"

namespace hone {

// How codes and scales are laid out in the tiles of a weight; each writes the rows that it is given and nothing else.

// All rows of an nf4 weight.
void tile_nf4(Context& context, const Nf4Parts& parts, PackedWeight& weight);
// One row: `codes` [K], the factor absmax / 127.
void tile_int8_row(const std::int8_t* codes, float absmax, std::int64_t row, PackedWeight& weight);
// One row: `codes` [K/2], scales and zero points [K/group].
void tile_int4_row(const std::uint8_t* codes, const float* scales, const std::uint8_t* zeros, std::int64_t row,
                   PackedWeight& weight);

}  // namespace hone
