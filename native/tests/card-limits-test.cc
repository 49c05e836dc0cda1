// Every op is launched within the limits of a card - blocks along each side of a grid, threads, shared memory - at sizes that no
// other test could compute: a million rows, a quarter of a million tokens in a vocabulary, tensors of more than 2^31 elements, heads
// and norms of every width. The emulated card only looks at the launches (HONE_EMULATOR_DRY). Exit code: the number of failed checks.
#include <algorithm>
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

// By the symbols of the op table; "n" also of tensors of any shape.
const Sizes kUsual = {{"T", 4096}, {"M", 4096}, {"R", 4096}, {"K", 4096},  {"N", 4096},   {"d", 4096}, {"V", 32768},       {"r", 16},
                      {"r0", 16},  {"r1", 16},  {"r2", 16},  {"r3", 16},   {"S", 64},     {"H", 32},   {"KV", 8},          {"D", 128},
                      {"Half", 64}, {"P", 8192}, {"page", 16}, {"maxBlocks", 8192}, {"B", 256}, {"E", 128}, {"k", 8}, {"q", 16},
                      {"W", 1024}, {"L", 64}, {"n", 4096}, {"N0", 4096}, {"N1", 1024}, {"N2", 1024}};

DType dtype_of(const ArgSpec& spec, DType weight) {
  if (spec.dtypes & bit(DType::nf4)) return weight;
  if (spec.role == Role::kactivation && (spec.dtypes & bit(DType::bf16))) return DType::bf16;
  for (const DType each : {DType::f32, DType::bf16, DType::i32, DType::u8}) {
    if (spec.dtypes & bit(each)) return each;
  }
  return DType::f32;
}

class Calls {
 public:
  Calls(Card& card, std::byte* base) : card_(card), base_(base) {}

  // Of a weight of that format, where the op has one. `numbers` by the names of attributes; 1 where there is none.
  void call(int op, const Sizes& own, DType weight = DType::packed_bf16, const std::map<std::string, double>& numbers = {}) {
    const OpSpec& spec = op_spec(op);
    ArgValue values[24];
    CardWeight on_card[24];
    for (int i = 0; i < spec.arg_count; ++i) {
      const auto number = numbers.find(spec.args[i].name);
      if (spec.args[i].attribute != Attribute::knone) {
        values[i].number = number != numbers.end() ? number->second : 1;
        continue;
      }
      values[i].view = view_of(spec, spec.args[i], own, weight, on_card[i]);
    }
    if (Status status = check_args(op, values, spec.arg_count, Arithmetic::narrow, false); !status.ok()) return complain(spec, own, status);
    const std::int64_t before = card_.counters().launches;
    if (Status status = card_.run(op, values); !status.ok()) return complain(spec, own, status);
    if (card_.counters().launches == before) complain(spec, own, {Code::internal, "launched nothing"});
    ++count;
  }

  int count = 0;

 private:
  View view_of(const OpSpec& spec, const ArgSpec& arg, const Sizes& own, DType weight, CardWeight& on_card) {
    const auto size = [&](const char* symbol) {
      const auto found = own.find(symbol);
      return found != own.end() ? found->second : kUsual.at(symbol);
    };
    View view;
    view.dtype = dtype_of(arg, weight);
    view.rank = arg.shape == Shape::kdims ? arg.rank : 1;
    for (int i = 0; i < view.rank; ++i) {
      const DimSpec& dim = arg.dim[i];
      view.dim[i] = arg.shape != Shape::kdims ? size("n") : (dim.symbol >= 0 ? size(spec.symbols[dim.symbol]) : 0) + dim.plus;
    }
    if (arg.shape == Shape::klike && std::strcmp(spec.name, "routeRows") == 0) {
      view.rank = 2;
      view.dim[0] = size("T");
      view.dim[1] = size("k");
    }
    // Not one address for all: an op may have nothing to do then.
    view.data = base_ + (&arg - spec.args) * 4096;
    if (!is_packed(view.dtype)) return view;
    view.data = nullptr;
    on_card.format = view.dtype;
    on_card.rows = view.dim[0];
    on_card.columns = view.dim[1];
    place_card_weight(on_card, base_, true);
    view.on_card = &on_card;
    return view;
  }

