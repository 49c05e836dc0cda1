#pragma once
#include <cstdint>
#include <memory>

#include "hone/status.h"

namespace hone {

// The processes of a data-parallel run, one for each GPU, that share what each has summed. All of them call the same functions in
// the same order.
class Group {
 public:
  virtual ~Group() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  // data [count] becomes the sum of that of every process, in place. On a GPU it is queued, else it is done on return.
  virtual Status all_reduce(float* data, std::int64_t count) = 0;
};

// A group of processes that compute on their processors, which `mpiexec` started: MPI by its standard ABI (MPI 5.0, chapter 20),
// opened at run time from HONE_MPI_LIBRARY or by the name libmpi_abi.so.1. Once in a process.
Status join_mpi_group(std::unique_ptr<Group>& out);

}  // namespace hone
