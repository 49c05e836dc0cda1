#include "core/runtime.h"

#include <algorithm>
#include <cstdlib>

#include "core/card-library.h"
#include "core/check-args.h"
#include "null/null-device.h"

namespace hone {
namespace {

constexpr int kThreadsMax = 512;
constexpr int kArgsMax = 24;

std::mutex start_mutex;
// Never destroyed: JavaScript environments may end after static destructors began, and the system takes memory back.
Runtime* runtime = nullptr;

Status choose_isa(const char* wanted, Isa& out) {
  if (wanted == nullptr || *wanted == 0) wanted = std::getenv("HONE_ISA");
  if (wanted == nullptr || *wanted == 0) {
    out = best_isa();
    return {};
  }
  if (!isa_from_name(wanted, out)) {
    return bad_argument(std::string("expected plain, avx2, avx512, avx512bf16 or amx for HONE_ISA but received ") + wanted);
  }
  if (isa_available(out)) return {};
  return unsupported(std::string("this machine cannot run HONE_ISA=") + wanted + "; fix: unset it, the best level is " +
                     isa_name(best_isa()));
}

Status choose_threads(int wanted, int& out) {
  const char* text = wanted > 0 ? nullptr : std::getenv("HONE_THREADS");
  if (text == nullptr || *text == 0) {
    out = std::min(wanted > 0 ? wanted : default_thread_count(), kThreadsMax);
    return {};
  }
  char* end = nullptr;
  const long threads = std::strtol(text, &end, 10);
  if (*end != 0 || threads < 1 || threads > kThreadsMax) {
    return bad_argument(std::string("expected a whole number from 1 to 512 for HONE_THREADS but received ") + text +
                        "; fix: unset it, and the library takes the CPUs that it may use");
  }
  out = static_cast<int>(threads);
  return {};
}

}  // namespace

Runtime::Runtime(Isa isa_, int threads) : isa(isa_), pool(threads), workspace(pool.size()), context{pool, workspace, isa_} {}

Status Runtime::start(int threads, const char* isa_name) {
  const std::lock_guard<std::mutex> lock(start_mutex);
  if (runtime != nullptr) return {};
  Isa isa = Isa::plain;
  HONE_TRY(choose_isa(isa_name, isa));
  HONE_TRY(choose_threads(threads, threads));
  runtime = new Runtime(isa, threads);
  return {};
}

Runtime* Runtime::get() {
  const std::lock_guard<std::mutex> lock(start_mutex);
  return runtime;
}

Status Runtime::open_card(const char* library) {
  if (!was_card_asked_) {
    was_card_asked_ = true;
    card_status_ = hone::open_card(library, card);
    if (card_status_.ok()) {
      tensors.arena(Device::cuda).open(*card);
      tensors.arena(Device::pinned).open(*card);
    }
  }
  return card_status_;
}

Status Runtime::resolve(int op, const double* args, int count, ArgValue* values, Device& device,
                        std::vector<std::shared_ptr<Storage>>* held) {
  const OpSpec& spec = op_spec(op);
  bool is_known = false;
  for (int i = 0; i < count && i < spec.arg_count; ++i) {
    values[i].number = args[i];
    if (spec.args[i].attribute != Attribute::knone) continue;
    const bool is_in_range = args[i] >= 0 && args[i] <= 2147483647.0;
    const std::int32_t handle = is_in_range ? static_cast<std::int32_t>(args[i]) : 0;
    if (!is_in_range || handle != args[i]) {
      return {Code::bad_handle, std::string("expected a tensor handle for ") + spec.args[i].name + " but received " +
                                    number_text(args[i]) + "; fix: pass the number that tensorAlloc gave"};
    }
    if (handle == 0) continue;
    const Tensor* tensor = nullptr;
    if (Status found = tensors.find(handle, tensor); !found.ok()) {
      return {found.code(), std::string(spec.args[i].name) + ": " + found.message()};
    }
    values[i].view = tensor->view;
    if (held != nullptr) held->push_back(tensor->storage);
    const Device own = tensor->storage->device;
    if (is_known && own != device) {
      return bad_argument(std::string("expected all tensors on one device but received ") + device_name(device) + " and " +
                          device_name(own) + " ones");
    }
    device = own;
    is_known = true;
  }
  return {};
}

Status Runtime::invoke(int op, const double* args, int count) {
  if (op < 0 || op >= kOpCount) return bad_argument("expected an op number but received " + std::to_string(op));
  if (count > kArgsMax) return bad_argument("expected at most 24 arguments");
  ArgValue values[kArgsMax];
  Device device = Device::cpu;
  HONE_TRY(resolve(op, args, count, values, device, nullptr));
  HONE_TRY(check_args(op, values, count, arithmetic_of(device), device == Device::cpu));
  if (is_counted(device)) return null_device::run(op, values, count);
  if (device == Device::pinned) return bad_argument("expected tensors that are computed on but received pinned ones; fix: copy them to cuda");
  if (device == Device::cuda) return card->run(op, values);
  return run_op(op, isa, context, values);
}

Status Runtime::record(const double* commands, std::int64_t count, Plan& plan, int& failed_op) {
  for (std::int64_t at = 0; at < count;) {
    const int op = static_cast<int>(commands[at]);
    failed_op = op;
    const int args = op >= 0 && op < kOpCount ? op_spec(op).arg_count : -1;
    if (args < 0 || args > kArgsMax || at + 1 + args > count) {
      return bad_argument("expected an op number and its arguments at " + std::to_string(at));
    }
    ArgValue values[kArgsMax];
    Device device = Device::cpu;
    std::vector<std::shared_ptr<Storage>> held;
    std::vector<ValueCheck> checks;
    HONE_TRY(resolve(op, commands + at + 1, args, values, device, &held));
    HONE_TRY(check_shapes(op, values, args, arithmetic_of(device), device == Device::cuda ? nullptr : &checks));
    HONE_TRY(plan.add(op, values, args, std::move(held), device, checks));
    at += 1 + args;
  }
  return {};
}

}  // namespace hone
