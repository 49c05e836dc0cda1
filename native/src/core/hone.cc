#include "hone/hone.h"

#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "core/packed-weight.h"
#include "core/runtime.h"
#include "hone/weights.h"

namespace {

using namespace hone;

thread_local std::string last_error;

int report(const Status& status) {
  last_error = status.message();
  return static_cast<int>(status.code());
}

// Runs `body` under the runtime's lock, and keeps every exception (only allocation can throw) on this side of the C ABI.
template <class F>
int guarded(F&& body) {
  try {
    Runtime* runtime = Runtime::get();
    if (runtime == nullptr) return report({Code::internal, "expected hone_init before any other call"});
    const std::lock_guard<std::mutex> lock(runtime->mutex);
    return report(body(*runtime));
  } catch (const std::bad_alloc&) {
    return report({Code::out_of_memory, "the system has no more memory"});
  }
}

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

Status find_packed(Runtime& runtime, hone_handle handle, const Tensor*& tensor) {
  HONE_TRY(runtime.tensors.find(handle, tensor));
  if (!is_packed(tensor->view.dtype)) return bad_argument("expected a packed weight but received " + describe(tensor->view));
  return {};
}

}  // namespace

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
    if (device < 0 || device >= kDeviceCount) return bad_argument("expected device 0 (cpu) or 1 (null)");
    if (dtype < 0 || dtype >= kDTypeCount) return bad_argument("expected a dtype code but received " + std::to_string(dtype));
    return runtime.tensors.allocate(static_cast<Device>(device), static_cast<DType>(dtype), dims, *out);
  });
}

int hone_tensor_view(hone_handle tensor, int64_t element_offset, const int64_t* dims, hone_handle* out) {
  return guarded([&](Runtime& runtime) { return runtime.tensors.view(tensor, element_offset, dims, *out); });
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
    std::memcpy(tensor->view.data_as<char>() + element_offset * size, data, count * size);
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
      // The null device has no values; zeros keep a dry run going where a script looks at its loss.
      std::memset(data, 0, count * size);
      return {};
    }
    std::memcpy(data, tensor->view.data_as<char>() + element_offset * size, count * size);
    return {};
  });
}

void hone_memory_stats(int device, hone_memory* out) {
  *out = {};
  guarded([&](Runtime& runtime) -> Status {
    const bool is_cpu = device != HONE_DEVICE_NULL;
    const Device which = is_cpu ? Device::cpu : Device::null;
    const MemoryStats& stats = runtime.tensors.stats(which);
    const Placement& placement = runtime.tensors.arena(which).placement();
    *out = {stats.live_bytes,         stats.peak_bytes,
            stats.live_tensors,       placement.cached_bytes(),
            stats.reserved_bytes,     is_cpu ? static_cast<std::int64_t>(runtime.workspace.bytes()) : 0};
    return {};
  });
}

void hone_reset_peak(int device) {
  guarded([&](Runtime& runtime) -> Status {
    runtime.tensors.reset_peak(device == HONE_DEVICE_NULL ? Device::null : Device::cpu);
    return {};
  });
}

void hone_release_cache(void) {
  guarded([](Runtime& runtime) -> Status {
    runtime.tensors.arena(Device::cpu).trim();
    runtime.workspace.release();
    return {};
  });
}

int hone_pack_weight(hone_handle source, int format, hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(runtime.tensors.find(source, tensor));
    const View view = tensor->view;
    if (format < 0 || format >= kDTypeCount || !is_packed(static_cast<DType>(format))) {
      return bad_argument("expected packed-f32, packed-bf16, nf4, int8 or int4 for the format");
    }
    const bool is_float = view.dtype == DType::f32 || view.dtype == DType::bf16 || view.dtype == DType::f16;
    if (!is_float || view.rank != 2) return bad_argument("expected a plain [N,K] weight but received " + describe(view));
    const auto dtype = static_cast<DType>(format);
    const Device device = tensor->storage->device;
    HONE_TRY(check_packable(dtype, view.dim[0], view.dim[1], 64));
    std::shared_ptr<const PackedWeight> packed;
    if (device == Device::cpu) HONE_TRY(pack_weight(runtime.context, view, dtype, packed));
    const std::int64_t bytes = packed_weight_bytes(dtype, view.dim[0], view.dim[1]);
    return runtime.tensors.adopt(device, dtype, view.dim[0], view.dim[1], std::move(packed), bytes, *out);
  });
}

int hone_unpack_weight(hone_handle weight, hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(find_packed(runtime, weight, tensor));
    const std::shared_ptr<Storage> storage = tensor->storage;
    const std::int64_t dims[4] = {tensor->view.dim[0], tensor->view.dim[1], -1, -1};
    HONE_TRY(runtime.tensors.allocate(storage->device, DType::f32, dims, *out));
    if (storage->device == Device::null) return {};
    const Tensor* target = nullptr;
    HONE_TRY(runtime.tensors.find(*out, target));
    return unpack_weight(runtime.context, *storage->packed, target->view.data_as<float>());
  });
}

