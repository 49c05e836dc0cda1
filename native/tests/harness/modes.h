#pragma once
#include "core/isa.h"

namespace hone::test {

// Each runs every case of an op and returns how many failed; failures are printed with the case.
int check_parity(int op, Isa isa);
int check_gradient(int op);
int check_threads(int op, Isa isa);
// The same bits on AVX2 and AVX-512 where all inputs are f32.
int check_levels(int op);

}  // namespace hone::test
