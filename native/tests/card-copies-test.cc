// Bytes that go to the card through the ring of pinned segments arrive as they were when they were handed over, whatever is queued
// in between; and copies beside a stream are refused while a graph is made. Run under HONE_EMULATOR_SEED too, where the emulated card
// does its work as late as it may. Exit code: the number of failed checks; 77 without a card.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/card-library.h"
#include "harness/check.h"

namespace {

using namespace hone;

constexpr std::int64_t kSegmentBytes = std::int64_t{4} << 20;  // Of cuda/card/staging.h.

// Nothing waits between the two writes that take the same segment of the ring but for the ring itself.
void keeps_segments_until_they_are_copied(Card& card, std::byte* base) {
  constexpr int kSegments = 16;
  std::vector<std::byte> bytes(kSegmentBytes), back(8);
  const auto mark = [&](int i) {
    for (std::size_t at = 0; at < 8; ++at) bytes[at] = static_cast<std::byte>(i + 1);
    CHECK(card.write(base + i * kSegmentBytes, bytes.data(), kSegmentBytes).ok());
  };
  for (int i = 0; i < kSegments; ++i) mark(i);
  // Reads nothing, so waits for nothing.
  const CardCounters before = card.counters();
  CHECK(card.read(nullptr, base, 0).ok());
  CHECK(card.counters().synchronisations == before.synchronisations);
  for (int i = kSegments; i < 2 * kSegments; ++i) mark(i);
  for (int i = 0; i < 2 * kSegments; ++i) {
    CHECK(card.read(back.data(), base + i * kSegmentBytes, 8).ok());
    CHECK(back[0] == static_cast<std::byte>(i + 1) && back[7] == static_cast<std::byte>(i + 1));
  }
}

// A read takes the ring from its begin on, which earlier writes may not have left yet.
void reads_through_segments_that_are_still_written_from(Card& card, std::byte* base) {
  std::vector<std::byte> bytes(kSegmentBytes), back(2 * kSegmentBytes);
  for (int i = 0; i < 16; ++i) {
    bytes.assign(bytes.size(), static_cast<std::byte>(0x40 + i));
    CHECK(card.write(base + i * kSegmentBytes, bytes.data(), kSegmentBytes).ok());
  }
  for (int i = 0; i < 16; i += 2) {
    CHECK(card.read(back.data(), base + i * kSegmentBytes, 2 * kSegmentBytes).ok());
    CHECK(back.front() == static_cast<std::byte>(0x40 + i) && back.back() == static_cast<std::byte>(0x41 + i));
  }
}

void refuses_copies_beside_a_graph_that_is_made(Card& card, std::byte* base) {
  void* pinned = nullptr;
  CHECK(card.take_pinned(64, pinned).ok());
  std::int64_t ticket = 0;
  CHECK(card.start_copy(base, pinned, 64, ticket).ok() && card.await_copy(ticket).ok());
  CHECK(card.synchronise().ok());
  CHECK(card.begin_capture().ok());
  std::int64_t other = 0;
  CHECK(!card.start_copy(base, pinned, 64, other).ok() && !card.await_copy(ticket).ok());
  CHECK(!card.write(base, pinned, 64).ok() && !card.read(pinned, base, 64).ok());
  std::unique_ptr<CardGraph> graph;
  CHECK(card.end_capture(graph).ok());
  graph.reset();
  card.free_pinned(pinned);
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
  CHECK(card->back(0, 32 * kSegmentBytes).ok());
  for (const char* seed : {"0", "1"}) {
    setenv("HONE_EMULATOR_SEED", seed, 1);
    keeps_segments_until_they_are_copied(*card, base);
    reads_through_segments_that_are_still_written_from(*card, base);
    refuses_copies_beside_a_graph_that_is_made(*card, base);
  }
  card.release();  // The library may be gone before this is.
  return test::failures;
}
