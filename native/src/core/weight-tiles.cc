#include "core/weight-tiles.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/nf4-codec.h"

namespace hone {
namespace {

// Neighbouring rows share bytes of a tile, so a panel belongs to one thread.
template <class F>
void for_each_row(Context& context, const PackedWeight& weight, F&& visit) {
  context.pool.run(static_cast<int>(weight.panels()), [&](int panel) {
    const std::int64_t first = panel * std::int64_t{PackedWeight::kPanel};
    const std::int64_t end = std::min(first + PackedWeight::kPanel, weight.rows());
    for (std::int64_t n = first; n < end; ++n) visit(n);
  });
}

// The codes of one tile of one row, two a byte and the high nibble first, into the lanes of its lines.
void tile_codes(const std::uint8_t* codes, int lines, std::int64_t row, std::uint8_t* tile) {
  const std::int64_t lane = row % PackedWeight::kPanel;
  const int shift = static_cast<int>(lane / 16 % 2 * 4);
  const std::int64_t byte = lane % 16 * 4 + lane / 32;
  for (int line = 0; line < lines; ++line) {
    const std::uint8_t pair = codes[line];
    tile[line * 64 + byte] |= static_cast<std::uint8_t>((pair >> 4) << shift);
    tile[line * 64 + byte + 2] |= static_cast<std::uint8_t>((pair & 15) << shift);
  }
}

std::uint8_t* tile_of(PackedWeight& weight, std::int64_t row, std::int64_t block) {
  return reinterpret_cast<std::uint8_t*>(weight.panel_bytes(row / PackedWeight::kPanel)) +
         static_cast<std::size_t>(block) * weight.tile_bytes();
}

// Rounds the scales of a row to 16 bits of the row's largest.
void tile_nf4_row(const std::uint8_t* codes, const float* scales, std::int64_t row, PackedWeight& weight) {
  const std::int64_t lane = row % PackedWeight::kPanel;
  const std::int64_t blocks = weight.depth();
  float largest = 0.0f;
  for (std::int64_t block = 0; block < blocks; ++block) largest = std::max(largest, std::fabs(scales[block]));
  const float factor = largest / 32767.0f;
  weight.row_factor_of(row) = factor;
  for (std::int64_t block = 0; block < blocks; ++block) {
    std::uint8_t* tile = tile_of(weight, row, block);
    tile_codes(codes + block * (kNf4Block / 2), PackedWeight::kTileLines, row, tile);
    const float steps = factor > 0.0f ? std::nearbyint(scales[block] / factor) : 0.0f;
    const std::int16_t quantized = static_cast<std::int16_t>(std::clamp(steps, -32767.0f, 32767.0f));
    std::memcpy(tile + 64 * PackedWeight::kTileLines + lane * 2, &quantized, 2);
  }
}

}  // namespace

void tile_nf4(Context& context, const Nf4Parts& parts, PackedWeight& weight) {
  const bool is_doubled = parts.absmax.empty();
  const std::vector<float> doubled = is_doubled ? nf4_block_scales(parts) : std::vector<float>();
  const std::vector<float>& scales = is_doubled ? doubled : parts.absmax;
  for_each_row(context, weight, [&](std::int64_t n) {
    tile_nf4_row(parts.codes.data() + n * weight.columns() / 2, scales.data() + n * weight.depth(), n, weight);
  });
}

void tile_int8_row(const std::int8_t* codes, float absmax, std::int64_t row, PackedWeight& weight) {
  weight.row_factor_of(row) = absmax / 127.0f;
  const std::int64_t lane = row % PackedWeight::kPanel;
  for (std::int64_t k = 0; k < weight.columns(); ++k) {
    tile_of(weight, row, k / 64)[k % 64 * 64 + lane] = static_cast<std::uint8_t>(codes[k]);
  }
}

void tile_int4_row(const std::uint8_t* codes, const float* scales, const std::uint8_t* zeros, std::int64_t row,
                   PackedWeight& weight) {
  const std::int64_t lane = row % PackedWeight::kPanel, block = weight.block();
  const int lines = static_cast<int>(block / 2);
  for (std::int64_t at = 0; at < weight.depth(); ++at) {
    std::uint8_t* tile = tile_of(weight, row, at);
    tile_codes(codes + at * lines, lines, row, tile);
    const std::int64_t group = at * block / weight.group();
    std::memcpy(tile + lines * 64 + lane * sizeof(float), scales + group, sizeof(float));
    tile[lines * 64 + PackedWeight::kPanel * sizeof(float) + lane] = static_cast<std::uint8_t>(zeros[group] - 8);
  }
}

}  // namespace hone
