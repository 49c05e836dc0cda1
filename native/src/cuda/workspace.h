#pragma once
#include <memory>

#include "cuda/card/address-space.h"
#include "cuda/stream.h"

namespace hone::cuda {

class GrowingWorkspace : public Workspace {
 public:
  explicit GrowingWorkspace(std::unique_ptr<AddressSpace> space) : space_(std::move(space)) {}

  Status take(std::int64_t offset, std::int64_t bytes, void*& out) override {
    HONE_TRY(space_->back(offset, bytes));
    out = space_->base() + offset;
    return {};
  }
  std::int64_t bytes() const { return space_->backed_bytes(); }

 private:
  std::unique_ptr<AddressSpace> space_;
};

}  // namespace hone::cuda
