#include "cli/answer_events.h"

#include <gtest/gtest.h>

namespace neurolake::cli {
namespace {

/// A body that comes in pieces.
class FakeResponse final : public net::HttpResponse {
 public:
  explicit FakeResponse(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  int status() const override { return 200; }
  std::string header(std::string_view) const override { return "text/event-stream"; }
  Result<std::optional<std::string>> Read() override {
    if (next_ == pieces_.size()) return std::nullopt;
    return pieces_[next_++];
  }
  Result<std::string> ReadAll(size_t) override { return std::string(); }

 private:
  std::vector<std::string> pieces_;
  size_t next_ = 0;
};

struct Outcome {
  Result<std::string> answer;
  std::vector<std::string> stages;
};

Outcome Read(std::vector<std::string> pieces, size_t limit = 1'000) {
  FakeResponse response(std::move(pieces));
  std::vector<std::string> stages;
  auto answer = ReadAnswerEvents(
      response, [&](std::string_view stage, std::string_view) { stages.emplace_back(stage); }, limit);
  return {std::move(answer), stages};
}

TEST(AnswerEventsTest, TellsStagesAndReturnsTheAnswerHoweverItIsCut) {
  const std::string stream =
      "event: linked\ndata: {}\n\n: still running\n\nevent: running\ndata: {}\n\nevent: answer\ndata: {\"a\":1}\n\n";
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    const auto outcome = Read({stream.substr(0, cut), stream.substr(cut)});
    ASSERT_TRUE(outcome.answer.has_value()) << cut;
    EXPECT_EQ(*outcome.answer, "{\"a\":1}");
    EXPECT_EQ(outcome.stages, (std::vector<std::string>{"linked", "running"}));
  }
}

TEST(AnswerEventsTest, AnErrorIsAnError) {
  const auto outcome =
      Read({"event: error\ndata: {\"status\":403,\"code\":\"PermissionDenied\",\"detail\":\"no\"}\n\n"});
  ASSERT_FALSE(outcome.answer.has_value());
  EXPECT_EQ(outcome.answer.error().code(), ErrorCode::kPermissionDenied);
}

TEST(AnswerEventsTest, AStreamThatEndsEarlyIsNoAnswer) {
  const auto outcome = Read({"event: linked\ndata: {}\n\nevent: answer\ndata: {\"a\""});
  ASSERT_FALSE(outcome.answer.has_value());
  EXPECT_EQ(outcome.answer.error().code(), ErrorCode::kUnavailable);
}

TEST(AnswerEventsTest, AnEventHasABound) {
  const auto outcome = Read({"event: answer\ndata: " + std::string(2'000, 'x'), "\n\n"});
  ASSERT_FALSE(outcome.answer.has_value());
  EXPECT_EQ(outcome.answer.error().code(), ErrorCode::kPayloadTooLarge);
}

}  // namespace
}  // namespace neurolake::cli
