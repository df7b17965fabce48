#include "server/http/internal/problem.h"

#include "arrow/text_format.h"

namespace neurolake::server {
namespace {

std::string_view RetryName(RetryAdvice advice) {
  switch (advice) {
    case RetryAdvice::kNoRetry: return "no";
    case RetryAdvice::kRetry: return "yes";
    case RetryAdvice::kReadBeforeRetry: return "read-first";
  }
  NL_UNREACHABLE();
}

// "PermissionDenied" to "Permission denied".
std::string TitleOf(std::string_view code) {
  std::string title;
  for (const char c : code) {
    if (c >= 'A' && c <= 'Z' && !title.empty()) {
      title.push_back(' ');
      title.push_back(static_cast<char>(c - 'A' + 'a'));
    } else {
      title.push_back(c);
    }
  }
  return title;
}

void AppendMember(std::string_view name, std::string_view value, std::string& out) {
  out += ",";
  arrow::AppendJsonString(name, out);
  out += ":";
  arrow::AppendJsonString(value, out);
}

bool IsReserved(std::string_view name) {
  for (const std::string_view own : {"type", "title", "status", "detail", "code", "sqlstate", "retry", "request_id"}) {
    if (name == own) return true;
  }
  return false;
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 303: return "See Other";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return status >= 500 ? "Internal Server Error" : "Unknown";
  }
}

Problem Problem::FromError(const Error& error) {
  Problem problem;
  problem.status = HttpStatus(error.code());
  problem.code = ErrorName(error.code());
  problem.sqlstate = SqlState(error.code());
  problem.retry = RetryAdviceFor(error.code());
  problem.detail = error.message();
  problem.extensions = error.details();
  if (problem.retry == RetryAdvice::kRetry) {
    const auto after = std::ranges::find(error.details(), "retry_after", &std::pair<std::string, std::string>::first);
    problem.headers.emplace_back("Retry-After", after == error.details().end() ? "1" : after->second);
  }
  if (error.code() == ErrorCode::kUnauthenticated) {
    problem.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"neurolake\"");
  }
  return problem;
}

Problem Problem::ForHttp(int status, std::string code, std::string detail) {
  Problem problem;
  problem.status = status;
  problem.code = std::move(code);
  problem.sqlstate = "08P01";
  problem.detail = std::move(detail);
  return problem;
}

std::string Problem::Body(std::string_view request_id) const {
  std::string out = "{\"type\":";
  arrow::AppendJsonString("/docs/errors#" + code, out);
  AppendMember("title", TitleOf(code), out);
  out += fmt::format(",\"status\":{}", status);
  AppendMember("detail", detail, out);
  AppendMember("code", code, out);
  AppendMember("sqlstate", sqlstate, out);
  AppendMember("retry", RetryName(retry), out);
  AppendMember("request_id", request_id, out);
  for (const auto& [name, value] : extensions) {
    if (!IsReserved(name)) AppendMember(name, value, out);
  }
  out.push_back('}');
  return out;
}

ResponseHead Problem::Head() const { return {status, "application/problem+json", headers}; }

}  // namespace neurolake::server
