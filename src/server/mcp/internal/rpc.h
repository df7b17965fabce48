#pragma once
#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <string_view>

#include "common/error.h"

namespace neurolake::server::mcp {

// Codes of JSON-RPC 2.0, and those of MCP 2026-07-28, "Error codes".
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kHeaderMismatch = -32020;
inline constexpr int kUnsupportedVersion = -32022;

struct RpcError {
  int code = kInternalError;
  std::string message;
  std::string data_json = {};  ///< Empty: none.
};

template <typename T>
using RpcResult = std::expected<T, RpcError>;

/// One JSON-RPC message. Requests have an id and a method, notifications a method, answers neither.
struct RpcMessage {
  std::string id_json;  ///< As it goes back: a string or an integer. Empty: none.
  std::string method;   ///< Empty: an answer.
  boost::json::object params;

  bool is_request() const { return !id_json.empty() && !method.empty(); }
  bool is_notification() const { return id_json.empty() && !method.empty(); }
};

/// Strict: one object, version "2.0", no member twice, nothing unknown, ids that are strings or integers, params that
/// are an object. Never quotes what it was sent.
RpcResult<RpcMessage> ParseMessage(std::string_view text);

std::string ResultMessage(std::string_view id_json, std::string_view result_json);
/// `id_json` empty: null.
std::string ErrorMessage(std::string_view id_json, const RpcError& error);
std::string NotificationMessage(std::string_view method, std::string_view params_json);

/// `"…"` of a text.
std::string JsonText(std::string_view text);

/// An error of ours as tools answer with it and as `data` of an RpcError:
/// {"code":"PermissionDenied","sqlstate":"42501","message":"…","retry":"no", …}.
std::string ErrorJson(const Error& error);

}  // namespace neurolake::server::mcp
