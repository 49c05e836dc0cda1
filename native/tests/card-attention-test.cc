// What a row of attention gives on a card does not depend on what else is in the batch: the same bits alone, beside others, behind
// others and in another piece of its prompt. On the emulated card, or the one that HONE_CUDA_LIBRARY names. Exit code: the number of
// failed checks; 77 without a card.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/card-library.h"
#include "core/half.h"
#include "harness/check.h"
#include "harness/tensors.h"

namespace {

using namespace hone;
using Bits = std::vector<std::uint16_t>;
using Ints = std::vector<std::int32_t>;

constexpr std::int64_t kRoom = std::int64_t{64} << 20;

// A card whose memory is given out from the start for each call.
class Bench {
 public:
  Bench() {
    status_ = open_card(nullptr, card_);
    std::int64_t capacity = 0;
    if (status_.ok()) base_ = card_->reserve(capacity);
    if (status_.ok()) status_ = card_->back(0, kRoom);
  }

  const Status& status() const { return status_; }
  void clear() { used_ = 0; }

  ArgValue put(const void* source, DType dtype, std::initializer_list<std::int64_t> dims) {
    ArgValue value;
    value.view = test::shaped(base_ + used_, dtype, dims);
    const std::int64_t bytes = value.view.count() * static_cast<std::int64_t>(dtype_bytes(dtype));
    used_ += (bytes + 255) / 256 * 256;
    if (source != nullptr) CHECK(card_->write(value.view.data, source, bytes).ok());
    return value;
  }

  Status run(Op op, const std::vector<ArgValue>& values, int result, Bits& out) {
    if (Status status = card_->run(static_cast<int>(op), values.data()); !status.ok()) return status;
    const View& view = values[result].view;
    out.resize(view.count());
    return card_->read(out.data(), view.data, view.count() * 2);
  }

 private:
  std::unique_ptr<Card> card_;
  std::byte* base_ = nullptr;
  std::int64_t used_ = 0;
  Status status_;
};

ArgValue number(double value) {
  ArgValue out;
  out.number = value;
  return out;
}

Bits draw(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Bits out(count);
  for (std::uint16_t& value : out) value = f32_to_bf16(normal(random));
  return out;
}

Bits part(const Bits& all, std::int64_t begin, std::int64_t count) { return {all.begin() + begin, all.begin() + begin + count}; }

// Sequences over one pool of pages, with 6 query heads on 2 key heads.
struct Pool {
  static constexpr std::int64_t kPages = 96, kHeads = 6, kKvHeads = 2, kPage = 16, kDepth = 64, kBlocks = 70, kRow = kHeads * kDepth;
  Bits k = draw(kPages * kKvHeads * kPage * kDepth, 1), v = draw(kPages * kKvHeads * kPage * kDepth, 2);

  static Ints table(std::int64_t sequence) {
    Ints out(kBlocks);
    for (std::int64_t block = 0; block < kBlocks; ++block) out[block] = static_cast<std::int32_t>((sequence * 29 + block * 7) % kPages);
    return out;
  }
  static Bits q(std::int64_t sequence, std::int64_t position) {
    return draw(kRow, static_cast<unsigned>(1000 + sequence * 2000 + position));
  }

