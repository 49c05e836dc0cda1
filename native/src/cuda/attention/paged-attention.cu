#include "cuda/attention/paged-attention.h"

namespace hone::cuda {
namespace {

int power_of_two(std::int64_t value) {
  for (int shift = 0; shift < 31; ++shift) {
    if (std::int64_t{1} << shift == value) return shift;
  }
  return -1;
}

}  // namespace

Status paged_attention(Stream& stream, const PagedAttentionArgs& args) {
  using namespace attention;
  if (args.q.count() == 0) return {};
  HONE_TRY(check_head("pagedAttention", args.q.dim[2], args.scale));
  Paged paged = {};
  paged.q = args.q.data_as<Bf16>();
  paged.k_cache = args.k_cache.data;
  paged.v_cache = args.v_cache.data;
  paged.block_table = args.block_table.data_as<std::int32_t>();
  paged.row_sequence = args.row_sequence.data_as<std::int32_t>();
  paged.row_position = args.row_position.data_as<std::int32_t>();
  paged.o = args.o.data_as<Bf16>();
  paged.rows = static_cast<int>(args.q.dim[0]);
  paged.heads = static_cast<int>(args.q.dim[1]);
  paged.kv_heads = static_cast<int>(args.k_cache.dim[1]);
  paged.width = static_cast<int>(args.q.dim[2]);
  paged.page = static_cast<int>(args.k_cache.dim[2]);
  paged.page_shift = power_of_two(args.k_cache.dim[2]);
  paged.pages = static_cast<int>(args.k_cache.dim[0]);
  paged.sequences = static_cast<int>(args.block_table.dim[0]);
  paged.blocks = static_cast<int>(args.block_table.dim[1]);
  paged.reach = reach_of(args.window);
  paged.rule = score_rule(args.scale, args.softcap);
  paged.is_vector = is_in_lines({args.q.data, args.k_cache.data, args.v_cache.data, args.o.data}, args.q.dim[2]);
  paged.fault = stream.fault;
  if (args.k_cache.dtype != DType::bf16) return paged_rows_f32(stream, paged);
  // No run can be long in a batch of decode rows, one for each sequence.
  paged.has_chunks = paged.rows > paged.sequences && paged.rows > kShortRun;
  HONE_TRY(paged_rows(stream, paged));
  return paged.has_chunks ? paged_chunks(stream, paged) : Status{};
}

}  // namespace hone::cuda
