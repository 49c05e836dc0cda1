#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "hone/status.h"

namespace hone::cuda {

// How much of a card this process may take, and what it has.
struct Budget {
  std::int64_t limit_bytes = 0;
  std::int64_t taken_bytes = 0;
};

// Addresses on the card without memory behind them, and the memory that is put there and taken away chunk by chunk. What lies
// where never moves, so pointers in captured graphs stay true.
class AddressSpace {
 public:
  static constexpr std::int64_t kChunk = std::int64_t{16} << 20;

  // `capacity` is rounded up to chunks. The budget must outlive it.
  static Status reserve(int ordinal, std::int64_t capacity, Budget& budget, std::unique_ptr<AddressSpace>& out);
  virtual ~AddressSpace() = default;

  virtual std::byte* base() const = 0;
  virtual std::int64_t capacity() const = 0;
  virtual std::int64_t backed_bytes() const = 0;
  // Puts memory behind every chunk that the stretch touches; out_of_memory when the card or the budget has not that much, and
  // then nothing has changed.
  virtual Status back(std::int64_t offset, std::int64_t bytes) = 0;
  // Takes the memory of the chunks that lie in the stretch as a whole. Nothing that is queued may still use it.
  virtual void give_back(std::int64_t offset, std::int64_t bytes) = 0;
};

}  // namespace hone::cuda
