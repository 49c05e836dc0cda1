#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <string>

#include "core/context.h"
#include "core/half.h"
#include "core/nf4-codec.h"
#include "core/packed-weight.h"
#include "core/weight-tiles.h"

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

void quantize_rows(Context& context, const View& source, Nf4Parts& parts) {
  const std::int64_t rows = source.dim[0], columns = source.dim[1], blocks = columns / kNf4Block;
  parts.codes.resize(static_cast<std::size_t>(rows * columns / 2));
  std::vector<float> absmax(static_cast<std::size_t>(rows * blocks));
  context.pool.run(static_cast<int>(rows), [&](int n) {
    float* row = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(columns));
    read_row(source, n, row);
    nf4_quantize_blocks(row, blocks, parts.codes.data() + n * columns / 2, absmax.data() + n * blocks);
  });
  nf4_quantize_scales(std::move(absmax), parts);
}

void pack_nf4(Context& context, const View& source, PackedWeight& weight) {
  Nf4Parts parts;
  quantize_rows(context, source, parts);
  tile_nf4(context, parts, weight);
}

// A code outside its range, or of a value that is not a number, becomes 0.
int code_in(float code, float least, float most) { return code >= least && code <= most ? static_cast<int>(code) : 0; }

// The codes of bitsandbytes' int8_vectorwise_quant: round(w (127 / absmax)), to nearest even.
float quantize_int8_row(const float* values, std::int64_t count, std::int8_t* codes) {
  float largest = 0.0f;
  for (std::int64_t k = 0; k < count; ++k) largest = std::max(largest, std::fabs(values[k]));
  const float factor = largest > 0.0f ? 127.0f / largest : 0.0f;
  for (std::int64_t k = 0; k < count; ++k) {
    codes[k] = static_cast<std::int8_t>(code_in(std::nearbyint(values[k] * factor), -127.0f, 127.0f));
  }
  return largest;
}

// Round to nearest between the least and the largest value of a group, zero among the values that can be had.
void quantize_int4_group(const float* values, int group, std::uint8_t* codes, float& scale, std::uint8_t& zero) {
  const auto [least, most] = std::minmax_element(values, values + group);
  const float low = std::min(*least, 0.0f), high = std::max(*most, 0.0f);
  scale = (high - low) / 15.0f;
  const float inverse = scale > 0.0f ? 1.0f / scale : 0.0f;
  zero = static_cast<std::uint8_t>(code_in(std::nearbyint(-low * inverse), 0.0f, 15.0f));
  const auto code = [&](float value) {
    return code_in(std::clamp(std::nearbyint(value * inverse) + static_cast<float>(zero), 0.0f, 15.0f), 0.0f, 15.0f);
  };
  for (int k = 0; k < group; k += 2) {
    codes[k / 2] = static_cast<std::uint8_t>(code(values[k]) << 4 | code(values[k + 1]));
  }
}

// Calls fn(n, values of row n, memory for as many bytes again); rows of one panel, which share bytes, stay on one thread.
template <class F>
void for_each_row(Context& context, const View& source, const PackedWeight& weight, F&& fn) {
  const std::int64_t columns = weight.columns();
  context.pool.run(static_cast<int>(weight.panels()), [&](int panel) {
    float* row = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(columns) * 2);
    const std::int64_t first = panel * std::int64_t{PackedWeight::kPanel};
    const std::int64_t end = std::min(first + PackedWeight::kPanel, weight.rows());
    for (std::int64_t n = first; n < end; ++n) {
      read_row(source, n, row);
      fn(n, row, row + columns);
    }
  });
}

void pack_int8(Context& context, const View& source, PackedWeight& weight) {
  weight.absmax.resize(static_cast<std::size_t>(weight.rows()));
  for_each_row(context, source, weight, [&](std::int64_t n, const float* values, float* rest) {
    std::int8_t* codes = reinterpret_cast<std::int8_t*>(rest);
    const float absmax = quantize_int8_row(values, weight.columns(), codes);
    weight.absmax[static_cast<std::size_t>(n)] = absmax;
    tile_int8_row(codes, absmax, n, weight);
  });
}

