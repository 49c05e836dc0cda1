// Pieces and segments that do not rise, or leave their rows, are named with their place and value, and places of adapters that are
// not there with their slot, in the same words on the processor and on the card, and no row is touched by them. Exit code: the number of failed checks; 77 without a card.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "harness/check.h"
#include "hone/hone.h"

namespace {

constexpr int kF32 = 0, kBf16 = 1, kI32 = 3;

// The handles of one device, freed with it.
class Device {
 public:
  explicit Device(int number) : number_(number) {}
  ~Device() {
    for (const hone_handle handle : open_) CHECK(hone_tensor_free(handle) == 0);
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  double take(int dtype, std::vector<std::int64_t> dims, const void* data = nullptr) {
    std::int64_t count = 1;
    for (const std::int64_t size : dims) count *= size;
    dims.resize(4, -1);
    hone_handle handle = 0;
    CHECK(hone_tensor_alloc(number_, dtype, dims.data(), &handle) == 0);
    if (data != nullptr) CHECK(hone_tensor_write(handle, 0, data, dtype, count) == 0);
    open_.push_back(handle);
    return handle;
  }

  double ints(std::vector<std::int64_t> dims, const std::vector<std::int32_t>& values) { return take(kI32, std::move(dims), values.data()); }

  // An activation of zeros.
  double rows(std::vector<std::int64_t> dims) {
    const std::vector<float> zeros(1024, 0.0f);
    return take(number_ == HONE_DEVICE_CPU ? kF32 : kBf16, std::move(dims), zeros.data());
  }

  // What the call says, at once or when the card is waited for.
  std::string complaint(int op, const std::vector<double>& args) const {
    if (hone_invoke(op, args.data(), static_cast<int>(args.size())) != 0) return hone_last_error();
    if (number_ != HONE_DEVICE_CPU && hone_card_synchronise() != 0) return hone_last_error();
    return "";
  }

 private:
  int number_;
  std::vector<hone_handle> open_;
};

void check_says(const std::string& said, const std::string& wanted) {
  const bool holds = said.size() >= wanted.size() && said.find(wanted) != std::string::npos;
  CHECK(holds);
  if (!holds) std::printf("  expected \"%s\"\n  received \"%s\"\n", wanted.c_str(), said.c_str());
}

void pieces_must_rise_over_all_tokens(int number) {
  struct Wrong {
    std::vector<std::int32_t> pieces;
    int value, at;
  };
  const std::vector<Wrong> all = {{{1, 2, 4}, 1, 0}, {{0, 5, 4}, 4, 2}, {{0, -1, 4}, -1, 1}, {{0, 2, 3}, 3, 2}, {{0, 2, 9}, 9, 2}};
  for (const auto& [pieces, value, at] : all) {
    Device device(number);
    const double ids = device.ints({4, 2}, {0, 1, 2, 0, 1, 2, 0, 2}), bounds = device.ints({3}, pieces);
    const double rows = device.ints({8}, std::vector<std::int32_t>(8)), places = device.ints({4, 2}, std::vector<std::int32_t>(8));
    const double segments = device.ints({3, 3}, std::vector<std::int32_t>(9));
    check_says(device.complaint(HONE_OP_ROUTE_ROWS, {ids, bounds, rows, places, segments}),
               "expected values that rise from 0 to 4 for pieces but received " + std::to_string(value) + " at " + std::to_string(at) + "; fix: ");
  }
  Device device(number);
  const double ids = device.ints({2, 2}, {0, 1, 3, 0}), bounds = device.ints({2}, {0, 2});
  const double rows = device.ints({4}, std::vector<std::int32_t>(4)), places = device.ints({2, 2}, std::vector<std::int32_t>(4));
  const double segments = device.ints({3, 2}, std::vector<std::int32_t>(6));
  check_says(device.complaint(HONE_OP_ROUTE_ROWS, {ids, bounds, rows, places, segments}),
             "expected values from 0 and below 3 for ids but received 3 at 2");
}

void segments_must_rise_within_the_rows(int number) {
  struct Wrong {
    std::vector<std::int32_t> segments;
    int value, at;
  };
  // Expert 1 of 2, of two pieces: the values 3 to 5.
  const std::vector<Wrong> all = {{{0, 2, 3, 4, 4, 3}, 3, 5}, {{0, 2, 3, -1, 4, 6}, -1, 3}, {{0, 2, 3, 3, 4, 7}, 7, 5}, {{0, 2, 3, 9, 9, 9}, 9, 3}};
  for (const auto& [values, value, at] : all) {
    const std::string said = "expected rows of an expert that rise from 0 to at most 6 for segments but received " + std::to_string(value) +
                             " at " + std::to_string(at) + "; fix: pass the segments that routeRows made of these rows";
    Device device(number);
    const double segments = device.ints({2, 3}, values), w = device.take(kF32, {4, 8}, std::vector<float>(32).data());
    const double x = device.rows({6, 8}), y = device.rows({6, 4}), dw = device.take(kF32, {4, 8}, std::vector<float>(32).data());
    check_says(device.complaint(HONE_OP_EXPERT_LINEAR_FORWARD, {x, segments, 1, w, y}), said);
    check_says(device.complaint(HONE_OP_EXPERT_LINEAR_BACKWARD_INPUT, {y, segments, 1, w, x, 0}), said);
    check_says(device.complaint(HONE_OP_EXPERT_LINEAR_BACKWARD_WEIGHT, {y, x, segments, 1, dw, 1, 0}), said);
  }
}

void pieces_of_adapters_must_rise_within_the_rows(int number) {
  Device device(number);
  const double segments = device.ints({2, 3}, {0, 2, 3, 5, 4, 6});
  const double x = device.rows({6, 8}), y = device.rows({6, 4}), xa = device.rows({6, 2});
  const double a = device.take(kF32, {2, 8}, std::vector<float>(16).data()), b = device.take(kF32, {4, 2}, std::vector<float>(8).data());
  const double da = device.take(kF32, {2, 8}, std::vector<float>(16).data()), db = device.take(kF32, {4, 2}, std::vector<float>(8).data());
  const std::string said = "expected rows of an expert that rise from 0 to at most 6 for segments but received 4 at 4";
  check_says(device.complaint(HONE_OP_EXPERT_LORA_FORWARD, {x, segments, 1, 0, a, b, 1, y, xa}), said);
  check_says(device.complaint(HONE_OP_EXPERT_LORA_BACKWARD, {y, x, segments, 1, 0, a, b, xa, 1, x, da, db}), said);
  check_says(device.complaint(HONE_OP_EXPERT_LORA_FORWARD, {x, segments, 1, 2, a, b, 1, y, xa}), "expected piece below 2 but received 2; fix: ");
  check_says(device.complaint(HONE_OP_EXPERT_LORA_FORWARD, {x, segments, 2, 0, a, b, 1, y, xa}),
             "expected expert below 2 but received 2; fix: ");
}

// The same words for the bounds of packed sequences.
void sequences_must_rise_over_all_tokens(int number) {
  Device device(number);
  const double q = device.rows({4, 1, 8}), k = device.rows({4, 1, 8}), v = device.rows({4, 1, 8}), o = device.rows({4, 1, 8});
  const double lse = device.take(kF32, {4, 1}), bounds = device.ints({3}, {0, 3, 2});
  check_says(device.complaint(HONE_OP_ATTENTION_FORWARD, {q, k, v, bounds, o, lse, 0.5, 0, 0, 0}),
             "expected values that rise from 0 to 4 for cuSeqlens but received 2 at 2; fix: ");
}

void adapters_must_lie_on_listed_pages(int number) {
  struct Wrong {
    std::vector<std::int32_t> place;  // (first, atA, atB, rank)
    const char* received;
  };
  // A takes 3 x 8 elements and B 4 x 8, on two pages of 64.
  const std::vector<Wrong> all = {{{0, 0, 24, 5}, "rank 5 at 0 and 24 from entry 0"},    {{0, 0, 24, -1}, "rank -1 at 0 and 24 from entry 0"},
                                  {{0, 105, 0, 3}, "rank 3 at 105 and 0 from entry 0"},  {{0, -1, 24, 3}, "rank 3 at -1 and 24 from entry 0"},
                                  {{0, 0, 97, 3}, "rank 3 at 0 and 97 from entry 0"},    {{0, 0, -8, 3}, "rank 3 at 0 and -8 from entry 0"},
                                  {{2, 0, 24, 3}, "rank 3 at 0 and 24 from entry 2"},    {{-1, 0, 24, 3}, "rank 3 at 0 and 24 from entry -1"},
                                  {{0, 104, 96, 3}, nullptr},                            {{1, 0, 24, 3}, nullptr}};
  for (const auto& [place, received] : all) {
    Device device(number);
    std::vector<std::int32_t> places(4);
    places.insert(places.end(), place.begin(), place.end());
    const std::vector<float> zeros(192);
    const double x = device.rows({2, 8}), y = device.rows({2, 4}), slots = device.ints({2}, {-1, 1}), pages = device.ints({2}, {2, 0});
    const double a = device.take(kF32, {3, 64}, zeros.data()), b = device.take(kF32, {3, 64}, zeros.data());
    const double scales = device.take(kF32, {2}, zeros.data());
    const std::string said = device.complaint(HONE_OP_LORA_PAGED_FORWARD, {x, slots, a, b, pages, device.ints({2, 4}, places), scales, 4, y});
    if (received == nullptr) {
      CHECK(said.empty());
      continue;
    }
    check_says(said, "expected a rank of at most 4 and matrices on the 2 listed pages of 64 elements for places of slot 1 but received " +
                         std::string(received) + "; fix: write the row of that slot anew when its pages or its rank change");
    CHECK(said.find('[') == std::string::npos);
  }
}

void ranks_must_be_in_reach(int number) {
  Device device(number);
  const std::vector<float> zeros(64);
  const double x = device.rows({2, 8}), y = device.rows({2, 4}), slots = device.ints({2}, {-1, 0}), pages = device.ints({1}, {0});
  const double a = device.take(kF32, {1, 64}, zeros.data()), b = device.take(kF32, {1, 64}, zeros.data());
  const double places = device.ints({1, 4}, {0, 0, 0, 0}), scales = device.take(kF32, {1}, zeros.data());
  for (const double rank : {0.0, 1.0, 24576.0, 24577.0, 2147483648.0, 4294967295.0}) {
    const std::string said = device.complaint(HONE_OP_LORA_PAGED_FORWARD, {x, slots, a, b, pages, places, scales, rank, y});
    if (rank <= 24576) CHECK(said.empty());
    else check_says(said, "expected a whole number from 0 to 24576 for rankMax but received " + std::to_string(static_cast<std::int64_t>(rank)) + "; fix: ");
  }
}

}  // namespace

int main() {
  setenv("HONE_CUDA_LIBRARY", HONE_EMULATED_CARD, 0);
  hone_info info;
  CHECK(hone_init(2, nullptr, &info) == 0);
  hone_card card;
  const bool has_card = hone_card_open(nullptr, &card) == 0;
  for (const int device : {HONE_DEVICE_CPU, HONE_DEVICE_CUDA}) {
    if (device == HONE_DEVICE_CUDA && !has_card) continue;
    pieces_must_rise_over_all_tokens(device);
    segments_must_rise_within_the_rows(device);
    pieces_of_adapters_must_rise_within_the_rows(device);
    sequences_must_rise_over_all_tokens(device);
    adapters_must_lie_on_listed_pages(device);
    ranks_must_be_in_reach(device);
  }
  if (hone::test::failures == 0 && !has_card) {
    std::printf("skipped on a card: %s\n", hone_last_error());
    return 77;
  }
  return hone::test::failures;
}
