// isa: avx2 avx512
// The random number of an element is a hash of its index (core/counter-random.h), sixteen at a time.
#include "core/ops-args.h"
#include "cpu/random-bits.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

struct Dropper {
  std::uint32_t seed_low, seed_high;
  F16x p, keep;

  F16x operator()(F16x x, std::int64_t i) const {
    const I16x bits = random_bits(seed_low, seed_high, i);
    const F16x uniform = mul(to_float(shift_right<8>(bits)), set(5.9604644775390625e-8f));
    return select(less(uniform, p), set(0.0f), mul(x, keep));
  }
};

}  // namespace

Status dropout(Context& context, const DropoutArgs& args) {
  const Dropper drop = {args.seed_low, args.seed_high, set(static_cast<float>(args.p)),
                        set(static_cast<float>(1.0 / (1.0 - args.p)))};
  const float* x = args.x.data_as<float>();
  float* y = args.y.data_as<float>();
  split_elements(context, args.x.count(), [&](std::int64_t begin, std::int64_t end) {
    walk(
        begin, end, [&](std::int64_t i) { store(y + i, drop(load(x + i), i)); },
        [&](std::int64_t i, int n) { store_first(y + i, drop(load_first(x + i, n), i), n); });
  });
  return {};
}

}  // namespace hone::HONE_ISA