void pack_int4(Context& context, const View& source, PackedWeight& weight) {
  const std::int64_t columns = weight.columns(), groups = columns / weight.group();
  for_each_row(context, source, weight, [&](std::int64_t n, const float* values, float* scales) {
    std::uint8_t* codes = reinterpret_cast<std::uint8_t*>(scales + groups);
    std::uint8_t* zeros = codes + columns / 2;
    for (std::int64_t at = 0; at < groups; ++at) {
      const std::int64_t k = at * weight.group();
      quantize_int4_group(values + k, weight.group(), codes + k / 2, scales[at], zeros[at]);
    }
    tile_int4_row(codes, scales, zeros, n, weight);
  });
}

std::string shape_text(const View& view) {
  return std::string(dtype_name(view.dtype)) + "[" + std::to_string(view.dim[0]) + "," + std::to_string(view.dim[1]) +
         "]";
}

Status check_source(const View& source) {
  const bool is_float = source.dtype == DType::f32 || source.dtype == DType::bf16 || source.dtype == DType::f16;
  if (source.rank == 2 && is_float) return {};
  return bad_argument("expected a f32, bf16 or f16 tensor [N,K] for source but received rank " +
                      std::to_string(source.rank) + " " + dtype_name(source.dtype) +
                      "; fix: pass the weight as a matrix, one row per output");
}

}  // namespace

Status quantize_nf4(Context& context, const View& source, Nf4Parts& out) {
  HONE_TRY(check_source(source));
  HONE_TRY(check_packable(DType::nf4, source.dim[0], source.dim[1], kNf4Block));
  quantize_rows(context, source, out);
  return {};
}

Status pack_weight(Context& context, const View& source, DType format, std::shared_ptr<const PackedWeight>& out) {
  HONE_TRY(check_source(source));
  if (!is_packed(format)) {
    return bad_argument(std::string("expected packed-f32, packed-bf16, nf4, int8 or int4 for format but received ") +
                        dtype_name(format) + "; fix: use tensorCast for a plain dtype");
  }
  HONE_TRY(check_packable(format, source.dim[0], source.dim[1], 64));
  std::shared_ptr<PackedWeight> weight;
  try {
    weight = std::make_shared<PackedWeight>(format, source.dim[0], source.dim[1]);
  } catch (const std::bad_alloc&) {
    return {Code::out_of_memory, "no memory for " + shape_text(source) + " as " + dtype_name(format)};
  }
  switch (format) {
    case DType::nf4:
      pack_nf4(context, source, *weight);
      break;
    case DType::int8:
      pack_int8(context, source, *weight);
      break;
    case DType::int4:
      pack_int4(context, source, *weight);
      break;
    default:
      pack_plain(context, source, *weight);
  }
  out = std::move(weight);
  return {};
}

namespace {

void unpack_row(const PackedWeight& weight, std::int64_t n, float* row) {
  const std::int64_t panel = n / PackedWeight::kPanel, lane = n % PackedWeight::kPanel, width = weight.panel_width(panel);
  for (std::int64_t k = 0; k < weight.columns(); ++k) {
    switch (weight.format()) {
      case DType::packed_f32:
        row[k] = weight.panel_as<float>(panel)[k * width + lane];
        break;
      case DType::packed_bf16:
        row[k] = bf16_to_f32(weight.panel_as<std::uint16_t>(panel)[(k / 2 * width + lane) * 2 + k % 2]);
        break;
      case DType::int8:
        // The order of bitsandbytes' int8_vectorwise_dequant: code times absmax, then times 1/127.
        row[k] = static_cast<float>(weight.code_at(n, k)) * weight.absmax[static_cast<std::size_t>(n)] * 7.874015718698502e-3f;
        break;
      case DType::int4:
        row[k] = static_cast<float>(weight.code_at(n, k) - weight.zero_at(n, k / weight.block())) *
                 weight.scale_at(n, k / weight.block());
        break;
      default:
        row[k] = kNf4Code[weight.code_at(n, k)] * weight.scale_at(n, k / kNf4Block);
    }
  }
}

}  // namespace

Status unpack_weight(Context& context, const PackedWeight& weight, float* out) {
  context.pool.run(static_cast<int>(weight.rows()), [&](int n) { unpack_row(weight, n, out + n * weight.columns()); });
  return {};
}

}  // namespace hone
