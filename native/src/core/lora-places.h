#pragma once
#include <algorithm>
#include <string>

#include "core/ops-args.h"

namespace hone {

// Where a slot of loraPagedForward has its matrices: what a row of `places` says.
struct LoraPlace {
  std::int64_t first;  // Of its entries in the list of pages.
  std::int64_t a, b;   // Elements from the beginning of its first page.
  std::int64_t rank;   // 0: no update.
};

inline LoraPlace lora_place(const LoraPagedForwardArgs& args, std::int64_t slot) {
  const std::int32_t* place = args.places.data_as<std::int32_t>() + 4 * slot;
  return {place[0], place[1], place[2], place[3]};
}

// Of `places`, which has no check of the table.
inline constexpr int kLoraPagedForwardPlaces = kLoraPagedForwardPages + 1;

// Of rankMax: xa of one row then takes 96 of the 99 KiB of shared memory that every GPU gives a block.
inline constexpr std::int64_t kLoraRankMax = 24576;

inline Status check_lora_rank_max(const LoraPagedForwardArgs& args) {
  if (args.rank_max <= kLoraRankMax) return {};
  return bad_argument("expected a whole number from 0 to " + std::to_string(kLoraRankMax) + " for rankMax but received " +
                      std::to_string(args.rank_max) + "; fix: pass the largest rank among the adapters");
}

// What both devices say of a row of `places` that names a rank or matrices that are not there.
inline std::string wrong_lora_place(std::int64_t rank_max, std::int64_t listed, std::int64_t elements, std::int64_t slot, const LoraPlace& place) {
  return "expected a rank of at most " + std::to_string(rank_max) + " and matrices on the " + std::to_string(listed) + " listed pages of " +
         std::to_string(elements) + " elements for places of slot " + std::to_string(slot) + " but received rank " + std::to_string(place.rank) +
         " at " + std::to_string(place.a) + " and " + std::to_string(place.b) + " from entry " + std::to_string(place.first) +
         "; fix: write the row of that slot anew when its pages or its rank change";
}

// Elements from one row of B to the next: whole vectors of 16 bytes, zeros behind the rank.
inline std::int64_t lora_row_stride(std::int64_t rank) { return (rank + 7) / 8 * 8; }

// The op table cannot say this: every slot that a row names has its whole A and B on pages of the list.
inline Status check_lora_places(const LoraPagedForwardArgs& args) {
  HONE_TRY(check_lora_rank_max(args));
  const std::int64_t listed = args.pages.dim[0], elements = args.a.dim[1];
  for (std::int64_t t = 0; t < args.x.dim[0]; ++t) {
    const std::int32_t slot = args.slots.data_as<std::int32_t>()[t];
    if (slot < 0) continue;
    const LoraPlace place = lora_place(args, slot);
    if (place.rank == 0) continue;
    const bool is_rank = place.rank > 0 && place.rank <= args.rank_max;
    const std::int64_t end = std::max(place.a + place.rank * args.x.dim[1], place.b + lora_row_stride(place.rank) * args.y.dim[1]);
    if (is_rank && place.first >= 0 && place.a >= 0 && place.b >= 0 && place.first + (end - 1) / elements < listed) continue;
    return bad_argument(wrong_lora_place(args.rank_max, listed, elements, slot, place));
  }
  return {};
}

}  // namespace hone
