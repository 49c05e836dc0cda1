// Paged attention equals packed attention, bit for bit where both round to bf16, and a row has the same bits alone, in a
// chunk, among other sequences, and whatever the size and order of the pages.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/ops-args.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "harness/tensors.h"

namespace {

using namespace hone;
using namespace hone::test;

constexpr std::int64_t kLength = 300, kHeads = 6, kKvHeads = 2, kWidth = 64, kSlots = 1024;
constexpr double kScale = 0.125;

template <class Args>
void call(Machine& machine, Op op, const Args& args) {
  const int level = serving_level(static_cast<int>(op), machine.context.isa);
  const AnyKernel kernel = dispatch_row(static_cast<int>(op)).kernels[level];
  CHECK(reinterpret_cast<Status (*)(Context&, const Args&)>(kernel)(machine.context, args).ok());
}

// A cache of f32 or bf16, with numbers everywhere: what no row reaches must not matter.
struct Cache {
  std::vector<float> wide;
  std::vector<std::uint16_t> narrow;
  View view;

  Cache(bool is_rounded, std::int64_t page) {
    const std::int64_t values = kSlots / page * page * kKvHeads * kWidth;
    wide.assign(is_rounded ? 0 : values, 1e30f);
    narrow.assign(is_rounded ? values : 0, 0x7149);
    void* data = is_rounded ? static_cast<void*>(narrow.data()) : wide.data();
    view = shaped(data, is_rounded ? DType::bf16 : DType::f32, {kSlots / page, kKvHeads, page, kWidth});
  }
};

// One sequence of random keys and values, packed and in shuffled pages.
struct Sequence {
  const std::int64_t page, blocks;
  Floats q{{kLength, kHeads, kWidth}, 1}, k{{kLength, kKvHeads, kWidth}, 2}, v{{kLength, kKvHeads, kWidth}, 3};
  Cache k_cache, v_cache;
  std::vector<std::int32_t> table;

  Sequence(Machine& machine, bool is_rounded, std::int64_t page_ = 16)
      : page(page_), blocks(kSlots / page_ / 2), k_cache(is_rounded, page_), v_cache(is_rounded, page_) {
    for (std::int64_t block = 0; block < blocks; ++block) table.push_back(static_cast<std::int32_t>(2 * (blocks - 1 - block) + 1));
    std::vector<std::int32_t> slots;
    for (std::int64_t t = 0; t < kLength; ++t) slots.push_back(static_cast<std::int32_t>(table[t / page] * page + t % page));
    Ints slot_view(slots, {kLength});
    call(machine, Op::kKvWrite, KvWriteArgs{k.view, v.view, slot_view.view, k_cache.view, v_cache.view});
  }

