// The whole pipeline without a door: a lake in a temporary directory, the real binary as workers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "arrow/text_format.h"
#include "common/metrics.h"
#include "common/settings.h"
#include "query/service.h"

namespace neurolake::query {
namespace {

using testing::ElementsAre;

class PipelineTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    root_ = testing::TempDir() + "/pipeline_test_" + std::to_string(::getpid());
    auto settings = LoadSettings("", {}, {{"lake", root_}, {"workers.count", "1"}, {"memory.total", "1GiB"}});
    ASSERT_TRUE(settings.has_value()) << settings.error().message();
    auto opened = OpenLake(*settings, NL_BINARY, clock_, metrics_);
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    lake_ = std::move(opened->service);
    token_ = *opened->first_token;
  }
  static void TearDownTestSuite() {
    lake_.reset();
    std::filesystem::remove_all(root_);
  }

  Result<std::vector<std::string>> Run(const std::string& sql,
                                       std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    NL_ASSIGN_OR_RETURN(const Principal principal, lake_->Authenticate(token_, ""));
    const RequestContext ctx(principal, "test", "test", clock_, clock_.SteadyNow() + timeout);
    NL_ASSIGN_OR_RETURN(auto stream, lake_->Execute(ctx, {.sql = sql}));
    NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(stream->schema()));
    std::vector<std::string> rows;
    for (;;) {
      NL_ASSIGN_OR_RETURN(const auto batch, stream->Next());
      if (!batch) return rows;
      NL_RETURN_IF_ERROR(formatter.SetBatch(*batch));
      for (int64_t row = 0; row < batch->row_count(); ++row) formatter.AppendJsonArray(row, rows.emplace_back());
    }
  }
  std::vector<std::string> Rows(const std::string& sql) {
    auto rows = Run(sql);
    EXPECT_TRUE(rows.has_value()) << sql << ": " << (rows ? "" : rows.error().message());
    return rows ? *rows : std::vector<std::string>();
  }
  ErrorCode CodeOf(const std::string& sql, std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    const auto rows = Run(sql, timeout);
    EXPECT_FALSE(rows.has_value()) << sql;
    return rows ? ErrorCode::kInternal : rows.error().code();
  }

  static inline std::string root_;
  static inline std::string token_;
  static inline SystemClock clock_;
  static inline Metrics metrics_;
  static inline std::unique_ptr<StatementService> lake_;
};

TEST_F(PipelineTest, WritesAndReadsATable) {
  Rows("CREATE TABLE t (id BIGINT, name VARCHAR)");
  EXPECT_THAT(Rows("INSERT INTO t VALUES (1, 'a'), (2, NULL)"), ElementsAre("[2]"));
  EXPECT_THAT(Rows("SELECT * FROM t ORDER BY id"), ElementsAre(R"([1,"a"])", "[2,null]"));
  EXPECT_THAT(Rows("UPDATE t SET name = 'b' WHERE id = 2"), ElementsAre("[1]"));
  EXPECT_THAT(Rows("DELETE FROM t WHERE id = 1"), ElementsAre("[1]"));
  EXPECT_THAT(Rows("SELECT * FROM t"), ElementsAre(R"([2,"b"])"));
  EXPECT_THAT(Rows("SELECT * FROM t VERSION AS OF 1 ORDER BY id"), ElementsAre(R"([1,"a"])", "[2,null]"));
}

TEST_F(PipelineTest, DeniesWhatIsNotListed) {
  EXPECT_EQ(CodeOf("SELECT * FROM read_text('/etc/passwd')"), ErrorCode::kPermissionDenied);
  EXPECT_EQ(CodeOf("ATTACH '/tmp/x' AS x"), ErrorCode::kPermissionDenied);
  EXPECT_THAT(Rows("SELECT 1 + 1"), ElementsAre("[2]"));
}

TEST_F(PipelineTest, RequestsBeyondTheServersLimitsAreRefused) {
  const Principal principal = lake_->Authenticate(token_, "").value();
  const RequestContext ctx(principal, "test", "test", clock_, clock_.SteadyNow() + std::chrono::seconds(30));
  const auto asks = [&](StatementRequest request) {
    request.sql = "SELECT 1";
    const auto stream = lake_->Execute(ctx, std::move(request));
    return stream ? std::string() : std::string(ErrorName(stream.error().code()));
  };
  EXPECT_EQ(asks({}), "");
  EXPECT_EQ(asks({.memory_bytes = -1}), "InvalidArgument");
  EXPECT_EQ(asks({.memory_bytes = int64_t{1} << 60}), "InvalidArgument");
  EXPECT_EQ(asks({.rows_max = -1}), "InvalidArgument");
  EXPECT_EQ(asks({.rows_max = std::numeric_limits<int64_t>::max()}), "InvalidArgument");
  for (const char* id : {"neurolake.copy", "NeuroLake.x", ""}) {
    EXPECT_EQ(asks({.transaction = ApplicationVersion{.application_id = id, .version = 1}}), "InvalidArgument") << id;
  }
}

