// cuBLASLt by dlopen: a machine without it still loads this library. cuBLASLt is column-major, so that a row-major product
// c = op(a) op(b) is asked for as c' = op(b)' op(a)', where a row-major matrix already is its own transpose.
#include <cublasLt.h>
#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "cuda/linear/blas.h"
#include "cuda/linear/expert-product.h"
#include "cuda/launch.h"

namespace hone::cuda {
namespace {

// The functions that are used. Their signatures are the same in the versions of kLibraries.
struct Library {
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtDestroy) destroy = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;
  decltype(&cublasLtMatmulDescCreate) desc_create = nullptr;
  decltype(&cublasLtMatmulDescDestroy) desc_destroy = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) layout_create = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic = nullptr;
  decltype(&cublasLtGetVersion) version = nullptr;
};

// Newest first. Loaders look along LD_LIBRARY_PATH, which is where the packages of PyPI have to be named.
constexpr const char* kLibraries[] = {"libcublasLt.so.13", "libcublasLt.so.12", "/usr/local/cuda/lib64/libcublasLt.so.13",
                                      "/usr/local/cuda/lib64/libcublasLt.so.12"};

template <class Function>
bool find(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name));
  return out != nullptr;
}

bool find_all(void* from, Library& out) {
  return find(from, "cublasLtCreate", out.create) && find(from, "cublasLtDestroy", out.destroy) &&
         find(from, "cublasLtMatmul", out.matmul) && find(from, "cublasLtMatmulDescCreate", out.desc_create) &&
         find(from, "cublasLtMatmulDescDestroy", out.desc_destroy) &&
         find(from, "cublasLtMatmulDescSetAttribute", out.desc_set) &&
         find(from, "cublasLtMatrixLayoutCreate", out.layout_create) &&
         find(from, "cublasLtMatrixLayoutDestroy", out.layout_destroy) &&
         find(from, "cublasLtMatmulPreferenceCreate", out.preference_create) &&
         find(from, "cublasLtMatmulPreferenceDestroy", out.preference_destroy) &&
         find(from, "cublasLtMatmulPreferenceSetAttribute", out.preference_set) &&
         find(from, "cublasLtMatmulAlgoGetHeuristic", out.heuristic) && find(from, "cublasLtGetVersion", out.version);
}

// The library is never closed: the driver keeps what it loaded of it.
Status open_library(Library& out) {
  std::vector<std::string> names(std::begin(kLibraries), std::end(kLibraries));
  if (const char* path = std::getenv("HONE_CUBLASLT"); path != nullptr && *path != '\0') names = {path};
  std::string attempts;
  for (const std::string& name : names) {
    void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr && find_all(library, out)) return {};
    const char* reason = library == nullptr ? dlerror() : "it lacks functions of cuBLASLt 12 and later";
    attempts += (attempts.empty() ? "" : "; ") + name + ": " + (reason == nullptr ? "unknown" : reason);
  }
  return unsupported("[cublasLt] expected cuBLASLt 12 or 13 but received: " + attempts +
                     "; fix: install the CUDA toolkit, or the package nvidia-cublas of PyPI with its lib folder on LD_LIBRARY_PATH "
                     "or HONE_CUBLASLT set to its libcublasLt.so.13");
}

Status blas_status(cublasStatus_t status, const char* doing) {
  if (status == CUBLAS_STATUS_SUCCESS) return {};
  return {Code::internal, std::string("[cublasLt] expected ") + doing + " to succeed but received cublasStatus " +
                              std::to_string(static_cast<int>(status)) + "; fix: report the shapes of the op that failed"};
}

cudaDataType_t type_of(DType dtype) { return dtype == DType::f32 ? CUDA_R_32F : CUDA_R_16BF; }

// The largest power of two, at most 256, that divides an address.
std::uint32_t alignment_of(const void* data) {
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  std::uint32_t alignment = 256;
  while (address % alignment != 0) alignment /= 2;
  return alignment;
}

// All that an algorithm was chosen for: m, n, k, the three strides, alignments and dtypes, the transposes.
using Key = std::array<std::int64_t, 14>;

// Whether cuBLASLt has algorithms of the tensor unit for such a product: for all of them the strides and the addresses must be
// multiples of 16 bytes (cuBLAS, "Tensor Core Usage"). Older ones, and those of some GPUs, have none at all for other bf16 products.
bool is_regular(const Key& key) {
  for (const int stride : {3, 4, 5}) {
    if (key[stride] % 8 != 0) return false;
  }
  return key[6] % 16 == 0 && key[7] % 16 == 0 && key[8] % 16 == 0;
}

