#pragma once
#include <cmath>

namespace hone {

// Scores kept within (-cap, cap), as Gemma 2 does (arXiv 2408.00118, section 2); a cap of 0 leaves them alone.
inline double soft_cap(double score, double cap) { return cap > 0 ? cap * std::tanh(score / cap) : score; }

// The derivative of soft_cap, from its result.
inline double soft_cap_slope(double capped, double cap) { return cap > 0 ? 1 - (capped / cap) * (capped / cap) : 1; }

}  // namespace hone
