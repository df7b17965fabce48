// The whole pipeline without a door: a lake in a temporary directory, the real binary as workers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

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

TEST_F(PipelineTest, WhoIsNotLetInIsOnRecord) {
  EXPECT_FALSE(lake_->Authenticate("nlk_nobodys", "192.0.2.7").has_value());
  EXPECT_THAT(Rows("SELECT decision FROM system.audit WHERE type = 'authentication' AND address = '192.0.2.7'"),
              ElementsAre(R"(["denied"])"));
}

TEST_F(PipelineTest, AnUploadHasANameAndNoPlace) {
  const Principal principal = lake_->Authenticate(token_, "").value();
  const RequestContext ctx(principal, "test", "test", clock_, clock_.SteadyNow() + std::chrono::seconds(30));
  EXPECT_THAT(lake_->StagingPath(ctx, "of_may-1.csv").value(), testing::EndsWith("/of_may-1.csv"));
  for (const char* name : {"", ".", "..", "../x.csv", "a/b.csv", ".hidden", "a b", "x\n"}) {
    EXPECT_FALSE(lake_->StagingPath(ctx, name).has_value()) << name;
  }
  EXPECT_FALSE(lake_->StagingPath(ctx, std::string("a\0b", 3)).has_value());
  EXPECT_FALSE(lake_->StagingPath(ctx, std::string(201, 'a')).has_value());
}

TEST_F(PipelineTest, FilesAreLoadedFromPlacesThatOneMayReadFrom) {
  const std::string attic = root_ + "_attic", cellar = root_ + "_cellar";
  for (const auto& directory : {attic, cellar}) {
    std::filesystem::create_directories(directory);
    std::ofstream(directory + "/file.csv") << "id\n1\n";
  }
  std::filesystem::create_symlink(cellar + "/file.csv", attic + "/link.csv");
  ASSERT_TRUE(lake_->catalog().AddExternalLocation({"attic", attic + "/", false, clock_.Now(), ""}).has_value());
  Rows("CREATE TABLE loaded (id BIGINT)");
  ASSERT_TRUE(lake_->catalog()
                  .AddGrant({.securable_kind = "relation",
                             .securable_id = lake_->catalog().FindTable("main", "loaded").value()->id.value(),
                             .grantee_kind = "public",
                             .privilege = "modify",
                             .granted_by = "admin",
                             .created = clock_.Now()})
                  .has_value());
  std::optional<std::vector<std::string>> schemas;
  const auto loads = [&](const std::string& role, const std::string& source, const std::string& door = "test") {
    Principal principal{PrincipalId("id of " + role), role, role, *RightsOfRole(role)};
    principal.schemas = schemas;
    const RequestContext ctx(principal, "test", door, clock_, clock_.SteadyNow() + std::chrono::seconds(30));
    auto stream = lake_->Execute(ctx, {.sql = fmt::format("COPY INTO loaded FROM '{}' FILEFORMAT = CSV", source)});
    if (!stream) return std::string(ErrorName(stream.error().code()));
    while (true) {
      const auto batch = (*stream)->Next();
      if (!batch.has_value()) return std::string(ErrorName(batch.error().code()));
      if (!*batch) return std::string();
    }
  };
  EXPECT_EQ(loads("writer", "attic/file.csv"), "");
  EXPECT_EQ(loads("writer", "attic/absent.csv"), "NotFound");
  EXPECT_EQ(loads("writer", "attic/link.csv"), "NotFound") << "it leads out of the place";
  EXPECT_EQ(loads("writer", "attic/../" + std::filesystem::path(cellar).filename().string() + "/file.csv"),
            "PermissionDenied");
  // Who may not load does not learn which files there are either.
  for (const char* role : {"reader", "member"}) {
    EXPECT_EQ(loads(role, "attic/file.csv"), "PermissionDenied") << role;
    EXPECT_EQ(loads(role, "attic/absent.csv"), "PermissionDenied") << role;
  }
  schemas = {"main"};
  EXPECT_EQ(loads("writer", "attic/file.csv"), "PermissionDenied") << "a token for some schemas";
  schemas.reset();
  EXPECT_EQ(loads("admin", cellar + "/file.csv"), "PermissionDenied");
  EXPECT_EQ(loads("writer", cellar + "/file.csv", "cli"), "PermissionDenied");
  EXPECT_EQ(loads("admin", cellar + "/file.csv", "cli"), "");
  for (const auto& directory : {attic, cellar}) std::filesystem::remove_all(directory);
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
