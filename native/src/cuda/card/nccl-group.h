#pragma once
#include <cuda_runtime.h>

#include <memory>

#include "core/card.h"

namespace hone::cuda {

// The name under which the processes of a group find each other: one makes it, all are told.
Status make_group_id(GroupId& out);

// Waits until all `size` processes have joined. NCCL is opened at run time: HONE_NCCL_LIBRARY, else libnccl.so.2 by name.
Status join_nccl_group(cudaStream_t stream, int rank, int size, const GroupId& id, std::unique_ptr<Group>& out);

}  // namespace hone::cuda
