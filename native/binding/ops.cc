#include "ops.h"

#include <cstdint>

#include "errors.h"
#include "hone/hone.h"

namespace hone_binding {
namespace {

constexpr size_t kArgsMax = 24;

// One callback serves every op: its number rides in the function's data pointer. The raw C calls are used here because
// this is the path that a training step takes some 1,500 times, and wrapping each argument costs more than the call.
napi_value invoke(napi_env env, napi_callback_info info) {
  napi_value args[kArgsMax];
  size_t count = kArgsMax;
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, args, nullptr, &data);
  const int op = static_cast<int>(reinterpret_cast<intptr_t>(data));
  double numbers[kArgsMax];
  for (size_t i = 0; i < count && i < kArgsMax; ++i) {
    if (napi_get_value_double(env, args[i], &numbers[i]) != napi_ok) {
      return throw_type(env, hone_op_name(op), "only numbers (handles and attributes) as arguments");
    }
  }
  const int code = hone_invoke(op, numbers, static_cast<int>(count));
  if (code != 0) throw_status(env, code, hone_op_name(op));
  return nullptr;
}

Napi::Value kernel_name(const Napi::CallbackInfo& info) {
  if (info.Length() != 1 || !info[0].IsNumber()) return throw_type(info.Env(), "kernelName", "an op number");
  return Napi::String::New(info.Env(), hone_kernel_name(info[0].As<Napi::Number>().Int32Value()));
}

}  // namespace

void register_ops(Napi::Env env, Napi::Object exports) {
  Napi::Object ops = Napi::Object::New(env);
  for (int op = 0; op < HONE_OP_COUNT; ++op) {
    napi_value function = nullptr;
    const char* name = hone_op_name(op);
    napi_create_function(env, name, NAPI_AUTO_LENGTH, invoke, reinterpret_cast<void*>(static_cast<intptr_t>(op)), &function);
    ops.Set(name, Napi::Value(env, function));
  }
  exports.Set("ops", ops);
  exports.Set("kernelName", Napi::Function::New(env, kernel_name, "kernelName"));
}

}  // namespace hone_binding
