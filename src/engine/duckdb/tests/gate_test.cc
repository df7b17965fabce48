#include "engine/duckdb/tests/engine_fixture.h"
#include "engine/duckdb/tests/foreign_table.h"

namespace neurolake::engine::duckdb {
namespace {

class GateTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    secret_ = root_ + "/secret.csv";
    std::ofstream(secret_) << "a,b\n1,topsecret\n";
    provider_->AddTable("t", root_ + "/tables/t");
    WriteParquetFile(root_ + "/tables/t/a.parquet", "SELECT i AS id, [i, i + 1] AS l FROM range(3) r(i)");
    WriteLogFile(root_ + "/tables/t", 0,
                 {ProtocolLine(),
                  MetadataLine(FieldJson("id", "long") + "," +
                               FieldJson("l", R"({"type":"array","elementType":"long","containsNull":true})")),
                  AddLine("a.parquet")});
  }
  bool Calls(const std::string& name, const std::string& kind) const {
    return std::ranges::any_of(digest_.functions,
                               [&](const plan::FunctionUse& use) { return use.name == name && use.kind == kind; });
  }
  std::string secret_;
};

TEST_F(GateTest, ATableFunctionIsRefusedBeforeItOpensAFile) {
  gate_.denied = {"read_csv"};
  // A name that does not exist would give another error if the function were bound first.
  EXPECT_EQ(Answer("SELECT * FROM read_csv('/nowhere/at/all.csv')"), Rows{"PermissionDenied: not allowed: read_csv"});
  EXPECT_EQ(Answer("SELECT * FROM read_csv('" + secret_ + "')"), Rows{"PermissionDenied: not allowed: read_csv"});
}

