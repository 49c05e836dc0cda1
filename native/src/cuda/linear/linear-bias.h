#pragma once
#include "cuda/stream.h"
#include "hone/view.h"

namespace hone::cuda {

// y [M,N] (bf16 or f32) = bias [N] in every row.
Status fill_rows(Stream& stream, const View& bias, const View& y);

// dbias [N] (+)= column sums of dy [M,N] bf16, in one order of additions.
Status column_sums(Stream& stream, const View& dy, bool accumulate, const View& dbias);

}  // namespace hone::cuda
