#include "server/mcp/internal/rpc.h"

#include <gtest/gtest.h>

namespace neurolake::server::mcp {
namespace {

TEST(RpcTest, TellsRequestsNotificationsAndAnswersApart) {
  const auto request = ParseMessage(R"({"jsonrpc":"2.0","id":"a\"b","method":"tools/call","params":{"name":"x"}})");
  ASSERT_TRUE(request.has_value());
  EXPECT_TRUE(request->is_request());
  EXPECT_EQ(request->id_json, R"("a\"b")");
  EXPECT_EQ(request->method, "tools/call");
  EXPECT_EQ(request->params.at("name").as_string(), "x");
  const auto numbered = ParseMessage(R"({"jsonrpc":"2.0","id":-9007199254740993,"method":"ping"})");
  ASSERT_TRUE(numbered.has_value());
  EXPECT_EQ(numbered->id_json, "-9007199254740993");
  const auto notification = ParseMessage(R"({"jsonrpc":"2.0","method":"notifications/cancelled"})");
  ASSERT_TRUE(notification.has_value());
  EXPECT_TRUE(notification->is_notification());
  const auto answer = ParseMessage(R"({"jsonrpc":"2.0","id":1,"result":{}})");
  ASSERT_TRUE(answer.has_value());
  EXPECT_FALSE(answer->is_request() || answer->is_notification());
}

TEST(RpcTest, RefusesWhatIsNoMessage) {
  const std::pair<const char*, int> kWrong[] = {
      {"", kParseError},
      {"{", kParseError},
      {"nonsense", kParseError},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} {}", kParseError},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}", kParseError},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xff\"}", kParseError},
      {"[]", kInvalidRequest},
      {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", kInvalidRequest},
      {R"({"id":1,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"1.0","id":1,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":2.0,"id":1,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":{},"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":""})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","result":{}})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[]})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","more":1})", kInvalidRequest},
  };
  for (const auto& [text, code] : kWrong) {
    const auto parsed = ParseMessage(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, code) << text;
  }
  std::string deep = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":)";
  for (int i = 0; i < 100; ++i) deep += R"({"a":)";
  deep += "1" + std::string(100, '}') + "}";
  EXPECT_EQ(ParseMessage(deep).error().code, kParseError);
  const std::string long_id = R"({"jsonrpc":"2.0","method":"ping","id":")" + std::string(257, 'x') + "\"}";
  EXPECT_EQ(ParseMessage(long_id).error().code, kInvalidRequest);
}

TEST(RpcTest, ErrorsHaveOurCodesAndNoLineBreaks) {
  const Error error = Error(ErrorCode::kPermissionDenied, "no\nway").With("message", "other").With("hint", "\"ask\"");
  EXPECT_EQ(ErrorJson(error),
            R"({"code":"PermissionDenied","sqlstate":"42501","message":"no\nway","retry":"no","hint":"\"ask\""})");
  EXPECT_EQ(ErrorMessage("", {kParseError, "broken", ""}),
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"broken"}})");
  EXPECT_EQ(ErrorMessage("7", {kInvalidParams, "broken", "{}"}),
            R"({"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"broken","data":{}}})");
}

}  // namespace
}  // namespace neurolake::server::mcp
