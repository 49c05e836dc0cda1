// A kernel that is silently lost still gives right numbers, only slowly: this test knows what must be there.
#include "core/dispatch.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "harness/check.h"

namespace {

using namespace hone;

bool has(int op, Isa isa) { return dispatch_row(op).kernels[static_cast<int>(isa)] != nullptr; }

void every_op_is_defined_and_fast() {
  for (int op = 0; op < kOpCount; ++op) {
    CHECK(has(op, Isa::plain));
    // A handful of additions a call, a counting sort of whole numbers, and two additions a token: the plain loop is as fast as it gets.
    // What the graphs of a card do with logits and counts, the engine composes of other ops on the processor.
    // There every adapter has matrices of its own, too.
    constexpr const char* kPlain[] = {"loraPagedForward", "logitsAddSparse", "routeRows", "tokenSums", "logitsAdjust", "tokenCountsAdd"};
    const std::string name = op_spec(op).name;
    if (std::find(std::begin(kPlain), std::end(kPlain), name) != std::end(kPlain)) continue;
    CHECK(has(op, Isa::avx2));
    CHECK(has(op, Isa::avx512));
  }
}

void products_of_rounded_weights_use_the_bf16_units() {
  for (const Op op : {Op::kLinearForward, Op::kLinearGroupForward, Op::kLinearBackwardInput}) {
    CHECK(has(static_cast<int>(op), Isa::avx512bf16));
    CHECK(has(static_cast<int>(op), Isa::amx));
  }
}

void a_missing_level_falls_to_the_next_lower_one() {
  for (int op = 0; op < kOpCount; ++op) {
    for (int level = 0; level < kIsaCount; ++level) {
      const int serving = serving_level(op, static_cast<Isa>(level));
      CHECK(serving >= 0 && serving <= level);
      CHECK(has(op, static_cast<Isa>(serving)));
      for (int between = serving + 1; between <= level; ++between) CHECK(!has(op, static_cast<Isa>(between)));
    }
  }
}

void levels_have_names() {
  for (int level = 0; level < kIsaCount; ++level) {
    Isa isa = Isa::plain;
    CHECK(isa_from_name(isa_name(static_cast<Isa>(level)), isa) && isa == static_cast<Isa>(level));
  }
  Isa isa = Isa::plain;
  CHECK(!isa_from_name("avx", isa));
  CHECK(isa_available(Isa::plain) && isa_available(best_isa()));
}

}  // namespace

int main() {
#if defined(__x86_64__)
  every_op_is_defined_and_fast();
  products_of_rounded_weights_use_the_bf16_units();
#endif
  a_missing_level_falls_to_the_next_lower_one();
  levels_have_names();
  return hone::test::failures;
}
