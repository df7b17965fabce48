#include "models/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "metastore/tests/store_fixture.h"
#include "models/tests/scripted_provider.h"

namespace neurolake::models {
namespace {

using testing::HasSubstr;

/// Answers as it is told to; counts.
class FakeChat final : public ChatModel {
 public:
  Result<ChatAnswer> Chat(const RequestContext&, const ChatRequest&, const OnText& on_text) const override {
    ++calls;
    if (answers.empty()) return MakeError(ErrorCode::kUnavailable, "gone");
    auto answer = std::move(answers.front());
    answers.pop_front();
    if (on_text && !partial.empty()) NL_RETURN_IF_ERROR(on_text(partial));
    return answer;
  }
  mutable int calls = 0;
  mutable std::deque<Result<ChatAnswer>> answers;
  std::string partial;
};

ChatAnswer Says(const std::string& text) {
  return {.text = text, .usage = {.input = 100, .output = 20, .known = true}, .model = "m-1"};
}
std::unexpected<Error> Fails(ErrorCode code) { return MakeError(code, "as told"); }

/// Who is on the list.
class SomeMay final : public ModelRights {
 public:
  Result<bool> MayExecute(const RequestContext& ctx, const std::string& model) const override {
    asked = model;
    if (fails) return MakeError(ErrorCode::kUnavailable, "the store is gone");
    return ctx.principal().id.value() != denied;
  }
  mutable std::string asked;
  std::string denied;
  bool fails = false;
};

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    options_.tokens_per_day = 10'000;
    options_.wait = [this](const RequestContext&, std::chrono::milliseconds time) -> Result<void> {
      waits_.push_back(time.count());
      clock_.Advance(time);
      return {};
    };
    options_.chance = [] { return 0.5; };
    store_ = metastore::OpenStore("", directory_.File("store.db")).value();
    usage_ = std::make_unique<UsageStore>(*store_);
  }

  void Make(PromptCache* cache = nullptr) {
    router_ = std::make_unique<ModelRouter>(options_, *usage_, cache, clock_, rights_);
    auto model = std::make_shared<RoutedModel>();
    auto chat = std::make_unique<FakeChat>();
    chat_ = chat.get();
    model->provider = "openai";
    model->model = "m";
    model->chat = std::move(chat);
    model->price = {.input = 0.15, .output = 0.6};
    router_->AddRoute("classify", model);
  }
  Result<ChatAnswer> Ask(const std::string& who = "anna", const std::string& text = "hello") {
    clock_.Advance(std::chrono::seconds(1));  // So that calls have an order.
    ChatRequest request{.messages = {{Role::kUser, text}}};
    request.output_tokens_max = 500;
    return router_->Chat(ContextOf(clock_, who), "classify", request);
  }
  std::vector<CallRecord> Calls() { return usage_->Calls(std::nullopt, 100).value(); }

  metastore::TemporaryDirectory directory_;
  FakeClock clock_;
  SomeMay rights_;
  std::unique_ptr<metastore::Store> store_;
  std::unique_ptr<UsageStore> usage_;
  RouterOptions options_;
  std::vector<int64_t> waits_;
  std::unique_ptr<ModelRouter> router_;
  FakeChat* chat_ = nullptr;
};

TEST_F(RouterTest, WhoMayNotExecuteAModelHasNone) {
  const auto cache = NewMemoryPromptCache(1 << 20);
  Make(cache.get());
  chat_->answers.emplace_back(Says("hi"));
  EXPECT_EQ(Ask("anna")->text, "hi");
  EXPECT_EQ(rights_.asked, "openai:m");
  rights_.denied = "anna";
  // Not what was kept for her either, and nothing is counted.
  const auto refused = Ask("anna");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kNotSupported);
  EXPECT_EQ(chat_->calls, 1);
  EXPECT_EQ(Calls().size(), 1U);
  const auto anna = ContextOf(clock_, "anna");
  EXPECT_FALSE(router_->MayUse(anna, "classify"));
  // As a task that has no model at all.
  const auto missing = router_->Chat(anna, "summarise", {});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code(), refused.error().code());
  std::string text = refused.error().message();
  text.replace(text.find("classify"), 8, "summarise");
  EXPECT_EQ(text, missing.error().message());
  EXPECT_TRUE(router_->MayUse(ContextOf(clock_, "bert"), "classify"));
}

