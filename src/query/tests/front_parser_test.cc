#include "query/front_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/commands/table_command.h"

namespace neurolake::query {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

template <typename T>
T Parse(const std::string& sql) {
  auto parsed = ParseFront(sql);
  EXPECT_TRUE(parsed.has_value()) << sql << ": " << (parsed.has_value() ? "" : parsed.error().message());
  if (!parsed.has_value() || !std::holds_alternative<T>(parsed->statement)) {
    ADD_FAILURE() << "another statement: " << sql;
    return T{};
  }
  return std::get<T>(std::move(parsed->statement));
}

void ExpectUntouched(const std::string& sql) {
  const auto passed = Parse<PassThrough>(sql);
  EXPECT_EQ(passed.sql, sql);
  EXPECT_FALSE(passed.rewritten) << sql;
}

void ExpectRewritten(const std::string& sql, const std::string& to) {
  const auto passed = Parse<PassThrough>(sql);
  EXPECT_EQ(passed.sql, to);
  EXPECT_TRUE(passed.rewritten) << sql;
}

void ExpectError(const std::string& sql, ErrorCode code, const std::string& text, int position = -1) {
  const auto parsed = ParseFront(sql);
  ASSERT_FALSE(parsed.has_value()) << sql;
  EXPECT_EQ(parsed.error().code(), code) << sql << ": " << parsed.error().message();
  EXPECT_THAT(parsed.error().message(), HasSubstr(text)) << sql;
  if (position >= 0) {
    EXPECT_THAT(parsed.error().details(), testing::Contains(Pair("position", std::to_string(position)))) << sql;
  }
}

TEST(SplitStatementsTest, CutsAtSemicolonsOutsideOfEverything) {
  const std::string script =
      " select ';' ; /* ; /* ; */ ; */ select \";\" -- ;\n;; select $$;$$, $a$;$$;$a$; select E'\\';' \n";
  const auto statements = SplitStatements(script);
  ASSERT_TRUE(statements.has_value());
  ASSERT_EQ(statements->size(), 4U);
  EXPECT_EQ((*statements)[0].sql, "select ';'");
  EXPECT_EQ((*statements)[0].offset, 1U);
  EXPECT_EQ((*statements)[1].sql, "select \";\"");
  EXPECT_EQ((*statements)[2].sql, "select $$;$$, $a$;$$;$a$");
  EXPECT_EQ((*statements)[3].sql, "select E'\\';'");
  EXPECT_TRUE(SplitStatements(" ; -- nothing\n;")->empty());
}

TEST(SplitStatementsTest, TellsWhereWhatNeverEndsBegan) {
  for (const auto& [sql, position] : std::vector<std::pair<std::string, int>>{{"select 'a", 7},
                                                                              {"select /* a /* b */", 7},
                                                                              {"select \"a", 7},
                                                                              {"select $x$ a $y$", 7},
                                                                              {"select E'a\\'", 8}}) {
    ExpectError(sql, ErrorCode::kSyntaxError, "not terminated", position);
  }
  ExpectError(std::string("select 1\0", 9), ErrorCode::kSyntaxError, "NUL", 8);
  ExpectError("select \"\"", ErrorCode::kSyntaxError, "empty", 7);
  ExpectError(std::string((size_t{8} << 20) + 1, ' '), ErrorCode::kPayloadTooLarge, "too long");
}

TEST(FrontParserTest, TakesExactlyOneStatement) {
  EXPECT_EQ(Parse<PassThrough>("  select 1 ; ").sql, "select 1");
  ExpectError("", ErrorCode::kSyntaxError, "expected a statement", 0);
  ExpectError(" -- nothing", ErrorCode::kSyntaxError, "expected a statement");
  ExpectError("select 1; select 2", ErrorCode::kSyntaxError, "found several", 10);
}

TEST(FrontParserTest, LeavesTheEnginesStatementsAlone) {
  for (const char* sql : {"SELECT 1 /* c */ -- d\n + 2",
                          "select version as of from t",
                          "select * from version as of",
                          "update version as of set a = 1",
                          "select extract(year from t@v3) from x",
                          "select x is distinct from t@v3 from x",
                          "select t @v3 from x",
                          "select trim(both from t@v3)",
                          "create table t (a int, b varchar) partitioned by (a) with (x = 1)",
                          "create table t (timestamp_ntz int, byte int, map map(int, int))",
                          "create table t (a int,)",
                          "create table t as select 1 as location",
                          "describe t",
                          "describe history",
                          "desc detail",
                          "describe history.t",
                          "describe select 1",
                          "show x",
                          "summarize t",
                          "insert into t values ('VERSION AS OF 3')",
                          "set threads = 4",
                          "set variable x = 1",
                          "copy t from 'x.csv'",
                          "attach 'x'",
                          "pragma database_list",
                          "(select 1)",
                          "from t",
                          "select 'é', \"ß\" from \"T\"",
                          "create view v as select 1",
                          "drop table t"}) {
    ExpectUntouched(sql);
  }
}

TEST(FrontParserTest, TimeTravelBecomesTheEnginesClause) {
  ExpectRewritten("SELECT * FROM t VERSION AS OF 3", "SELECT * FROM t AT (VERSION => 3)");
  ExpectRewritten("SELECT * FROM t FOR VERSION AS OF 3 x", "SELECT * FROM t x AT (VERSION => 3)");
  ExpectRewritten("select * from s.\"T x\" version as of 3 as x where a",
                  "select * from s.\"T x\" as x AT (VERSION => 3) where a");
  ExpectRewritten("select * from t version as of 3 x(a, b) join u timestamp as of '2013-01-01' on true",
                  "select * from t x(a, b) AT (VERSION => 3) join u AT (TIMESTAMP => '2013-01-01') on true");
  ExpectRewritten("select * from t timestamp as of timestamp '2013-01-01 00:00:00', u version as of $1 limit 1",
                  "select * from t AT (TIMESTAMP => TIMESTAMPTZ '2013-01-01 00:00:00'), u AT (VERSION => $1) limit 1");
  ExpectRewritten("select * from t timestamp as of (now() - interval (1) day)",
                  "select * from t AT (TIMESTAMP => (now() - interval (1) day))");
  ExpectRewritten("select * from s.t@v12 x", "select * from s.t x AT (VERSION => 12)");
  ExpectRewritten("select (select max(a) from t@v0) from u join t@V1 on true",
                  "select (select max(a) from t AT (VERSION => 0)) from u join t AT (VERSION => 1) on true");
  ExpectRewritten("select * from t@v0, s.u@v1 x, (select 1 from a, b@v2) where true",
                  "select * from t AT (VERSION => 0), s.u x AT (VERSION => 1), (select 1 from a, b AT (VERSION => 2)) "
                  "where true");
  ExpectRewritten("merge into t using s@v4 x on t.a = x.a when matched then delete",
                  "merge into t using s x AT (VERSION => 4) on t.a = x.a when matched then delete");
  ExpectRewritten("create table c as select * from t version as of 3",
                  "create table c as select * from t AT (VERSION => 3)");
  ExpectError("select * from t version as of 'x'", ErrorCode::kSyntaxError, "expected a version number", 30);
  ExpectError("select * from t timestamp as of 3", ErrorCode::kSyntaxError, "expected a timestamp", 32);
}

TEST(FrontParserTest, CreateTableTakesDatabricksClauses) {
  ExpectRewritten("CREATE TABLE t (a STRING, b INT NOT NULL) USING DELTA", "CREATE TABLE t (a STRING, b INT NOT NULL)");
  ExpectRewritten(
      "create or replace table s.t (a int) using delta partitioned by (a) comment 'it''s' location '/d' "
      "tblproperties ('delta.x' = 'y', k.l = 3, m = TRUE)",
      "create or replace table s.t (a int) PARTITIONED BY (a) WITH ('comment'='it''s', 'location'='/d', "
      "'delta.x'='y', 'k.l'='3', 'm'='true')");
  ExpectRewritten("CREATE TABLE IF NOT EXISTS t COMMENT 'c' WITH (x = 1) AS SELECT 1 AS a",
                  "CREATE TABLE IF NOT EXISTS t WITH (x = 1, 'comment'='c') AS SELECT 1 AS a");
  ExpectRewritten("CREATE TABLE t LOCATION '/data/t'", "CREATE TABLE t (\"_\" INTEGER) WITH ('location'='/data/t')");
  ExpectError("CREATE TABLE t COMMENT 'c'", ErrorCode::kSyntaxError, "LOCATION of an existing table");
  ExpectError("CREATE TABLE t (a int) USING PARQUET", ErrorCode::kNotSupported, "DELTA", 29);
  ExpectError("CREATE TABLE t (a int) LOCATION ''", ErrorCode::kSyntaxError, "not empty");
  ExpectError("CREATE TABLE t (a int) LOCATION '/a' LOCATION '/b'", ErrorCode::kSyntaxError, "only once");
  ExpectError("CREATE TABLE t (a int) TBLPROPERTIES ('location' = '/a')", ErrorCode::kSyntaxError,
              "clauses of their own");
  ExpectError("CREATE TABLE t (a int) TBLPROPERTIES (a = b)", ErrorCode::kSyntaxError, "expected a string", 42);
  ExpectError("CREATE TABLE t (a int) COMMENT 'c' banana", ErrorCode::kSyntaxError, "found \"banana\"", 35);
}

TEST(FrontParserTest, RulesOfCreateTableGoToTheLakesCatalogue) {
  ExpectRewritten("CREATE TABLE t (a int COMMENT 'c', b BIGINT NOT NULL)",
                  "CREATE TABLE t (a int, b BIGINT NOT NULL) WITH "
                  "('neurolake.clauses'='{\"columns\":[{\"name\":\"a\",\"comment\":\"c\"}]}')");
  ExpectRewritten(
      "CREATE TABLE t (a int DEFAULT 1 + 2 NOT NULL CHECK (a > 0), CHECK (a < 9), b ARRAY<INT>) CLUSTER BY (a, b.c)",
      "CREATE TABLE t (a int NOT NULL, b INT[]) WITH ('neurolake.clauses'='{"
      "\"columns\":[{\"name\":\"a\",\"default\":\"1 + 2\"}],"
      "\"checks\":[{\"name\":\"a_check\",\"condition\":\"a > 0\"},{\"name\":\"check\",\"condition\":\"a < 9\"}],"
      "\"cluster_by\":[[\"a\"],[\"b\",\"c\"]]}')");
  ExpectRewritten("CREATE TABLE t (CONSTRAINT x CHECK (a > 0), a DECIMAL(10,2))",
                  "CREATE TABLE t ( a DECIMAL(10,2)) WITH ('neurolake.clauses'='{"
                  "\"checks\":[{\"name\":\"x\",\"condition\":\"a > 0\"}]}')");
  ExpectRewritten("CREATE TABLE t (a BIGINT GENERATED BY DEFAULT AS IDENTITY (START WITH -1 INCREMENT BY 2))",
                  "CREATE TABLE t (a BIGINT) WITH ('neurolake.clauses'='{\"columns\":[{\"name\":\"a\","
                  "\"identity\":{\"always\":false,\"start\":-1,\"step\":2}}]}')");
  ExpectError("CREATE TABLE t (a int DEFAULT)", ErrorCode::kSyntaxError, "an expression");
  ExpectError("CREATE TABLE t (a int GENERATED BY DEFAULT AS (a))", ErrorCode::kSyntaxError, "IDENTITY");
  ExpectError("CREATE TABLE t (a int) CLUSTER BY (a) CLUSTER BY (a)", ErrorCode::kSyntaxError, "only once");
}

TEST(FrontParserTest, CreateTableTakesDatabricksTypes) {
  ExpectRewritten(
      "create table t (a array<map<string, array<int>>>, b struct<x: byte, \"y z\" decimal(10, 2)> not null)",
      "create table t (a MAP(string, int[])[], b STRUCT(\"x\" TINYINT, \"y z\" decimal(10, 2)) not null)");
  ExpectRewritten("create table t (a timestamp_ntz, b timestamp_ltz unique, c byte)",
                  "create table t (a TIMESTAMP, b TIMESTAMP WITH TIME ZONE unique, c TINYINT)");
  ExpectError("create table t (a array<int)", ErrorCode::kSyntaxError, "expected \">\"", 27);
  ExpectError("create table t (a array<int>>)", ErrorCode::kSyntaxError, "less");
  std::string deep = "int";
  for (int i = 0; i < 100; ++i) deep = "array<" + deep + " >";
  ExpectError("create table t (a " + deep + ")", ErrorCode::kSyntaxError, "nested types");
}

TEST(FrontParserTest, Explain) {
  const auto plain = Parse<Explain>("EXPLAIN SELECT * FROM t@v3");
  EXPECT_FALSE(plain.analyze);
  EXPECT_EQ(plain.format, "text");
  EXPECT_EQ(std::get<PassThrough>(plain.inner->statement).sql, "SELECT * FROM t AT (VERSION => 3)");
  EXPECT_TRUE(Parse<Explain>("explain analyze select 1").analyze);
  const auto json = Parse<Explain>("explain (analyze, format json) (select 1)");
  EXPECT_TRUE(json.analyze);
  EXPECT_EQ(json.format, "json");
  EXPECT_EQ(std::get<PassThrough>(json.inner->statement).sql, "(select 1)");
  EXPECT_FALSE(Parse<Explain>("explain (select 1)").analyze);
  ExpectError("explain", ErrorCode::kSyntaxError, "a statement to explain", 7);
  ExpectError("explain explain select 1", ErrorCode::kSyntaxError, "a statement to explain", 8);
  ExpectError("explain (format xml) select 1", ErrorCode::kSyntaxError, "TEXT or JSON", 16);
  ExpectError("explain begin", ErrorCode::kNotSupported, "EXPLAIN");
  ExpectError(" explain create table t (a array<int)", ErrorCode::kSyntaxError, "\">\"", 36);
}

TEST(FrontParserTest, DescribesTables) {
  EXPECT_EQ(Parse<DescribeHistory>("DESCRIBE HISTORY S.\"T x\" LIMIT 5").table, (ObjectName{"s", "T x"}));
  EXPECT_EQ(Parse<DescribeHistory>("desc history t limit 5").limit, 5);
  EXPECT_EQ(Parse<DescribeDetail>("describe detail lake.s.t").table, (ObjectName{"s", "t"}));
  EXPECT_EQ(Parse<ShowCreateTable>("show create table t").table, (ObjectName{"", "t"}));
  EXPECT_EQ(Parse<ShowTableProperties>("show tblproperties s.t").key, std::nullopt);
  EXPECT_EQ(Parse<ShowTableProperties>("show tblproperties s.t (delta.appendOnly)").key, "delta.appendonly");
  EXPECT_EQ(Parse<ShowTableProperties>("show tblproperties s.t ('delta.appendOnly')").key, "delta.appendOnly");
  ExpectRewritten("DESCRIBE TABLE EXTENDED s.t", "DESCRIBE \"s\".\"t\"");
  ExpectRewritten("describe formatted t", "DESCRIBE \"t\"");
  ExpectError("describe history t limit x", ErrorCode::kSyntaxError, "number of versions", 25);
  ExpectError("describe history a.b.c", ErrorCode::kSyntaxError, "at most two parts");
  ExpectError("describe detail t banana", ErrorCode::kSyntaxError, "the end of the statement", 18);
  ExpectError("describe schema s", ErrorCode::kNotSupported, "DESCRIBE schema");
}

TEST(FrontParserTest, ShowsNames) {
  EXPECT_THAT(Parse<PassThrough>("SHOW TABLES").sql, HasSubstr("schema_name = current_schema()"));
  EXPECT_THAT(Parse<PassThrough>("show tables in Bronze like 'f*'''").sql,
              HasSubstr("lower(schema_name) = 'bronze' AND table_name ILIKE 'f%'''"));
  EXPECT_THAT(Parse<PassThrough>("show schemas").sql, HasSubstr("FROM system.schemas WHERE true"));
  EXPECT_THAT(Parse<PassThrough>("show views from s").sql, HasSubstr("FROM system.views"));
  EXPECT_THAT(Parse<PassThrough>("show all tables").sql, HasSubstr("system.tables"));
  ExpectError("show tables in", ErrorCode::kSyntaxError, "a name", 14);
  ExpectError("show grants on", ErrorCode::kSyntaxError, "a name", 14);
}

TEST(FrontParserTest, HasStatementsAboutKeys) {
  const std::pair<const char*, const char*> statements[] = {
      {"create key if not exists k", "CREATE KEY"},
      {"ROTATE KEY k", "ROTATE KEY"},
      {"rotate master key", "ROTATE MASTER KEY"},
      {"REWRAP KEYS", "REWRAP KEYS"},
      {"drop key if exists k", "DROP KEY"},
      {"grant usage, lookup on key k to public, role admin", "GRANT"},
      {"DENY LOOKUP ON KEY k TO GROUP g", "DENY"},
      {"revoke usage on key k from user u", "REVOKE"},
      {"show keys", "SHOW KEYS"},
      {"SHOW KEY GRANTS", "SHOW KEY GRANTS"},
      {"show key lookups", "SHOW KEY LOOKUPS"}};
  for (const auto& [sql, kind] : statements) {
    const auto parsed = ParseFront(sql);
    ASSERT_TRUE(parsed.has_value()) << sql << ": " << parsed.error().message();
    const auto* command = std::get_if<std::shared_ptr<const TableCommand>>(&parsed->statement);
    ASSERT_NE(command, nullptr) << sql;
    EXPECT_EQ((*command)->kind(), kind);
  }
  ExpectError("create key", ErrorCode::kSyntaxError, "the name of a key", 10);
  ExpectError("grant usage, select on key k to g", ErrorCode::kSyntaxError, "USAGE, LOOKUP, ENCRYPT or DECRYPT", 13);
  ExpectError("grant usage on table k to g", ErrorCode::kSyntaxError, "key", 15);
}

TEST(FrontParserTest, SetsTheSession) {
  using enum SetSession::Setting;
  for (const char* sql :
       {"SET TIME ZONE 'Europe/Berlin'", "set timezone = 'Europe/Berlin'", "set session TimeZone to 'Europe/Berlin'"}) {
    EXPECT_EQ(Parse<SetSession>(sql).value, "Europe/Berlin") << sql;
    EXPECT_EQ(Parse<SetSession>(sql).setting, kTimeZone) << sql;
  }
  for (const char* sql : {"use bronze", "USE SCHEMA bronze", "use lake.bronze", "set schema = 'bronze'",
                          "set search_path to bronze", "set schema 'bronze'"}) {
    EXPECT_EQ(Parse<SetSession>(sql).value, "bronze") << sql;
    EXPECT_EQ(Parse<SetSession>(sql).setting, kSchema) << sql;
  }
  EXPECT_EQ(Parse<SetSession>("use schema").value, "schema");
  for (const char* sql : {"SET purpose = 'billing'", "set session purpose to billing"}) {
    EXPECT_EQ(Parse<SetSession>(sql).value, "billing") << sql;
    EXPECT_EQ(Parse<SetSession>(sql).setting, kPurpose) << sql;
  }
  EXPECT_EQ(Parse<SetSession>("RESET purpose").value, "");
  EXPECT_EQ(Parse<SetSession>("reset timezone").value, "");
  EXPECT_EQ(Parse<SetSession>("set time zone default").value, "");
  ExpectError("set time zone 3", ErrorCode::kSyntaxError, "a time zone", 14);
  ExpectError("use other.schema_name", ErrorCode::kSyntaxError, "one schema");
}

TEST(FrontParserTest, Transactions) {
  EXPECT_FALSE(Parse<BeginTransaction>("BEGIN").read_only);
  EXPECT_TRUE(Parse<BeginTransaction>("start transaction read only").read_only);
  Parse<CommitTransaction>("commit work");
  Parse<CommitTransaction>("end");
  Parse<RollbackTransaction>("abort transaction");
  ExpectError("begin select 1", ErrorCode::kSyntaxError, "the end of the statement", 6);
}

TEST(FrontParserTest, ExternalLocations) {
  const auto create =
      Parse<CreateExternalLocation>("create external location if not exists raw url '/data' with (register = true)");
  EXPECT_EQ(create.name, "raw");
  EXPECT_EQ(create.url, "/data");
  EXPECT_TRUE(create.may_register && create.if_not_exists);
  EXPECT_FALSE(Parse<CreateExternalLocation>("create external location raw url '/data'").may_register);
  EXPECT_TRUE(Parse<DropExternalLocation>("drop external location if exists raw").if_exists);
  ExpectError("create external location raw '/data'", ErrorCode::kSyntaxError, "expected url", 29);
}

TEST(FrontParserTest, CopyInto) {
  const auto copy = Parse<CopyInto>(
      "COPY INTO bronze.flights (a, \"B\") FROM 'raw/2013' FILEFORMAT = CSV PATTERN = '*.csv' "
      "FORMAT_OPTIONS ('header' = 'true', Delimiter = ';') COPY_OPTIONS (force = TRUE, 'max_errors' = -1)");
  EXPECT_EQ(copy.target, (ObjectName{"bronze", "flights"}));
  EXPECT_THAT(copy.columns, ElementsAre("a", "B"));
  EXPECT_THAT(copy.sources, ElementsAre("raw/2013"));
  EXPECT_EQ(copy.pattern, "*.csv");
  EXPECT_EQ(copy.file_format, "csv");
  EXPECT_THAT(copy.format_options, ElementsAre(Pair("delimiter", ";"), Pair("header", "true")));
  EXPECT_THAT(copy.copy_options, ElementsAre(Pair("force", "true"), Pair("max_errors", "-1")));
  EXPECT_THAT(Parse<CopyInto>("copy into t from ('upload://a', 'upload://b') fileformat = parquet").sources,
              ElementsAre("upload://a", "upload://b"));
  EXPECT_THAT(Parse<CopyInto>("copy into t from 'd' fileformat = json files = ('a', 'b')").files,
              ElementsAre("a", "b"));
}

TEST(FrontParserTest, CopyIntoSaysWhatIsWrong) {
  ExpectError("copy into t from d fileformat = csv", ErrorCode::kSyntaxError, "a source in single quotes", 17);
  ExpectError("copy into t from 'd'", ErrorCode::kSyntaxError, "FILEFORMAT", 20);
  ExpectError("copy into t from 'd' fileformat = xml", ErrorCode::kSyntaxError, "CSV, JSON or PARQUET", 34);
  ExpectError("copy into t from 'd' fileformat = avro", ErrorCode::kNotSupported, "format");
  ExpectError("copy into t from (select 1) fileformat = csv", ErrorCode::kNotSupported, "from a query");
  ExpectError("copy into t from 'd' fileformat = csv fileformat = csv", ErrorCode::kSyntaxError, "only once", 38);
  ExpectError("copy into t from 'd' fileformat = csv copy_options (a = 1, A = 2)", ErrorCode::kSyntaxError, "only once",
              59);
  ExpectError("copy into t from ('a', 'b') fileformat = csv pattern = '*'", ErrorCode::kSyntaxError, "one source");
  ExpectError("copy into t from 'd' fileformat = csv files = ('a') pattern = '*'", ErrorCode::kSyntaxError, "either");
}

TEST(FrontParserTest, NamesWhatIsPlanned) {
  for (const auto& [sql, name] : std::vector<std::pair<std::string, std::string>>{
           {"alter view v rename to w", "ALTER"},
           {"create temp table t (a int)", "temporary"},
           {"create or replace materialized view v as select 1", "MATERIALIZED"}}) {
    ExpectError(sql, ErrorCode::kNotSupported, name, 0);
  }
}

TEST(FrontParserTest, ErrorsShowNoLiterals) {
  const auto parsed = ParseFront("describe detail 'secret'");
  ASSERT_FALSE(parsed.has_value());
  EXPECT_THAT(parsed.error().message(), testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace neurolake::query
