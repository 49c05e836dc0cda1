// The promise of the f32 products: each output is one chain of fused multiply-adds over the summed index in ascending order, whatever
// the blocks of a level are. The shapes end inside tiles, slices, panels and blocks. Exit code: the number of failed checks.
#include <cmath>
#include <cstdio>
#include <cstring>

#include "core/dispatch.h"
#include "harness/fixture.h"

namespace {

using namespace hone;
using test::Machine;

int failures = 0;

struct Size {
  std::int64_t rows, columns, depth;
};

View matrix(std::vector<float>& data, std::int64_t rows, std::int64_t columns) {
  View view;
  view.data = data.data();
  view.dtype = DType::f32;
  view.rank = 2;
  view.dim[0] = rows;
  view.dim[1] = columns;
  return view;
}

std::vector<float> normal(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw;
  std::vector<float> out(static_cast<std::size_t>(count));
  for (float& value : out) value = draw(random);
  return out;
}

// c (+)= a b by the definition; element (i, k) of a is a[i * a_row + k * a_step], of b (k, j) b[k * b_step + j * b_column].
struct Plain {
  const float *a, *b;
  std::int64_t a_row, a_step, b_step, b_column, depth;

  void multiply(std::int64_t rows, std::int64_t columns, bool accumulate, std::vector<float>& c) const {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        float sum = accumulate ? c[i * columns + j] : 0.0f;
        for (std::int64_t k = 0; k < depth; ++k) sum = std::fma(a[i * a_row + k * a_step], b[k * b_step + j * b_column], sum);
        c[i * columns + j] = sum;
      }
    }
  }
};

void check(const std::vector<float>& got, const std::vector<float>& wanted, const char* product, Isa isa, const Size& s) {
  if (std::memcmp(got.data(), wanted.data(), got.size() * sizeof(float)) == 0) return;
  ++failures;
  std::printf("FAILED: %s on %s has the bits of one chain at M %d, N %d, K %d\n", product, isa_name(isa), static_cast<int>(s.rows),
              static_cast<int>(s.columns), static_cast<int>(s.depth));
}

void has_the_bits_of_one_chain(const Size& s, bool accumulate) {
  std::vector<float> x = normal(s.rows * s.depth, 1), w = normal(s.columns * s.depth, 2), dy = normal(s.rows * s.columns, 3);
  const std::vector<float> dx0 = normal(s.rows * s.depth, 4), dw0 = normal(s.columns * s.depth, 5);
  std::vector<float> y(dy.size()), dx = dx0, dw = dw0;
  Plain{x.data(), w.data(), s.depth, 1, 1, s.depth, s.depth}.multiply(s.rows, s.columns, false, y);
  Plain{dy.data(), w.data(), s.columns, 1, s.depth, 1, s.columns}.multiply(s.rows, s.depth, accumulate, dx);
  Plain{dy.data(), x.data(), 1, s.columns, s.depth, 1, s.rows}.multiply(s.columns, s.depth, accumulate, dw);
  const View w_view = matrix(w, s.columns, s.depth);
  std::shared_ptr<const PackedWeight> packed;
  Machine packer(Isa::plain, 1);
  failures += pack_weight(packer.context, w_view, DType::packed_f32, packed).ok() ? 0 : 1;
  View packed_view = w_view;
  packed_view.data = nullptr;
  packed_view.dtype = DType::packed_f32;
  packed_view.packed = packed.get();
  for (int level = 1; level < kIsaCount; ++level) {
    const Isa isa = static_cast<Isa>(level);
    if (!isa_available(isa)) continue;
    Machine machine(isa, 1 + level % 2);
    const auto run = [&](Op op, std::initializer_list<ArgValue> values) {
      if (!run_op(static_cast<int>(op), isa, machine.context, std::data(values)).ok()) ++failures;
    };
    const auto view = [](const View& of) {
      ArgValue value;
      value.view = of;
      return value;
    };
    const auto flag = [](bool of) {
      ArgValue value;
      value.number = of ? 1 : 0;
      return value;
    };
    for (const View& weight : {w_view, packed_view}) {
      std::vector<float> out(y.size()), out_dx = dx0;
      run(Op::kLinearForward, {view(matrix(x, s.rows, s.depth)), view(weight), ArgValue{}, view(matrix(out, s.rows, s.columns))});
      check(out, y, "x Wᵀ", isa, s);
      run(Op::kLinearBackwardInput,
          {view(matrix(dy, s.rows, s.columns)), view(weight), view(matrix(out_dx, s.rows, s.depth)), flag(accumulate)});
      check(out_dx, dx, "dy W", isa, s);
    }
    std::vector<float> out_dw = dw0;
    run(Op::kLinearBackwardWeight, {view(matrix(dy, s.rows, s.columns)), view(matrix(x, s.rows, s.depth)),
                                    view(matrix(out_dw, s.columns, s.depth)), ArgValue{}, flag(accumulate), flag(false)});
    check(out_dw, dw, "dyᵀ x", isa, s);
  }
}

}  // namespace

int main() {
  // Tiles have 4 or 6 rows, slices 256 steps, panels 64 columns, blocks 516 rows and 4 or 16 panels, chunks of A 2048 steps.
  for (const Size& s : {Size{13, 65, 257}, {47, 300, 33}, {97, 64, 1100}, {519, 17, 100}, {40, 31, 2100}, {20, 2065, 70}}) {
    for (const bool accumulate : {false, true}) has_the_bits_of_one_chain(s, accumulate);
  }
  std::printf("%d failed\n", failures);
  return failures > 255 ? 255 : failures;
}
