#include "harness/card-modes.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "core/card-library.h"
#include "core/half.h"
#include "harness/card-fixture.h"
#include "harness/modes.h"

namespace hone::test {
namespace {

constexpr const char* kSeedName = "HONE_EMULATOR_SEED";
// Of blocks and threads on the emulated card; a real one has its own.
constexpr const char* kAscending = "0";
constexpr const char* kShuffled = "1";

// The card of this process and its arena, whose memory grows to the largest case.
struct OpenCard {
  std::unique_ptr<Card> card;
  std::byte* base = nullptr;
  Status status;

  OpenCard() {
    setenv("HONE_CUDA_LIBRARY", HONE_EMULATED_CARD, 0);
    status = open_card(nullptr, card);
    std::int64_t capacity = 0;
    if (status.ok()) base = card->reserve(capacity);
  }
};

OpenCard& the_card() {
  // Never closed: the library may be gone before this is.
  static auto* open = new OpenCard;
  return *open;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

std::string form_name(const Fixture& fixture, const CardForm& form) {
  std::string text = form.is_mixed_wide ? " [act|f32 in f32, param in bf16]" : "";
  if (form.is_shifted) text += " [addresses off by one element]";
  for (int i = 0; i < fixture.spec.arg_count; ++i) {
    if (form.alias_of[i] < 0) continue;
    text += std::string(" [") + fixture.spec.args[i].name + " in place of " + fixture.spec.args[form.alias_of[i]].name + "]";
  }
  return text;
}

// The result of the reference loop in the dtype of the card's: what both would be without any error of the card.
double error_of(const View& actual, const View& expected) {
  if (actual.dtype == expected.dtype || actual.dtype != DType::bf16) return relative_error(actual, expected);
  std::vector<std::uint16_t> rounded(expected.count());
  for (std::int64_t i = 0; i < expected.count(); ++i) rounded[i] = f32_to_bf16(expected.data_as<float>()[i]);
  View view = expected;
  view.dtype = DType::bf16;
  view.data = rounded.data();
  return relative_error(actual, view);
}

// A card rounds the values of a quantized weight to bf16, the processor rounds its codes: where two logits are as good as equal the
// larger may be the other one.
bool has_near_ties(const Fixture& fixture) {
  for (int i = 0; i < fixture.spec.arg_count; ++i) {
    const DType dtype = fixture.values[i].view.dtype;
    if (dtype == DType::nf4 || dtype == DType::int8 || dtype == DType::int4) return true;
  }
  return false;
}

// The share of integers that differ.
double differing(const View& actual, const View& expected) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < expected.count(); ++i) count += value_at(actual, i) != value_at(expected, i) ? 1 : 0;
  return static_cast<double>(count) / static_cast<double>(expected.count());
}

std::string compare(const CardFixture& actual, Fixture& expected) {
  const OpSpec& spec = expected.spec;
  for (int i = 0; i < spec.arg_count; ++i) {
    if (!actual.is_result(i)) continue;
    const View view = actual.result(i);
    const bool is_integer = view.dtype == DType::i32;
    const double tolerance = is_integer ? (has_near_ties(expected) ? 0.05 : 0) : spec.card_tolerance[view.dtype == DType::f32 ? 1 : 0];
    const double error = is_integer ? differing(view, expected.view(i)) : error_of(view, expected.view(i));
    if (std::getenv("HONE_TEST_ERRORS") != nullptr) {
      std::printf("%s %s %s {%s} %.2g\n", spec.name, spec.args[i].name, dtype_name(view.dtype), expected.op_case.name, error);
    }
    if (!(error <= tolerance)) {
      return std::string(spec.args[i].name) + ": expected an error of at most " + number(tolerance) + " but received " + number(error);
    }
  }
  if (const char* name = actual.strayed()) return std::string("wrote outside of its outputs, at or after ") + name;
  return "";
}

std::string run_form(const OpCase& op_case, const CardForm& form, Machine& machine) {
  OpenCard& open = the_card();
  Fixture inputs(op_case, machine), expected(op_case, machine);
  const unsigned narrow = narrow_arguments(inputs.spec, form);
  inputs.round_to_bf16(narrow, machine);
  expected.round_to_bf16(narrow, machine);
  if (Status status = expected.run(machine, 0); !status.ok()) return "reference: " + status.message();
  CardFixture actual(inputs, form);
  if (Status status = open.card->back(0, actual.bytes()); !status.ok()) return status.message();
  setenv(kSeedName, kAscending, 1);
  if (Status status = actual.put(*open.card, open.base); !status.ok()) return status.message();
  if (Status status = actual.run(*open.card); !status.ok()) return status.message();
  if (const std::string complaint = compare(actual, expected); !complaint.empty()) return complaint;
  if (form.is_shifted) return "";
  const std::vector<std::uint8_t> first = actual.image();
  setenv(kSeedName, kShuffled, 1);
  if (Status status = actual.run(*open.card); !status.ok()) return status.message();
  return first == actual.image() ? "" : "other bits when it runs again, in another order";
}

std::string parity_of(const OpCase& op_case) {
  Machine machine(Isa::plain);
  Fixture fixture(op_case, machine);
  for (const CardForm& form : card_forms(fixture)) {
    const std::string complaint = run_form(op_case, form, machine);
    if (!complaint.empty()) return complaint + form_name(fixture, form);
  }
  return "";
}

}  // namespace

bool has_card() {
  if (!the_card().status.ok()) std::printf("no card: %s\n", the_card().status.message().c_str());
  return the_card().status.ok();
}

int check_card_parity(int op) {
  if (!the_card().card->has_kernel(op)) {
    std::printf("FAILED %s: expected a kernel for a card\n", op_spec(op).name);
    return 1;
  }
  return over_cases(op, parity_of);
}

int check_card_kernels() {
  int missing = 0;
  for (int op = 0; op < kOpCount; ++op) {
    if (the_card().card->has_kernel(op)) continue;
    ++missing;
    std::printf("FAILED %s: expected a kernel for a card\n", op_spec(op).name);
  }
  std::printf("%d of %d ops have a kernel for a card\n", kOpCount - missing, kOpCount);
  return missing;
}

}  // namespace hone::test
