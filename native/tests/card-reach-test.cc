// The last block of every grid finds its elements in tensors of more than 2^31 of them: an offset that is computed in 32 bits points
// before its tensor, where no memory is, or far from its last element, which then stays as it was. The emulated card runs that block
// alone (HONE_EMULATOR_DRY=2), on memory of which only what is touched exists. Exit code: the number of failed checks.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "core/card-library.h"
#include "core/op-spec.h"
#include "harness/check.h"

namespace {

using namespace hone;

using Sizes = std::map<std::string, std::int64_t>;

// From one tensor to the next, which leaves more than 2^35 bytes without memory behind each.
constexpr std::int64_t kApart = std::int64_t{80} << 30;
// Before the first there is nothing, either.
std::int64_t place_of(int arg) { return (arg + 1) * kApart; }

constexpr std::uint16_t kMark = 0x3f99;

struct Tensor {
  View view;
  std::int64_t bytes = 0;
  bool is_result = false;
};

class Calls {
 public:
  Calls(Card& card, std::byte* base) : card_(card), base_(base) {}

  // `own` has every symbol of the op. `indices` are written to the last element of an argument.
  void call(const char* name, const Sizes& own, DType weight = DType::packed_bf16, const std::map<std::string, double>& numbers = {},
            const std::map<std::string, std::int32_t>& indices = {}) {
    std::printf("%s\n", name);
    std::fflush(stdout);  // What a fault would leave unsaid.
    int op = 0;
    while (std::strcmp(op_spec(op).name, name) != 0) ++op;
    const OpSpec& spec = op_spec(op);
    ArgValue values[24];
    Tensor tensors[24];
    CardWeight on_card;
    for (int i = 0; i < spec.arg_count; ++i) {
      const auto number = numbers.find(spec.args[i].name);
      if (spec.args[i].attribute != Attribute::knone) {
        values[i].number = number != numbers.end() ? number->second : 1;
        continue;
      }
      if (spec.args[i].optional) continue;
      put(spec, i, own, weight, tensors[i], on_card);
      values[i].view = tensors[i].view;
      const auto index = indices.find(spec.args[i].name);
      if (index != indices.end()) tensors[i].view.data_as<std::int32_t>()[tensors[i].view.count() - 1] = index->second;
    }
    const Status refused = check_args(op, values, spec.arg_count, Arithmetic::narrow, false);
    Status status = refused.ok() ? card_.run(op, values) : refused;
    if (status.ok()) status = card_.synchronise();
    if (!status.ok()) std::printf("%s: %s\n", name, status.message().c_str());
    CHECK(status.ok());
    for (int i = 0; i < spec.arg_count; ++i) {
      if (!tensors[i].is_result) continue;
      std::uint16_t last = 0;
      std::memcpy(&last, tensors[i].view.data_as<std::byte>() + tensors[i].bytes - 2, 2);
      if (last == kMark) std::printf("%s: the last element of %s was not written\n", name, spec.args[i].name);
      CHECK(last != kMark);
    }
    for (int i = 0; i < spec.arg_count; ++i) card_.give_back(place_of(i), kApart);
  }

 private:
  void put(const OpSpec& spec, int arg, const Sizes& own, DType weight, Tensor& tensor, CardWeight& on_card) {
    const ArgSpec& each = spec.args[arg];
    View& view = tensor.view;
    view.dtype = (each.dtypes & bit(weight)) != 0 ? weight : each.role == Role::kactivation || each.role == Role::kmixed ? DType::bf16
                                                                                                                    : first(each.dtypes);
    view.rank = each.shape == Shape::kdims ? each.rank : 1;
    for (int i = 0; i < view.rank; ++i) {
      const DimSpec& dim = each.dim[i];
      view.dim[i] = each.shape != Shape::kdims ? own.at("n") : (dim.symbol >= 0 ? own.at(spec.symbols[dim.symbol]) : 0) + dim.plus;
    }
    std::byte* const at = base_ + place_of(arg);
    if (is_packed(view.dtype)) {
      on_card.format = view.dtype;
      on_card.rows = view.dim[0];
      on_card.columns = view.dim[1];
      tensor.bytes = card_weight_bytes(view.dtype, view.dim[0], view.dim[1], on_card.group, true);
      place_card_weight(on_card, at, true);
      view.on_card = &on_card;
    } else {
      tensor.bytes = view.count() * static_cast<std::int64_t>(dtype_bytes(view.dtype));
      view.data = at;
    }
    CHECK(card_.back(place_of(arg), tensor.bytes).ok());
    tensor.is_result = each.io == Io::kout;
    if (tensor.is_result && tensor.bytes >= 2) std::memcpy(at + tensor.bytes - 2, &kMark, 2);
  }

