// The op harness: one program, one ctest per op and mode. `op-tests --ctest` prints the tests of this build for ctest;
// `op-tests <op> parity-<level> | parity-cuda | gradient | levels | threads | reference` runs one. Exit code 77 says that this machine
// cannot run the level; `op-tests --card-kernels` lists the ops that a card has no kernel for.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string>

#include "core/dispatch.h"
#include "harness/card-modes.h"
#include "harness/modes.h"

namespace {

using namespace hone;

constexpr int kSkipped = 77;
constexpr bool kTestsCard = HONE_EMULATED_CARD[0] != 0;

// With a sanitizer a kernel takes several times as long, so there ctest runs a few quick ops that between them have what kernels are made
// of: shared memory, shuffles, the tensor unit, asynchronous copies, codes of weights, pages. The others run by hand.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr const char* kCardOps[] = {"kvWrite",         "ropeKvWrite",         "gatherRows",         "mixRowsBackward", "routeTopKForward",
                                    "expertLinearForward", "loraGroupedForward", "logitsAdjust",    "tokenCountsAdd",  "adamw8bitStep"};
bool is_tested_on_card(const char* op) {
  return std::any_of(std::begin(kCardOps), std::end(kCardOps), [&](const char* name) { return std::strcmp(name, op) == 0; });
}
#else
bool is_tested_on_card(const char*) { return true; }
#endif

void print_test(const char* program, const char* op, const std::string& mode) {
  std::printf("add_test([=[%s %s]=] [=[%s]=] %s %s)\n", op, mode.c_str(), program, op, mode.c_str());
  // A card is given up and not closed at the end: its library may be gone by then.
  const char* leaks = mode == "parity-cuda" ? " ENVIRONMENT ASAN_OPTIONS=detect_leaks=0" : "";
  std::printf("set_tests_properties([=[%s %s]=] PROPERTIES SKIP_RETURN_CODE %d%s)\n", op, mode.c_str(), kSkipped, leaks);
}

int print_tests(const char* program) {
  for (int op = 0; op < kOpCount; ++op) {
    const char* name = op_spec(op).name;
    for (int level = 1; level < kIsaCount; ++level) {
      const bool has_kernel = dispatch_row(op).kernels[level] != nullptr;
      if (has_kernel) print_test(program, name, std::string("parity-") + isa_name(static_cast<Isa>(level)));
    }
    if (op_spec(op).backward_of >= 0) print_test(program, name, "gradient");
    const AnyKernel* kernels = dispatch_row(op).kernels;
    const bool has_both = kernels[static_cast<int>(Isa::avx2)] != nullptr && kernels[static_cast<int>(Isa::avx512)] != nullptr;
    if (has_both) print_test(program, name, "levels");
    if (kTestsCard && is_tested_on_card(name)) print_test(program, name, "parity-cuda");
    print_test(program, name, "threads");
    print_test(program, name, "reference");
  }
  if (kTestsCard) {
    std::printf("add_test([=[card kernels]=] %s --card-kernels)\n", program);
  }
  return 0;
}

int run(int op, const std::string& mode) {
  if (mode == "reference") {
    const bool built = dispatch_row(op).kernels[0] != nullptr;
    if (!built) std::printf("FAILED %s: expected a loop in src/reference\n", op_spec(op).name);
    return built ? test::check_threads(op, Isa::plain) : 1;
  }
  if (mode == "parity-cuda") {
    return test::has_card() && test::check_card_parity(op) == 0 ? 0 : 1;
  }
  if (mode == "gradient") return test::check_gradient(op);
  if (mode == "levels") return isa_available(Isa::avx512) ? test::check_levels(op) : kSkipped;
  if (mode == "threads") return test::check_threads(op, best_isa());
  Isa isa = Isa::plain;
  if (mode.rfind("parity-", 0) != 0 || !isa_from_name(mode.substr(7), isa)) {
    std::printf("expected parity-<level>, parity-cuda, gradient, levels, threads or reference but received %s\n", mode.c_str());
    return 1;
  }
  if (!isa_available(isa)) return kSkipped;
  return test::check_parity(op, isa);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--ctest") == 0) return print_tests(argv[0]);
  if (argc == 2 && std::strcmp(argv[1], "--card-kernels") == 0) {
    return test::has_card() && test::check_card_kernels() == 0 ? 0 : 1;
  }
  for (int op = 0; argc == 3 && op < kOpCount; ++op) {
    if (std::strcmp(argv[1], op_spec(op).name) != 0) continue;
    const int failures = run(op, argv[2]);
    return failures == kSkipped || failures == 0 ? failures : 1;
  }
  std::printf("usage: op-tests <op> <mode> | --ctest\n");
  return 1;
}
