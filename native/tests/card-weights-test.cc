// Weights that a card packs have the codes and scales of those that the processor packs, bit by bit, and read back as what they
// stand for. On the emulated card, or the one that HONE_CUDA_LIBRARY names. Exit code: the number of failed checks; 77 without a card.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "core/card-library.h"
#include "core/half.h"
#include "core/nf4-codec.h"
#include "core/packed-weight.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "harness/tensors.h"

namespace {

using namespace hone;
using test::Machine;

constexpr std::int64_t kRoom = std::int64_t{64} << 20;

// A weight of the processor, the same one on the card, and what the card restores of it.
struct Pair {
  std::vector<float> values;       // As the source has them, in f32.
  std::vector<std::uint8_t> source;
  View view;
  CardWeight weight;
  std::byte* base = nullptr;
  std::vector<float> restored;
};

void draw_source(Pair& pair, std::int64_t rows, std::int64_t columns, DType dtype) {
  std::mt19937 random(static_cast<unsigned>(rows * 31 + columns));
  std::normal_distribution<float> normal(0.0f, 0.05f);
  pair.values.resize(static_cast<std::size_t>(rows * columns));
  pair.source.resize(pair.values.size() * dtype_bytes(dtype));
  for (std::size_t i = 0; i < pair.values.size(); ++i) {
    // The second stretch of 64 is all zeros, and values just as large in either direction are among the rest.
    float value = i / 64 == 1 ? 0.0f : normal(random);
    if (i % 97 == 5) value = i % 2 == 0 ? 0.25f : -0.25f;
    const std::uint16_t half = dtype == DType::bf16 ? f32_to_bf16(value) : f32_to_f16(value);
    if (dtype == DType::f32) {
      std::memcpy(pair.source.data() + i * 4, &value, 4);
    } else {
      std::memcpy(pair.source.data() + i * 2, &half, 2);
      value = dtype == DType::bf16 ? bf16_to_f32(half) : f16_to_f32(half);
    }
    pair.values[i] = value;
  }
  pair.view = test::shaped(pair.source.data(), dtype, {rows, columns});
}

// `shift` bytes off the alignment of vectors.
Status pack_on_card(Card& card, std::byte* base, Pair& pair, DType format, bool is_nested, std::int64_t shift) {
  CardWeight& weight = pair.weight = {};
  weight.format = format;
  weight.rows = pair.view.dim[0];
  weight.columns = pair.view.dim[1];
  const std::int64_t bytes = card_weight_bytes(format, weight.rows, weight.columns, weight.group, is_nested);
  pair.base = base;
  place_card_weight(weight, base, is_nested);
  View source = pair.view;
  source.data = base + bytes + shift;
  HONE_TRY(card.write(source.data, pair.source.data(), static_cast<std::int64_t>(pair.source.size())));
  HONE_TRY(card.pack(source, weight));
  pair.restored.resize(pair.values.size());
  auto* out = reinterpret_cast<float*>(base + kRoom / 2);
  HONE_TRY(card.unpack(weight, out));
  return card.read(pair.restored.data(), out, static_cast<std::int64_t>(pair.restored.size()) * 4);
}

template <class T>
std::vector<T> part(Card& card, const T* from, std::int64_t count) {
  std::vector<T> out(static_cast<std::size_t>(count));
  CHECK(card.read(out.data(), from, count * static_cast<std::int64_t>(sizeof(T))).ok());
  return out;
}

void check_nf4(Machine& machine, Card& card, std::byte* base, std::int64_t rows, std::int64_t columns, DType dtype, std::int64_t shift) {
  Pair pair;
  draw_source(pair, rows, columns, dtype);
  Nf4Parts expected;
  CHECK(quantize_nf4(machine.context, pair.view, expected).ok());
  const std::int64_t blocks = rows * columns / 64;
  CHECK(pack_on_card(card, base, pair, DType::nf4, true, shift).ok());
  CHECK(part(card, pair.weight.codes, rows * columns / 2) == expected.codes);
  CHECK(part(card, pair.weight.absmax_codes, blocks) == expected.absmax_codes);
  CHECK(part(card, pair.weight.nested_absmax, (blocks + 255) / 256) == expected.nested_absmax);
  CHECK(part(card, pair.weight.offset, 1)[0] == expected.offset);
  const std::vector<float> scales = nf4_block_scales(expected);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < pair.values.size(); ++i) {
    const int code = expected.codes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15;
    wrong += pair.restored[i] != kNf4Code[code] * scales[i / 64] ? 1 : 0;
  }
  CHECK(wrong == 0);
  // Scales that are quantized once lie as they are.
  CHECK(pack_on_card(card, base, pair, DType::nf4, false, shift).ok());
  std::vector<std::uint8_t> codes(expected.codes.size());
  std::vector<float> absmax(static_cast<std::size_t>(blocks));
  nf4_quantize_blocks(pair.values.data(), blocks, codes.data(), absmax.data());
  CHECK(part(card, pair.weight.codes, rows * columns / 2) == codes);
  CHECK(part(card, pair.weight.absmax, blocks) == absmax);
}

void check_others(Machine& machine, Card& card, std::byte* base, std::int64_t rows, std::int64_t columns, DType dtype, std::int64_t shift) {
  for (const DType format : {DType::int8, DType::int4, DType::packed_bf16, DType::packed_f32}) {
    if (format == DType::int4 && columns % 64 != 0) continue;
    Pair pair;
    draw_source(pair, rows, columns, dtype);
    CHECK(pack_on_card(card, base, pair, format, true, shift).ok());
    std::shared_ptr<const PackedWeight> expected;
    CHECK(pack_weight(machine.context, pair.view, format, expected).ok());
    std::vector<float> values(pair.values.size());
    CHECK(unpack_weight(machine.context, *expected, values.data()).ok());
    CHECK(pair.restored == values);
    if (format == DType::int8) CHECK(part(card, pair.weight.absmax, rows) == expected->absmax);
  }
}

}  // namespace

int main() {
  setenv("HONE_CUDA_LIBRARY", HONE_EMULATED_CARD, 0);
  std::unique_ptr<Card> card;
  if (Status status = open_card(nullptr, card); !status.ok()) {
    std::printf("skipped: %s\n", status.message().c_str());
    return 77;
  }
  std::int64_t capacity = 0;
  std::byte* base = card->reserve(capacity);
  CHECK(card->back(0, kRoom).ok());
  Machine machine(Isa::plain);
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) {
    const auto odd = static_cast<std::int64_t>(dtype_bytes(dtype));
    check_nf4(machine, *card, base, 1, 64, dtype, 0);
    check_nf4(machine, *card, base, 37, 192, dtype, odd);
    check_others(machine, *card, base, 5, 128, dtype, 0);
    check_others(machine, *card, base, 3, 192, dtype, odd);
    check_others(machine, *card, base, 2, 33, dtype, 0);
  }
  // More scales than one chunk of their sum.
  check_nf4(machine, *card, base, 40, 8192, DType::bf16, 0);
  card.release();  // The library may be gone before this is.
  return test::failures;
}
