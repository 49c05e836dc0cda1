// The weights of the C surface.
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "core/guarded.h"
#include "core/packed-weight.h"
#include "hone/hone.h"
#include "hone/weights.h"

namespace {

using namespace hone;

Status find_packed(Runtime& runtime, hone_handle handle, const Tensor*& tensor) {
  HONE_TRY(runtime.tensors.find(handle, tensor));
  if (!is_packed(tensor->view.dtype)) return bad_argument("expected a packed weight but received " + describe(tensor->view));
  return {};
}

// The sizes of a weight on a GPU, or counted as there.
CardWeight card_weight(DType format, std::int64_t rows, std::int64_t columns, int group) {
  CardWeight weight;
  weight.format = format;
  weight.rows = rows;
  weight.columns = columns;
  weight.group = group;
  return weight;
}

bool is_card(Device device) { return arithmetic_of(device) == Arithmetic::narrow; }

// Copies the parts that somebody else made to where they lie on the GPU; each is (address there, bytes here, their count).
struct Part {
  const void* target;
  const void* source;
  std::int64_t bytes;
};

Status write_parts(Card& card, std::initializer_list<Part> parts) {
  for (const Part& part : parts) {
    if (part.target != nullptr && part.bytes > 0) HONE_TRY(card.write(const_cast<void*>(part.target), part.source, part.bytes));
  }
  return {};
}

// A weight whose memory is taken: its parts, or null where the device only counts.
Status new_card_weight(Runtime& runtime, Device device, const CardWeight& shape, bool is_nested, hone_handle* out,
                       CardWeight& placed) {
  if (device == Device::cuda) HONE_TRY(runtime.open_card());
  HONE_TRY(runtime.tensors.adopt_on_card(device, shape, is_nested, *out));
  const Tensor* tensor = nullptr;
  HONE_TRY(runtime.tensors.find(*out, tensor));
  placed = *tensor->storage->on_card;
  return {};
}

}  // namespace

extern "C" {

int hone_pack_weight(hone_handle source, int format, hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(runtime.tensors.find(source, tensor));
    const View view = tensor->view;
    if (format < 0 || format >= kDTypeCount || !is_packed(static_cast<DType>(format))) {
      return bad_argument("expected packed-f32, packed-bf16, nf4, int8 or int4 for the format");
    }
    const bool is_float = view.dtype == DType::f32 || view.dtype == DType::bf16 || view.dtype == DType::f16;
    if (!is_float || view.rank != 2) return bad_argument("expected a plain [N,K] weight but received " + describe(view));
    const auto dtype = static_cast<DType>(format);
    const Device device = tensor->storage->device;
    HONE_TRY(check_packable(dtype, view.dim[0], view.dim[1], 64));
    if (is_card(device)) {
      CardWeight weight;
      HONE_TRY(new_card_weight(runtime, device, card_weight(dtype, view.dim[0], view.dim[1], 64), true, out, weight));
      return device == Device::cuda ? runtime.card->pack(view, weight) : Status{};
    }
    std::shared_ptr<const PackedWeight> packed;
    if (device == Device::cpu) HONE_TRY(pack_weight(runtime.context, view, dtype, packed));
    const std::int64_t bytes = packed_weight_bytes(dtype, view.dim[0], view.dim[1]);
    return runtime.tensors.adopt(device, dtype, view.dim[0], view.dim[1], std::move(packed), bytes, *out);
  });
}

int hone_unpack_weight(hone_handle weight, hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(find_packed(runtime, weight, tensor));
    const std::shared_ptr<Storage> storage = tensor->storage;
    const std::int64_t dims[4] = {tensor->view.dim[0], tensor->view.dim[1], -1, -1};
    HONE_TRY(runtime.tensors.allocate(storage->device, DType::f32, dims, *out));
    if (is_counted(storage->device)) return {};
    const Tensor* target = nullptr;
    HONE_TRY(runtime.tensors.find(*out, target));
    if (storage->device == Device::cuda) return runtime.card->unpack(*storage->on_card, target->view.data_as<float>());
    return unpack_weight(runtime.context, *storage->packed, target->view.data_as<float>());
  });
}

int hone_weight_bytes(hone_handle weight, int64_t* out) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(runtime.tensors.find(weight, tensor));
    const View& view = tensor->view;
    *out = is_packed(view.dtype) ? tensor->storage->bytes()
                                 : view.count() * static_cast<std::int64_t>(dtype_bytes(view.dtype));
    return {};
  });
}

