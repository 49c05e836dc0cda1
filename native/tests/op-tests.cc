// The op harness: one program, one ctest per op and mode. `op-tests --ctest` prints the tests of this build for ctest;
// `op-tests <op> parity-<level> | parity-cuda | gradient | levels | threads | reference` runs one. Exit code 77 says that this machine
// cannot run the level; `op-tests --card-kernels` lists the ops that a card has no kernel for.
#include <cstdio>
#include <cstring>
#include <string>

#include "core/dispatch.h"
#include "harness/card-modes.h"
#include "harness/modes.h"

namespace {

using namespace hone;

constexpr int kSkipped = 77;
// A build with sanitizers has no emulated card.
constexpr bool kTestsCard = HONE_EMULATED_CARD[0] != 0;

void print_test(const char* program, const char* op, const std::string& mode) {
  std::printf("add_test([=[%s %s]=] [=[%s]=] %s %s)\n", op, mode.c_str(), program, op, mode.c_str());
  std::printf("set_tests_properties([=[%s %s]=] PROPERTIES SKIP_RETURN_CODE %d)\n", op, mode.c_str(), kSkipped);
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
    if (kTestsCard) print_test(program, name, "parity-cuda");
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
