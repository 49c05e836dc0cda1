#include "core/check-args.h"

#include <charconv>
#include <cmath>
#include <string>

#include "core/tensor-table.h"
#include "core/wrong-index.h"

namespace hone {
namespace {

struct Symbols {
  std::int64_t value[OpSpec::kMaxSymbols];
  bool bound[OpSpec::kMaxSymbols] = {};
};

std::string shape_text(const OpSpec& op, const ArgSpec& arg) {
  std::string text = "[";
  for (int i = 0; i < arg.rank; ++i) {
    if (i > 0) text += ",";
    const DimSpec& dim = arg.dim[i];
    if (dim.symbol >= 0) text += op.symbols[dim.symbol];
    if (dim.symbol >= 0 && dim.plus > 0) text += "+";
    if (dim.symbol < 0 || dim.plus > 0) text += std::to_string(dim.plus);
  }
  return text + "]";
}

std::string bound_text(const OpSpec& op, const Symbols& symbols) {
  std::string text;
  for (int i = 0; i < op.symbol_count; ++i) {
    if (symbols.bound[i]) text += (text.empty() ? " with " : ", ") + std::string(op.symbols[i]) + "=" + std::to_string(symbols.value[i]);
  }
  return text;
}

Status check_dims(const OpSpec& op, const ArgSpec& arg, const View& view, Symbols& symbols) {
  bool fits = view.rank == arg.rank;
  for (int i = 0; fits && i < arg.rank; ++i) {
    const DimSpec& dim = arg.dim[i];
    if (dim.symbol < 0) {
      fits = view.dim[i] == dim.plus;
    } else if (symbols.bound[dim.symbol]) {
      fits = view.dim[i] == symbols.value[dim.symbol] + dim.plus;
    } else {
      fits = view.dim[i] >= dim.plus;
      symbols.value[dim.symbol] = view.dim[i] - dim.plus;
      symbols.bound[dim.symbol] = true;
    }
  }
  if (fits) return {};
  return bad_argument("expected shape " + shape_text(op, arg) + bound_text(op, symbols) + " for " + arg.name + " but received " +
                      describe(view));
}

Status check_segments(const ArgSpec& arg, const View& view, std::int64_t last) {
  const std::int32_t* values = view.data_as<std::int32_t>();
  const std::int64_t count = view.count();
  if (count == 0) return bad_argument(std::string("expected 0 and ") + std::to_string(last) + " at the ends of " + arg.name + " but it is empty");
  std::int64_t wrong = values[0] == 0 ? -1 : 0;
  for (std::int64_t i = 1; wrong < 0 && i < count; ++i) wrong = values[i] >= values[i - 1] ? -1 : i;
  if (wrong < 0 && values[count - 1] == last) return {};
  if (wrong < 0) wrong = count - 1;
  return bad_argument(wrong_index(arg, last, values[wrong], wrong));
}

// What the values of an index tensor must stay under.
std::int64_t bound_of(const ArgSpec& arg, const Symbols& symbols) {
  std::int64_t bound = arg.check == Check::kfrom0 ? std::int64_t{1} << 31 : 1;
  for (const int symbol : arg.bound) bound *= symbol >= 0 ? symbols.value[symbol] : 1;
  return bound;
}

unsigned dtypes_of(const ArgSpec& arg, Arithmetic arithmetic) {
  if (arg.role == Role::kplain) return arg.dtypes;
  if (arithmetic == Arithmetic::wide) return bit(DType::f32);
  return arg.role == Role::kactivation ? bit(DType::bf16) : arg.dtypes;
}

Status check_tensor(const OpSpec& op, const ArgSpec& arg, const ArgValue* values, const View& view, Arithmetic arithmetic,
                    Symbols& symbols) {
  if (!view.present()) {
    if (arg.optional) return {};
    return {Code::bad_handle, std::string("expected a tensor for ") + arg.name + " but received handle 0"};
  }
  const unsigned dtypes = dtypes_of(arg, arithmetic);
  if ((dtypes & bit(view.dtype)) == 0) {
    std::string names;
    for (int dtype = 0; dtype < kDTypeCount; ++dtype) {
      if (dtypes & (1u << dtype)) names += (names.empty() ? "" : " or ") + std::string(dtype_name(static_cast<DType>(dtype)));
    }
    return bad_argument("expected " + names + " for " + arg.name + " but received " + describe(view));
  }
  if (arg.shape == Shape::kdims) return check_dims(op, arg, view, symbols);
  if (arg.shape == Shape::klike && values[arg.like].view.count() != view.count()) {
    return bad_argument(std::string("expected as many elements as ") + op.args[arg.like].name + " " +
                        describe(values[arg.like].view) + " for " + arg.name + " but received " + describe(view));
  }
  return {};
}

Status bad_attribute(const ArgSpec& arg, double number) {
  std::string expected;
  if (arg.attribute == Attribute::kbool) expected = "0 or 1";
  else if (arg.attribute == Attribute::knumber) expected = "a finite number of f32";
  else expected = arg.attribute == Attribute::kuint ? "a whole number from 0 and below 2^32" : "a whole number within 2^53";
  if (*arg.range != 0) expected += std::string(" ") + arg.range;
  const char* fix = "bring it into the range";
  if (std::isnan(number)) fix = "look for the division by 0 or the missing setting that it comes from";
  else if (number >= arg.least && number <= arg.most) {
    fix = arg.attribute == Attribute::knumber ? "take a number that is in the range when it is rounded to f32" : "round it before the call";
  }
  return bad_argument("expected " + expected + " for " + arg.name + " but received " + number_text(number) + "; fix: " + fix);
}

bool is_within(const ArgSpec& arg, double number) { return number >= arg.least && number <= arg.most; }

// This runs for every attribute of every call: comparisons, which NaN fails, and one conversion. Kernels take numbers as f32, and a
// double above 0 may round to 0.
bool fits(const ArgSpec& arg, double number) {
  if (arg.attribute == Attribute::kany) return true;
  if (!is_within(arg, number)) return false;
  if (arg.attribute == Attribute::knumber) return is_within(arg, static_cast<double>(static_cast<float>(number)));
  return static_cast<double>(static_cast<std::int64_t>(number)) == number;
}

}  // namespace

std::string number_text(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

Status check_value(const ValueCheck& check) {
  const ArgSpec& arg = *check.arg;
  if (arg.check == Check::ksegments) return check_segments(arg, check.view, check.bound);
  const std::int32_t* values = check.view.data_as<std::int32_t>();
  const bool negative_allowed = arg.check == Check::kunder;
  for (std::int64_t i = 0; i < check.view.count(); ++i) {
    if (values[i] < check.bound && (values[i] >= 0 || negative_allowed)) continue;
    return bad_argument(wrong_index(arg, check.bound, values[i], i));
  }
  return {};
}

Status check_shapes(int op_number, const ArgValue* values, int count, Arithmetic arithmetic, std::vector<ValueCheck>* left) {
  const OpSpec& op = op_spec(op_number);
  if (count != op.arg_count) {
    return bad_argument("expected " + std::to_string(op.arg_count) + " arguments but received " + std::to_string(count));
  }
  Symbols symbols;
  for (int i = 0; i < count; ++i) {
    const ArgSpec& arg = op.args[i];
    if (arg.attribute == Attribute::knone) {
      HONE_TRY(check_tensor(op, arg, values, values[i].view, arithmetic, symbols));
    } else if (!fits(arg, values[i].number)) {
      return bad_attribute(arg, values[i].number);
    }
  }
  if (op.require != nullptr) {
    if (const char* broken = op.require(values, symbols.value)) {
      return bad_argument(std::string("expected ") + broken + bound_text(op, symbols));
    }
  }
  for (int i = 0; left != nullptr && i < count; ++i) {
    if (op.args[i].check == Check::knone || !values[i].view.present()) continue;
    left->push_back({&op.args[i], values[i].view, bound_of(op.args[i], symbols)});
  }
  return {};
}

Status check_args(int op, const ArgValue* values, int count, Arithmetic arithmetic, bool has_data) {
  // Kept between calls, because most ops have no such check and this path runs for every op.
  thread_local std::vector<ValueCheck> left;
  left.clear();
  HONE_TRY(check_shapes(op, values, count, arithmetic, has_data ? &left : nullptr));
  for (const ValueCheck& check : left) HONE_TRY(check_value(check));
  return {};
}

}  // namespace hone
