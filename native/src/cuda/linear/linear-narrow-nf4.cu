// NF4: 8 bytes of codes give a lane its 16 values by a table from a byte to a pair of bf16, which stands in shared memory once
// for every lane so that 32 lanes read 32 banks: two weights for each lane and cycle, 1.6 times what the memory of an H200 brings.
// A chunk is a block of bitsandbytes, whose scale multiplies its sum in f32; scales that were quantized twice are decoded here.
// One row of x takes 144 instructions of a warp for 16 rows of a chunk, 512 bytes (counted in the code of sm_90a): at four a cycle
// they let 3.3 TB/s through on an H200, 77 % of what it copies. With 122 registers two blocks stay on a multiprocessor.
#include "core/nf4-codec.h"
#include "cuda/device/rounded.h"
#include "cuda/linear/linear-narrow-kernel.h"

namespace hone::cuda {
namespace {

static_assert(narrow::kChunk == kNf4Block);

struct Nf4 {
  struct Tables {
    float codes[16];
    float scales[256];
  };
  struct Raw {
    uint2 codes;
    std::uint32_t absmax;  // The code of the scale, or the bits of a plain one.
  };
  // In shared memory: pairs[byte][lane], scales[code].
  static constexpr int kPairs = 256 * 32;
  static constexpr std::size_t kTableBytes = (kPairs + 256) * sizeof(float);
  static constexpr int kAhead = 8;
  static constexpr int kRowSets = 4;
  static constexpr int kUnit = kNf4Block;
  static constexpr bool kScaled = true;

  __device__ static void fill(const Tables& tables) {
    static_assert(narrow::kThreads == 256);
    std::uint32_t* pairs = dynamic_shared<std::uint32_t>();
    const int byte = threadIdx.x;
    const std::uint32_t entry = pack_bf16(tables.codes[byte >> 4], tables.codes[byte & 15]);
    // Turned by the thread's number, so that the lanes of a warp write to different banks.
    for (int i = 0; i < 32; ++i) pairs[byte * 32 + (i + byte) % 32] = entry;
    dynamic_shared<float>()[kPairs + byte] = tables.scales[byte];
  }
  __device__ static Raw load(const CardWeight& weight, int base, int chunk, int pair) {
    const int block = base + chunk;
    Raw raw;
    raw.codes = __ldg(reinterpret_cast<const uint2*>(weight.codes) + static_cast<std::int64_t>(block) * 4 + pair);
    raw.absmax = weight.absmax_codes != nullptr ? __ldg(weight.absmax_codes + block) : __float_as_uint(__ldg(weight.absmax + block));
    return raw;
  }
  // A byte of codes becomes its offset in the table, 128 bytes an entry, by a shift and a mask that joins the lane's four bytes: with the
  // load three instructions for two weights. What they are for one chunk is what bounds the kernel at one row.
  __device__ static void unpack(const Raw& raw, std::uint32_t (&out)[8]) {
    const unsigned char* pairs = dynamic_shared<unsigned char>();
    const std::uint32_t lane = threadIdx.x % 32 * 4;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const std::uint32_t word = i < 4 ? raw.codes.x : raw.codes.y;
      const std::uint32_t turned = i % 4 == 0 ? word << 7 : word >> (i % 4 * 8 - 7);
      out[i] = *reinterpret_cast<const std::uint32_t*>(pairs + ((turned & 0x7f80u) | lane));
    }
  }
  // What the scales of one weight have in common.
  struct Scales {
    const float* nested;  // Null where they are plain.
    float offset;
  };
  __device__ static Scales scales_of(const CardWeight& weight) {
    if (weight.absmax_codes == nullptr) return {nullptr, 0.0f};
    return {weight.nested_absmax, __ldg(weight.offset)};
  }
  // Of block base + chunk. 16384 weights share a nested scale, which is in the first cache by then.
  __device__ static float scale(const Scales& scales, const Raw& raw, int block) {
    if (scales.nested == nullptr) return __uint_as_float(raw.absmax);
    const float nested = __ldg(scales.nested + static_cast<unsigned>(block) / kNf4NestedBlock);
    // bitsandbytes rounds the product before it adds the mean.
    return rounded_sum(rounded_product(dynamic_shared<float>()[kPairs + raw.absmax], nested), scales.offset);
  }
  __device__ static float chunk_scale(const CardWeight& weight, std::int64_t row, std::int64_t chunk) {
    const int block = static_cast<int>(row * weight.columns / kUnit + chunk);
    return scale(scales_of(weight), load(weight, block, 0, 0), block);
  }
  __device__ static float row_scale(const CardWeight&, std::int64_t) { return 1.0f; }
  __device__ static std::uint32_t value(const CardWeight& weight, std::int64_t row, std::int64_t k) {
    const std::uint32_t both = dynamic_shared<std::uint32_t>()[weight.codes[(row * weight.columns + k) / 2] * 32];
    return k % 2 == 0 ? both & 0xffffu : both >> 16;
  }
};

}  // namespace

Status linear_narrow_nf4(Stream& stream, const NarrowProduct& product) {
  Nf4::Tables tables;
  for (int i = 0; i < 16; ++i) tables.codes[i] = kNf4Code[i];
  for (int i = 0; i < 256; ++i) tables.scales[i] = dynamic_map()[i];
  const auto codes_of = [](const CardWeight& each) { return each.codes; };
  return narrow::run<Nf4>(stream, product, codes_of, product.parts[0].weight.columns / 2, tables);
}

}  // namespace hone::cuda
