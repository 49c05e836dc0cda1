#pragma once
#include <stddef.h>
#include <stdint.h>

#include "hone/ops.h"

// The C surface of libhone_core: plain numbers and pointers, no exceptions, safe to call from several threads (calls are
// serialised; one op at a time uses the whole thread pool). Every function that returns int gives 0 on success or a
// hone::Code; hone_last_error then holds the sentence, per calling thread.

#if defined(_WIN32)
#define HONE_API __declspec(dllexport)
#else
#define HONE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t hone_handle;  // > 0; 0 stands for an absent optional tensor.

// The null devices compute nothing and count what a run on the processor, or on a GPU, would take. Pinned is host memory that the GPU
// copies from and to by itself.
enum hone_device {
  HONE_DEVICE_CPU = 0,
  HONE_DEVICE_NULL = 1,
  HONE_DEVICE_CUDA = 2,
  HONE_DEVICE_NULL_CUDA = 3,
  HONE_DEVICE_PINNED = 4,
};

typedef struct hone_info {
  int threads;
  const char* isa;
  const char* isas_available;  // Space-separated, weakest first.
} hone_info;

typedef struct hone_memory {
  int64_t live_bytes;
  int64_t peak_bytes;
  int64_t live_tensors;
  int64_t cached_bytes;     // Freed, kept for the next tensors.
  int64_t reserved_bytes;   // The most that was taken of the system, gaps between tensors included.
  int64_t workspace_bytes;  // Scratch of the kernels.
} hone_memory;

// The GPU and what serves it.
typedef struct hone_card {
  char name[128];
  int ordinal;
  int compute_capability;  // 90 for sm_90.
  int multiprocessors;
  int driver_version;   // 13020 for 13.2: the newest CUDA that the driver serves.
  int runtime_version;  // Of the toolkit that the library was built with.
  int64_t total_bytes;
  int64_t free_bytes;    // When it was opened.
  int64_t budget_bytes;  // What this process may take (HONE_CUDA_MEMORY).
} hone_card;

// Since the GPU was opened.
typedef struct hone_card_counters {
  int64_t launches;
  int64_t graph_launches;
  int64_t synchronisations;  // The host waited for the GPU.
  int64_t bytes_to_card;
  int64_t bytes_from_card;
} hone_card_counters;

// Room for the parts of an nf4 weight [N,K]: N K / 2 codes, N K / 64 codes of scales and one nested scale for 256 of them.
typedef struct hone_nf4_buffers {
  uint8_t* codes;
  uint8_t* absmax_codes;
  float* nested_absmax;
  float* offset;
} hone_nf4_buffers;

// The parts of an nf4 weight as bitsandbytes stores them: `absmax` (one per 64 weights), or the other three in its place.
typedef struct hone_nf4_parts {
  const uint8_t* codes;
  const uint8_t* absmax_codes;
  const float* nested_absmax;
  float offset;
  const float* absmax;
} hone_nf4_parts;

// Once per process; a later call changes nothing and reports what the first one set up. threads <= 0 and a null or empty
// isa mean: HONE_THREADS, HONE_ISA, else what the machine has.
HONE_API int hone_init(int threads, const char* isa, hone_info* info);

HONE_API const char* hone_last_error(void);
HONE_API const char* hone_op_name(int op);
HONE_API int hone_op_arg_count(int op);
// "avx512/rms_norm_forward": which kernel serves the op.
HONE_API const char* hone_kernel_name(int op);

// dims holds 4 numbers, -1 for unused. Memory is not cleared.
HONE_API int hone_tensor_alloc(int device, int dtype, const int64_t* dims, hone_handle* out);
HONE_API int hone_tensor_view(hone_handle tensor, int64_t element_offset, const int64_t* dims, hone_handle* out);
// The same memory as numbers of another plain dtype of the same size: f32 settings and i32 ids then travel in one copy.
HONE_API int hone_tensor_reinterpret(hone_handle tensor, int dtype, hone_handle* out);
HONE_API int hone_tensor_free(hone_handle tensor);
// The calling thread's number as an owner of handles, and the freeing of all that an ended thread left behind.
HONE_API int hone_thread_owner(void);
HONE_API int hone_release_owner(int owner);
HONE_API int hone_tensor_describe(hone_handle tensor, int* device, int* dtype, int* rank, int64_t* dims);
HONE_API int hone_tensor_write(hone_handle tensor, int64_t element_offset, const void* data, int dtype, int64_t count);
HONE_API int hone_tensor_read(hone_handle tensor, int64_t element_offset, void* data, int dtype, int64_t count);

