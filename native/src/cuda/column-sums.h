#pragma once
#include "cuda/stream.h"

namespace hone::cuda {

// out[c] += the sum over p of parts[p, c], in an order that depends on the count alone. The second half of a gradient that every
// block sums up over its own rows first.
Status add_column_parts(Stream& stream, const char* name, const float* parts, std::int64_t count, int width, float* out);

}  // namespace hone::cuda