TEST_F(RouterTest, WhatCannotBeFoundOutIsNoPermission) {
  Make();
  chat_->answers.emplace_back(Says("hi"));
  rights_.fails = true;
  EXPECT_EQ(Ask().error().code(), ErrorCode::kUnavailable);
  EXPECT_FALSE(router_->MayUse(ContextOf(clock_, "anna"), "classify"));
  EXPECT_EQ(chat_->calls, 0);
}

TEST_F(RouterTest, AsksCountsAndRecords) {
  Make();
  chat_->answers.emplace_back(Says("hi"));
  EXPECT_EQ(Ask()->text, "hi");
  const auto day = usage_->UsedOn(PrincipalId("anna"), clock_.Now()).value();
  EXPECT_EQ(day.tokens, 120);
  EXPECT_EQ(day.cost_nanodollars, 100 * 150 + 20 * 600);
  const auto calls = Calls();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].outcome, "succeeded");
  EXPECT_EQ(calls[0].task, "classify");
  EXPECT_EQ(calls[0].input_tokens, 100);
  EXPECT_EQ(calls[0].prompt_sha256.size(), 64U);
}

TEST_F(RouterTest, KnowsNoTaskThatNobodyConfigured) {
  Make();
  ChatRequest request;
  const auto answer = router_->Chat(ContextOf(clock_), "synthesise", request);
  EXPECT_EQ(answer.error().code(), ErrorCode::kNotSupported);
  EXPECT_EQ(router_->Embed(ContextOf(clock_), "classify", {"a"}).error().code(), ErrorCode::kNotSupported);
  EXPECT_TRUE(Calls().empty());
}

