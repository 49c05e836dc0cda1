#include "harness/modes.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "harness/fixture.h"

namespace hone::test {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

bool is_written(const ArgSpec& arg) { return arg.attribute == Attribute::knone && arg.io != Io::kin; }

// Whether a case asks for bf16 operands, by its attribute or by the dtype of an argument.
bool rounds(const Fixture& fixture) {
  for (int i = 0; i < fixture.spec.arg_count; ++i) {
    const ArgValue& value = fixture.values[i];
    if (std::strcmp(fixture.spec.args[i].name, "rounded") == 0 && value.number != 0) return true;
    if (value.view.dtype == DType::bf16) return true;
  }
  return false;
}

std::string parity_of(const OpCase& op_case, Isa isa) {
  Machine machine(isa);
  Fixture expected(op_case, machine), actual(op_case, machine);
  if (Status status = expected.run(machine, 0); !status.ok()) return "reference: " + status.message();
  if (Status status = actual.run(machine, static_cast<int>(isa)); !status.ok()) return status.message();
  const bool is_rounded = expected.spec.rounded_tolerance > 0 && rounds(expected);
  const double tolerance = is_rounded ? expected.spec.rounded_tolerance : expected.spec.tolerance[static_cast<int>(isa)];
  for (int i = 0; i < expected.spec.arg_count; ++i) {
    if (!is_written(expected.spec.args[i]) || !expected.view(i).present()) continue;
    const double error = relative_error(actual.view(i), expected.view(i));
    if (!(error <= tolerance)) {
      return std::string(expected.spec.args[i].name) + ": expected an error of at most " + number(tolerance) + " but received " +
             number(error);
    }
  }
  return "";
}

// L = sum over the forward outputs Y of <dY, Y>, for the forward op of a backward case.
double loss(Fixture& fixture, Machine& machine) {
  ArgValue values[24];
  std::vector<Buffer> spare;
  const int forward_op = fixture.spec.backward_of;
  const OpSpec& forward = op_spec(forward_op);
  if (Status status = run_forward(forward_op, fixture, machine, values, spare); !status.ok()) return NAN;
  double sum = 0;
  for (int i = 0; i < forward.arg_count; ++i) {
    if (!is_written(forward.args[i]) || !values[i].view.present()) continue;
    const int upstream = fixture.find((std::string("d") + forward.args[i].name).c_str());
    if (upstream < 0) continue;
    for (std::int64_t e = 0; e < values[i].view.count(); ++e) {
      sum += value_at(fixture.view(upstream), e) * value_at(values[i].view, e);
    }
  }
  return sum;
}

// The slope of the loss along `direction` of one argument, by the five-point formula (error of fourth order in the step).
double slope(Fixture& fixture, Machine& machine, const View& x, const std::vector<float>& direction) {
  constexpr double kStep = 0.01;
  const std::vector<float> start(x.data_as<float>(), x.data_as<float>() + x.count());
  const auto at = [&](double steps) {
    for (std::int64_t i = 0; i < x.count(); ++i) {
      x.data_as<float>()[i] = static_cast<float>(start[i] + steps * kStep * direction[i]);
    }
    return loss(fixture, machine);
  };
  const double slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * kStep);
  std::memcpy(x.data, start.data(), start.size() * sizeof(float));
  return slope;
}

std::string gradient_of_argument(Fixture& fixture, Machine& machine, const View& x, const View& gradient, const char* name) {
  constexpr double kTolerance = 2e-3;
  std::mt19937 random(99);
  std::normal_distribution<float> normal;
  double norm = 0;
  for (std::int64_t i = 0; i < gradient.count(); ++i) norm += std::pow(value_at(gradient, i), 2);
  for (int round = 0; round < 3; ++round) {
    std::vector<float> direction(x.count());
    for (float& value : direction) value = normal(random);
    double expected = 0;
    for (std::int64_t i = 0; i < x.count(); ++i) expected += value_at(gradient, i) * direction[i];
    const double measured = slope(fixture, machine, x, direction);
    if (!(std::fabs(measured - expected) <= kTolerance * (std::fabs(expected) + std::sqrt(norm) + 1e-3))) {
      return std::string(name) + ": expected the slope " + number(expected) + " but measured " + number(measured);
    }
  }
  return "";
}

bool is_smooth(Fixture& fixture) {
  if (rounds(fixture)) return false;
  for (int i = 0; i < fixture.spec.arg_count; ++i) {
    const DType dtype = fixture.view(i).dtype;
    // These formats round the activations, so a finite difference sees steps and not a slope.
    if (dtype == DType::bf16 || (is_packed(dtype) && dtype != DType::packed_f32)) return false;
  }
  return true;
}

