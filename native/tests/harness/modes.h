#pragma once
#include <functional>
#include <string>

#include "core/isa.h"
#include "harness/case-spec.h"

namespace hone::test {

// Runs a check, which returns a complaint or nothing, on every case of an op, and returns how many failed; none at all is a failure.
int over_cases(int op, const std::function<std::string(const OpCase&)>& check);

// Each runs every case of an op and returns how many failed; failures are printed with the case.
int check_parity(int op, Isa isa);
int check_gradient(int op);
int check_threads(int op, Isa isa);
// The same bits on AVX2 and AVX-512 where all inputs are f32.
int check_levels(int op);

}  // namespace hone::test
