// isa: avx2 avx512 avx512bf16 amx
#include "core/ops-args.h"
#include "cpu/gemm-f32.h"

namespace hone::HONE_ISA {
namespace {

// What a product leaves alone: gemm.h uses the slots below these.
enum CallerSlot { kScaledRows = 4, kTurned = 5 };

float* scaled_copy(Context& context, const float* source, std::int64_t count, float scale) {
  float* out = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(count), kScaledRows);
  for (std::int64_t i = 0; i < count; ++i) out[i] = scale * source[i];
  return out;
}

// c += aᵀ b where a [depth, rank] is thin: b [depth, columns] is read where it lies, each element for all ranks at once.
// Copying it into panels, as product_atb does, would cost more than the product itself.
void thin_atb(Context& context, const float* a, std::int64_t rank, std::int64_t depth, const float* b,
              std::int64_t columns, float* c) {
  if (columns % 16 != 0) {
    product_atb(context, a, rank, depth, b, columns, c, true);
    return;
  }
  constexpr int kRows = F32Dot::kRows;
  const std::int64_t tiles = ceil_div(rank, kRows);
  float* packed = context.scratch_as<float>(ThreadPool::thread_index(),
                                            static_cast<std::size_t>(tiles * kRows * depth), kSharedRows);
  pack_rows_transposed<kRows>(a, rank, rank, {0, tiles}, depth, packed);
  Product<F32Dot> product = f32_product(packed, rank, depth, columns, c, true);
  product.a_tile = depth;
  product.a_row = 1;
  product.a_step = kRows;
  product.b = {b, kPanelColumns, columns, columns};
  gemm(context, product);
}

// db [columns, rank] += dyᵀ xa, by way of its transpose, for which dy is read where it lies.
void accumulate_db(Context& context, const float* dy, std::int64_t rows, std::int64_t columns, const float* scaled_xa,
                   std::int64_t rank, float* db) {
  float* turned = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(rank * columns),
                                            kTurned);
  transpose(db, rank, columns, rank, turned, columns);
  thin_atb(context, scaled_xa, rank, rows, dy, columns, turned);
  transpose(turned, columns, rank, columns, db, rank);
}

}  // namespace

// The rank-r products add 2 M r (K + N) operations to the 2 M K N of the layer; x and y pass through once.
Status lora_forward(Context& context, const LoraForwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], rank = args.a.dim[0], columns = args.b.dim[0];
  float* xa = args.xa.data_as<float>();
  product_abt(context, args.x.data_as<float>(), rows, depth, args.a.data_as<float>(), rank, xa);
  const float* scaled = scaled_copy(context, xa, rows * rank, static_cast<float>(args.scale));
  product_abt(context, scaled, rows, rank, args.b.data_as<float>(), columns, args.y.data_as<float>(), true);
  return {};
}

Status lora_backward(Context& context, const LoraBackwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], rank = args.a.dim[0], columns = args.b.dim[0];
  const float* dy = args.dy.data_as<float>();
  const float scale = static_cast<float>(args.scale);

  const float* scaled_xa = scaled_copy(context, args.xa.data_as<float>(), rows * rank, scale);
  accumulate_db(context, dy, rows, columns, scaled_xa, rank, args.db.data_as<float>());

  // The scaled copy of xa is no longer needed: its place takes dxa = scale dy B.
  float* dxa = context.scratch_as<float>(ThreadPool::thread_index(), static_cast<std::size_t>(rows * rank), kScaledRows);
  product_ab(context, dy, rows, columns, args.b.data_as<float>(), rank, dxa);
  for (std::int64_t i = 0; i < rows * rank; ++i) dxa[i] *= scale;
  thin_atb(context, dxa, rank, rows, args.x.data_as<float>(), depth, args.da.data_as<float>());
  if (args.dx.present()) {
    product_ab(context, dxa, rows, rank, args.a.data_as<float>(), depth, args.dx.data_as<float>(), true);
  }
  return {};
}

}  // namespace hone::HONE_ISA
