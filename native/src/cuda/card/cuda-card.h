#pragma once
#include <cuda_runtime.h>

#include <memory>

#include "cuda/linear/blas.h"
#include "cuda/card/side-copies.h"
#include "cuda/card/staging.h"
#include "cuda/workspace.h"

namespace hone::cuda {

class CudaCard : public Card {
 public:
  static Status open(int ordinal, std::unique_ptr<Card>& out);
  ~CudaCard() override;

  const CardFacts& facts() const override { return facts_; }
  CardCounters counters() const override { return counters_; }

  std::byte* reserve(std::int64_t& capacity) override;
  Status back(std::int64_t offset, std::int64_t bytes) override;
  void give_back(std::int64_t offset, std::int64_t bytes) override;
  std::int64_t workspace_bytes() const override { return workspace_->bytes(); }

  Status write(void* target, const void* source, std::int64_t bytes) override;
  Status read(void* target, const void* source, std::int64_t bytes) override;
  Status synchronise() override;

  Status take_pinned(std::int64_t bytes, void*& out) override;
  void free_pinned(void* memory) override;
  Status start_copy(const void* source, void* target, std::int64_t bytes, std::int64_t& ticket) override;
  Status await_copy(std::int64_t ticket) override;

  Status run(int op, const ArgValue* values) override;
  bool has_kernel(int op) const override;
  Status pack(const View& source, CardWeight& weight) override;
  Status unpack(const CardWeight& weight, float* out) override;

  Status begin_capture() override;
  Status end_capture(std::unique_ptr<CardGraph>& out) override;
  Status launch(const CardGraph& graph) override;

  Status make_group_id(GroupId& out) override;
  Status join_group(int rank, int size, const GroupId& id, std::unique_ptr<Group>& out) override;

 private:
  CudaCard() = default;
  // Makes this card that of the calling thread.
  Status enter();
  Status told_fault();

  CardFacts facts_;
  CardCounters counters_;
  Budget budget_;
  Stream stream_;
  Staging staging_;
  std::unique_ptr<AddressSpace> arena_;
  std::unique_ptr<GrowingWorkspace> workspace_;
  std::unique_ptr<Blas> blas_;
  SideCopies side_copies_;  // After the arena, so that it is destroyed, and with that awaited, before the memory that it copies goes.
  bool is_capturing_ = false;
  std::int64_t launches_before_capture_ = 0;
};

}  // namespace hone::cuda
