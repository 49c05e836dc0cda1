#include "cuda/device/async-copy.h"

#include <cstring>

#include "src/block.h"

namespace hone_emulator {

void copy_async(void* shared, const void* global, bool is_inside) {
  if (reinterpret_cast<std::uintptr_t>(shared) % 16 != 0 || (is_inside && reinterpret_cast<std::uintptr_t>(global) % 16 != 0)) {
    fail_kernel("cp.async needs addresses that are multiples of 16 but received %p and %p", shared, global);
  }
  std::memset(shared, 0xff, 16);
  Thread& me = the_block().current();
  me.copies.push_back({shared, global, is_inside, me.copy_groups});
}

void commit_copies() { ++the_block().current().copy_groups; }

void wait_copies(int left) {
  Thread& me = the_block().current();
  const int last = me.copy_groups - left;
  std::size_t kept = 0;
  const std::size_t before = me.copies.size();
  for (const LateCopy& copy : me.copies) {
    if (copy.group >= last) {
      me.copies[kept++] = copy;
    } else if (copy.is_inside) {
      std::memcpy(copy.shared, copy.global, 16);
    } else {
      std::memset(copy.shared, 0, 16);
    }
  }
  me.copies.resize(kept);
  if (kept == before || me.has_unpublished) return;
  me.has_unpublished = true;
  ++the_block().unpublished;
}

}  // namespace hone_emulator
