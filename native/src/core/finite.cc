// Whether numbers that come from a file are finite, at the rate of memory: every weight of a model and of an adapter passes here.
#include <cstdint>
#include <cstring>

#include "hone/hone.h"
#include "hone/view.h"

namespace {

// The exponents of the one or two floats in a word, and the lowest bit of each: all ones in an exponent are NaN or infinity, and only then
// does adding its lowest bit carry into the sign above it.
struct Exponents {
  std::uint32_t mask, one, signs;
};

bool carries(const unsigned char* data, std::int64_t bytes, Exponents exponents) {
  std::uint32_t carried = 0;
  std::int64_t at = 0;
  for (; at + 4 <= bytes; at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, data + at, 4);
    carried |= (word & exponents.mask) + exponents.one;
  }
  std::uint32_t rest = 0;
  std::memcpy(&rest, data + at, static_cast<std::size_t>(bytes - at));
  carried |= (rest & exponents.mask) + exponents.one;
  return (carried & exponents.signs) != 0;
}

}  // namespace

extern "C" int hone_is_finite(const void* data, int dtype, int rounded, int64_t bytes) {
  const auto* begin = static_cast<const unsigned char*>(data);
  switch (static_cast<hone::DType>(dtype)) {
    case hone::DType::f32:
      // To nearest, ties to even: from half a unit above the largest bf16 on, numbers become infinite.
      if (static_cast<hone::DType>(rounded) == hone::DType::bf16)
        return carries(begin, bytes, {0x7fffffffu, 0x80000000u - 0x7f7f8000u, 0x80000000u}) ? 0 : 1;
      return carries(begin, bytes, {0x7f800000u, 0x00800000u, 0x80000000u}) ? 0 : 1;
    case hone::DType::bf16:
      return carries(begin, bytes, {0x7f807f80u, 0x00800080u, 0x80008000u}) ? 0 : 1;
    case hone::DType::f16:
      return carries(begin, bytes, {0x7c007c00u, 0x04000400u, 0x80008000u}) ? 0 : 1;
    default:
      return 1;
  }
}
