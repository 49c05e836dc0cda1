#include "cuda/device/warpgroup-unit.h"

#include <cstring>
#include <vector>

#include "core/half.h"
#include "emulator/warp.h"
#include "src/block.h"

namespace hone_emulator {
namespace {

struct Registers {
  std::uint32_t of[4];
};

// The value at an offset from the start of an operand, before the lines of 16 bytes are swizzled by the row they are in.
float value_at(std::uint64_t operand, std::uint32_t offset) {
  std::uint32_t address = static_cast<std::uint32_t>(operand & 0x3fff) * 16 + offset;
  address ^= (address >> 7 & 7) << 4;
  std::uint16_t bits;
  std::memcpy(&bits, hone::cuda::dynamic_shared<unsigned char>() + address, sizeof(bits));
  return hone::bf16_to_f32(bits);
}

std::uint32_t stride_bytes(std::uint64_t operand) { return static_cast<std::uint32_t>(operand >> 32 & 0x3fff) * 16; }
std::uint32_t leading_bytes(std::uint64_t operand) { return static_cast<std::uint32_t>(operand >> 16 & 0x3fff) * 16; }

// Depth along the rows of 128 bytes.
float along(std::uint64_t operand, int row, int k) { return value_at(operand, row / 8 * stride_bytes(operand) + row % 8 * 128 + k * 2); }

// Depth from row to row; a row has blocks of 64 values.
float across(std::uint64_t operand, int k, int column) {
  return value_at(operand, column / 64 * leading_bytes(operand) + k / 8 * stride_bytes(operand) + k % 8 * 128 + column % 64 * 2);
}

void make(LateProduct& product) {
  if (product.has_registers) {
    if (std::memcmp(product.registers, product.held, sizeof(product.held)) != 0) {
      fail_kernel("wgmma: its left operand in registers was written to before the product was waited for");
    }
  } else {
    for (int half = 0; half < 2; ++half) {
      for (int k = 0; k < 16; ++k) product.left[half][k] = along(product.a, product.row + 8 * half, k);
    }
  }
  for (int i = 0; i < product.tiles * 4; ++i) {
    const int column = i / 4 * 8 + product.column + i % 2;
    float sum = product.is_added ? product.d[i] : 0.0f;
    for (int k = 0; k < 16; ++k) {
      const float right = product.is_across ? across(product.b, k, column) : along(product.b, column, k);
      sum += product.left[i % 4 / 2][k] * right;
    }
    product.d[i] = sum;
  }
}

}  // namespace

// Without it no product sees what the thread copied, whatever barrier it comes to afterwards.
void publish_to_products() {
  Thread& me = the_block().current();
  if (me.has_unpublished) --the_block().unpublished;
  me.has_unpublished = false;
}

void queue_product(float* d, int tiles, const std::uint32_t* a_registers, std::uint64_t a, std::uint64_t b, bool is_across, bool is_added) {
  Thread& thread = the_block().current();
  const int lane = thread.lane();
  if (the_block().unpublished > 0) {
    fail_kernel("wgmma: %d threads have copied to shared memory and not published it", the_block().unpublished);
  }
  if (!thread.has_begun) fail_kernel("wgmma: expected begin_products since the last wait_products, after which registers may be touched");
  for (const std::uint64_t operand : {a, b}) {
    if (operand == 0 || operand >> 62 == 1) continue;
    fail_kernel("wgmma: expected an operand with a swizzle of 128 bytes but received %llx", static_cast<unsigned long long>(operand));
  }
  LateProduct product = {d, tiles, thread.warp() % 4 * 16 + lane / 4, lane % 4 * 2,
                         a_registers != nullptr, is_across, is_added, a, b, {}, thread.product_groups, a_registers, {}};
  if (a_registers != nullptr) std::memcpy(product.held, a_registers, sizeof(product.held));
  const Slots& slots = meet_warp(0xffffffffu, product.held, sizeof(product.held), "wgmma");
  if (slots.present != 0xffffffffu) fail_kernel("wgmma needs all 32 lanes of its warp but %08x are there", slots.present);
  if (a_registers != nullptr) {
    for (int half = 0; half < 2; ++half) {
      for (int k = 0; k < 16; ++k) {
        const std::uint32_t both = slots.of<Registers>(lane / 4 * 4 + k % 8 / 2).of[half + k / 8 * 2];
        product.left[half][k] = hone::bf16_to_f32(static_cast<std::uint16_t>(both >> (16 * (k % 2))));
      }
    }
  }
  thread.products.push_back(product);
}

void begin_products() { the_block().current().has_begun = true; }

void commit_products() { ++the_block().current().product_groups; }

void wait_products(int left) {
  Thread& thread = the_block().current();
  thread.has_begun = false;
  std::size_t made = 0;
  while (made < thread.products.size() && thread.products[made].group < thread.product_groups - left) make(thread.products[made++]);
  thread.products.erase(thread.products.begin(), thread.products.begin() + static_cast<std::ptrdiff_t>(made));
}

}  // namespace hone_emulator