// What cuBLASLt has no algorithm for, by the kernel of the experts.
Status own_product(Stream& stream, const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, float alpha, float beta,
                   const Matrix& c) {
  ExpertProduct product;
  product.a = {a.data, a.stride, 0};
  product.b = {b.data, b.stride, 0};
  product.c = {c.data, c.stride, 0};
  product.transpose_a = transpose_a;
  product.transpose_b = transpose_b;
  product.is_c_f32 = c.dtype == DType::f32;
  product.accumulate = beta == 1.0f;
  product.alpha = alpha;
  product.m = product.range.rows = c.rows;
  product.n = c.columns;
  product.k = transpose_a ? a.rows : a.columns;
  return expert_product(stream, product);
}

bool has_own_product(const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, float beta) {
  return a.dtype == DType::bf16 && b.dtype == DType::bf16 && !(transpose_a && transpose_b) && (beta == 0.0f || beta == 1.0f);
}

// c = beta c, where nothing is added.
Status without_depth(Stream& stream, float beta, const Matrix& c) {
  if (beta == 1.0f) return {};
  if (beta != 0.0f) return {Code::internal, "[cublasLt] expected beta 0 or 1 for a product without depth"};
  const std::size_t bytes = dtype_bytes(c.dtype);
  return cuda_status(cudaMemset2DAsync(const_cast<void*>(c.data), static_cast<std::size_t>(c.stride) * bytes, 0,
                                       static_cast<std::size_t>(c.columns) * bytes, static_cast<std::size_t>(c.rows), stream.handle),
                     "clearing a product");
}

struct Plan {
  bool has_algorithm = false;
  cublasLtMatmulDesc_t desc = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, c = nullptr;
  cublasLtMatmulAlgo_t algorithm = {};
  std::size_t workspace_bytes = 0;
};

class BlasLt : public Blas {
 public:
  explicit BlasLt(const Library& library) : library_(library) {}
  BlasLt(const BlasLt&) = delete;
  BlasLt& operator=(const BlasLt&) = delete;

  ~BlasLt() override {
    for (auto& [key, plan] : plans_) free_plan(plan);
    if (handle_ != nullptr) library_.destroy(handle_);
  }

  Status open() { return blas_status(library_.create(&handle_), "opening cuBLASLt"); }

  Status product(Stream& stream, const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, float alpha, float beta,
                 const Matrix& c) override {
    if (c.rows == 0 || c.columns == 0) return {};
    const std::int64_t depth = transpose_a ? a.rows : a.columns;
    if (depth == 0) return without_depth(stream, beta, c);
    const Key key = {c.columns,           c.rows,
                     depth,               b.stride,
                     a.stride,            c.stride,
                     alignment_of(b.data), alignment_of(a.data),
                     alignment_of(c.data), static_cast<std::int64_t>(b.dtype),
                     static_cast<std::int64_t>(a.dtype), static_cast<std::int64_t>(c.dtype),
                     transpose_b,         transpose_a};
    auto found = plans_.find(key);
    if (found == plans_.end()) {
      Plan plan;
      if (Status status = make_plan(key, plan); !status.ok()) {
        free_plan(plan);
        return status;
      }
      found = plans_.emplace(key, plan).first;
    }
    const Plan& plan = found->second;
    if (!plan.has_algorithm && has_own_product(a, transpose_a, b, transpose_b, beta)) {
      return own_product(stream, a, transpose_a, b, transpose_b, alpha, beta, c);
    }
    if (!plan.has_algorithm) return no_algorithm(key);
    void* workspace = nullptr;
    HONE_TRY(stream.workspace->take(0, kBlasWorkspaceBytes, workspace));
    *stream.launches += 1;
    void* out = const_cast<void*>(c.data);
    return blas_status(library_.matmul(handle_, plan.desc, &alpha, b.data, plan.a, a.data, plan.b, &beta, out, plan.c, out, plan.c,
                                       &plan.algorithm, workspace, plan.workspace_bytes, stream.handle),
                       "a product");
  }

 private:
  Library library_;
  cublasLtHandle_t handle_ = nullptr;
  std::map<Key, Plan> plans_;

