#pragma once
#include <memory>

#include "core/card.h"

namespace hone {

// Opens libhone_cuda.so (`library`, else HONE_CUDA_LIBRARY, else beside this library, else where `npm run build:cuda` leaves it) and by it the
// GPU of HONE_CUDA_DEVICE (default 0, of those that CUDA_VISIBLE_DEVICES shows). A failure says what was looked for and what to do.
// The library stays open: what it holds of a driver cannot be given back safely.
Status open_card(const char* library, std::unique_ptr<Card>& out);

}  // namespace hone
