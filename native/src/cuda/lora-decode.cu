// The ops of lora-rows.cu: a step that decodes has few rows, and several adapters among them.
#include "core/lora-groups.h"
#include "core/ops-args.h"
#include "cuda/lora-rows.h"
#include "cuda/weight-rows.h"

namespace hone::cuda {
namespace {

LoraAdapters::Part part_of(const View& a, const View& b, std::int64_t rank) {
  LoraAdapters::Part part;
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
  LoraAdapters::Part part = part_of(args.a, args.b, args.a.dim[0]);
  part.scale = static_cast<float>(args.scale);
  part.end = work.rows;
  work.adapters.part[0] = part;
  work.adapters.parts = 1;
  work.rank_max = part.rank;
  work.xa = args.xa.data_as<Bf16>();
  return lora_rows(stream, work);
}

// The bits of loraForward for groups that it, too, takes row by row.
Status lora_grouped_forward(Stream& stream, const LoraGroupedForwardArgs& args) {
  LoraRows work = rows_of_call(args.x, args.y);
  for (const LoraGroup& group : lora_groups(args)) {
    HONE_TRY(check_lora_group(group, work.rows));
    LoraAdapters::Part part = part_of(*group.a, *group.b, group.a->dim[0]);
    part.scale = static_cast<float>(group.scale);
    part.begin = group.begin;
    part.end = group.end;
    work.adapters.part[work.adapters.parts++] = part;
    work.rank_max = std::max(work.rank_max, part.rank);
  }
  if (work.adapters.parts == 0) return {};
  Pieces pieces(stream);
  HONE_TRY(pieces.take(work.rows * work.rank_max, work.xa));
  return lora_rows(stream, work);
}

Status lora_slots_forward(Stream& stream, const LoraSlotsForwardArgs& args) {
  LoraRows work = rows_of_call(args.x, args.y);
  work.adapters.part[0] = part_of(args.a, args.b, args.a.dim[1]);
  work.adapters.parts = 1;
  work.adapters.slots = args.slots.data_as<std::int32_t>();
  work.adapters.scales = args.scales.data_as<float>();
  work.adapters.slot_count = args.a.dim[0];
  work.rank_max = work.adapters.part[0].rank;
  Pieces pieces(stream);
  HONE_TRY(pieces.take(work.rows * work.rank_max, work.xa));
  return lora_rows(stream, work);
}

}  // namespace hone::cuda