  // Rows of sequences[i] at positions[i]; the table holds `tables`, one after another.
  Status attend(Bench& bench, const Ints& tables, const Bits& queries, const Ints& sequences, const Ints& positions, double window,
                Bits& out) const {
    const auto rows = static_cast<std::int64_t>(positions.size());
    bench.clear();
    const ArgValue o = bench.put(nullptr, DType::bf16, {rows, kHeads, kDepth});
    return bench.run(Op::kPagedAttention,
                     {bench.put(queries.data(), DType::bf16, {rows, kHeads, kDepth}),
                      bench.put(k.data(), DType::bf16, {kPages, kKvHeads, kPage, kDepth}),
                      bench.put(v.data(), DType::bf16, {kPages, kKvHeads, kPage, kDepth}),
                      bench.put(tables.data(), DType::i32, {static_cast<std::int64_t>(tables.size()) / kBlocks, kBlocks}),
                      bench.put(sequences.data(), DType::i32, {rows}), bench.put(positions.data(), DType::i32, {rows}), o, number(0.125),
                      number(window), number(0)},
                     6, out);
  }
};

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// One row is split over the blocks of the card, so many rows are not.
void decode_rows(Bench& bench, const Pool& pool, double window) {
  Ints tables, sequences, positions;
  Bits queries, together, alone;
  for (int s = 0; s < 40; ++s) {
    append(tables, Pool::table(s));
    append(queries, Pool::q(s, 0));
    sequences.push_back(s);
    positions.push_back(s * 28);
  }
  CHECK(pool.attend(bench, tables, queries, sequences, positions, window, together).ok());
  for (const int s : {0, 9, 10, 23, 39}) {
    CHECK(pool.attend(bench, Pool::table(s), Pool::q(s, 0), {0}, {s * 28}, window, alone).ok());
    CHECK(alone == part(together, s * Pool::kRow, Pool::kRow));
  }
}

// Positions begin .. end - 1 of sequence 0, behind one row of sequence 1.
Bits chunk(Bench& bench, const Pool& pool, int begin, int end) {
  Ints tables = Pool::table(0), sequences = {1}, positions = {300};
  append(tables, Pool::table(1));
  Bits queries = Pool::q(1, 300), out;
  for (int position = begin; position < end; ++position) {
    append(queries, Pool::q(0, position));
    sequences.push_back(0);
    positions.push_back(position);
  }
  CHECK(pool.attend(bench, tables, queries, sequences, positions, 0, out).ok());
  return out;
}

void chunks(Bench& bench, const Pool& pool) {
  const Bits whole = chunk(bench, pool, 90, 150), first = chunk(bench, pool, 90, 117), second = chunk(bench, pool, 117, 150);
  CHECK(part(whole, Pool::kRow, 27 * Pool::kRow) == part(first, Pool::kRow, 27 * Pool::kRow));
  CHECK(part(whole, 28 * Pool::kRow, 33 * Pool::kRow) == part(second, Pool::kRow, 33 * Pool::kRow));
  Bits alone;
  CHECK(pool.attend(bench, Pool::table(1), Pool::q(1, 300), {0}, {300}, 0, alone).ok());
  CHECK(alone == part(whole, 0, Pool::kRow));
}

// Rows that decode, short runs, and rows that pad a step, beside a chunk and with fewer lines of the table than there are such rows: the
// first of them are split over the card, the others are not.
void mixtures(Bench& bench, const Pool& pool) {
  Ints tables, sequences, positions;
  Bits queries, together, alone;
  const auto add = [&](int sequence, int position) {
    append(queries, Pool::q(sequence, position));
    sequences.push_back(sequence);
    positions.push_back(position);
  };
  for (int s = 0; s < 5; ++s) append(tables, Pool::table(s));
  add(0, 1100);
  for (int position = 40; position < 61; ++position) add(1, position);
  add(2, 700);
  for (int position = 400; position < 404; ++position) add(3, position);
  add(4, 1111);
  for (int pad = 0; pad < 6; ++pad) add(0, 0);
  CHECK(pool.attend(bench, tables, queries, sequences, positions, 0, together).ok());
  for (std::size_t row = 0; row < positions.size(); ++row) {
    if (sequences[row] == 1) continue;
    const Bits query = part(queries, static_cast<std::int64_t>(row) * Pool::kRow, Pool::kRow);
    CHECK(pool.attend(bench, Pool::table(sequences[row]), query, {0}, {positions[row]}, 0, alone).ok());
    CHECK(alone == part(together, static_cast<std::int64_t>(row) * Pool::kRow, Pool::kRow));
  }
  positions[9] = Pool::kBlocks * Pool::kPage;
  const Status position = pool.attend(bench, tables, queries, sequences, positions, 0, together);
  CHECK(!position.ok() && position.message().find("rowPosition") != std::string::npos);
}

// What is wrong with one row is told, and the others are as ever.
void wrong_indices(Bench& bench, const Pool& pool) {
  Bits queries = Pool::q(0, 0), out, alone;
  append(queries, Pool::q(1, 0));
  Ints tables = Pool::table(0);
  append(tables, Pool::table(1));
  tables[Pool::kBlocks + 2] = static_cast<std::int32_t>(Pool::kPages);
  const Status page = pool.attend(bench, tables, queries, {0, 1}, {50, 50}, 0, out);
  CHECK(!page.ok() && page.message().find("blockTable") != std::string::npos);
  // Entries that no row reads may be anything.
  CHECK(pool.attend(bench, tables, queries, {0, 1}, {50, 31}, 0, out).ok());
  CHECK(pool.attend(bench, Pool::table(0), Pool::q(0, 0), {0}, {50}, 0, alone).ok());
  CHECK(alone == part(out, 0, Pool::kRow));
  const Status position = pool.attend(bench, tables, queries, {0, 1}, {50, Pool::kBlocks * Pool::kPage}, 0, out);
  CHECK(!position.ok() && position.message().find("rowPosition") != std::string::npos);
  const Status sequence = pool.attend(bench, tables, queries, {0, 2}, {50, 50}, 0, out);
  CHECK(!sequence.ok() && sequence.message().find("rowSequence") != std::string::npos);
}

// The last `count` tokens as a sequence of their own, behind `before` others.
Status packed(Bench& bench, std::int64_t before, std::int64_t count, std::int64_t depth, const Ints& bounds, Bits& o) {
  const std::int64_t tokens = before + count;
  const auto draws = [&](std::int64_t heads, unsigned seed) {
    Bits all = draw(before * heads * depth, seed);
    append(all, draw(count * heads * depth, seed + 1));
    return all;
  };
  bench.clear();
  const Bits q = draws(4, 11), k = draws(2, 13), v = draws(2, 15);
  const ArgValue out = bench.put(nullptr, DType::bf16, {tokens, 4, depth});
  return bench.run(Op::kAttentionForward,
                   {bench.put(q.data(), DType::bf16, {tokens, 4, depth}), bench.put(k.data(), DType::bf16, {tokens, 2, depth}),
                    bench.put(v.data(), DType::bf16, {tokens, 2, depth}),
                    bench.put(bounds.data(), DType::i32, {static_cast<std::int64_t>(bounds.size())}), out,
                    bench.put(nullptr, DType::f32, {tokens, 4}), number(1 / std::sqrt(static_cast<double>(depth))), number(0), number(0),
                    number(1)},
                   4, o);
}

void sequences(Bench& bench, Bench& older) {
  for (const std::int64_t depth : {64, 128}) {
    Bits alone, behind, on_older;
    CHECK(packed(bench, 0, 150, depth, {0, 150}, alone).ok());
    CHECK(packed(bench, 37, 150, depth, {0, 30, 37, 187}, behind).ok());
    CHECK(alone == part(behind, 37 * 4 * depth, 150 * 4 * depth));
    CHECK(packed(older, 0, 150, depth, {0, 150}, on_older).ok());
    // Hopper has a kernel of its own: other bits, the same values within the rounding of bf16.
    double worst = 0;
    for (std::size_t i = 0; i < alone.size(); ++i) {
      worst = std::max(worst, std::fabs(static_cast<double>(bf16_to_f32(alone[i])) - bf16_to_f32(on_older[i])));
    }
    CHECK(worst < 0.03);
    const Status bounds = packed(bench, 37, 150, depth, {0, 40, 37, 187}, behind);
    CHECK(!bounds.ok() && bounds.message().find("cuSeqlens") != std::string::npos);
  }
}

}  // namespace

int main() {
  setenv("HONE_CUDA_LIBRARY", HONE_EMULATED_CARD, 0);
  Bench bench;
  if (!bench.status().ok()) {
    std::printf("no card: %s\n", bench.status().message().c_str());
    return 77;
  }
  setenv("HONE_EMULATOR_SM", "80", 1);
  Bench older;
  unsetenv("HONE_EMULATOR_SM");
  CHECK(older.status().ok());
  const Pool pool;
  decode_rows(bench, pool, 0);
  decode_rows(bench, pool, 200);
  chunks(bench, pool);
  mixtures(bench, pool);
  wrong_indices(bench, pool);
  sequences(bench, older);
  return test::failures;
}
