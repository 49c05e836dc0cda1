#include "harness/fixture.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "core/half.h"

namespace hone::test {
namespace {

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

void store(const View& view, std::int64_t i, double value) {
  const auto number = static_cast<float>(value);
  if (view.dtype == DType::f32) view.data_as<float>()[i] = number;
  if (view.dtype == DType::bf16) view.data_as<std::uint16_t>()[i] = f32_to_bf16(number);
  if (view.dtype == DType::f16) view.data_as<std::uint16_t>()[i] = f32_to_f16(number);
  if (view.dtype == DType::i32) view.data_as<std::int32_t>()[i] = static_cast<std::int32_t>(value);
  if (view.dtype == DType::u8) view.data_as<std::uint8_t>()[i] = static_cast<std::uint8_t>(std::llround(value * 50) & 255);
}

DType first_dtype(unsigned dtypes) {
  int dtype = 0;
  while ((dtypes & (1u << dtype)) == 0) ++dtype;
  return static_cast<DType>(dtype);
}

}  // namespace

// The exact size, so that the address sanitizer sees the first byte past the end; never empty.
Buffer::Buffer(std::size_t size) : bytes(size) {
  if (posix_memalign(&data, 64, size == 0 ? 1 : size) != 0) fail("no memory for a test buffer");
  std::memset(data, 0xff, size);
}

Buffer::Buffer(Buffer&& other) noexcept : data(std::exchange(other.data, nullptr)), bytes(other.bytes) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data, other.data);
  std::swap(bytes, other.bytes);
  return *this;
}

Buffer::~Buffer() { std::free(data); }

Fixture::Fixture(const OpCase& op_case_, Machine& machine, std::uint32_t seed)
    : op_case(op_case_), spec(op_spec(op_case_.op)) {
  std::mt19937 random(seed * 7919u + 17u);
  for (int i = 0; i < op_case.attribute_count; ++i) {
    values[op_case.attributes[i].arg].number = op_case.attributes[i].value;
  }
  for (int i = 0; i < spec.arg_count; ++i) {
    if (spec.args[i].attribute == Attribute::knone) build(i, machine, random);
  }
  if (spec.backward_of >= 0) fill_from_forward(machine);
  if (Status status = check_args(op_case.op, values, spec.arg_count, Arithmetic::wide, true); !status.ok()) {
    fail(std::string(spec.name) + " {" + op_case.name + "}: the case itself is refused: " + status.message());
  }
}

int Fixture::find(const char* name) const {
  for (int i = 0; i < spec.arg_count; ++i) {
    if (std::strcmp(spec.args[i].name, name) == 0) return i;
  }
  return -1;
}

std::int64_t Fixture::symbol(const char* name) const {
  for (int i = 0; i < op_case.dim_count; ++i) {
    if (std::strcmp(op_case.dims[i].symbol, name) == 0) return op_case.dims[i].value;
  }
  fail(std::string(spec.name) + " {" + op_case.name + "}: expected a size for " + name + " in the case");
}

const ArgCase* Fixture::arg_case(int arg) const {
  for (int i = 0; i < op_case.arg_count; ++i) {
    if (op_case.args[i].arg == arg) return &op_case.args[i];
  }
  return nullptr;
}

void Fixture::build(int arg, Machine& machine, std::mt19937& random) {
  const ArgSpec& arg_spec = spec.args[arg];
  const ArgCase* own = arg_case(arg);
  if (own != nullptr && own->absent) return;
  View& view = values[arg].view;
  const DType wanted = own != nullptr && own->has_dtype ? own->dtype : first_dtype(arg_spec.dtypes);
  view.dtype = is_packed(wanted) ? DType::f32 : wanted;
  view.rank = arg_spec.shape == Shape::kdims ? arg_spec.rank : 1;
  for (int i = 0; i < view.rank; ++i) {
    const DimSpec& dim = arg_spec.dim[i];
    if (arg_spec.shape != Shape::kdims) {
      view.dim[i] = symbol("n");
    } else {
      view.dim[i] = (dim.symbol >= 0 ? symbol(spec.symbols[dim.symbol]) : 0) + dim.plus;
    }
  }
  buffers_[arg] = Buffer(view.count() * dtype_bytes(view.dtype));
  view.data = buffers_[arg].data;
  if (arg_spec.io == Io::kout) return;
  if (view.dtype == DType::i32) {
    fill_int(arg, random);
  } else {
    fill_float(arg, random);
  }
  if (is_packed(wanted)) pack(arg, wanted, machine);
}

void Fixture::pack(int arg, DType format, Machine& machine) {
  View& view = values[arg].view;
  if (Status status = pack_weight(machine.context, view, format, packed_[arg]); !status.ok()) {
    fail(std::string(spec.name) + ": packing failed: " + status.message());
  }
  view.dtype = format;
  view.packed = packed_[arg].get();
  view.data = nullptr;
}

void Fixture::fill_float(int arg, std::mt19937& random) {
  const View& view = values[arg].view;
  const ArgCase* own = arg_case(arg);
  std::normal_distribution<double> normal(0.0, own != nullptr ? own->scale : 1.0);
  for (std::int64_t i = 0; i < view.count(); ++i) {
    double value = normal(random);
    if (own != nullptr && own->fill == Fill::values) value = own->values[i % own->value_count];
    if (own != nullptr && own->fill == Fill::square) value = value * value;
    store(view, i, value);
  }
}

