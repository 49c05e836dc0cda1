// A row of a linear layer, or of an adapter's update, has the same bits in every batch that one kernel serves, at any address and
// beside any other rows; what a row of logits draws is the same by one block and by many; and a bf16 copy beside the codes of a weight changes no bit. On the emulated card, or the one that
// HONE_CUDA_LIBRARY names. Exit code: the number of failed checks; 77 without a card.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "core/card-library.h"
#include "core/half.h"
#include "harness/check.h"
#include "harness/tensors.h"

namespace {

using namespace hone;

using Bits = std::vector<std::uint16_t>;

// Memory of the card, given out from its begin on.
class Room {
 public:
  static constexpr std::int64_t kBytes = std::int64_t{64} << 20;

  Room(Card& card, std::byte* base) : card_(card), base_(base) {}

  std::byte* take(std::int64_t bytes) {
    std::byte* out = base_ + used_;
    used_ += (bytes + 255) / 256 * 256;
    CHECK(used_ <= kBytes);
    return out;
  }

  template <class T>
  T* put(const std::vector<T>& values) {
    const auto bytes = static_cast<std::int64_t>(values.size() * sizeof(T));
    std::byte* out = take(bytes);
    CHECK(card_.write(out, values.data(), bytes).ok());
    return reinterpret_cast<T*>(out);
  }

