// Weights from codes and scales that were made elsewhere: checkpoints of bitsandbytes, GPTQ and AWQ.
#include <new>
#include <string>

#include "core/nf4-codec.h"
#include "core/weight-tiles.h"

namespace hone {
namespace {

std::string shape_text(std::int64_t rows, std::int64_t columns) {
  return "[" + std::to_string(rows) + "," + std::to_string(columns) + "]";
}

Status make_weight(DType format, std::int64_t rows, std::int64_t columns, int group, std::shared_ptr<PackedWeight>& out) {
  HONE_TRY(check_packable(format, rows, columns, group));
  try {
    out = std::make_shared<PackedWeight>(format, rows, columns, group);
  } catch (const std::bad_alloc&) {
    return {Code::out_of_memory,
            "[packWeight] no memory for " + shape_text(rows, columns) + " as " + dtype_name(format)};
  }
  return {};
}

}  // namespace

Status check_packable(DType format, std::int64_t rows, std::int64_t columns, int group) {
  if (rows < 1 || columns < 1) {
    return bad_argument("[packWeight] expected a weight of at least [1,1] but received " + shape_text(rows, columns));
  }
  if (format == DType::nf4 && columns % kNf4Block != 0) {
    return bad_argument("[packWeight] expected K to be a multiple of 64 for nf4 but received " + shape_text(rows, columns) +
                        "; fix: keep this weight in packed-bf16");
  }
  if (format != DType::int4) return {};
  if (group != 32 && group != 64 && group != 128) {
    return bad_argument("[packWeight] expected a group of 32, 64 or 128 for int4 but received " + std::to_string(group) +
                        "; fix: repeat the scale of a longer group for every 64 of its k");
  }
  if (columns % group != 0) {
    return bad_argument("[packWeight] expected K to be a multiple of the group of " + std::to_string(group) +
                        " for int4 but received " + shape_text(rows, columns) + "; fix: keep this weight in packed-bf16");
  }
  return {};
}

Status pack_nf4_parts(Context& context, std::int64_t rows, std::int64_t columns, const Nf4Parts& parts,
                      std::shared_ptr<const PackedWeight>& out) {
  std::shared_ptr<PackedWeight> weight;
  HONE_TRY(make_weight(DType::nf4, rows, columns, 64, weight));
  tile_nf4(context, parts, *weight);
  out = std::move(weight);
  return {};
}

Status pack_int8_parts(Context& context, std::int64_t rows, std::int64_t columns, const Int8Parts& parts,
                       std::shared_ptr<const PackedWeight>& out) {
  std::shared_ptr<PackedWeight> weight;
  HONE_TRY(make_weight(DType::int8, rows, columns, 64, weight));
  weight->absmax.assign(parts.absmax, parts.absmax + rows);
  context.pool.run(static_cast<int>(rows),
                   [&](int n) { tile_int8_row(parts.codes + n * columns, parts.absmax[n], n, *weight); });
  out = std::move(weight);
  return {};
}

Status pack_int4_parts(Context& context, std::int64_t rows, std::int64_t columns, const Int4Parts& parts,
                       std::shared_ptr<const PackedWeight>& out) {
  const std::int64_t groups = columns / std::max(1, parts.group);
  for (std::int64_t i = 0; parts.zeros != nullptr && i < rows * groups; ++i) {
    if (parts.zeros[i] <= 16) continue;
    return bad_argument("[packWeight] expected zero points from 0 to 16 for int4 but received " +
                        std::to_string(parts.zeros[i]) + "; fix: unpack the zero points to one a byte");
  }
  std::shared_ptr<PackedWeight> weight;
  HONE_TRY(make_weight(DType::int4, rows, columns, parts.group, weight));
  // Sixteen rows share the bytes of a line, so a panel belongs to one thread.
  context.pool.run(static_cast<int>(weight->panels()), [&](int panel) {
    const std::int64_t first = panel * std::int64_t{PackedWeight::kPanel};
    const std::int64_t end = std::min(first + PackedWeight::kPanel, rows);
    for (std::int64_t n = first; n < end; ++n) {
      tile_int4_row(parts.codes + n * columns / 2, parts.scales + n * groups, parts.zeros + n * groups, n, *weight);
    }
  });
  out = std::move(weight);
  return {};
}

}  // namespace hone
