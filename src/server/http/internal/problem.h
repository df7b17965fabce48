#pragma once
#include <string>
#include <string_view>

#include "common/error.h"
#include "server/http/internal/message.h"

namespace neurolake::server {

/// A failure as RFC 9457 shows it. Made from an Error of ours, or for what only HTTP knows (405, 406, 415 …).
struct Problem {
  int status = 500;
  std::string code;  ///< "PermissionDenied"; also the anchor in /docs/errors.
  std::string sqlstate;
  RetryAdvice retry = RetryAdvice::kNoRetry;
  std::string detail;
  std::vector<std::pair<std::string, std::string>> extensions;
  Headers headers;

  static Problem FromError(const Error& error);
  /// `code` is "MethodNotAllowed" and the like; SQLSTATE is 08P01, protocol violation.
  static Problem ForHttp(int status, std::string code, std::string detail);

  /// The JSON object.
  std::string Body(std::string_view request_id) const;
  ResponseHead Head() const;
};

std::string_view ReasonPhrase(int status);

}  // namespace neurolake::server
