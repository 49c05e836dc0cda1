// Figures of the linear family beside the ceilings of this machine, measured in the same run: first and last, so that a
// neighbour who came in between shows. `roofline` prints a table, `--json` one object, `--ceilings` leaves the figures out.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "ceilings.h"
#include "core/dispatch.h"
#include "core/packed-weight.h"
#include "sampling.h"

namespace hone::bench {
namespace {

struct Figure {
  std::string name;
  Timing timing;
  double work;  // Operations or bytes of one call.
  const char* unit;
  double ceiling;  // In units of 1e9 a second.

  double rate() const { return work / timing.median * 1e-9; }
  double share() const { return ceiling > 0 ? rate() / ceiling : 0; }
};

View matrix(void* data, std::int64_t rows, std::int64_t columns) {
  View view;
  view.data = data;
  view.rank = 2;
  view.dim[0] = rows;
  view.dim[1] = columns;
  return view;
}

std::vector<float> normal(std::int64_t count) {
  std::mt19937 random(7);
  std::normal_distribution<float> draw;
  std::vector<float> out(static_cast<std::size_t>(count));
  for (float& value : out) value = draw(random);
  return out;
}

class Bench {
 public:
  Bench(Isa isa, int threads) : isa_(isa), pool_(threads), scratch_(threads), context_{pool_, scratch_, isa} {}

  int run(bool as_json, bool only_ceilings) {
    const Ceilings first = measure_ceilings(pool_);
    ceilings_ = first;
    if (!only_ceilings) measure_figures(first);
    const Ceilings last = only_ceilings ? first : measure_ceilings(pool_);
    as_json ? print_json(first, last) : print_table(first, last);
    return 0;
  }

 private:
  void measure_figures(const Ceilings& first) {
    for (const std::int64_t columns : {2048, 8192}) {
      dense(DType::packed_f32, 512, columns, 2048, first.f32_gflops);
      dense(DType::packed_bf16, 512, columns, 2048, bf16_ceiling());
    }
    weight_gradient(1024, 512, 192);
    weight_gradient(512, 2048, 2048);
    for (const std::int64_t rows : {1, 8, 32, 512}) quantized(rows, 8192, 2048);
  }

  // The unit that the level uses for bf16 operands; below AVX-512-BF16 it is the f32 unit.
  double bf16_ceiling() const {
    if (isa_ == Isa::amx) return ceilings_.amx_gflops;
    return isa_ == Isa::avx512bf16 ? ceilings_.bf16_gflops : ceilings_.f32_gflops;
  }

  std::shared_ptr<const PackedWeight> pack(DType format, std::int64_t columns, std::int64_t depth) {
    std::vector<float> w = normal(columns * depth);
    std::shared_ptr<const PackedWeight> packed;
    if (Status status = pack_weight(context_, matrix(w.data(), columns, depth), format, packed); !status.ok()) {
      std::fprintf(stderr, "%s\n", status.message().c_str());
      std::exit(1);
    }
    return packed;
  }

  void forward(const PackedWeight& weight, std::vector<float>& x, std::vector<float>& y, std::int64_t rows) {
    ArgValue values[4];
    values[0].view = matrix(x.data(), rows, weight.columns());
    values[1].view = matrix(nullptr, weight.rows(), weight.columns());
    values[1].view.dtype = weight.format();
    values[1].view.packed = &weight;
    values[3].view = matrix(y.data(), rows, weight.rows());
    const Status status = run_op(static_cast<int>(Op::kLinearForward), isa_, context_, values);
    if (!status.ok()) std::exit(1);
  }

  void dense(DType format, std::int64_t rows, std::int64_t columns, std::int64_t depth, double ceiling) {
    const auto weight = pack(format, columns, depth);
    std::vector<float> x = normal(rows * depth), y(static_cast<std::size_t>(rows * columns));
    const Timing timing = time([&] { forward(*weight, x, y, rows); });
    add(std::string("linear ") + dtype_name(format), rows, columns, depth, timing, 2.0 * rows * columns * depth, "GFLOP/s",
        ceiling);
  }

  void weight_gradient(std::int64_t rows, std::int64_t columns, std::int64_t depth) {
    std::vector<float> x = normal(rows * depth), dy = normal(rows * columns), dw(static_cast<std::size_t>(columns * depth));
    ArgValue values[5];
    values[0].view = matrix(dy.data(), rows, columns);
    values[1].view = matrix(x.data(), rows, depth);
    values[2].view = matrix(dw.data(), columns, depth);
    const Timing timing = time([&] {
      const Status status = run_op(static_cast<int>(Op::kLinearBackwardWeight), isa_, context_, values);
      if (!status.ok()) std::exit(1);
    });
    add("weight gradient f32", rows, columns, depth, timing, 2.0 * rows * columns * depth, "GFLOP/s", ceilings_.f32_gflops);
  }

