#include <boost/json.hpp>

#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/tests/engine_fixture.h"
#include "privacy/field_cipher.h"
#include "tables/delta/encrypted_columns.h"

namespace neurolake::engine::duckdb {
namespace {

namespace json = boost::json;
using Mode = privacy::CellHeader::Mode;

std::string HexOf(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// A server with one key, `k`, of any number of versions, and what its principal may do with it.
class KeyedProvider final : public FakeLakeProvider {
 public:
  using FakeLakeProvider::FakeLakeProvider;

  Result<std::string> Maintain(const std::string& action, const std::string& arguments) override {
    const json::object question = json::parse(arguments).as_object();
    asked.push_back(action);
    if (action == "column_key_use") return std::string(R"({"id":"key-id","name":"k"})");
    if (action == "column_keys") return Keys(question);
    if (action == "column_cells") return Cells(question);
    return FakeLakeProvider::Maintain(action, arguments);
  }

  void Rotate() { versions.push_back(privacy::SecretKey::Random()); }

  std::vector<privacy::SecretKey> versions = FirstVersion();
  bool may_encrypt = true, may_decrypt = true, may_look_up = false;
  std::vector<std::string> asked;

 private:
  static std::vector<privacy::SecretKey> FirstVersion() {
    std::vector<privacy::SecretKey> keys;
    keys.push_back(privacy::SecretKey::Random());
    return keys;
  }
  static privacy::CellAddress AddressIn(const json::object& question) {
    return {std::string(question.at("table").as_string()), std::string(question.at("column").as_string())};
  }
  std::string Keys(const json::object& question) const {
    const auto use = question.at("use").as_string();
    const bool write = use == "write";
    if (!(use == "read" ? may_decrypt : may_encrypt)) return R"({"name":"k","refused":true})";
    const Mode mode = question.at("deterministic").as_bool() ? Mode::kDeterministic : Mode::kRandomized;
    json::array open;
    for (size_t i = 0; i < versions.size(); ++i) {
      if (write && i + 1 < versions.size()) continue;
      open.push_back(
          {{"version", i + 1}, {"bytes", HexOf(privacy::ColumnKey(versions[i], AddressIn(question), mode))}});
    }
    return json::serialize(json::object{{"name", "k"}, {"versions", std::move(open)}});
  }
  std::string Cells(const json::object& question) const {
    if (!may_look_up) return R"({"name":"k","refused":true})";
    json::array cells;
    for (size_t i = 0; i < versions.size(); ++i) {
      const privacy::FieldCipher cipher(versions[i], {.id = "key-id", .version = static_cast<uint32_t>(i + 1)},
                                        AddressIn(question), Mode::kDeterministic);
      cells.emplace_back(HexOf(cipher.Encrypt(FromHex(question.at("value").as_string())).value()));
    }
    return json::serialize(json::object{{"name", "k"}, {"cells", std::move(cells)}});
  }
};

class EncryptedColumnsTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    auto keyed = std::make_unique<KeyedProvider>(*context_, *store_, root_ + "/tables");
    keys_ = keyed.get();
    provider_ = std::move(keyed);
  }

  /// As the front parser writes it. `columns`: {name, deterministic}.
  void Create(const std::string& table, const std::string& definition,
              const std::vector<std::pair<std::string, bool>>& columns, const std::string& more = "") {
    json::array clauses;
    for (const auto& [name, deterministic] : columns) {
      clauses.push_back({{"name", name}, {"encryption", {{"key", "k"}, {"deterministic", deterministic}}}});
    }
    const std::string option = json::serialize(json::object{{"columns", std::move(clauses)}});
    EXPECT_EQ(Answer(fmt::format("CREATE TABLE {} ({}) WITH (\"{}\" = '{}'{})", table, definition, kClausesOption,
                                 option, more)),
              Rows{});
  }

  std::string FilesOf(const std::string& table) {
    std::string all;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(provider_->Table("main." + table).location)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }

  /// How many different cells the files have for a column: what a reader sees that knows nothing of keys.
  int64_t CellsOf(const std::string& table, const std::string& column) {
    native::DuckDB database;
    native::Connection connection(database);
    auto result = connection.Query(fmt::format("SELECT count(DISTINCT {}) FROM '{}/*.parquet'", column,
                                               provider_->Table("main." + table).location));
    EXPECT_FALSE(result->HasError()) << result->GetError();
    return result->HasError() ? 0 : result->GetValue(0, 0).GetValue<int64_t>();
  }

  /// What the table's log says of a column.
  tables::delta::StructField FieldOf(const std::string& table, const std::string& column) {
    EXPECT_TRUE(Begin().has_value());
    const auto opened = engine_->OpenTable({"main", table}, std::nullopt);
    engine_->EndStatement();
    for (const auto& field : (*opened)->snapshot->schema().fields) {
      if (field.name == column) return field;
    }
    ADD_FAILURE() << "no column " << column;
    return {};
  }

