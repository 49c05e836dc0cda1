#include <napi.h>

#include <string>

#include "card.h"
#include "errors.h"
#include "group.h"
#include "hone/hone.h"
#include "ops.h"
#include "plans.h"
#include "tensors.h"
#include "weights.h"

namespace hone_binding {
namespace {

Napi::Value init(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int threads = info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0;
  const std::string isa = info[1].IsString() ? info[1].As<Napi::String>().Utf8Value() : "";
  hone_info started;
  const int code = hone_init(threads, isa.c_str(), &started);
  if (code != 0) return throw_status(env, code, "init");
  Napi::Object result = Napi::Object::New(env);
  result.Set("threads", started.threads);
  result.Set("isa", started.isa);
  result.Set("isasAvailable", started.isas_available);
  return result;
}

// The addon keeps nothing per environment: handles are numbers and the library's state belongs to the process, so any
// number of worker threads may load it and nothing ever calls back into one that ended. What such a thread still held is
// freed when its environment is taken down.
Napi::Object start(Napi::Env env, Napi::Object exports) {
  exports.Set("init", Napi::Function::New(env, init, "init"));
  env.AddCleanupHook([owner = hone_thread_owner()] { hone_release_owner(owner); });
  register_card(env, exports);
  register_group(env, exports);
  register_ops(env, exports);
  register_plans(env, exports);
  register_tensors(env, exports);
  register_weights(env, exports);
  return exports;
}

}  // namespace
}  // namespace hone_binding

static Napi::Object hone_start(Napi::Env env, Napi::Object exports) { return hone_binding::start(env, exports); }
NODE_API_MODULE(hone, hone_start)
