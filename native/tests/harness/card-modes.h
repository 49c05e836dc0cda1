#pragma once

namespace hone::test {

// Whether a card can be opened: HONE_CUDA_LIBRARY, else the emulated one of this build. Prints why not.
bool has_card();
// Every case of an op on the card against the reference loop, with arguments rounded to what the card takes: within the tolerance of
// ops.json, the same bits in every run, not a byte outside of the outputs.
int check_card_parity(int op);
// Prints the ops that the card cannot run and returns how many they are.
int check_card_kernels();

}  // namespace hone::test
