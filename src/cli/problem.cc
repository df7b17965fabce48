#include "cli/problem.h"

#include <boost/json.hpp>

#include "common/result.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;

ErrorCode CodeFromStatus(int status) {
  switch (status) {
    case 401: return ErrorCode::kUnauthenticated;
    case 403: return ErrorCode::kPermissionDenied;
    case 404: return ErrorCode::kNotFound;
    case 409: return ErrorCode::kConflict;
    case 413: return ErrorCode::kPayloadTooLarge;
    case 429: return ErrorCode::kTooManyRequests;
    case 502:
    case 503: return ErrorCode::kUnavailable;
    case 504: return ErrorCode::kDeadlineExceeded;
    default: return status >= 500 ? ErrorCode::kInternal : ErrorCode::kInvalidArgument;
  }
}

std::string Text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

void AddDetails(const json::object& object, Error& error) {
  for (const auto& [key, value] : object) {
    const std::string name(key);
    if (name == "type" || name == "title" || name == "status" || name == "detail" || name == "code" ||
        name == "sqlstate" || name == "details" || name == "retry") {
      continue;
    }
    if (value.is_string()) {
      error.With(name, std::string(value.get_string()));
    } else if (value.is_int64() || value.is_uint64()) {
      error.With(name, json::serialize(value));
    }
  }
}

}  // namespace

Error ErrorFromProblem(int http_status, std::string_view body) {
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(body.data(), body.size()), failure);
  if (failure || !value.is_object()) {
    return Error(CodeFromStatus(http_status), fmt::format("the server answered with HTTP status {}", http_status));
  }
  const json::object& problem = value.get_object();
  const std::string code = Text(problem, "code");
  std::string message = Text(problem, "detail");
  if (message.empty()) message = Text(problem, "title");
  if (message.empty()) message = fmt::format("the server answered with HTTP status {}", http_status);
  // A server newer than this program may have codes we do not know: the status is the next best.
  const ErrorCode named = ErrorCodeFromName(code);
  Error error(ErrorName(named) == code ? named : CodeFromStatus(http_status), std::move(message));
  AddDetails(problem, error);
  if (const json::value* details = problem.if_contains("details"); details != nullptr && details->is_object()) {
    AddDetails(details->get_object(), error);
  }
  return error;
}

}  // namespace neurolake::cli
