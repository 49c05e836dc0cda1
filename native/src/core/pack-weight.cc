#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <string>

#include "core/context.h"
#include "core/half.h"
#include "core/nf4-codec.h"
#include "core/packed-weight.h"

namespace hone {
namespace {

void read_row(const View& source, std::int64_t row, float* out) {
  const std::int64_t columns = source.dim[1];
  if (source.dtype == DType::f32) {
    std::memcpy(out, source.data_as<float>() + row * columns, static_cast<std::size_t>(columns) * 4);
    return;
  }
  const std::uint16_t* values = source.data_as<std::uint16_t>() + row * columns;
  const bool is_bf16 = source.dtype == DType::bf16;
  for (std::int64_t k = 0; k < columns; ++k) out[k] = is_bf16 ? bf16_to_f32(values[k]) : f16_to_f32(values[k]);
}

void pack_f32_row(const float* values, std::int64_t lane, std::int64_t width, PackedWeight& weight, std::byte* panel) {
  float* out = reinterpret_cast<float*>(panel) + lane;
  for (std::int64_t k = 0; k < weight.columns(); ++k) out[k * width] = values[k];
}

void pack_bf16_row(const float* values, std::int64_t lane, std::int64_t width, PackedWeight& weight,
                   std::byte* panel) {
  std::uint16_t* out = reinterpret_cast<std::uint16_t*>(panel) + lane * 2;
  for (std::int64_t k = 0; k < weight.columns(); ++k) out[k / 2 * width * 2 + k % 2] = f32_to_bf16(values[k]);
}

void pack_plain(Context& context, const View& source, PackedWeight& weight) {
  const auto pack_row = weight.format() == DType::packed_f32 ? pack_f32_row : pack_bf16_row;
  context.pool.run(static_cast<int>(weight.panels()), [&](int panel) {
    float* row = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(weight.columns()));
    const std::int64_t first = panel * std::int64_t{PackedWeight::kPanel};
    const std::int64_t end = std::min(first + PackedWeight::kPanel, weight.rows());
    for (std::int64_t n = first; n < end; ++n) {
      read_row(source, n, row);
      pack_row(row, n - first, weight.panel_width(panel), weight, weight.panel_bytes(panel));
    }
  });
}

// Spreads the codes of one row over its tiles and rounds its scales to 16 bits of the row's largest.
void tile_nf4_row(const std::uint8_t* codes, const float* scales, std::int64_t row, PackedWeight& weight) {
  const std::int64_t lane = row % PackedWeight::kPanel;
  const std::int64_t blocks = weight.depth();
  std::uint8_t* panel = reinterpret_cast<std::uint8_t*>(weight.panel_bytes(row / PackedWeight::kPanel));

  float largest = 0.0f;
  for (std::int64_t block = 0; block < blocks; ++block) largest = std::max(largest, std::fabs(scales[block]));
  const float factor = largest / 32767.0f;
  weight.row_factor()[static_cast<std::size_t>(row)] = factor;

  const int shift = static_cast<int>(lane / 16 % 2 * 4);
  const std::int64_t byte = lane % 16 * 4 + lane / 32;
  for (std::int64_t block = 0; block < blocks; ++block) {
    std::uint8_t* tile = panel + static_cast<std::size_t>(block) * PackedWeight::kTileBytes;
    for (int line = 0; line < PackedWeight::kTileLines; ++line) {
      const std::uint8_t pair = codes[block * (kNf4Block / 2) + line];
      tile[line * 64 + byte] |= static_cast<std::uint8_t>((pair >> 4) << shift);
      tile[line * 64 + byte + 2] |= static_cast<std::uint8_t>((pair & 15) << shift);
    }
    const float steps = factor > 0.0f ? std::nearbyint(scales[block] / factor) : 0.0f;
    const std::int16_t quantized = static_cast<std::int16_t>(std::clamp(steps, -32767.0f, 32767.0f));
    std::memcpy(tile + 64 * PackedWeight::kTileLines + lane * 2, &quantized, 2);
  }
}

void pack_nf4(Context& context, const View& source, PackedWeight& weight) {
  const std::int64_t columns = weight.columns(), blocks = weight.depth();
  weight.scales.codes.resize(static_cast<std::size_t>(weight.rows() * columns / 2));
  std::vector<float> absmax(static_cast<std::size_t>(weight.rows() * blocks));
  context.pool.run(static_cast<int>(weight.panels()), [&](int panel) {
    float* row = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(columns));
    const std::int64_t first = panel * std::int64_t{PackedWeight::kPanel};
    const std::int64_t end = std::min(first + PackedWeight::kPanel, weight.rows());
    for (std::int64_t n = first; n < end; ++n) {
      read_row(source, n, row);
      nf4_quantize_blocks(row, blocks, weight.scales.codes.data() + n * columns / 2, absmax.data() + n * blocks);
    }
  });
  nf4_quantize_scales(std::move(absmax), weight.scales);
  const std::vector<float> scales = nf4_block_scales(weight.scales);
  context.pool.run(static_cast<int>(weight.panels()), [&](int panel) {
    const std::int64_t first = panel * std::int64_t{PackedWeight::kPanel};
    const std::int64_t end = std::min(first + PackedWeight::kPanel, weight.rows());
    for (std::int64_t n = first; n < end; ++n) {
      tile_nf4_row(weight.scales.codes.data() + n * columns / 2, scales.data() + n * weight.depth(), n, weight);
    }
  });
  // The tiles hold every code, so the flat copy would only double the memory.
  std::vector<std::uint8_t>().swap(weight.scales.codes);
}