  void complain(const OpSpec& spec, const Sizes& own, const Status& status) {
    std::string sizes;
    for (const auto& [symbol, value] : own) sizes += " " + symbol + "=" + std::to_string(value);
    std::printf("%s%s: %s\n", spec.name, sizes.c_str(), status.message().c_str());
    ++test::failures;
  }

  Card& card_;
  std::byte* base_;
};

int op_named(const char* name) {
  for (int op = 0; op < kOpCount; ++op) {
    if (std::strcmp(op_spec(op).name, name) == 0) return op;
  }
  std::printf("no op %s\n", name);
  ++test::failures;
  return 0;
}

// What a size of an op means, where it is none of rows.
Sizes sizes_of(const char* op, std::int64_t rows) {
  const auto is = [&](const char* name) { return std::strcmp(op, name) == 0; };
  Sizes own = {{"T", rows}, {"M", rows}, {"n", rows}};
  if (std::strncmp(op, "expert", 6) == 0 || std::strncmp(op, "mixRows", 7) == 0) own["R"] = rows;
  if (is("sample") || std::strncmp(op, "logits", 6) == 0 || is("tokenCountsAdd")) own["B"] = rows, own["n"] = 100;
  if (is("logitsAdjust")) own["B"] = rows > 65535 ? 65535 : rows;  // More are refused.
  if (is("adamw8bitStep")) own["B"] = (rows + 255) / 256;
  // The emulated library cuts heads into small chunks, of which a million tokens would have too many.
  if (std::strncmp(op, "tokenLogProbs", 13) == 0) own["T"] = rows > 300 ? 300 : rows;
  return own;
}

std::map<std::string, double> numbers_of(const char* op, std::int64_t rows) {
  std::map<std::string, double> numbers;
  if (std::strncmp(op, "expert", 6) == 0) numbers = {{"expert", 3}, {"piece", 0}};
  if (std::strcmp(op, "loraGroupedForward") == 0) {
    const std::int64_t step = (rows + 3) / 4;
    for (int i = 0; i < 4; ++i) {
      numbers["begin" + std::to_string(i)] = static_cast<double>(std::min(i * step, rows));
      numbers["end" + std::to_string(i)] = static_cast<double>(std::min((i + 1) * step, rows));
    }
  }
  if (std::strcmp(op, "loraPagedForward") == 0) numbers["rankMax"] = 64;
  if (std::strncmp(op, "sliceColumns", 12) == 0) numbers["begin"] = 16;
  if (std::strncmp(op, "adamw", 5) == 0) numbers = {{"beta1", 0.9}, {"beta2", 0.999}};
  if (std::strcmp(op, "dropout") == 0) numbers["p"] = 0.5;
  return numbers;
}

bool takes(int op, DType weight) {
  for (int i = 0; i < op_spec(op).arg_count; ++i) {
    if ((op_spec(op).args[i].dtypes & bit(weight)) != 0) return true;
  }
  return false;
}

void every_op_takes_from_one_row_to_millions(Calls& calls, const Card& card) {
  for (int op = 0; op < kOpCount; ++op) {
    if (!card.has_kernel(op)) continue;
    const char* name = op_spec(op).name;
    for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{17}, std::int64_t{100}, std::int64_t{5000}, std::int64_t{2000003}}) {
      for (const DType weight : {DType::packed_bf16, DType::nf4, DType::int8, DType::int4}) {
        if (weight == DType::packed_bf16 || takes(op, weight)) calls.call(op, sizes_of(name, rows), weight, numbers_of(name, rows));
      }
    }
  }
}

