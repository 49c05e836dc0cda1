#include "card.h"

#include <string>

#include "errors.h"
#include "hone/hone.h"

namespace hone_binding {
namespace {

Napi::Value card_open(const Napi::CallbackInfo& info) {
  hone_card card;
  const std::string library = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
  if (const int code = hone_card_open(library.c_str(), &card); code != 0) return throw_status(info.Env(), code, "cardOpen");
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("name", card.name);
  result.Set("ordinal", card.ordinal);
  result.Set("computeCapability", card.compute_capability);
  result.Set("multiprocessors", card.multiprocessors);
  result.Set("driverVersion", card.driver_version);
  result.Set("runtimeVersion", card.runtime_version);
  result.Set("totalBytes", static_cast<double>(card.total_bytes));
  result.Set("freeBytes", static_cast<double>(card.free_bytes));
  result.Set("budgetBytes", static_cast<double>(card.budget_bytes));
  return result;
}

Napi::Value card_counters(const Napi::CallbackInfo& info) {
  hone_card_counters counters;
  if (const int code = hone_card_counts(&counters); code != 0) return throw_status(info.Env(), code, "cardCounters");
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("launches", static_cast<double>(counters.launches));
  result.Set("graphLaunches", static_cast<double>(counters.graph_launches));
  result.Set("synchronisations", static_cast<double>(counters.synchronisations));
  result.Set("bytesToCard", static_cast<double>(counters.bytes_to_card));
  result.Set("bytesFromCard", static_cast<double>(counters.bytes_from_card));
  return result;
}

Napi::Value card_synchronise(const Napi::CallbackInfo& info) {
  if (const int code = hone_card_synchronise(); code != 0) return throw_status(info.Env(), code, "cardSynchronise");
  return info.Env().Undefined();
}

Napi::Value copy_start(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber() || !info[1].IsNumber()) return throw_type(info.Env(), "copyStart", "two handles");
  int64_t ticket = 0;
  const int code =
      hone_copy_start(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value(), &ticket);
  if (code != 0) return throw_status(info.Env(), code, "copyStart");
  return Napi::Number::New(info.Env(), static_cast<double>(ticket));
}

Napi::Value copy_await(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) return throw_type(info.Env(), "copyAwait", "a ticket");
  if (const int code = hone_copy_await(info[0].As<Napi::Number>().Int64Value()); code != 0) {
    return throw_status(info.Env(), code, "copyAwait");
  }
  return info.Env().Undefined();
}

}  // namespace

void register_card(Napi::Env env, Napi::Object exports) {
  exports.Set("cardOpen", Napi::Function::New(env, card_open, "cardOpen"));
  exports.Set("cardCounters", Napi::Function::New(env, card_counters, "cardCounters"));
  exports.Set("copyStart", Napi::Function::New(env, copy_start, "copyStart"));
  exports.Set("copyAwait", Napi::Function::New(env, copy_await, "copyAwait"));
  exports.Set("cardSynchronise", Napi::Function::New(env, card_synchronise, "cardSynchronise"));
}

}  // namespace hone_binding
