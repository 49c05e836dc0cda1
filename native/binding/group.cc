#include "group.h"

#include "errors.h"
#include "hone/hone.h"

namespace hone_binding {
namespace {

constexpr size_t kIdBytes = 128;

Napi::Value group_id(const Napi::CallbackInfo& info) {
  Napi::Uint8Array id = Napi::Uint8Array::New(info.Env(), kIdBytes);
  if (const int code = hone_group_id(reinterpret_cast<char*>(id.Data())); code != 0) return throw_status(info.Env(), code, "groupId");
  return id;
}

Napi::Value group_join(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const bool is_called_right = info.Length() == 4 && info[0].IsNumber() && info[1].IsNumber() && info[2].IsNumber() &&
                               info[3].IsTypedArray() && info[3].As<Napi::TypedArray>().ByteLength() == kIdBytes;
  if (!is_called_right) return throw_type(env, "groupJoin", "a device, a rank, a size and an id of 128 bytes");
  int rank = 0, size = 0;
  const auto number = [&](size_t at) { return info[at].As<Napi::Number>().Int32Value(); };
  const auto* id = reinterpret_cast<const char*>(info[3].As<Napi::Uint8Array>().Data());
  if (const int code = hone_group_join(number(0), number(1), number(2), id, &rank, &size); code != 0) {
    return throw_status(env, code, "groupJoin");
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("rank", rank);
  result.Set("size", size);
  return result;
}

Napi::Value group_all_reduce(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) return throw_type(info.Env(), "groupAllReduce", "a handle");
  const int code = hone_group_all_reduce(info[0].As<Napi::Number>().Int32Value());
  if (code != 0) return throw_status(info.Env(), code, "groupAllReduce");
  return info.Env().Undefined();
}

Napi::Value group_leave(const Napi::CallbackInfo& info) {
  if (const int code = hone_group_leave(); code != 0) return throw_status(info.Env(), code, "groupLeave");
  return info.Env().Undefined();
}

}  // namespace

void register_group(Napi::Env env, Napi::Object exports) {
  exports.Set("groupId", Napi::Function::New(env, group_id, "groupId"));
  exports.Set("groupJoin", Napi::Function::New(env, group_join, "groupJoin"));
  exports.Set("groupAllReduce", Napi::Function::New(env, group_all_reduce, "groupAllReduce"));
  exports.Set("groupLeave", Napi::Function::New(env, group_leave, "groupLeave"));
}

}  // namespace hone_binding
