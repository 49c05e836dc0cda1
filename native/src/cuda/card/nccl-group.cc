#include "cuda/card/nccl-group.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace hone::cuda {
namespace {

// The names and numbers of nccl.h that are used here; they have not changed since NCCL 2.0.
struct UniqueId {
  char bytes[128];
};
static_assert(sizeof(UniqueId) == sizeof(GroupId));
using Communicator = struct OpaqueCommunicator*;
constexpr int kFloat = 7;
constexpr int kSum = 0;

struct Nccl {
  int (*get_unique_id)(UniqueId*);
  int (*init_rank)(Communicator*, int, UniqueId, int);
  int (*all_reduce)(const void*, void*, std::size_t, int, int, Communicator, cudaStream_t);
  int (*destroy)(Communicator);
  const char* (*error_string)(int);
};

template <class Function>
bool find(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name));
  return out != nullptr;
}

Status open(Nccl& nccl) {
  const char* named = std::getenv("HONE_NCCL_LIBRARY");
  const char* path = named != nullptr && *named != 0 ? named : "libnccl.so.2";
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const char* failure = library == nullptr ? dlerror() : "it lacks functions of NCCL 2";
  const bool is_whole = library != nullptr && find(library, "ncclGetUniqueId", nccl.get_unique_id) &&
                        find(library, "ncclCommInitRank", nccl.init_rank) && find(library, "ncclAllReduce", nccl.all_reduce) &&
                        find(library, "ncclCommDestroy", nccl.destroy) && find(library, "ncclGetErrorString", nccl.error_string);
  if (is_whole) return {};
  return unsupported(std::string("expected NCCL but cannot open ") + path + " (" + (failure == nullptr ? "unknown" : failure) +
                     "); fix: install it (`pip install nvidia-nccl-cu13`), or point HONE_NCCL_LIBRARY at its libnccl.so.2");
}

Status nccl_status(const Nccl& nccl, int error, const char* doing) {
  if (error == 0) return {};
  return {Code::device_lost, std::string(doing) + " over NCCL: " + nccl.error_string(error)};
}

class NcclGroup : public Group {
 public:
  NcclGroup(const Nccl& nccl, Communicator communicator, cudaStream_t stream, int rank, int size)
      : nccl_(nccl), communicator_(communicator), stream_(stream), rank_(rank), size_(size) {}
  ~NcclGroup() override { nccl_.destroy(communicator_); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  Status all_reduce(float* data, std::int64_t count) override {
    const auto elements = static_cast<std::size_t>(count);
    return nccl_status(nccl_, nccl_.all_reduce(data, data, elements, kFloat, kSum, communicator_, stream_), "summing");
  }

 private:
  const Nccl nccl_;
  const Communicator communicator_;
  const cudaStream_t stream_;
  const int rank_;
  const int size_;
};

}  // namespace

Status make_group_id(GroupId& out) {
  Nccl nccl = {};
  HONE_TRY(open(nccl));
  UniqueId id;
  HONE_TRY(nccl_status(nccl, nccl.get_unique_id(&id), "naming a group"));
  std::memcpy(out.data(), id.bytes, sizeof(id.bytes));
  return {};
}

Status join_nccl_group(cudaStream_t stream, int rank, int size, const GroupId& id, std::unique_ptr<Group>& out) {
  Nccl nccl = {};
  HONE_TRY(open(nccl));
  UniqueId name;
  std::memcpy(name.bytes, id.data(), sizeof(name.bytes));
  Communicator communicator = nullptr;
  HONE_TRY(nccl_status(nccl, nccl.init_rank(&communicator, size, name, rank), "joining a group"));
  out = std::make_unique<NcclGroup>(nccl, communicator, stream, rank, size);
  return {};
}

}  // namespace hone::cuda