  static DType first(unsigned dtypes) {
    for (const DType each : {DType::f32, DType::bf16, DType::i32, DType::u8}) {
      if (dtypes & bit(each)) return each;
    }
    return DType::f32;
  }

  Card& card_;
  std::byte* base_;
};

void run(Calls& calls) {
  const std::int64_t many = (std::int64_t{1} << 31) + 4096 * 3, rows = 600003;
  for (const char* name : {"tensorFill", "tensorScale", "tensorAdd", "tensorCast", "swigluForward", "swigluBackward", "geluForward",
                           "gegluBackward"}) {
    calls.call(name, {{"n", many}});
  }
  // 37,504 tiles of 16 rows, which the blocks for few rows of nf4 take in turn: the last of them has the last tile.
  for (const std::int64_t few : {1, 16, 32}) {
    for (const DType weight : {DType::packed_bf16, DType::nf4, DType::int8, DType::int4}) {
      calls.call("linearForward", {{"M", few}, {"N", 600063}, {"K", 4096}}, weight);
    }
  }
  for (const std::int64_t each : {std::int64_t{16}, rows}) {
    calls.call("loraPagedForward",
               {{"T", each}, {"K", 8192}, {"N", 8192}, {"S", 6000}, {"P", 5000}, {"E", 524288}, {"L", 1}}, DType::packed_bf16,
               {{"rankMax", 64}}, {{"slots", 5999}, {"places", 64}, {"pages", 4999}});
  }
  calls.call("gatherRows", {{"T", rows}, {"d", 4096}, {"n", rows}}, DType::packed_bf16, {}, {{"index", 600002}});
  calls.call("embeddingForward", {{"T", rows}, {"d", 4096}, {"V", rows}}, DType::packed_bf16, {}, {{"ids", 600002}});
  calls.call("sliceColumnsForward", {{"T", rows}, {"N", 8192}, {"W", 4096}}, DType::packed_bf16, {{"begin", 4096}});
  calls.call("rope", {{"T", rows}, {"H", 32}, {"D", 128}, {"Half", 64}});
  calls.call("routeTopKForward", {{"T", 20000003}, {"E", 128}, {"k", 8}}, DType::packed_bf16);
  calls.call("kvWrite", {{"T", 3}, {"KV", 8}, {"D", 128}, {"P", 200000}, {"page", 16}}, DType::packed_bf16, {}, {{"slots", 3199999}});
  calls.call("pagedAttention",
             {{"T", 3}, {"H", 32}, {"KV", 8}, {"D", 128}, {"P", 200000}, {"page", 16}, {"S", 3}, {"maxBlocks", 1}}, DType::packed_bf16,
             {{"window", 0}, {"softcap", 0}}, {{"blockTable", 199999}, {"rowSequence", 2}, {"rowPosition", 15}});
  calls.call("sample", {{"B", 17000}, {"V", 131072}}, DType::packed_bf16);
  calls.call("logitsTopLogProbs", {{"B", 17000}, {"V", 131072}, {"k", 5}}, DType::packed_bf16);
}

}  // namespace

int main() {
  const char* emulated = HONE_EMULATED_CARD;
  if (*emulated == 0) {
    std::printf("skipped: no emulated card was built\n");
    return 77;
  }
  setenv("HONE_EMULATOR_DRY", "2", 1);
  setenv("HONE_CUDA_LIBRARY", emulated, 1);
  std::unique_ptr<Card> card;
  if (Status status = open_card(nullptr, card); !status.ok()) {
    std::printf("%s\n", status.message().c_str());
    return 1;
  }
  std::int64_t capacity = 0;
  Calls calls(*card, card->reserve(capacity));
  run(calls);
  card.release();  // The library may be gone before this is.
  return test::failures;
}
