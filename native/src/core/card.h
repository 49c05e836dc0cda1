#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "core/group.h"
#include "core/op-spec.h"
#include "hone/status.h"
#include "hone/view.h"

namespace hone {

// What is known of a GPU and of the driver that serves it.
struct CardFacts {
  std::string name;
  int ordinal = 0;
  int compute_capability = 0;  // 90 for sm_90.
  int multiprocessors = 0;
  std::int64_t total_bytes = 0;
  std::int64_t free_bytes = 0;    // When it was opened.
  std::int64_t budget_bytes = 0;  // What this process may take of it.
  int driver_version = 0;       // 13020 for 13.2: the newest CUDA that the driver serves.
  int runtime_version = 0;      // That of the toolkit the library was built with.
};

// What was asked of a card since it was opened. A step that is meant to run unattended shows here when it does not.
struct CardCounters {
  std::int64_t launches = 0;           // Kernels and library products that were launched one by one.
  std::int64_t graph_launches = 0;     // Graphs, each with all its kernels.
  std::int64_t synchronisations = 0;   // The host waited for the card.
  std::int64_t bytes_to_card = 0;
  std::int64_t bytes_from_card = 0;
};

// A weight in a packed format as it lies on a card: rows of K, in the order of the checkpoint. `memory` is one stretch; the
// parts are addresses in it.
//   packed-f32, packed-bf16   values [N,K]
//   nf4    codes [N,K/2], the high nibble first; absmax_codes [N K/64]; nested_absmax [ceil(N K/64/256)]; offset; or, where the
//          scales were never quantized twice, absmax [N K/64] in the place of the three (absmax_codes is null then)
//   int8   codes [N,K] signed; absmax [N]
//   int4   codes [N,K/2]; absmax [N,K/group] the scales; zeros [N,K/group], 0 to 16
// Beside codes, `values` may hold a bf16 copy [N,K]: products of many rows then need not dequantise. It is null where memory is dear.
struct CardWeight {
  DType format = DType::nf4;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  int group = 64;  // Consecutive k with one scale.
  const void* values = nullptr;
  const std::uint8_t* codes = nullptr;
  const std::uint8_t* absmax_codes = nullptr;
  const float* nested_absmax = nullptr;
  const float* offset = nullptr;  // One number, on the card as the rest.
  const float* absmax = nullptr;
  const std::uint8_t* zeros = nullptr;
};

// The bytes of such a weight, each part rounded up to 256: what the arena of a card is asked for.
std::int64_t card_weight_bytes(DType format, std::int64_t rows, std::int64_t columns, int group, bool is_nested);
// Points the parts of a weight, whose sizes are set, into its memory.
void place_card_weight(CardWeight& weight, std::byte* memory, bool is_nested);

// A list of ops that a card repeats in one launch.
class CardGraph {
 public:
  virtual ~CardGraph() = default;
};

// Under what the processes of a group find each other.
using GroupId = std::array<char, 128>;

// One GPU, opened by libhone_cuda.so. All work is queued on one stream and every call returns at once, but for those that
// bring bytes back: they wait, and are counted. What a kernel finds wrong with the values of an index is told by the next call that waits.
class Card {
 public:
  virtual ~Card() = default;

  virtual const CardFacts& facts() const = 0;
  virtual CardCounters counters() const = 0;

  // Address space for the arena. `back` puts memory behind every chunk that a stretch touches, and `give_back` takes that of the chunks
  // that lie in one as a whole; how large chunks are is the card's own business.
  virtual std::byte* reserve(std::int64_t& capacity) = 0;
  virtual Status back(std::int64_t offset, std::int64_t bytes) = 0;
  virtual void give_back(std::int64_t offset, std::int64_t bytes) = 0;
  // Workspace of the kernels, whose address never changes.
  virtual std::int64_t workspace_bytes() const = 0;

  // The bytes are taken over before the call returns; the copy itself is queued.
  virtual Status write(void* target, const void* source, std::int64_t bytes) = 0;
  // Waits for all that was queued before.
  virtual Status read(void* target, const void* source, std::int64_t bytes) = 0;
  virtual Status synchronise() = 0;

  // Host memory that the card reads and writes by itself.
  virtual Status take_pinned(std::int64_t bytes, void*& out) = 0;
  virtual void free_pinned(void* memory) = 0;
  // A copy between the two beside what is computed: it begins when all that was queued before is done, and what is queued after
  // `await_copy` waits for it. The host never does.
  virtual Status start_copy(const void* source, void* target, std::int64_t bytes, std::int64_t& ticket) = 0;
  virtual Status await_copy(std::int64_t ticket) = 0;

  // Arguments whose shapes were checked; the values of indices are checked by the kernels.
  virtual Status run(int op, const ArgValue* values) = 0;
  virtual bool has_kernel(int op) const = 0;

  // Quantizes or copies a plain [N,K] source on the card into `weight`, whose parts lie in arena memory.
  virtual Status pack(const View& source, CardWeight& weight) = 0;
  // [N,K] f32
  virtual Status unpack(const CardWeight& weight, float* out) = 0;

  // Everything between the two is queued into a graph in place of being run.
  virtual Status begin_capture() = 0;
  virtual Status end_capture(std::unique_ptr<CardGraph>& out) = 0;
  virtual Status launch(const CardGraph& graph) = 0;

  // Groups over NCCL: one process makes the id, each of them joins with its rank, and waits there for the others.
  virtual Status make_group_id(GroupId& out) = 0;
  virtual Status join_group(int rank, int size, const GroupId& id, std::unique_ptr<Group>& out) = 0;
};

// What libhone_cuda.so exports, by the name hone_cuda_open_card: opens a GPU, or says why it cannot. `abi` must be kCardAbi: the two
// libraries hand each other the ops by number and this class by its layout, so those of another build would be other functions.
inline constexpr int kCardLayout = 3;
inline constexpr int kCardAbi = kOpTableDigest + kCardLayout;
using OpenCard = Status (*)(int abi, int ordinal, std::unique_ptr<Card>& out);

}  // namespace hone
