// Data-parallel runs in the C surface.
#include <cstring>
#include <string>

#include "core/guarded.h"
#include "hone/hone.h"

using namespace hone;

namespace {

Status join(Runtime& runtime, int device, int rank, int size, const char* id) {
  if (device == HONE_DEVICE_CPU) return join_mpi_group(runtime.group);
  if (device != HONE_DEVICE_CUDA) return bad_argument("expected cpu or cuda for the device of a group");
  if (size < 1 || rank < 0 || rank >= size) {
    return bad_argument("expected a rank below the size of the group but received rank " + std::to_string(rank) + " of " +
                        std::to_string(size));
  }
  HONE_TRY(runtime.open_card());
  GroupId name;
  std::memcpy(name.data(), id, name.size());
  return runtime.card->join_group(rank, size, name, runtime.group);
}

}  // namespace

extern "C" {

int hone_group_id(char* id) {
  return guarded([&](Runtime& runtime) -> Status {
    HONE_TRY(runtime.open_card());
    GroupId made;
    HONE_TRY(runtime.card->make_group_id(made));
    std::memcpy(id, made.data(), made.size());
    return {};
  });
}

int hone_group_join(int device, int rank, int size, const char* id, int* joined_rank, int* joined_size) {
  return guarded([&](Runtime& runtime) -> Status {
    if (runtime.group != nullptr) return bad_argument("expected this process to be in no group; fix: leave it first");
    HONE_TRY(join(runtime, device, rank, size, id));
    *joined_rank = runtime.group->rank();
    *joined_size = runtime.group->size();
    runtime.group_device = static_cast<Device>(device);
    return {};
  });
}

int hone_group_all_reduce(hone_handle handle) {
  return guarded([&](Runtime& runtime) -> Status {
    if (runtime.group == nullptr) return bad_argument("expected this process to be in a group; fix: join one");
    const Tensor* tensor = nullptr;
    HONE_TRY(runtime.tensors.find(handle, tensor));
    if (tensor->view.dtype != DType::f32 || tensor->storage->device != runtime.group_device) {
      return bad_argument("expected an f32 tensor on " + std::string(device_name(runtime.group_device)) + " but received " +
                          describe(tensor->view) + " on " + device_name(tensor->storage->device));
    }
    return runtime.group->all_reduce(tensor->view.data_as<float>(), tensor->view.count());
  });
}

int hone_group_leave(void) {
  return guarded([](Runtime& runtime) -> Status {
    runtime.group.reset();
    return {};
  });
}

}  // extern "C"