 private:
  Card& card_;
  std::byte* base_;
  std::int64_t used_ = 0;
};

std::vector<float> normal(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw;
  std::vector<float> out(static_cast<std::size_t>(count));
  for (float& value : out) value = draw(random);
  return out;
}

Bits rounded(const std::vector<float>& values) {
  Bits out;
  for (const float value : values) out.push_back(f32_to_bf16(value));
  return out;
}

Bits read(Card& card, const void* from, std::int64_t count) {
  Bits out(static_cast<std::size_t>(count));
  CHECK(card.read(out.data(), from, count * 2).ok());
  return out;
}

struct Layer {
  CardWeight weight;
  std::vector<float> restored;
};

Layer pack(Card& card, Room& room, DType format, std::int64_t rows, std::int64_t columns, int group, bool is_nested) {
  Layer layer;
  CardWeight& weight = layer.weight;
  weight.format = format;
  weight.rows = rows;
  weight.columns = columns;
  weight.group = group;
  place_card_weight(weight, room.take(card_weight_bytes(format, rows, columns, group, is_nested)), is_nested);
  const std::vector<float> values = normal(rows * columns, 7);
  CHECK(card.pack(test::shaped(room.put(values), DType::f32, {rows, columns}), weight).ok());
  layer.restored.resize(values.size());
  auto* out = reinterpret_cast<float*>(room.take(rows * columns * 4));
  CHECK(card.unpack(weight, out).ok());
  CHECK(card.read(layer.restored.data(), out, rows * columns * 4).ok());
  return layer;
}

// y of rows begin..end-1 of x.
Bits forward(Card& card, const CardWeight& weight, std::uint16_t* x, std::int64_t begin, std::int64_t end, std::byte* y, const View& bias = {}) {
  ArgValue values[4];
  values[0].view = test::shaped(x + begin * weight.columns, DType::bf16, {end - begin, weight.columns});
  values[1].view = test::shaped(nullptr, weight.format, {weight.rows, weight.columns});
  values[1].view.on_card = &weight;
  values[2].view = bias;
  values[3].view = test::shaped(y, DType::bf16, {end - begin, weight.rows});
  CHECK(card.run(static_cast<int>(Op::kLinearForward), values).ok());
  return read(card, y, (end - begin) * weight.rows);
}

bool is_part(const Bits& part, const Bits& whole, std::int64_t begin) {
  return std::equal(part.begin(), part.end(), whole.begin() + begin);
}

// Within what bf16 operands and results allow of the sums in f64.
bool is_product(const Bits& y, const std::vector<float>& x, const Layer& layer, std::int64_t rows) {
  const std::int64_t columns = layer.weight.rows, depth = layer.weight.columns;
  for (std::int64_t m = 0; m < rows; ++m) {
    for (std::int64_t n = 0; n < columns; ++n) {
      double sum = 0, size = 0;
      for (std::int64_t k = 0; k < depth; ++k) {
        const double product = static_cast<double>(round_to_bf16(x[m * depth + k])) * layer.restored[n * depth + k];
        sum += product;
        size += product * product;
      }
      if (!(std::fabs(bf16_to_f32(y[m * columns + n]) - sum) <= 0.01 * (std::fabs(sum) + std::sqrt(size)))) return false;
    }
  }
  return true;
}

void check_linear(Card& card, std::byte* base, DType format, std::int64_t columns, int group, bool is_nested, std::int64_t weights = 40) {
  constexpr std::int64_t kMost = 70;
  Room room(card, base);
  const Layer layer = pack(card, room, format, weights, columns, group, is_nested);
  const std::vector<float> values = normal(kMost * columns, 3);
  std::uint16_t* x = room.put(rounded(values));
  std::byte* y = room.take(kMost * weights * 2);
  // Kernels for few rows serve 64 rows of codes, 32 of bf16 and f32 (linear-narrow.h).
  const std::int64_t few = format == DType::packed_bf16 || format == DType::packed_f32 ? 32 : 64;
  const Bits whole = forward(card, layer.weight, x, 0, few, y);
  CHECK(is_product(whole, values, layer, few));
  for (const std::int64_t rows : {1, 8, 9, 16, 17, 31}) {
    CHECK(is_part(forward(card, layer.weight, x, 0, rows, y), whole, 0));
    CHECK(is_part(forward(card, layer.weight, x, few - rows, few, y), whole, (few - rows) * weights));
  }
  // Off the alignment of vectors by one element.
  Bits shifted = rounded(values);
  shifted.insert(shifted.begin(), 0);
  CHECK(is_part(forward(card, layer.weight, room.put(shifted) + 1, 0, 5, y), whole, 0));

  const Bits many = forward(card, layer.weight, x, 0, kMost, y);
  CHECK(is_product(many, values, layer, kMost));
  if (format == DType::packed_bf16 || format == DType::packed_f32) return;
  CardWeight resident = layer.weight;
  resident.values = room.put(rounded(layer.restored));
  CHECK(forward(card, resident, x, 0, kMost, y) == many);
}

// Several weights in one op have the bits that each has alone, whatever tile the rows of all together ask for.
void check_group(Card& card, std::byte* base, DType format, int group, bool is_nested) {
  constexpr std::int64_t kDepth = 128, kRows = 40;
  Room room(card, base);
  std::uint16_t* x = room.put(rounded(normal(kRows * kDepth, 3)));
  std::vector<Layer> layers;
  for (const std::int64_t rows : {72, 33, 1024}) layers.push_back(pack(card, room, format, rows, kDepth, group, is_nested));
  float* bias = room.put(normal(33, 5));
  std::byte* alone = room.take(kRows * 1024 * 2);
  for (const std::int64_t rows : {1, 12, 20, 40}) {
    ArgValue values[10];
    values[0].view = test::shaped(x, DType::bf16, {rows, kDepth});
    for (int i = 0; i < 3; ++i) {
      const CardWeight& weight = layers[i].weight;
      values[1 + 3 * i].view = test::shaped(nullptr, format, {weight.rows, kDepth});
      values[1 + 3 * i].view.on_card = &weight;
      values[3 + 3 * i].view = test::shaped(room.take(rows * weight.rows * 2), DType::bf16, {rows, weight.rows});
    }
    values[5].view = test::shaped(bias, DType::f32, {33});
    CHECK(card.run(static_cast<int>(Op::kLinearGroupForward), values).ok());
    for (int i = 0; i < 3; ++i) {
      const View& y = values[3 + 3 * i].view;
      CHECK(read(card, y.data, y.count()) == forward(card, layers[i].weight, x, 0, rows, alone, values[2 + 3 * i].view));
    }
  }
}

// A matrix that begins on the first page of a list, a row at every `stride`, its rows close together.
Bits listed(const Bits& values, const std::vector<std::int32_t>& pages, std::int64_t elements, std::int64_t rows, std::int64_t width, std::int64_t stride) {
  Bits out;
  for (std::int64_t i = 0; i < rows * width; ++i) {
    const std::int64_t e = i / width * stride + i % width;
    out.push_back(values[static_cast<std::size_t>(pages[static_cast<std::size_t>(e / elements)] * elements + e % elements)]);
  }
  return out;
}

struct Matrix {
  const Bits& values;
  std::int64_t rows, columns;
};

// What loraForward makes of y.
Bits update_alone(Card& card, Room& room, std::uint16_t* x, const Matrix& a, const Matrix& b, double scale, const Bits& y) {
  const auto rows = static_cast<std::int64_t>(y.size()) / b.rows;
  std::uint16_t* out = room.put(y);
  ArgValue values[6];
  values[0].view = test::shaped(x, DType::bf16, {rows, a.columns});
  values[1].view = test::shaped(room.put(a.values), DType::bf16, {a.rows, a.columns});
  values[2].view = test::shaped(room.put(b.values), DType::bf16, {b.rows, b.columns});
  values[3].number = scale;
  values[4].view = test::shaped(out, DType::bf16, {rows, b.rows});
  values[5].view = test::shaped(room.take(rows * a.rows * 2), DType::bf16, {rows, a.rows});
  CHECK(card.run(static_cast<int>(Op::kLoraForward), values).ok());
  return read(card, out, rows * b.rows);
}

// 300 rows share their reading of an adapter by eights, one row does not.
void check_pages(Card& card, std::byte* base) {
  constexpr std::int64_t kRows = 300, kSlots = 3, kRank = 12, kDepth = 72, kColumns = 20, kPages = 40, kElements = 128;
  Room room(card, base);
  std::vector<std::int32_t> slots, pages;
  for (int t = 0; t < kRows; ++t) slots.push_back(t / 5 % (kSlots + 1) - 1);
  for (int entry = 0; entry < 24; ++entry) pages.push_back(entry * 7 % kPages);
  const std::vector<std::int32_t> places = {0, 0, 0, kRank, 8, 96, 8, 8, 16, 16, 24, kRank};
  std::int32_t* slots_at = room.put(slots);
  std::int32_t* pages_at = room.put(pages);
  std::int32_t* places_at = room.put(places);
  std::uint16_t* x = room.put(rounded(normal(kRows * kDepth, 1)));
  const Bits a_values = rounded(normal(kPages * kElements, 2)), b_values = rounded(normal(kPages * kElements, 4));
  std::uint16_t* a = room.put(a_values);
  std::uint16_t* b = room.put(b_values);
  float* scales = room.put(std::vector<float>{0.5f, 2.0f, 1.25f});
  const Bits start = rounded(normal(kRows * kColumns, 5));
  std::uint16_t* y = room.put(start);
  const auto run = [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t rows = end - begin;
    CHECK(card.write(y, start.data() + begin * kColumns, rows * kColumns * 2).ok());
    ArgValue values[9];
    values[0].view = test::shaped(x + begin * kDepth, DType::bf16, {rows, kDepth});
    values[1].view = test::shaped(slots_at + begin, DType::i32, {rows});
    values[2].view = test::shaped(a, DType::bf16, {kPages, kElements});
    values[3].view = test::shaped(b, DType::bf16, {kPages, kElements});
    values[4].view = test::shaped(pages_at, DType::i32, {24});
    values[5].view = test::shaped(places_at, DType::i32, {kSlots, 4});
    values[6].view = test::shaped(scales, DType::f32, {kSlots});
    values[7].number = 16;
    values[8].view = test::shaped(y, DType::bf16, {rows, kColumns});
    CHECK(card.run(static_cast<int>(Op::kLoraPagedForward), values).ok());
  };
  const auto update = [&](std::int64_t begin, std::int64_t end) {
    run(begin, end);
    return read(card, y, (end - begin) * kColumns);
  };
  const Bits whole = update(0, kRows);
  CHECK(whole != start);
  for (const auto& [begin, end] : {std::pair<int, int>{0, 1}, {7, 8}, {3, 40}, {299, 300}}) {
    CHECK(is_part(update(begin, end), whole, begin * kColumns));
  }
  // The adapter of rows 5 to 9 by itself, its matrices close together: on pages a row of B begins at every 16th element.
  const Bits own_a = listed(a_values, pages, kElements, kRank, kDepth, kDepth), own_b = listed(b_values, pages, kElements, kColumns, kRank, 16);
  const Bits y_start(start.begin() + 5 * kColumns, start.begin() + 10 * kColumns);
  CHECK(is_part(update_alone(card, room, x + 5 * kDepth, {own_a, kRank, kDepth}, {own_b, kColumns, kRank}, 0.5, y_start), whole, 5 * kColumns));
  // The next call that waits tells of what is not there; its row stays as it is.
  const auto is_refused = [&](const char* name) {
    run(0, 2);
    const Status status = card.synchronise();
    CHECK(status.code() == Code::bad_argument);
    CHECK(status.message().find(std::string(" for ") + name) != std::string::npos);
    return is_part(read(card, y, kColumns), start, 0);
  };
  slots_at = room.put(std::vector<std::int32_t>{kSlots, -1});
  CHECK(is_refused("slots"));
  slots_at = room.put(std::vector<std::int32_t>{0, -1});
  const std::vector<std::vector<std::int32_t>> wrong = {{-1, 0, 0, 12}, {24, 0, 0, 12}, {0, -1, 0, 12}, {20, 0, 0, 12}, {22, 128, 96, 1}, {22, 128, 97, 1}, {0, 0, 3000, 8}, {0, 0, 0, 17}, {0, 0, 0, -8}};
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    places_at = room.put(wrong[i]);
    if (i == 4) {
      run(0, 2);  // The last page ends where it does: rows of B take eight elements each.
      CHECK(card.synchronise().ok());
    } else {
      CHECK(is_refused("places"));
    }
  }
  places_at = room.put(places);
  for (const std::int32_t page : {-1, static_cast<std::int32_t>(kPages)}) {
    pages_at = room.put(std::vector<std::int32_t>(24, page));
    CHECK(is_refused("pages"));
  }
}