  // Rows [begin, end) of the sequence, with `extra` rows of another sequence before them.
  std::vector<float> paged(Machine& machine, std::int64_t begin, std::int64_t end, std::int64_t extra, std::int64_t window,
                           double softcap) {
    const std::int64_t rows = end - begin + extra;
    Floats queries({rows, kHeads, kWidth}, 9), out({rows, kHeads, kWidth});
    std::memcpy(queries.values.data() + extra * kHeads * kWidth, q.values.data() + begin * kHeads * kWidth,
                (end - begin) * kHeads * kWidth * sizeof(float));
    std::vector<std::int32_t> tables(table), sequences(extra, 1), positions(extra, 40);
    for (std::int64_t block = 0; block < blocks; ++block) tables.push_back(table[0]);
    for (std::int64_t t = begin; t < end; ++t) {
      sequences.push_back(0);
      positions.push_back(static_cast<std::int32_t>(t));
    }
    Ints table_view(tables, {2, blocks}), sequence_view(sequences, {rows}), position_view(positions, {rows});
    call(machine, Op::kPagedAttention, PagedAttentionArgs{queries.view, k_cache.view, v_cache.view, table_view.view,
                                                         sequence_view.view, position_view.view, out.view, kScale, window, softcap});
    return {out.values.begin() + extra * kHeads * kWidth, out.values.end()};
  }
};

void paged_equals_packed(Machine& machine, bool is_rounded, std::int64_t window, double softcap) {
  Sequence sequence(machine, is_rounded);
  Floats o({kLength, kHeads, kWidth}), lse({kLength, kHeads});
  Ints bounds({0, kLength}, {2});
  call(machine, Op::kAttentionForward, AttentionForwardArgs{sequence.q.view, sequence.k.view, sequence.v.view, bounds.view,
                                                           o.view, lse.view, kScale, window, softcap,
                                                           is_rounded});
  const std::vector<float> paged = sequence.paged(machine, 0, kLength, 0, window, softcap);
  double worst = 0;
  for (std::size_t i = 0; i < paged.size(); ++i) worst = std::max(worst, std::fabs(double{paged[i]} - o.values[i]));
  CHECK(is_rounded && machine.context.isa != Isa::plain ? worst == 0 : worst < 1e-5);
}

void a_row_has_the_same_bits_in_any_batch(Machine& machine, bool is_rounded, std::int64_t window, double softcap) {
  Sequence sequence(machine, is_rounded);
  const std::vector<float> chunk = sequence.paged(machine, 0, kLength, 0, window, softcap);
  const std::int64_t row = kHeads * kWidth;
  for (const std::int64_t t : {0, 1, 15, 16, 63, 64, 100, 127, 128, 255, 256, 299}) {
    const std::vector<float> alone = sequence.paged(machine, t, t + 1, 0, window, softcap);
    const std::vector<float> among = sequence.paged(machine, t, t + 1, 5, window, softcap);
    const std::vector<float> part = sequence.paged(machine, t / 10 * 10, t + 1, 2, window, softcap);
    CHECK(std::memcmp(alone.data(), chunk.data() + t * row, row * sizeof(float)) == 0);
    CHECK(std::memcmp(alone.data(), among.data(), row * sizeof(float)) == 0);
    CHECK(std::memcmp(alone.data(), part.data() + (t % 10) * row, row * sizeof(float)) == 0);
  }
  for (const std::int64_t page : {5, 40, 128}) {
    const std::vector<float> other = Sequence(machine, is_rounded, page).paged(machine, 0, kLength, 0, window, softcap);
    CHECK(std::memcmp(other.data(), chunk.data(), chunk.size() * sizeof(float)) == 0);
  }
}

void refuses_a_row_that_reads_a_missing_page(Machine& machine) {
  Sequence sequence(machine, false);
  sequence.table[1] = -1;
  Floats out({1, kHeads, kWidth});
  Ints table(sequence.table, {1, sequence.blocks}), zero({0}, {1}), position({20}, {1});
  const View query = shaped(sequence.q.values.data(), DType::f32, {1, kHeads, kWidth});
  PagedAttentionArgs args{query, sequence.k_cache.view, sequence.v_cache.view, table.view, zero.view, position.view, out.view,
                          kScale, 0, 0};
  const int op = static_cast<int>(Op::kPagedAttention);
  const AnyKernel kernel = dispatch_row(op).kernels[serving_level(op, machine.context.isa)];
  const auto run = reinterpret_cast<Status (*)(Context&, const PagedAttentionArgs&)>(kernel);
  CHECK(run(machine.context, args).code() == Code::bad_argument);
  // Pages that fell out of the window may be gone.
  args.window = 4;
  position.values[0] = 40;
  CHECK(run(machine.context, args).ok());
}

}  // namespace

int main() {
  for (int level = 0; level < kIsaCount; ++level) {
    if (!isa_available(static_cast<Isa>(level))) continue;
    Machine machine(static_cast<Isa>(level));
    for (const auto& [window, softcap] : {std::pair{0, 0.0}, std::pair{37, 0.0}, std::pair{0, 2.5}}) {
      for (const bool is_rounded : {false, true}) {
        paged_equals_packed(machine, is_rounded, window, softcap);
        a_row_has_the_same_bits_in_any_batch(machine, is_rounded, window, softcap);
      }
    }
    refuses_a_row_that_reads_a_missing_page(machine);
  }
  return hone::test::failures;
}