TEST_F(RouterTest, RepeatsWhatMayPassAndNothingElse) {
  Make();
  chat_->answers.emplace_back(Fails(ErrorCode::kUnavailable));
  chat_->answers.emplace_back(std::unexpected(Error(ErrorCode::kTooManyRequests, "wait").With("retry_after", "7")));
  chat_->answers.emplace_back(Says("hi"));
  EXPECT_EQ(Ask()->text, "hi");
  EXPECT_EQ(waits_, (std::vector<int64_t>{250, 7000}));
  EXPECT_EQ(Calls()[0].attempts, 3);
  for (const ErrorCode code : {ErrorCode::kInvalidArgument, ErrorCode::kUnauthenticated, ErrorCode::kCancelled}) {
    chat_->calls = 0;
    chat_->answers.emplace_back(Fails(code));
    EXPECT_EQ(Ask().error().code(), code);
    EXPECT_EQ(chat_->calls, 1);
  }
  chat_->calls = 0;
  EXPECT_EQ(Ask().error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(chat_->calls, 3);
}

TEST_F(RouterTest, WhatWasGivenAwayIsNotRepeated) {
  Make();
  chat_->partial = "par";
  chat_->answers.emplace_back(Fails(ErrorCode::kUnavailable));
  std::string text;
  const auto answer = router_->Chat(ContextOf(clock_), "classify", {.messages = {{Role::kUser, "x"}}},
                                    [&](std::string_view piece) -> Result<void> {
                                      text += piece;
                                      return {};
                                    });
  EXPECT_FALSE(answer.has_value());
  EXPECT_EQ(text, "par");
  EXPECT_EQ(chat_->calls, 1);
}

TEST_F(RouterTest, BreaksAndTriesAgainLater) {
  options_.attempts_max = 1;
  options_.breaker = {.failures_max = 2, .pause = std::chrono::seconds(30)};
  Make();
  EXPECT_FALSE(Ask().has_value());
  EXPECT_FALSE(Ask().has_value());
  EXPECT_FALSE(Ask().has_value());
  EXPECT_EQ(chat_->calls, 2);  // The third was not asked.
  clock_.Advance(std::chrono::seconds(30));
  EXPECT_FALSE(Ask().has_value());
  EXPECT_EQ(chat_->calls, 3);
  EXPECT_FALSE(Ask().has_value());
  EXPECT_EQ(chat_->calls, 3);
  clock_.Advance(std::chrono::seconds(30));
  chat_->answers.emplace_back(Says("back"));
  EXPECT_EQ(Ask()->text, "back");
  chat_->answers.emplace_back(Says("again"));
  EXPECT_EQ(Ask()->text, "again");
}

TEST_F(RouterTest, ADaysTokensAreAPrincipalsOwn) {
  options_.tokens_per_day = 700;
  Make();
  chat_->answers.emplace_back(Says("one"));
  EXPECT_TRUE(Ask().has_value());  // 120 used.
  chat_->answers.emplace_back(Says("two"));
  EXPECT_TRUE(Ask().has_value());  // 240: less is left than the third could need.
  const auto refused = Ask();
  EXPECT_EQ(refused.error().code(), ErrorCode::kTooManyRequests);
  EXPECT_THAT(refused.error().message(), HasSubstr("models.tokens_per_day"));
  EXPECT_EQ(chat_->calls, 2);
  chat_->answers.emplace_back(Says("three"));
  EXPECT_TRUE(Ask("bob").has_value());
  // Another process knows it too.
  auto other = metastore::OpenStore("", directory_.File("store.db")).value();
  EXPECT_EQ(UsageStore(*other).UsedOn(PrincipalId("anna"), clock_.Now())->tokens, 240);
  clock_.Advance(std::chrono::hours(24));
  chat_->answers.emplace_back(Says("four"));
  EXPECT_TRUE(Ask().has_value());
}

TEST_F(RouterTest, AgentsSpendWhatIsTheirPrincipals) {
  options_.tokens_per_day = 700;
  Make();
  const auto ask_as_agent = [&](const std::string& agent) {
    Principal principal = ContextOf(clock_, agent).principal();
    principal.on_behalf_of = std::make_shared<const Principal>(ContextOf(clock_, "anna").principal());
    const RequestContext ctx(principal, "request", "test", clock_, clock_.SteadyNow() + std::chrono::seconds(20));
    ChatRequest request{.messages = {{Role::kUser, "hello"}}};
    request.output_tokens_max = 500;
    return router_->Chat(ctx, "classify", request);
  };
  chat_->answers.emplace_back(Says("one"));
  EXPECT_TRUE(ask_as_agent("bot").has_value());
  chat_->answers.emplace_back(Says("two"));
  EXPECT_TRUE(ask_as_agent("another").has_value());
  EXPECT_EQ(usage_->UsedOn(PrincipalId("anna"), clock_.Now())->tokens, 240);
  EXPECT_EQ(ask_as_agent("third").error().code(), ErrorCode::kTooManyRequests);
  EXPECT_EQ(chat_->calls, 2);
}

TEST_F(RouterTest, WhatIsNotOnRecordIsNotGivenAway) {
  Make();
  ASSERT_TRUE(store_
                  ->Write([](metastore::Session& session) -> Result<void> {
                    NL_RETURN_IF_ERROR(session.Execute("DROP TABLE model_calls"));
                    return {};
                  })
                  .has_value());
  chat_->answers.emplace_back(Says("secret"));
  EXPECT_FALSE(Ask().has_value());
}

TEST_F(RouterTest, WhatIsAskedByChanceIsNotKept) {
  const auto cache = NewMemoryPromptCache(1 << 20);
  Make(cache.get());
  const auto ask = [&](double temperature, std::vector<ToolDefinition> tools) {
    chat_->answers.emplace_back(Says("an answer"));
    ChatRequest request{.messages = {{Role::kUser, "hello"}}};
    request.temperature = temperature;
    request.tools = std::move(tools);
    EXPECT_TRUE(router_->Chat(ContextOf(clock_), "classify", request).has_value());
    return chat_->calls;
  };
  EXPECT_EQ(ask(0.5, {}), 1);
  EXPECT_EQ(ask(0.5, {}), 2);
  const ToolDefinition tool{.name = "look", .description = "looks", .schema_json = "{}"};
  EXPECT_EQ(ask(0, {tool}), 3);
  EXPECT_EQ(ask(0, {tool}), 4);
  EXPECT_EQ(ask(0, {}), 5);
  EXPECT_EQ(ask(0, {}), 5);
}

TEST_F(RouterTest, AFailureGivesItsTokensBack) {
  options_.attempts_max = 1;
  Make();
  EXPECT_FALSE(Ask().has_value());
  EXPECT_EQ(usage_->UsedOn(PrincipalId("anna"), clock_.Now())->tokens, 0);
  EXPECT_EQ(Calls()[0].outcome, "Unavailable");
}

TEST_F(RouterTest, KeptAnswersAreForTheSameQuestionOfTheSamePrincipal) {
  const auto cache = NewMemoryPromptCache(1 << 20);
  Make(cache.get());
  chat_->answers.emplace_back(Says("first"));
  EXPECT_EQ(Ask()->text, "first");
  EXPECT_EQ(Ask()->text, "first");
  EXPECT_EQ(chat_->calls, 1);
  EXPECT_EQ(Calls()[0].outcome, "cached");
  chat_->answers.emplace_back(Says("for bob"));
  EXPECT_EQ(Ask("bob")->text, "for bob");
  chat_->answers.emplace_back(Says("other"));
  EXPECT_EQ(Ask("anna", "hello ")->text, "other");
  EXPECT_EQ(usage_->UsedOn(PrincipalId("anna"), clock_.Now())->tokens, 240);
}

TEST(PromptCacheTest, TheOneUsedLongestAgoMakesRoom) {
  const auto cache = NewMemoryPromptCache(30);
  cache->Put("a", std::string(9, 'a'));
  cache->Put("b", std::string(9, 'b'));
  cache->Put("c", std::string(9, 'c'));
  EXPECT_TRUE(cache->Get("a").has_value());
  cache->Put("d", std::string(9, 'd'));
  EXPECT_FALSE(cache->Get("b").has_value());
  EXPECT_EQ(cache->Get("a"), std::string(9, 'a'));
  cache->Put("a", "new");
  EXPECT_EQ(cache->Get("a"), "new");
  cache->Put("e", std::string(31, 'e'));
  EXPECT_FALSE(cache->Get("e").has_value());
}

class ConfiguredTest : public RouterTest {
 protected:
  Result<std::unique_ptr<ModelRouter>> From() { return RouterFrom(settings_, *usage_, nullptr, clock_, rights_); }
  Settings settings_ = [] {
    Settings settings;
    settings.models_openai_url = "https://api.openai.com/v1";
    settings.models_anthropic_url = "https://api.anthropic.com";
    settings.models_tokens_per_day = 1000;
    settings.models_attempts_max = 1;
    settings.models_timeout = std::chrono::seconds(20);
    return settings;
  }();
};

TEST_F(ConfiguredTest, NothingIsAskedUnlessConfigured) {
  const auto router = From();
  ASSERT_TRUE(router.has_value());
  EXPECT_EQ((*router)->Chat(ContextOf(clock_), "classify", {}).error().code(), ErrorCode::kNotSupported);
}

TEST_F(ConfiguredTest, OtherMachinesNeedToBeAllowedAndTls) {
  settings_.models_routes = {"classify=openai:m"};
  EXPECT_THAT(From().error().message(), HasSubstr("models.external"));
  settings_.models_external = true;
  EXPECT_TRUE(From().has_value());
  settings_.models_openai_url = "http://models.example.org/v1";
  EXPECT_THAT(From().error().message(), HasSubstr("https://"));
  settings_.models_external = false;
  for (const char* here : {"http://127.0.0.1:1/v1", "http://localhost:1/v1", "http://[::1]:1/v1"}) {
    settings_.models_openai_url = here;
    EXPECT_TRUE(From().has_value()) << here;
  }
}

TEST_F(ConfiguredTest, WrongEntriesAreNamed) {
  settings_.models_external = true;
  for (const char* wrong : {"classify", "=openai:m", "classify=openai", "classify=openai:", "classify=other:m"}) {
    settings_.models_routes = {wrong};
    EXPECT_THAT(From().error().message(), HasSubstr("models.routes")) << wrong;
  }
  settings_.models_routes = {"a=openai:m", "a=anthropic:m"};
  EXPECT_FALSE(From().has_value());
  settings_.models_routes = {"a=openai:m"};
  for (const char* wrong : {"openai:m", "openai:m=1", "openai:m=1/", "openai:m=x/1", "openai:m=-1/1"}) {
    settings_.models_prices = {wrong};
    EXPECT_THAT(From().error().message(), HasSubstr("models.prices")) << wrong;
  }
}

TEST_F(ConfiguredTest, AsksARealSocket) {
  const SystemClock clock;
  ScriptedProvider provider({ScriptedProvider::Json(
      R"({"content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5}})")});
  settings_.models_routes = {"classify=anthropic:c"};
  settings_.models_anthropic_url = provider.origin();
  settings_.models_prices = {"anthropic:c=3/15"};
  const auto router = RouterFrom(settings_, *usage_, nullptr, clock, rights_).value();
  ChatRequest request{.messages = {{Role::kUser, "hello"}}};
  request.output_tokens_max = 50;
  EXPECT_EQ(router->Chat(ContextOf(clock), "classify", request)->text, "hi");
  EXPECT_EQ(Calls()[0].cost_nanodollars, 10 * 3000 + 5 * 15000);
}

}  // namespace
}  // namespace neurolake::models