int hone_weight_bytes(hone_handle weight, int64_t* out) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(runtime.tensors.find(weight, tensor));
    const View& view = tensor->view;
    *out = is_packed(view.dtype) ? tensor->storage->bytes()
                                 : view.count() * static_cast<std::int64_t>(dtype_bytes(view.dtype));
    return {};
  });
}

int hone_pack_nf4_parts(int device, int64_t rows, int64_t columns, const hone_nf4_parts* parts, hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    HONE_TRY(check_packable(DType::nf4, rows, columns, 64));
    std::shared_ptr<const PackedWeight> packed;
    if (device == HONE_DEVICE_CPU) {
      const std::int64_t blocks = rows * columns / 64, nested = (blocks + 255) / 256;
      Nf4Parts own;
      own.codes.assign(parts->codes, parts->codes + rows * columns / 2);
      if (parts->absmax != nullptr) {
        own.absmax.assign(parts->absmax, parts->absmax + blocks);
      } else {
        own.absmax_codes.assign(parts->absmax_codes, parts->absmax_codes + blocks);
        own.nested_absmax.assign(parts->nested_absmax, parts->nested_absmax + nested);
        own.offset = parts->offset;
      }
      HONE_TRY(pack_nf4_parts(runtime.context, rows, columns, own, packed));
    }
    const std::int64_t bytes = packed_weight_bytes(DType::nf4, rows, columns);
    return runtime.tensors.adopt(static_cast<Device>(device), DType::nf4, rows, columns, std::move(packed), bytes, *out);
  });
}

int hone_pack_int8_parts(int device, int64_t rows, int64_t columns, const int8_t* codes, const float* absmax,
                         hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    HONE_TRY(check_packable(DType::int8, rows, columns, 64));
    std::shared_ptr<const PackedWeight> packed;
    if (device == HONE_DEVICE_CPU) HONE_TRY(pack_int8_parts(runtime.context, rows, columns, {codes, absmax}, packed));
    const std::int64_t bytes = packed_weight_bytes(DType::int8, rows, columns);
    return runtime.tensors.adopt(static_cast<Device>(device), DType::int8, rows, columns, std::move(packed), bytes, *out);
  });
}

int hone_pack_int4_parts(int device, int64_t rows, int64_t columns, int group, const uint8_t* codes, const float* scales,
                         const uint8_t* zeros, hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    HONE_TRY(check_packable(DType::int4, rows, columns, group));
    std::shared_ptr<const PackedWeight> packed;
    if (device == HONE_DEVICE_CPU) {
      HONE_TRY(pack_int4_parts(runtime.context, rows, columns, {group, codes, scales, zeros}, packed));
    }
    const std::int64_t bytes = packed_weight_bytes(DType::int4, rows, columns, group);
    return runtime.tensors.adopt(static_cast<Device>(device), DType::int4, rows, columns, std::move(packed), bytes, *out);
  });
}

int hone_quantize_nf4(hone_handle source, const hone_nf4_buffers* out) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(runtime.tensors.find(source, tensor));
    if (tensor->storage->device == Device::null) return unsupported("the null device has no values to quantize");
    Nf4Parts parts;
    HONE_TRY(quantize_nf4(runtime.context, tensor->view, parts));
    std::memcpy(out->codes, parts.codes.data(), parts.codes.size());
    std::memcpy(out->absmax_codes, parts.absmax_codes.data(), parts.absmax_codes.size());
    std::memcpy(out->nested_absmax, parts.nested_absmax.data(), parts.nested_absmax.size() * sizeof(float));
    *out->offset = parts.offset;
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
    const Plan* plan = nullptr;
    HONE_TRY(runtime.plans.find(number, plan));
    const View& in = plan->input.view;
    const View& out = plan->output.view;
    if (value_count > (in.present() ? in.count() : 0) || result_count > (out.present() ? out.count() : 0)) {
      return bad_argument("expected no more numbers in and out than the plan was recorded with");
    }
    if (in.data != nullptr && value_count > 0) std::memcpy(in.data, values, static_cast<std::size_t>(value_count) * 4);
    HONE_TRY(plan->run(runtime.context, runtime.isa, *failed_op));
    if (result_count == 0) return {};
    if (out.data != nullptr) std::memcpy(results, out.data, static_cast<std::size_t>(result_count) * 4);
    else std::memset(results, 0, static_cast<std::size_t>(result_count) * 4);
    return {};
  });
}

int hone_plan_free(int plan) {
  return guarded([&](Runtime& runtime) { return runtime.plans.release(plan); });
}

}  // extern "C"