int hone_pack_nf4_parts(int device, int64_t rows, int64_t columns, const hone_nf4_parts* parts, hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    HONE_TRY(check_packable(DType::nf4, rows, columns, 64));
    const std::int64_t blocks = rows * columns / 64, nested = (blocks + 255) / 256;
    if (is_card(static_cast<Device>(device))) {
      const bool is_nested = parts->absmax == nullptr;
      CardWeight weight;
      HONE_TRY(new_card_weight(runtime, static_cast<Device>(device), card_weight(DType::nf4, rows, columns, 64), is_nested, out, weight));
      if (device == HONE_DEVICE_NULL_CUDA) return {};
      HONE_TRY(write_parts(*runtime.card, {{weight.codes, parts->codes, rows * columns / 2}}));
      if (!is_nested) return write_parts(*runtime.card, {{weight.absmax, parts->absmax, blocks * 4}});
      return write_parts(*runtime.card, {{weight.absmax_codes, parts->absmax_codes, blocks},
                                         {weight.nested_absmax, parts->nested_absmax, nested * 4},
                                         {weight.offset, &parts->offset, 4}});
    }
    std::shared_ptr<const PackedWeight> packed;
    if (device == HONE_DEVICE_CPU) {
      Nf4Parts own;
      own.codes.assign(parts->codes, parts->codes + rows * columns / 2);
      if (parts->absmax != nullptr) {
        own.absmax.assign(parts->absmax, parts->absmax + blocks);
      } else {
        own.absmax_codes.assign(parts->absmax_codes, parts->absmax_codes + blocks);
        own.nested_absmax.assign(parts->nested_absmax, parts->nested_absmax + nested);
        own.offset = parts->offset;
      }
      HONE_TRY(pack_nf4_parts(runtime.context, rows, columns, own, packed));
    }
    const std::int64_t bytes = packed_weight_bytes(DType::nf4, rows, columns);
    return runtime.tensors.adopt(static_cast<Device>(device), DType::nf4, rows, columns, std::move(packed), bytes, *out);
  });
}

int hone_pack_int8_parts(int device, int64_t rows, int64_t columns, const int8_t* codes, const float* absmax,
                         hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    HONE_TRY(check_packable(DType::int8, rows, columns, 64));
    if (is_card(static_cast<Device>(device))) {
      CardWeight weight;
      HONE_TRY(new_card_weight(runtime, static_cast<Device>(device), card_weight(DType::int8, rows, columns, 64), true, out, weight));
      if (device == HONE_DEVICE_NULL_CUDA) return {};
      return write_parts(*runtime.card, {{weight.codes, codes, rows * columns}, {weight.absmax, absmax, rows * 4}});
    }
    std::shared_ptr<const PackedWeight> packed;
    if (device == HONE_DEVICE_CPU) HONE_TRY(pack_int8_parts(runtime.context, rows, columns, {codes, absmax}, packed));
    const std::int64_t bytes = packed_weight_bytes(DType::int8, rows, columns);
    return runtime.tensors.adopt(static_cast<Device>(device), DType::int8, rows, columns, std::move(packed), bytes, *out);
  });
}

int hone_pack_int4_parts(int device, int64_t rows, int64_t columns, int group, const uint8_t* codes, const float* scales,
                         const uint8_t* zeros, hone_handle* out) {
  return guarded([&](Runtime& runtime) -> Status {
    HONE_TRY(check_packable(DType::int4, rows, columns, group));
    if (is_card(static_cast<Device>(device))) {
      CardWeight weight;
      HONE_TRY(new_card_weight(runtime, static_cast<Device>(device), card_weight(DType::int4, rows, columns, group), true, out, weight));
      if (device == HONE_DEVICE_NULL_CUDA) return {};
      const std::int64_t groups = rows * columns / group;
      return write_parts(*runtime.card, {{weight.codes, codes, rows * columns / 2},
                                         {weight.absmax, scales, groups * 4},
                                         {weight.zeros, zeros, groups}});
    }
    std::shared_ptr<const PackedWeight> packed;
    if (device == HONE_DEVICE_CPU) {
      HONE_TRY(pack_int4_parts(runtime.context, rows, columns, {group, codes, scales, zeros}, packed));
    }
    const std::int64_t bytes = packed_weight_bytes(DType::int4, rows, columns, group);
    return runtime.tensors.adopt(static_cast<Device>(device), DType::int4, rows, columns, std::move(packed), bytes, *out);
  });
}

int hone_quantize_nf4(hone_handle source, const hone_nf4_buffers* out) {
  return guarded([&](Runtime& runtime) -> Status {
    const Tensor* tensor = nullptr;
    HONE_TRY(runtime.tensors.find(source, tensor));
    if (tensor->storage->device != Device::cpu) {
      return unsupported(std::string("expected a weight on cpu to quantize but received one on ") +
                         device_name(tensor->storage->device));
    }
    Nf4Parts parts;
    HONE_TRY(quantize_nf4(runtime.context, tensor->view, parts));
    std::memcpy(out->codes, parts.codes.data(), parts.codes.size());
    std::memcpy(out->absmax_codes, parts.absmax_codes.data(), parts.absmax_codes.size());
    std::memcpy(out->nested_absmax, parts.nested_absmax.data(), parts.nested_absmax.size() * sizeof(float));
    *out->offset = parts.offset;
    return {};
  });
}

}  // extern "C"
