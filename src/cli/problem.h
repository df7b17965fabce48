#pragma once
#include <string_view>

#include "common/error.h"

namespace neurolake::cli {

/// The error in an HTTP answer: an application/problem+json body (RFC 9457) as docs/http.md describes it, or, when a
/// proxy or anything else answered, one made from the status alone.
Error ErrorFromProblem(int http_status, std::string_view body);

}  // namespace neurolake::cli
