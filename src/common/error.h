#pragma once
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace neurolake {

/// Every way a call can fail. The list is `error_codes.def`; nothing else adds to it.
enum class ErrorCode : uint8_t {
#define NL_ERROR(name, sqlstate, http, retry) name,
#include "common/error_codes.def"
#undef NL_ERROR
};

/// What a caller may do about a failure without changing its request.
enum class RetryAdvice : uint8_t {
  kNoRetry,          ///< The same request fails again.
  kRetry,            ///< The same request may succeed later.
  kReadBeforeRetry,  ///< The request may have taken effect: look before repeating it.
};

/// Enumerator without its `k`, as shown to users: "PermissionDenied".
std::string_view ErrorName(ErrorCode code);
/// Five characters, ISO 9075 / PostgreSQL appendix A.
std::string_view SqlState(ErrorCode code);
int HttpStatus(ErrorCode code);
RetryAdvice RetryAdviceFor(ErrorCode code);
/// Inverse of `ErrorName`; kInternal for an unknown name (a newer peer).
ErrorCode ErrorCodeFromName(std::string_view name);

/// A failure: code, message (fixed text first, values last, never row data or secrets), details for machines, and
/// the line that raised it (for the operator's log, never for a user).
class Error {
 public:
  Error(ErrorCode code, std::string message, std::source_location location = std::source_location::current())
      : code_(code), message_(std::move(message)), location_(location) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::source_location& location() const { return location_; }
  /// Key and value pairs such as {"position", "17"}.
  const std::vector<std::pair<std::string, std::string>>& details() const { return details_; }

  /// The error with one more detail. By value, so that `error = std::move(error).With(…)` is no move to itself.
  [[nodiscard]] Error With(std::string key, std::string value) && {
    details_.emplace_back(std::move(key), std::move(value));
    return std::move(*this);
  }
  /// The same in place.
  Error& With(std::string key, std::string value) & {
    details_.emplace_back(std::move(key), std::move(value));
    return *this;
  }

 private:
  ErrorCode code_;
  std::string message_;
  std::source_location location_;
  std::vector<std::pair<std::string, std::string>> details_;
};

}  // namespace neurolake
