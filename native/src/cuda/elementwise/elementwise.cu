// Bound by memory, one pass each. Results that lie on their operands are allowed, as on the processor.
#include <cmath>
#include <type_traits>

#include "core/counter-random.h"
#include "core/half.h"
#include "core/ops-args.h"
#include "cuda/elementwise/elements.h"

namespace hone::cuda {
namespace {

// f16 has a type of its own here, because bf16 is a plain word of 16 bits.
struct F16 {
  std::uint16_t bits;
};
__device__ float widen(F16 value) { return f16_to_f32(value.bits); }
__device__ float widen(Bf16 value) { return to_f32(value); }
__device__ float widen(float value) { return value; }

template <class T, int n>
__device__ Values<T, n> narrow(const float (&values)[n]) {
  if constexpr (sizeof(T) == sizeof(F16) && !std::is_same_v<T, Bf16>) {
    Values<T, n> out;
#pragma unroll
    for (int i = 0; i < n; ++i) out.at[i] = T{f32_to_f16(values[i])};
    return out;
  } else {
    return round_values<T>(values);
  }
}

constexpr int run_of(std::size_t bytes) { return static_cast<int>(16 / bytes); }

// `Word` stands for elements of any dtype of its size.
template <class Word>
struct Fill {
  static constexpr int kWidth = run_of(sizeof(Word)), kInFlight = 4;
  template <int n>
  struct Operands {};

  Word* x;
  Word value;

  bool is_aligned() const { return are_aligned(x); }

  template <int n>
  __device__ Operands<n> load(std::int64_t) const {
    return {};
  }

  template <int n>
  __device__ void store(std::int64_t at, const Operands<n>&) const {
    Values<Word, n> out;
#pragma unroll
    for (int i = 0; i < n; ++i) out.at[i] = value;
    store_values(x + at, out);
  }
};

template <class Word>
struct Copy {
  static constexpr int kWidth = run_of(sizeof(Word)), kInFlight = 4;
  template <int n>
  struct Operands {
    Values<Word, n> src;
  };

  const Word* src;
  Word* dst;

  bool is_aligned() const { return are_aligned(src, dst); }

  template <int n>
  __device__ Operands<n> load(std::int64_t at) const {
    return {load_values<n>(src + at)};
  }

  template <int n>
  __device__ void store(std::int64_t at, const Operands<n>& in) const {
    store_values(dst + at, in.src);
  }
};

// dst = src of another dtype.
template <class From, class To>
struct Cast {
  static constexpr int kWidth = run_of(sizeof(From) > sizeof(To) ? sizeof(From) : sizeof(To)), kInFlight = 4;
  template <int n>
  struct Operands {
    Values<From, n> src;
  };

  const From* src;
  To* dst;

  bool is_aligned() const { return are_aligned(src, dst); }

  template <int n>
  __device__ Operands<n> load(std::int64_t at) const {
    return {load_values<n>(src + at)};
  }

  template <int n>
  __device__ void store(std::int64_t at, const Operands<n>& in) const {
    float out[n];
#pragma unroll
    for (int i = 0; i < n; ++i) out[i] = widen(in.src.at[i]);
    store_values(dst + at, narrow<To>(out));
  }
};

template <class T>
struct Scale {
  static constexpr int kWidth = run_of(sizeof(T)), kInFlight = 4;
  template <int n>
  struct Operands {
    Values<T, n> x;
  };

  T* x;
  float s;

  bool is_aligned() const { return are_aligned(x); }

  template <int n>
  __device__ Operands<n> load(std::int64_t at) const {
    return {load_values<n>(x + at)};
  }

  template <int n>
  __device__ void store(std::int64_t at, const Operands<n>& in) const {
    float out[n];
#pragma unroll
    for (int i = 0; i < n; ++i) out[i] = to_f32(in.x.at[i]) * s;
    store_values(x + at, round_values<T>(out));
  }
};

template <class T>
struct Sum {
  static constexpr int kWidth = run_of(sizeof(T)), kInFlight = 2;
  template <int n>
  struct Operands {
    Values<T, n> a, b;
  };

  const T *a, *b;
  T* out;

  bool is_aligned() const { return are_aligned(a, b, out); }

  template <int n>
  __device__ Operands<n> load(std::int64_t at) const {
    return {load_values<n>(a + at), load_values<n>(b + at)};
  }

  template <int n>
  __device__ void store(std::int64_t at, const Operands<n>& in) const {
    float sums[n];
#pragma unroll
    for (int i = 0; i < n; ++i) sums[i] = to_f32(in.a.at[i]) + to_f32(in.b.at[i]);
    store_values(out + at, round_values<T>(sums));
  }
};

// The random number of an element is a hash of its index, some thirty integer instructions: near the limit of the arithmetic
// units for bf16. uniform < p is asked of the integer before it becomes a fraction, which is exact.
template <class T>
struct Drop {
  static constexpr int kWidth = run_of(sizeof(T)), kInFlight = 2;
  template <int n>
  struct Operands {
    Values<T, n> x;
  };

  const T* x;
  T* y;
  std::uint32_t seed_low, seed_high, below;
  float keep;

  bool is_aligned() const { return are_aligned(x, y); }

  template <int n>
  __device__ Operands<n> load(std::int64_t at) const {
    return {load_values<n>(x + at)};
  }