  void free_plan(Plan& plan) {
    if (plan.c != nullptr) library_.layout_destroy(plan.c);
    if (plan.b != nullptr) library_.layout_destroy(plan.b);
    if (plan.a != nullptr) library_.layout_destroy(plan.a);
    if (plan.desc != nullptr) library_.desc_destroy(plan.desc);
  }

  // The column-major operands: the first is our b, the second our a.
  Status describe(const Key& key, Plan& plan) {
    const auto m = static_cast<std::uint64_t>(key[0]), n = static_cast<std::uint64_t>(key[1]), k = static_cast<std::uint64_t>(key[2]);
    const bool transpose_first = key[12] != 0, transpose_second = key[13] != 0;
    const cublasOperation_t first = transpose_first ? CUBLAS_OP_T : CUBLAS_OP_N, second = transpose_second ? CUBLAS_OP_T : CUBLAS_OP_N;
    const auto type = [&](int at) { return type_of(static_cast<DType>(key[at])); };
    // f32 operands are multiplied in f32, not rounded to tf32.
    HONE_TRY(blas_status(library_.desc_create(&plan.desc, CUBLAS_COMPUTE_32F, CUDA_R_32F), "describing a product"));
    HONE_TRY(blas_status(library_.desc_set(plan.desc, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof(first)), "describing a product"));
    HONE_TRY(blas_status(library_.desc_set(plan.desc, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof(second)), "describing a product"));
    HONE_TRY(blas_status(library_.layout_create(&plan.a, type(9), transpose_first ? k : m, transpose_first ? m : k, key[3]),
                         "describing a matrix"));
    HONE_TRY(blas_status(library_.layout_create(&plan.b, type(10), transpose_second ? n : k, transpose_second ? k : n, key[4]),
                         "describing a matrix"));
    return blas_status(library_.layout_create(&plan.c, type(11), m, n, key[5]), "describing a matrix");
  }

  // Asks once for each shape. Sums are split over K only where the parts are added in f32 in a fixed order.
  Status make_plan(const Key& key, Plan& plan) {
    HONE_TRY(describe(key, plan));
    cublasLtMatmulPreference_t preference = nullptr;
    HONE_TRY(blas_status(library_.preference_create(&preference), "preparing a product"));
    const std::size_t bytes = kBlasWorkspaceBytes;
    const std::uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
      library_.preference_set(preference, attribute, &value, sizeof(value));
    };
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes);
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, reductions);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<std::uint32_t>(key[6]));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<std::uint32_t>(key[7]));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<std::uint32_t>(key[8]));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<std::uint32_t>(key[8]));
    std::array<cublasLtMatmulHeuristicResult_t, 4> results = {};
    int count = 0;
    const cublasStatus_t status = library_.heuristic(handle_, plan.desc, plan.a, plan.b, plan.c, plan.c, preference,
                                                     static_cast<int>(results.size()), results.data(), &count);
    library_.preference_destroy(preference);
    // A shape for which nothing is found is told as an error or as an empty list.
    if (status != CUBLAS_STATUS_NOT_SUPPORTED) HONE_TRY(blas_status(status, "choosing an algorithm"));
    for (int i = 0; i < count; ++i) {
      if (results[i].state != CUBLAS_STATUS_SUCCESS || results[i].workspaceSize > bytes) continue;
      plan.algorithm = results[i].algo;
      plan.workspace_bytes = results[i].workspaceSize;
      plan.has_algorithm = true;
      return {};
    }
    // One for which there must be an algorithm says that this cuBLASLt is older than the GPU: no other kernel hides that.
    return is_regular(key) ? no_algorithm(key) : Status();
  }

  Status no_algorithm(const Key& key) const {
    return unsupported("[cublasLt] expected an algorithm for a product of " + std::to_string(key[1]) + " x " + std::to_string(key[2]) +
                       " by " + std::to_string(key[2]) + " x " + std::to_string(key[0]) + " but received none; fix: update cuBLASLt " +
                       std::to_string(library_.version()));
  }
};

}  // namespace

Status open_blas(Stream&, std::unique_ptr<Blas>& out) {
  Library library;
  HONE_TRY(open_library(library));
  auto blas = std::make_unique<BlasLt>(library);
  HONE_TRY(blas->open());
  out = std::move(blas);
  return {};
}

}  // namespace hone::cuda
