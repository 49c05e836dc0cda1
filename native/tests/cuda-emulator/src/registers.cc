#include "cuda/device/warpgroup-unit.h"
#include "src/block.h"

// How the warpgroups of a block share its registers: what setmaxnreg gives back is there for others, and nothing else is.
namespace hone_emulator {

void change_registers(int count, bool is_more) {
  Block& block = the_block();
  Thread& me = block.current();
  if (count < 24 || count > 256 || count % 8 != 0) fail_kernel("setmaxnreg: %d is no count of registers", count);
  if (is_more ? count < me.registers : count > me.registers) {
    fail_kernel("setmaxnreg: a thread has %d registers and %s %d", me.registers, is_more ? "takes" : "keeps", count);
  }
  meet_warp(0xffffffffu, nullptr, 0, "setmaxnreg");
  while (is_more && block.registers_left < count - me.registers) block.park(&block.registers_left, "registers");
  block.registers_left += me.registers - count;
  me.registers = count;
  if (!is_more) block.wake(&block.registers_left);
}

}  // namespace hone_emulator
