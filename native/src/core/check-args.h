#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/op-spec.h"

namespace hone {

// What the values of one index tensor must obey.
struct ValueCheck {
  const ArgSpec* arg;
  View view;
  std::int64_t bound;
};

// Checks dtypes and shapes, and names the checks of values that are left. Reads no data.
Status check_shapes(int op, const ArgValue* values, int count, Arithmetic arithmetic, std::vector<ValueCheck>* left);
Status check_value(const ValueCheck& check);

// The shortest text that reads back as the same number.
std::string number_text(double number);

}  // namespace hone