  template <int n>
  __device__ void store(std::int64_t at, const Operands<n>& in) const {
    float out[n];
#pragma unroll
    for (int i = 0; i < n; ++i) {
      const std::uint32_t bits = random32(seed_low, seed_high, static_cast<std::uint64_t>(at + i));
      out[i] = (bits >> 8) < below ? 0.0f : to_f32(in.x.at[i]) * keep;
    }
    store_values(y + at, round_values<T>(out));
  }
};

template <class Word>
Status fill(Stream& stream, const View& x, Word value) {
  return over_elements(stream, "tensor_fill", Fill<Word>{x.data_as<Word>(), value}, x.count());
}

template <class Word>
Status copy(Stream& stream, const void* src, void* dst, std::int64_t count) {
  return over_elements(stream, "tensor_copy", Copy<Word>{static_cast<const Word*>(src), static_cast<Word*>(dst)}, count);
}

Status copy_elements(Stream& stream, const void* src, void* dst, std::int64_t count, std::size_t size) {
  if (size == 4) return copy<std::uint32_t>(stream, src, dst, count);
  if (size == 2) return copy<std::uint16_t>(stream, src, dst, count);
  return copy<std::uint8_t>(stream, src, dst, count);
}

template <class From, class To>
Status cast(Stream& stream, const TensorCastArgs& args) {
  return over_elements(stream, "tensor_cast", Cast<From, To>{args.src.data_as<From>(), args.dst.data_as<To>()}, args.src.count());
}

template <class From>
Status cast_from(Stream& stream, const TensorCastArgs& args) {
  if (args.dst.dtype == DType::f32) return cast<From, float>(stream, args);
  if (args.dst.dtype == DType::bf16) return cast<From, Bf16>(stream, args);
  return cast<From, F16>(stream, args);
}

template <class T>
Status add(Stream& stream, const char* name, const View& a, const View& b, const View& out) {
  return over_elements(stream, name, Sum<T>{a.data_as<T>(), b.data_as<T>(), out.data_as<T>()}, a.count());
}

template <class T>
Status scale(Stream& stream, const View& x, float s) {
  return over_elements(stream, "tensor_scale", Scale<T>{x.data_as<T>(), s}, x.count());
}

template <class T>
Status drop(Stream& stream, const DropoutArgs& args) {
  const float p = static_cast<float>(args.p);
  // The numbers of 24 bits that make a fraction below p.
  const auto below = static_cast<std::uint32_t>(std::ceil(p * 16777216.0f));
  const Drop<T> op = {args.x.data_as<T>(), args.y.data_as<T>(), args.seed_low,
                      args.seed_high,      below,               static_cast<float>(1.0 / (1.0 - args.p))};
  return over_elements(stream, "dropout", op, args.x.count());
}

}  // namespace

Status tensor_fill(Stream& stream, const TensorFillArgs& args) {
  const auto value = static_cast<float>(args.value);
  if (args.x.dtype == DType::f32) return fill<float>(stream, args.x, value);
  return fill<std::uint16_t>(stream, args.x, args.x.dtype == DType::bf16 ? f32_to_bf16(value) : f32_to_f16(value));
}

// Views that overlap go by the workspace.
Status tensor_copy(Stream& stream, const TensorCopyArgs& args) {
  const std::size_t size = dtype_bytes(args.src.dtype);
  const std::int64_t count = args.src.count(), bytes = count * static_cast<std::int64_t>(size);
  const char *src = args.src.data_as<char>(), *dst = args.dst.data_as<char>();
  if (src == dst) return {};
  if (src >= dst + bytes || dst >= src + bytes) return copy_elements(stream, src, args.dst.data, count, size);
  void* aside = nullptr;
  HONE_TRY(stream.workspace->take(0, bytes, aside));
  HONE_TRY(copy_elements(stream, src, aside, count, size));
  return copy_elements(stream, aside, args.dst.data, count, size);
}

Status tensor_scale(Stream& stream, const TensorScaleArgs& args) {
  const auto s = static_cast<float>(args.s);
  return args.x.dtype == DType::f32 ? scale<float>(stream, args.x, s) : scale<Bf16>(stream, args.x, s);
}

Status tensor_add(Stream& stream, const TensorAddArgs& args) {
  if (args.a.dtype == DType::f32) return add<float>(stream, "tensor_add", args.a, args.b, args.out);
  return add<Bf16>(stream, "tensor_add", args.a, args.b, args.out);
}

Status tensor_accumulate(Stream& stream, const TensorAccumulateArgs& args) {
  if (args.dst.dtype == DType::f32) return add<float>(stream, "tensor_accumulate", args.dst, args.src, args.dst);
  return add<Bf16>(stream, "tensor_accumulate", args.dst, args.src, args.dst);
}

Status tensor_cast(Stream& stream, const TensorCastArgs& args) {
  if (args.src.dtype == DType::f32) return cast_from<float>(stream, args);
  if (args.src.dtype == DType::bf16) return cast_from<Bf16>(stream, args);
  return cast_from<F16>(stream, args);
}

Status dropout(Stream& stream, const DropoutArgs& args) {
  return args.x.dtype == DType::f32 ? drop<float>(stream, args) : drop<Bf16>(stream, args);
}

}  // namespace hone::cuda
