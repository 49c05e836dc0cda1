#pragma once
#include <napi.h>

namespace hone_binding {

void register_group(Napi::Env env, Napi::Object exports);

}  // namespace hone_binding
