#include <gtest/gtest.h>

#include "arrow/ipc.h"
#include "cli/arrow_stream_reader.h"
#include "cli/problem.h"
#include "cli/remote_result.h"
#include "cli/tests/fake_client.h"

namespace neurolake::cli {
namespace {

const FakeResult kNumbers = {.names = {"n"}, .types = {"BIGINT"}, .rows = {{"1"}, {"2"}, {"3"}}};

std::string Stream(const FakeResult& result) {
  const arrow::Schema schema = FakeSchema(result);
  return arrow::EncodeSchema(schema).value() + arrow::EncodeBatch(schema, FakeBatch(result)).value() +
         arrow::EncodeEndOfStream();
}

/// Gives `bytes` in pieces of `piece` bytes, then the end.
ArrowStreamReader::Source Pieces(std::string bytes, size_t piece) {
  return [bytes = std::move(bytes), piece, at = size_t{0}]() mutable -> Result<std::optional<std::string>> {
    if (at >= bytes.size()) return std::nullopt;
    const std::string next = bytes.substr(at, piece);
    at += next.size();
    return next;
  };
}

TEST(ArrowStreamReaderTest, ReadsStreamsCutAnywhere) {
  const std::string bytes = Stream(kNumbers);
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{8}, size_t{100}, bytes.size()}) {
    ArrowStreamReader reader(Pieces(bytes, piece));
    ASSERT_EQ(reader.ReadSchema()->column_count(), 1);
    auto batch = reader.ReadBatch();
    ASSERT_TRUE(batch.has_value() && batch->has_value());
    EXPECT_EQ((*batch)->row_count(), 3);
    EXPECT_FALSE(reader.ReadBatch()->has_value());
    EXPECT_FALSE(reader.ReadBatch()->has_value());
  }
}

TEST(ArrowStreamReaderTest, AStreamWithoutItsEndIsAnError) {
  const std::string bytes = Stream(kNumbers);
  for (size_t size = 0; size < bytes.size(); ++size) {
    ArrowStreamReader reader(Pieces(bytes.substr(0, size), 64));
    bool failed = !reader.ReadSchema().has_value();
    while (!failed) {
      const auto batch = reader.ReadBatch();
      failed = !batch.has_value();
      ASSERT_TRUE(failed || batch->has_value()) << "took " << size << " bytes for the whole";
    }
  }
}

TEST(ArrowStreamReaderTest, WildBytesAreErrors) {
  const std::string bytes = Stream(kNumbers);
  uint32_t random = 12345;
  for (int round = 0; round < 2000; ++round) {
    std::string broken = bytes;
    for (int i = 0; i < 3; ++i) {
      random = random * 1664525 + 1013904223;
      broken[random % broken.size()] = static_cast<char>(random >> 24);
    }
    ArrowStreamReader reader(Pieces(std::move(broken), 4096));
    if (!reader.ReadSchema()) continue;
    for (int i = 0; i < 3; ++i) {
      if (const auto batch = reader.ReadBatch(); !batch || !*batch) break;
    }
  }
  ArrowStreamReader html(Pieces("<html>not found</html>", 4096));
  EXPECT_EQ(html.ReadSchema().error().code(), ErrorCode::kCorruption);
}

TEST(ProblemTest, ReadsProblemJson) {
  const Error error = ErrorFromProblem(
      400, R"({"type":"/docs/errors#SyntaxError","title":"Syntax error","status":400,"detail":"bad \"x\"",
               "code":"SyntaxError","sqlstate":"42601","retry":"no","request_id":"r1","position":"9","hint":"h"})");
  EXPECT_EQ(error.code(), ErrorCode::kSyntaxError);
  EXPECT_EQ(error.message(), "bad \"x\"");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"request_id", "r1"}, {"position", "9"}, {"hint", "h"}};
  EXPECT_EQ(error.details(), expected);
}

TEST(ProblemTest, FallsBackToTheStatus) {
  EXPECT_EQ(ErrorFromProblem(502, "<html>").code(), ErrorCode::kUnavailable);
  EXPECT_EQ(ErrorFromProblem(401, "").code(), ErrorCode::kUnauthenticated);
  EXPECT_EQ(ErrorFromProblem(406, R"({"code":"NotAcceptable","detail":"d"})").code(), ErrorCode::kInvalidArgument);
}