TEST_F(PipelineTest, ASessionsSchemaIsOneThatIsKnown) {
  Rows("CREATE SCHEMA somewhere");
  const auto begins_in = [&](const std::string& role, const std::string& schema) {
    const Principal principal{PrincipalId("id of " + role), role, role, *RightsOfRole(role)};
    const RequestContext ctx(principal, "test", "test", clock_, clock_.SteadyNow() + std::chrono::seconds(30));
    const auto stream = lake_->Execute(ctx, {.sql = "SELECT 1", .schema = schema});
    return stream ? std::string() : std::string(ErrorName(stream.error().code()));
  };
  EXPECT_EQ(begins_in("reader", "somewhere"), "");
  EXPECT_EQ(begins_in("reader", "nowhere"), "SchemaNotFound");
  EXPECT_EQ(begins_in("member", "somewhere"), "SchemaNotFound") << "nothing in it was granted";
}

TEST_F(PipelineTest, ADeadlineEndsAStatementThatIgnoresInterrupts) {
  const auto begin = clock_.SteadyNow();
  EXPECT_EQ(CodeOf("SELECT levenshtein(repeat('ab', 60000), repeat('ba', 60000))", std::chrono::milliseconds(500)),
            ErrorCode::kDeadlineExceeded);
  EXPECT_LT(clock_.SteadyNow() - begin, std::chrono::seconds(3));
  EXPECT_THAT(Rows("SELECT 1"), ElementsAre("[1]"));
}

TEST_F(PipelineTest, MemoryBombsEndWithinTheirLimit) {
  EXPECT_EQ(CodeOf("SELECT len(range(1000000000))"), ErrorCode::kOutOfMemory);
  EXPECT_THAT(Rows("SELECT 1"), ElementsAre("[1]"));
}

TEST_F(PipelineTest, WithoutTheRightToReadMissingAndForbiddenLookAlike) {
  Rows("CREATE SCHEMA hidden");
  Rows("CREATE TABLE hidden.t AS SELECT 'canary' AS v");
  const Principal nobody{.id = PrincipalId("nobody"), .name = "nobody", .role = "reader", .rights = {}};
  const auto error_of = [&](const std::string& sql) {
    const RequestContext ctx(nobody, "test", "test", clock_, clock_.SteadyNow() + std::chrono::seconds(30));
    const auto stream = lake_->Execute(ctx, {.sql = sql});
    EXPECT_FALSE(stream.has_value()) << sql;
    return stream ? std::string() : std::string(ErrorName(stream.error().code())) + stream.error().message();
  };
  for (const std::string pattern : {"SELECT * FROM {}.t", "DESCRIBE {}.t", "INSERT INTO {}.t VALUES (1)",
                                    "DROP SCHEMA {}", "SELECT * FROM {}.t VERSION AS OF 0", "DESCRIBE HISTORY {}.t"}) {
    const auto with = [&](const std::string& schema) {
      std::string text = error_of(fmt::format(fmt::runtime(pattern), schema));
      for (size_t at; (at = text.find(schema)) != std::string::npos;) text.replace(at, schema.size(), "NAME");
      return text;
    };
    EXPECT_EQ(with("hidden"), with("absent")) << pattern;
  }
}

TEST_F(PipelineTest, AnAbsentSchemaIsSaidToBeOne) {
  EXPECT_EQ(CodeOf("SELECT * FROM absent.t"), ErrorCode::kSchemaNotFound);
  EXPECT_EQ(CodeOf("SELECT * FROM main.absent"), ErrorCode::kNotFound);
}

TEST_F(PipelineTest, EveryStatementIsOnRecord) {
  Rows("SELECT 42 AS on_record");
  EXPECT_THAT(Rows("SELECT state, kind FROM system.queries WHERE text = 'SELECT 42 AS on_record'"),
              ElementsAre(R"(["succeeded","SELECT"])"));
}

}  // namespace
}  // namespace neurolake::query