  KeyedProvider* keys_ = nullptr;
};

TEST_F(EncryptedColumnsTest, FilesHoldCellsAndReadersSeeValues) {
  Create("t",
         "id BIGINT, mail VARCHAR, born DATE, pay DECIMAL(20, 2), n SMALLINT, ok BOOLEAN, d DOUBLE, seen TIMESTAMPTZ",
         {{"mail", false}, {"born", false}, {"pay", true}, {"n", true}, {"ok", true}, {"d", false}, {"seen", true}});
  Answer(
      "INSERT INTO t VALUES (1, 'canary@example.org', DATE '2001-02-03', 12345678901234567.89, -7, true, -0.5, "
      "TIMESTAMPTZ '2020-01-01 00:00:00+00'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL), "
      "(3, '', DATE '0001-01-01', 0, 0, false, 'nan', TIMESTAMPTZ '1970-01-01 00:00:00+00')");
  EXPECT_EQ(Answer("SELECT * FROM t ORDER BY id").size(), 3U);
  EXPECT_EQ(Answer("SELECT mail, born, pay::VARCHAR, n, ok, d, epoch_us(seen) FROM t WHERE id = 1"),
            Rows{R"(["canary@example.org","2001-02-03","12345678901234567.89",-7,true,-0.5,1577836800000000])"});
  EXPECT_EQ(Answer("SELECT mail, born IS NULL, n IS NULL FROM t WHERE id = 2"), Rows{"[null,true,true]"});
  EXPECT_EQ(Answer("SELECT mail, n, ok, isnan(d) FROM t WHERE id = 3"), Rows{R"(["",0,false,true])"});
  EXPECT_EQ(FilesOf("t").find("canary"), std::string::npos);
  const auto field = FieldOf("t", "mail");
  EXPECT_EQ(field.type.kind, tables::delta::DataType::Kind::kBinary);
  EXPECT_EQ(tables::delta::EncryptionOf(field).value()->key_id, "key-id");
}

TEST_F(EncryptedColumnsTest, EqualValuesDifferUnlessTheColumnIsDeterministic) {
  Create("t", "a VARCHAR, b VARCHAR", {{"a", false}, {"b", true}});
  Answer("INSERT INTO t SELECT 'same', 'same' FROM range(1000)");
  // As a reader that knows nothing of keys sees it.
  grants_.grouped = nullptr;
  const auto a = FieldOf("t", "a");
  EXPECT_NE(tables::delta::EncryptionOf(a).value()->column_id,
            tables::delta::EncryptionOf(FieldOf("t", "b")).value()->column_id);
  EXPECT_EQ(CellsOf("t", "a"), 1000);
  EXPECT_EQ(CellsOf("t", "b"), 1);
}

TEST_F(EncryptedColumnsTest, EqualValuesDifferWhateverTheEngineHasComputedAlready) {
  // Files hold a value that stands in many rows once, and the engine computes what is made of it once too.
  EXPECT_EQ(Answer("CREATE TABLE known (k BIGINT, name VARCHAR)"), Rows{});
  EXPECT_EQ(Answer("INSERT INTO known SELECT i, 'name ' || (i % 3)::VARCHAR FROM range(10000) r(i)"), Rows{});
  Create("t", "a VARCHAR, b VARCHAR, c VARCHAR", {{"a", false}, {"b", false}, {"c", true}});
  EXPECT_EQ(Answer("INSERT INTO t SELECT name, name, name FROM known"), Rows{});
  EXPECT_EQ(CellsOf("t", "a"), 10'000);
  EXPECT_EQ(CellsOf("t", "a || b"), 10'000);
  EXPECT_EQ(CellsOf("t", "c"), 3);
  EXPECT_EQ(Answer("SELECT count(*), count(DISTINCT a) FROM t WHERE a = b AND b = c"), Rows{"[10000,3]"});
  // The same of a column that is encrypted in its place.
  tables::delta::DataType schema{.kind = tables::delta::DataType::Kind::kStruct};
  schema.fields.push_back(FieldOf("t", "a"));
  EXPECT_EQ(Answer(fmt::format("SELECT count(DISTINCT encrypted_cell(name, {})) FROM known",
                               QuoteLiteral(tables::delta::SerializeSchema(schema)))),
            Rows{"[10000]"});
}

TEST_F(EncryptedColumnsTest, WhatIsReadTwiceIsComputedOnceAndNotCopied) {
  Create("t", "id BIGINT, mail VARCHAR, code VARCHAR", {{"mail", false}, {"code", true}});
  Answer("INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'a', 'z')");
  for (const char* how : {"", "MATERIALIZED ", "NOT MATERIALIZED "}) {
    EXPECT_EQ(Answer(fmt::format("WITH c AS {}(SELECT * FROM t WHERE code <> 'z') SELECT x.id, y.id, y.code FROM c x "
                                 "JOIN c y ON x.mail >= y.mail ORDER BY ALL",
                                 how)),
              (Rows{R"([1,1,"x"])", R"([2,1,"x"])", R"([2,2,"y"])"}))
        << how;
  }
}

TEST_F(EncryptedColumnsTest, WhatTheProductComposesOfAWriteEncryptsToo) {
  Create("t", "id BIGINT, mail VARCHAR", {{"mail", false}});
  Answer("INSERT INTO t VALUES (1, 'canary1')");
  WriteIntent overwrite;
  overwrite.replace = WriteIntent::Replace::kTable;
  overwrite.operation = "WRITE";
  grants_.write = overwrite;
  EXPECT_EQ(Answer("INSERT INTO t VALUES (2, 'canary2'), (3, NULL)"), Rows{});
  EXPECT_EQ(Answer("INSERT INTO t SELECT id + 10, mail || '!' FROM t"), Rows{});
  grants_.write.reset();
  EXPECT_EQ(Answer("SELECT * FROM t ORDER BY id"), (Rows{R"([12,"canary2!"])", "[13,null]"}));
  EXPECT_EQ(FilesOf("t").find("canary"), std::string::npos);
}

TEST_F(EncryptedColumnsTest, WithoutTheRightTheColumnIsRefusedAndTheOthersAreNot) {
  Create("t", "id BIGINT, mail VARCHAR", {{"mail", false}});
  Answer("INSERT INTO t VALUES (1, 'canary')");
  keys_->may_decrypt = false;
  const std::string refused =
      "PermissionDenied: the column is encrypted, reading it needs DECRYPT on its key: column main.t.mail, key k";
  EXPECT_EQ(Answer("SELECT * FROM t"), Rows{refused});
  EXPECT_EQ(Answer("SELECT count(*) FROM t WHERE mail = 'canary'"), Rows{refused});
  EXPECT_EQ(Answer("SELECT mail FROM t WHERE false"), Rows{});
  EXPECT_EQ(Answer("SELECT id FROM (SELECT * FROM t)"), Rows{"[1]"});
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[1]"});
  keys_->may_encrypt = false;
  EXPECT_EQ(Answer("INSERT INTO t VALUES (2, 'x')"),
            Rows{"PermissionDenied: the column is encrypted, writing it needs ENCRYPT on its key: column mail, key k"});
  keys_->may_decrypt = true;
  EXPECT_EQ(Answer("SELECT * FROM t"), Rows{R"([1,"canary"])"});
}

TEST_F(EncryptedColumnsTest, RowsAreChangedWithoutTheRightToReadWhatStays) {
  Create("t", "id BIGINT, mail VARCHAR, pay INTEGER", {{"mail", false}, {"pay", true}});
  Answer("INSERT INTO t VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30)");
  keys_->may_decrypt = keys_->may_encrypt = false;
  EXPECT_EQ(Answer("UPDATE t SET id = id + 100 WHERE id = 1"), Rows{});
  EXPECT_EQ(Answer("DELETE FROM t WHERE id = 2"), Rows{});
  EXPECT_EQ(Answer("MERGE INTO t USING (SELECT 3 AS id) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET id = 103"),
            Rows{});
  EXPECT_EQ(Answer("UPDATE t SET mail = 'x'").at(0).substr(0, 16), "PermissionDenied");
  keys_->may_decrypt = keys_->may_encrypt = true;
  EXPECT_EQ(Answer("SELECT * FROM t ORDER BY id"), (Rows{R"([101,"a",10])", R"([103,"c",30])"}));
}

TEST_F(EncryptedColumnsTest, EveryWayOfWritingEncrypts) {
  Create("t", "id BIGINT, mail VARCHAR", {{"mail", false}}, ", \"delta.enableChangeDataFeed\" = 'true'");
  Answer("INSERT INTO t VALUES (1, 'canary1'), (2, 'canary2'), (3, 'canary3')");
  EXPECT_EQ(Answer("UPDATE t SET mail = mail || 'canary4' WHERE id = 1"), Rows{});
  EXPECT_EQ(Answer("MERGE INTO t USING (VALUES (2, 'canary5'), (9, 'canary6')) s(id, mail) ON t.id = s.id "
                   "WHEN MATCHED THEN UPDATE SET mail = s.mail WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.mail)"),
            Rows{});
  EXPECT_EQ(Answer("SELECT * FROM t ORDER BY id"),
            (Rows{R"([1,"canary1canary4"])", R"([2,"canary5"])", R"([3,"canary3"])", R"([9,"canary6"])"}));
  EXPECT_EQ(FilesOf("t").find("canary"), std::string::npos);
  EXPECT_EQ(Answer("SELECT count(*) FROM t AT (VERSION => 1) WHERE mail = 'canary1'"), Rows{"[1]"});
}

TEST_F(EncryptedColumnsTest, OlderVersionsOfTheKeyStayReadable) {
  Create("t", "id BIGINT, mail VARCHAR", {{"mail", true}});
  Answer("INSERT INTO t VALUES (1, 'a')");
  keys_->Rotate();
  Answer("INSERT INTO t VALUES (2, 'a')");
  EXPECT_EQ(Answer("SELECT * FROM t WHERE mail = 'a' ORDER BY id"), (Rows{R"([1,"a"])", R"([2,"a"])"}));
  EXPECT_EQ(Answer("SELECT count(*) FROM t x JOIN t y USING (mail)"), Rows{"[4]"});
}

TEST_F(EncryptedColumnsTest, DeterministicColumnsAreLookedUpWithoutBeingRead) {
  Create("t", "id BIGINT, mail VARCHAR, n INTEGER", {{"mail", true}, {"n", true}});
  Answer("INSERT INTO t VALUES (1, 'a', 5), (2, 'b', 6), (3, NULL, NULL)");
  keys_->may_decrypt = false;
  EXPECT_EQ(Answer("SELECT id FROM t WHERE mail = 'b'").at(0).substr(0, 16), "PermissionDenied");
  keys_->may_look_up = true;
  keys_->asked.clear();
  EXPECT_EQ(Answer("SELECT id FROM t WHERE mail = 'b'"), Rows{"[2]"});
  EXPECT_EQ(keys_->asked, (std::vector<std::string>{"column_keys", "column_cells"}));
  EXPECT_EQ(Answer("SELECT id FROM t WHERE n = 5 AND id < 9"), Rows{"[1]"});
  EXPECT_EQ(Answer("SELECT id FROM t WHERE mail IN ('a', 'b', 'c') ORDER BY id"), (Rows{"[1]", "[2]"}));
  EXPECT_EQ(Answer("SELECT id FROM t WHERE mail = 'nobody'"), Rows{});
  EXPECT_EQ(Answer("SELECT mail FROM t WHERE mail = 'b'").at(0).substr(0, 16), "PermissionDenied");
  EXPECT_EQ(Answer("SELECT id FROM t WHERE mail > 'a'").at(0).substr(0, 16), "PermissionDenied");
  EXPECT_EQ(Answer("DELETE FROM t WHERE mail = 'b'").at(0).substr(0, 16), "PermissionDenied");
  keys_->may_decrypt = true;
  Answer("INSERT INTO t VALUES (4, 'NULL', NULL)");
  EXPECT_EQ(Answer("SELECT id FROM t WHERE mail IN ('nobody', NULL)"), Rows{}) << "NULL is no text";
}

TEST_F(EncryptedColumnsTest, MovedCellsDoNotOpen) {
  Create("t", "id BIGINT, a VARCHAR, b VARCHAR", {{"a", false}, {"b", false}});
  Create("u", "id BIGINT, a VARCHAR, b VARCHAR", {{"a", false}, {"b", false}});
  Answer("INSERT INTO t VALUES (1, 'canary', 'x')");
  Answer("INSERT INTO u VALUES (1, 'y', 'z')");
  EXPECT_EQ(Answer("SELECT a, b FROM t"), Rows{R"(["canary","x"])"});
  const auto replace = [&](const std::string& table, const std::string& query) {
    const std::string directory = provider_->Table("main." + table).location;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (entry.path().extension() != ".parquet") continue;
      native::DuckDB database;
      native::Connection connection(database);
      auto done =
          connection.Query(fmt::format("COPY ({}) TO '{}.new' (FORMAT parquet)",
                                       fmt::format(fmt::runtime(query), entry.path().string()), entry.path().string()));
      ASSERT_FALSE(done->HasError()) << done->GetError();
      std::filesystem::rename(entry.path().string() + ".new", entry.path());
    }
    Reopen();
  };
  // The cell of one column in the place of another's.
  replace("t", "SELECT id, b AS a, a AS b FROM '{}'");
  const std::string damaged = "Corruption: an encrypted cell is damaged, or not of this column and key: column main.t.";
  EXPECT_EQ(Answer("SELECT a FROM t"), Rows{damaged + "a"});
  EXPECT_EQ(Answer("SELECT b FROM t"), Rows{damaged + "b"});
  EXPECT_EQ(Answer("SELECT id FROM t"), Rows{"[1]"});
  EXPECT_EQ(Answer("SELECT a, b FROM u"), Rows{R"(["y","z"])"});
}

}  // namespace
}  // namespace neurolake::engine::duckdb