std::string shape_text(const View& view) {
  return std::string(dtype_name(view.dtype)) + "[" + std::to_string(view.dim[0]) + "," + std::to_string(view.dim[1]) +
         "]";
}

}  // namespace

Status pack_weight(Context& context, const View& source, DType format, std::shared_ptr<const PackedWeight>& out) {
  const bool is_float = source.dtype == DType::f32 || source.dtype == DType::bf16 || source.dtype == DType::f16;
  if (source.rank != 2 || !is_float) {
    return bad_argument("[packWeight] expected a f32, bf16 or f16 tensor [N,K] for source but received rank " +
                        std::to_string(source.rank) + " " + dtype_name(source.dtype) +
                        "; fix: pass the weight as a matrix, one row per output");
  }
  if (!is_packed(format)) {
    return bad_argument(std::string("[packWeight] expected packed-f32, packed-bf16 or nf4 for format but received ") +
                        dtype_name(format) + "; fix: use tensorCast for a plain dtype");
  }
  if (format == DType::nf4 && source.dim[1] % kNf4Block != 0) {
    return bad_argument("[packWeight] expected K to be a multiple of 64 for nf4 but received " + shape_text(source) +
                        "; fix: keep this weight in packed-bf16");
  }
  std::shared_ptr<PackedWeight> weight;
  try {
    weight = std::make_shared<PackedWeight>(format, source.dim[0], source.dim[1]);
  } catch (const std::bad_alloc&) {
    return {Code::out_of_memory, "[packWeight] no memory for " + shape_text(source) + " as " + dtype_name(format)};
  }
  if (format == DType::nf4) {
    pack_nf4(context, source, *weight);
  } else {
    pack_plain(context, source, *weight);
  }
  out = std::move(weight);
  return {};
}

Status unpack_weight(Context& context, const PackedWeight& weight, float* out) {
  const std::int64_t columns = weight.columns();
  std::vector<float> scales;
  if (weight.format() == DType::nf4) scales = nf4_block_scales(weight.scales);
  context.pool.run(static_cast<int>(weight.panels()), [&](int panel) {
    const std::int64_t first = panel * std::int64_t{PackedWeight::kPanel};
    const std::int64_t end = std::min(first + PackedWeight::kPanel, weight.rows());
    const std::int64_t width = weight.panel_width(panel);
    for (std::int64_t n = first; n < end; ++n) {
      float* row = out + n * columns;
      for (std::int64_t k = 0; k < columns; ++k) {
        if (weight.format() == DType::packed_f32) {
          row[k] = weight.panel_as<float>(panel)[k * width + n - first];
        } else if (weight.format() == DType::packed_bf16) {
          row[k] = bf16_to_f32(weight.panel_as<std::uint16_t>(panel)[(k / 2 * width + n - first) * 2 + k % 2]);
        } else {
          row[k] = kNf4Code[weight.code_at(n, k)] *
                   scales[static_cast<std::size_t>(n * weight.depth() + k / kNf4Block)];
        }
      }
    }
  });
  return {};
}

Status nf4_parts(const PackedWeight& weight, Nf4Parts& out) {
  if (weight.format() != DType::nf4) {
    return bad_argument(std::string("[nf4Parts] expected an nf4 weight but received ") + dtype_name(weight.format()) +
                        "; fix: pack the weight as nf4 first");
  }
  out = weight.scales;
  out.codes.resize(static_cast<std::size_t>(weight.rows() * weight.columns() / 2));
  std::size_t at = 0;
  for (std::int64_t n = 0; n < weight.rows(); ++n) {
    for (std::int64_t k = 0; k < weight.columns(); k += 2) {
      out.codes[at++] = static_cast<std::uint8_t>(weight.code_at(n, k) << 4 | weight.code_at(n, k + 1));
    }
  }
  return {};
}

}  // namespace hone