void Fixture::fill_int(int arg, std::mt19937& random) {
  const ArgSpec& arg_spec = spec.args[arg];
  const ArgCase* own = arg_case(arg);
  const View& view = values[arg].view;
  std::int32_t* out = view.data_as<std::int32_t>();
  const std::int64_t count = view.count();
  std::int64_t bound = 1;
  for (const int symbol_index : arg_spec.bound) bound *= symbol_index >= 0 ? symbol(spec.symbols[symbol_index]) : 1;
  if (arg_spec.bound[0] < 0) bound = 5000;
  if (own != nullptr && own->fill == Fill::values) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<std::int32_t>(own->values[i % own->value_count]);
  } else if (own != nullptr && own->fill == Fill::unique) {
    std::vector<std::int32_t> all(bound);
    std::iota(all.begin(), all.end(), 0);
    std::shuffle(all.begin(), all.end(), random);
    for (std::int64_t i = 0; i < count; ++i) out[i] = i < bound ? all[i] : -1;
  } else if (own != nullptr && own->fill == Fill::range) {
    // Neighbours that go on, up to the last index there is.
    for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<std::int32_t>(std::max<std::int64_t>(0, bound - count + i));
  } else if (arg_spec.check == Check::ksegments) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<std::int32_t>(random() % (bound + 1));
    out[0] = 0;
    out[count - 1] = static_cast<std::int32_t>(bound);
    std::sort(out, out + count);
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      out[i] = static_cast<std::int32_t>(random() % std::max<std::int64_t>(1, bound));
      if (arg_spec.check == Check::kunder && random() % 4 == 0) out[i] = -1;
    }
  }
}

// What a backward op keeps of its forward op (o, lse, rstd, xa) comes from the forward reference loop: made-up values
// would ask for probabilities above one.
void Fixture::fill_from_forward(Machine& machine) {
  ArgValue forward_values[24];
  std::vector<Buffer> spare;
  const OpSpec& forward = op_spec(spec.backward_of);
  if (Status status = run_forward(spec.backward_of, *this, machine, forward_values, spare); !status.ok()) {
    fail(std::string(forward.name) + ": " + status.message());
  }
  for (int i = 0; i < forward.arg_count; ++i) {
    const int own = find(forward.args[i].name);
    if (forward.args[i].attribute != Attribute::knone || forward.args[i].io == Io::kin || own < 0) continue;
    std::memcpy(values[own].view.data, forward_values[i].view.data, buffers_[own].bytes);
  }
}

View Fixture::source(int arg) const {
  View view = values[arg].view;
  view.dtype = DType::f32;
  view.data = buffers_[arg].data;
  view.packed = nullptr;
  return view;
}

void Fixture::round_to_bf16(unsigned arguments, Machine& machine) {
  const auto round = [&] {
    for (int i = 0; i < spec.arg_count; ++i) {
      const View& view = values[i].view;
      if ((arguments & (1u << i)) == 0 || !view.present() || view.dtype != DType::f32) continue;
      float* data = view.data_as<float>();
      for (std::int64_t e = 0; e < view.count(); ++e) data[e] = hone::round_to_bf16(data[e]);
    }
  };
  round();
  if (spec.backward_of < 0) return;
  fill_from_forward(machine);
  round();
}

Status Fixture::run(Machine& machine, int level) {
  const DispatchRow& row = dispatch_row(op_case.op);
  return row.call(row.kernels[level], machine.context, values);
}

Status run_forward(int forward_op, Fixture& fixture, Machine& machine, ArgValue* values, std::vector<Buffer>& spare) {
  const OpSpec& forward = op_spec(forward_op);
  for (int i = 0; i < forward.arg_count; ++i) {
    const ArgSpec& arg = forward.args[i];
    const int own = fixture.find(arg.name);
    if (arg.attribute != Attribute::knone || (arg.io == Io::kin && own >= 0)) {
      if (own >= 0) values[i] = fixture.values[own];
      continue;
    }
    if (arg.optional) continue;
    View& view = values[i].view;
    view.rank = arg.shape == Shape::kdims ? arg.rank : 1;
    view.dtype = first_dtype(arg.dtypes);
    for (int d = 0; d < view.rank; ++d) {
      const DimSpec& dim = arg.dim[d];
      view.dim[d] = arg.shape == Shape::kdims ? (dim.symbol >= 0 ? fixture.symbol(forward.symbols[dim.symbol]) : 0) + dim.plus
                                             : fixture.symbol("n");
    }
    spare.emplace_back(view.count() * dtype_bytes(view.dtype));
    view.data = spare.back().data;
    std::memset(view.data, 0, spare.back().bytes);
  }
  HONE_TRY(check_args(forward_op, values, forward.arg_count, Arithmetic::wide, true));
  const DispatchRow& row = dispatch_row(forward_op);
  return row.call(row.kernels[0], machine.context, values);
}

double value_at(const View& view, std::int64_t i) {
  switch (view.dtype) {
    case DType::f32:
      return view.data_as<float>()[i];
    case DType::bf16:
      return bf16_to_f32(view.data_as<std::uint16_t>()[i]);
    case DType::f16:
      return f16_to_f32(view.data_as<std::uint16_t>()[i]);
    case DType::i32:
      return view.data_as<std::int32_t>()[i];
    case DType::u8:
      return view.data_as<std::uint8_t>()[i];
    default:
      return 0;
  }
}

double relative_error(const View& actual, const View& expected) {
  double squares = 0;
  std::int64_t finite = 0;
  for (std::int64_t i = 0; i < expected.count(); ++i) {
    const double value = value_at(expected, i);
    if (!std::isfinite(value)) continue;
    squares += value * value;
    ++finite;
  }
  const double rms = finite > 0 ? std::sqrt(squares / static_cast<double>(finite)) : 0;
  double worst = 0;
  for (std::int64_t i = 0; i < expected.count(); ++i) {
    const double a = value_at(actual, i), b = value_at(expected, i);
    if (a == b) continue;
    if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, std::fabs(a - b) / (std::fabs(b) + rms));
  }
  return worst;
}

}  // namespace hone::test
