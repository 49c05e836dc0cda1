// isa: avx2 avx512
// The three ops after one another, bit for bit: what is saved is two crossings from the caller, for the keys are in the caches.
#include "core/ops-args.h"
#include "hone/status.h"

namespace hone::HONE_ISA {

Status rope(Context& context, const RopeArgs& args);
Status kv_write(Context& context, const KvWriteArgs& args);

Status rope_kv_write(Context& context, const RopeKvWriteArgs& args) {
  HONE_TRY(rope(context, {args.q, args.positions, args.inv_freq, args.mscale, false}));
  HONE_TRY(rope(context, {args.k, args.positions, args.inv_freq, args.mscale, false}));
  return kv_write(context, {args.k, args.v, args.slots, args.k_cache, args.v_cache});
}

}  // namespace hone::HONE_ISA
