// What the case list cannot say about the head and the adapters: a token's numbers do not depend on its batch, and a
// rounded head's gradient stays near the plain loop. There g is rounded to bf16, so where exp() differs in its last bit a
// value next to a tie rounds the other way: an error of 2^-8 of one term, which no tolerance of the f32 path allows.
#include <cmath>
#include <cstdio>
#include <cstring>

#include "core/dispatch.h"
#include "core/half.h"
#include "harness/fixture.h"

namespace {

using namespace hone;
using test::Machine;

int failures = 0;

void check(bool holds, const std::string& fact) {
  if (!holds) std::printf("FAILED: %s\n", fact.c_str());
  failures += holds ? 0 : 1;
}

View tensor(void* data, std::int64_t rows, std::int64_t columns = 0, DType dtype = DType::f32) {
  View view;
  view.data = data;
  view.dtype = dtype;
  view.rank = columns > 0 ? 2 : 1;
  view.dim[0] = rows;
  if (columns > 0) view.dim[1] = columns;
  return view;
}

std::vector<float> normal(std::size_t count, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw(0.0f, scale);
  std::vector<float> out(count);
  for (float& value : out) value = draw(random);
  return out;
}

constexpr int kTokens = 150, kVocabulary = 1100, kDepth = 192;

struct Head {
  std::vector<float> h = normal(kTokens * kDepth, 1), w = normal(kVocabulary * kDepth, 2, 0.2f), dlogp = normal(kTokens, 3);
  std::vector<std::uint16_t> rounded;
  std::vector<std::int32_t> targets = std::vector<std::int32_t>(kTokens);
  std::shared_ptr<const PackedWeight> packed;
  View weight;

  Head(Machine& machine, DType format) {
    for (int t = 0; t < kTokens; ++t) targets[t] = t % 11 == 0 ? -1 : t * 37 % kVocabulary;
    weight = tensor(w.data(), kVocabulary, kDepth);
    if (format == DType::f32) return;
    if (format == DType::bf16) {
      for (const float value : w) rounded.push_back(f32_to_bf16(value));
      weight = tensor(rounded.data(), kVocabulary, kDepth, format);
      return;
    }
    check(pack_weight(machine.context, weight, format, packed).ok(), "packs the head");
    weight.dtype = format;
    weight.packed = packed.get();
  }
};

struct Numbers {
  std::vector<float> logp, lse, entropy;
  std::vector<std::int32_t> argmax;
  bool operator==(const Numbers&) const = default;
};

Numbers forward(Head& head, Machine& machine, int level, int first, int count) {
  Numbers out{std::vector<float>(count), std::vector<float>(count), std::vector<float>(count),
              std::vector<std::int32_t>(count)};
  ArgValue values[8];
  values[0].view = tensor(head.h.data() + first * kDepth, count, kDepth);
  values[1].view = head.weight;
  values[2].view = tensor(head.targets.data() + first, count, 0, DType::i32);
  values[3].view = tensor(out.logp.data(), count);
  values[4].view = tensor(out.lse.data(), count);
  values[5].view = tensor(out.entropy.data(), count);
  values[6].view = tensor(out.argmax.data(), count, 0, DType::i32);
  const DispatchRow& row = dispatch_row(static_cast<int>(Op::kTokenLogProbsForward));
  check(row.call(row.kernels[level], machine.context, values).ok(), "the head runs");
  return out;
}

// The gradients of h and, of a plain head, of W.
std::vector<float> gradients(Head& head, Machine& machine, int level, std::vector<float>& lse) {
  const bool is_plain = head.weight.packed == nullptr;
  std::vector<float> dh(kTokens * kDepth), dw(is_plain ? kVocabulary * kDepth : 0);
  ArgValue values[8];
  values[0].view = tensor(head.dlogp.data(), kTokens);
  values[1].view = tensor(head.h.data(), kTokens, kDepth);
  values[2].view = head.weight;
  values[3].view = tensor(head.targets.data(), kTokens, 0, DType::i32);
  values[4].view = tensor(lse.data(), kTokens);
  values[5].view = tensor(dh.data(), kTokens, kDepth);
  if (is_plain) values[6].view = tensor(dw.data(), kVocabulary, kDepth);
  const DispatchRow& row = dispatch_row(static_cast<int>(Op::kTokenLogProbsBackward));
  check(row.call(row.kernels[level], machine.context, values).ok(), "the gradient of the head runs");
  dh.insert(dh.end(), dw.begin(), dw.end());
  return dh;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(a[i] - b[i], 2);
    norm += std::pow(b[i], 2);
  }
  return std::sqrt(difference / norm);
}

void checks_head(Isa isa, DType format) {
  Machine machine(isa, 2);
  const int level = static_cast<int>(isa);
  const std::string place = std::string(dtype_name(format)) + " on " + isa_name(isa);
  Head head(machine, format);
  Numbers all = forward(head, machine, level, 0, kTokens);
  for (const auto& [first, count] : {std::pair<int, int>{0, 1}, {3, 2}, {17, 5}, {100, 50}, {11, 7}}) {
    const Numbers some = forward(head, machine, level, first, count);
    const auto same = [&](const auto& a, const auto& b) { return std::memcmp(a.data(), b.data() + first, a.size() * 4) == 0; };
    check(same(some.logp, all.logp) && same(some.lse, all.lse) && same(some.entropy, all.entropy) &&
              same(some.argmax, all.argmax),
          place + ": tokens alone have the bits of the batch");
  }
  const std::vector<float> actual = gradients(head, machine, level, all.lse);
  const std::vector<float> expected = gradients(head, machine, 0, all.lse);
  check(distance(actual, expected) < 1e-3, place + ": the gradients are those of the plain loop");
}

// An adapter's share of one row is the same alone and in a batch.
void checks_lora(Isa isa) {
  constexpr int kRows = 70, kColumns = 130, kRank = 16;
  Machine machine(isa, 2);
  std::vector<float> x = normal(kRows * kDepth, 4), a = normal(kRank * kDepth, 5), b = normal(kColumns * kRank, 6);
  const auto run = [&](int first, int rows) {
    std::vector<float> y(rows * kColumns, 0.5f), xa(rows * kRank);
    ArgValue values[6];
    values[0].view = tensor(x.data() + first * kDepth, rows, kDepth);
    values[1].view = tensor(a.data(), kRank, kDepth);
    values[2].view = tensor(b.data(), kColumns, kRank);
    values[3].number = 2.0;
    values[4].view = tensor(y.data(), rows, kColumns);
    values[5].view = tensor(xa.data(), rows, kRank);
    const DispatchRow& row = dispatch_row(static_cast<int>(Op::kLoraForward));
    check(row.call(row.kernels[static_cast<int>(isa)], machine.context, values).ok(), "the adapter runs");
    return y;
  };
  const std::vector<float> all = run(0, kRows);
  for (const int first : {0, 5, 69}) {
    const std::vector<float> one = run(first, 1);
    check(std::memcmp(one.data(), all.data() + first * kColumns, one.size() * 4) == 0,
          std::string("an adapter on ") + isa_name(isa) + ": a row alone has the bits of the batch");
  }
}

}  // namespace

int main() {
  for (int level = 1; level < kIsaCount; ++level) {
    const Isa isa = static_cast<Isa>(level);
    if (!isa_available(isa)) continue;
    for (const DType format : {DType::f32, DType::bf16, DType::packed_f32, DType::packed_bf16, DType::nf4}) {
      checks_head(isa, format);
    }
    checks_lora(isa);
  }
  std::printf("%d failed\n", failures);
  return failures > 255 ? 255 : failures;
}
