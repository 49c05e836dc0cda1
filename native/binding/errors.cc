#include "errors.h"

#include <string>

#include "hone/hone.h"

namespace hone_binding {
namespace {

// In the order of hone::Code.
constexpr const char* kCodes[] = {"NATIVE_OK",          "NATIVE_BAD_ARGUMENT", "NATIVE_BAD_HANDLE",
                                  "NATIVE_OUT_OF_MEMORY", "NATIVE_UNSUPPORTED",  "NATIVE_INTERNAL",     "DEVICE_LOST"};

void throw_error(Napi::Env env, const char* code, const char* op, const std::string& message) {
  const Napi::Error error = Napi::Error::New(env, "[" + std::string(op) + "] " + message);
  error.Value().Set("code", code);
  error.Value().Set("op", op);
  error.ThrowAsJavaScriptException();
}

}  // namespace

Napi::Value throw_status(Napi::Env env, int code, const char* op) {
  throw_error(env, kCodes[code], op, hone_last_error());
  return env.Undefined();
}

Napi::Value throw_type(Napi::Env env, const char* op, const char* expected) {
  throw_error(env, "NATIVE_BAD_ARGUMENT", op, std::string("expected ") + expected);
  return env.Undefined();
}

}  // namespace hone_binding
