// The ops of lora-rows.cu: a step that decodes has few rows, and several adapters among them.
#include "core/lora-groups.h"
#include "core/lora-places.h"
#include "core/ops-args.h"
#include "cuda/linear/lora-rows.h"
#include "cuda/weights/weight-rows.h"

namespace hone::cuda {
namespace {

LoraParts::Part part_of(const View& a, const View& b, std::int64_t rank) {
  LoraParts::Part part;
  part.a = a.data;
  part.b = b.data;
  part.is_a_f32 = a.dtype == DType::f32;
  part.is_b_f32 = b.dtype == DType::f32;
  part.rank = static_cast<int>(rank);
  return part;
}

LoraRows rows_of_call(const View& x, const View& y) {
  LoraRows work;
  work.x = x.data_as<Bf16>();
  work.y = y.data_as<Bf16>();
  work.rows = x.dim[0];
  work.depth = x.dim[1];
  work.columns = y.dim[1];
  return work;
}

}  // namespace

Status lora_forward_few(Stream& stream, const LoraForwardArgs& args) {
  LoraRows work = rows_of_call(args.x, args.y);
  LoraParts::Part part = part_of(args.a, args.b, args.a.dim[0]);
  part.scale = static_cast<float>(args.scale);
  part.end = work.rows;
  work.parts.part[0] = part;
  work.parts.count = 1;
  work.rank_max = part.rank;
  work.xa = args.xa.data_as<Bf16>();
  return lora_rows(stream, work);
}

// The bits of loraForward for groups that it, too, takes row by row.
Status lora_grouped_forward(Stream& stream, const LoraGroupedForwardArgs& args) {
  LoraRows work = rows_of_call(args.x, args.y);
  for (const LoraGroup& group : lora_groups(args)) {
    HONE_TRY(check_lora_group(group, work.rows));
    LoraParts::Part part = part_of(*group.a, *group.b, group.a->dim[0]);
    part.scale = static_cast<float>(group.scale);
    part.begin = group.begin;
    part.end = group.end;
    work.parts.part[work.parts.count++] = part;
    work.rank_max = std::max(work.rank_max, part.rank);
  }
  if (work.parts.count == 0) return {};
  Pieces pieces(stream);
  HONE_TRY(pieces.take(work.rows * work.rank_max, work.xa));
  return lora_rows(stream, work);
}

// The bits of loraForward for the rows of each slot, where that takes them row by row.
Status lora_paged_forward(Stream& stream, const LoraPagedForwardArgs& args) {
  HONE_TRY(check_lora_rank_max(args));
  if (args.rank_max == 0) return {};
  LoraRows work = rows_of_call(args.x, args.y);
  LoraPages& paged = work.paged;
  paged.slots = args.slots.data_as<std::int32_t>();
  paged.a = args.a.data;
  paged.b = args.b.data;
  paged.pages = args.pages.data_as<std::int32_t>();
  paged.places = args.places.data_as<std::int32_t>();
  paged.scales = args.scales.data_as<float>();
  paged.slot_count = args.scales.dim[0];
  paged.page_count = args.a.dim[0];
  paged.listed = args.pages.dim[0];
  paged.elements = args.a.dim[1];
  paged.is_f32 = args.a.dtype == DType::f32;
  while (std::int64_t{1} << (paged.shift + 1) <= paged.elements) ++paged.shift;
  if (std::int64_t{1} << paged.shift != paged.elements) paged.shift = -1;
  work.rank_max = static_cast<int>(args.rank_max);
  Pieces pieces(stream);
  HONE_TRY(pieces.take(work.rows * work.rank_max, work.xa));
  return lora_rows(stream, work);
}

}  // namespace hone::cuda