TEST_F(GateTest, FilesOutsideTheTablesAreClosedEvenWithAnOpenGate) {
  for (const std::string& sql : std::vector<std::string>{
           "SELECT * FROM read_csv('" + secret_ + "')", "SELECT * FROM read_text('" + secret_ + "')",
           "SELECT * FROM '" + secret_ + "'", "SELECT * FROM glob('" + root_ + "/*')",
           "SELECT * FROM read_blob('/etc/passwd')", "COPY (SELECT 1) TO '" + root_ + "/out.csv'",
           "SELECT * FROM parquet_metadata('" + root_ + "/tables/../secret.csv')"}) {
    auto rows = Run(sql);
    ASSERT_FALSE(rows.has_value()) << sql << " gave " << (rows->empty() ? "nothing" : rows->front());
    EXPECT_EQ(rows.error().message().find("topsecret"), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(root_ + "/out.csv"));
  std::filesystem::create_symlink(secret_, root_ + "/tables/t/link.csv");
  EXPECT_EQ(Run("SELECT * FROM read_csv('" + root_ + "/tables/t/link.csv')").error().code(),
            ErrorCode::kPermissionDenied);
}

TEST_F(GateTest, GrantedPathsCanBeReadAndNotWritten) {
  grants_.readable_paths = {secret_};
  EXPECT_EQ(Answer("SELECT b FROM read_csv('" + secret_ + "')"), Rows{R"(["topsecret"])"});
  EXPECT_EQ(Run("COPY (SELECT 1) TO '" + secret_ + "'").error().code(), ErrorCode::kPermissionDenied);
  grants_.readable_paths.clear();
  EXPECT_FALSE(Run("SELECT b FROM read_csv('" + secret_ + "')").has_value());
}

TEST_F(GateTest, EveryLookUpIsAsked) {
  for (const auto& [sql, denied] : std::map<std::string, std::string>{
           {"SELECT upper('a')", "upper"},
           {"SELECT sum(id) FROM t", "sum"},
           {"SELECT 1 WHERE 1 = (SELECT length(lower('A')))", "lower"},
           {"SELECT list_transform(l, x -> abs(x)) FROM t", "abs"},
           {"SELECT * FROM range(3)", "range"},
           {"SELECT id FROM t", "t"},
           {"WITH c AS (SELECT md5('a') AS m) SELECT * FROM c", "md5"},
           {"SELECT id FROM t ORDER BY sqrt(id)", "sqrt"},
           {"SELECT sum(id) OVER (PARTITION BY id % 2 ORDER BY ceil(id)) FROM t", "ceil"},
           {"SELECT CASE WHEN false THEN current_setting('threads') END", "current_setting"},
           {"SELECT * FROM query('SELECT 1')", "query"},
           {"SELECT getenv('HOME')", "getenv"}}) {
    gate_.denied = {denied};
    auto rows = Run(sql);
    ASSERT_FALSE(rows.has_value()) << sql;
    EXPECT_TRUE(rows.error().code() == ErrorCode::kPermissionDenied ||
                rows.error().code() == ErrorCode::kFunctionNotFound)
        << sql << ": " << rows.error().message();
  }
}

TEST_F(GateTest, WhatIsDescribedIsAskedBeforeItIsBound) {
  gate_.denied = {"read_csv", "t"};
  const Rows refused{"PermissionDenied: not allowed: read_csv"};
  EXPECT_EQ(Answer("DESCRIBE SELECT * FROM read_csv('/nowhere/at/all.csv')"), refused);
  EXPECT_EQ(Answer("DESCRIBE FROM read_csv('" + secret_ + "')"), refused);
  // Nor does the error of a query over it name a column.
  EXPECT_EQ(Answer("DESCRIBE SELECT no_such FROM t"), Rows{"PermissionDenied: not allowed: t"});
  gate_.denied.clear();
  EXPECT_EQ(Answer("DESCRIBE SELECT id FROM t").size(), 1U);
}

TEST_F(GateTest, RowsThatEvolveATableAreAskedAboutBeforeTheyAreBound) {
  WriteIntent evolves;
  evolves.evolves_schema = true;
  grants_.write = evolves;
  gate_.denied = {"read_csv"};
  const std::string sql = "INSERT INTO t BY NAME SELECT * FROM read_csv('/nowhere/at/all.csv')";
  EXPECT_EQ(Answer(sql), Rows{"PermissionDenied: not allowed: read_csv"});
  gate_.denied.clear();
  EXPECT_NE(Answer(sql), Rows{"PermissionDenied: not allowed: read_csv"});
}

TEST_F(GateTest, TheDigestNamesFunctionsWhereverTheyStand) {
  ASSERT_TRUE(Run("SELECT list_transform(l, x -> abs(x) + 1), row_number() OVER (ORDER BY id), "
                  "(SELECT max(id) FROM t), upper('x' || id::VARCHAR) FROM t, range(2) "
                  "WHERE EXISTS (SELECT 1 FROM t b WHERE b.id = t.id AND sqrt(b.id) < 10)")
                  .has_value());
  EXPECT_TRUE(Calls("list_transform", "scalar"));
  EXPECT_TRUE(Calls("abs", "scalar"));
  EXPECT_TRUE(Calls("sqrt", "scalar"));
  EXPECT_TRUE(Calls("upper", "scalar"));
  EXPECT_TRUE(Calls("max", "aggregate"));
  EXPECT_TRUE(Calls("row_number", "window"));
  EXPECT_TRUE(Calls("range", "table"));
  EXPECT_EQ(digest_.scans.size(), 3U);
  EXPECT_EQ(digest_.statement_kind, "SELECT");
}

TEST_F(GateTest, AScanWithoutADecisionRefusesToStart) {
  ASSERT_TRUE(Begin().has_value());
  auto bound = Bind("SELECT id FROM t");
  ASSERT_TRUE(bound.has_value());
  auto query = engine_->Execute(optimizer::Predictor::Predict(governance::Governor::Decide(*std::move(bound), {})));
  ASSERT_FALSE(query.has_value());
  EXPECT_EQ(query.error().code(), ErrorCode::kInternal);
  EXPECT_EQ(query.error().message(), "ungoverned scan");
  engine_->EndStatement();
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[3]"});
}

TEST_F(GateTest, ParsingRunsNothingAndNamesKinds) {
  const std::map<std::string, std::string> kinds = {
      {"PRAGMA database_list", "PRAGMA"},
      {"SET threads = 1", "SET"},
      {"ATTACH 'x' AS y", "ATTACH"},
      {"COPY t TO 'x'", "COPY"},
      {"CALL pragma_version()", "CALL"},
      {"LOAD 'x'", "LOAD"},
      {"INSTALL x", "LOAD"},
      {"CREATE TABLE a (b INT)", "CREATE TABLE"},
      {"CREATE TABLE a AS SELECT 1", "CREATE TABLE AS"},
      {"CREATE VIEW a AS SELECT 1", "CREATE VIEW"},
      {"CREATE SCHEMA s", "CREATE SCHEMA"},
      {"CREATE MACRO m(a) AS a", "CREATE MACRO"},
      {"CREATE TYPE e AS ENUM ('a')", "CREATE TYPE"},
      {"CREATE SECRET (TYPE s3)", "CREATE SECRET"},
      {"CREATE SEQUENCE s", "CREATE SEQUENCE"},
      {"CREATE INDEX i ON t (id)", "CREATE INDEX"},
      {"DROP TABLE t", "DROP TABLE"},
      {"DROP VIEW t", "DROP VIEW"},
      {"DROP SCHEMA s", "DROP SCHEMA"},
      {"ALTER TABLE t ADD COLUMN a INT", "ALTER"},
      {"EXPLAIN SELECT 1", "EXPLAIN"},
      {"PREPARE p AS SELECT 1", "PREPARE"},
      {"EXECUTE p", "EXECUTE"},
      {"BEGIN", "TRANSACTION"},
      {"EXPORT DATABASE 'x'", "EXPORT"},
      {"VACUUM", "VACUUM"},
      {"ANALYZE", "VACUUM"},
      {"DETACH x", "DETACH"},
      {"SELECT 1", "SELECT"},
      {"FROM t", "SELECT"},
      {"VALUES (1)", "SELECT"},
      {"DESCRIBE t", "DESCRIBE"},
      {"SHOW TABLES", "SHOW"},
      {"SUMMARIZE t", "SUMMARIZE"},
      {"INSERT INTO t VALUES (1)", "INSERT"},
      {"UPDATE t SET id = 1", "UPDATE"},
      {"DELETE FROM t", "DELETE"},
      {"MERGE INTO t USING t u ON t.id = u.id WHEN MATCHED THEN DELETE", "MERGE"},
      {"USE x", "SET"}};
  auto inventory = engine_->ListInventory();
  ASSERT_TRUE(inventory.has_value());
  for (const auto& [sql, kind] : kinds) {
    auto parsed = engine_->Parse(sql);
    ASSERT_TRUE(parsed.has_value()) << sql << ": " << parsed.error().message();
    EXPECT_EQ(parsed->front()->kind(), kind) << sql;
    EXPECT_TRUE(std::ranges::find(inventory->statement_kinds, kind) != inventory->statement_kinds.end()) << kind;
  }
  EXPECT_GT(inventory->functions.size(), 500U);
  EXPECT_GT(inventory->settings.size(), 100U);
  auto several = engine_->Parse("SELECT 1; SELECT 2;");
  ASSERT_TRUE(several.has_value());
  EXPECT_EQ(several->size(), 2U);
  auto wrong = engine_->Parse("SELECT FROM WHERE");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code(), ErrorCode::kSyntaxError);
  ASSERT_FALSE(wrong.error().details().empty());
  EXPECT_EQ(wrong.error().details().front().first, "position");
}

TEST_F(GateTest, SettingsAreLocked) {
  EXPECT_FALSE(Run("SET threads = 8").has_value());
  EXPECT_FALSE(Run("SET memory_limit = '100GB'").has_value());
  EXPECT_FALSE(Run("INSTALL httpfs").has_value());
  EXPECT_FALSE(Run("LOAD '/tmp/x.duckdb_extension'").has_value());
  EXPECT_FALSE(Run("ATTACH '" + root_ + "/x.db' AS x").has_value());
}

}  // namespace
}  // namespace neurolake::engine::duckdb
