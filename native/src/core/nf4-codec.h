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

// The scale of every block as the parts tell it.
std::vector<float> nf4_block_scales(const Nf4Parts& parts);

}  // namespace hone
