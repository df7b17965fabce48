#include "engine/duckdb/tests/foreign_table.h"
#include "engine/duckdb/tests/engine_fixture.h"
#include "tables/delta/deletion_vector.h"

namespace neurolake::engine::duckdb {
namespace {

// Tables that other writers made: log and files are written by hand.
class ForeignTableTest : public EngineTest {
 protected:
  std::string Location(const std::string& name) {
    const std::string location = root_ + "/tables/" + name;
    provider_->AddTable(name, location);
    return location;
  }
};

TEST_F(ForeignTableTest, PartitionValuesAreTypedConstants) {
  const auto t = Location("t");
  WriteParquetFile(t + "/a b.parquet", "SELECT 1::BIGINT AS id");
  WriteParquetFile(t + "/b.parquet", "SELECT 2::BIGINT AS id");
  WriteLogFile(t, 0,
               {ProtocolLine(),
                MetadataLine(FieldJson("id", "long") + "," + FieldJson("d", "date") + "," +
                                 FieldJson("ts", "timestamp") + "," + FieldJson("b", "binary") + "," +
                                 FieldJson("x", "decimal(10,2)") + "," + FieldJson("flag", "boolean"),
                             R"(["d","ts","b","x","flag"])"),
                AddLine("a%20b.parquet", R"({"d":"2013-01-31","ts":"2013-01-31 23:59:59.123456","b":"\u0001\u00ff",)"
                                         R"("x":"12.30","flag":"true"})"),
                AddLine("b.parquet", R"({"d":null,"ts":"","b":null,"x":null,"flag":null})")});
  EXPECT_EQ(
      Answer("SELECT id, d, ts, hex(b), x, flag FROM t ORDER BY id"),
      (Rows{R"([1,"2013-01-31","2013-01-31T23:59:59.123456Z","01FF","12.30",true])", "[2,null,null,null,null,null]"}));
  EXPECT_EQ(Answer("SELECT id FROM t WHERE d = DATE '2013-01-31'"), Rows{"[1]"});
  EXPECT_EQ(statistics_.files_kept, 1);
  EXPECT_EQ(statistics_.files_total, 2);
  EXPECT_EQ(Answer("SELECT id FROM t WHERE d IS NULL"), Rows{"[2]"});
  EXPECT_EQ(statistics_.files_kept, 1);
  EXPECT_EQ(Answer("SELECT flag, count(*) FROM t GROUP BY flag ORDER BY flag"), (Rows{"[true,1]", "[null,1]"}));
}

TEST_F(ForeignTableTest, ColumnsAFileLacksAreNullAlsoInsideOfStructs) {
  const auto t = Location("t");
  WriteParquetFile(t + "/old.parquet", "SELECT 1 AS id, {'a': 10} AS s, [{'a': 1}] AS l");
  WriteParquetFile(t + "/new.parquet", "SELECT 2 AS id, {'b': 'x', 'a': 20} AS s, [{'a': 2, 'b': 'y'}] AS l, 5 AS n");
  const std::string fields = R"([{"name":"a","type":"integer","nullable":true,"metadata":{}},)"
                             R"({"name":"b","type":"string","nullable":true,"metadata":{}}])";
  const std::string inner = R"({"type":"struct","fields":)" + fields + "}";
  WriteLogFile(
      t, 0,
      {ProtocolLine(),
       MetadataLine(FieldJson("id", "integer") + "," + FieldJson("n", "integer") + "," + FieldJson("s", inner) + "," +
                    FieldJson("l", R"({"type":"array","elementType":)" + inner + R"(,"containsNull":true})")),
       AddLine("old.parquet"), AddLine("new.parquet")});
  EXPECT_EQ(Answer("SELECT * FROM t ORDER BY id"),
            (Rows{R"([1,null,{"a":10,"b":null},[{"a":1,"b":null}]])", R"([2,5,{"a":20,"b":"x"},[{"a":2,"b":"y"}]])"}));
  EXPECT_EQ(Answer("SELECT s.b FROM t WHERE s.a = 20"), Rows{R"(["x"])"});
  EXPECT_EQ(Answer("SELECT id FROM t WHERE n IS NULL"), Rows{"[1]"});
}

TEST_F(ForeignTableTest, ColumnMappingByNameAndById) {
  for (const std::string mode : {"name", "id"}) {
    const auto t = Location("t_" + mode);
    // By id the file's own names mean nothing.
    const std::string stem = mode == "id" ? "other" : "col";
    WriteParquetFile(
        t + "/a.parquet", "SELECT 7 AS \"" + stem + "-1\", {'" + stem + "-3': 'x'} AS \"" + stem + "-2\"",
        ", FIELD_IDS {'" + stem + "-1': 1, '" + stem + "-2': {__duckdb_field_id: 2, '" + stem + "-3': 3}}");
    auto metadata = [](int id) {
      return fmt::format(R"({{"delta.columnMapping.id":{0},"delta.columnMapping.physicalName":"col-{0}"}})", id);
    };
    const std::string inner = R"({"type":"struct","fields":[)" + FieldJson("inner", "string", metadata(3)) + "]}";
    WriteLogFile(t, 0,
                 {ProtocolLine({"columnMapping"}),
                  MetadataLine(FieldJson("id", "integer", metadata(1)) + "," + FieldJson("s", inner, metadata(2)), "[]",
                               R"({"delta.columnMapping.mode":")" + mode + "\"}"),
                  AddLine("a.parquet", "{}", R"({"numRecords":1,"minValues":{"col-1":7},"maxValues":{"col-1":7}})")});
    EXPECT_EQ(Answer("SELECT id, s, s.inner FROM t_" + mode), Rows{R"([7,{"inner":"x"},"x"])"}) << mode;
    EXPECT_EQ(Answer("SELECT id FROM t_" + mode + " WHERE id > 7"), Rows{}) << mode;
    EXPECT_EQ(statistics_.files_kept, 0) << mode;
  }
}

TEST_F(ForeignTableTest, DeletedRowsAreLeftOut) {
  const auto t = Location("t");
  WriteParquetFile(t + "/a.parquet", "SELECT i AS id FROM range(10000) r(i)", ", ROW_GROUP_SIZE 2048");
  tables::delta::DeletedRows deleted;
  for (uint64_t i = 0; i < 10'000; i += 2) deleted.push_back(i);
  auto vectors = tables::delta::WriteDeletionVectors(*store_, t, {deleted});
  ASSERT_TRUE(vectors.has_value());
  tables::delta::AddFile add;
  add.path = "a.parquet";
  add.size_bytes = 1000;
  add.stats = R"({"numRecords":10000,"tightBounds":false,"minValues":{"id":0},"maxValues":{"id":9999}})";
  add.deletion_vector = vectors->front();
  WriteLogFile(t, 0, {ProtocolLine({"deletionVectors"}), MetadataLine(FieldJson("id", "long")), ToJsonLine(add)});
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[5000]"});
  EXPECT_EQ(Answer("SELECT count(id), sum(id), min(id), max(id) FROM t"), Rows{R"([5000,"25000000",1,9999])"});
  EXPECT_EQ(Answer("SELECT id FROM t WHERE id BETWEEN 4094 AND 4099 ORDER BY id"),
            (Rows{"[4095]", "[4097]", "[4099]"}));
  EXPECT_EQ(Answer("SELECT file_index, file_row_number FROM t WHERE id = 9999"), Rows{"[0,9999]"});
  EXPECT_EQ(Answer("SELECT id FROM t ORDER BY id DESC LIMIT 2"), (Rows{"[9999]", "[9997]"}));
}

TEST_F(ForeignTableTest, TimestampsWithAndWithoutZone) {
  const auto t = Location("t");
  WriteParquetFile(t + "/a.parquet",
                   "SELECT TIMESTAMPTZ '2020-06-01 12:00:00+00' AS z, TIMESTAMP '2020-06-01 12:00:00' AS l");
  WriteLogFile(t, 0,
               {ProtocolLine({"timestampNtz"}),
                MetadataLine(FieldJson("z", "timestamp") + "," + FieldJson("l", "timestamp_ntz")),
                AddLine("a.parquet", "{}",
                        R"({"numRecords":1,"minValues":{"z":"2020-06-01T12:00:00.000Z"},)"
                        R"("maxValues":{"z":"2020-06-01T12:00:00.000Z"}})")});
  grants_.time_zone = "America/New_York";
  EXPECT_EQ(Answer("SELECT z, l, z::TIMESTAMP FROM t"),
            Rows{R"(["2020-06-01T12:00:00Z","2020-06-01T12:00:00","2020-06-01T08:00:00"])"});
  EXPECT_EQ(Answer("SELECT count(*) FROM t WHERE z >= TIMESTAMPTZ '2020-06-01 12:00:00.0001+00'"), Rows{"[0]"});
  EXPECT_EQ(statistics_.files_kept, 1);  // The maximum may have lost its microseconds.
  grants_.time_zone = "Mars/Olympus";
  EXPECT_EQ(Answer("SELECT 1"), Rows{"InvalidArgument: unknown time zone: Mars/Olympus"});
}

TEST_F(ForeignTableTest, AVanishedOrBrokenFileIsAClearError) {
  const auto t = Location("t");
  WriteLogFile(t, 0, {ProtocolLine(), MetadataLine(FieldJson("id", "long")), AddLine("gone.parquet")});
  EXPECT_EQ(Answer("SELECT id FROM t"), Rows{"IoError: a data file that the table's log names is missing: gone.parquet"});
  std::ofstream(t + "/gone.parquet") << "this is not a Parquet file at all";
  EXPECT_EQ(Answer("SELECT id FROM t"), Rows{"Corruption: a data file of a table cannot be decoded: gone.parquet"});
  EXPECT_FALSE(engine_->broken());
  const auto u = Location("u");
  WriteLogFile(u, 0, {ProtocolLine(), MetadataLine(FieldJson("id", "long")), AddLine("../../../etc/passwd")});
  EXPECT_TRUE(Answer("SELECT id FROM u").front().starts_with("PermissionDenied")) << Answer("SELECT id FROM u").front();
}

}  // namespace
}  // namespace neurolake::engine::duckdb
