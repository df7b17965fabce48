#include "ask/service/asker.h"

#include <gtest/gtest.h>

namespace neurolake::ask {
namespace {

Result<RequestContext> AskedBy(Principal principal, const Clock& clock) {
  return AsAsker(RequestContext(std::move(principal), "request", "http", clock, SteadyTime::max()));
}

TEST(AskerTest, WhoMayOnlyAskReadsForThatAlone) {
  FakeClock clock;
  const Principal caller{.id = PrincipalId("p"), .name = "p", .role = "reader", .rights = {Right::kAsk}};
  const auto asker = AskedBy(caller, clock);
  ASSERT_TRUE(asker.has_value());
  EXPECT_TRUE(asker->principal().Has(Right::kRead));
  for (const Right right : {Right::kWrite, Right::kCreate, Right::kManage, Right::kRegisterLocation, Right::kAudit}) {
    EXPECT_FALSE(asker->principal().Has(right));
  }
  EXPECT_EQ(asker->principal().id, caller.id);
  EXPECT_EQ(asker->door(), "http");
}

TEST(AskerTest, WhatATokenIsLimitedToStays) {
  FakeClock clock;
  const Principal caller{.rights = {Right::kAsk}, .purpose = "support", .schemas = std::vector<std::string>{"gold"}};
  const auto asker = AskedBy(caller, clock);
  ASSERT_TRUE(asker.has_value());
  EXPECT_FALSE(asker->principal().MayUseSchema("silver"));
  EXPECT_EQ(asker->principal().purpose, "support");
}

TEST(AskerTest, WhoMayNotAskIsRefused) {
  FakeClock clock;
  for (const auto& rights : {std::vector<Right>{}, std::vector<Right>{Right::kRead, Right::kAudit}}) {
    const auto refused = AskedBy({.rights = rights}, clock);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied);
  }
}

}  // namespace
}  // namespace neurolake::ask
