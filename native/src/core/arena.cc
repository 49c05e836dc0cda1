#include "core/arena.h"

#include <cstdlib>
#include <limits>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

// Under a sanitizer every tensor gets a block of its own, so that a kernel that leaves its tensor is caught; the placement is
// still counted, and so are its figures.
#if defined(__SANITIZE_ADDRESS__) || !defined(__linux__)
#define HONE_SEPARATE_BLOCKS 1
#endif

namespace hone {
namespace {

#if !defined(HONE_SEPARATE_BLOCKS)
constexpr std::int64_t kHugePage = std::int64_t{2} << 20;

// Address space is not memory: what is reserved here costs nothing until it is written. Where a limit on address space
// (ulimit -v) refuses all of it, less is asked for.
std::byte* reserve(std::int64_t& capacity) {
  const std::int64_t physical = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  for (capacity = physical / kHugePage * kHugePage; capacity >= kHugePage; capacity = capacity / 2 / kHugePage * kHugePage) {
    void* data = mmap(nullptr, static_cast<std::size_t>(capacity + kHugePage), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data == MAP_FAILED) continue;
    const auto address = (reinterpret_cast<std::uintptr_t>(data) + kHugePage - 1) / kHugePage * kHugePage;
    auto* base = reinterpret_cast<std::byte*>(address);
    // Weights and activations are walked front to back; huge pages save most of the address translation.
    madvise(base, static_cast<std::size_t>(capacity), MADV_HUGEPAGE);
    return base;
  }
  return nullptr;
}
#endif

}  // namespace

std::int64_t Placement::place(std::int64_t bytes) {
  const auto fit = by_size_.lower_bound({bytes, 0});
  if (fit == by_size_.end()) {
    const std::int64_t offset = end_;
    end_ += bytes;
    if (end_ > extent_) extent_ = end_;
    return offset;
  }
  const std::int64_t offset = fit->second;
  const Gap gap = take_gap(gaps_.find(offset));
  if (gap.bytes > bytes) add_gap(offset + bytes, {gap.bytes - bytes, gap.is_touched});
  return offset;
}

void Placement::release(std::int64_t offset, std::int64_t bytes) {
  Gap whole{bytes, true};
  const auto next = gaps_.find(offset + bytes);
  if (next != gaps_.end()) whole.bytes += take_gap(next).bytes;
  const auto after = gaps_.lower_bound(offset);
  if (after != gaps_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second.bytes == offset) {
      offset = before->first;
      whole.bytes += take_gap(before).bytes;
    }
  }
  if (offset + whole.bytes == end_) {
    end_ = offset;
  } else {
    add_gap(offset, whole);
  }
}

void Placement::add_gap(std::int64_t offset, Gap gap) {
  gaps_.emplace(offset, gap);
  by_size_.emplace(gap.bytes, offset);
  if (gap.is_touched) cached_in_gaps_ += gap.bytes;
}

Placement::Gap Placement::take_gap(std::map<std::int64_t, Gap>::iterator gap) {
  const Gap taken = gap->second;
  by_size_.erase({taken.bytes, gap->first});
  gaps_.erase(gap);
  if (taken.is_touched) cached_in_gaps_ -= taken.bytes;
  return taken;
}

Arena::~Arena() {
#if !defined(HONE_SEPARATE_BLOCKS)
  if (kind_ == Kind::memory && base_ != nullptr) munmap(base_, static_cast<std::size_t>(capacity_));
#endif
}

// Places a request in the reserved address space, or nowhere.
bool Arena::place(std::int64_t bytes, std::int64_t& offset) {
  if (base_ == nullptr || bytes > capacity_) return false;
  offset = placement_.place(bytes);
  const bool is_backed = offset + bytes <= capacity_ && (kind_ != Kind::card || card_->back(offset, bytes).ok());
  if (!is_backed) placement_.release(offset, bytes);
  return is_backed;
}

bool Arena::allocate(std::int64_t bytes, void*& data, std::int64_t& offset) {
  data = nullptr;
  if (kind_ == Kind::counted) {
    offset = placement_.place(bytes);
    return true;
  }
  if (kind_ == Kind::pinned) {
    if (card_ == nullptr || !card_->take_pinned(bytes, data).ok()) return false;
    offset = placement_.place(bytes);
    return true;
  }
  if (kind_ == Kind::card) {
    if (card_ == nullptr) return false;
    if (base_ == nullptr) base_ = card_->reserve(capacity_);
  } else {
#if defined(HONE_SEPARATE_BLOCKS)
    data = std::aligned_alloc(64, static_cast<std::size_t>(bytes));
    if (data != nullptr) offset = placement_.place(bytes);
    return data != nullptr;
#else
    if (base_ == nullptr) base_ = reserve(capacity_);
#endif
  }
  if (!place(bytes, offset)) return false;
  data = base_ + offset;
  return true;
}

void Arena::release([[maybe_unused]] void* data, std::int64_t offset, std::int64_t bytes) {
#if defined(HONE_SEPARATE_BLOCKS)
  if (kind_ == Kind::memory) std::free(data);
#endif
  if (kind_ == Kind::pinned) card_->free_pinned(data);
  placement_.release(offset, bytes);
}

void Arena::trim() {
  placement_.trim([&]([[maybe_unused]] std::int64_t offset, [[maybe_unused]] std::int64_t bytes) {
    if (base_ == nullptr) return;
    if (kind_ == Kind::card) {
      card_->give_back(offset, bytes);
      return;
    }
#if !defined(HONE_SEPARATE_BLOCKS)
    // Only pages that lie in the stretch as a whole; the rest of its first and last page belongs to neighbours.
    const std::int64_t page = sysconf(_SC_PAGESIZE);
    const std::int64_t first = (offset + page - 1) / page * page, last = (offset + bytes) / page * page;
    if (last > first) madvise(base_ + first, static_cast<std::size_t>(last - first), MADV_DONTNEED);
#endif
  });
}

}  // namespace hone
