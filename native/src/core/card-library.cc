#include "core/card-library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace hone {
namespace {

std::string own_folder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&open_card), &info) == 0 || info.dli_fname == nullptr) return ".";
  const std::string path = info.dli_fname;
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

Status find_library(const char* named, std::string& out) {
  if (named == nullptr || *named == 0) named = std::getenv("HONE_CUDA_LIBRARY");
  if (named != nullptr && *named != 0) {
    out = named;
    return {};
  }
  const std::string folder = own_folder();
  std::string tried;
  for (const std::string& path : {folder + "/libhone_cuda.so", folder + "/../cuda/libhone_cuda.so"}) {
    if (access(path.c_str(), R_OK) == 0) {
      out = path;
      return {};
    }
    tried += (tried.empty() ? "" : ", ") + path;
  }
  return unsupported("expected libhone_cuda.so but found none (looked for " + tried +
                     "); fix: run `npm run build:cuda`, or point HONE_CUDA_LIBRARY at a built one");
}

Status choose_ordinal(int& out) {
  const char* text = std::getenv("HONE_CUDA_DEVICE");
  out = 0;
  if (text == nullptr || *text == 0) return {};
  char* end = nullptr;
  const long ordinal = std::strtol(text, &end, 10);
  if (*end != 0 || ordinal < 0 || ordinal > 1023) {
    return bad_argument(std::string("expected the number of a GPU, from 0 on, for HONE_CUDA_DEVICE but received ") + text +
                        "; fix: `nvidia-smi -L` lists them");
  }
  out = static_cast<int>(ordinal);
  return {};
}

}  // namespace

Status open_card(const char* named, std::unique_ptr<Card>& out) {
  std::string path;
  HONE_TRY(find_library(named, path));
  int ordinal = 0;
  HONE_TRY(choose_ordinal(ordinal));
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return unsupported("cannot open " + path + ": " + dlerror());
  const auto open = reinterpret_cast<OpenCard>(dlsym(library, "hone_cuda_open_card"));
  if (open == nullptr) return unsupported("expected " + path + " to be a build of libhone_cuda.so; fix: run `npm run build:cuda`");
  return open(kCardAbi, ordinal, out);
}

}  // namespace hone
