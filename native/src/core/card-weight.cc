#include <cstddef>

#include "core/card.h"

namespace hone {
namespace {

constexpr std::int64_t kPart = 256;

// Walks the parts in the order in which they lie: their addresses where `memory` is given, their bytes in any case.
class Parts {
 public:
  explicit Parts(std::byte* memory) : memory_(memory) {}

  template <class T>
  void add(const T*& part, std::int64_t bytes) {
    if (memory_ != nullptr) part = reinterpret_cast<const T*>(memory_ + bytes_);
    bytes_ += (bytes + kPart - 1) / kPart * kPart;
  }
  void add(const void*& part, std::int64_t bytes) {
    if (memory_ != nullptr) part = memory_ + bytes_;
    bytes_ += (bytes + kPart - 1) / kPart * kPart;
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  std::byte* memory_;
  std::int64_t bytes_ = 0;
};

std::int64_t lay_out(CardWeight& weight, std::byte* memory, bool is_nested) {
  Parts parts(memory);
  const std::int64_t count = weight.rows * weight.columns;
  switch (weight.format) {
    case DType::nf4: {
      const std::int64_t blocks = count / 64;
      parts.add(weight.codes, count / 2);
      if (is_nested) {
        parts.add(weight.absmax_codes, blocks);
        parts.add(weight.nested_absmax, (blocks + 255) / 256 * 4);
        parts.add(weight.offset, 4);
      } else {
        parts.add(weight.absmax, blocks * 4);
      }
      break;
    }
    case DType::int8:
      parts.add(weight.codes, count);
      parts.add(weight.absmax, weight.rows * 4);
      break;
    case DType::int4: {
      const std::int64_t groups = weight.rows * ((weight.columns + weight.group - 1) / weight.group);
      parts.add(weight.codes, count / 2);
      parts.add(weight.absmax, groups * 4);
      parts.add(weight.zeros, groups);
      break;
    }
    default:
      parts.add(weight.values, count * (weight.format == DType::packed_f32 ? 4 : 2));
  }
  return parts.bytes();
}

}  // namespace

std::int64_t card_weight_bytes(DType format, std::int64_t rows, std::int64_t columns, int group, bool is_nested) {
  CardWeight weight;
  weight.format = format;
  weight.rows = rows;
  weight.columns = columns;
  weight.group = group;
  return lay_out(weight, nullptr, is_nested);
}

void place_card_weight(CardWeight& weight, std::byte* memory, bool is_nested) { lay_out(weight, memory, is_nested); }

}  // namespace hone
