#include "core/tensor-table.h"

#include <atomic>
#include <utility>

namespace hone {
namespace {

constexpr int kIndexBits = 20;
constexpr std::int32_t kIndexMask = (1 << kIndexBits) - 1;
constexpr std::int32_t kGenerations = 1 << (31 - kIndexBits);
// A bound far above any machine's memory that still cannot overflow when multiplied by an element size.
constexpr std::int64_t kElementsMax = std::int64_t{1} << 48;

Status read_dims(const std::int64_t* dims, View& view) {
  // -1 at the end stands for a dimension that is not there; anywhere else it is one that somebody got wrong.
  view.rank = 4;
  while (view.rank > 0 && dims[view.rank - 1] == -1) --view.rank;
  if (view.rank == 0) return bad_argument("expected at least one dimension for a tensor");
  std::int64_t count = 1;
  for (int i = 0; i < view.rank; ++i) {
    if (dims[i] < 0 || dims[i] > kElementsMax) {
      return bad_argument("expected dimensions from 0 to 2^48 but received " + std::to_string(dims[i]));
    }
    view.dim[i] = dims[i];
    // Asked before multiplying: the product of two large dimensions can wrap around to a small number.
    if (dims[i] > 0 && count > kElementsMax / dims[i]) return bad_argument("expected at most 2^48 elements in a tensor");
    count *= dims[i] == 0 ? 1 : dims[i];
  }
  return {};
}

}  // namespace

int thread_owner() {
  static std::atomic<int> next{1};
  thread_local const int owner = next.fetch_add(1);
  return owner;
}

std::string describe(const View& view) {
  std::string text = std::string(dtype_name(view.dtype)) + " [";
  for (int i = 0; i < view.rank; ++i) text += (i > 0 ? "," : "") + std::to_string(view.dim[i]);
  return text + "]";
}

Storage::Storage(Device device_, void* data_, std::int64_t offset, std::int64_t bytes, MemoryStats& stats, Arena& arena,
                 std::shared_ptr<const CardWeight> on_card_)
    : device(device_), data(data_), on_card(std::move(on_card_)), offset_(offset), bytes_(bytes), stats_(stats), arena_(arena) {
  stats_.add(bytes_);
  note_reserved();
}

Storage::Storage(Device device_, std::shared_ptr<const PackedWeight> packed_, std::int64_t bytes, MemoryStats& stats,
                 Arena& arena)
    : device(device_), data(nullptr), packed(std::move(packed_)), offset_(-1), bytes_(bytes), stats_(stats), arena_(arena) {
  stats_.add(bytes_);
  stats_.packed_bytes += bytes_;
  note_reserved();
}

Storage::~Storage() {
  stats_.live_bytes -= bytes_;
  if (offset_ < 0) {
    stats_.packed_bytes -= bytes_;
  } else {
    arena_.release(data, offset_, bytes_);
  }
}

void Storage::note_reserved() {
  const std::int64_t now = stats_.packed_bytes + arena_.placement().extent();
  if (now > stats_.reserved_bytes) stats_.reserved_bytes = now;
}

TensorTable::TensorTable() {
  // Index 0 is never given out, so that no handle is 0.
  slots_.emplace_back();
}

std::int32_t TensorTable::insert(Tensor tensor) {
  stats(tensor.storage->device).live_tensors += 1;
  std::int32_t index = 0;
  if (free_.empty()) {
    if (slots_.size() > static_cast<std::size_t>(kIndexMask)) return 0;
    index = static_cast<std::int32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[index];
  slot.tensor = std::move(tensor);
  slot.used = true;
  slot.owner = thread_owner();
  return slot.generation << kIndexBits | index;
}

Status TensorTable::take(Device device, std::int64_t bytes, const View& view, void*& data, std::int64_t& offset) {
  if (arena(device).allocate(bytes, data, offset)) return {};
  return {Code::out_of_memory, "no memory on " + std::string(device_name(device)) + " for " + describe(view) + ": " +
                                   std::to_string(bytes) + " bytes on top of " + std::to_string(stats(device).live_bytes) +
                                   " live ones"};
}

Status TensorTable::allocate(Device device, DType dtype, const std::int64_t* dims, std::int32_t& out) {
  if (is_packed(dtype)) return bad_argument("expected a plain dtype but received a packed format; fix: use packWeight");
  Tensor tensor;
  tensor.view.dtype = dtype;
  HONE_TRY(read_dims(dims, tensor.view));
  const std::int64_t bytes = arena(device).rounded(tensor.view.count() * static_cast<std::int64_t>(dtype_bytes(dtype)));
  std::int64_t offset = 0;
  HONE_TRY(take(device, bytes, tensor.view, tensor.view.data, offset));
  tensor.storage = std::make_shared<Storage>(device, tensor.view.data, offset, bytes, stats(device), arena(device));
  out = insert(std::move(tensor));
  return out == 0 ? Status{Code::out_of_memory, "more than 2^20 live tensors; fix: free them in scopes"} : Status{};
}

Status TensorTable::view(std::int32_t handle, std::int64_t element_offset, const std::int64_t* dims, std::int32_t& out) {
  const Tensor* source = nullptr;
  HONE_TRY(find(handle, source));
  if (is_packed(source->view.dtype)) return bad_argument("expected a plain tensor but received a packed weight");
  Tensor tensor = *source;
  for (std::int64_t& dim : tensor.view.dim) dim = 1;
  HONE_TRY(read_dims(dims, tensor.view));
  const std::int64_t available = source->view.count();
  if (element_offset < 0 || element_offset > available || tensor.view.count() > available - element_offset) {
    return bad_argument("expected a view inside " + describe(source->view) + " but received " + describe(tensor.view) +
                        " at element " + std::to_string(element_offset));
  }
  if (tensor.view.data != nullptr) {
    tensor.view.data = static_cast<char*>(tensor.view.data) + element_offset * dtype_bytes(tensor.view.dtype);
  }
  out = insert(std::move(tensor));
  return out == 0 ? Status{Code::out_of_memory, "more than 2^20 live tensors; fix: free them in scopes"} : Status{};
}

Status TensorTable::reinterpret(std::int32_t handle, DType dtype, std::int32_t& out) {
  const Tensor* source = nullptr;
  HONE_TRY(find(handle, source));
  if (is_packed(source->view.dtype) || is_packed(dtype) || dtype_bytes(source->view.dtype) != dtype_bytes(dtype)) {
    return bad_argument("expected two plain dtypes of one size but received " + describe(source->view) + " and " + dtype_name(dtype));
  }
  Tensor tensor = *source;
  tensor.view.dtype = dtype;
  out = insert(std::move(tensor));
  return out == 0 ? Status{Code::out_of_memory, "more than 2^20 live tensors; fix: free them in scopes"} : Status{};
}

Status TensorTable::adopt(Device device, DType format, std::int64_t rows, std::int64_t columns,
                          std::shared_ptr<const PackedWeight> packed, std::int64_t bytes, std::int32_t& out) {
  Tensor tensor;
  tensor.view.dtype = format;
  tensor.view.rank = 2;
  tensor.view.dim[0] = rows;
  tensor.view.dim[1] = columns;
  tensor.view.packed = packed.get();
  tensor.storage = std::make_shared<Storage>(device, std::move(packed), bytes, stats(device), arena(device));
  out = insert(std::move(tensor));
  return out == 0 ? Status{Code::out_of_memory, "more than 2^20 live tensors; fix: free them in scopes"} : Status{};
}

Status TensorTable::adopt_on_card(Device device, const CardWeight& shape, bool is_nested, std::int32_t& out) {
  auto weight = std::make_shared<CardWeight>(shape);
  Tensor tensor;
  tensor.view.dtype = weight->format;
  tensor.view.rank = 2;
  tensor.view.dim[0] = weight->rows;
  tensor.view.dim[1] = weight->columns;
  tensor.view.on_card = weight.get();
  const std::int64_t bytes =
      arena(device).rounded(card_weight_bytes(weight->format, weight->rows, weight->columns, weight->group, is_nested));
  void* data = nullptr;
  std::int64_t offset = 0;
  HONE_TRY(take(device, bytes, tensor.view, data, offset));
  place_card_weight(*weight, static_cast<std::byte*>(data), is_nested);
  tensor.storage = std::make_shared<Storage>(device, data, offset, bytes, stats(device), arena(device), std::move(weight));
  out = insert(std::move(tensor));
  return out == 0 ? Status{Code::out_of_memory, "more than 2^20 live tensors; fix: free them in scopes"} : Status{};
}

Status TensorTable::find(std::int32_t handle, const Tensor*& out) const {
  const std::int32_t index = handle & kIndexMask;
  const bool known = handle > 0 && index > 0 && static_cast<std::size_t>(index) < slots_.size();
  if (!known || !slots_[index].used || slots_[index].generation != handle >> kIndexBits) {
    const bool freed = known && slots_[index].generation > handle >> kIndexBits;
    return {Code::bad_handle, "expected a live tensor handle but received " + std::to_string(handle) +
                                  (freed ? " (freed earlier)" : " (never given out)") +
                                  "; fix: keep the tensor's scope open while it is used"};
  }
  out = &slots_[index].tensor;
  return {};
}

Status TensorTable::release(std::int32_t handle) {
  const Tensor* tensor = nullptr;
  HONE_TRY(find(handle, tensor));
  stats(tensor->storage->device).live_tensors -= 1;
  const std::int32_t index = handle & kIndexMask;
  Slot& slot = slots_[index];
  slot.tensor = Tensor{};
  slot.used = false;
  slot.generation = slot.generation + 1 < kGenerations ? slot.generation + 1 : 1;
  free_.push_back(index);
  return {};
}

void TensorTable::reset_peak(Device device) {
  MemoryStats& all = stats(device);
  if (is_counted(device)) arena(device).trim();
  all.peak_bytes = all.live_bytes;
  all.reserved_bytes = all.packed_bytes + arena(device).placement().extent();
}

int TensorTable::release_owner(int owner) {
  int released = 0;
  for (std::size_t index = 1; index < slots_.size(); ++index) {
    if (!slots_[index].used || slots_[index].owner != owner) continue;
    released += release(slots_[index].generation << kIndexBits | static_cast<std::int32_t>(index)).ok();
  }
  return released;
}

}  // namespace hone
