#include <zlib.h>

#include "query/copy_into_lines.h"
#include "query/copy_into_options.h"
#include "query/copy_into_types.h"
#include "query/tests/copy_into_fixture.h"

namespace neurolake::query {
namespace {

using ::testing::Test;

std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

class CopyIntoTest : public CopyIntoFixture {};

TEST_F(CopyIntoTest, CreatesATableWithInferredTypes) {
  const CopyReport report =
      Loaded(Statement("silver.t", File("a.csv", "id,name,price,day\n1,a,1.5,2020-01-02\n2,b,,2020-01-03\n")));
  EXPECT_EQ(report.rows_loaded, 2);
  EXPECT_EQ(report.version, 0);
  EXPECT_EQ(report.schema,
            (std::vector<ColumnShape>{{"id", "BIGINT"}, {"name", "VARCHAR"}, {"price", "DOUBLE"}, {"day", "DATE"}}));
  EXPECT_EQ(sql.Show("FROM silver.t ORDER BY id"), "1|a|1.5|2020-01-02\n2|b|~|2020-01-03\n");
}

TEST_F(CopyIntoTest, CleanFileIsReadByOneStatement) {
  Do("CREATE TABLE silver.t(id INTEGER, name VARCHAR)");
  sql.statements.clear();
  Loaded(Statement("silver.t", File("a.csv", "id,name\n1,a\n")));
  EXPECT_EQ(sql.statements.size(), 1U);
}

TEST_F(CopyIntoTest, BronzeTablesSayWhereRowsCameFrom) {
  const CopyReport report = Loaded(Statement("bronze.t", File("a.csv", "id\n1\n")));
  EXPECT_EQ(sql.Show("SELECT id, _source_file, _load_id FROM bronze.t"), "1|a.csv|" + report.load_id + "\n");
  EXPECT_EQ(sql.Show("SELECT count(*) FROM bronze.t WHERE _loaded_at IS NULL"), "0\n");
}

TEST_F(CopyIntoTest, SourceFileIsTheNameAndNeverThePath) {
  File("p1.csv", "id\n1\n");
  File("p2.csv", "id\n2\n");
  EXPECT_EQ(Loaded(Statement("bronze.t", "p*.csv")).files, 2);
  EXPECT_EQ(sql.Show("SELECT id, _source_file FROM bronze.t ORDER BY id"), "1|p1.csv\n2|p2.csv\n");
}

TEST_F(CopyIntoTest, BadRowsGoToQuarantineWithTheirPlace) {
  Do("CREATE TABLE silver.t(id INTEGER NOT NULL, amount DECIMAL(10,2), day DATE)");
  File("a.csv",
       "id,amount,day\n"                // 1
       "1,1.50,2020-01-01\n"            // 2
       "\n"                             // 3
       "x,2.00,2020-01-02\n"            // 4
       "3,\"two\nlines\",2020-01-03\n"  // 5 and 6
       ",4.00,2020-01-04\n"             // 7
       "5,5.00\n"                       // 8
       "6,6.00,2020-01-06,more\n"       // 9
       "7.5,7.00,2020-01-07\n"          // 10
       "8,8.00,2020-13-08\n"            // 11
       "9,9.00,2020-01-09\n");          // 12
  const CopyReport report = Loaded(Statement("silver.t", "a.csv"));
  EXPECT_EQ(report.rows_read, 9);
  EXPECT_EQ(report.rows_loaded, 2);
  EXPECT_EQ(report.rows_quarantined, 7);
  EXPECT_EQ(sql.Show("FROM silver.t ORDER BY id"), "1|1.50|2020-01-01\n9|9.00|2020-01-09\n");
  EXPECT_EQ(Quarantined("silver.t"),
            "a.csv|4|id|cannot_cast|x|x,2.00,2020-01-02\n"
            "a.csv|5|amount|cannot_cast|two\nlines|3,\"two\nlines\",2020-01-03\n"
            "a.csv|7|id|null_not_allowed|~|,4.00,2020-01-04\n"
            "a.csv|8|day|missing_columns|~|5,5.00\n"
            "a.csv|9|~|too_many_columns|~|6,6.00,2020-01-06,more\n"
            "a.csv|10|id|cannot_cast|7.5|7.5,7.00,2020-01-07\n"
            "a.csv|11|day|cannot_cast|2020-13-08|8,8.00,2020-13-08\n");
}

TEST_F(CopyIntoTest, FileIsLoadedOnceUnlessForced) {
  File("a.csv", "id\n1\n");
  EXPECT_EQ(Loaded(Statement("bronze.t", "a.csv")).rows_loaded, 1);
  const CopyReport again = Loaded(Statement("bronze.t", "a.csv"));
  EXPECT_EQ(again.rows_loaded, 0);
  EXPECT_EQ(again.files_skipped, 1);
  EXPECT_EQ(again.version, -1);
  EXPECT_EQ(Loaded(Statement("bronze.t", "a.csv", {{"force", "true"}})).rows_loaded, 1);
  EXPECT_EQ(sql.Show("SELECT count(*), count(DISTINCT _load_id) FROM bronze.t"), "2|2\n");
}

TEST_F(CopyIntoTest, SameNameWithOtherContentIsAnotherFile) {
  File("a.csv", "id\n1\n");
  Loaded(Statement("bronze.t", "a.csv"));
  File("a.csv", "id\n2\n");
  EXPECT_EQ(Loaded(Statement("bronze.t", "a.csv")).rows_loaded, 1);
}

TEST_F(CopyIntoTest, CrashBetweenQuarantineAndTargetDoublesNeither) {
  Do("CREATE TABLE silver.t(id INTEGER)");
  File("a.csv", "id\n1\nx\n");
  sql.before_write = [](const std::string& text) -> Result<void> {
    if (text.find("INTO \"silver\".\"t\" ") == std::string::npos || text.find("store_rejects") == std::string::npos)
      return {};
    return MakeError(ErrorCode::kWorkerLost, "killed");
  };
  EXPECT_FALSE(Copy(Statement("silver.t", "a.csv")).has_value());
  EXPECT_EQ(sql.Show("SELECT count(*) FROM silver.t"), "0\n");
  EXPECT_EQ(sql.Show("SELECT count(*) FROM silver.t__quarantine"), "1\n");
  sql.before_write = nullptr;
  const CopyReport report = Loaded(Statement("silver.t", "a.csv"));
  EXPECT_EQ(report.rows_loaded, 1);
  EXPECT_EQ(report.rows_quarantined, 1);
  EXPECT_EQ(sql.Show("SELECT count(*), any_value(load_id) FROM silver.t__quarantine"), "1|" + report.load_id + "\n");
  EXPECT_EQ(sql.Show("SELECT count(*) FROM silver.t"), "1\n");
}

TEST_F(CopyIntoTest, FailedLoadLeavesNoNewTable) {
  File("a.csv", "id\n1\n");
  sql.before_write = [](const std::string& text) -> Result<void> {
    if (text.starts_with("INSERT")) return MakeError(ErrorCode::kDiskFull, "disk full");
    return {};
  };
  EXPECT_EQ(Failure(Statement("silver.t", "a.csv", {{"schema", "id INT NOT NULL"}})), "disk full");
  EXPECT_FALSE(sql.FindTable("silver", "t").value().has_value());
}

TEST_F(CopyIntoTest, AbortNamesTheFirstBadRowWithoutItsValue) {
  Do("CREATE TABLE silver.t(id INTEGER, v VARCHAR)");
  File("a.csv", "id,v\n1,a\nsecret,b\n3\n");
  EXPECT_EQ(Failure(Statement("silver.t", "a.csv", {{"on_error", "abort"}})),
            "nothing was loaded: 2 bad rows; the first in file a.csv, line 3, column id: cannot_cast");
  EXPECT_EQ(sql.Show("SELECT count(*) FROM silver.t"), "0\n");
}

TEST_F(CopyIntoTest, SkipCountsBadRowsAndKeepsNone) {
  Do("CREATE TABLE silver.t(id INTEGER)");
  const CopyReport report = Loaded(Statement("silver.t", File("a.csv", "id\n1\nx\n"), {{"on_error", "skip"}}));
  EXPECT_EQ(report.rows_skipped, 1);
  EXPECT_FALSE(sql.FindTable("silver", "t__quarantine").value().has_value());
}

TEST_F(CopyIntoTest, ValidateShowsTheSchemaAndMakesNothing) {
  File("a.csv", "id,v\n1,2\n");
  CopyInto statement = Statement("bronze.t", "a.csv");
  statement.validate = true;
  const CopyReport report = Loaded(statement);
  EXPECT_EQ(report.rows_loaded, 0);
  const auto rows = ReportRows(report);
  ASSERT_EQ(rows.rows.size(), 5U);
  EXPECT_EQ(rows.rows[1][1], "BIGINT");
  EXPECT_FALSE(sql.FindTable("bronze", "t").value().has_value());
}

TEST_F(CopyIntoTest, ValidateCountsBadRowsByColumn) {
  Do("CREATE TABLE silver.t(id INTEGER NOT NULL, v DATE)");
  CopyInto statement = Statement("silver.t", File("a.csv", "id,v\n1,2020-01-01\nx,2020-01-01\n,y\n3,y\n4\n"));
  statement.validate = true;
  EXPECT_EQ(ReportRows(Loaded(statement)).rows,
            (std::vector<std::vector<std::optional<std::string>>>{{"id", "INTEGER", "false", "2"},
                                                                  {"v", "DATE", "true", "1"},
                                                                  {std::nullopt, std::nullopt, std::nullopt, "1"}}));
  statement.validate_rows = 1;
  const auto first = ReportRows(Loaded(statement)).rows;
  EXPECT_EQ(first.at(0).at(3), "0");
  EXPECT_EQ(sql.Show("SELECT count(*) FROM silver.t"), "0\n");
  statement.validate = false;
  EXPECT_EQ(Loaded(statement).rows_quarantined, 4);
}

TEST_F(CopyIntoTest, InferredTypesWidenInsteadOfRoundingOrRejecting) {
  std::string text = "id,v\n";
  for (int i = 0; i < 40'000; ++i) text += fmt::format("{},{}\n", i, i);
  text += "1.5,word\n";
  const CopyReport report = Loaded(Statement("silver.t", File("a.csv", text)));
  EXPECT_EQ(report.schema, (std::vector<ColumnShape>{{"id", "DOUBLE"}, {"v", "VARCHAR"}}));
  EXPECT_EQ(report.rows_loaded, 40'001);
  EXPECT_EQ(sql.Show("SELECT max(id) FILTER (WHERE v = 'word') FROM silver.t"), "1.5\n");
}

TEST_F(CopyIntoTest, BigNumbersKeepEveryDigit) {
  const CopyReport report =
      Loaded(Statement("silver.t", File("a.csv", "id\n9007199254740993\n-9223372036854775808\n")));
  EXPECT_EQ(report.rows_loaded, 2);
  EXPECT_EQ(sql.Show("FROM silver.t ORDER BY id"), "-9223372036854775808\n9007199254740993\n");
  std::string late = "id\n";
  for (int i = 0; i < 5'000; ++i) late += fmt::format("{}\n", i);
  EXPECT_EQ(Loaded(Statement("silver.t", File("b.csv", late + "9007199254740993\n"))).rows_loaded, 5'001);
  EXPECT_EQ(sql.Show("SELECT count(*) FROM silver.t WHERE id = 9007199254740993"), "2\n");
}

TEST_F(CopyIntoTest, CleaningRules) {
  Do("CREATE TABLE silver.t(id INTEGER, name VARCHAR, day DATE, \"at\" TIMESTAMP, ok BOOLEAN)");
  File("a.csv",
       "id,name,day,at,ok\n 1 ,  x ,31.12.2020,2020-01-01 "
       "10:00:00,ja\nNA,-,01/02/2020,2020-01-01T11:00:00Z,nein\n2,y,2020,2020-01-01,ja\n");
  const CopyReport report = Loaded(Statement(
      "silver.t", "a.csv",
      {{"clean",
        R"({"*": {"trim": true, "null": ["NA", "-"]}, "day": {"format": ["%d.%m.%Y", "dd/MM/yyyy"]}, "ok": {"map": {"ja": "true", "nein": "false"}}})"}}));
  EXPECT_EQ(sql.Show("FROM silver.t ORDER BY day"),
            "~|~|2020-02-01|2020-01-01 11:00:00|false\n1|x|2020-12-31|2020-01-01 10:00:00|true\n");
  EXPECT_EQ(Quarantined("silver.t"), "a.csv|4|day|wrong_format|2020|2,y,2020,2020-01-01,ja\n");
  EXPECT_EQ(report.rows_quarantined, 1);
}

TEST_F(CopyIntoTest, NullTokensForAllColumns) {
  Do("CREATE TABLE silver.t(id INTEGER, name VARCHAR)");
  Loaded(Statement("silver.t", File("a.csv", "id,name\nNA,NA\n1,\n"), {}, {{"nullvalue", "NA"}}));
  EXPECT_EQ(sql.Show("FROM silver.t ORDER BY id NULLS FIRST"), "~|~\n1|~\n");
}

TEST_F(CopyIntoTest, DuplicatesByKey) {
  const std::string text = "id,v,at\n1,a,3\n2,b,1\n1,c,2\n,d,1\n,e,1\n";
  File("a.csv", text);
  CopyReport report = Loaded(Statement("silver.first", "a.csv", {{"key", "id"}}));
  EXPECT_EQ(report.rows_duplicate, 1);
  EXPECT_EQ(sql.Show("SELECT id, v FROM silver.first ORDER BY v"), "1|a\n2|b\n~|d\n~|e\n");
  Loaded(Statement("silver.last", "a.csv", {{"key", "id"}, {"keep", "last"}}));
  EXPECT_EQ(sql.Show("SELECT id, v FROM silver.last WHERE id = 1"), "1|c\n");
  Loaded(Statement("silver.newest", "a.csv", {{"key", "id"}, {"keep", "last"}, {"order_by", "at"}}));
  EXPECT_EQ(sql.Show("SELECT id, v FROM silver.newest WHERE id = 1"), "1|a\n");
  File("b.csv", "id,v,at\n1,z,9\n5,f,1\n");
  report = Loaded(Statement("silver.first", "b.csv", {{"key", "id"}, {"dedupe_target", "true"}}));
  EXPECT_EQ(report.rows_duplicate, 1);
  EXPECT_EQ(sql.Show("SELECT v FROM silver.first ORDER BY v"), "a\nb\nd\ne\nf\n");
}

TEST_F(CopyIntoTest, DuplicatesAndBadRowsTogether) {
  Do("CREATE TABLE silver.t(id INTEGER, v INTEGER)");
  const CopyReport report =
      Loaded(Statement("silver.t", File("a.csv", "id,v\n1,x\n1,2\n1,3\n2,4,5\n"), {{"key", "id"}}));
  EXPECT_EQ(report.rows_read, 4);
  EXPECT_EQ(report.rows_quarantined, 2);
  EXPECT_EQ(report.rows_duplicate, 1);
  EXPECT_EQ(sql.Show("FROM silver.t"), "1|2\n");
}

TEST_F(CopyIntoTest, ExtraAndMissingColumnsAreNamed) {
  Do("CREATE TABLE silver.t(id INTEGER, v INTEGER)");
  File("a.csv", "id,w,x\n1,2,3\n");
  // A first record of which most is no name of the table's may be data.
  EXPECT_EQ(Failure(Statement("silver.t", "a.csv")),
            "the files have columns the table has not: by their positions 2, 3; to leave them out, give the option "
            "ignore_extra or by_name; if the files have no header, say header = false");
  EXPECT_EQ(
      Failure(Statement("silver.t", "a.csv", {}, {{"header", "true"}})),
      "the files have columns the table has not: w, x; to leave them out, give the option ignore_extra or by_name");
  EXPECT_EQ(Failure(Statement("silver.t", "a.csv", {{"ignore_extra", "true"}})),
            "the files do not have the columns v; to load NULL there, give the option by_name");
  EXPECT_EQ(Loaded(Statement("silver.t", "a.csv", {{"by_name", "true"}})).rows_loaded, 1);
  EXPECT_EQ(sql.Show("FROM silver.t"), "1|~\n");
}

TEST_F(CopyIntoTest, ListOfColumnsGoesByPosition) {
  Do("CREATE TABLE silver.t(id INTEGER, v VARCHAR, w INTEGER)");
  CopyInto statement = Statement("silver.t", File("a.csv", "x,y\na,1\nb,z\n"));
  statement.columns = {"v", "id"};
  EXPECT_EQ(Loaded(statement).rows_loaded, 1);
  EXPECT_EQ(sql.Show("FROM silver.t"), "1|a|~\n");
  EXPECT_EQ(Loaded(Statement("silver.t", File("b.csv", "7;u;8\n"), {}, {{"header", "false"}})).rows_loaded, 1);
}

TEST_F(CopyIntoTest, NewTableWithASchema) {
  Loaded(Statement("silver.t", File("a.csv", "id,tags\n1,\"[a, b]\"\n"),
                   {{"schema", "id INT NOT NULL, tags ARRAY<STRING>"}}));
  EXPECT_EQ(sql.Show("SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE table_name = 't'"),
            "id|INTEGER|false\ntags|VARCHAR[]|true\n");
  EXPECT_EQ(sql.Show("SELECT tags[2] FROM silver.t"), "b\n");
}

TEST_F(CopyIntoTest, WideFiles) {
  constexpr int kColumns = 1000;
  std::string names, values, bad;
  for (int i = 0; i < kColumns; ++i) {
    names += fmt::format("{}c{}", i == 0 ? "" : ",", i);
    values += fmt::format("{}{}", i == 0 ? "" : ",", i);
    bad += fmt::format("{}{}", i == 0 ? "" : ",", i == 700 ? "1.5" : i == 800 ? "9e15" : "1.0");
  }
  Loaded(Statement("silver.wide", File("a.csv", names + "\n" + values + "\n")));
  EXPECT_EQ(sql.Show("SELECT c0, c1, c700, c999, typeof(c999) FROM silver.wide"), "0|1|700|999|BIGINT\n");
  // A fraction is set aside in whichever column it stands; whole numbers that a double does not tell apart are not.
  EXPECT_EQ(Loaded(Statement("silver.wide", File("b.csv", names + "\n" + bad + "\n"))).rows_loaded, 0);
  EXPECT_EQ(sql.Show("SELECT column_name, reason FROM silver.wide__quarantine"), "c700|cannot_cast\n");
  EXPECT_EQ(
      Loaded(Statement("silver.wide", File("c.csv", "c3\n9007199254740993\n"), {{"by_name", "true"}})).rows_loaded, 1);
  EXPECT_EQ(sql.Show("SELECT max(c3) FROM silver.wide"), "9007199254740993\n");
}

TEST_F(CopyIntoTest, FileNameWithPatternCharacters) {
  File("a1.csv", "id\n5\n");
  Loaded(Statement("silver.t", File("a[1].csv", "id\n1\n")));
  EXPECT_EQ(sql.Show("FROM silver.t"), "1\n");
}

TEST_F(CopyIntoTest, NamesAndValuesCannotLeaveTheirQuotes) {
  File("a'); DROP TABLE x; --.csv", "\"i\"\"d\",v'1\n1,2\nx,3\n");
  Do("CREATE TABLE silver.t(\"i\"\"d\" INTEGER, \"v'1\" INTEGER)");
  EXPECT_EQ(Loaded(Statement("silver.t", "a'); DROP TABLE x; --.csv", {{"clean", R"({"v'1": {"map": {"o'": "'"}}})"}}))
                .rows_quarantined,
            1);
}

TEST_F(CopyIntoTest, GzipIsReadAndACutOneIsRefused) {
  std::string text = "id,v\n";
  for (int i = 0; i < 50'000; ++i) text += fmt::format("{},{}\n", i, i * 7919 % 1'000'003);
  const std::string packed = Gzip(text);
  EXPECT_EQ(Loaded(Statement("silver.t", File("a.csv.gz", packed))).rows_loaded, 50'000);
  EXPECT_EQ(Loaded(Statement("silver.t", File("noname", Gzip("id,v\n1,2\n")))).rows_loaded, 1);
  EXPECT_EQ(Failure(Statement("silver.t", File("cut.csv.gz", packed.substr(0, packed.size() / 2)))),
            "the gzip file cut.csv.gz is cut off or damaged; nothing of it was loaded");
  std::string damaged = packed;
  damaged[damaged.size() / 2] ^= 0x55;
  EXPECT_EQ(Failure(Statement("silver.t", File("bad.csv.gz", damaged))),
            "the gzip file bad.csv.gz is cut off or damaged; nothing of it was loaded");
  const CopyReport bad = Loaded(Statement("silver.t", File("rows.csv.gz", Gzip("id,v\n1,2\n\"3\n\",x\nz,1\n"))));
  EXPECT_EQ(bad.rows_quarantined, 2);
  EXPECT_EQ(sql.Show("SELECT line FROM silver.t__quarantine ORDER BY line"), "3\n5\n");
}

TEST_F(CopyIntoTest, UnknownOptionsAreNamedWithTheRightOnes) {
  const std::string message = Failure(Statement("silver.t", "a.csv", {}, {{"headr", "true"}}));
  EXPECT_TRUE(message.starts_with("FORMAT_OPTIONS of csv files has no option \"headr\"; it has header, delimiter"))
      << message;
  EXPECT_EQ(Failure(Statement("silver.t", "a.csv", {{"on_error", "ignore"}})),
            "the option on_error must be quarantine, abort or skip");
}

TEST(CopyIntoTypesTest, ReadsSparkAndEngineSpellings) {
  const auto columns = ParseSchemaText(
      "id LONG NOT NULL, `a b` STRUCT<x: INT, y: ARRAY<DECIMAL(10, 2)>>, m MAP<STRING, INT[]>, t TIMESTAMP WITH TIME "
      "ZONE, u varchar(10)");
  ASSERT_TRUE(columns.has_value()) << columns.error().message();
  EXPECT_EQ(*columns, (std::vector<ColumnShape>{{"id", "BIGINT", false},
                                                {"a b", "STRUCT(\"x\" INTEGER, \"y\" DECIMAL(10,2)[])"},
                                                {"m", "MAP(VARCHAR, INTEGER[])"},
                                                {"t", "TIMESTAMP WITH TIME ZONE"},
                                                {"u", "VARCHAR"}}));
}

TEST(CopyIntoTypesTest, RefusesWhatIsNotAType) {
  for (const char* text : {"", "id", "id INT) FROM x --", "id UUID", "id INT, id INT", "id INT; DROP",
                           "id DECIMAL(50,2)", "id STRUCT<a INT", "1 INT", "id 'x'"}) {
    EXPECT_FALSE(ParseSchemaText(text).has_value()) << text;
  }
}

TEST(CopyIntoLinesTest, RecordsOfManyShapes) {
  const TextDialect dialect;
  EXPECT_EQ(ParseRecords("a,b\n\n\"x\"\"y\",\"1\n2\"\r\nz\n", dialect, 10, true),
            (std::vector<std::vector<std::string>>{{"a", "b"}, {"x\"y", "1\n2"}, {"z"}}));
  EXPECT_EQ(DetectDelimiter("a;b\n1;2,5\n", dialect, true), ';');
  EXPECT_EQ(DetectDelimiter("a\tb\n1\t2\n", dialect, true), '\t');
  EXPECT_EQ(DetectDelimiter("a\n1\n", dialect, true), ',');
}

}  // namespace
}  // namespace neurolake::query
