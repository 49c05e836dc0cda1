#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/half.h"
#include "core/ops-args.h"
#include "core/paging.h"
#include "core/soft-cap.h"

namespace hone::reference {
namespace {

float cached(const View& cache, std::int64_t i) {
  return cache.dtype == DType::f32 ? cache.data_as<float>()[i] : bf16_to_f32(cache.data_as<std::uint16_t>()[i]);
}

void write_row(const View& cache, std::int64_t target, const float* row, std::int64_t width) {
  for (std::int64_t c = 0; c < width; ++c) {
    if (cache.dtype == DType::f32) {
      cache.data_as<float>()[target + c] = row[c];
    } else {
      cache.data_as<std::uint16_t>()[target + c] = f32_to_bf16(row[c]);
    }
  }
}

}  // namespace

Status kv_write(Context&, const KvWriteArgs& args) {
  const std::int64_t tokens = args.k.dim[0], kv_heads = args.k.dim[1], width = args.k.dim[2], page = args.k_cache.dim[2];
  for (std::int64_t t = 0; t < tokens; ++t) {
    const std::int64_t slot = args.slots.data_as<std::int32_t>()[t];
    if (slot < 0) continue;
    for (std::int64_t h = 0; h < kv_heads; ++h) {
      const std::int64_t target = ((slot / page * kv_heads + h) * page + slot % page) * width;
      const std::int64_t source = (t * kv_heads + h) * width;
      write_row(args.k_cache, target, args.k.data_as<float>() + source, width);
      write_row(args.v_cache, target, args.v.data_as<float>() + source, width);
    }
  }
  return {};
}

Status paged_attention(Context&, const PagedAttentionArgs& args) {
  HONE_TRY(check_blocks(args));
  const std::int64_t tokens = args.q.dim[0], heads = args.q.dim[1], width = args.q.dim[2];
  const std::int64_t kv_heads = args.k_cache.dim[1], page = args.k_cache.dim[2], blocks = args.block_table.dim[1];
  std::vector<double> scores, out(width);
  for (std::int64_t t = 0; t < tokens; ++t) {
    const std::int64_t last = args.row_position.data_as<std::int32_t>()[t];
    const std::int64_t first = args.window > 0 ? std::max<std::int64_t>(0, last - args.window + 1) : 0;
    const std::int32_t* table = args.block_table.data_as<std::int32_t>() + args.row_sequence.data_as<std::int32_t>()[t] * blocks;
    for (std::int64_t h = 0; h < heads; ++h) {
      std::vector<float> q(args.q.data_as<float>() + (t * heads + h) * width, args.q.data_as<float>() + (t * heads + h + 1) * width);
      if (args.k_cache.dtype == DType::bf16) std::transform(q.begin(), q.end(), q.begin(), round_to_bf16);
      const auto row_of = [&](std::int64_t j) {
        return ((table[j / page] * kv_heads + h / (heads / kv_heads)) * page + j % page) * width;
      };
      scores.assign(last - first + 1, 0);
      double most = -std::numeric_limits<double>::infinity(), sum = 0;
      for (std::int64_t j = first; j <= last; ++j) {
        for (std::int64_t c = 0; c < width; ++c) scores[j - first] += static_cast<double>(q[c]) * cached(args.k_cache, row_of(j) + c);
        scores[j - first] = soft_cap(args.scale * scores[j - first], args.softcap);
        most = std::max(most, scores[j - first]);
      }
      std::fill(out.begin(), out.end(), 0.0);
      for (std::int64_t j = first; j <= last; ++j) {
        const double p = std::exp(scores[j - first] - most);
        sum += p;
        for (std::int64_t c = 0; c < width; ++c) out[c] += p * cached(args.v_cache, row_of(j) + c);
      }
      for (std::int64_t c = 0; c < width; ++c) {
        args.o.data_as<float>()[(t * heads + h) * width + c] = static_cast<float>(out[c] / sum);
      }
    }
  }
  return {};
}

}  // namespace hone::reference
