#pragma once
#include <cstdio>

// The few lines that the unit tests need: a check prints itself when it fails, and main returns the count.
namespace hone::test {

inline int failures = 0;

inline void check(bool holds, const char* text, const char* file, int line) {
  if (holds) return;
  ++failures;
  std::printf("%s:%d: expected %s\n", file, line, text);
}

}  // namespace hone::test

#define CHECK(condition) ::hone::test::check((condition), #condition, __FILE__, __LINE__)
