#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "hone/weights.h"

namespace hone {

inline constexpr int kNf4Block = 64;        // Weights that share one scale.
inline constexpr int kNf4NestedBlock = 256;  // Block scales that share one nested scale.

// The 16 values of NormalFloat4 (QLoRA, arXiv 2305.14314, appendix E), as bitsandbytes stores them.
inline constexpr float kNf4Code[16] = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f,
};

// The midpoints between neighbouring codes, as literals so that the same comparison decides as in bitsandbytes.
inline constexpr float kNf4Thresholds[15] = {
    -0.8480964004993439f,  -0.6106329262256622f,  -0.4599952697753906f,  -0.33967943489551544f, -0.23460740596055984f,
    -0.13791173323988914f, -0.045525018125772476f, 0.03979014977812767f, 0.1202552504837513f,   0.2035212516784668f,
    0.2920137718319893f,   0.3893125355243683f,   0.5016634166240692f,   0.6427869200706482f,   0.8614784181118011f,
};

// The signed dynamic 8-bit map of bitsandbytes (7 exponent steps of ten, linear inside each), ascending.
const std::array<float, 256>& dynamic_map();
// The same for values that are never below zero: twice as many values in each step.
const std::array<float, 256>& unsigned_dynamic_map();

// Quantizes `count` weights (a multiple of 64): 4-bit codes with one scale a block, then the scales themselves to
// 8 bits around their mean. The codes equal those of bitsandbytes.
Nf4Parts nf4_quantize(const float* values, std::int64_t count);

// The two halves of it, for a caller that splits the blocks among threads: codes and scales of `blocks` blocks of 64, then
// all scales to 8 bits.
void nf4_quantize_blocks(const float* values, std::int64_t blocks, std::uint8_t* codes, float* absmax);
void nf4_quantize_scales(std::vector<float> absmax, Nf4Parts& parts);

// The order in which the scales are added up for their mean, so that a GPU finds the same sum: in every chunk of 4096, lane l
// of 32 adds the values l, l + 32, ...; then lanes are folded, the upper half on the lower; and so again with the sums of chunks.
inline constexpr int kScaleChunk = 4096;
inline constexpr int kScaleLanes = 32;

// The scale of every block as the parts tell it.
std::vector<float> nf4_block_scales(const Nf4Parts& parts);

}  // namespace hone
