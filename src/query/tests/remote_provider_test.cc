#include "query/remote_provider.h"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <thread>

#include "query/messages.h"

namespace neurolake::query {
namespace {

class RemoteProviderTest : public testing::Test {
 protected:
  RemoteProviderTest()
      : ends_(*MakeChannelPair()),
        server_(std::move(ends_.server)),
        worker_(std::move(ends_.worker), 1 << 16),
        provider_(worker_) {}

  /// Takes the commit that comes, and gives `reply`: nullopt is the end of the server.
  Result<tables::delta::CommitOutcome> CommitWith(std::optional<std::string> reply) {
    std::jthread server([&] {
      const auto call = server_.Receive(std::chrono::milliseconds(-1));
      EXPECT_TRUE(call.has_value() && call->has_value() && (*call)->kind == FrameKind::kCall);
      provider_.Deliver(std::move(reply));
    });
    return provider_.Commit({});
  }

  ChannelPair ends_;
  Channel server_, worker_;
  RemoteProvider provider_;
};

TEST_F(RemoteProviderTest, ACommitWithoutAnAnswerMayHaveHappened) {
  // Not an error after which the files of the commit would be deleted.
  EXPECT_EQ(CommitWith(std::nullopt).error().code(), ErrorCode::kCommitUnknown);
}

TEST_F(RemoteProviderTest, ACommitWithAnAnswerThatSaysNothingMayHaveHappened) {
  for (const char* reply : {"", "{", "[]", "{}", R"({"result":null})", R"({"result":{}})", R"({"error":"no"})",
                            R"({"error":{}})", R"({"result":{"version":"1"}})", R"({"result":{"timestamp_us":1}})"}) {
    const auto outcome = CommitWith(reply);
    ASSERT_FALSE(outcome.has_value()) << reply;
    EXPECT_EQ(outcome.error().code(), ErrorCode::kCommitUnknown) << reply;
  }
  const auto outcome = CommitWith(R"({"result":{"version":7,"timestamp_us":1,"rebases":2}})");
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->version, 7);
  EXPECT_EQ(outcome->rebases, 2);
}

TEST_F(RemoteProviderTest, ACommitThatWasNeverSentDidNotHappen) {
  // Its files may be deleted: no message can bring them to the server later.
  engine::duckdb::LakeCommit large;
  large.request.operation = std::string(1 << 16, 'x');
  EXPECT_EQ(provider_.Commit(large).error().code(), ErrorCode::kPayloadTooLarge);
  provider_.SetCommitCheck([]() -> Result<void> { return MakeError(ErrorCode::kCancelled, "no"); });
  EXPECT_EQ(provider_.Commit({}).error().code(), ErrorCode::kCancelled);
}

TEST_F(RemoteProviderTest, ACommitThatWasRefusedDidNotHappen) {
  const boost::json::object refused{{"error", EncodeError(Error(ErrorCode::kConflict, "somebody was faster"))}};
  EXPECT_EQ(CommitWith(boost::json::serialize(refused)).error().code(), ErrorCode::kConflict);
}

TEST_F(RemoteProviderTest, OtherCallsSayThatTheServerIsGone) {
  provider_.Deliver(std::nullopt);
  EXPECT_EQ(provider_.SchemaExists("main").error().code(), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace neurolake::query
