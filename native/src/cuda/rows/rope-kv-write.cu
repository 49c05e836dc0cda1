// One launch a layer in the place of three: the queries and keys of a step are turned, and keys and values go to their pages.
// Bound by memory, and in decode by the launch itself: 4 bytes an element of q, 6 of k and 4 of v where pages are bf16.
#include "core/ops-args.h"
#include "cuda/device/shared-memory.h"
#include "cuda/launch.h"
#include "cuda/rows/rotary.h"

namespace hone::cuda {
namespace {

constexpr int kThreads = 256, kInFlight = 2;

struct RopeKvWrite {
  Bf16 *q, *k;
  const Bf16* v;
  const std::int32_t* slots;
  void *k_cache, *v_cache;
  Rotary rotary;
  std::int64_t slot_count;
  int heads, kv_heads, width, page;
  Fault* fault;
};

// A task of a token turns a pair of runs of a head of q or of k, or carries a run of v, or of what k has beyond its turned part.
enum class Kind { query, key, rest, value, none };

struct Task {
  Kind kind = Kind::none;
  int head = 0, column = 0;
  Bf16* from = nullptr;
};

template <int kWidth>
__device__ Task task_of(const RopeKvWrite& a, std::int64_t token, int index) {
  const int pairs = a.rotary.half / kWidth, all = a.width / kWidth, rest = all - 2 * pairs;
  Task out;
  int runs = pairs;
  if (index < a.heads * pairs) {
    out.kind = Kind::query;
  } else if ((index -= a.heads * pairs) < a.kv_heads * pairs) {
    out.kind = Kind::key;
  } else if ((index -= a.kv_heads * pairs) < a.kv_heads * all) {
    out.kind = Kind::value;
    runs = all;
  } else if ((index -= a.kv_heads * all) < a.kv_heads * rest) {
    out.kind = Kind::rest;
    runs = rest;
  } else {
    return out;
  }
  out.head = index / runs;
  out.column = (index - out.head * runs) * kWidth + (out.kind == Kind::rest ? 2 * a.rotary.half : 0);
  const std::int64_t row = token * (out.kind == Kind::query ? a.heads : a.kv_heads) + out.head;
  const Bf16* tensor = out.kind == Kind::query ? a.q : out.kind == Kind::value ? a.v : a.k;
  out.from = const_cast<Bf16*>(tensor) + row * a.width + out.column;
  return out;
}

template <class Cache, int kWidth>
__device__ void write_page(void* cache, std::int64_t at, const Values<Bf16, kWidth>& values) {
  float wide[kWidth];
#pragma unroll
  for (int i = 0; i < kWidth; ++i) wide[i] = to_f32(values.at[i]);
  store_values(static_cast<Cache*>(cache) + at, round_values<Cache>(wide));
}

// A block takes one token. A key or value of a token with a wrong slot goes nowhere.
template <class Cache, int kWidth>
__global__ void __launch_bounds__(kThreads) rope_kv_write_kernel(const RopeKvWrite a, const int tasks) {
  float* cosines = dynamic_shared<float>();
  float* sines = cosines + a.rotary.half;
  const std::int64_t token = blockIdx.x;
  const std::int32_t slot = a.slots[token];
  const bool turns = a.rotary.positions[token] >= 0, has_slot = slot >= 0 && slot < a.slot_count;
  if (threadIdx.x == 0 && slot >= a.slot_count) {
    report(a.fault, static_cast<int>(Op::kRopeKvWrite), kRopeKvWriteSlots, token, slot, a.slot_count);
  }
  for (int base = 0; base < tasks; base += kThreads * kInFlight) {
    Task own[kInFlight];
    Values<Bf16, kWidth> low[kInFlight] = {}, high[kInFlight] = {};
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) {
      own[i] = task_of<kWidth>(a, token, base + i * kThreads + static_cast<int>(threadIdx.x));
      if (own[i].kind == Kind::none) continue;
      low[i] = load_values<kWidth>(own[i].from);
      if (own[i].kind <= Kind::key) high[i] = load_values<kWidth>(own[i].from + a.rotary.half);
    }
    if (base == 0) {
      fill_tables(a.rotary, token, 1, cosines, sines);
      __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) {
      const Kind kind = own[i].kind;
      if (kind == Kind::none) continue;
      if (kind <= Kind::key && turns) {
        rotate(low[i], high[i], cosines + own[i].column, sines + own[i].column);
        store_values(own[i].from, low[i]);
        store_values(own[i].from + a.rotary.half, high[i]);
      }
      if (kind == Kind::query || !has_slot) continue;
      const std::int64_t row = (static_cast<std::int64_t>(slot / a.page) * a.kv_heads + own[i].head) * a.page + slot % a.page;
      void* cache = kind == Kind::value ? a.v_cache : a.k_cache;
      write_page<Cache>(cache, row * a.width + own[i].column, low[i]);
      if (kind == Kind::key) write_page<Cache>(cache, row * a.width + own[i].column + a.rotary.half, high[i]);
    }
  }
}

}  // namespace

Status rope_kv_write(Stream& stream, const RopeKvWriteArgs& args) {
  RopeKvWrite a = {};
  a.q = args.q.data_as<Bf16>();
  a.k = args.k.data_as<Bf16>();
  a.v = args.v.data_as<Bf16>();
  a.slots = args.slots.data_as<std::int32_t>();
  a.k_cache = args.k_cache.data;
  a.v_cache = args.v_cache.data;
  a.rotary = {args.positions.data_as<std::int32_t>(),
              args.inv_freq.data_as<float>(),
              static_cast<int>(args.inv_freq.dim[0]),
              static_cast<float>(args.mscale),
              static_cast<float>(args.mscale),
              stream.fault,
              static_cast<int>(Op::kRopeKvWrite),
              kRopeKvWritePositions};
  a.heads = static_cast<int>(args.q.dim[1]);
  a.kv_heads = static_cast<int>(args.k.dim[1]);
  a.width = static_cast<int>(args.q.dim[2]);
  a.page = static_cast<int>(args.k_cache.dim[2]);
  a.slot_count = args.k_cache.dim[0] * args.k_cache.dim[2];
  a.fault = stream.fault;
  const int half = a.rotary.half;
  const bool is_aligned = are_aligned(a.q, a.k, a.v, args.k_cache.data_as<char>(), args.v_cache.data_as<char>()) &&
                          a.width % 8 == 0 && half % 8 == 0;
  const int run = is_aligned ? 8 : 1;
  const int tasks = (a.heads * half + a.kv_heads * (2 * a.width - half)) / run;
  const bool is_bf16 = args.k_cache.dtype == DType::bf16;
  void (*const kernel)(RopeKvWrite, int) = is_bf16 ? (is_aligned ? rope_kv_write_kernel<Bf16, 8> : rope_kv_write_kernel<Bf16, 1>)
                                                   : (is_aligned ? rope_kv_write_kernel<float, 8> : rope_kv_write_kernel<float, 1>);
  return launch(stream, "rope_kv_write", kernel, static_cast<unsigned>(args.q.dim[0]), kThreads,
                2 * sizeof(float) * static_cast<std::size_t>(half), a, tasks);
}

}  // namespace hone::cuda
