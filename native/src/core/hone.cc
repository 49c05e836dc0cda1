#include "hone/hone.h"

#include <cstring>
#include <string>
#include <utility>

#include "core/guarded.h"

namespace {

using namespace hone;

thread_local std::string last_error;

Status transfer_range(const Tensor& tensor, std::int64_t offset, int dtype, std::int64_t count) {
  if (is_packed(tensor.view.dtype)) return bad_argument("expected a plain tensor but received a packed weight");
  if (dtype != static_cast<int>(tensor.view.dtype)) {
    // Halves cross as 16-bit words, so bf16 and f16 answer to the same typed array.
    return bad_argument(std::string("expected data for ") + describe(tensor.view) + " but received " +
                        dtype_name(static_cast<DType>(dtype)));
  }
  if (offset < 0 || count < 0 || offset > tensor.view.count() || count > tensor.view.count() - offset) {
    return bad_argument("expected at most " + std::to_string(tensor.view.count()) + " elements from " + std::to_string(offset) +
                        " on but received " + std::to_string(count));
  }
  return {};
}

}  // namespace

int hone::report(const Status& status) {
  last_error = status.message();
  return static_cast<int>(status.code());
}

extern "C" {

int hone_init(int threads, const char* isa, hone_info* info) {
  static const std::string available = [] {
    std::string names;
    for (int level = 0; level < kIsaCount; ++level) {
      if (isa_available(static_cast<Isa>(level))) names += (names.empty() ? "" : " ") + std::string(isa_name(static_cast<Isa>(level)));
    }
    return names;
  }();
  if (Status status = Runtime::start(threads, isa); !status.ok()) return report(status);
  const Runtime* runtime = Runtime::get();
  *info = {runtime->pool.size(), isa_name(runtime->isa), available.c_str()};
  return 0;
}

const char* hone_last_error(void) { return last_error.c_str(); }

const char* hone_op_name(int op) { return op >= 0 && op < kOpCount ? op_spec(op).name : ""; }

int hone_op_arg_count(int op) { return op >= 0 && op < kOpCount ? op_spec(op).arg_count : -1; }

const char* hone_kernel_name(int op) {
  thread_local std::string name;
  const Runtime* runtime = Runtime::get();
  if (runtime == nullptr || op < 0 || op >= kOpCount) return "";
  const int level = serving_level(op, runtime->isa);
  if (level < 0) return "";
  name = std::string(level == 0 ? "reference" : isa_name(static_cast<Isa>(level))) + "/" + op_spec(op).name;
  return name.c_str();
}

int hone_tensor_alloc(int device, int dtype, const int64_t* dims, hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    if (device < 0 || device >= kDeviceCount) return bad_argument("expected device 0 (cpu), 1 (null), 2 (cuda), 3 (null-cuda) or 4 (pinned)");
    if (dtype < 0 || dtype >= kDTypeCount) return bad_argument("expected a dtype code but received " + std::to_string(dtype));
    if (device == HONE_DEVICE_CUDA || device == HONE_DEVICE_PINNED) HONE_TRY(runtime.open_card());
    return runtime.tensors.allocate(static_cast<Device>(device), static_cast<DType>(dtype), dims, *out);
  });
}

int hone_tensor_view(hone_handle tensor, int64_t element_offset, const int64_t* dims, hone_handle* out) {
  return guarded([&](Runtime& runtime) { return runtime.tensors.view(tensor, element_offset, dims, *out); });
}

int hone_tensor_reinterpret(hone_handle tensor, int dtype, hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    if (dtype < 0 || dtype >= kDTypeCount) return bad_argument("expected a dtype code but received " + std::to_string(dtype));
    return runtime.tensors.reinterpret(tensor, static_cast<DType>(dtype), *out);
  });
}

int hone_tensor_free(hone_handle tensor) {
  return guarded([&](Runtime& runtime) { return runtime.tensors.release(tensor); });
}

int hone_thread_owner(void) { return thread_owner(); }

int hone_release_owner(int owner) {
  int released = 0;
  guarded([&](Runtime& runtime) -> Status {
    runtime.plans.release_owner(owner);
    released = runtime.tensors.release_owner(owner);
    return {};
  });
  return released;
}

int hone_tensor_describe(hone_handle handle, int* device, int* dtype, int* rank, int64_t* dims) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(runtime.tensors.find(handle, tensor));
    *device = static_cast<int>(tensor->storage->device);
    *dtype = static_cast<int>(tensor->view.dtype);
    *rank = tensor->view.rank;
    for (int i = 0; i < 4; ++i) dims[i] = tensor->view.dim[i];
    return {};
  });
}

int hone_tensor_write(hone_handle handle, int64_t element_offset, const void* data, int dtype, int64_t count) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(runtime.tensors.find(handle, tensor));
    HONE_TRY(transfer_range(*tensor, element_offset, dtype, count));
    const std::size_t size = dtype_bytes(tensor->view.dtype);
    if (tensor->view.data == nullptr || count == 0) return {};
    char* target = tensor->view.data_as<char>() + element_offset * size;
    if (tensor->storage->device == Device::cuda) return runtime.card->write(target, data, count * static_cast<std::int64_t>(size));
    // A copy that is under way may still read or write it.
    if (tensor->storage->device == Device::pinned) HONE_TRY(runtime.card->synchronise());
    std::memcpy(target, data, count * size);
    return {};
  });
}

