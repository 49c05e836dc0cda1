#pragma once
#include <string>
#include <utility>

namespace hone {

// The reason why a call did not do its work. The binding turns each into the `.code` of a JavaScript error.
enum class Code : int {
  ok = 0,
  bad_argument = 1,   // A shape, a dtype or a number that the op cannot take.
  bad_handle = 2,     // A handle that was never given out, or was freed.
  out_of_memory = 3,  // The allocator has no room for the tensor.
  unsupported = 4,    // No kernel for this combination on this machine.
  internal = 5,       // A broken promise inside the library: a bug.
  device_lost = 6,    // The GPU or its driver gave up: what lay on it is gone, and this process cannot use it again.
};

// What every function that can fail returns: nothing is thrown across include/hone.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::ok; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  Code code_ = Code::ok;
  std::string message_;
};

inline Status bad_argument(std::string message) { return {Code::bad_argument, std::move(message)}; }
inline Status unsupported(std::string message) { return {Code::unsupported, std::move(message)}; }

}  // namespace hone

// Hands a failure to the caller at once.
#define HONE_TRY(expression)                        \
  do {                                              \
    if (::hone::Status status_ = (expression); !status_.ok()) return status_; \
  } while (0)
