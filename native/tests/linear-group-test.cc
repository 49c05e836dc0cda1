// linearGroupForward gives the bits of one linearForward for each weight: every format, on every level of this machine, where one
// stream serves all weights and where it does not. Exit code: the number of failed checks.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/dispatch.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "harness/tensors.h"

namespace {

using namespace hone;
using test::Floats;
using test::Machine;

constexpr int kWeights = 3;

struct Layer {
  std::shared_ptr<const PackedWeight> packed;
  std::unique_ptr<Floats> values, bias;
  View weight;

  Layer(Context& context, DType format, std::int64_t rows, std::int64_t columns, bool has_bias, unsigned seed)
      : values(std::make_unique<Floats>(std::initializer_list<std::int64_t>{rows, columns}, seed)), weight(values->view) {
    if (has_bias) bias = std::make_unique<Floats>(std::initializer_list<std::int64_t>{rows}, seed + 1);
    if (format == DType::f32) return;
    CHECK(pack_weight(context, values->view, format, packed).ok());
    weight.dtype = format;
    weight.data = nullptr;
    weight.packed = packed.get();
  }
};

void check(DType format, std::int64_t rows, std::int64_t columns, const std::vector<std::int64_t>& widths, bool has_bias) {
  Machine packer(Isa::plain, 1);
  const Floats x({rows, columns}, 3);
  std::vector<Layer> layers;
  for (const std::int64_t width : widths) layers.emplace_back(packer.context, format, width, columns, has_bias && width % 2 == 0, 20 + layers.size());
  for (int level = 0; level < kIsaCount; ++level) {
    const Isa isa = static_cast<Isa>(level);
    if (!isa_available(isa)) continue;
    Machine machine(isa, 1 + level % 3);
    ArgValue group[1 + 3 * kWeights];
    group[0].view = x.view;
    std::vector<std::unique_ptr<Floats>> together, apart;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      for (auto* results : {&together, &apart}) results->push_back(std::make_unique<Floats>(std::initializer_list<std::int64_t>{rows, widths[i]}));
      group[1 + 3 * i].view = layers[i].weight;
      if (layers[i].bias) group[2 + 3 * i].view = layers[i].bias->view;
      group[3 + 3 * i].view = together[i]->view;
      ArgValue one[4];
      one[0].view = x.view;
      one[1].view = layers[i].weight;
      if (layers[i].bias) one[2].view = layers[i].bias->view;
      one[3].view = apart[i]->view;
      CHECK(run_op(static_cast<int>(Op::kLinearForward), isa, machine.context, one).ok());
    }
    CHECK(run_op(static_cast<int>(Op::kLinearGroupForward), isa, machine.context, group).ok());
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (std::memcmp(together[i]->values.data(), apart[i]->values.data(), together[i]->values.size() * sizeof(float)) == 0) continue;
      ++test::failures;
      std::printf("FAILED: %s on %s, %d rows: weight %d has the bits that it has alone\n", dtype_name(format), isa_name(isa),
                  static_cast<int>(rows), static_cast<int>(i));
    }
  }
}

void a_third_weight_has_a_third_result() {
  Machine machine(Isa::plain, 1);
  const Floats x({1, 8}, 1), w({4, 8}, 2), y({1, 4});
  ArgValue group[10];
  group[0].view = x.view;
  for (const int part : {0, 1, 2}) group[1 + 3 * part].view = w.view;
  for (const int part : {0, 1}) group[3 + 3 * part].view = y.view;
  const Status status = run_op(static_cast<int>(Op::kLinearGroupForward), Isa::plain, machine.context, group);
  CHECK(status.message().find("w2 without y2") != std::string::npos);
}

}  // namespace

int main() {
  for (const DType format : {DType::f32, DType::packed_f32, DType::packed_bf16, DType::nf4, DType::int8, DType::int4}) {
    for (const std::int64_t rows : {1, 2, 3, 7, 33}) {
      check(format, rows, 256, {256, 64, 64}, false);
      check(format, rows, 192, {200, 65, 40}, true);
      check(format, rows, 128, {72, 130}, true);
    }
  }
  a_third_weight_has_a_third_result();
  return hone::test::failures;
}
