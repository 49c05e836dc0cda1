#include "cuda/card/cuda-card.h"

#include <string>

#include "core/lora-places.h"
#include "core/wrong-index.h"
#include "cuda/card-code.h"
#include "cuda/dispatch.h"
#include "cuda/launch.h"
#include "cuda/card/nccl-group.h"
#include "cuda/card/open-card.h"
#include "cuda/weights/weights.h"

namespace hone::cuda {
namespace {

class CudaGraph : public CardGraph {
 public:
  explicit CudaGraph(cudaGraphExec_t made) : executable(made) {}
  ~CudaGraph() override { cudaGraphExecDestroy(executable); }
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  const cudaGraphExec_t executable;
};

// The card that calls of this thread go to. Each thread has one of its own, which is 0 until it says otherwise.
thread_local int device_of_thread = -1;

}  // namespace

Status CudaCard::open(int ordinal, std::unique_ptr<Card>& out) {
  std::unique_ptr<CudaCard> card(new CudaCard());
  HONE_TRY(look_at_card(ordinal, card->facts_));
  device_of_thread = ordinal;
  HONE_TRY(choose_budget(card->facts_, card->budget_.limit_bytes));
  card->facts_.budget_bytes = card->budget_.limit_bytes;
  HONE_TRY(cuda_status(cudaStreamCreateWithFlags(&card->stream_.handle, cudaStreamNonBlocking), "making a stream"));
  void* fault = nullptr;
  HONE_TRY(cuda_status(cudaHostAlloc(&fault, sizeof(Fault), cudaHostAllocMapped), "taking pinned memory"));
  card->stream_.fault = new (fault) Fault{};
  HONE_TRY(card->staging_.open());
  HONE_TRY(card->side_copies_.open());
  HONE_TRY(AddressSpace::reserve(ordinal, card->facts_.total_bytes, card->budget_, card->arena_));
  std::unique_ptr<AddressSpace> workspace;
  HONE_TRY(AddressSpace::reserve(ordinal, card->facts_.total_bytes, card->budget_, workspace));
  card->workspace_ = std::make_unique<GrowingWorkspace>(std::move(workspace));
  Stream& stream = card->stream_;
  stream.compute_capability = card->facts_.compute_capability;
  stream.multiprocessors = card->facts_.multiprocessors;
  HONE_TRY(cuda_status(cudaDeviceGetAttribute(&stream.shared_bytes_max, cudaDevAttrMaxSharedMemoryPerBlockOptin, ordinal),
                       "looking at the GPU"));
  HONE_TRY(look_at_code(stream));
  stream.workspace = card->workspace_.get();
  stream.launches = &card->counters_.launches;
  HONE_TRY(open_blas(stream, card->blas_));
  stream.blas = card->blas_.get();
  out = std::move(card);
  return {};
}

CudaCard::~CudaCard() {
  if (stream_.handle != nullptr && enter().ok()) {
    cudaStreamSynchronize(stream_.handle);
    cudaStreamDestroy(stream_.handle);
  }
  if (stream_.fault != nullptr) cudaFreeHost(stream_.fault);
}

Status CudaCard::enter() {
  if (device_of_thread == facts_.ordinal) return {};
  HONE_TRY(cuda_status(cudaSetDevice(facts_.ordinal), "choosing the GPU"));
  device_of_thread = facts_.ordinal;
  return {};
}

std::byte* CudaCard::reserve(std::int64_t& capacity) {
  capacity = arena_->capacity();
  return arena_->base();
}

// The driver's calls, too, go to the context of the thread, which has none before its first call of the runtime.
Status CudaCard::back(std::int64_t offset, std::int64_t bytes) {
  HONE_TRY(enter());
  return arena_->back(offset, bytes);
}

void CudaCard::give_back(std::int64_t offset, std::int64_t bytes) {
  if (enter().ok()) arena_->give_back(offset, bytes);
}

Status CudaCard::write(void* target, const void* source, std::int64_t bytes) {
  HONE_TRY(enter());
  if (is_capturing_) return {Code::internal, "expected no bytes from the host inside a graph"};
  return staging_.write(stream_.handle, target, source, bytes, counters_);
}

Status CudaCard::read(void* target, const void* source, std::int64_t bytes) {
  HONE_TRY(enter());
  if (is_capturing_) return {Code::internal, "expected no bytes to the host inside a graph"};
  HONE_TRY(staging_.read(stream_.handle, target, source, bytes, counters_));
  return told_fault();
}

Status CudaCard::synchronise() {
  HONE_TRY(enter());
  counters_.synchronisations += 1;
  HONE_TRY(cuda_status(cudaStreamSynchronize(stream_.handle), "waiting for the GPU"));
  HONE_TRY(side_copies_.synchronise());
  return told_fault();
}

Status CudaCard::take_pinned(std::int64_t bytes, void*& out) {
  HONE_TRY(enter());
  return cuda_status(cudaHostAlloc(&out, static_cast<std::size_t>(bytes), cudaHostAllocDefault), "taking pinned memory");
}

void CudaCard::free_pinned(void* memory) {
  if (enter().ok()) cudaFreeHost(memory);
}

Status CudaCard::start_copy(const void* source, void* target, std::int64_t bytes, std::int64_t& ticket) {
  HONE_TRY(enter());
  if (is_capturing_) return {Code::internal, "expected no copies beside a graph while it is made"};
  return side_copies_.start(stream_.handle, source, target, bytes, ticket);
}

Status CudaCard::await_copy(std::int64_t ticket) {
  HONE_TRY(enter());
  if (is_capturing_) return {Code::internal, "expected no copies beside a graph while it is made"};
  return side_copies_.await(stream_.handle, ticket);
}

Status CudaCard::told_fault() {
  if (stream_.fault->is_set == 0) return {};
  const Fault fault = *stream_.fault;
  *stream_.fault = {};
  const OpSpec& spec = op_spec(fault.op);
  const bool is_place = fault.op == static_cast<int>(Op::kLoraPagedForward) && fault.argument == kLoraPagedForwardPlaces;
  const auto& [first, a, b, listed, elements] = fault.place;
  const std::string what = is_place ? wrong_lora_place(fault.bound, listed, elements, fault.position, {first, a, b, fault.value})
                                    : wrong_index(spec.args[fault.argument], fault.bound, fault.value, fault.position);
  return bad_argument(std::string(spec.name) + ": " + what);
}

bool CudaCard::has_kernel(int op) const { return dispatch_row(op).kernel != nullptr; }

Status CudaCard::run(int op, const ArgValue* values) {
  HONE_TRY(enter());
  const DispatchRow& row = dispatch_row(op);
  if (row.kernel == nullptr) return unsupported(std::string("no kernel for a GPU is built for ") + op_spec(op).name);
  return row.call(row.kernel, stream_, values);
}

Status CudaCard::pack(const View& source, CardWeight& weight) {
  HONE_TRY(enter());
  return pack_weight(stream_, source, weight);
}

Status CudaCard::unpack(const CardWeight& weight, float* out) {
  HONE_TRY(enter());
  return unpack_weight(stream_, weight, out);
}

// Relaxed, because what loads or allocates is then let be. None of it should happen: core/plan.cc runs the same ops once before, so
// that every kernel is loaded (a first launch may load its module and wait for the context: CUDA C++ Programming Guide, "Lazy
// Loading"), every product has its algorithm and the workspace its size.
Status CudaCard::begin_capture() {
  HONE_TRY(enter());
  HONE_TRY(cuda_status(cudaStreamBeginCapture(stream_.handle, cudaStreamCaptureModeRelaxed), "beginning a graph"));
  is_capturing_ = true;
  launches_before_capture_ = counters_.launches;
  return {};
}

Status CudaCard::end_capture(std::unique_ptr<CardGraph>& out) {
  is_capturing_ = false;
  counters_.launches = launches_before_capture_;
  HONE_TRY(enter());
  cudaGraph_t graph = nullptr;
  HONE_TRY(cuda_status(cudaStreamEndCapture(stream_.handle, &graph), "ending a graph"));
  cudaGraphExec_t executable = nullptr;
  const cudaError_t made = cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  HONE_TRY(cuda_status(made, "making a graph"));
  out = std::make_unique<CudaGraph>(executable);
  return {};
}

Status CudaCard::launch(const CardGraph& graph) {
  HONE_TRY(enter());
  counters_.graph_launches += 1;
  return cuda_status(cudaGraphLaunch(static_cast<const CudaGraph&>(graph).executable, stream_.handle), "launching a graph");
}

Status CudaCard::make_group_id(GroupId& out) {
  HONE_TRY(enter());
  return cuda::make_group_id(out);
}

Status CudaCard::join_group(int rank, int size, const GroupId& id, std::unique_ptr<Group>& out) {
  HONE_TRY(enter());
  return join_nccl_group(stream_.handle, rank, size, id, out);
}

}  // namespace hone::cuda

extern "C" __attribute__((visibility("default"))) hone::Status hone_cuda_open_card(int abi, int ordinal, std::unique_ptr<hone::Card>& out) {
  if (abi != hone::kCardAbi) {
    return hone::unsupported("expected libhone_cuda.so of the same build as libhone_core.so; fix: run `npm run build:cuda` again");
  }
  return hone::cuda::CudaCard::open(ordinal, out);
}