int hone_tensor_read(hone_handle handle, int64_t element_offset, void* data, int dtype, int64_t count) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(runtime.tensors.find(handle, tensor));
    HONE_TRY(transfer_range(*tensor, element_offset, dtype, count));
    const std::size_t size = dtype_bytes(tensor->view.dtype);
    if (count == 0) return {};
    if (tensor->view.data == nullptr) {
      // A counted device has no values; zeros keep a dry run going where a script looks at its loss.
      std::memset(data, 0, count * size);
      return {};
    }
    const char* source = tensor->view.data_as<char>() + element_offset * size;
    if (tensor->storage->device == Device::cuda) return runtime.card->read(data, source, count * static_cast<std::int64_t>(size));
    if (tensor->storage->device == Device::pinned) HONE_TRY(runtime.card->synchronise());
    std::memcpy(data, source, count * size);
    return {};
  });
}

void hone_memory_stats(int device, hone_memory* out) {
  *out = {};
  guarded([&](Runtime& runtime) -> Status {
    if (device < 0 || device >= kDeviceCount) return bad_argument("expected a device");
    const auto which = static_cast<Device>(device);
    const MemoryStats& stats = runtime.tensors.stats(which);
    const Placement& placement = runtime.tensors.arena(which).placement();
    std::int64_t workspace = 0;
    if (which == Device::cpu) workspace = static_cast<std::int64_t>(runtime.workspace.bytes());
    if (which == Device::cuda && runtime.card != nullptr) workspace = runtime.card->workspace_bytes();
    *out = {stats.live_bytes, stats.peak_bytes, stats.live_tensors, placement.cached_bytes(), stats.reserved_bytes, workspace};
    return {};
  });
}

void hone_reset_peak(int device) {
  guarded([&](Runtime& runtime) -> Status {
    if (device >= 0 && device < kDeviceCount) runtime.tensors.reset_peak(static_cast<Device>(device));
    return {};
  });
}

void hone_release_cache(void) {
  guarded([](Runtime& runtime) -> Status {
    runtime.tensors.arena(Device::cpu).trim();
    runtime.workspace.release();
    // What was freed may still be in use by work that is queued.
    if (runtime.card != nullptr && runtime.card->synchronise().ok()) runtime.tensors.arena(Device::cuda).trim();
    return {};
  });
}

int hone_invoke(int op, const double* args, int count) {
  return guarded([&](Runtime& runtime) { return runtime.invoke(op, args, count); });
}

int hone_plan_record(const double* commands, int64_t count, hone_handle input, hone_handle output, int* plan, int* failed_op) {
  return guarded([&](Runtime& runtime) -> Status {
    Plan made;
    HONE_TRY(runtime.record(commands, count, made, *failed_op));
    for (const auto& [handle, end] : {std::pair{input, &made.input}, std::pair{output, &made.output}}) {
      if (handle == 0) continue;
      const Tensor* tensor = nullptr;
      HONE_TRY(runtime.tensors.find(handle, tensor));
      if (tensor->view.dtype != DType::i32) return bad_argument("expected i32 numbers in and out but received " + describe(tensor->view));
      *end = *tensor;
    }
    *plan = runtime.plans.insert(std::move(made));
    return {};
  });
}

int hone_plan_run(int number, const int32_t* values, int64_t value_count, int32_t* results, int64_t result_count, int* failed_op) {
  return guarded([&](Runtime& runtime) -> Status {
    Plan* plan = nullptr;
    HONE_TRY(runtime.plans.find(number, plan));
    const Tensor& in = plan->input;
    const Tensor& out = plan->output;
    if (value_count > (in.view.present() ? in.view.count() : 0) || result_count > (out.view.present() ? out.view.count() : 0)) {
      return bad_argument("expected no more numbers in and out than the plan was recorded with");
    }
    const std::int64_t value_bytes = value_count * 4, result_bytes = result_count * 4;
    if (in.view.data != nullptr && value_bytes > 0) {
      if (in.storage->device == Device::cuda) HONE_TRY(runtime.card->write(in.view.data, values, value_bytes));
      else std::memcpy(in.view.data, values, static_cast<std::size_t>(value_bytes));
    }
    HONE_TRY(plan->run(runtime.context, runtime.isa, runtime.card.get(), *failed_op));
    if (result_bytes == 0) return {};
    if (out.view.data == nullptr) std::memset(results, 0, static_cast<std::size_t>(result_bytes));
    else if (out.storage->device == Device::cuda) return runtime.card->read(results, out.view.data, result_bytes);
    else std::memcpy(results, out.view.data, static_cast<std::size_t>(result_bytes));
    return {};
  });
}

int hone_plan_free(int plan) {
  return guarded([&](Runtime& runtime) { return runtime.plans.release(plan); });
}

}  // extern "C"
