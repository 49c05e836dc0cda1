#include <vector>

#include "core/context.h"
#include "core/half.h"
#include "core/lora-groups.h"
#include "core/lora-places.h"
#include "core/ops-args.h"

namespace hone::reference {

Status lora_forward(Context& context, const LoraForwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], rank = args.a.dim[0], columns = args.b.dim[0];
  const float* a = args.a.data_as<float>();
  const float* b = args.b.data_as<float>();
  const float scale = static_cast<float>(args.scale);
  context.pool.run(static_cast<int>(rows), [&](int m) {
    const float* x = args.x.data_as<float>() + m * depth;
    float* xa = args.xa.data_as<float>() + m * rank;
    float* y = args.y.data_as<float>() + m * columns;
    for (std::int64_t r = 0; r < rank; ++r) {
      xa[r] = 0.0f;
      for (std::int64_t k = 0; k < depth; ++k) xa[r] += x[k] * a[r * depth + k];
    }
    for (std::int64_t n = 0; n < columns; ++n) {
      for (std::int64_t r = 0; r < rank; ++r) y[n] += scale * xa[r] * b[n * rank + r];
    }
  });
  return {};
}

Status lora_grouped_forward(Context& context, const LoraGroupedForwardArgs& args) {
  for (const LoraGroup& group : lora_groups(args)) {
    HONE_TRY(check_lora_group(group, args.x.dim[0]));
    std::vector<float> xa(static_cast<std::size_t>(group.rows() * group.a->dim[0]));
    LoraForwardArgs one{};
    one.x = rows_of(args.x, group);
    one.a = *group.a;
    one.b = *group.b;
    one.scale = group.scale;
    one.y = rows_of(args.y, group);
    one.xa = View{xa.data(), DType::f32, 2, {group.rows(), group.a->dim[0], 1, 1}, nullptr};
    HONE_TRY(lora_forward(context, one));
  }
  return {};
}

Status lora_paged_forward(Context& context, const LoraPagedForwardArgs& args) {
  HONE_TRY(check_lora_places(args));
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], columns = args.y.dim[1], elements = args.a.dim[1];
  const std::int32_t* pages = args.pages.data_as<std::int32_t>();
  context.pool.run(static_cast<int>(rows), [&](int t) {
    const std::int32_t slot = args.slots.data_as<std::int32_t>()[t];
    if (slot < 0) return;
    const LoraPlace place = lora_place(args, slot);
    const auto value = [&](const View& in, std::int64_t e) {
      const std::int64_t at = pages[place.first + e / elements] * elements + e % elements;
      return in.dtype == DType::f32 ? in.data_as<float>()[at] : bf16_to_f32(in.data_as<std::uint16_t>()[at]);
    };
    const float* x = args.x.data_as<float>() + t * depth;
    const float scale = args.scales.data_as<float>()[slot];
    float* y = args.y.data_as<float>() + t * columns;
    for (std::int64_t r = 0; r < place.rank; ++r) {
      float xa = 0.0f;
      for (std::int64_t k = 0; k < depth; ++k) xa += x[k] * value(args.a, place.a + r * depth + k);
      for (std::int64_t n = 0; n < columns; ++n) y[n] += scale * xa * value(args.b, place.b + n * lora_row_stride(place.rank) + r);
    }
  });
  return {};
}

Status lora_backward(Context& context, const LoraBackwardArgs& args) {
  const std::int64_t rows = args.x.dim[0], depth = args.x.dim[1], rank = args.a.dim[0], columns = args.b.dim[0];
  const float* dy = args.dy.data_as<float>();
  const float* x = args.x.data_as<float>();
  const float* a = args.a.data_as<float>();
  const float* b = args.b.data_as<float>();
  const float* xa = args.xa.data_as<float>();
  const float scale = static_cast<float>(args.scale);

  // dxa = scale dy B [M,r], then dx += dxa A.
  std::vector<float> dxa(static_cast<std::size_t>(rows * rank), 0.0f);
  context.pool.run(static_cast<int>(rows), [&](int m) {
    for (std::int64_t r = 0; r < rank; ++r) {
      float& sum = dxa[m * rank + r];
      for (std::int64_t n = 0; n < columns; ++n) sum += dy[m * columns + n] * b[n * rank + r];
      sum *= scale;
    }
    if (!args.dx.present()) return;
    float* dx = args.dx.data_as<float>() + m * depth;
    for (std::int64_t r = 0; r < rank; ++r) {
      for (std::int64_t k = 0; k < depth; ++k) dx[k] += dxa[m * rank + r] * a[r * depth + k];
    }
  });

  float* da = args.da.data_as<float>();
  for (std::int64_t m = 0; m < rows; ++m) {
    for (std::int64_t r = 0; r < rank; ++r) {
      for (std::int64_t k = 0; k < depth; ++k) da[r * depth + k] += dxa[m * rank + r] * x[m * depth + k];
    }
  }
  float* db = args.db.data_as<float>();
  context.pool.run(static_cast<int>(columns), [&](int n) {
    for (std::int64_t m = 0; m < rows; ++m) {
      for (std::int64_t r = 0; r < rank; ++r) db[n * rank + r] += scale * dy[m * columns + n] * xa[m * rank + r];
    }
  });
  return {};
}

}  // namespace hone::reference
