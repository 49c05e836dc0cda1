#pragma once
#include <cstdint>

#include "core/ops-args.h"

namespace hone {

// One argument of a call before an op's struct is filled: a tensor or a number, never both.
struct ArgValue {
  View view;
  double number = 0;
};

enum class Io { kin, kout, kinout };
// Which of its dtypes a device takes: `activation` is f32 on the processor and bf16 on a GPU, `mixed` and `parameter` are f32 on
// the processor and either on a GPU.
enum class Role { kplain, kactivation, kmixed, kparameter };
// `any` is a number without a range: NaN and infinities pass.
enum class Attribute { knone, kany, knumber, kint, kuint, kbool };
enum class Shape { kany, klike, kdims };
enum class Check { knone, kbelow, kunder, kfrom0, ksegments };

struct DimSpec {
  int symbol = -1;  // -1: the dimension is the literal `plus`.
  std::int64_t plus = 0;
};

struct ArgSpec {
  const char* name;
  Attribute attribute;
  Io io;
  Role role;
  bool optional;
  unsigned dtypes;  // One bit per DType.
  Shape shape;
  int like;
  int rank;
  DimSpec dim[4];
  Check check;
  int bound[2];  // The symbols whose product bounds the values of an i32 input.
  double least = 0, most = 0;   // Of an attribute, both included.
  const char* range = nullptr;  // The same in words where the table says more than the type does; else empty.
};

struct OpSpec {
  static constexpr int kMaxSymbols = 10;

  const char* name;
  const ArgSpec* args;
  int arg_count;
  const char* symbols[kMaxSymbols];
  int symbol_count;
  const char* (*require)(const ArgValue* values, const std::int64_t* symbols);  // The rule that is broken, or null.
  double tolerance[5];       // Per level of core/isa.h.
  double rounded_tolerance;  // On every level, where operands are rounded to bf16; 0: there is no such thing.
  double card_tolerance[2];  // On a GPU: of outputs in bf16, of outputs in f32.
  int backward_of;
  bool differentiable;
};

const OpSpec& op_spec(int op);

// What computes: the processor in f32, a GPU with bf16 activations.
enum class Arithmetic { wide, narrow };

// Checks every argument of a call against the table: dtypes, shapes, attributes, the values of indices. Reads data only when
// `has_data` (the null device has none, and a GPU looks at its own).
Status check_args(int op, const ArgValue* values, int count, Arithmetic arithmetic, bool has_data);

constexpr unsigned bit(DType dtype) { return 1u << static_cast<int>(dtype); }

constexpr ArgSpec attribute(const char* name, Attribute kind, double least, double most, const char* range) {
  return {name, kind, Io::kin, Role::kplain, false, 0, Shape::kany, -1, 0, {}, Check::knone, {-1, -1}, least, most, range};
}

constexpr ArgSpec tensor(const char* name, Io io, Role role, bool optional, unsigned dtypes, Shape shape, int like, int rank,
                         const DimSpec (&dim)[4], Check check, const int (&bound)[2]) {
  return {name, Attribute::knone, io, role, optional, dtypes, shape, like, rank, {dim[0], dim[1], dim[2], dim[3]}, check,
          {bound[0], bound[1]}};
}

}  // namespace hone
