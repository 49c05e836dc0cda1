#pragma once
#include "core/ops-args.h"
#include "cuda/device/bf16.h"
#include "cuda/stream.h"

namespace hone::cuda {

// Which adapter serves which row of x, for lora-rows.cu: ranges of rows with an adapter each, or a slot for every row.
struct LoraAdapters {
  struct Part {
    const void* a = nullptr;  // [rank,K], or [slots,rank,K]
    const void* b = nullptr;  // [N,rank], or [slots,N,rank]
    bool is_a_f32 = false, is_b_f32 = false;
    int rank = 0;
    float scale = 0;
    std::int64_t begin = 0, end = 0;  // Its rows; unused where there are slots.
  };
  Part part[4];
  int parts = 0;
  const std::int32_t* slots = nullptr;  // [rows], below 0: no adapter; then part[0] holds all.
  const float* scales = nullptr;        // [slots]
  std::int64_t slot_count = 0;
};

struct LoraRows {
  LoraAdapters adapters;
  const Bf16* x = nullptr;  // [rows,depth]
  Bf16* y = nullptr;        // [rows,columns]
  Bf16* xa = nullptr;       // [rows,rank_max]
  std::int64_t rows = 0, depth = 0, columns = 0;
  int rank_max = 0;
};

// xa = x Aᵀ, y += scale xa Bᵀ, each row with its own adapter: two launches whose parameters depend on shapes alone. A row's bits
// do not depend on the other rows.
Status lora_rows(Stream& stream, const LoraRows& work);

// Up to how many rows loraForward has one adapter's update from lora_rows; for more, from cuBLASLt.
inline constexpr std::int64_t kLoraFewRows = 64;

// lora-decode.cu
Status lora_forward_few(Stream& stream, const LoraForwardArgs& args);

}  // namespace hone::cuda
