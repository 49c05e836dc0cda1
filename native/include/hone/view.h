#pragma once
#include <cstddef>
#include <cstdint>

namespace hone {

// The numbers are the dtype codes that cross the binding; never renumber them.
enum class DType : std::int32_t {
  f32 = 0,
  bf16 = 1,
  f16 = 2,
  i32 = 3,
  u8 = 4,
  packed_f32 = 5,   // A weight [N,K] in the layout of the f32 kernels.
  packed_bf16 = 6,  // A weight [N,K] in the layout of the bf16 kernels.
  nf4 = 7,          // A weight [N,K] of 4-bit normal-float codes with double quantized scales.
  int8 = 8,         // A weight [N,K] of signed bytes with one scale a row.
  int4 = 9,         // A weight [N,K] of 4-bit codes with a scale and a zero point per group of a row.
};

inline constexpr int kDTypeCount = 10;

constexpr bool is_packed(DType dtype) { return dtype >= DType::packed_f32; }

// Bytes per element of a plain dtype; 0 for a packed weight, whose size its own layout decides.
constexpr std::size_t dtype_bytes(DType dtype) {
  switch (dtype) {
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::bf16:
    case DType::f16:
      return 2;
    case DType::u8:
      return 1;
    default:
      return 0;
  }
}

constexpr const char* dtype_name(DType dtype) {
  constexpr const char* names[kDTypeCount] = {"f32",        "bf16",        "f16", "i32",  "u8",
                                               "packed-f32", "packed-bf16", "nf4", "int8", "int4"};
  return names[static_cast<int>(dtype)];
}

class PackedWeight;
struct CardWeight;

// A contiguous row-major tensor as a kernel sees it. It owns nothing. An absent optional argument has rank 0.
// On the null device `data` is null and nobody reads it.
struct View {
  void* data = nullptr;
  DType dtype = DType::f32;
  int rank = 0;
  std::int64_t dim[4] = {1, 1, 1, 1};
  const PackedWeight* packed = nullptr;
  const CardWeight* on_card = nullptr;  // The same on a GPU.

  bool present() const { return rank > 0; }
  std::int64_t count() const { return dim[0] * dim[1] * dim[2] * dim[3]; }

  template <class T>
  T* data_as() const {
    return static_cast<T*>(data);
  }
};

}  // namespace hone
