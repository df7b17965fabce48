#include "models/usage_store.h"

#include "metastore/tests/store_fixture.h"

namespace neurolake::models {
namespace {

class UsageStoreTest : public metastore::StoreTest {
 protected:
  FakeClock clock_;
};

TEST_P(UsageStoreTest, ReservesSettlesAndRefuses) {
  UsageStore usage(*store_);
  const PrincipalId anna("anna");
  EXPECT_TRUE(usage.Reserve(anna, clock_.Now(), 60, 100).has_value());
  EXPECT_EQ(usage.Reserve(anna, clock_.Now(), 41, 100).error().code(), ErrorCode::kTooManyRequests);
  EXPECT_TRUE(usage.Settle(anna, clock_.Now(), 60, 10, 7).has_value());
  EXPECT_TRUE(usage.Reserve(anna, clock_.Now(), 90, 100).has_value());
  EXPECT_EQ(usage.UsedOn(anna, clock_.Now())->tokens, 100);
  EXPECT_EQ(usage.UsedOn(anna, clock_.Now())->cost_nanodollars, 7);
  EXPECT_EQ(usage.UsedOn(PrincipalId("bob"), clock_.Now())->tokens, 0);
}

TEST_P(UsageStoreTest, KeepsCallsAndForgetsOldOnes) {
  UsageStore usage(*store_);
  for (const char* who : {"anna", "bob", "anna"}) {
    clock_.Advance(std::chrono::seconds(1));
    ASSERT_TRUE(usage
                    .Record({.id = NewUuid(),
                             .principal = PrincipalId(who),
                             .request_id = "r",
                             .task = "t",
                             .provider = "p",
                             .model = "m",
                             .prompt_sha256 = "s",
                             .outcome = "succeeded",
                             .input_tokens = 1,
                             .output_tokens = 2,
                             .cost_nanodollars = 3,
                             .attempts = 1,
                             .started = clock_.Now(),
                             .took = std::chrono::microseconds(9)})
                    .has_value());
  }
  EXPECT_EQ(usage.Calls(std::nullopt, 10)->size(), 3U);
  const auto annas = usage.Calls(PrincipalId("anna"), 10).value();
  ASSERT_EQ(annas.size(), 2U);
  EXPECT_GT(annas[0].started, annas[1].started);
  EXPECT_EQ(annas[0].took, std::chrono::microseconds(9));
  ASSERT_TRUE(usage.Forget(clock_.Now()).has_value());
  EXPECT_EQ(usage.Calls(std::nullopt, 10)->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Kinds, UsageStoreTest, testing::Values("sqlite", "postgresql"));

}  // namespace
}  // namespace neurolake::models
