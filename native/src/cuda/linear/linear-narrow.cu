#include "cuda/linear/linear-narrow.h"

namespace hone::cuda {

Status linear_narrow(Stream& stream, const NarrowProduct& product) {
  switch (product.parts[0].weight.format) {
    case DType::nf4:
      return linear_narrow_nf4(stream, product);
    case DType::int8:
    case DType::int4:
      return linear_narrow_int(stream, product);
    default:
      return linear_narrow_plain(stream, product);
  }
}

}  // namespace hone::cuda
