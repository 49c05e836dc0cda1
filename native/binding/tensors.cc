#include "tensors.h"

#include <cstdint>

#include "errors.h"
#include "hone/hone.h"

namespace hone_binding {
namespace {

// Reads numbers from info[first...]; false (with an exception pending) when one is not whole or more than a double holds exactly:
// the conversion of Node-API would make NaN a 0 and cut fractions off.
bool read_numbers(const Napi::CallbackInfo& info, size_t first, size_t count, int64_t* out, const char* op) {
  constexpr double kMost = 9007199254740992.0;
  for (size_t i = 0; i < count; ++i) {
    const double number = info[first + i].IsNumber() ? info[first + i].As<Napi::Number>().DoubleValue() : kMost * 2;
    if (!(number >= -kMost && number <= kMost) || static_cast<double>(static_cast<int64_t>(number)) != number) {
      throw_type(info.Env(), op, "only whole numbers within 2^53 as arguments");
      return false;
    }
    out[i] = static_cast<int64_t>(number);
  }
  return true;
}

Napi::Value tensor_alloc(const Napi::CallbackInfo& info) {
  int64_t args[6];
  if (!read_numbers(info, 0, 6, args, "tensorAlloc")) return info.Env().Undefined();
  hone_handle handle = 0;
  const int code = hone_tensor_alloc(static_cast<int>(args[0]), static_cast<int>(args[1]), args + 2, &handle);
  if (code != 0) return throw_status(info.Env(), code, "tensorAlloc");
  return Napi::Number::New(info.Env(), handle);
}

Napi::Value tensor_view(const Napi::CallbackInfo& info) {
  int64_t args[6];
  if (!read_numbers(info, 0, 6, args, "tensorView")) return info.Env().Undefined();
  hone_handle handle = 0;
  const int code = hone_tensor_view(static_cast<hone_handle>(args[0]), args[1], args + 2, &handle);
  if (code != 0) return throw_status(info.Env(), code, "tensorView");
  return Napi::Number::New(info.Env(), handle);
}

Napi::Value is_finite(const Napi::CallbackInfo& info) {
  if (info.Length() != 3 || !info[0].IsTypedArray() || !info[1].IsNumber() || !info[2].IsNumber()) {
    return throw_type(info.Env(), "isFinite", "a typed array and two dtype codes");
  }
  const auto array = info[0].As<Napi::TypedArray>();
  const auto* data = static_cast<const unsigned char*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  const auto dtype_at = [&info](std::size_t at) { return info[at].As<Napi::Number>().Int32Value(); };
  const int yes = hone_is_finite(data, dtype_at(1), dtype_at(2), static_cast<int64_t>(array.ByteLength()));
  return Napi::Boolean::New(info.Env(), yes != 0);
}

Napi::Value tensor_reinterpret(const Napi::CallbackInfo& info) {
  int64_t args[2];
  if (!read_numbers(info, 0, 2, args, "tensorReinterpret")) return info.Env().Undefined();
  hone_handle handle = 0;
  const int code = hone_tensor_reinterpret(static_cast<hone_handle>(args[0]), static_cast<int>(args[1]), &handle);
  if (code != 0) return throw_status(info.Env(), code, "tensorReinterpret");
  return Napi::Number::New(info.Env(), handle);
}

Napi::Value tensor_free(const Napi::CallbackInfo& info) {
  int64_t handle = 0;
  if (!read_numbers(info, 0, 1, &handle, "tensorFree")) return info.Env().Undefined();
  const int code = hone_tensor_free(static_cast<hone_handle>(handle));
  if (code != 0) return throw_status(info.Env(), code, "tensorFree");
  return info.Env().Undefined();
}

Napi::Value tensor_describe(const Napi::CallbackInfo& info) {
  int64_t handle = 0;
  if (!read_numbers(info, 0, 1, &handle, "tensorDescribe")) return info.Env().Undefined();
  int device = 0, dtype = 0, rank = 0;
  int64_t dims[4];
  const int code = hone_tensor_describe(static_cast<hone_handle>(handle), &device, &dtype, &rank, dims);
  if (code != 0) return throw_status(info.Env(), code, "tensorDescribe");
  Napi::Object result = Napi::Object::New(info.Env());
  Napi::Array shape = Napi::Array::New(info.Env(), rank);
  for (int i = 0; i < rank; ++i) shape.Set(i, static_cast<double>(dims[i]));
  result.Set("device", device);
  result.Set("dtype", dtype);
  result.Set("shape", shape);
  return result;
}

// The dtype code that a typed array stands for; 16-bit words serve both bf16 and f16, so the tensor's own decides.
int array_dtype(napi_typedarray_type type, int tensor_dtype) {
  switch (type) {
    case napi_float32_array:
      return 0;
    case napi_uint16_array:
      return tensor_dtype == 2 ? 2 : 1;
    case napi_int32_array:
      return 3;
    case napi_uint8_array:
      return 4;
    default:
      return -1;
  }
}

using Transfer = int (*)(hone_handle, int64_t, void*, int, int64_t);

Napi::Value transfer(const Napi::CallbackInfo& info, const char* name, Transfer move) {
  const Napi::Env env = info.Env();
  if (info.Length() != 3 || !info[0].IsNumber() || !info[1].IsTypedArray() || !info[2].IsNumber()) {
    return throw_type(env, name, "a handle, a typed array and an element offset");
  }
  int64_t offset = 0;
  if (!read_numbers(info, 2, 1, &offset, name)) return env.Undefined();
  const hone_handle handle = info[0].As<Napi::Number>().Int32Value();
  const auto array = info[1].As<Napi::TypedArray>();
  int device = 0, dtype = 0, rank = 0;
  int64_t dims[4];
  int code = hone_tensor_describe(handle, &device, &dtype, &rank, dims);
  if (code != 0) return throw_status(env, code, name);
  const int given = array_dtype(array.TypedArrayType(), dtype);
  if (given < 0) return throw_type(env, name, "a Float32Array, Int32Array, Uint16Array or Uint8Array");
  char* data = static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  code = move(handle, offset, data, given, static_cast<int64_t>(array.ElementLength()));
  if (code != 0) return throw_status(env, code, name);
  return env.Undefined();
}

int write(hone_handle handle, int64_t offset, void* data, int dtype, int64_t count) {
  return hone_tensor_write(handle, offset, data, dtype, count);
}

Napi::Value tensor_write(const Napi::CallbackInfo& info) { return transfer(info, "tensorWrite", write); }
Napi::Value tensor_read(const Napi::CallbackInfo& info) { return transfer(info, "tensorRead", hone_tensor_read); }

Napi::Value memory_stats(const Napi::CallbackInfo& info) {
  int64_t device = 0;
  if (!read_numbers(info, 0, 1, &device, "memoryStats")) return info.Env().Undefined();
  hone_memory stats;
  hone_memory_stats(static_cast<int>(device), &stats);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("liveBytes", static_cast<double>(stats.live_bytes));
  result.Set("peakBytes", static_cast<double>(stats.peak_bytes));
  result.Set("liveTensors", static_cast<double>(stats.live_tensors));
  result.Set("cachedBytes", static_cast<double>(stats.cached_bytes));
  result.Set("reservedBytes", static_cast<double>(stats.reserved_bytes));
  result.Set("workspaceBytes", static_cast<double>(stats.workspace_bytes));
  return result;
}

Napi::Value reset_peak(const Napi::CallbackInfo& info) {
  int64_t device = 0;
  if (!read_numbers(info, 0, 1, &device, "resetPeak")) return info.Env().Undefined();
  hone_reset_peak(static_cast<int>(device));
  return info.Env().Undefined();
}

Napi::Value release_cache(const Napi::CallbackInfo& info) {
  hone_release_cache();
  return info.Env().Undefined();
}

}  // namespace

void register_tensors(Napi::Env env, Napi::Object exports) {
  exports.Set("tensorAlloc", Napi::Function::New(env, tensor_alloc, "tensorAlloc"));
  exports.Set("tensorView", Napi::Function::New(env, tensor_view, "tensorView"));
  exports.Set("tensorFree", Napi::Function::New(env, tensor_free, "tensorFree"));
  exports.Set("isFinite", Napi::Function::New(env, is_finite, "isFinite"));
  exports.Set("tensorReinterpret", Napi::Function::New(env, tensor_reinterpret, "tensorReinterpret"));
  exports.Set("tensorDescribe", Napi::Function::New(env, tensor_describe, "tensorDescribe"));
  exports.Set("tensorWrite", Napi::Function::New(env, tensor_write, "tensorWrite"));
  exports.Set("tensorRead", Napi::Function::New(env, tensor_read, "tensorRead"));
  exports.Set("memoryStats", Napi::Function::New(env, memory_stats, "memoryStats"));
  exports.Set("resetPeak", Napi::Function::New(env, reset_peak, "resetPeak"));
  exports.Set("releaseCache", Napi::Function::New(env, release_cache, "releaseCache"));
}

}  // namespace hone_binding