// 20 rows have a block each, one row has a block for each 4096 logits.
void check_draws(Card& card, std::byte* base) {
  constexpr std::int64_t kRows = 20, kVocabulary = 9001;
  Room room(card, base);
  float* logits = room.put(normal(kRows * kVocabulary, 8));
  std::vector<float> temperatures, top_ps, min_ps;
  std::vector<std::int32_t> top_ks, seeds, counters;
  for (int b = 0; b < kRows; ++b) {
    temperatures.push_back(b % 5 == 0 ? 0.0f : 0.3f * static_cast<float>(b % 4 + 1));
    top_ps.push_back(b % 3 == 0 ? 0.9f : 1.0f);
    min_ps.push_back(b % 2 == 0 ? 0.02f : 0.0f);
    top_ks.push_back(b % 7 == 0 ? 50 : 0);
    counters.push_back(b);
    for (const int half : {0, 1}) seeds.push_back(b * 2 + half);
  }
  float *temperature = room.put(temperatures), *top_p = room.put(top_ps), *min_p = room.put(min_ps);
  std::int32_t *top_k = room.put(top_ks), *seed = room.put(seeds), *counter = room.put(counters);
  std::byte* tokens = room.take(kRows * 4);
  const auto draw = [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t rows = end - begin;
    ArgValue values[8];
    values[0].view = test::shaped(logits + begin * kVocabulary, DType::f32, {rows, kVocabulary});
    values[1].view = test::shaped(temperature + begin, DType::f32, {rows});
    values[2].view = test::shaped(top_k + begin, DType::i32, {rows});
    values[3].view = test::shaped(top_p + begin, DType::f32, {rows});
    values[4].view = test::shaped(min_p + begin, DType::f32, {rows});
    values[5].view = test::shaped(seed + 2 * begin, DType::i32, {rows, 2});
    values[6].view = test::shaped(counter + begin, DType::i32, {rows});
    values[7].view = test::shaped(tokens, DType::i32, {rows});
    const std::int64_t before = card.counters().launches;
    CHECK(card.run(static_cast<int>(Op::kSample), values).ok());
    CHECK(card.counters().launches - before == (rows == 1 ? 3 : 1));
    std::vector<std::int32_t> out(static_cast<std::size_t>(rows));
    CHECK(card.read(out.data(), tokens, rows * 4).ok());
    return out;
  };
  if (card.facts().multiprocessors / 2 >= kRows) return;
  const std::vector<std::int32_t> together = draw(0, kRows);
  for (int b = 0; b < kRows; ++b) CHECK(draw(b, b + 1)[0] == together[b]);
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
  CHECK(card->back(0, Room::kBytes).ok());
  check_linear(*card, base, DType::packed_bf16, 1096, 64, true);
  check_linear(*card, base, DType::packed_f32, 200, 64, true);
  check_linear(*card, base, DType::nf4, 2624, 64, true);
  check_linear(*card, base, DType::nf4, 128, 64, false);
  // Blocks that take several tiles of rows in turn: there are two for each processor.
  check_linear(*card, base, DType::nf4, 64, 64, true, std::int64_t{32} * card->facts().multiprocessors + 40);
  check_linear(*card, base, DType::int8, 1040, 64, true);
  for (const int group : {32, 64, 128}) check_linear(*card, base, DType::int4, 1152, group, true);
  check_linear(*card, base, DType::int4, 96, 32, true);
  for (const DType format : {DType::packed_bf16, DType::packed_f32, DType::nf4, DType::int8, DType::int4}) check_group(*card, base, format, 64, true);
  check_group(*card, base, DType::int4, 128, true);
  check_group(*card, base, DType::nf4, 64, false);
  check_pages(*card, base);
  check_draws(*card, base);
  card.release();  // The library may be gone before this is.
  return test::failures;
}
