#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/arena.h"
#include "core/devices.h"
#include "hone/status.h"
#include "hone/view.h"

namespace hone {

// Memory that one or more tensors look at; its last owner gives it back.
class Storage {
 public:
  Storage(Device device, void* data, std::int64_t offset, std::int64_t bytes, MemoryStats& stats, Arena& arena,
          std::shared_ptr<const CardWeight> on_card = nullptr);
  Storage(Device device, std::shared_ptr<const PackedWeight> packed, std::int64_t bytes, MemoryStats& stats, Arena& arena);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::int64_t bytes() const { return bytes_; }

  const Device device;
  void* const data;
  const std::shared_ptr<const PackedWeight> packed;
  // A packed weight of a GPU, whose parts lie in `data`.
  const std::shared_ptr<const CardWeight> on_card;

 private:
  void note_reserved();

  // Where it lies in the arena; negative for a packed weight of the processor, which lies outside.
  const std::int64_t offset_;
  const std::int64_t bytes_;
  MemoryStats& stats_;
  Arena& arena_;
};

struct Tensor {
  std::shared_ptr<Storage> storage;
  View view;
};

// Handles are (generation, index): a freed handle is refused even when its place has a new tensor.
class TensorTable {
 public:
  TensorTable();

  Status allocate(Device device, DType dtype, const std::int64_t* dims, std::int32_t& out);
  Status view(std::int32_t handle, std::int64_t element_offset, const std::int64_t* dims, std::int32_t& out);
  // The same memory and shape in another plain dtype of the same size.
  Status reinterpret(std::int32_t handle, DType dtype, std::int32_t& out);
  // A weight in a packed format; on the null device `packed` is null and only its bytes count.
  Status adopt(Device device, DType format, std::int64_t rows, std::int64_t columns,
               std::shared_ptr<const PackedWeight> packed, std::int64_t bytes, std::int32_t& out);
  // The same on a GPU, or counted as there, in the arena: the weight's sizes are given, its parts are placed.
  Status adopt_on_card(Device device, const CardWeight& weight, bool is_nested, std::int32_t& out);
  Status release(std::int32_t handle);
  Status find(std::int32_t handle, const Tensor*& out) const;
  // Frees every handle that the owner still holds; returns how many.
  int release_owner(int owner);

  MemoryStats& stats(Device device) { return stats_[static_cast<int>(device)]; }
  Arena& arena(Device device) { return arenas_[static_cast<int>(device)]; }
  // Measures peaks from here on. What a counted device used before is forgotten, since nothing of it was ever taken.
  void reset_peak(Device device);

 private:
  struct Slot {
    Tensor tensor;
    std::int32_t generation = 1;
    int owner = 0;
    bool used = false;
  };

  std::int32_t insert(Tensor tensor);
  Status take(Device device, std::int64_t bytes, const View& view, void*& data, std::int64_t& offset);

  // Declared before the slots, because a storage that dies reports to both.
  MemoryStats stats_[kDeviceCount];
  Arena arenas_[kDeviceCount] = {Arena{Arena::Kind::memory, 64}, Arena{Arena::Kind::counted, 64}, Arena{Arena::Kind::card, 256},
                                 Arena{Arena::Kind::counted, 256}, Arena{Arena::Kind::pinned, 256}};
  std::vector<Slot> slots_;
  std::vector<std::int32_t> free_;
};

// A number for the calling thread. Handles that a thread made are its own: a worker that is ended in the middle of its
// work cannot free them, so its environment's clean-up does.
int thread_owner();

// "f32 [2,3]", for messages.
std::string describe(const View& view);

}  // namespace hone
