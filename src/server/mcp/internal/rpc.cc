#include "server/mcp/internal/rpc.h"

#include <boost/json/serialize.hpp>

#include "arrow/text_format.h"
#include "common/text.h"
#include "net/strict_json.h"

namespace neurolake::server::mcp {
namespace {

constexpr size_t kDepthMax = 32;
constexpr size_t kIdBytesMax = 256;
constexpr size_t kMethodBytesMax = 128;

std::unexpected<RpcError> Invalid(std::string message) {
  return std::unexpected(RpcError{kInvalidRequest, std::move(message)});
}

std::string_view RetryName(RetryAdvice advice) {
  switch (advice) {
    case RetryAdvice::kNoRetry: return "no";
    case RetryAdvice::kRetry: return "yes";
    case RetryAdvice::kReadBeforeRetry: return "read-first";
  }
  NL_UNREACHABLE();
}

RpcResult<std::string> IdOf(const boost::json::value& id) {
  if (id.is_int64() || id.is_uint64()) return boost::json::serialize(id);
  if (id.is_string() && id.get_string().size() <= kIdBytesMax) return JsonText(id.get_string());
  return Invalid(fmt::format("an id is an integer, or a string of at most {} bytes", kIdBytesMax));
}

}  // namespace

RpcResult<RpcMessage> ParseMessage(std::string_view text) {
  if (Trim(text).starts_with('[')) return Invalid("batches are not part of the protocol: send messages one by one");
  auto parsed = net::ParseStrictObject(text, "the message", kDepthMax);
  if (!parsed) return std::unexpected(RpcError{kParseError, parsed.error().message()});
  boost::json::object& object = *parsed;
  RpcMessage message;
  // First, so that a wrong message is answered with its id where it has a right one.
  if (const auto* id = object.if_contains("id")) {
    auto own = IdOf(*id);
    if (!own) return std::unexpected(own.error());
    message.id_json = std::move(*own);
  }
  const auto* version = object.if_contains("jsonrpc");
  if (version == nullptr || !version->is_string() || version->get_string() != "2.0") {
    return Invalid("the member \"jsonrpc\" must be \"2.0\"");
  }
  const auto* method = object.if_contains("method");
  const bool answers = object.contains("result") || object.contains("error");
  if (method == nullptr && answers) return message;
  if (method == nullptr || answers || !method->is_string() || method->get_string().empty() ||
      method->get_string().size() > kMethodBytesMax) {
    return Invalid("the member \"method\" must be the name of a method");
  }
  message.method = method->get_string();
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (name != "jsonrpc" && name != "id" && name != "method" && name != "params") {
      return Invalid("a message has the members jsonrpc, id, method and params, and no other");
    }
  }
  if (auto* params = object.if_contains("params")) {
    if (!params->is_object()) return Invalid("the member \"params\" must be an object");
    message.params = std::move(params->get_object());
  }
  return message;
}

std::string ResultMessage(std::string_view id_json, std::string_view result_json) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})", id_json, result_json);
}

std::string ErrorMessage(std::string_view id_json, const RpcError& error) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{{"code":{},"message":{}{}{}}}}})",
                     id_json.empty() ? "null" : id_json, error.code, JsonText(error.message),
                     error.data_json.empty() ? "" : ",\"data\":", error.data_json);
}

std::string NotificationMessage(std::string_view method, std::string_view params_json) {
  return fmt::format(R"({{"jsonrpc":"2.0","method":{},"params":{}}})", JsonText(method), params_json);
}

std::string JsonText(std::string_view text) {
  std::string out;
  arrow::AppendJsonString(text, out);
  return out;
}

std::string ErrorJson(const Error& error) {
  std::string out =
      fmt::format(R"({{"code":{},"sqlstate":{},"message":{},"retry":"{}")", JsonText(ErrorName(error.code())),
                  JsonText(SqlState(error.code())), JsonText(error.message()), RetryName(RetryAdviceFor(error.code())));
  for (const auto& [name, value] : error.details()) {
    if (name == "code" || name == "sqlstate" || name == "message" || name == "retry") continue;
    out += fmt::format(",{}:{}", JsonText(name), JsonText(value));
  }
  return out + "}";
}

}  // namespace neurolake::server::mcp
