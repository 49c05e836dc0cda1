#include "plans.h"

#include <cstdint>

#include "errors.h"
#include "hone/hone.h"

namespace hone_binding {
namespace {

Napi::Value plan_record(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const bool fits = info.Length() == 3 && info[0].IsTypedArray() && info[1].IsNumber() && info[2].IsNumber();
  if (!fits || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array) {
    return throw_type(env, "planRecord", "a Float64Array of commands and the handles of input and output");
  }
  const auto commands = info[0].As<Napi::Float64Array>();
  int plan = 0, failed = -1;
  const int code = hone_plan_record(commands.Data(), static_cast<int64_t>(commands.ElementLength()),
                                    info[1].As<Napi::Number>().Int32Value(), info[2].As<Napi::Number>().Int32Value(), &plan,
                                    &failed);
  if (code != 0) return throw_status(env, code, hone_op_name(failed));
  return Napi::Number::New(env, plan);
}

struct Ints {
  int32_t* data = nullptr;
  size_t count = 0;
};

bool read_ints(napi_env env, napi_value value, Ints& out) {
  napi_typedarray_type type = napi_uint8_array;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &out.count, &data, nullptr, nullptr) != napi_ok) return false;
  out.data = static_cast<int32_t*>(data);
  return type == napi_int32_array;
}

// The raw calls, as for ops: this is the one crossing of a decode step.
napi_value plan_run(napi_env env, napi_callback_info info) {
  napi_value args[3];
  size_t count = 3;
  int32_t plan = 0;
  Ints values, results;
  napi_get_cb_info(env, info, &count, args, nullptr, nullptr);
  if (count != 3 || napi_get_value_int32(env, args[0], &plan) != napi_ok || !read_ints(env, args[1], values) ||
      !read_ints(env, args[2], results)) {
    return throw_type(env, "planRun", "a plan and two Int32Arrays, for the numbers in and out");
  }
  int failed = -1;
  const int code = hone_plan_run(plan, values.data, static_cast<int64_t>(values.count), results.data,
                                 static_cast<int64_t>(results.count), &failed);
  if (code != 0) throw_status(env, code, failed < 0 ? "planRun" : hone_op_name(failed));
  return nullptr;
}

Napi::Value plan_free(const Napi::CallbackInfo& info) {
  if (info.Length() != 1 || !info[0].IsNumber()) return throw_type(info.Env(), "planFree", "a plan");
  const int code = hone_plan_free(info[0].As<Napi::Number>().Int32Value());
  if (code != 0) return throw_status(info.Env(), code, "planFree");
  return info.Env().Undefined();
}

}  // namespace

void register_plans(Napi::Env env, Napi::Object exports) {
  exports.Set("planRecord", Napi::Function::New(env, plan_record, "planRecord"));
  napi_value run = nullptr;
  napi_create_function(env, "planRun", NAPI_AUTO_LENGTH, plan_run, nullptr, &run);
  exports.Set("planRun", Napi::Value(env, run));
  exports.Set("planFree", Napi::Function::New(env, plan_free, "planFree"));
}

}  // namespace hone_binding
