#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/provider.h"
#include "models/tests/scripted_provider.h"

namespace neurolake::models {
namespace {

using testing::HasSubstr;
using testing::Not;

const SystemClock kClock;
constexpr const char* kKey = "sk-very-secret";

ChatRequest Question() {
  ChatRequest request;
  request.messages = {{Role::kSystem, "Be brief."}, {Role::kUser, "Say \"hi\"\n"}};
  return request;
}

ChatRequest WithTool() {
  ChatRequest request = Question();
  request.messages.push_back({.role = Role::kAssistant, .text = "", .tool_uses = {{"u1", "look", R"({"at":1})"}}});
  request.messages.push_back({.role = Role::kTool, .text = "seen", .tool_use_id = "u1"});
  request.tools = {{"look", "Looks.", R"({"type":"object","properties":{"at":{"type":"integer"}}})"}};
  return request;
}

enum class Kind { kOpenAi, kAnthropic };

Result<ChatAnswer> Ask(Kind kind, ScriptedProvider& provider, const ChatRequest& request,
                       const OnText& on_text = nullptr, const RequestContext& ctx = ContextOf(kClock),
                       size_t bytes_max = 1 << 20) {
  ProviderOptions options{.url = kind == Kind::kOpenAi ? provider.url() : provider.origin(),
                          .api_key = kKey,
                          .model = "m",
                          .answer_bytes_max = bytes_max};
  auto model = kind == Kind::kOpenAi ? NewOpenAiChat(options) : NewAnthropicChat(options);
  return model.value()->Chat(ctx, request, on_text);
}

TEST(OpenAiTest, AsksAndReadsAnAnswer) {
  ScriptedProvider provider({ScriptedProvider::Json(
      R"({"model":"m-1","choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2}})")});
  const auto answer = Ask(Kind::kOpenAi, provider, WithTool());
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->text, "hi");
  EXPECT_EQ(answer->model, "m-1");
  EXPECT_EQ(answer->usage.input, 9);
  EXPECT_EQ(answer->usage.output, 2);
  EXPECT_TRUE(answer->usage.known);
  const std::string sent = provider.received()[0];
  EXPECT_THAT(sent, HasSubstr("POST /v1/chat/completions HTTP/1.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("Authorization: Bearer sk-very-secret\r\n"));
  EXPECT_THAT(sent, HasSubstr(R"({"role":"user","content":"Say \"hi\"\n"})"));
  EXPECT_THAT(
      sent,
      HasSubstr(R"("tool_calls":[{"id":"u1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}])"));
  EXPECT_THAT(sent, HasSubstr(R"({"role":"tool","content":"seen","tool_call_id":"u1"})"));
  EXPECT_THAT(sent, HasSubstr(R"("parameters":{"type":"object")"));
}

TEST(OpenAiTest, StreamsTextAndUsesOfTools) {
  ScriptedProvider provider({ScriptedProvider::Events(
      {R"({"model":"m-1","choices":[{"delta":{"role":"assistant","content":"h"}}]})",
       R"({"choices":[{"delta":{"content":"i"}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"u","function":{"name":"look","arguments":"{\"a\""}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]})",
       R"({"choices":[{"delta":{},"finish_reason":"tool_calls"}]})",
       R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}})", "[DONE]"})});
  std::vector<std::string> pieces;
  const auto answer = Ask(Kind::kOpenAi, provider, Question(), [&](std::string_view piece) -> Result<void> {
    pieces.emplace_back(piece);
    return {};
  });
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(pieces, (std::vector<std::string>{"h", "i"}));
  EXPECT_EQ(answer->text, "hi");
  EXPECT_EQ(answer->stop, StopReason::kTools);
  ASSERT_EQ(answer->tool_uses.size(), 1U);
  EXPECT_EQ(answer->tool_uses[0].arguments_json, R"({"a":1})");
  EXPECT_EQ(answer->usage.output, 4);
}

TEST(OpenAiTest, AStreamWithoutUsageIsWholeAndOneThatIsCutIsNot) {
  const std::string text = R"({"choices":[{"delta":{"content":"hi"}}]})";
  const std::string end = R"({"choices":[{"delta":{},"finish_reason":"stop"}]})";
  const OnText ignore = [](std::string_view) -> Result<void> { return {}; };
  ScriptedProvider provider({ScriptedProvider::Events({text, end, "[DONE]"}), ScriptedProvider::Events({text}, true),
                             ScriptedProvider::Events({text, "[DONE]"}), ScriptedProvider::Events({text})});
  const auto whole = Ask(Kind::kOpenAi, provider, Question(), ignore);
  ASSERT_TRUE(whole.has_value());
  EXPECT_FALSE(whole->usage.known);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(Ask(Kind::kOpenAi, provider, Question(), ignore).error().code(), ErrorCode::kUnavailable);
}

