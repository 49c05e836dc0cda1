// Memory is counted, shared by views, kept for reuse within a bound, and a stale handle is always refused.
#include "core/tensor-table.h"

#include <cstdint>
#include <thread>
#include <vector>

#include "harness/check.h"

namespace {

using namespace hone;

constexpr std::int64_t kDims[4] = {10, 10, -1, -1};

void counts_live_and_peak_bytes() {
  TensorTable table;
  std::int32_t a = 0, b = 0;
  CHECK(table.allocate(Device::cpu, DType::f32, kDims, a).ok());
  CHECK(table.allocate(Device::cpu, DType::bf16, kDims, b).ok());
  const MemoryStats& stats = table.stats(Device::cpu);
  CHECK(stats.live_bytes == 448 + 256);
  CHECK(stats.live_tensors == 2);
  CHECK(table.release(a).ok());
  CHECK(table.release(b).ok());
  CHECK(stats.live_bytes == 0);
  CHECK(stats.live_tensors == 0);
  CHECK(stats.peak_bytes == 704);
}

void aligns_and_reuses_blocks() {
  TensorTable table;
  std::int32_t a = 0, b = 0;
  const Tensor* tensor = nullptr;
  CHECK(table.allocate(Device::cpu, DType::f32, kDims, a).ok());
  CHECK(table.find(a, tensor).ok());
  const void* first = tensor->view.data;
  CHECK(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
  CHECK(table.release(a).ok());
  CHECK(table.arena(Device::cpu).placement().cached_bytes() == 448);
  CHECK(table.allocate(Device::cpu, DType::f32, kDims, b).ok());
  CHECK(table.find(b, tensor).ok());
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(tensor->view.data == first);
#else
  (void)first;
#endif
  CHECK(table.arena(Device::cpu).placement().cached_bytes() == 0);
  CHECK(table.release(b).ok());
}

void keeps_no_more_than_the_peak() {
  TensorTable table;
  for (std::int64_t size = 100; size < 4000; size += 100) {
    const std::int64_t dims[4] = {size, 64, -1, -1};
    std::int32_t handle = 0;
    CHECK(table.allocate(Device::cpu, DType::f32, dims, handle).ok());
    CHECK(table.release(handle).ok());
    CHECK(table.arena(Device::cpu).placement().cached_bytes() <= table.stats(Device::cpu).peak_bytes);
  }
  table.arena(Device::cpu).trim();
  CHECK(table.arena(Device::cpu).placement().cached_bytes() == 0);
}

// A dry run must be placed as the real run is, or its extent would not be what the process takes.
void places_a_dry_run_as_the_real_one() {
  TensorTable table;
  std::vector<std::int32_t> held[kDeviceCount];
  std::uint32_t state = 12345;
  for (int step = 0; step < 2000; ++step) {
    state = state * 1664525u + 1013904223u;
    const std::int64_t dims[4] = {1 + (state >> 8) % 5000, -1, -1, -1};
    const std::size_t at = (state >> 20) % 37;
    for (const int device : {static_cast<int>(Device::cpu), static_cast<int>(Device::null)}) {
      std::vector<std::int32_t>& handles = held[device];
      if (at < handles.size()) {
        CHECK(table.release(handles[at]).ok());
        handles.erase(handles.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        handles.push_back(0);
        CHECK(table.allocate(static_cast<Device>(device), DType::f32, dims, handles.back()).ok());
      }
    }
  }
  const MemoryStats &real = table.stats(Device::cpu), &dry = table.stats(Device::null);
  CHECK(real.reserved_bytes == dry.reserved_bytes);
  CHECK(real.reserved_bytes >= real.peak_bytes);
  // Freed neighbours are joined, so what falls between the tensors stays a small part.
  CHECK(real.reserved_bytes <= real.peak_bytes * 5 / 4);
  for (const int device : {static_cast<int>(Device::cpu), static_cast<int>(Device::null)}) {
    for (const std::int32_t handle : held[device]) CHECK(table.release(handle).ok());
    CHECK(table.arena(static_cast<Device>(device)).placement().cached_bytes() ==
          table.arena(static_cast<Device>(device)).placement().extent());
  }
}

void views_share_memory_until_the_last_is_freed() {
  TensorTable table;
  std::int32_t whole = 0, part = 0;
  const std::int64_t part_dims[4] = {3, 10, -1, -1};
  CHECK(table.allocate(Device::cpu, DType::f32, kDims, whole).ok());
  CHECK(table.view(whole, 20, part_dims, part).ok());
  const Tensor *a = nullptr, *b = nullptr;
  CHECK(table.find(whole, a).ok() && table.find(part, b).ok());
  CHECK(a->view.data_as<float>() + 20 == b->view.data_as<float>());
  CHECK(table.release(whole).ok());
  CHECK(table.stats(Device::cpu).live_bytes == 448);
  CHECK(table.release(part).ok());
  CHECK(table.stats(Device::cpu).live_bytes == 0);
}

void refuses_a_view_outside_its_tensor() {
  TensorTable table;
  std::int32_t whole = 0, part = 0;
  CHECK(table.allocate(Device::cpu, DType::f32, kDims, whole).ok());
  CHECK(table.view(whole, 1, kDims, part).code() == Code::bad_argument);
  CHECK(table.view(whole, -1, kDims, part).code() == Code::bad_argument);
  const std::int64_t huge[4] = {std::int64_t{1} << 40, std::int64_t{1} << 40, -1, -1};
  CHECK(table.view(whole, 0, huge, part).code() == Code::bad_argument);
  CHECK(table.release(whole).ok());
}

void refuses_freed_and_unknown_handles() {
  TensorTable table;
  std::int32_t first = 0, second = 0;
  const Tensor* tensor = nullptr;
  CHECK(table.allocate(Device::cpu, DType::f32, kDims, first).ok());
  CHECK(table.release(first).ok());
  CHECK(table.release(first).code() == Code::bad_handle);
  CHECK(table.allocate(Device::cpu, DType::f32, kDims, second).ok());
  CHECK(second != first);
  CHECK(table.find(first, tensor).code() == Code::bad_handle);
  for (const std::int32_t wrong : {0, -1, 77, 2147483647}) CHECK(table.find(wrong, tensor).code() == Code::bad_handle);
  CHECK(table.release(second).ok());
}

void frees_what_an_ended_thread_left_behind() {
  TensorTable table;
  std::int32_t mine = 0, theirs = 0;
  int owner = 0;
  CHECK(table.allocate(Device::cpu, DType::f32, kDims, mine).ok());
  std::thread([&] {
    owner = thread_owner();
    CHECK(table.allocate(Device::cpu, DType::f32, kDims, theirs).ok());
  }).join();
  CHECK(owner != thread_owner());
  CHECK(table.release_owner(owner) == 1);
  const Tensor* tensor = nullptr;
  CHECK(table.find(theirs, tensor).code() == Code::bad_handle);
  CHECK(table.find(mine, tensor).ok());
  CHECK(table.release(mine).ok());
}

void says_when_there_is_no_memory() {
  TensorTable table;
  std::int32_t handle = 0;
  const std::int64_t dims[4] = {std::int64_t{1} << 45, -1, -1, -1};
  // The null device only counts, so a plan may ask for what no machine has.
  CHECK(table.allocate(Device::null, DType::f32, dims, handle).ok());
  CHECK(table.stats(Device::null).live_bytes == std::int64_t{1} << 47);
  CHECK(table.release(handle).ok());
  CHECK(table.stats(Device::cpu).peak_bytes == 0);
}

}  // namespace

int main() {
  counts_live_and_peak_bytes();
  aligns_and_reuses_blocks();
  keeps_no_more_than_the_peak();
  places_a_dry_run_as_the_real_one();
  views_share_memory_until_the_last_is_freed();
  refuses_a_view_outside_its_tensor();
  refuses_freed_and_unknown_handles();
  frees_what_an_ended_thread_left_behind();
  says_when_there_is_no_memory();
  return hone::test::failures;
}
