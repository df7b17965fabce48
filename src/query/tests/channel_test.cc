#include "query/channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace neurolake::query {
namespace {

using std::chrono::milliseconds;

class ChannelTest : public testing::Test {
 protected:
  ChannelTest()
      : ends_(*MakeChannelPair()),
        server_(std::move(ends_.server)),
        worker_(std::make_unique<Channel>(std::move(ends_.worker))) {}
  ChannelPair ends_;
  Channel server_;
  std::unique_ptr<Channel> worker_;
};

TEST_F(ChannelTest, FramesArriveWholeAndInOrder) {
  const std::string large(5'000'000, 'x');
  std::jthread sender([&] {
    EXPECT_TRUE(worker_->Send(FrameKind::kSchema, "").has_value());
    EXPECT_TRUE(worker_->Send(FrameKind::kBatch, large).has_value());
  });
  const auto first = server_.Receive(milliseconds(-1));
  ASSERT_TRUE(first.has_value() && first->has_value());
  EXPECT_EQ((*first)->kind, FrameKind::kSchema);
  const auto second = server_.Receive(milliseconds(-1));
  ASSERT_TRUE(second.has_value() && second->has_value());
  EXPECT_EQ((*second)->payload, large);
}

TEST_F(ChannelTest, TimesOutWithoutAFrame) {
  const auto nothing = server_.Receive(milliseconds(1));
  ASSERT_TRUE(nothing.has_value());
  EXPECT_FALSE(nothing->has_value());
}

TEST_F(ChannelTest, AGonePeerIsAnErrorBothWays) {
  worker_.reset();
  EXPECT_EQ(server_.Receive(milliseconds(-1)).error().code(), ErrorCode::kWorkerLost);
  EXPECT_EQ(server_.Send(FrameKind::kCancel, "").error().code(), ErrorCode::kWorkerLost);
}

TEST_F(ChannelTest, AFrameCutShortIsALostPeerNotAFrame) {
  ASSERT_EQ(::send(worker_->descriptor(), "\x10\x00\x00\x00\x07half", 9, 0), 9);
  worker_.reset();
  EXPECT_EQ(server_.Receive(milliseconds(-1)).error().code(), ErrorCode::kWorkerLost);
}

TEST_F(ChannelTest, GarbageIsRefusedBeforeMemoryIsTaken) {
  ASSERT_EQ(::send(worker_->descriptor(), "\xff\xff\xff\xff\x07", 5, 0), 5);
  EXPECT_EQ(server_.Receive(milliseconds(-1)).error().code(), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace neurolake::query
