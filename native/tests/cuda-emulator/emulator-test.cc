// The emulator against what CUDA promises: who sees whose values, what a barrier that not all reach does, and what a kernel that
// reads too early gets.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/half.h"
#include "cuda/device/async-copy.h"
#include "cuda/device/reduce.h"
#include "cuda/device/shared-memory.h"
#include "cuda/device/tensor-unit.h"
#include "harness/check.h"

using namespace hone::cuda;

namespace {

template <class... Parameters, class... Arguments>
cudaError_t run(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes, Arguments... arguments) {
  cudaLaunchConfig_t config;
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  if (const cudaError_t error = cudaLaunchKernelEx(&config, kernel, arguments...); error != cudaSuccess) return error;
  return cudaStreamSynchronize(nullptr);
}

// Every test runs with threads and blocks in ascending order, then in some others.
template <class F>
void in_every_order(F&& test) {
  for (const char* seed : {"0", "1", "2", "3"}) {
    setenv("HONE_EMULATOR_SEED", seed, 1);
    test();
  }
  unsetenv("HONE_EMULATOR_SEED");
}

__global__ void write_index_kernel(int* out) {
  const int block = blockIdx.x + gridDim.x * blockIdx.y;
  out[(block * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x] = block * 1000 + threadIdx.y * 100 + threadIdx.x;
}

void runs_every_thread_of_every_block() {
  std::vector<int> out(2 * 3 * 4 * 5, -1);
  CHECK(run(write_index_kernel, dim3(2, 3), dim3(5, 4), 0, out.data()) == cudaSuccess);
  for (int i = 0; i < 120; ++i) CHECK(out[i] == i / 20 * 1000 + i / 5 % 4 * 100 + i % 5);
}

__global__ void shift_kernel(const float* in, float* out, bool has_barrier) {
  __shared__ float line[96];
  line[threadIdx.x] = in[blockIdx.x * 96 + threadIdx.x];
  if (has_barrier) __syncthreads();
  out[blockIdx.x * 96 + threadIdx.x] = line[(threadIdx.x + 1) % 96];
}

void shows_others_what_was_written_before_a_barrier() {
  std::vector<float> in(96 * 3), out(96 * 3);
  for (int i = 0; i < 96 * 3; ++i) in[i] = static_cast<float>(i);
  CHECK(run(shift_kernel, 3, 96, 0, in.data(), out.data(), true) == cudaSuccess);
  for (int i = 0; i < 96 * 3; ++i) CHECK(out[i] == static_cast<float>(i / 96 * 96 + (i + 1) % 96));
}

void gives_poison_to_who_reads_without_a_barrier() {
  std::vector<float> in(96 * 3, 1.0f), out(96 * 3);
  CHECK(run(shift_kernel, 3, 96, 0, in.data(), out.data(), false) == cudaSuccess);
  int poisoned = 0;
  for (const float value : out) poisoned += std::isnan(value) ? 1 : 0;
  CHECK(poisoned > 0);
}

__global__ void block_sum_kernel(const float* in, float* out) {
  __shared__ float lines[32];
  const int at = blockIdx.x * blockDim.x + threadIdx.x;
  const float sum = block_sum(in[at], lines), largest = block_max(in[at], lines);
  out[2 * at] = sum;
  out[2 * at + 1] = largest;
}

void reduces_over_a_block() {
  std::vector<float> in(160 * 2), out(160 * 4);
  for (int i = 0; i < 320; ++i) in[i] = static_cast<float>(i % 160 * (i < 160 ? 1 : 2));
  CHECK(run(block_sum_kernel, 2, 160, 0, in.data(), out.data()) == cudaSuccess);
  for (int i = 0; i < 320; ++i) CHECK(out[2 * i] == (i < 160 ? 12720.0f : 25440.0f) && out[2 * i + 1] == (i < 160 ? 159.0f : 318.0f));
}

__global__ void warp_kernel(int* out) {
  const int lane = threadIdx.x;
  out[lane] = __shfl_sync(kAllLanes, lane, 5);
  out[32 + lane] = __shfl_sync(kAllLanes, lane, 3, 8);
  out[64 + lane] = __shfl_up_sync(kAllLanes, lane, 2);
  out[96 + lane] = __shfl_down_sync(kAllLanes, lane, 2);
  out[128 + lane] = __shfl_xor_sync(kAllLanes, lane, 6);
  out[160 + lane] = static_cast<int>(__ballot_sync(kAllLanes, lane % 3 == 0));
  out[192 + lane] = __any_sync(kAllLanes, lane == 7) + 2 * __all_sync(kAllLanes, lane < 32) + 4 * __all_sync(kAllLanes, lane < 31);
  // Two halves of the warp that go different ways, each at its own pace.
  const unsigned half = lane < 16 ? 0xffffu : 0xffff0000u;
  for (int i = 0; i < (lane < 16 ? 1 : 3); ++i) out[224 + lane] = __shfl_xor_sync(half, lane + i, 1);
  out[256 + lane] = static_cast<int>(__reduce_add_sync(kAllLanes, lane));
  out[288 + lane] = static_cast<int>(__match_any_sync(kAllLanes, lane / 8));
}

void moves_values_between_lanes() {
  std::vector<int> out(320);
  CHECK(run(warp_kernel, 1, 32, 0, out.data()) == cudaSuccess);
  for (int lane = 0; lane < 32; ++lane) {
    CHECK(out[lane] == 5);
    CHECK(out[32 + lane] == lane / 8 * 8 + 3);
    CHECK(out[64 + lane] == (lane < 2 ? lane : lane - 2));
    CHECK(out[96 + lane] == (lane > 29 ? lane : lane + 2));
    CHECK(out[128 + lane] == (lane ^ 6));
    CHECK(out[160 + lane] == 0x49249249);
    CHECK(out[192 + lane] == 3);
    CHECK(out[224 + lane] == (lane ^ 1) + (lane < 16 ? 0 : 2));
    CHECK(out[256 + lane] == 496);
    CHECK(static_cast<unsigned>(out[288 + lane]) == 0xffu << (lane / 8 * 8));
  }
}

// a [16,16] row-major, b [16,8] row-major, both bf16; by hand as tensor-unit.h describes the layouts, and by ldmatrix.
__global__ void tensor_unit_kernel(const std::uint16_t* a, const std::uint16_t* b, float* by_hand, float* by_tiles) {
  const int lane = threadIdx.x, group = lane / 4, pair = lane % 4;
  const auto two = [](std::uint16_t low, std::uint16_t high) { return low | static_cast<std::uint32_t>(high) << 16; };
  const std::uint16_t* row = a + group * 16 + 2 * pair;
  const std::uint32_t left[4] = {two(row[0], row[1]), two(row[128], row[129]), two(row[8], row[9]), two(row[136], row[137])};
  const std::uint32_t right[2] = {two(b[2 * pair * 8 + group], b[(2 * pair + 1) * 8 + group]),
                                  two(b[(2 * pair + 8) * 8 + group], b[(2 * pair + 9) * 8 + group])};
  float d[4] = {1, 1, 1, 1};
  multiply_16x8x16(d, left, right);
  auto* shared = dynamic_shared<std::uint16_t>();
  for (int i = lane; i < 256; i += 32) shared[i] = a[i];
  for (int i = lane; i < 128; i += 32) shared[256 + i] = b[i];
  __syncwarp();
  std::uint32_t tiles[4], transposed[4];
  load_tiles(tiles, shared + (lane % 16) * 16 + lane / 16 * 8);
  load_tiles_transposed(transposed, shared + 256 + (lane % 16) * 8);
  float e[4] = {1, 1, 1, 1};
  const std::uint32_t loaded[2] = {transposed[0], transposed[1]};
  multiply_16x8x16(e, tiles, loaded);
  for (int i = 0; i < 4; ++i) {
    const int at = (group + i / 2 * 8) * 8 + 2 * pair + i % 2;
    by_hand[at] = d[i];
    by_tiles[at] = e[i];
  }
}

void multiplies_on_the_tensor_unit() {
  std::vector<std::uint16_t> a(256), b(128);
  for (int i = 0; i < 256; ++i) a[i] = hone::f32_to_bf16(static_cast<float>(i * 7 % 23 - 11));
  for (int i = 0; i < 128; ++i) b[i] = hone::f32_to_bf16(static_cast<float>(i * 5 % 17 - 8));
  std::vector<float> by_hand(128), by_tiles(128);
  CHECK(run(tensor_unit_kernel, 1, 32, 768, a.data(), b.data(), by_hand.data(), by_tiles.data()) == cudaSuccess);
  for (int m = 0; m < 16; ++m) {
    for (int n = 0; n < 8; ++n) {
      float sum = 1;
      for (int k = 0; k < 16; ++k) sum += hone::bf16_to_f32(a[m * 16 + k]) * hone::bf16_to_f32(b[k * 8 + n]);
      CHECK(by_hand[m * 8 + n] == sum);
      CHECK(by_tiles[m * 8 + n] == sum);
    }
  }
}

// Two groups in flight; the second is not waited for before its first read.
__global__ void late_copy_kernel(const float* in, float* out) {
  __shared__ __align__(16) float tile[2][4];
  copy_async(tile[0], in, true);
  commit_copies();
  copy_async(tile[1], in + 4, true);
  commit_copies();
  out[0] = tile[0][0];
  wait_copies<1>();
  out[1] = tile[0][0];
  out[2] = tile[1][0];
  wait_copies<0>();
  out[3] = tile[1][3];
  copy_async(tile[0], in, false);
  commit_copies();
  wait_copies<0>();
  out[4] = tile[0][1];
}

void copies_as_late_as_it_may() {
  alignas(16) float in[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  float out[5] = {};
  CHECK(run(late_copy_kernel, 1, 1, 0, static_cast<const float*>(in), out) == cudaSuccess);
  CHECK(std::isnan(out[0]) && out[1] == 1 && std::isnan(out[2]) && out[3] == 8 && out[4] == 0);
}

__global__ void split_barrier_kernel() {
  if (threadIdx.x < 40) __syncthreads();
}
__global__ void split_shuffle_kernel(int* out) {
  if (threadIdx.x < 31) out[0] = __shfl_sync(kAllLanes, 1, 0);
  __syncthreads();
}
__global__ void overrun_kernel() { dynamic_shared<unsigned char>()[100] = 1; }
__global__ void misaligned_copy_kernel(const float* in) { copy_async(dynamic_shared<float>(), in + 1, true); }

void says_what_is_wrong(cudaError_t error, const char* what) {
  CHECK(error == cudaErrorLaunchFailure);
  const std::string text = cudaGetErrorString(error);
  if (text.find(what) == std::string::npos) std::printf("received: %s\n", text.c_str());
  CHECK(text.find(what) != std::string::npos);
}

void finds_what_a_card_would_hang_or_fault_on() {
  alignas(16) float in[8] = {};
  int out = 0;
  says_what_is_wrong(run(split_barrier_kernel, 1, 64, 0), "of 64 threads 40 wait at __syncthreads, 24 have left the kernel");
  says_what_is_wrong(run(split_shuffle_kernel, 1, 32, 0, &out), "1 wait at __syncthreads, 31 wait at a shuffle");
  says_what_is_wrong(run(overrun_kernel, 1, 1, 100), "outside of its 100 bytes of dynamic shared memory");
  says_what_is_wrong(run(misaligned_copy_kernel, 1, 1, 64, static_cast<const float*>(in)), "multiples of 16");
  CHECK(run(overrun_kernel, 1, 1, 101) == cudaSuccess);
  CHECK(run(overrun_kernel, 1, 2048, 101) == cudaErrorInvalidConfiguration);
  const auto allow = [](int bytes) {
    return cudaFuncSetAttribute(reinterpret_cast<const void*>(overrun_kernel), cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  };
  CHECK(run(overrun_kernel, 1, 1, 64 * 1024) == cudaErrorInvalidConfiguration);
  CHECK(allow(64 * 1024) == cudaSuccess && run(overrun_kernel, 1, 1, 64 * 1024) == cudaSuccess);
  CHECK(allow(48 * 1024) == cudaSuccess && allow(1024 * 1024) == cudaErrorInvalidValue);
}

__global__ void add_kernel(int* value, int by) { atomicAdd(value, by); }

void repeats_a_graph() {
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  int value = 0;
  cudaLaunchConfig_t config;
  config.blockDim = 10;
  config.stream = stream;
  CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  CHECK(cudaMemsetAsync(&value, 0, sizeof(value), stream) == cudaSuccess);
  CHECK(cudaLaunchKernelEx(&config, add_kernel, &value, 3) == cudaSuccess);
  CHECK(cudaStreamSynchronize(stream) == cudaErrorStreamCaptureUnsupported);
  CHECK(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  CHECK(value == 0);
  CHECK(cudaGraphInstantiate(&exec, graph) == cudaSuccess);
  CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  for (int i = 0; i < 2; ++i) {
    CHECK(cudaGraphLaunch(exec, stream) == cudaSuccess && cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(value == 30);
  }
  CHECK(cudaGraphExecDestroy(exec) == cudaSuccess && cudaStreamDestroy(stream) == cudaSuccess);
}

// A buffer that is filled anew while the card has not read it yet.
void shows_a_pinned_buffer_that_is_used_too_early() {
  cudaStream_t stream;
  int *pinned, *card;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  CHECK(cudaHostAlloc(&pinned, sizeof(int), cudaHostAllocDefault) == cudaSuccess && cudaMalloc(&card, sizeof(int)) == cudaSuccess);
  setenv("HONE_EMULATOR_SEED", "1", 1);
  *pinned = 1;
  CHECK(cudaMemcpyAsync(card, pinned, sizeof(int), cudaMemcpyHostToDevice, stream) == cudaSuccess);
  *pinned = 2;
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(*card == 2);
  unsetenv("HONE_EMULATOR_SEED");
  CHECK(cudaFree(card) == cudaSuccess && cudaFreeHost(pinned) == cudaSuccess && cudaStreamDestroy(stream) == cudaSuccess);
}

}  // namespace

int main() {
  in_every_order(runs_every_thread_of_every_block);
  in_every_order(shows_others_what_was_written_before_a_barrier);
  in_every_order(gives_poison_to_who_reads_without_a_barrier);
  in_every_order(reduces_over_a_block);
  in_every_order(moves_values_between_lanes);
  in_every_order(multiplies_on_the_tensor_unit);
  in_every_order(copies_as_late_as_it_may);
  in_every_order(finds_what_a_card_would_hang_or_fault_on);
  in_every_order(repeats_a_graph);
  shows_a_pinned_buffer_that_is_used_too_early();
  return hone::test::failures;
}
