#include "governance/rego/decider.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "governance/rego/bundle.h"

namespace neurolake::governance {
namespace {

class FakeEvaluator final : public PolicyEvaluator {
 public:
  std::string Epoch() const override { return epoch; }
  Result<std::optional<std::string>> Evaluate(const RequestContext&, const std::string&) override {
    ++calls;
    return answer;
  }
  std::string epoch = "1";
  Result<std::optional<std::string>> answer = std::optional<std::string>(R"({"allow": true})");
  std::atomic<int> calls = 0;
};

class RegoDeciderTest : public testing::Test {
 protected:
  RequestContext Context(const std::string& role = "reader", std::stop_token stop = {}) {
    return {Principal{PrincipalId("p1"), "anna", role, *RightsOfRole(role)},
            "r1",
            "http",
            clock_,
            clock_.SteadyNow() + std::chrono::seconds(30),
            std::move(stop)};
  }
  static DecisionRequest Request(const std::string& name = "orders") {
    return {.principal_name = "anna", .action = "select", .schema = "shop", .name = name};
  }

  FakeClock clock_;
  std::shared_ptr<FakeEvaluator> evaluator_ = std::make_shared<FakeEvaluator>();
  PolicyDecider decider_{evaluator_, 2};
};

TEST_F(RegoDeciderTest, KeepsDecisionsPerEpochAndWholeRequest) {
  EXPECT_TRUE((*decider_.Decide(Context(), Request()))->allow);
  EXPECT_TRUE((*decider_.Decide(Context(), Request()))->allow);
  EXPECT_EQ(evaluator_->calls, 1);
  DecisionRequest other = Request();
  other.purpose = "billing";
  ASSERT_TRUE(decider_.Decide(Context(), other));
  EXPECT_EQ(evaluator_->calls, 2);
  evaluator_->epoch = "2";
  evaluator_->answer = std::optional<std::string>(R"({"allow": false})");
  EXPECT_FALSE((*decider_.Decide(Context(), Request()))->allow);
  EXPECT_EQ(evaluator_->calls, 3);
}

TEST_F(RegoDeciderTest, KeepsNothingWhereNobodyKnowsWhenAnswersChange) {
  evaluator_->epoch = "";
  ASSERT_TRUE(decider_.Decide(Context(), Request()));
  ASSERT_TRUE(decider_.Decide(Context(), Request()));
  EXPECT_EQ(evaluator_->calls, 2);
}

TEST_F(RegoDeciderTest, ForgetsWhatWasAskedForLeastRecently) {
  for (const char* name : {"a", "b", "a", "c", "a", "b"}) ASSERT_TRUE(decider_.Decide(Context(), Request(name)));
  // b was forgotten for c.
  EXPECT_EQ(evaluator_->calls, 4);
}

TEST_F(RegoDeciderTest, DeniesWhatIsUndefined) {
  evaluator_->answer = std::optional<std::string>();
  EXPECT_FALSE((*decider_.Decide(Context(), Request()))->allow);
}

TEST_F(RegoDeciderTest, DeniesOnErrorsAndTellsAdministratorsWhy) {
  for (const auto& answer : std::vector<Result<std::optional<std::string>>>{
           MakeError(ErrorCode::kUnavailable, "connection refused: opa.example"), std::optional<std::string>("true"),
           std::optional<std::string>(R"({"allow": "yes"})"), std::optional<std::string>("{")}) {
    evaluator_->answer = answer;
    const auto denied = decider_.Decide(Context(), Request());
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_EQ(denied.error().message().find("opa.example"), std::string::npos);
    const auto explained = decider_.Decide(Context("admin"), Request());
    ASSERT_FALSE(explained);
    EXPECT_EQ(explained.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_GT(explained.error().message().size(), std::string("no policy decision, so access is denied: ").size());
  }
  // An error is not kept.
  evaluator_->answer = std::optional<std::string>(R"({"allow": true})");
  EXPECT_TRUE((*decider_.Decide(Context(), Request()))->allow);
}

TEST_F(RegoDeciderTest, PassesOnThatNobodyWaits) {
  evaluator_->answer = MakeError(ErrorCode::kCancelled, "cancelled");
  EXPECT_EQ(decider_.Decide(Context(), Request()).error().code(), ErrorCode::kCancelled);
}

TEST_F(RegoDeciderTest, AsksOnceForManyAtATime) {
  DecisionCache cache(10);
  std::latch entered(1);
  std::latch go(1);
  std::atomic<int> made = 0;
  const auto make = [&]() -> Result<DecisionCache::Decision> {
    ++made;
    entered.count_down();
    go.wait();
    return std::make_shared<const PolicyDecision>(PolicyDecision{.allow = true});
  };
  std::vector<std::jthread> threads;
  std::atomic<int> allowed = 0;
  const auto ask = [&] { allowed += (*cache.Get(Context(), "k", make))->allow ? 1 : 0; };
  threads.emplace_back(ask);
  entered.wait();
  for (int i = 0; i < 7; ++i) threads.emplace_back(ask);
  go.count_down();
  threads.clear();
  EXPECT_EQ(allowed, 8);
  EXPECT_EQ(made, 1);
  EXPECT_EQ(cache.size(), 1);
}

TEST_F(RegoDeciderTest, WaitsForAnotherNoLongerThanItsCallerDoes) {
  DecisionCache cache(10);
  std::latch entered(1);
  std::latch go(1);
  std::jthread leader([&] {
    const auto made = cache.Get(Context(), "k", [&]() -> Result<DecisionCache::Decision> {
      entered.count_down();
      go.wait();
      return MakeError(ErrorCode::kCancelled, "the leader was cancelled");
    });
    EXPECT_FALSE(made);
  });
  entered.wait();
  std::stop_source stop;
  stop.request_stop();
  const auto gone = cache.Get(Context("reader", stop.get_token()), "k", [] { return DecisionCache::Decision(); });
  EXPECT_EQ(gone.error().code(), ErrorCode::kCancelled);
  // Somebody else's cancellation is nobody else's answer.
  std::jthread follower([&] {
    const auto made = cache.Get(Context(), "k", []() -> Result<DecisionCache::Decision> {
      return std::make_shared<const PolicyDecision>(PolicyDecision{.allow = true});
    });
    EXPECT_TRUE(made && (*made)->allow);
  });
  go.count_down();
}

TEST_F(RegoDeciderTest, DecidesByTheActiveBundle) {
  const auto bundle = [](const std::string& allow) {
    return RegoBundle::Load({{"a.rego", "package neurolake.authz\nallow if " + allow}})->policy();
  };
  const auto evaluator = std::make_shared<BundleEvaluator>(std::chrono::seconds(10));
  PolicyDecider decider(evaluator, 10);
  EXPECT_EQ(decider.Decide(Context(), Request()).error().code(), ErrorCode::kPermissionDenied);
  evaluator->Activate(bundle("input.object.name == \"orders\""), "1");
  EXPECT_TRUE((*decider.Decide(Context(), Request()))->allow);
  EXPECT_FALSE((*decider.Decide(Context(), Request("salaries")))->allow);
  evaluator->Activate(bundle("input.object.name == \"salaries\""), "2");
  EXPECT_FALSE((*decider.Decide(Context(), Request()))->allow);
  EXPECT_TRUE((*decider.Decide(Context(), Request("salaries")))->allow);
  evaluator->Activate(nullptr, "3");
  EXPECT_EQ(decider.Decide(Context(), Request()).error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(RegoDeciderTest, StopsWhatTakesTooLongOrTooMuch) {
  for (const char* body :
       {"some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == -1",
        "count(numbers.range(1, 1000000000)) > 1", "1 / input.object.nothing == 1 / 0", "input.action < 1 / 0"}) {
    const auto bundle = RegoBundle::Load({{"a.rego", fmt::format("package neurolake.authz\nallow if {{ {} }}", body)}});
    ASSERT_TRUE(bundle) << bundle.error().message();
    const auto evaluator = std::make_shared<BundleEvaluator>(std::chrono::milliseconds(100));
    evaluator->Activate(bundle->policy(), "1");
    PolicyDecider decider(evaluator, 10);
    const auto denied = decider.Decide(Context(), Request());
    if (denied) {
      EXPECT_FALSE((*denied)->allow) << body;
    } else {
      EXPECT_EQ(denied.error().code(), ErrorCode::kPermissionDenied) << body;
    }
  }
}

}  // namespace
}  // namespace neurolake::governance
