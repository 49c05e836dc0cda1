#include "core/nf4-codec.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hone {
namespace {

// The code of a value in [-1, 1] is the number of thresholds below it: no branches, so the loop vectorizes.
int nf4_code(float value) {
  int code = 0;
  for (const float threshold : kNf4Thresholds) code += value > threshold ? 1 : 0;
  return code;
}

std::array<float, 256> make_dynamic_map(bool is_signed) {
  constexpr int kSteps = 7;
  std::array<float, 256> map{};
  int filled = 0;
  for (int step = 0; step < kSteps; ++step) {
    const int items = (is_signed ? 1 : 2) << step;
    const float decade = static_cast<float>(std::pow(10.0, step - (kSteps - 1)));
    const float width = (1.0f - 0.1f) / static_cast<float>(items);
    // torch.linspace counts from the nearer end; the same order gives the same last bit.
    const auto boundary = [&](int i) {
      return i < (items + 1) / 2 ? 0.1f + width * static_cast<float>(i) : 1.0f - width * static_cast<float>(items - i);
    };
    for (int i = 0; i < items; ++i) {
      const float mean = (boundary(i) + boundary(i + 1)) / 2.0f;
      map[filled++] = decade * mean;
      if (is_signed) map[filled++] = -decade * mean;
    }
  }
  map[filled++] = 0.0f;
  map[filled++] = 1.0f;
  std::sort(map.begin(), map.end());
  return map;
}

// The nearest entry by the search of bitsandbytes: a tie goes to the side from which the search came.
std::uint8_t nearest_entry(const std::array<float, 256>& map, float value) {
  int pivot = 127, upper = 255, lower = 0;
  for (int step = 64; step > 0; step >>= 1) {
    if (value > map[pivot]) {
      lower = pivot;
      pivot += step;
    } else {
      upper = pivot;
      pivot -= step;
    }
  }
  if (value > map[pivot]) return static_cast<std::uint8_t>(value > (map[upper] + map[pivot]) * 0.5f ? upper : pivot);
  return static_cast<std::uint8_t>(value < (map[lower] + map[pivot]) * 0.5f ? lower : pivot);
}

float largest_magnitude(const float* values, std::int64_t count) {
  float largest = 0.0f;
  for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, std::fabs(values[i]));
  return largest;
}

// A block of zeros has no scale: it must give the code of 0, not that of 0 * infinity.
float inverse_or_zero(float scale) { return scale > 0.0f ? 1.0f / scale : 0.0f; }

template <class T>
double lane_sum(const T* values, std::int64_t count) {
  double lanes[kScaleLanes] = {};
  for (std::int64_t i = 0; i < count; ++i) lanes[i % kScaleLanes] += values[i];
  for (int half = kScaleLanes / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

double scale_sum(const std::vector<float>& scales) {
  const std::int64_t count = static_cast<std::int64_t>(scales.size());
  std::vector<double> chunks;
  for (std::int64_t first = 0; first < count; first += kScaleChunk) {
    chunks.push_back(lane_sum(scales.data() + first, std::min<std::int64_t>(kScaleChunk, count - first)));
  }
  return lane_sum(chunks.data(), static_cast<std::int64_t>(chunks.size()));
}

void quantize_block(const float* values, float absmax, std::uint8_t* packed) {
  const float inverse = inverse_or_zero(absmax);
  for (int i = 0; i < kNf4Block; i += 2) {
    const int high = nf4_code(values[i] * inverse);
    const int low = nf4_code(values[i + 1] * inverse);
    packed[i / 2] = static_cast<std::uint8_t>(high << 4 | low);
  }
}

}  // namespace

const std::array<float, 256>& dynamic_map() {
  static const std::array<float, 256> map = make_dynamic_map(true);
  return map;
}

const std::array<float, 256>& unsigned_dynamic_map() {
  static const std::array<float, 256> map = make_dynamic_map(false);
  return map;
}

void nf4_quantize_blocks(const float* values, std::int64_t blocks, std::uint8_t* codes, float* absmax) {
  for (std::int64_t block = 0; block < blocks; ++block) {
    const float* source = values + block * kNf4Block;
    absmax[block] = largest_magnitude(source, kNf4Block);
    quantize_block(source, absmax[block], codes + block * (kNf4Block / 2));
  }
}

void nf4_quantize_scales(std::vector<float> absmax, Nf4Parts& parts) {
  const std::int64_t blocks = static_cast<std::int64_t>(absmax.size());
  parts.offset = blocks > 0 ? static_cast<float>(scale_sum(absmax) / static_cast<double>(blocks)) : 0.0f;
  for (float& scale : absmax) scale -= parts.offset;

  parts.absmax_codes.resize(absmax.size());
  parts.nested_absmax.clear();
  for (std::int64_t start = 0; start < blocks; start += kNf4NestedBlock) {
    const std::int64_t length = std::min<std::int64_t>(kNf4NestedBlock, blocks - start);
    const float nested = largest_magnitude(absmax.data() + start, length);
    const float inverse = inverse_or_zero(nested);
    parts.nested_absmax.push_back(nested);
    for (std::int64_t i = 0; i < length; ++i) {
      parts.absmax_codes[start + i] = nearest_entry(dynamic_map(), absmax[start + i] * inverse);
    }
  }
}

Nf4Parts nf4_quantize(const float* values, std::int64_t count) {
  Nf4Parts parts;
  const std::int64_t blocks = count / kNf4Block;
  parts.codes.resize(static_cast<std::size_t>(count / 2));
  std::vector<float> absmax(static_cast<std::size_t>(blocks));
  nf4_quantize_blocks(values, blocks, parts.codes.data(), absmax.data());
  nf4_quantize_scales(std::move(absmax), parts);
  return parts;
}

std::vector<float> nf4_block_scales(const Nf4Parts& parts) {
  std::vector<float> scales(parts.absmax_codes.size());
  for (std::size_t block = 0; block < scales.size(); ++block) {
    const float nested = parts.nested_absmax[block / kNf4NestedBlock];
    scales[block] = dynamic_map()[parts.absmax_codes[block]] * nested + parts.offset;
  }
  return scales;
}

}  // namespace hone