void tensors_have_more_than_two_thousand_million_elements(Calls& calls) {
  for (const char* name : {"tensorFill", "tensorCopy", "tensorScale", "tensorAdd", "tensorCast", "swigluForward", "swigluBackward",
                           "geluBackward", "adamwStep", "sumSquares", "logitsSoftcap", "dropout"}) {
    const std::int64_t count = (std::int64_t{1} << 33) + 3;
    calls.call(op_named(name), {{"n", count}}, DType::packed_bf16, numbers_of(name, count));
  }
  for (const DType weight : {DType::packed_bf16, DType::nf4, DType::int8, DType::int4}) {
    for (const std::int64_t rows : {1, 8, 33, 64, 65, 4096}) {
      calls.call(op_named("linearForward"), {{"M", rows}, {"N", 262144}, {"K", 16384}}, weight);
      calls.call(op_named("linearGroupForward"), {{"M", rows}, {"N0", 28672}, {"N1", 28672}, {"K", 16384}}, weight);
      calls.call(op_named("linearBackwardInput"), {{"M", rows}, {"N", 262144}, {"K", 16384}}, weight);
    }
  }
}

// Norms hold a row in a team of threads, a block or shared memory by its width.
void norms_have_any_width(Calls& calls) {
  for (std::int64_t width = 8; width <= 20000; width += width < 512 ? 8 : 136) {
    for (const char* name : {"rmsNormForward", "rmsNormBackward", "addRmsNorm", "layerNormForward", "layerNormBackward"}) {
      calls.call(op_named(name), {{"T", 70000}, {"d", width}});
    }
  }
}

void heads_have_any_width(Calls& calls) {
  for (std::int64_t width = 8; width <= 256; width += 8) {
    for (const std::int64_t rows : {1, 64, 300, 100000}) {
      for (const std::int64_t heads : {8, 32, 128}) {
        const Sizes sizes = {{"T", rows}, {"D", width}, {"H", heads}, {"Half", width / 2}, {"S", 64}};
        for (const char* name : {"attentionForward", "attentionBackward", "pagedAttention", "kvWrite", "ropeKvWrite", "rope"}) {
          calls.call(op_named(name), sizes);
        }
      }
    }
  }
}

void adapters_have_any_rank(Calls& calls) {
  for (std::int64_t rank = 1; rank <= 512; rank += rank < 16 ? 1 : 31) {
    for (const std::int64_t rows : {1, 64, 65, 4000000}) {
      calls.call(op_named("loraForward"), {{"M", rows}, {"r", rank}});
      calls.call(op_named("loraBackward"), {{"M", rows}, {"r", rank}});
      calls.call(op_named("loraPagedForward"), {{"T", rows}}, DType::packed_bf16, {{"rankMax", rank}});
    }
  }
  for (const double rank : {3072.0, 3073.0, 24576.0}) {
    for (const std::int64_t rows : {1, 256, 257, 5000}) {
      calls.call(op_named("loraPagedForward"), {{"T", rows}}, DType::packed_bf16, {{"rankMax", rank}});
    }
  }
}

}  // namespace

int main() {
  const char* emulated = HONE_EMULATED_CARD;
  if (*emulated == 0) {
    std::printf("skipped: no emulated card was built\n");
    return 77;
  }
  setenv("HONE_EMULATOR_DRY", "1", 1);
  setenv("HONE_CUDA_LIBRARY", emulated, 1);
  // Of those with least and most shared memory, and of those between.
  for (const char* capability : {"86", "80", "90", "100"}) {
    setenv("HONE_EMULATOR_SM", capability, 1);
    std::unique_ptr<Card> card;
    if (Status status = open_card(nullptr, card); !status.ok()) {
      std::printf("%s\n", status.message().c_str());
      return 1;
    }
    std::int64_t capacity = 0;
    Calls calls(*card, card->reserve(capacity));
    every_op_takes_from_one_row_to_millions(calls, *card);
    tensors_have_more_than_two_thousand_million_elements(calls);
    norms_have_any_width(calls);
    heads_have_any_width(calls);
    adapters_have_any_rank(calls);
    std::printf("sm_%s: %d calls\n", capability, calls.count);
    card.release();  // The library may be gone before this is.
  }
  return test::failures;
}
