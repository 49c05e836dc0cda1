// What packing promises: values read back, codes and sizes of NF4 as bitsandbytes has them, and a row's bits that do not
// depend on its batch, the thread count or the instruction set. Exit code: the number of failed checks.
#include <cmath>
#include <cstdio>
#include <cstring>

#include "core/dispatch.h"
#include "core/half.h"
#include "core/nf4-codec.h"
#include "core/packed-weight.h"
#include "harness/fixture.h"

namespace {

using namespace hone;
using test::Machine;

int failures = 0;

void check(bool holds, const std::string& fact) {
  if (!holds) std::printf("FAILED: %s\n", fact.c_str());
  failures += holds ? 0 : 1;
}

View matrix(void* data, std::int64_t rows, std::int64_t columns, DType dtype = DType::f32) {
  View view;
  view.data = data;
  view.dtype = dtype;
  view.rank = 2;
  view.dim[0] = rows;
  view.dim[1] = columns;
  return view;
}

View packed_view(const PackedWeight& weight) {
  View view = matrix(nullptr, weight.rows(), weight.columns(), weight.format());
  view.packed = &weight;
  return view;
}

std::vector<float> normal(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw;
  std::vector<float> out(count);
  for (float& value : out) value = draw(random);
  return out;
}

void reads_back_what_it_packed(Machine& machine) {
  for (const auto& [rows, columns] : {std::pair<int, int>{1, 64}, {65, 128}, {130, 33}, {17, 5}}) {
    std::vector<float> values = normal(static_cast<std::size_t>(rows) * columns, 3), back(values.size());
    std::shared_ptr<const PackedWeight> weight;
    check(pack_weight(machine.context, matrix(values.data(), rows, columns), DType::packed_f32, weight).ok(), "packs f32");
    check(unpack_weight(machine.context, *weight, back.data()).ok() && back == values, "packed-f32 reads back exactly");
    check(pack_weight(machine.context, matrix(values.data(), rows, columns), DType::packed_bf16, weight).ok(), "packs bf16");
    for (float& value : values) value = round_to_bf16(value);
    check(unpack_weight(machine.context, *weight, back.data()).ok() && back == values, "packed-bf16 reads back rounded");
    check(weight_bytes(*weight) == packed_weight_bytes(DType::packed_bf16, rows, columns), "the size is known before packing");
  }
}

// The figures of the bitsandbytes authors for standard normal values, block 64: mean 0.072798, deviation 7.4e-5;
// relative 0.203339, deviation 4e-4; with double quantization below 0.11 and 0.28.
void has_the_errors_of_bitsandbytes() {
  const std::vector<float> values = normal(1 << 20, 11);
  const Nf4Parts parts = nf4_quantize(values.data(), static_cast<std::int64_t>(values.size()));
  const std::vector<float> scales = nf4_block_scales(parts);
  double error = 0, relative = 0, doubled = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    float largest = 0;
    for (std::size_t j = i / 64 * 64; j < i / 64 * 64 + 64; ++j) largest = std::max(largest, std::fabs(values[j]));
    const int code = parts.codes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15;
    const double difference = std::fabs(kNf4Code[code] * largest - values[i]);
    error += difference;
    relative += difference / (std::fabs(values[i]) + 1e-8);
    doubled += std::fabs(kNf4Code[code] * scales[i / 64] - values[i]);
  }
  const double count = static_cast<double>(values.size());
  std::printf("nf4 error %.6f, relative %.6f, double quantized %.6f\n", error / count, relative / count, doubled / count);
  check(error / count < 0.072798 + 7 * 7.4e-5, "the mean error is that of bitsandbytes");
  check(relative / count < 0.203339 + 7 * 4e-4, "the mean relative error is that of bitsandbytes");
  check(std::fabs(error / count - 0.0728) < 3e-4, "the mean error is not better than possible either");
  check(doubled / count < 0.075, "double quantization costs little");
}

void chooses_the_nearest_code(Machine& machine) {
  std::vector<float> values = normal(64 * 64, 5);
  for (int k = 0; k < 64; ++k) values[k] = 0;
  std::shared_ptr<const PackedWeight> weight;
  check(pack_weight(machine.context, matrix(values.data(), 32, 128), DType::nf4, weight).ok(), "packs nf4");
  Nf4Parts parts;
  check(quantize_nf4(machine.context, matrix(values.data(), 32, 128), parts).ok(), "gives its parts");
  check(parts.codes.size() == 2048 && parts.absmax_codes.size() == 64 && parts.nested_absmax.size() == 1, "parts have their sizes");
  check(parts.codes == nf4_quantize(values.data(), 64 * 64).codes, "threads change no code");
  for (int i = 0; i < 64 * 64; ++i) {
    const int code = parts.codes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15;
    check(weight->code_at(i / 128, i % 128) == code, "tiles hold the codes of the quantizer");
  }
  for (int byte = 0; byte < 32; ++byte) check(parts.codes[byte] == 0x77, "a block of zeros has the code of zero");
  for (int i = 64; i < 64 * 64; ++i) {
    float largest = 0;
    for (int j = i / 64 * 64; j < i / 64 * 64 + 64; ++j) largest = std::max(largest, std::fabs(values[j]));
    const int code = parts.codes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15;
    for (const float other : kNf4Code) {
      check(std::fabs(kNf4Code[code] - values[i] / largest) <= std::fabs(other - values[i] / largest) + 1e-6, "nearest code");
    }
  }
  const std::array<float, 256>& map = dynamic_map();
  check(map[0] < -0.99f && map[255] == 1.0f && map[127] == 0.0f, "the dynamic map runs from -0.993 to 1 through 0");
  for (int i = 1; i < 256; ++i) check(map[i] > map[i - 1], "the dynamic map ascends");
  check(!pack_weight(machine.context, matrix(values.data(), 64, 63), DType::nf4, weight).ok(), "refuses K not a multiple of 64");
}

