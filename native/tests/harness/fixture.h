#pragma once
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/dispatch.h"
#include "harness/case-spec.h"
#include "hone/weights.h"

namespace hone::test {

// Threads, workspace and level for one run of a kernel.
class Machine {
 public:
  explicit Machine(Isa isa, int threads = 2) : pool_(threads), scratch_(threads), context{pool_, scratch_, isa} {}
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

 private:
  ThreadPool pool_;
  Scratch scratch_;

 public:
  Context context;
};

struct Buffer {
  void* data = nullptr;
  std::size_t bytes = 0;

  Buffer() = default;
  explicit Buffer(std::size_t size);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();
};

// The arguments of one case, filled from its seed: two fixtures of one case hold the same numbers.
class Fixture {
 public:
  Fixture(const OpCase& op_case, Machine& machine, std::uint32_t seed = 1);

  // Runs the op's kernel of a level (its own, not a fallback).
  Status run(Machine& machine, int level);

  const OpCase& op_case;
  const OpSpec& spec;
  ArgValue values[24];

  int find(const char* name) const;
  View& view(int arg) { return values[arg].view; }
  std::int64_t symbol(const char* name) const;
  // What a packed weight was made of: [N,K] f32.
  View source(int arg) const;
  // Rounds the f32 tensors of a set of arguments (a bit each) to bf16, and makes anew what comes from the forward op.
  void round_to_bf16(unsigned arguments, Machine& machine);
  const ArgCase* arg_case(int arg) const;

 private:
  void build(int arg, Machine& machine, std::mt19937& random);
  void fill_float(int arg, std::mt19937& random);
  void fill_int(int arg, std::mt19937& random);
  void fill_from_forward(Machine& machine);
  void pack(int arg, DType format, Machine& machine);

  Buffer buffers_[24];
  std::shared_ptr<const PackedWeight> packed_[24];
};

// Runs the reference loop of `forward` with the arguments of `fixture` that have its arguments' names; outputs that the
// fixture does not hold are given memory in `spare`. An in-out argument starts from zero.
Status run_forward(int forward, Fixture& fixture, Machine& machine, ArgValue* values, std::vector<Buffer>& spare);

// The largest |a - b| / (|b| + rms(b)) over a tensor; infinity where one of them is NaN or they differ in kind.
double relative_error(const View& actual, const View& expected);
double value_at(const View& view, std::int64_t index);

}  // namespace hone::test