  // Copies of one weight, used in turn, so that none is still in the cache when its turn comes again.
  void quantized(std::int64_t rows, std::int64_t columns, std::int64_t depth) {
    if (copies_.empty()) {
      copies_.push_back(pack(DType::nf4, columns, depth));
      const std::size_t stream = copies_[0]->stream_bytes();
      while (copies_.size() * stream < beyond_cache_bytes()) {
        auto copy = std::make_shared<PackedWeight>(DType::nf4, columns, depth);
        std::memcpy(copy->panel_bytes(0), copies_[0]->tile(0, 0), stream);
        copies_.push_back(std::move(copy));
      }
    }
    std::vector<float> x = normal(rows * depth), y(static_cast<std::size_t>(rows * columns));
    std::size_t turn = 0;
    const Timing timing = time([&] { forward(*copies_[++turn % copies_.size()], x, y, rows); });
    if (rows < 32) {
      const double bytes = static_cast<double>(copies_[0]->stream_bytes());
      add("linear nf4", rows, columns, depth, timing, bytes, "GB/s", ceilings_.read_gbps);
    }
    if (rows > 1) {
      add("linear nf4", rows, columns, depth, timing, 2.0 * rows * columns * depth, "GFLOP/s", bf16_ceiling());
    }
  }

  void add(std::string name, std::int64_t rows, std::int64_t columns, std::int64_t depth, Timing timing, double work,
           const char* unit, double ceiling) {
    name += " M=" + std::to_string(rows) + " N=" + std::to_string(columns) + " K=" + std::to_string(depth);
    figures_.push_back({std::move(name), timing, work, unit, ceiling});
  }

  void print_table(const Ceilings& first, const Ceilings& last) const {
    std::printf("%s, %d threads\n\n%-28s %10s %10s\n", isa_name(isa_), pool_.size(), "ceiling", "first", "last");
    const auto line = [](const char* name, double a, double b) { std::printf("%-28s %10.1f %10.1f\n", name, a, b); };
    line("f32 FMA GFLOP/s", first.f32_gflops, last.f32_gflops);
    line("AVX-512 bf16 dot GFLOP/s", first.bf16_gflops, last.bf16_gflops);
    line("AMX bf16 dot GFLOP/s", first.amx_gflops, last.amx_gflops);
    line("memory read GB/s", first.read_gbps, last.read_gbps);
    line("memory copy GB/s", first.copy_gbps, last.copy_gbps);
    std::printf("\n%-44s %10s %10s %10s %9s %8s\n", "figure", "median ms", "p10", "p90", "rate", "share");
    for (const Figure& one : figures_) {
      std::printf("%-44s %10.3f %10.3f %10.3f %9.1f %-8s %4.0f %%\n", one.name.c_str(), one.timing.median * 1e3,
                  one.timing.p10 * 1e3, one.timing.p90 * 1e3, one.rate(), one.unit, one.share() * 100);
    }
  }

  void print_json(const Ceilings& first, const Ceilings& last) const {
    const auto object = [](const char* name, const Ceilings& c) {
      std::printf("\"%s\":{\"f32Gflops\":%.1f,\"bf16Gflops\":%.1f,\"amxGflops\":%.1f,\"readGbps\":%.2f,\"copyGbps\":%.2f}", name,
                  c.f32_gflops, c.bf16_gflops, c.amx_gflops, c.read_gbps, c.copy_gbps);
    };
    std::printf("{\"isa\":\"%s\",\"threads\":%d,\"ceilings\":{", isa_name(isa_), pool_.size());
    object("first", first);
    std::printf(",");
    object("last", last);
    std::printf("},\"figures\":[");
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      const Figure& one = figures_[i];
      std::printf("%s{\"name\":\"%s\",\"medianSeconds\":%.6g,\"p10Seconds\":%.6g,\"p90Seconds\":%.6g,\"rate\":%.4g,"
                  "\"unit\":\"%s\",\"ceiling\":%.4g,\"share\":%.4f}",
                  i == 0 ? "" : ",", one.name.c_str(), one.timing.median, one.timing.p10, one.timing.p90, one.rate(), one.unit,
                  one.ceiling, one.share());
    }
    std::printf("]}\n");
  }

  Isa isa_;
  ThreadPool pool_;
  Scratch scratch_;
  Context context_;
  Ceilings ceilings_;
  std::vector<Figure> figures_;
  std::vector<std::shared_ptr<const PackedWeight>> copies_;
};

}  // namespace
}  // namespace hone::bench

int main(int argc, char** argv) {
  using namespace hone;
  Isa isa = best_isa();
  if (const char* name = std::getenv("HONE_ISA"); name != nullptr && (!isa_from_name(name, isa) || !isa_available(isa))) {
    std::fprintf(stderr, "[roofline] expected a level of this machine for HONE_ISA but received %s\n", name);
    return 1;
  }
  const char* threads = std::getenv("HONE_THREADS");
  const auto asked = [&](const char* flag) {
    return std::any_of(argv + 1, argv + argc, [&](const char* arg) { return std::strcmp(arg, flag) == 0; });
  };
  return bench::Bench(isa, threads != nullptr ? std::atoi(threads) : default_thread_count())
      .run(asked("--json"), asked("--ceilings"));
}
