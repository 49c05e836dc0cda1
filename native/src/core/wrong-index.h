#pragma once
#include <string>

#include "core/op-spec.h"

namespace hone {

// What both devices say of a value of an index tensor that is not allowed.
inline std::string wrong_value(const std::string& expected, const char* name, std::int64_t value, std::int64_t position) {
  return "expected " + expected + " for " + name + " but received " + std::to_string(value) + " at " + std::to_string(position);
}

// Of the segments of experts, of which a call looks at two: its rows.
inline std::string wrong_rows(const char* name, std::int64_t rows, std::int64_t value, std::int64_t position) {
  return wrong_value("rows of an expert that rise from 0 to at most " + std::to_string(rows), name, value, position) +
         "; fix: pass the segments that routeRows made of these rows";
}

// Of an argument with a check of the table; the segments of experts have none.
inline std::string wrong_index(const ArgSpec& arg, std::int64_t bound, std::int64_t value, std::int64_t position) {
  const std::string limit = std::to_string(bound);
  switch (arg.check) {
    case Check::knone:
      return wrong_rows(arg.name, bound, value, position);
    case Check::ksegments:
      return wrong_value("values that rise from 0 to " + limit, arg.name, value, position) +
             "; fix: begin with 0, end with all, and let none be less than the one before";
    case Check::kunder:
      return wrong_value("values below " + limit, arg.name, value, position);
    default:
      return wrong_value("values from 0 and below " + limit, arg.name, value, position);
  }
}

}  // namespace hone
