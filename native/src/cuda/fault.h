#pragma once
#include <cstdint>

namespace hone::cuda {

// The first wrong index that a kernel met since the host last looked.
struct Fault {
  std::int32_t is_set = 0;
  std::int32_t op = 0;        // Of ops-args.h.
  std::int32_t argument = 0;  // Its place among the op's arguments.
  std::int32_t value = 0;
  std::int32_t position = 0;  // In the tensor.
  std::int32_t bound = 0;
  // Of `places` of loraPagedForward, where the position is the slot, the value its rank and the bound the largest: what else a
  // slot's row says, and what there is.
  struct Place {
    std::int32_t first = 0, a = 0, b = 0;
    std::int64_t listed = 0, elements = 0;
  } place;
};

}  // namespace hone::cuda
