// Paged attention equals packed attention, and a row has the same bits alone, in a chunk, and among other sequences.
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

constexpr std::int64_t kLength = 150, kHeads = 6, kKvHeads = 2, kWidth = 64, kPage = 16, kPages = 24;
constexpr double kScale = 0.125;

template <class Args>
void call(Machine& machine, Op op, const Args& args) {
  const int level = serving_level(static_cast<int>(op), machine.context.isa);
  const AnyKernel kernel = dispatch_row(static_cast<int>(op)).kernels[level];
  CHECK(reinterpret_cast<Status (*)(Context&, const Args&)>(kernel)(machine.context, args).ok());
}

// One sequence of random keys and values, packed and in shuffled pages.
struct Sequence {
  Floats q{{kLength, kHeads, kWidth}, 1}, k{{kLength, kKvHeads, kWidth}, 2}, v{{kLength, kKvHeads, kWidth}, 3};
  Floats k_cache{{kPages, kKvHeads, kPage, kWidth}, 4}, v_cache{{kPages, kKvHeads, kPage, kWidth}, 5};
  std::vector<std::int32_t> table;

  explicit Sequence(Machine& machine) {
    for (std::int32_t block = 0; block < kPages / 2; ++block) table.push_back((block * 7 + 3) % kPages);
    std::vector<std::int32_t> slots;
    for (std::int32_t t = 0; t < kLength; ++t) slots.push_back(table[t / kPage] * kPage + t % kPage);
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
    tables.insert(tables.end(), table.rbegin(), table.rend());
    for (std::int64_t t = begin; t < end; ++t) {
      sequences.push_back(0);
      positions.push_back(static_cast<std::int32_t>(t));
    }
    Ints table_view(tables, {2, kPages / 2}), sequence_view(sequences, {rows}), position_view(positions, {rows});
    call(machine, Op::kPagedAttention, PagedAttentionArgs{queries.view, k_cache.view, v_cache.view, table_view.view,
                                                         sequence_view.view, position_view.view, out.view, kScale, window, softcap});
    return {out.values.begin() + extra * kHeads * kWidth, out.values.end()};
  }
};

void paged_equals_packed(Machine& machine, std::int64_t window, double softcap) {
  Sequence sequence(machine);
  Floats o({kLength, kHeads, kWidth}), lse({kLength, kHeads});
  Ints bounds({0, kLength}, {2});
  call(machine, Op::kAttentionForward, AttentionForwardArgs{sequence.q.view, sequence.k.view, sequence.v.view, bounds.view,
                                                           o.view, lse.view, kScale, window, softcap});
  const std::vector<float> paged = sequence.paged(machine, 0, kLength, 0, window, softcap);
  double worst = 0;
  for (std::size_t i = 0; i < paged.size(); ++i) worst = std::max(worst, std::fabs(double{paged[i]} - o.values[i]));
  CHECK(worst < 1e-5);
}

void a_row_has_the_same_bits_in_any_batch(Machine& machine, std::int64_t window, double softcap) {
  Sequence sequence(machine);
  const std::vector<float> chunk = sequence.paged(machine, 0, kLength, 0, window, softcap);
  const std::int64_t row = kHeads * kWidth;
  for (const std::int64_t t : {0, 1, 15, 16, 63, 64, 100, 149}) {
    const std::vector<float> alone = sequence.paged(machine, t, t + 1, 0, window, softcap);
    const std::vector<float> among = sequence.paged(machine, t, t + 1, 5, window, softcap);
    const std::vector<float> part = sequence.paged(machine, t / 10 * 10, t + 1, 2, window, softcap);
    CHECK(std::memcmp(alone.data(), chunk.data() + t * row, row * sizeof(float)) == 0);
    CHECK(std::memcmp(alone.data(), among.data(), row * sizeof(float)) == 0);
    CHECK(std::memcmp(alone.data(), part.data() + (t % 10) * row, row * sizeof(float)) == 0);
  }
}

void refuses_a_row_that_reads_a_missing_page(Machine& machine) {
  Sequence sequence(machine);
  sequence.table[1] = -1;
  Floats out({1, kHeads, kWidth});
  Ints table(sequence.table, {1, kPages / 2}), zero({0}, {1}), position({20}, {1});
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
      paged_equals_packed(machine, window, softcap);
      a_row_has_the_same_bits_in_any_batch(machine, window, softcap);
    }
    refuses_a_row_that_reads_a_missing_page(machine);
  }
  return hone::test::failures;
}
