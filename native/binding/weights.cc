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

Napi::Value nf4_parts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  hone_handle weight = 0;
  hone_nf4_sizes sizes;
  if (!read_handle(info, "nf4Parts", weight)) return env.Undefined();
  int code = hone_nf4_sizes_of(weight, &sizes);
  if (code != 0) return throw_status(env, code, "nf4Parts");
  auto codes = Napi::Uint8Array::New(env, sizes.codes);
  auto absmax_codes = Napi::Uint8Array::New(env, sizes.absmax_codes);
  auto nested_absmax = Napi::Float32Array::New(env, sizes.nested_absmax);
  float offset = 0;
  code = hone_nf4_read(weight, codes.Data(), absmax_codes.Data(), nested_absmax.Data(), &offset);
  if (code != 0) return throw_status(env, code, "nf4Parts");
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
  exports.Set("unpackWeight", Napi::Function::New(env, unpack_weight, "unpackWeight"));
  exports.Set("weightBytes", Napi::Function::New(env, weight_bytes, "weightBytes"));
  exports.Set("nf4Parts", Napi::Function::New(env, nf4_parts, "nf4Parts"));
}

}  // namespace hone_binding