// Opens the GPU if no call did so before, or says why there is none to use. `library` is the file to open it by; null means
// HONE_CUDA_LIBRARY, else libhone_cuda.so beside this library or in the build tree.
HONE_API int hone_card_open(const char* library, hone_card* out);
HONE_API int hone_card_counts(hone_card_counters* out);
// Waits for all that was queued, and tells what a kernel found wrong with the values of an index.
HONE_API int hone_card_synchronise(void);

// Copies between the cuda and the pinned device, beside what the GPU computes. A copy begins when all that was queued before it is
// done; ops that are queued after hone_copy_await wait for it, the host does not. Until then its source must stay, and nobody may
// use its target. Between other devices (counted ones) nothing is copied, and the ticket is 0.
HONE_API int hone_copy_start(hone_handle source, hone_handle target, int64_t* ticket);
HONE_API int hone_copy_await(int64_t ticket);

// The processes of a data-parallel run. On the cuda device they meet over NCCL: one makes the id of 128 bytes, and each joins with
// it and its rank. On the cpu device they are those that mpiexec started; rank, size and id are not looked at. A process is in one group.
HONE_API int hone_group_id(char* id);
HONE_API int hone_group_join(int device, int rank, int size, const char* id, int* joined_rank, int* joined_size);
// An f32 tensor of the group's device becomes the sum of those that all processes give, in place.
HONE_API int hone_group_all_reduce(hone_handle tensor);
HONE_API int hone_group_leave(void);

HONE_API void hone_memory_stats(int device, hone_memory* out);
HONE_API void hone_reset_peak(int device);
// Gives cached blocks and the workspace of the kernels back to the system.
HONE_API void hone_release_cache(void);

// 1 when no f32, bf16 or f16 number of these bytes is NaN or infinite; other dtypes have none. At any address. Where `rounded` is bf16, f32
// numbers that become infinite there count too.
HONE_API int hone_is_finite(const void* data, int dtype, int rounded, int64_t bytes);

HONE_API int hone_pack_weight(hone_handle source, int format, hone_handle* out);
// From codes and scales that somebody else made (hone/weights.h tells their layout). The null device reads nothing.
HONE_API int hone_pack_nf4_parts(int device, int64_t rows, int64_t columns, const hone_nf4_parts* parts, hone_handle* out);
HONE_API int hone_pack_int8_parts(int device, int64_t rows, int64_t columns, const int8_t* codes, const float* absmax,
                                  hone_handle* out);
HONE_API int hone_pack_int4_parts(int device, int64_t rows, int64_t columns, int group, const uint8_t* codes,
                                  const float* scales, const uint8_t* zeros, hone_handle* out);
HONE_API int hone_unpack_weight(hone_handle weight, hone_handle* out);
HONE_API int hone_weight_bytes(hone_handle weight, int64_t* out);
// The codes and double quantized scales that packing the [N,K] source as nf4 makes, as bitsandbytes stores them.
HONE_API int hone_quantize_nf4(hone_handle source, const hone_nf4_buffers* out);

// The arguments of an op in the order of ops.json, handles and attributes alike as numbers.
HONE_API int hone_invoke(int op, const double* args, int count);
// A recorded list, op number, then its arguments, over and over: looked up and checked once, run as often as wanted. input and
// output (i32, or 0) are where the numbers of a run go before it and come from after it. The plan keeps its tensors' memory.
HONE_API int hone_plan_record(const double* commands, int64_t count, hone_handle input, hone_handle output, int* plan,
                              int* failed_op);
// Stops at the first failure.
HONE_API int hone_plan_run(int plan, const int32_t* values, int64_t value_count, int32_t* results, int64_t result_count,
                           int* failed_op);
HONE_API int hone_plan_free(int plan);

#ifdef __cplusplus
}
#endif
