#pragma once
#include "core/card.h"

namespace hone::cuda {

// Whether the GPU of `ordinal` can be used: a driver that is new enough, a GPU of that number, of sm_80 or later. Fills the facts.
Status look_at_card(int ordinal, CardFacts& facts);

// What this process may take: HONE_CUDA_MEMORY (bytes, or up to 1 a fraction of the GPU's memory), else nine tenths of what is free.
Status choose_budget(const CardFacts& facts, std::int64_t& bytes);

}  // namespace hone::cuda