std::string gradient_of(const OpCase& op_case) {
  Machine machine(Isa::plain);
  Fixture fixture(op_case, machine);
  if (!is_smooth(fixture)) return "";
  for (int i = 0; i < fixture.spec.arg_count; ++i) {
    const ArgSpec& arg = fixture.spec.args[i];
    if (std::strcmp(arg.name, "accumulate") == 0) fixture.values[i].number = 0;
    if (is_written(arg) && fixture.view(i).present()) {
      std::memset(fixture.view(i).data, 0, fixture.view(i).count() * dtype_bytes(fixture.view(i).dtype));
    }
  }
  if (Status status = fixture.run(machine, 0); !status.ok()) return status.message();
  for (int i = 0; i < fixture.spec.arg_count; ++i) {
    if (!is_written(fixture.spec.args[i]) || !fixture.view(i).present()) continue;
    const int source = fixture.find(fixture.spec.args[i].name + 1);
    if (source < 0 || fixture.view(source).dtype != DType::f32) continue;
    const std::string complaint =
        gradient_of_argument(fixture, machine, fixture.view(source), fixture.view(i), fixture.spec.args[i].name);
    if (!complaint.empty()) return complaint;
  }
  return "";
}

std::string compare_bits(Fixture& actual, Fixture& expected, const std::string& story) {
  for (int i = 0; i < expected.spec.arg_count; ++i) {
    if (!is_written(expected.spec.args[i]) || !expected.view(i).present()) continue;
    const std::size_t bytes = expected.view(i).count() * dtype_bytes(expected.view(i).dtype);
    if (std::memcmp(actual.view(i).data, expected.view(i).data, bytes) == 0) continue;
    return std::string(expected.spec.args[i].name) + ": other bits " + story;
  }
  return "";
}

std::string threads_of(const OpCase& op_case, Isa isa) {
  Machine one(isa, 1);
  Fixture expected(op_case, one);
  const int level = serving_level(op_case.op, isa);
  if (Status status = expected.run(one, level); !status.ok()) return status.message();
  for (const int threads : {2, 3, 5}) {
    Machine many(isa, threads);
    Fixture actual(op_case, many);
    if (Status status = actual.run(many, level); !status.ok()) return status.message();
    const std::string complaint = compare_bits(actual, expected, "on " + std::to_string(threads) + " threads than on one");
    if (!complaint.empty()) return complaint;
  }
  return "";
}

std::string levels_of(const OpCase& op_case) {
  Machine narrow(Isa::avx2), wide(Isa::avx512);
  Fixture expected(op_case, narrow), actual(op_case, wide);
  if (!is_smooth(expected)) return "";
  if (Status status = expected.run(narrow, static_cast<int>(Isa::avx2)); !status.ok()) return status.message();
  if (Status status = actual.run(wide, static_cast<int>(Isa::avx512)); !status.ok()) return status.message();
  return compare_bits(actual, expected, "on AVX-512 than on AVX2");
}

}  // namespace

int over_cases(int op, const std::function<std::string(const OpCase&)>& check) {
  int failures = 0, cases = 0;
  for (int i = 0; i < kOpCaseCount; ++i) {
    if (kOpCases[i].op != op) continue;
    ++cases;
    const std::string complaint = check(kOpCases[i]);
    if (complaint.empty()) continue;
    ++failures;
    std::printf("FAILED %s {%s}: %s\n", op_spec(op).name, kOpCases[i].name, complaint.c_str());
  }
  if (cases == 0) {
    std::printf("FAILED %s: expected cases in tests/cases but found none\n", op_spec(op).name);
    return 1;
  }
  std::printf("%s: %d cases, %d failed\n", op_spec(op).name, cases, failures);
  return failures;
}

int check_parity(int op, Isa isa) {
  return over_cases(op, [&](const OpCase& op_case) { return parity_of(op_case, isa); });
}

int check_gradient(int op) {
  return over_cases(op, [](const OpCase& op_case) { return gradient_of(op_case); });
}

int check_levels(int op) {
  return over_cases(op, [](const OpCase& op_case) { return levels_of(op_case); });
}

int check_threads(int op, Isa isa) {
  return over_cases(op, [&](const OpCase& op_case) { return threads_of(op_case, isa); });
}

}  // namespace hone::test
