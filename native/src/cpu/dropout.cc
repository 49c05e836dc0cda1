// isa: avx2 avx512
// The random number of an element is a hash of its index (core/counter-random.h), sixteen at a time.
#include "core/counter-random.h"
#include "core/ops-args.h"
#include "cpu/split.h"

namespace hone::HONE_ISA {
namespace {

I16x mix(I16x x) {
  x = exclusive_or(x, shift_right<16>(x));
  x = mul(x, set_int(0x7feb352du));
  x = exclusive_or(x, shift_right<15>(x));
  x = mul(x, set_int(0x846ca68bu));
  return exclusive_or(x, shift_right<16>(x));
}

struct Dropper {
  std::uint32_t seed_low, seed_high;
  F16x p, keep;

  // An index's upper half is the same for all lanes, because a vector starts at a multiple of 16.
  F16x operator()(F16x x, std::int64_t i) const {
    alignas(64) static constexpr std::int32_t kSteps[kWide] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const auto high = static_cast<std::uint32_t>(static_cast<std::uint64_t>(i) >> 32);
    const I16x index = add(load_int(kSteps), set_int(static_cast<std::uint32_t>(i)));
    const I16x first = mix(add(mul(index, set_int(0x9e3779b9u)), set_int(seed_low)));
    const I16x bits = mix(add(first, set_int(seed_high ^ (high * 0x85ebca6bu))));
    const F16x uniform = mul(to_float(shift_right<8>(bits)), set(5.9604644775390625e-8f));
    return select(less(uniform, p), set(0.0f), mul(x, keep));
  }
};

}  // namespace

Status dropout(Context& context, const DropoutArgs& args) {
  if (!(args.p >= 0 && args.p < 1)) return bad_argument("expected 0 <= p < 1");
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
