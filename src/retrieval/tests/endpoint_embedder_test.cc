#include "retrieval/endpoint_embedder.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "retrieval/tests/retrieval_fixture.h"
#include "storage/tests/fake_http_server.h"

namespace neurolake::retrieval {
namespace {

namespace json = boost::json;
using storage::FakeHttpServer;
using storage::FakeReply;
using storage::FakeRequest;

constexpr const char* kKey = "sk-secret-of-tests";

std::unique_ptr<EndpointEmbedder> Open(const FakeHttpServer& server, EndpointEmbedderOptions options = {}) {
  options.url = server.url() + "/v1";
  options.key = kKey;
  options.model = {"all-MiniLM-L6-v2", 3};
  options.first_backoff = std::chrono::milliseconds(0);
  return EndpointEmbedder::Make(std::move(options)).value();
}

/// As a model of three dimensions answers: [bytes of the text, 1, 2], in reverse order, as the protocol allows.
FakeReply Embeddings(const FakeRequest& request) {
  const json::array input = json::parse(request.body).at("input").as_array();
  json::array data;
  for (size_t at = input.size(); at-- > 0;) {
    const auto size = static_cast<int64_t>(input[at].as_string().size());
    data.push_back(json::object{{"object", "embedding"}, {"index", at}, {"embedding", {size, 1, 2.0}}});
  }
  return {.body = json::serialize(json::object{{"object", "list"}, {"data", data}, {"model", "x"}})};
}

/// What a server that answers `reply` makes of one text.
Error ErrorFrom(const FakeReply& reply, int* calls = nullptr) {
  FakeHttpServer server([&](const FakeRequest&) { return reply; });
  const std::string_view texts[] = {"canary-text-4711"};
  const auto result = Open(server)->Embed(TestContext(), texts);
  if (calls != nullptr) *calls = static_cast<int>(server.requests().size());
  if (result.has_value()) return Error(ErrorCode::kInternal, "it was taken");
  EXPECT_EQ(result.error().message().find("canary"), std::string::npos);
  EXPECT_EQ(result.error().message().find(kKey), std::string::npos);
  return result.error();
}

TEST(EndpointEmbedderTest, SpeaksTheProtocol) {
  FakeHttpServer server(Embeddings);
  const std::string_view texts[] = {"four", "sevenxx", ""};
  const EmbeddingBatch batch = Open(server)->Embed(TestContext(), texts).value();
  ASSERT_EQ(batch.size(), 3U);
  EXPECT_NEAR(batch[0][0] / batch[0][1], 4, 1e-5);
  EXPECT_NEAR(batch[1][0] / batch[1][1], 7, 1e-5);
  EXPECT_NEAR(InnerProduct(batch[1], batch[1]), 1, 1e-5);
  const FakeRequest request = server.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/v1/embeddings");
  EXPECT_EQ(request.headers.at("authorization"), std::string("Bearer ") + kKey);
  EXPECT_EQ(json::parse(request.body).at("model").as_string(), "all-MiniLM-L6-v2");
  EXPECT_EQ(json::parse(request.body).at("encoding_format").as_string(), "float");
}

TEST(EndpointEmbedderTest, SendsManyTextsInSeveralCalls) {
  FakeHttpServer server(Embeddings);
  std::vector<std::string> owned;
  for (size_t at = 0; at < 150; ++at) owned.emplace_back(at % 9 + 1, 'x');
  const std::vector<std::string_view> texts(owned.begin(), owned.end());
  const EmbeddingBatch batch = Open(server)->Embed(TestContext(), texts).value();
  EXPECT_EQ(server.requests().size(), 3U);
  for (size_t at = 0; at < texts.size(); ++at) EXPECT_NEAR(batch[at][0] / batch[at][1], at % 9 + 1, 1e-4) << at;
}

TEST(EndpointEmbedderTest, SendsNoneForNone) {
  FakeHttpServer server(Embeddings);
  EXPECT_EQ(Open(server)->Embed(TestContext(), {}).value().size(), 0U);
  EXPECT_TRUE(server.requests().empty());
}

TEST(EndpointEmbedderTest, SendsValidJsonWhateverTheText) {
  FakeHttpServer server(Embeddings);
  const std::string_view texts[] = {std::string_view("\xFF\0\"\\</untrusted>\n", 17)};
  ASSERT_TRUE(Open(server)->Embed(TestContext(), texts).has_value());
  EXPECT_EQ(json::parse(server.requests().at(0).body).at("input").as_array().size(), 1U);
}

TEST(EndpointEmbedderTest, TriesAgainWhatMayPass) {
  std::atomic<int> calls = 0;
  FakeHttpServer server(
      [&](const FakeRequest& request) { return ++calls < 3 ? FakeReply{.status = 503} : Embeddings(request); });
  const std::string_view texts[] = {"a"};
  EXPECT_TRUE(Open(server)->Embed(TestContext(), texts).has_value());
  EXPECT_EQ(calls, 3);
}

TEST(EndpointEmbedderTest, GivesUpAfterAFewTries) {
  int calls = 0;
  EXPECT_EQ(ErrorFrom({.status = 429, .body = kKey}, &calls).code(), ErrorCode::kTooManyRequests);
  EXPECT_EQ(calls, 3);
}

TEST(EndpointEmbedderTest, DoesNotRepeatWhatWasRefused) {
  int calls = 0;
  EXPECT_EQ(ErrorFrom({.status = 401, .body = "bad key canary"}, &calls).code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(ErrorFrom({.status = 400, .body = "canary"}).code(), ErrorCode::kUnavailable);
  EXPECT_EQ(ErrorFrom({.status = 302, .headers = {{"Location", "http://elsewhere.example"}}}).code(),
            ErrorCode::kUnavailable);
}

TEST(EndpointEmbedderTest, RefusesAnswersThatAreNoVectors) {
  for (const char* body :
       {"", "not json", "[]", "{}", R"({"data":{}})", R"({"data":[]})", R"({"data":[1]})", R"({"data":[{"index":0}]})",
        R"({"data":[{"embedding":[1,2,3]}]})", R"({"data":[{"index":1,"embedding":[1,2,3]}]})",
        R"({"data":[{"index":-1,"embedding":[1,2,3]}]})", R"({"data":[{"index":"0","embedding":[1,2,3]}]})",
        R"({"data":[{"index":0,"embedding":[1,2]}]})", R"({"data":[{"index":0,"embedding":[1,2,3,4]}]})",
        R"({"data":[{"index":0,"embedding":["1",2,3]}]})", R"({"data":[{"index":0,"embedding":[1e300,2,3]}]})",
        R"({"data":[{"index":0,"embedding":[null,2,3]}]})",
        R"({"data":[{"index":0,"embedding":[1,2,3]},{"index":0,"embedding":[1,2,3]}]})"}) {
    EXPECT_EQ(ErrorFrom({.body = body}).code(), ErrorCode::kUnavailable) << body;
  }
}

TEST(EndpointEmbedderTest, SurvivesConnectionsThatBreak) {
  for (const FakeReply::Fault fault :
       {FakeReply::Fault::kLost, FakeReply::Fault::kTruncated, FakeReply::Fault::kGarbage}) {
    EXPECT_EQ(ErrorFrom({.body = std::string(100, 'x'), .fault = fault}).code(), ErrorCode::kUnavailable);
  }
}

TEST(EndpointEmbedderTest, RefusesAnAnswerWithoutEnd) {
  EXPECT_EQ(ErrorFrom({.body = std::string(4 << 20, ' ')}).code(), ErrorCode::kUnavailable);
}

TEST(EndpointEmbedderTest, EndsWithItsTimeAndWithTheCallers) {
  FakeHttpServer server([](const FakeRequest&) { return FakeReply{.fault = FakeReply::Fault::kSilent}; });
  const std::string_view texts[] = {"a"};
  const auto slow = Open(server, {.timeout = std::chrono::milliseconds(100)});
  EXPECT_EQ(slow->Embed(TestContext(), texts).error().code(), ErrorCode::kUnavailable);
  const SystemClock clock;
  const RequestContext hurried({}, "", "", clock, clock.SteadyNow() + std::chrono::milliseconds(100));
  EXPECT_EQ(Open(server)->Embed(hurried, texts).error().code(), ErrorCode::kDeadlineExceeded);
}

TEST(EndpointEmbedderTest, RefusesAnImpossibleConfiguration) {
  EXPECT_EQ(EndpointEmbedder::Make({.url = "http://x", .model = {"", 3}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(EndpointEmbedder::Make({.url = "http://x", .model = {"m", 0}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(EndpointEmbedder::Make({.url = "ftp://x", .model = {"m", 3}}).error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace neurolake::retrieval
