#include "weights.h"

#include "errors.h"
#include "hone/hone.h"

namespace hone_binding {
namespace {

bool read_handle(const Napi::CallbackInfo& info, const char* name, hone_handle& out) {
  if (info.Length() < 1 || !info[0].IsNumber()) {
    throw_type(info.Env(), name, "a handle");
    return false;
  }
  out = info[0].As<Napi::Number>().Int32Value();
  return true;
}

Napi::Value pack_weight(const Napi::CallbackInfo& info) {
  hone_handle source = 0, packed = 0;
  if (!read_handle(info, "packWeight", source)) return info.Env().Undefined();
  if (!info[1].IsNumber()) return throw_type(info.Env(), "packWeight", "a dtype code for the format");
  const int code = hone_pack_weight(source, info[1].As<Napi::Number>().Int32Value(), &packed);
  if (code != 0) return throw_status(info.Env(), code, "packWeight");
  return Napi::Number::New(info.Env(), packed);
}

// The data of a typed array, or null for null and undefined. The lengths were checked where the shapes are known.
template <class Array>
auto* data_of(const Napi::Value& value) {
  return value.IsTypedArray() ? value.As<Array>().Data() : nullptr;
}

// device, N, K, then the parts.
struct PartsCall {
  int device;
  int64_t rows, columns;

  explicit PartsCall(const Napi::CallbackInfo& info)
      : device(info[0].As<Napi::Number>().Int32Value()),
        rows(info[1].As<Napi::Number>().Int64Value()),
        columns(info[2].As<Napi::Number>().Int64Value()) {}

  static bool is_valid(const Napi::CallbackInfo& info) {
    return info[0].IsNumber() && info[1].IsNumber() && info[2].IsNumber();
  }
};

Napi::Value pack_nf4_parts(const Napi::CallbackInfo& info) {
  if (!PartsCall::is_valid(info) || !info[6].IsNumber()) return throw_type(info.Env(), "packNf4Parts", "a device and a shape");
  const PartsCall call(info);
  const hone_nf4_parts parts{data_of<Napi::Uint8Array>(info[3]), data_of<Napi::Uint8Array>(info[4]),
                             data_of<Napi::Float32Array>(info[5]), info[6].As<Napi::Number>().FloatValue(),
                             data_of<Napi::Float32Array>(info[7])};
  hone_handle packed = 0;
  const int code = hone_pack_nf4_parts(call.device, call.rows, call.columns, &parts, &packed);
  if (code != 0) return throw_status(info.Env(), code, "packNf4Parts");
  return Napi::Number::New(info.Env(), packed);
}

Napi::Value pack_int8_parts(const Napi::CallbackInfo& info) {
  if (!PartsCall::is_valid(info)) return throw_type(info.Env(), "packInt8Parts", "a device and a shape");
  const PartsCall call(info);
  hone_handle packed = 0;
  const int code = hone_pack_int8_parts(call.device, call.rows, call.columns, data_of<Napi::Int8Array>(info[3]),
                                        data_of<Napi::Float32Array>(info[4]), &packed);
  if (code != 0) return throw_status(info.Env(), code, "packInt8Parts");
  return Napi::Number::New(info.Env(), packed);
}

Napi::Value pack_int4_parts(const Napi::CallbackInfo& info) {
  if (!PartsCall::is_valid(info) || !info[3].IsNumber()) {
    return throw_type(info.Env(), "packInt4Parts", "a device, a shape and a group");
  }
  const PartsCall call(info);
  hone_handle packed = 0;
  const int code = hone_pack_int4_parts(call.device, call.rows, call.columns, info[3].As<Napi::Number>().Int32Value(),
                                        data_of<Napi::Uint8Array>(info[4]), data_of<Napi::Float32Array>(info[5]),
                                        data_of<Napi::Uint8Array>(info[6]), &packed);
  if (code != 0) return throw_status(info.Env(), code, "packInt4Parts");
  return Napi::Number::New(info.Env(), packed);
}

Napi::Value unpack_weight(const Napi::CallbackInfo& info) {
  hone_handle weight = 0, plain = 0;
  if (!read_handle(info, "unpackWeight", weight)) return info.Env().Undefined();
  const int code = hone_unpack_weight(weight, &plain);
  if (code != 0) return throw_status(info.Env(), code, "unpackWeight");
  return Napi::Number::New(info.Env(), plain);
}

Napi::Value weight_bytes(const Napi::CallbackInfo& info) {
  hone_handle weight = 0;
  int64_t bytes = 0;
  if (!read_handle(info, "weightBytes", weight)) return info.Env().Undefined();
  const int code = hone_weight_bytes(weight, &bytes);
  if (code != 0) return throw_status(info.Env(), code, "weightBytes");
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

Napi::Value quantize_nf4(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  hone_handle source = 0;
  int device, dtype, rank;
  int64_t dims[4];
  if (!read_handle(info, "quantizeNf4", source)) return env.Undefined();
  int code = hone_tensor_describe(source, &device, &dtype, &rank, dims);
  if (code != 0) return throw_status(env, code, "quantizeNf4");
  int64_t count = 1;
  for (int i = 0; i < rank; ++i) count *= dims[i];
  const int64_t blocks = (count + 63) / 64;
  auto codes = Napi::Uint8Array::New(env, static_cast<std::size_t>((count + 1) / 2));
  auto absmax_codes = Napi::Uint8Array::New(env, static_cast<std::size_t>(blocks));
  auto nested_absmax = Napi::Float32Array::New(env, static_cast<std::size_t>((blocks + 255) / 256));
  float offset = 0;
  const hone_nf4_buffers parts{codes.Data(), absmax_codes.Data(), nested_absmax.Data(), &offset};
  code = hone_quantize_nf4(source, &parts);
  if (code != 0) return throw_status(env, code, "quantizeNf4");
  Napi::Object result = Napi::Object::New(env);
  result.Set("codes", codes);
  result.Set("absmaxCodes", absmax_codes);
  result.Set("nestedAbsmax", nested_absmax);
  result.Set("offset", offset);
  return result;
}

}  // namespace

void register_weights(Napi::Env env, Napi::Object exports) {
  exports.Set("packWeight", Napi::Function::New(env, pack_weight, "packWeight"));
  exports.Set("packNf4Parts", Napi::Function::New(env, pack_nf4_parts, "packNf4Parts"));
  exports.Set("packInt8Parts", Napi::Function::New(env, pack_int8_parts, "packInt8Parts"));
  exports.Set("packInt4Parts", Napi::Function::New(env, pack_int4_parts, "packInt4Parts"));
  exports.Set("unpackWeight", Napi::Function::New(env, unpack_weight, "unpackWeight"));
  exports.Set("weightBytes", Napi::Function::New(env, weight_bytes, "weightBytes"));
  exports.Set("quantizeNf4", Napi::Function::New(env, quantize_nf4, "quantizeNf4"));
}

}  // namespace hone_binding
