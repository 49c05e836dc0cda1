#pragma once
#include "cuda/stream.h"

namespace hone::cuda {

// Looks whether the library holds code for the card at all, and whether that of attention-forward-groups.cu is among it
// (stream.has_warpgroups).
Status look_at_code(Stream& stream);

}  // namespace hone::cuda
