// Runs tests/e2e/ingest_cases: each file is one way in which input goes wrong.
#include <boost/json.hpp>

#include "query/tests/copy_into_fixture.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

class CopyIntoCorpusTest : public CopyIntoFixture {
 protected:
  static std::string Folder() { return NL_SOURCE_DIR "/tests/e2e/ingest_cases/"; }

  static std::string Format(const std::string& file) {
    if (file.ends_with(".parquet")) return "parquet";
    return file.find("json") != std::string::npos ? "json" : "csv";
  }

  void RunCase(const json::object& expected) {
    const std::string file(expected.at("file").as_string());
    SCOPED_TRACE(file);
    std::filesystem::copy_file(Folder() + file, sql.folder + "/" + file,
                               std::filesystem::copy_options::overwrite_existing);
    Do("CREATE OR REPLACE TABLE silver.t(id INTEGER, name VARCHAR)");
    Do("DROP TABLE IF EXISTS silver.t__quarantine");
    sql.ForgetTables();
    CopyInto statement = Statement("silver.t", file, {}, {}, Format(file));
    if (const auto* options = expected.if_contains("format_options")) {
      for (const auto& [name, value] : options->as_object()) statement.format_options[name] = value.as_string();
    }
    const auto report = Copy(statement);
    if (const auto* error = expected.if_contains("error")) {
      ASSERT_FALSE(report.has_value());
      EXPECT_TRUE(report.error().message().starts_with(error->as_string())) << report.error().message();
      EXPECT_EQ(sql.Show("SELECT count(*) FROM silver.t"), "0\n");
      return;
    }
    ASSERT_TRUE(report.has_value()) << report.error().message() << "\n" << sql.last_error;
    EXPECT_EQ(report->rows_loaded, expected.at("loaded").as_int64());
    EXPECT_EQ(sql.Show("SELECT count(*) FROM silver.t"), fmt::format("{}\n", report->rows_loaded));
    std::string places;
    for (const auto& place : expected.at("quarantined").as_array()) places += std::string(place.as_string()) + "\n";
    const std::string found =
        report->quarantine_table.empty()
            ? ""
            : sql.Show("SELECT line, column_name, reason FROM silver.t__quarantine ORDER BY line");
    EXPECT_EQ(found, places);
    EXPECT_EQ(report->rows_quarantined, static_cast<int64_t>(expected.at("quarantined").as_array().size()));
  }
};

TEST_F(CopyIntoCorpusTest, EveryCase) {
  std::ifstream list(Folder() + "cases.json");
  const std::string text(std::istreambuf_iterator<char>(list), {});
  const json::value cases = json::parse(text);
  ASSERT_GT(cases.as_array().size(), 30U);
  for (const json::value& expected : cases.as_array()) RunCase(expected.as_object());
}

TEST_F(CopyIntoCorpusTest, JsonLinesBecomeATable) {
  File("a.ndjson", R"({"id":1,"when":"2020-01-02T03:04:05Z","tags":["a","b"],"place":{"city":"x","zip":5}})"
                   "\n"
                   R"({"id":2,"tags":[],"place":{"city":"y"}})"
                   "\n");
  const CopyReport report = Loaded(Statement("silver.j", "a.ndjson", {}, {}, "json"));
  EXPECT_EQ(report.rows_loaded, 2);
  EXPECT_EQ(sql.Show("SELECT id, \"when\", tags::VARCHAR, place.zip FROM silver.j ORDER BY id"),
            "1|2020-01-02 03:04:05|[a, b]|5\n2|~|[]|~\n");
  const std::string more = R"({"id":3,"tags":[1,{"a":2}],"place":{"zip":"x"}})"
                           "\n"
                           R"({"id":4,"tags":"no list","place":{}})"
                           "\n"
                           R"({"id":5,"tags":[1,{"a":2}],"place":null})"
                           "\n"
                           R"({"id":6,"place":[1]})"
                           "\n";
  EXPECT_EQ(Loaded(Statement("silver.j", File("b.ndjson", more), {}, {}, "json")).rows_loaded, 1);
  EXPECT_EQ(sql.Show("SELECT tags[2], place IS NULL FROM silver.j WHERE id = 5"), "{\"a\":2}|true\n");
  EXPECT_EQ(sql.Show("SELECT line, column_name, reason FROM silver.j__quarantine ORDER BY line"),
            "1|place|cannot_cast\n2|tags|cannot_cast\n4|place|cannot_cast\n");
}

