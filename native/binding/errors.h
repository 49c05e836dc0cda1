#pragma once
#include <napi.h>

namespace hone_binding {

// Throws the sentence of hone_last_error as a JavaScript Error with `.code` NATIVE_* and `.op`.
Napi::Value throw_status(Napi::Env env, int code, const char* op);
// Throws for an argument that is not even of the right JavaScript type.
Napi::Value throw_type(Napi::Env env, const char* op, const char* expected);

}  // namespace hone_binding