std::vector<float> forward(Isa isa, int threads, const View& w, std::vector<float>& x, std::int64_t rows) {
  Machine machine(isa, threads);
  std::vector<float> y(static_cast<std::size_t>(rows * w.dim[0]));
  ArgValue values[4];
  values[0].view = matrix(x.data(), rows, w.dim[1]);
  values[1].view = w;
  values[3].view = matrix(y.data(), rows, w.dim[0]);
  const int op = static_cast<int>(Op::kLinearForward);
  check(run_op(op, isa, machine.context, values).ok(), "the forward product runs");
  return y;
}

void gives_one_set_of_bits(Machine& machine) {
  constexpr int kRows = 203, kColumns = 300, kDepth = 448;
  std::vector<float> x = normal(kRows * kDepth, 21), w = normal(kColumns * kDepth, 22);
  std::vector<std::shared_ptr<const PackedWeight>> kept(5);
  std::vector<View> formats = {matrix(w.data(), kColumns, kDepth)};
  for (int i = 0; i < 5; ++i) {
    const DType format = static_cast<DType>(static_cast<int>(DType::packed_f32) + i);
    check(pack_weight(machine.context, formats[0], format, kept[i]).ok(), "packs");
    formats.push_back(packed_view(*kept[i]));
  }
  for (const View& format : formats) {
    std::vector<float> first;
    for (int level = 1; level < kIsaCount; ++level) {
      const Isa isa = static_cast<Isa>(level);
      if (!isa_available(isa)) continue;
      const std::string place = std::string(dtype_name(format.dtype)) + " on " + isa_name(isa);
      const std::vector<float> all = forward(isa, 2, format, x, kRows);
      if (first.empty()) first = all;
      // The tile unit of the amx level adds the two products of a pair before it adds them to the sum.
      if (isa != Isa::amx) check(all == first, place + ": the bits of the lower levels");
      check(forward(isa, 3, format, x, kRows) == all, place + ": the bits of another thread count");
      for (const int rows : {1, 2, 5, 6, 7, 13, 25, 100}) {
        const std::vector<float> some = forward(isa, 2, format, x, rows);
        check(std::memcmp(some.data(), all.data(), some.size() * 4) == 0,
              place + ": the first " + std::to_string(rows) + " rows have the bits of the whole batch");
      }
    }
  }
}

// The dot units take subnormal numbers as zero; few rows, computed with multiply-adds, must do the same.
void gives_few_rows_the_bits_of_many(Machine& machine, int columns) {
  constexpr int kRows = 40, kDepth = 320;
  std::vector<float> w = normal(columns * kDepth, 31), x = normal(kRows * kDepth, 32);
  for (int n = 0; n < columns; ++n) {
    const float scale = std::pow(10.0f, static_cast<float>(n % 9 - 4));
    for (int k = 0; k < kDepth; ++k) w[n * kDepth + k] *= scale;
  }
  const float edges[] = {1e-38f, -2e-38f, 1e-40f, -1e-44f, 0.0f, -0.0f, 3e38f, 1e-30f, -1e20f, 1e-36f};
  for (int m = 0; m < kRows; ++m) {
    // Some rows are tiny throughout, so that dots are subnormal; others have a few edges among usual numbers.
    for (int k = 0; k < kDepth; ++k) {
      float& value = x[m * kDepth + k];
      if (m % 4 == 0) value *= std::pow(10.0f, static_cast<float>(-35 - m % 5));
      if (m % 4 == 1 && k % 3 == 0) value = edges[(m + k) % 10];
      if (m % 4 == 2 && k % 17 == 0) value = -value * 1e18f;
    }
  }
  for (const DType format : {DType::packed_bf16, DType::nf4, DType::int8, DType::int4}) {
    std::shared_ptr<const PackedWeight> packed;
    check(pack_weight(machine.context, matrix(w.data(), columns, kDepth), format, packed).ok(), "packs");
    for (int level = 1; level < kIsaCount; ++level) {
      const Isa isa = static_cast<Isa>(level);
      if (!isa_available(isa)) continue;
      const std::vector<float> all = forward(isa, 2, packed_view(*packed), x, kRows);
      for (int first = 0; first < kRows; ++first) {
        for (const int rows : {1, 2, 3}) {
          if (first + rows > kRows) continue;
          std::vector<float> some_x(x.begin() + first * kDepth, x.begin() + (first + rows) * kDepth);
          const std::vector<float> some = forward(isa, 1, packed_view(*packed), some_x, rows);
          check(std::memcmp(some.data(), all.data() + first * columns, some.size() * 4) == 0,
                std::string(dtype_name(format)) + " on " + isa_name(isa) + ": row " + std::to_string(first) + " of " +
                    std::to_string(rows) + " has the bits of the whole batch");
        }
      }
    }
  }
}

}  // namespace

int main() {
  Machine machine(Isa::plain, 2);
  reads_back_what_it_packed(machine);
  has_the_errors_of_bitsandbytes();
  chooses_the_nearest_code(machine);
  gives_one_set_of_bits(machine);
  // With a panel that is not full, and with whole panels only.
  for (const int columns : {70, 128}) gives_few_rows_the_bits_of_many(machine, columns);
  std::printf("%d failed\n", failures);
  return failures > 255 ? 255 : failures;
}