TEST_F(CopyIntoCorpusTest, KeysThatDifferInCaseAreOneColumn) {
  const std::string lines = R"({"a":1,"b":"x"})"
                            "\n"
                            R"({"A":5,"c":7})"
                            "\n"
                            R"({"A":null,"\u0061":6,"B":"y"})"
                            "\n";
  const CopyReport report = Loaded(Statement("silver.k", File("a.ndjson", lines), {}, {}, "json"));
  EXPECT_EQ(report.rows_loaded, 3);
  EXPECT_EQ(
      sql.Show("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'k' ORDER BY column_index"),
      "a|BIGINT\nb|VARCHAR\nc|BIGINT\n");
  EXPECT_EQ(sql.Show("FROM silver.k ORDER BY a"), "1|x|~\n5|~|7\n6|y|~\n");
  // A table's columns find all spellings too, those that no sample has among them; neither of two values is lost.
  Do("CREATE TABLE silver.t(\"ID\" INTEGER, c VARCHAR)");
  std::string more;
  for (int i = 0; i < 25'000; ++i) more += fmt::format("{{\"id\":{}}}\n", i);
  more += R"({"Id":25000,"C":"late"})"
          "\n"
          R"({"id":1,"iD":2})"
          "\n";
  EXPECT_EQ(Loaded(Statement("silver.t", File("b.ndjson", more), {}, {}, "json")).rows_quarantined, 1);
  EXPECT_EQ(sql.Show("SELECT count(*), sum(\"ID\"), max(c) FROM silver.t"), "25001|312512500|late\n");
  EXPECT_EQ(sql.Show("SELECT line, column_name, reason, raw_line FROM silver.t__quarantine"),
            "25002|~|key_in_two_cases|{\"id\":1,\"iD\":2}\n");
}

TEST_F(CopyIntoCorpusTest, ParquetRowsAreCastOrSetAside) {
  Do("COPY (SELECT '1' AS id, 1.5::DOUBLE AS n, 'a' AS s UNION ALL SELECT 'x', 2, 'b' UNION ALL SELECT '3', 3, 'c') TO "
     "'" +
     sql.folder + "/a.parquet' (FORMAT parquet)");
  Do("CREATE TABLE silver.p(id INTEGER NOT NULL, n INTEGER, s VARCHAR)");
  const CopyReport report = Loaded(Statement("silver.p", "a.parquet", {}, {}, "parquet"));
  EXPECT_EQ(report.rows_loaded, 1);
  EXPECT_EQ(Quarantined("silver.p"),
            "a.parquet|1|n|cannot_cast|1.5|{\"id\":\"1\",\"n\":1.5,\"s\":\"a\"}\n"
            "a.parquet|2|id|cannot_cast|x|{\"id\":\"x\",\"n\":2.0,\"s\":\"b\"}\n");
  EXPECT_EQ(Loaded(Statement("bronze.p", "a.parquet", {}, {}, "parquet")).rows_loaded, 3);
}

TEST_F(CopyIntoCorpusTest, ManyBadRowsOverManyFiles) {
  Do("CREATE TABLE silver.t(id INTEGER, name VARCHAR)");
  for (int file = 0; file < 5; ++file) {
    std::string text = "id,name\n";
    for (int i = 0; i < 20'000; ++i)
      text += fmt::format("{},{}\n", i % 10 == file ? "x" : std::to_string(i), i % 7 == 0 ? "\"two\nlines\"" : "one");
    File(fmt::format("m{}.csv", file), text);
  }
  const CopyReport report = Loaded(Statement("silver.t", "m*.csv"));
  EXPECT_EQ(report.rows_read, 100'000);
  EXPECT_EQ(report.rows_quarantined, 10'000);
  EXPECT_EQ(sql.Show("SELECT count(*), count(line), count(DISTINCT file) FROM silver.t__quarantine"),
            "10000|10000|5\n");
  // Row 10 of m0.csv has rows 0 and 7 with two lines before it.
  EXPECT_EQ(sql.Show("SELECT line FROM silver.t__quarantine WHERE file = 'm0.csv' ORDER BY line LIMIT 2"), "2\n14\n");
}

}  // namespace
}  // namespace neurolake::query
