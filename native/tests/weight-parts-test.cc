// Weights from the parts of a checkpoint: the values are exactly what the parts say, the kernels give what the values give,
// and parts that cannot be are refused. Exit code: the number of failed checks.
#include <cmath>
#include <cstdio>

#include "core/dispatch.h"
#include "core/nf4-codec.h"
#include "core/packed-weight.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "harness/tensors.h"

namespace {

using namespace hone;
using test::Machine;

std::vector<float> normal(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw;
  std::vector<float> out(static_cast<std::size_t>(count));
  for (float& value : out) value = draw(random);
  return out;
}

std::vector<float> unpacked(Machine& machine, const PackedWeight& weight) {
  std::vector<float> out(static_cast<std::size_t>(weight.rows() * weight.columns()));
  CHECK(unpack_weight(machine.context, weight, out.data()).ok());
  return out;
}

// |y - x wᵀ| of every level within the rounding of x and w to bf16, for few and for many rows.
void multiplies_with(Machine& machine, const PackedWeight& weight, double bound) {
  const std::vector<float> w = unpacked(machine, weight);
  for (const std::int64_t rows : {1, 3, 37}) {
    std::vector<float> x = normal(rows * weight.columns(), 7), y(static_cast<std::size_t>(rows * weight.rows()));
    ArgValue values[4];
    values[0].view = test::shaped(x.data(), DType::f32, {rows, weight.columns()});
    values[1].view = test::shaped(nullptr, weight.format(), {weight.rows(), weight.columns()});
    values[1].view.packed = &weight;
    values[3].view = test::shaped(y.data(), DType::f32, {rows, weight.rows()});
    for (int level = 0; level < kIsaCount; ++level) {
      const Isa isa = static_cast<Isa>(level);
      if (level > 0 && !isa_available(isa)) continue;
      CHECK(run_op(static_cast<int>(Op::kLinearForward), isa, machine.context, values).ok());
      double worst = 0;
      for (std::int64_t m = 0; m < rows; ++m) {
        for (std::int64_t n = 0; n < weight.rows(); ++n) {
          double sum = 0, size = 1e-6;
          for (std::int64_t k = 0; k < weight.columns(); ++k) {
            const double term = static_cast<double>(x[m * weight.columns() + k]) * w[n * weight.columns() + k];
            sum += term;
            size += std::fabs(term);
          }
          worst = std::max(worst, std::fabs(y[m * weight.rows() + n] - sum) / size);
        }
      }
      CHECK(worst < bound);
    }
  }
}

void keeps_int4_parts(Machine& machine) {
  for (const auto& [rows, columns, group] : {std::tuple<int, int, int>{3, 96, 32}, {70, 128, 64}, {65, 256, 128}, {1, 32, 32}}) {
    const int groups = columns / group;
    std::mt19937 random(5);
    std::vector<std::uint8_t> codes(rows * columns / 2), zeros(rows * groups);
    for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(random());
    for (std::uint8_t& zero : zeros) zero = static_cast<std::uint8_t>(random() % 17);
    std::vector<float> scales = normal(rows * groups, 6);
    std::shared_ptr<const PackedWeight> weight;
    CHECK(pack_int4_parts(machine.context, rows, columns, {group, codes.data(), scales.data(), zeros.data()}, weight).ok());
    CHECK(weight_bytes(*weight) == packed_weight_bytes(DType::int4, rows, columns, group));
    const std::vector<float> values = unpacked(machine, *weight);
    for (int i = 0; i < rows * columns; ++i) {
      const int code = codes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15, at = i / columns * groups + i % columns / group;
      CHECK(values[i] == static_cast<float>(code - zeros[at]) * scales[at]);
    }
    multiplies_with(machine, *weight, 4e-3);
  }
  std::uint8_t codes[32] = {}, zeros[1] = {17};
  float scales[1] = {1};
  std::shared_ptr<const PackedWeight> weight;
  CHECK(!pack_int4_parts(machine.context, 1, 64, {64, codes, scales, zeros}, weight).ok());
  zeros[0] = 16;
  CHECK(!pack_int4_parts(machine.context, 1, 64, {48, codes, scales, zeros}, weight).ok());
  CHECK(!pack_int4_parts(machine.context, 1, 63, {64, codes, scales, zeros}, weight).ok());
}

void keeps_int8_parts(Machine& machine) {
  for (const auto& [rows, columns] : {std::pair<int, int>{1, 1}, {70, 129}, {64, 64}, {130, 33}}) {
    std::mt19937 random(9);
    std::vector<std::int8_t> codes(rows * columns);
    for (std::int8_t& code : codes) code = static_cast<std::int8_t>(random() % 255 - 127);
    std::vector<float> absmax = normal(rows, 8);
    for (float& value : absmax) value = std::fabs(value);
    std::shared_ptr<const PackedWeight> weight;
    CHECK(pack_int8_parts(machine.context, rows, columns, {codes.data(), absmax.data()}, weight).ok());
    CHECK(weight_bytes(*weight) == packed_weight_bytes(DType::int8, rows, columns));
    const std::vector<float> values = unpacked(machine, *weight);
    for (int i = 0; i < rows * columns; ++i) {
      CHECK(values[i] == static_cast<float>(codes[i]) * absmax[i / columns] * 7.874015718698502e-3f);
    }
    multiplies_with(machine, *weight, 4e-3);
  }
}

void quantizes_int8_to_the_nearest_step(Machine& machine) {
  constexpr int kRows = 5, kColumns = 77;
  std::vector<float> w = normal(kRows * kColumns, 4);
  for (int k = 0; k < kColumns; ++k) w[kColumns + k] = 0;
  std::shared_ptr<const PackedWeight> weight;
  CHECK(pack_weight(machine.context, test::shaped(w.data(), DType::f32, {kRows, kColumns}), DType::int8, weight).ok());
  const std::vector<float> values = unpacked(machine, *weight);
  for (int i = 0; i < kRows * kColumns; ++i) {
    CHECK(std::fabs(values[i] - w[i]) <= weight->absmax[i / kColumns] / 127 * 0.501f);
  }
}

// Every code as it was given, every scale within half of a 2^-15th of the largest of its row (and the rounding of two f32
// products); nothing but the stream, which has a factor per row, is kept.
void stands_for(Machine& machine, const PackedWeight& weight, const std::vector<std::uint8_t>& codes,
                const std::vector<float>& scales) {
  const std::int64_t blocks = weight.columns() / 64;
  CHECK(weight_bytes(weight) == static_cast<std::int64_t>(weight.stream_bytes()));
  const std::vector<float> values = unpacked(machine, weight);
  for (std::int64_t n = 0; n < weight.rows(); ++n) {
    float largest = 0;
    for (std::int64_t block = 0; block < blocks; ++block) largest = std::max(largest, std::fabs(scales[n * blocks + block]));
    for (std::int64_t k = 0; k < weight.columns(); ++k) {
      const std::int64_t i = n * weight.columns() + k;
      const int code = codes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15;
      CHECK(weight.code_at(n, k) == code);
      CHECK(std::fabs(values[i] - kNf4Code[code] * scales[i / 64]) <= 0x1.01p-16f * largest);
    }
  }
}

void keeps_nf4_codes(Machine& machine) {
  constexpr int kRows = 70, kColumns = 192, kBlocks = kRows * kColumns / 64;
  const std::vector<float> w = normal(kRows * kColumns, 3);
  const Nf4Parts doubled = nf4_quantize(w.data(), kRows * kColumns);
  std::shared_ptr<const PackedWeight> weight;
  CHECK(pack_nf4_parts(machine.context, kRows, kColumns, doubled, weight).ok());
  stands_for(machine, *weight, doubled.codes, nf4_block_scales(doubled));

  Nf4Parts plain;
  plain.codes = doubled.codes;
  plain.absmax = normal(kBlocks, 2);
  for (float& scale : plain.absmax) scale = std::fabs(scale) + 0.1f;
  const std::vector<float> absmax = plain.absmax;
  CHECK(pack_nf4_parts(machine.context, kRows, kColumns, plain, weight).ok());
  CHECK(weight_bytes(*weight) == packed_weight_bytes(DType::nf4, kRows, kColumns));
  stands_for(machine, *weight, doubled.codes, absmax);
  multiplies_with(machine, *weight, 8e-3);
}

}  // namespace

int main() {
  Machine machine(Isa::plain, 2);
  keeps_int4_parts(machine);
  keeps_int8_parts(machine);
  quantizes_int8_to_the_nearest_step(machine);
  keeps_nf4_codes(machine);
  std::printf("%d failed\n", test::failures);
  return test::failures > 255 ? 255 : test::failures;
}
