// The C surface end to end: arguments are checked before a kernel sees them, and the null device computes nothing.
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "harness/check.h"
#include "hone/hone.h"
#include "null/null-device.h"

namespace {

constexpr int kF32 = 0, kI32 = 3;

hone_handle tensor(int device, int dtype, std::vector<std::int64_t> dims) {
  dims.resize(4, -1);
  hone_handle handle = 0;
  CHECK(hone_tensor_alloc(device, dtype, dims.data(), &handle) == 0);
  return handle;
}

bool error_says(const char* part) { return std::strstr(hone_last_error(), part) != nullptr; }

int invoke(int op, const std::vector<double>& args) { return hone_invoke(op, args.data(), static_cast<int>(args.size())); }

void refuses_wrong_arguments_with_a_sentence() {
  const hone_handle x = tensor(0, kF32, {3, 8}), weight = tensor(0, kF32, {7}), rstd = tensor(0, kF32, {3});
  const auto h = [](hone_handle handle) { return static_cast<double>(handle); };
  CHECK(invoke(HONE_OP_RMS_NORM_FORWARD, {h(x), h(weight), h(x), h(rstd), 1e-5, 0}) == 1);
  CHECK(error_says("expected shape [d] with T=3, d=8 for weight but received f32 [7]"));
  CHECK(invoke(HONE_OP_RMS_NORM_FORWARD, {h(x), h(weight)}) == 1);
  CHECK(error_says("expected 6 arguments but received 2"));
  CHECK(invoke(HONE_OP_RMS_NORM_FORWARD, {h(x), 0, h(x), h(rstd), 1e-5, 0}) == 2);
  CHECK(error_says("expected a tensor for weight"));
  CHECK(invoke(HONE_OP_RMS_NORM_FORWARD, {h(x), 1e12, h(x), h(rstd), 1e-5, 0}) == 2);
  CHECK(invoke(HONE_OP_RMS_NORM_FORWARD, {h(x) + 0.5, h(weight), h(x), h(rstd), 1e-5, 0}) == 2);
  CHECK(error_says("; fix: pass the number that tensorAlloc gave"));
  const std::int64_t holed[4] = {3, -1, 4, -1};
  hone_handle none = 0;
  CHECK(hone_tensor_alloc(0, kF32, holed, &none) == 1);
  CHECK(error_says("expected dimensions from 0 to 2^48 but received -1"));
  CHECK(invoke(-1, {}) == 1);
  CHECK(invoke(HONE_OP_COUNT, {}) == 1);
  for (const hone_handle handle : {x, weight, rstd}) CHECK(hone_tensor_free(handle) == 0);
}

void refuses_an_index_outside_its_table() {
  const hone_handle ids = tensor(0, kI32, {2}), table = tensor(0, kF32, {4, 3}), y = tensor(0, kF32, {2, 3});
  const std::int32_t wrong[2] = {1, 4};
  CHECK(hone_tensor_write(ids, 0, wrong, kI32, 2) == 0);
  const std::vector<double> args = {static_cast<double>(ids), static_cast<double>(table), static_cast<double>(y)};
  CHECK(invoke(HONE_OP_EMBEDDING_FORWARD, args) == 1);
  CHECK(error_says("expected values from 0 and below 4 for ids but received 4 at 1"));
  for (const hone_handle handle : {ids, table, y}) CHECK(hone_tensor_free(handle) == 0);
}

void refuses_data_of_another_kind_or_size() {
  const hone_handle x = tensor(0, kF32, {4});
  const float data[5] = {1, 2, 3, 4, 5};
  CHECK(hone_tensor_write(x, 0, data, kI32, 4) == 1);
  CHECK(hone_tensor_write(x, 0, data, kF32, 5) == 1);
  CHECK(hone_tensor_write(x, 2, data, kF32, 3) == 1);
  CHECK(hone_tensor_write(x, -1, data, kF32, 1) == 1);
  CHECK(hone_tensor_write(x, 4, data, kF32, 0) == 0);
  CHECK(hone_tensor_free(x) == 0);
}

void counts_on_the_null_device_without_computing() {
  const hone_handle x = tensor(HONE_DEVICE_NULL, kF32, {1 << 20, 1 << 10}), y = tensor(HONE_DEVICE_NULL, kF32, {1 << 20, 1 << 10});
  const std::int64_t before = hone::null_device::ops_run();
  CHECK(invoke(HONE_OP_TENSOR_ADD, {static_cast<double>(x), static_cast<double>(x), static_cast<double>(y)}) == 0);
  CHECK(hone::null_device::ops_run() == before + 1);
  hone_memory stats;
  hone_memory_stats(HONE_DEVICE_NULL, &stats);
  CHECK(stats.live_bytes == std::int64_t{1} << 33);
  CHECK(stats.live_tensors == 2);
  float seen[2] = {5, 5};
  CHECK(hone_tensor_read(x, 0, seen, kF32, 2) == 0);
  CHECK(seen[0] == 0 && seen[1] == 0);
  const hone_handle wrong = tensor(HONE_DEVICE_NULL, kF32, {3});
  CHECK(invoke(HONE_OP_TENSOR_ADD, {static_cast<double>(x), static_cast<double>(wrong), static_cast<double>(y)}) == 1);
  const hone_handle real = tensor(HONE_DEVICE_CPU, kF32, {3});
  CHECK(invoke(HONE_OP_TENSOR_ADD, {static_cast<double>(real), static_cast<double>(wrong), static_cast<double>(real)}) == 1);
  CHECK(error_says("on one device"));
  for (const hone_handle handle : {x, y, wrong, real}) CHECK(hone_tensor_free(handle) == 0);
}

void counts_a_packed_weight_alike_on_both_devices() {
  std::int64_t bytes[2];
  for (const int device : {HONE_DEVICE_CPU, HONE_DEVICE_NULL}) {
    const hone_handle plain = tensor(device, kF32, {96, 128});
    const std::vector<float> zeros(96 * 128, 0.5f);
    CHECK(hone_tensor_write(plain, 0, zeros.data(), kF32, 96 * 128) == 0);
    for (const int format : {5, 6, 7}) {
      hone_handle packed = 0;
      hone_memory before, after;
      hone_memory_stats(device, &before);
      CHECK(hone_pack_weight(plain, format, &packed) == 0);
      hone_memory_stats(device, &after);
      CHECK(after.live_bytes > before.live_bytes);
      bytes[device] = after.live_bytes - before.live_bytes;
      CHECK(device == HONE_DEVICE_CPU || format != 7 || bytes[0] == bytes[1]);
      CHECK(hone_tensor_free(packed) == 0);
    }
    CHECK(hone_tensor_free(plain) == 0);
  }
}

void runs_a_recorded_list() {
  const hone_handle x = tensor(0, kF32, {2});
  const double h = x;
  const std::vector<double> commands = {HONE_OP_TENSOR_FILL, h, 3, HONE_OP_TENSOR_SCALE, h, 2, HONE_OP_TENSOR_ADD, h, h, h};
  int failed = -1, plan = 0;
  CHECK(hone_plan_record(commands.data(), static_cast<std::int64_t>(commands.size()), 0, 0, &plan, &failed) == 0);
  for (int round = 0; round < 2; ++round) CHECK(hone_plan_run(plan, nullptr, 0, nullptr, 0, &failed) == 0);
  float seen[2];
  CHECK(hone_tensor_read(x, 0, seen, kF32, 2) == 0);
  CHECK(seen[0] == 12 && seen[1] == 12);
  const std::vector<double> cut = {HONE_OP_TENSOR_FILL, h};
  int other = 0;
  CHECK(hone_plan_record(cut.data(), 2, 0, 0, &other, &failed) == 1);
  CHECK(failed == HONE_OP_TENSOR_FILL);
  hone_memory before, after;
  hone_memory_stats(0, &before);
  CHECK(hone_tensor_free(x) == 0);
  hone_memory_stats(0, &after);
  CHECK(after.live_bytes == before.live_bytes);  // The plan still needs it.
  CHECK(hone_plan_run(plan, nullptr, 0, nullptr, 0, &failed) == 0);
  CHECK(hone_plan_free(plan) == 0);
  hone_memory_stats(0, &after);
  CHECK(after.live_bytes < before.live_bytes);
  CHECK(hone_plan_run(plan, nullptr, 0, nullptr, 0, &failed) == 2);
  CHECK(hone_plan_free(plan) == 2);
}

void checks_the_numbers_of_every_run() {
  const hone_handle x = tensor(0, kF32, {3, 1}), index = tensor(0, kI32, {2}), y = tensor(0, kF32, {2, 1});
  const float values[3] = {1, 2, 3};
  CHECK(hone_tensor_write(x, 0, values, kF32, 3) == 0);
  const std::vector<double> commands = {HONE_OP_GATHER_ROWS, static_cast<double>(x), static_cast<double>(index), static_cast<double>(y)};
  int failed = -1, plan = 0;
  CHECK(hone_plan_record(commands.data(), static_cast<std::int64_t>(commands.size()), index, index, &plan, &failed) == 0);
  const std::int32_t good[2] = {2, 0}, bad[2] = {2, 3};
  std::int32_t back[2] = {0, 0};
  CHECK(hone_plan_run(plan, good, 2, back, 2, &failed) == 0);
  float seen[2];
  CHECK(hone_tensor_read(y, 0, seen, kF32, 2) == 0);
  CHECK(seen[0] == 3 && seen[1] == 1 && back[0] == 2 && back[1] == 0);
  CHECK(hone_plan_run(plan, bad, 2, back, 2, &failed) == 1);
  CHECK(failed == HONE_OP_GATHER_ROWS);
  CHECK(hone_plan_run(plan, good, 3, back, 2, &failed) == 1);
  CHECK(hone_plan_free(plan) == 0);
  for (const hone_handle handle : {x, index, y}) CHECK(hone_tensor_free(handle) == 0);
}

void starts_once() {
  hone_info info;
  CHECK(hone_init(1, "plain", &info) == 0);
  CHECK(info.threads == 2);
  CHECK(std::strlen(hone_kernel_name(HONE_OP_SAMPLE)) > 0);
  CHECK(std::strcmp(hone_kernel_name(-1), "") == 0);
}

}  // namespace

int main() {
  hone_info info;
  hone_memory stats;
  hone_handle handle = 0;
  const std::int64_t dims[4] = {1, -1, -1, -1};
  CHECK(hone_tensor_alloc(0, 0, dims, &handle) == 5);
  CHECK(hone_init(2, "sse9", &info) == 1);
  for (const char* wrong : {"abc", "0", "-1", "1.5", "9999"}) {
    setenv("HONE_THREADS", wrong, 1);
    CHECK(hone_init(0, "", &info) == 1);
  }
  unsetenv("HONE_THREADS");
  CHECK(hone_init(2, "", &info) == 0);
  starts_once();
  refuses_wrong_arguments_with_a_sentence();
  refuses_an_index_outside_its_table();
  refuses_data_of_another_kind_or_size();
  counts_on_the_null_device_without_computing();
  counts_a_packed_weight_alike_on_both_devices();
  runs_a_recorded_list();
  checks_the_numbers_of_every_run();
  hone_memory_stats(HONE_DEVICE_CPU, &stats);
  CHECK(stats.live_bytes == 0 && stats.live_tensors == 0);
  return hone::test::failures;
}