TEST(OpenAiTest, OutputSchemasAreAskedFor) {
  ScriptedProvider provider(
      {ScriptedProvider::Json(R"({"choices":[{"message":{"content":"{\"a\":1}"},"finish_reason":"stop"}]})")});
  ChatRequest request = Question();
  request.output_schema_json = R"({"type":"object"})";
  EXPECT_EQ(Ask(Kind::kOpenAi, provider, request)->text, R"({"a":1})");
  EXPECT_THAT(
      provider.received()[0],
      HasSubstr(
          R"("response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object"}}})"));
}

TEST(OpenAiTest, MakesVectorsInTheOrderOfTexts) {
  ScriptedProvider provider(
      {ScriptedProvider::Json(
           R"({"data":[{"index":1,"embedding":[3,4]},{"index":0,"embedding":[1,2.5]}],"usage":{"prompt_tokens":5}})"),
       ScriptedProvider::Json(R"({"data":[{"index":0,"embedding":[1]}]})"),
       ScriptedProvider::Json(R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]})"),
       ScriptedProvider::Json(R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]})"),
       ScriptedProvider::Json(R"({"data":[{"index":0,"embedding":[1]},{"index":7,"embedding":[2]}]})")});
  auto model = NewOpenAiEmbeddings({.url = provider.url(), .model = "e"}).value();
  const auto made = model->Embed(ContextOf(kClock), {"a", "b"});
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->vectors, (std::vector<std::vector<float>>{{1, 2.5}, {3, 4}}));
  EXPECT_EQ(made->usage.input, 5);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(model->Embed(ContextOf(kClock), {"a", "b"}).error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(model->Embed(ContextOf(kClock), {})->vectors.empty());
  EXPECT_THAT(provider.received()[0], Not(HasSubstr("Authorization")));
}

TEST(AnthropicTest, AsksAndReadsAnAnswer) {
  ScriptedProvider provider({ScriptedProvider::Json(
      R"({"model":"c-1","content":[{"type":"text","text":"hi"},{"type":"tool_use","id":"u","name":"look","input":{"at":2}}],"stop_reason":"tool_use","usage":{"input_tokens":7,"output_tokens":3}})")});
  const auto answer = Ask(Kind::kAnthropic, provider, WithTool());
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->text, "hi");
  EXPECT_EQ(answer->stop, StopReason::kTools);
  EXPECT_EQ(answer->tool_uses[0].arguments_json, R"({"at":2})");
  EXPECT_EQ(answer->usage.input + answer->usage.output, 10);
  const std::string sent = provider.received()[0];
  EXPECT_THAT(sent, HasSubstr("POST /v1/messages HTTP/1.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("x-api-key: sk-very-secret\r\n"));
  EXPECT_THAT(sent, HasSubstr("anthropic-version: 2023-06-01\r\n"));
  EXPECT_THAT(sent, HasSubstr(R"("system":"Be brief.")"));
  EXPECT_THAT(sent, HasSubstr(R"({"type":"tool_use","id":"u1","name":"look","input":{"at":1}})"));
  EXPECT_THAT(sent, HasSubstr(R"({"type":"tool_result","tool_use_id":"u1","content":"seen"})"));
}

TEST(AnthropicTest, Streams) {
  ScriptedProvider provider({ScriptedProvider::Events(
      {R"({"type":"message_start","message":{"model":"c-1","usage":{"input_tokens":11}}})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})", R"({"type":"ping"})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"h"}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"i"}})",
       R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"u","name":"look","input":{}}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"1}"}})",
       R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}})",
       R"({"type":"message_stop"})"})});
  std::string text;
  const auto answer = Ask(Kind::kAnthropic, provider, Question(), [&](std::string_view piece) -> Result<void> {
    text += piece;
    return {};
  });
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(text, "hi");
  EXPECT_EQ(answer->text, "hi");
  EXPECT_EQ(answer->tool_uses[0].arguments_json, R"({"a":1})");
  EXPECT_EQ(answer->usage.input, 11);
  EXPECT_EQ(answer->usage.output, 5);
}

TEST(AnthropicTest, AnOutputSchemaIsAToolThatHasToBeUsed) {
  ScriptedProvider provider(
      {ScriptedProvider::Json(
           R"({"content":[{"type":"tool_use","id":"u","name":"answer","input":{"a":1}}],"stop_reason":"tool_use"})"),
       ScriptedProvider::Json(
           R"({"content":[{"type":"text","text":"I would rather chat"}],"stop_reason":"end_turn"})")});
  ChatRequest request = Question();
  request.output_schema_json = R"({"type":"object"})";
  const auto answer = Ask(Kind::kAnthropic, provider, request);
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->text, R"({"a":1})");
  EXPECT_EQ(answer->stop, StopReason::kEnd);
  EXPECT_TRUE(answer->tool_uses.empty());
  EXPECT_THAT(provider.received()[0], HasSubstr(R"("tool_choice":{"type":"tool","name":"answer"})"));
  EXPECT_EQ(Ask(Kind::kAnthropic, provider, request).error().code(), ErrorCode::kUnavailable);
}

