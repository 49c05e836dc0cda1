#pragma once
#include <cstddef>

namespace hone_emulator {

// Of the card that is emulated: HONE_EMULATOR_SM is its compute capability, 80, 86, 89, 90 (the default) or 100.
int compute_capability();
// HONE_EMULATOR_DRY=1: launches are looked at and not run, and memory is not there. 2: of every grid the last block runs, and memory
// holds zeros, of which none takes room before it is touched.
bool is_dry();
bool runs_last_block();
int shared_bytes_max();
// Of the card's memory; false when it has not that much left.
bool take_memory(std::size_t bytes);
void give_memory_back(std::size_t bytes);

}  // namespace hone_emulator
