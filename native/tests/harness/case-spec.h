#pragma once
#include <cstdint>

#include "core/op-spec.h"

namespace hone::test {

// How one tensor argument of a case is filled, when the default (seeded normal numbers, indices that the op's check
// allows) is not wanted.
enum class Fill { normal, values, unique, square, range };

struct ArgCase {
  int arg = -1;
  bool absent = false;
  bool has_dtype = false;
  DType dtype = DType::f32;
  Fill fill = Fill::normal;
  double scale = 1;
  int value_count = 0;
  double values[16] = {};
};

struct DimCase {
  const char* symbol;  // "n" sizes the arguments of any shape.
  std::int64_t value;
};

struct OpCase {
  int op;
  const char* name;
  int dim_count;
  DimCase dims[8];
  int attribute_count;
  struct {
    int arg;
    double value;
  } attributes[12];
  int arg_count;
  ArgCase args[8];
};

extern const OpCase kOpCases[];
extern const int kOpCaseCount;

}  // namespace hone::test