class HostileTest : public testing::TestWithParam<Kind> {};

TEST_P(HostileTest, RefusalsAreErrorsThatRepeatNothing) {
  const std::string quoted = R"({"error":{"message":"your key sk-very-secret and Say hi are wrong"}})";
  const std::pair<int, ErrorCode> kRefusals[] = {
      {400, ErrorCode::kInvalidArgument}, {401, ErrorCode::kUnauthenticated}, {403, ErrorCode::kPermissionDenied},
      {404, ErrorCode::kInvalidArgument}, {413, ErrorCode::kPayloadTooLarge}, {429, ErrorCode::kTooManyRequests},
      {500, ErrorCode::kUnavailable},     {529, ErrorCode::kUnavailable},     {302, ErrorCode::kUnavailable}};
  for (const auto& [status, code] : kRefusals) {
    ScriptedProvider provider({ScriptedProvider::Json(quoted, status, "Retry-After: 7\r\n")});
    const auto answer = Ask(GetParam(), provider, Question());
    ASSERT_FALSE(answer.has_value()) << status;
    EXPECT_EQ(answer.error().code(), code) << status;
    EXPECT_THAT(answer.error().message(), Not(HasSubstr("secret")));
    EXPECT_THAT(answer.error().message(), Not(HasSubstr("hi")));
    EXPECT_EQ(answer.error().details()[0], (std::pair<std::string, std::string>("retry_after", "7")));
  }
}

TEST_P(HostileTest, BrokenAnswersAreUnavailableAndNeverText) {
  for (
      const std::string& body : std::vector<std::string>{
          "", "{", "[]", "null", "\xff\xfe", "{}", R"({"choices":[]})", R"({"choices":[1],"content":[1]})",
          R"({"choices":[{"message":{"content":"hi"}}],"content":[{"type":"text","text":"hi"}]})",
          R"({"choices":[{"message":{"content":"x"},"finish_reason":"surprise"}],"content":[],"stop_reason":"surprise"})",
          R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"look","arguments":"not json"}}]},"finish_reason":"tool_calls"}],"content":[{"type":"tool_use","name":"look","input":"not json"}],"stop_reason":"tool_use"})",
          R"({"a":1,"a":2})"}) {
    ScriptedProvider provider({ScriptedProvider::Json(body)});
    const auto answer = Ask(GetParam(), provider, Question());
    ASSERT_FALSE(answer.has_value()) << body;
    EXPECT_EQ(answer.error().code(), ErrorCode::kUnavailable) << body;
  }
  std::string deep = "1";
  for (int i = 0; i < 200; ++i) deep = "{\"a\":" + deep + "}";
  for (const std::string& raw :
       {std::string("nonsense\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"), std::string(),
        ScriptedProvider::Json(deep)}) {
    ScriptedProvider provider({raw});
    EXPECT_EQ(Ask(GetParam(), provider, Question()).error().code(), ErrorCode::kUnavailable);
  }
}

TEST_P(HostileTest, AnEndlessAnswerIsCut) {
  ScriptedProvider provider({ScriptedProvider::Json("{\"a\":\"" + std::string(100'000, 'x') + "\"}"),
                             ScriptedProvider::Events({"{\"a\":\"" + std::string(100'000, 'x') + "\"}"})});
  EXPECT_EQ(Ask(GetParam(), provider, Question(), nullptr, ContextOf(kClock), 10'000).error().code(),
            ErrorCode::kPayloadTooLarge);
  const OnText ignore = [](std::string_view) -> Result<void> { return {}; };
  EXPECT_EQ(Ask(GetParam(), provider, Question(), ignore, ContextOf(kClock), 10'000).error().code(),
            ErrorCode::kPayloadTooLarge);
}

TEST_P(HostileTest, SilenceEndsWithTheCallersPatience) {
  ScriptedProvider provider({ScriptedProvider::Silence()});
  std::stop_source stop;
  std::jthread impatient([&] {
    while (provider.received().empty()) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_EQ(Ask(GetParam(), provider, Question(), nullptr, ContextOf(kClock, "anna", stop.get_token())).error().code(),
            ErrorCode::kCancelled);
}

TEST_P(HostileTest, WhoTakesTheTextMayEndIt) {
  ScriptedProvider provider({ScriptedProvider::Events(
      {R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"h"},"choices":[{"delta":{"content":"h"}}]})"})});
  const auto answer = Ask(GetParam(), provider, Question(),
                          [](std::string_view) -> Result<void> { return MakeError(ErrorCode::kCancelled, "enough"); });
  EXPECT_EQ(answer.error().code(), ErrorCode::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(Providers, HostileTest, testing::Values(Kind::kOpenAi, Kind::kAnthropic));

}  // namespace
}  // namespace neurolake::models