TEST(RemoteResultTest, ReadsTheStatus) {
  const auto status = ParseStatementStatus(
      R"({"id":"s1","state":"failed","progress":0.5,
          "statistics":{"kind":"INSERT","rows_changed":3,"committed_version":7,"stages":{"parse_us":1}},
          "error":{"code":"Conflict","detail":"lost"}})");
  EXPECT_EQ(status.id.value(), "s1");
  EXPECT_EQ(status.kind, "INSERT");
  EXPECT_EQ(status.rows_changed, 3);
  EXPECT_EQ(status.committed_version, 7);
  EXPECT_EQ(status.error->code(), ErrorCode::kConflict);
  EXPECT_EQ(ParseStatementStatus("nonsense").rows_changed, -1);
}

TEST(RemoteResultTest, FindsTheStatementInTheHistory) {
  const std::string history =
      R"({"statements":[{"id":"s0"},{"id":"s1","state":"failed","kind":"SELECT","rows_changed":-1,
          "error_code":"OutOfMemory","error":"too much"}]})";
  const auto entry = FindInHistory(history, "s1");
  ASSERT_TRUE(entry.has_value());
  const auto status = ParseStatementStatus(*entry);
  EXPECT_EQ(status.error->code(), ErrorCode::kOutOfMemory);
  EXPECT_EQ(status.error->message(), "too much");
  EXPECT_FALSE(FindInHistory(history, "s9").has_value());
}

class FakeResponse final : public net::HttpResponse {
 public:
  explicit FakeResponse(std::vector<std::string> pieces, std::optional<Error> failure = {})
      : pieces_(std::move(pieces)), failure_(std::move(failure)) {}
  int status() const override { return 200; }
  std::string header(std::string_view) const override { return "s1"; }
  Result<std::optional<std::string>> Read() override {
    if (at_ < pieces_.size()) return pieces_[at_++];
    if (failure_) return std::unexpected(*failure_);
    return std::nullopt;
  }
  Result<std::string> ReadAll(size_t) override { return std::string(); }

 private:
  std::vector<std::string> pieces_;
  std::optional<Error> failure_;
  size_t at_ = 0;
};

TEST(RemoteResultTest, ACutStreamIsExplainedByTheStatement) {
  const arrow::Schema schema = FakeSchema(kNumbers);
  const std::string begin =
      arrow::EncodeSchema(schema).value() + arrow::EncodeBatch(schema, FakeBatch(kNumbers)).value();
  auto result = OpenRemoteResult(
      std::make_unique<FakeResponse>(std::vector<std::string>{begin}, Error(ErrorCode::kUnavailable, "broke off")),
      {.read = [](const std::string&) -> Result<std::string> {
         return R"({"state":"failed","error":{"code":"WorkerLost","detail":"the worker died"}})";
       },
       .cancel = [](const std::string&) {}});
  ASSERT_TRUE(result.has_value());
  ASSERT_TRUE((*result)->Next()->has_value());
  const auto failed = (*result)->Next();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), ErrorCode::kWorkerLost);
  EXPECT_EQ(failed.error().message(), "the worker died");
}

TEST(RemoteResultTest, LeavingEarlyCancels) {
  std::string cancelled;
  const StatementCalls calls{.read = [](const std::string&) -> Result<std::string> { return "{}"; },
                             .cancel = [&](const std::string& id) { cancelled = id; }};
  { const auto left = OpenRemoteResult(std::make_unique<FakeResponse>(std::vector{Stream(kNumbers)}), calls); }
  EXPECT_EQ(cancelled, "s1");
  cancelled.clear();
  {
    const auto read = OpenRemoteResult(std::make_unique<FakeResponse>(std::vector{Stream(kNumbers)}), calls);
    while ((*read)->Next()->has_value()) {
    }
  }
  EXPECT_EQ(cancelled, "");
}

}  // namespace
}  // namespace neurolake::cli
