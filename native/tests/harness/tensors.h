#pragma once
#include <initializer_list>
#include <random>
#include <vector>

#include "hone/view.h"

namespace hone::test {

inline View shaped(void* data, DType dtype, std::initializer_list<std::int64_t> dims) {
  View view;
  view.data = data;
  view.dtype = dtype;
  for (const std::int64_t dim : dims) view.dim[view.rank++] = dim;
  return view;
}

// Numbers with a shape, for tests that are about more than one op.
struct Floats {
  std::vector<float> values;
  View view;

  Floats(std::initializer_list<std::int64_t> dims, std::uint32_t seed = 0) {
    std::int64_t count = 1;
    for (const std::int64_t dim : dims) count *= dim;
    values.resize(count);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (float& value : values) value = seed == 0 ? 0.0f : normal(random);
    view = shaped(values.data(), DType::f32, dims);
  }
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;
};

struct Ints {
  std::vector<std::int32_t> values;
  View view;

  Ints(std::vector<std::int32_t> numbers, std::initializer_list<std::int64_t> dims) : values(std::move(numbers)) {
    view = shaped(values.data(), DType::i32, dims);
  }
  Ints(const Ints&) = delete;
  Ints& operator=(const Ints&) = delete;
};

inline double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

}  // namespace hone::test
