#include <dlfcn.h>

#include <cstdlib>
#include <string>

#include "core/group.h"

namespace hone {
namespace {

// The names and numbers of mpi_abi.h that are used here (MPI 5.0, appendix A).
using Handle = struct Opaque*;
Handle handle(std::uintptr_t number) { return reinterpret_cast<Handle>(number); }
const Handle kWorld = handle(0x101);
const Handle kSum = handle(0x21);
const Handle kFloat = handle(0x210);
const Handle kErrorsReturn = handle(0x143);
void* const kInPlace = reinterpret_cast<void*>(1);
constexpr int kThreadSerialized = 2048;
constexpr int kErrorStringMax = 512;

struct Mpi {
  int (*init_thread)(int*, char***, int, int*);
  int (*initialized)(int*);
  int (*comm_rank)(Handle, int*);
  int (*comm_size)(Handle, int*);
  int (*set_error_handler)(Handle, Handle);
  int (*all_reduce)(const void*, void*, std::int64_t, Handle, Handle, Handle);
  int (*error_string)(int, char*, int*);
  int (*finalize)();
};

template <class Function>
bool find(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name));
  return out != nullptr;
}

bool find_all(void* library, Mpi& mpi) {
  return find(library, "MPI_Init_thread", mpi.init_thread) && find(library, "MPI_Initialized", mpi.initialized) &&
         find(library, "MPI_Comm_rank", mpi.comm_rank) && find(library, "MPI_Comm_size", mpi.comm_size) &&
         find(library, "MPI_Comm_set_errhandler", mpi.set_error_handler) && find(library, "MPI_Allreduce_c", mpi.all_reduce) &&
         find(library, "MPI_Error_string", mpi.error_string) && find(library, "MPI_Finalize", mpi.finalize);
}

Status mpi_status(const Mpi& mpi, int error, const char* doing) {
  if (error == 0) return {};
  char text[kErrorStringMax] = "";
  int length = 0;
  mpi.error_string(error, text, &length);
  return {Code::internal, std::string(doing) + " over MPI: " + text};
}

class MpiGroup : public Group {
 public:
  MpiGroup(const Mpi& mpi, int rank, int size) : mpi_(mpi), rank_(rank), size_(size) {}
  // Without it mpiexec takes the end of this process for a failure.
  ~MpiGroup() override { mpi_.finalize(); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  Status all_reduce(float* data, std::int64_t count) override {
    return mpi_status(mpi_, mpi_.all_reduce(kInPlace, data, count, kFloat, kSum, kWorld), "summing");
  }

 private:
  const Mpi mpi_;
  const int rank_;
  const int size_;
};

}  // namespace

Status join_mpi_group(std::unique_ptr<Group>& out) {
  const char* named = std::getenv("HONE_MPI_LIBRARY");
  const char* path = named != nullptr && *named != 0 ? named : "libmpi_abi.so.1";
  void* library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  Mpi mpi = {};
  if (library == nullptr || !find_all(library, mpi)) {
    return unsupported(std::string("expected an MPI library of the standard ABI but cannot open ") + path +
                       "; fix: install one (`pip install mpich`), or point HONE_MPI_LIBRARY at its libmpi_abi.so.1");
  }
  int is_started = 0, provided = 0, rank = 0, size = 0;
  HONE_TRY(mpi_status(mpi, mpi.initialized(&is_started), "starting"));
  if (is_started == 0) HONE_TRY(mpi_status(mpi, mpi.init_thread(nullptr, nullptr, kThreadSerialized, &provided), "starting"));
  HONE_TRY(mpi_status(mpi, mpi.set_error_handler(kWorld, kErrorsReturn), "starting"));
  HONE_TRY(mpi_status(mpi, mpi.comm_rank(kWorld, &rank), "starting"));
  HONE_TRY(mpi_status(mpi, mpi.comm_size(kWorld, &size), "starting"));
  out = std::make_unique<MpiGroup>(mpi, rank, size);
  return {};
}

}  // namespace hone
