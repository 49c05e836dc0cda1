#pragma once
#include <string_view>

namespace hone {

// The instruction set levels, each a superset of the one before. `plain` runs the reference loops.
enum class Isa : int { plain = 0, avx2 = 1, avx512 = 2, avx512bf16 = 3, amx = 4 };

inline constexpr int kIsaCount = 5;

const char* isa_name(Isa isa);
// The level of a name; false when there is none of that name.
bool isa_from_name(std::string_view name, Isa& out);
// Whether this processor, this kernel and this build can run the level.
bool isa_available(Isa isa);
Isa best_isa();

}  // namespace hone
