#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace hone_emulator {

// The shared memory of the block that runs: what the launch asked for, and the arrays that kernels declare, which are the
// thread-local variables of this library without an initial value. Before every block both hold 0xff, which is NaN in every
// floating format, so that nothing reads what it has not written.
class SharedMemory {
 public:
  // Before the blocks of a launch.
  void begin_launch(std::size_t dynamic_bytes);
  void begin_block();
  // Empty, or that the block wrote past its dynamic memory.
  std::string end_block();
  void end_launch();

  void* dynamic() { return dynamic_; }

 private:
  void find_arrays();
  void poison_written();

  std::vector<unsigned char> storage_;
  unsigned char* dynamic_ = nullptr;
  std::size_t dynamic_bytes_ = 0;
  unsigned char* arrays_ = nullptr;
  std::size_t array_bytes_ = 0;
  std::vector<std::size_t> written_;  // Chunks of the arrays that this launch wrote to, by offset.
  std::vector<bool> is_written_;
  bool is_scanned_ = false;
};

SharedMemory& the_shared_memory();

}  // namespace hone_emulator
