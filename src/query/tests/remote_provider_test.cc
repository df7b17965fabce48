#include "query/remote_provider.h"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <thread>

#include "query/messages.h"

namespace neurolake::query {
namespace {

class RemoteProviderTest : public testing::Test {
 protected:
  RemoteProviderTest() : ends_(*MakeChannelPair()), server_(ends_.server), worker_(ends_.worker), provider_(worker_) {}

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
