#pragma once
#include <fmt/format.h>

#include <expected>
#include <source_location>
#include <utility>

#include "common/check.h"
#include "common/error.h"

namespace neurolake {

/// A value or the reason there is none. Every call across a room's border that can fail returns one.
template <typename T>
using Result = std::expected<T, Error>;

/// Carries the format string and the line it was written on.
template <typename... Args>
struct ErrorFormat {
  template <typename Text>
  consteval ErrorFormat(const Text& text, std::source_location where = std::source_location::current())
      : format(text), location(where) {}
  fmt::format_string<Args...> format;
  std::source_location location;
};

/// `return MakeError(ErrorCode::kInvalidArgument, "LIMIT must not be negative: {}", limit);`
template <typename... Args>
std::unexpected<Error> MakeError(ErrorCode code, ErrorFormat<std::type_identity_t<Args>...> format, Args&&... args) {
  return std::unexpected<Error>(Error(code, fmt::format(format.format, std::forward<Args>(args)...), format.location));
}

}  // namespace neurolake

#define NL_CONCAT_INNER(a, b) a##b
#define NL_CONCAT(a, b) NL_CONCAT_INNER(a, b)

/// Evaluates `expression` (a Result), returns its error from the enclosing function, else initialises `declaration`.
#define NL_ASSIGN_OR_RETURN(declaration, ...) \
  NL_ASSIGN_OR_RETURN_INNER(NL_CONCAT(nl_result_, __COUNTER__), declaration, __VA_ARGS__)
#define NL_ASSIGN_OR_RETURN_INNER(result, declaration, ...)                   \
  auto result = (__VA_ARGS__);                                                \
  if (!result.has_value()) return std::unexpected(std::move(result).error()); \
  declaration = std::move(result).value()

#define NL_RETURN_IF_ERROR(...)                                                                                       \
  do {                                                                                                                \
    if (auto nl_status = (__VA_ARGS__); !nl_status.has_value()) return std::unexpected(std::move(nl_status).error()); \
  } while (false)
