// isa: avx2 avx512
// 10 bytes a parameter with bf16 weights and gradients, 16 with f32 ones. The codes, not the memory, are the bound: four
// gathers for each of the two averages of sixteen parameters.
#include <array>
#include <vector>

#include "core/gradient-scale.h"
#include "core/nf4-codec.h"
#include "core/ops-args.h"
#include "cpu/optimizer/adamw-update.h"

namespace hone::HONE_ISA {
namespace {

constexpr std::int64_t kBlock = 256;
constexpr int kZero = 127;  // Where the signed map has its zero.

// The nearest entry of a map for magnitudes up to 1 with two look-ups instead of a search: the upper 16 bits of the f32
// choose one of 128 pieces of a power of two, in each of which at most one midpoint between two entries lies.
class NearestEntry {
 public:
  NearestEntry(const std::array<float, 256>& map, int first) {
    for (int i = first; i < 255; ++i) midpoints_.push_back((map[i] + map[i + 1]) * 0.5f);
    midpoints_.push_back(2.0f);
    for (std::uint32_t piece = 0; piece <= kLast - kFirst; ++piece) {
      const std::uint32_t bits = piece == 0 ? 0 : (kFirst + piece) << 16;
      float lowest;
      std::memcpy(&lowest, &bits, sizeof(lowest));
      int below = 0;
      while (midpoints_[below] < lowest) ++below;
      steps_.push_back(static_cast<float>(below));
    }
  }

  // How many midpoints lie below each magnitude.
  I16x operator()(F16x magnitude) const {
    const I16x upper = shift_right<16>(as_int(magnitude));
    const I16x piece = max(add(min(upper, set_int(kLast)), set_int(-kFirst)), set_int(0));
    const F16x steps = gather(steps_.data(), piece);
    const F16x more = select(less(gather(midpoints_.data(), round_to_int(steps)), magnitude), set(1.0f), set(0.0f));
    return round_to_int(add(steps, more));
  }

 private:
  static constexpr std::uint32_t kFirst = 102u << 7, kLast = 127u << 7;  // 2^-25 and 1.
  std::vector<float> midpoints_, steps_;
};

const NearestEntry& signed_entry() {
  static const NearestEntry entry(dynamic_map(), kZero);
  return entry;
}

const NearestEntry& unsigned_entry() {
  static const NearestEntry entry(unsigned_dynamic_map(), 0);
  return entry;
}

F16x decode(const float* map, const std::uint8_t* codes, int n, F16x scale) {
  alignas(64) std::int32_t lanes[kWide] = {};
  for (int lane = 0; lane < n; ++lane) lanes[lane] = codes[lane];
  return mul(gather(map, load_int(lanes)), scale);
}

void write_codes(std::uint8_t* codes, I16x values, int n) {
  alignas(64) std::int32_t lanes[kWide];
  store_int(lanes, values);
  for (int lane = 0; lane < n; ++lane) codes[lane] = static_cast<std::uint8_t>(lanes[lane]);
}

I16x signed_codes(F16x value) {
  const F16x magnitude = max(value, sub(set(0.0f), value));
  const I16x steps = signed_entry()(magnitude);
  // No m below zero becomes zero, and the map has no -1.
  const F16x below = sub(set(0.0f), to_float(max(min(steps, set_int(kZero)), set_int(1))));
  return add(round_to_int(select(less(value, set(0.0f)), below, to_float(steps))), set_int(kZero));
}

class BlockStep {
 public:
  BlockStep(const Adamw8bitStepArgs& args, float factor)
      : args_(args), update_(args, factor), write_{args.seed, static_cast<std::uint32_t>(args.step), kBlock * args.first_block} {}

  void operator()(std::int64_t block) const {
    const std::int64_t first = block * kBlock, length = std::min(kBlock, args_.p.count() - first);
    alignas(64) float m[kBlock], v[kBlock];
    float& m_scale = args_.m_absmax.data_as<float>()[block];
    float& v_scale = args_.v_absmax.data_as<float>()[block];
    std::uint8_t* m_codes = args_.m.data_as<std::uint8_t>() + first;
    std::uint8_t* v_codes = args_.v.data_as<std::uint8_t>() + first;
    F16x m_largest = set(0.0f), v_largest = set(0.0f);
    const auto step = [&](std::int64_t i, int n) {
      const AdamwState before = {read_lanes(args_.p, first + i, n), decode(dynamic_map().data(), m_codes + i, n, set(m_scale)),
                                 decode(unsigned_dynamic_map().data(), v_codes + i, n, set(v_scale))};
      const AdamwState after = update_(before, read_lanes(args_.g, first + i, n));
      write_(args_.p, first + i, n, after.p, RoundingStream::parameter);
      store_first(m + i, after.m, n);
      store_first(v + i, after.v, n);
      // Through memory, so that lanes beyond the end count as 0.
      const F16x kept = load_first(m + i, n);
      m_largest = max(m_largest, max(kept, sub(set(0.0f), kept)));
      v_largest = max(v_largest, load_first(v + i, n));
    };
    walk(0, length, [&](std::int64_t i) { step(i, kWide); }, step);
    m_scale = maximum(m_largest);
    v_scale = maximum(v_largest);
    const F16x m_inverse = set(m_scale > 0 ? 1.0f / m_scale : 0.0f), v_inverse = set(v_scale > 0 ? 1.0f / v_scale : 0.0f);
    const auto encode = [&](std::int64_t i, int n) {
      write_codes(m_codes + i, signed_codes(mul(load_first(m + i, n), m_inverse)), n);
      write_codes(v_codes + i, unsigned_entry()(mul(load_first(v + i, n), v_inverse)), n);
    };
    walk(0, length, [&](std::int64_t i) { encode(i, kWide); }, encode);
  }

 private:
  const Adamw8bitStepArgs& args_;
  AdamwUpdate update_;
  LaneWriter write_;
};

}  // namespace

Status adamw8bit_step(Context& context, const Adamw8bitStepArgs& args) {
  const std::int64_t blocks = (args.p.count() + kBlock - 1) / kBlock;
  if (args.m_absmax.count() != blocks) return bad_argument("expected one scale for every 256 elements");
  const std::optional<float> factor = gradient_factor(args.gradient_scale, args.squared_norm, args.max_norm);
  if (!factor) return {};
  const BlockStep step(args, *factor);
  split_rows(context, blocks, kBlock, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) step(block);
  });
  return {};
}

}  // namespace hone::HONE_ISA
