#pragma once
#include "core/ops-args.h"
#include "cuda/device/bf16.h"
#include "cuda/stream.h"

namespace hone::cuda {

// Which adapter serves which row of x, for lora-rows.cu: ranges of rows with an adapter each.
struct LoraParts {
  struct Part {
    const void* a = nullptr;  // [rank,K]
    const void* b = nullptr;  // [N,rank]
    bool is_a_f32 = false, is_b_f32 = false;
    int rank = 0;
    float scale = 0;
    std::int64_t begin = 0, end = 0;  // Its rows.
  };
  Part part[4];
  int count = 0;
};

// The same where every row names a slot, whose matrices lie flat on pages that a list names (ops.json, loraPagedForward).
struct LoraPages {
  const std::int32_t* slots = nullptr;   // [rows], below 0: no adapter.
  const void* a = nullptr;               // [page_count,elements]
  const void* b = nullptr;               // The same.
  const std::int32_t* pages = nullptr;   // [listed]
  const std::int32_t* places = nullptr;  // [slot_count,4]
  const float* scales = nullptr;         // [slot_count]
  std::int64_t slot_count = 0, page_count = 0, listed = 0, elements = 0;
  int shift = -1;  // elements = 1 << shift; -1 where it is no power of two.
  bool is_f32 = false;
};

struct LoraRows {
  LoraParts parts;
  LoraPages paged;          // In the place of parts where `slots` is given.
  const Bf16* x = nullptr;  // [rows,depth]
  Bf16* y = nullptr;        // [rows,columns]
  Bf16* xa = nullptr;       // [rows,rank_max]
  std::int64_t rows = 0, depth = 0, columns = 0;
  int rank_max = 0;  // No rank is larger; shapes alone decide a launch.
};

// xa = x Aᵀ, y += scale xa Bᵀ, each row with its own adapter: two launches whose parameters depend on shapes alone. A row's bits
// do not depend on the other rows.
Status lora_rows(Stream& stream, const LoraRows& work);

// Up to how many rows loraForward has one adapter's update from lora_rows; for more, from cuBLASLt.
inline constexpr std::int64_t kLoraFewRows = 64;

// lora-decode.cu
Status lora_forward_few(Stream& stream, const LoraForwardArgs& args);

}  // namespace hone::cuda
