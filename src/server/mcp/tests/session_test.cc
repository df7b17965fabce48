#include "server/mcp/internal/session.h"

#include <gtest/gtest.h>

namespace neurolake::server::mcp {
namespace {

Principal Who(const std::string& name) { return {PrincipalId(name), name, "reader", {Right::kRead}}; }

class SessionTest : public testing::Test {
 protected:
  FakeClock clock_;
  SessionStore store_{clock_,
                      {.sessions_max = 4, .sessions_max_per_principal = 2, .idle_max = std::chrono::minutes(30)}};
};

TEST_F(SessionTest, BelongsToItsPrincipalAndItsTokensLimits) {
  const std::string id = store_.Begin(Who("anna"), "2025-11-25");
  EXPECT_EQ(id.size(), 64U);
  ASSERT_NE(store_.Find(Who("anna"), id), nullptr);
  EXPECT_EQ(store_.Find(Who("anna"), id)->version(), "2025-11-25");
  EXPECT_EQ(store_.Find(Who("bob"), id), nullptr);
  Principal limited = Who("anna");
  limited.schemas = std::vector<std::string>{"gold"};
  EXPECT_EQ(store_.Find(limited, id), nullptr);
  EXPECT_EQ(store_.Find(Who("anna"), id + "0"), nullptr);
  EXPECT_EQ(store_.Find(Who("anna"), ""), nullptr);
}

TEST_F(SessionTest, EndsForItsOwnerAloneAndCancelsWhatRuns) {
  const std::string id = store_.Begin(Who("anna"), "2025-11-25");
  std::stop_source stop;
  ASSERT_TRUE(store_.Find(Who("anna"), id)->Begin("1", stop));
  EXPECT_FALSE(store_.End(Who("bob"), id));
  EXPECT_FALSE(stop.stop_requested());
  EXPECT_TRUE(store_.End(Who("anna"), id));
  EXPECT_TRUE(stop.stop_requested());
  EXPECT_EQ(store_.Find(Who("anna"), id), nullptr);
}

TEST_F(SessionTest, LastsAsLongAsItIsUsed) {
  const std::string used = store_.Begin(Who("anna"), "2025-11-25");
  const std::string idle = store_.Begin(Who("anna"), "2025-11-25");
  clock_.Advance(std::chrono::minutes(20));
  EXPECT_NE(store_.Find(Who("anna"), used), nullptr);
  clock_.Advance(std::chrono::minutes(20));
  EXPECT_NE(store_.Find(Who("anna"), used), nullptr);
  EXPECT_EQ(store_.Find(Who("anna"), idle), nullptr);
}

TEST_F(SessionTest, OnesOwnMakeRoomFirst) {
  const std::string bobs = store_.Begin(Who("bob"), "2025-11-25");
  std::vector<std::string> annas;
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(std::chrono::seconds(1));
    annas.push_back(store_.Begin(Who("anna"), "2025-11-25"));
  }
  EXPECT_NE(store_.Find(Who("bob"), bobs), nullptr);
  EXPECT_EQ(store_.Find(Who("anna"), annas[7]), nullptr);
  EXPECT_NE(store_.Find(Who("anna"), annas[8]), nullptr);
  EXPECT_NE(store_.Find(Who("anna"), annas[9]), nullptr);
}

TEST_F(SessionTest, CancelsARequestByItsId) {
  Session session("2025-11-25");
  std::stop_source first;
  std::stop_source second;
  ASSERT_TRUE(session.Begin("1", first));
  ASSERT_TRUE(session.Begin("\"1\"", second));
  EXPECT_FALSE(session.Begin("1", second));
  session.Cancel("1");
  session.Cancel("unknown");
  EXPECT_TRUE(first.stop_requested());
  EXPECT_FALSE(second.stop_requested());
  session.End("1");
  EXPECT_TRUE(session.Begin("1", std::stop_source()));
}

}  // namespace
}  // namespace neurolake::server::mcp
