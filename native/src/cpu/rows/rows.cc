// isa: avx2 avx512
// Ops that move whole rows: bound by memory, or by its latency where rows are short.
#include <cstring>

#include "core/ops-args.h"
#include "cpu/row-sum.h"

namespace hone::HONE_ISA {
namespace {

void add_row(float* target, const float* source, std::int64_t begin, std::int64_t end) {
  walk(
      begin, end, [=](std::int64_t i) { store(target + i, add(load(target + i), load(source + i))); },
      [=](std::int64_t i, int n) { store_first(target + i, add(load_first(target + i, n), load_first(source + i, n)), n); });
}

// Rows may repeat, so threads take columns: each element's additions stay in the order of the index.
void scatter_add(Context& context, const float* source, const std::int32_t* index, std::int64_t rows, std::int64_t width,
                 float* target) {
  const std::int64_t vectors = (width + kWide - 1) / kWide;
  split_rows(context, vectors, kWide * rows, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < rows; ++i) {
      add_row(target + index[i] * width, source + i * width, begin * kWide, std::min(width, end * kWide));
    }
  });
}

void gather(Context& context, const float* source, const std::int32_t* index, std::int64_t rows, std::int64_t width,
            float* target) {
  split_rows(context, rows, width, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::memcpy(target + i * width, source + index[i] * width, width * sizeof(float));
    }
  });
}

void widen_row(const std::uint16_t* source, float* target, std::int64_t width) {
  std::int64_t i = 0;
  for (; i + kWide <= width; i += kWide) store(target + i, load_bf16(source + i));
  for (; i < width; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(source[i]) << 16;
    std::memcpy(target + i, &bits, sizeof(bits));
  }
}

}  // namespace

Status embedding_forward(Context& context, const EmbeddingForwardArgs& args) {
  const std::int64_t tokens = args.y.dim[0], width = args.y.dim[1];
  const std::int32_t* ids = args.ids.data_as<std::int32_t>();
  float* y = args.y.data_as<float>();
  if (args.table.dtype == DType::f32) {
    gather(context, args.table.data_as<float>(), ids, tokens, width, y);
    return {};
  }
  const std::uint16_t* table = args.table.data_as<std::uint16_t>();
  split_rows(context, tokens, width, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) widen_row(table + ids[t] * width, y + t * width, width);
  });
  return {};
}

Status embedding_backward(Context& context, const EmbeddingBackwardArgs& args) {
  scatter_add(context, args.dy.data_as<float>(), args.ids.data_as<std::int32_t>(), args.dy.dim[0], args.dy.dim[1],
              args.dtable.data_as<float>());
  return {};
}

Status gather_rows(Context& context, const GatherRowsArgs& args) {
  gather(context, args.x.data_as<float>(), args.index.data_as<std::int32_t>(), args.y.dim[0], args.y.dim[1],
         args.y.data_as<float>());
  return {};
}

Status scatter_rows_add(Context& context, const ScatterRowsAddArgs& args) {
  scatter_add(context, args.x.data_as<float>(), args.index.data_as<std::int32_t>(), args.x.dim[0], args.x.dim[1],
              args.y.data_as<float>());
  return {};
}

Status slice_columns_forward(Context& context, const SliceColumnsForwardArgs& args) {
  const std::int64_t from = args.x.dim[1], width = args.y.dim[1];
  if (args.begin > from - width) return bad_argument("expected begin to leave room for the columns of y");
  split_rows(context, args.x.dim[0], width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      std::memcpy(args.y.data_as<float>() + t * width, args.x.data_as<float>() + t * from + args.begin, width * sizeof(float));
    }
  });
  return {};
}

Status slice_columns_backward(Context& context, const SliceColumnsBackwardArgs& args) {
  const std::int64_t to = args.dx.dim[1], width = args.dy.dim[1];
  if (args.begin > to - width) return bad_argument("expected begin to leave room for the columns of dy");
  split_rows(context, args.dx.dim[0], width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      add_row(args.dx.data_as<float>() + t * to + args.begin, args.dy.data_as<float>() + t * width, 0, width);
    }
  });
  return {};
}

}  // namespace hone::HONE_ISA
