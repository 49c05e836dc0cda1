// Every attribute of every op is held to what the op table declares, before a kernel sees it: numbers at and beside the ends of its
// range, numbers that are none, fractions, and seeded random bits.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/check-args.h"
#include "harness/check.h"
#include "harness/fixture.h"

namespace {

using namespace hone;
using namespace hone::test;

constexpr std::uint32_t kSeed = 20261122;

bool is_whole(Attribute attribute) {
  return attribute == Attribute::kint || attribute == Attribute::kuint || attribute == Attribute::kbool;
}

// What op-spec.h promises, said once more: the judge of the check.
bool is_allowed(const ArgSpec& arg, double number) {
  if (arg.attribute == Attribute::kany) return true;
  if (std::isnan(number) || number < arg.least || number > arg.most) return false;
  const double rounded = static_cast<float>(number);
  if (arg.attribute == Attribute::knumber && (rounded < arg.least || rounded > arg.most)) return false;
  return !is_whole(arg.attribute) || std::trunc(number) == number;
}

std::vector<double> numbers_for(const ArgSpec& arg, std::mt19937_64& random) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> numbers = {std::nan(""), kInfinity, -kInfinity, 1e300, -1e300, 1e38, 1e-46, -1e-46, 1e-45, 1 - 1e-9, 1.5, -0.0, 0, -1, 1, 2, 4294967296.0, 9007199254740994.0};
  for (const double end : {arg.least, arg.most}) {
    for (const double towards : {-kInfinity, kInfinity}) numbers.push_back(std::nextafter(end, towards));
    for (const double step : {-1.0, -0.5, 0.0, 0.5, 1.0}) numbers.push_back(end + step);
  }
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t bits = random();
    double number = 0;
    std::memcpy(&number, &bits, sizeof number);
    numbers.push_back(number);
  }
  return numbers;
}

bool names(const Status& status, const char* part) { return std::strstr(status.message().c_str(), part) != nullptr; }

int attributes_of_the_table() {
  int count = 0;
  for (int op = 0; op < kOpCount; ++op) {
    for (int i = 0; i < op_spec(op).arg_count; ++i) count += op_spec(op).args[i].attribute != Attribute::knone;
  }
  return count;
}

void holds_every_attribute_to_the_table(Machine& machine) {
  std::mt19937_64 random(kSeed);
  std::vector<bool> is_seen(kOpCount, false);
  int attributes = 0, refused = 0;
  for (int at = 0; at < kOpCaseCount; ++at) {
    const OpCase& op_case = kOpCases[at];
    if (is_seen[op_case.op]) continue;
    is_seen[op_case.op] = true;
    Fixture fixture(op_case, machine);
    for (int i = 0; i < fixture.spec.arg_count; ++i) {
      const ArgSpec& arg = fixture.spec.args[i];
      if (arg.attribute == Attribute::knone) continue;
      ++attributes;
      const double own = fixture.values[i].number;
      for (const double number : numbers_for(arg, random)) {
        fixture.values[i].number = number;
        const Status status = check_args(op_case.op, fixture.values, fixture.spec.arg_count, Arithmetic::wide, true);
        const bool is_right = status.ok() == is_allowed(arg, number);
        CHECK(is_right);
        if (!is_right) std::printf("  %s %s = %s: %s\n", fixture.spec.name, arg.name, number_text(number).c_str(), status.message().c_str());
        if (status.ok()) continue;
        ++refused;
        CHECK(status.code() == Code::bad_argument);
        CHECK(names(status, (std::string(" for ") + arg.name + " but received " + number_text(number) + "; fix: ").c_str()));
      }
      fixture.values[i].number = own;
    }
  }
  CHECK(attributes == attributes_of_the_table() && refused > 10 * attributes);
}

Status with(Machine& machine, Op op, const char* attribute, double number) {
  for (int at = 0; at < kOpCaseCount; ++at) {
    if (kOpCases[at].op != static_cast<int>(op)) continue;
    Fixture fixture(kOpCases[at], machine);
    fixture.values[fixture.find(attribute)].number = number;
    return check_args(kOpCases[at].op, fixture.values, fixture.spec.arg_count, Arithmetic::wide, true);
  }
  return {Code::internal, "expected a case of the op"};
}

void says_what_it_wants_and_what_helps(Machine& machine) {
  const double nan = std::nan("");
  CHECK(with(machine, Op::kAttentionForward, "window", 1.5).message() ==
        "expected a whole number within 2^53 >= 0 for window but received 1.5; fix: round it before the call");
  CHECK(with(machine, Op::kAttentionForward, "softcap", nan).message() ==
        "expected a finite number of f32 >= 0 for softcap but received nan; fix: look for the division by 0 or the missing setting that "
        "it comes from");
  CHECK(with(machine, Op::kLoraForward, "scale", std::numeric_limits<double>::infinity()).message() ==
        "expected a finite number of f32 for scale but received inf; fix: bring it into the range");
  CHECK(with(machine, Op::kDropout, "seedLow", -1).message() ==
        "expected a whole number from 0 and below 2^32 for seedLow but received -1; fix: bring it into the range");
  CHECK(with(machine, Op::kDropout, "p", 1).message() ==
        "expected a finite number of f32 >= 0 and < 1 for p but received 1; fix: bring it into the range");
  CHECK(with(machine, Op::kAttentionForward, "scale", 1e-46).message() ==
        "expected a finite number of f32 > 0 for scale but received 1e-46; fix: take a number that is in the range when it is rounded to "
        "f32");
  CHECK(with(machine, Op::kAttentionForward, "scale", 1e-45).ok());
  CHECK(with(machine, Op::kAttentionForward, "scale", 1e38).ok());
  CHECK(with(machine, Op::kDropout, "p", 1 - 1e-9).message() ==
        "expected a finite number of f32 >= 0 and < 1 for p but received 0.999999999; fix: take a number that is in the range when it is "
        "rounded to f32");
  CHECK(with(machine, Op::kRope, "inverse", 0.5).message() ==
        "expected 0 or 1 for inverse but received 0.5; fix: round it before the call");
  CHECK(with(machine, Op::kAdamwStep, "step", 9007199254740994.0).message() ==
        "expected a whole number within 2^53 >= 1 for step but received 9007199254740994; fix: bring it into the range");
  CHECK(with(machine, Op::kTensorFill, "value", -std::numeric_limits<double>::infinity()).ok());
}

}  // namespace

int main() {
  std::printf("seed %u\n", kSeed);
  Machine machine(Isa::plain, 1);
  holds_every_attribute_to_the_table(machine);
  says_what_it_wants_and_what_helps(machine);
  return failures;
}
