#include "tables/delta/encrypted_columns.h"

#include <gtest/gtest.h>

#include "tables/delta/alter.h"
#include "tables/delta/table_rules.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

ColumnEncryption Encryption(bool deterministic = false) {
  return {.key_id = "k-1",
          .key_name = "pii",
          .table_id = "t-1",
          .column_id = "c-1",
          .deterministic = deterministic,
          .type = {}};
}

StructField Field(Kind kind) { return {.name = "c", .type = {.kind = kind}}; }

DataType Schema() {
  DataType schema{.kind = Kind::kStruct};
  schema.fields = {{.name = "id", .type = {.kind = Kind::kLong}}, {.name = "mail", .type = {.kind = Kind::kString}}};
  return schema;
}

TableEditor Editor(std::vector<std::string> partitions = {}, bool has_files = false) {
  const DataType schema = Schema();
  Metadata metadata{.id = "i", .schema_string = SerializeSchema(schema), .configuration = {}};
  metadata.partition_columns = std::move(partitions);
  return {{.min_reader_version = 1, .min_writer_version = 2}, std::move(metadata), schema, {}, has_files};
}

ErrorCode CodeOf(const Result<void>& result) {
  return result.has_value() ? ErrorCode::kInternal : result.error().code();
}

TEST(EncryptedColumnsTest, SaysAllOfItInTheSchemaAndReadsItBack) {
  for (const Kind kind :
       {Kind::kString, Kind::kLong, Kind::kInteger, Kind::kShort, Kind::kByte, Kind::kFloat, Kind::kDouble,
        Kind::kBoolean, Kind::kBinary, Kind::kDate, Kind::kTimestamp, Kind::kTimestampNtz}) {
    StructField field = Field(kind);
    ASSERT_TRUE(Encrypt(Encryption(), field).has_value());
    DataType schema{.kind = Kind::kStruct};
    schema.fields = {field};
    const auto read = ParseSchema(SerializeSchema(schema));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->fields[0].type.kind, Kind::kBinary);
    const auto encryption = EncryptionOf(read->fields[0]);
    ASSERT_TRUE(encryption.has_value() && encryption->has_value());
    EXPECT_EQ((*encryption)->type.kind, kind);
    EXPECT_EQ((*encryption)->key_id, "k-1");
    EXPECT_EQ((*encryption)->table_id, "t-1");
    EXPECT_EQ((*encryption)->column_id, "c-1");
    EXPECT_FALSE((*encryption)->deterministic);
  }
  StructField decimal{.name = "c", .type = {.kind = Kind::kDecimal, .precision = 10, .scale = 2}};
  ASSERT_TRUE(Encrypt(Encryption(true), decimal).has_value());
  const auto encryption = EncryptionOf(decimal);
  EXPECT_EQ(TypeName((*encryption)->type), "decimal(10,2)");
  EXPECT_TRUE((*encryption)->deterministic);
}

TEST(EncryptedColumnsTest, RefusesTypesThatItCannotEncrypt) {
  StructField number = Field(Kind::kDouble);
  EXPECT_EQ(CodeOf(Encrypt(Encryption(true), number)), ErrorCode::kNotSupported);
  EXPECT_FALSE(IsEncrypted(number));
  StructField list{.name = "c", .type = {.kind = Kind::kArray, .children = {{.kind = Kind::kString}}}};
  EXPECT_EQ(CodeOf(Encrypt(Encryption(), list)), ErrorCode::kNotSupported);
  StructField twice = Field(Kind::kString);
  ASSERT_TRUE(Encrypt(Encryption(), twice).has_value());
  EXPECT_EQ(CodeOf(Encrypt(Encryption(), twice)), ErrorCode::kInvalidArgument);
}

TEST(EncryptedColumnsTest, HalfASpecificationIsNotReadAsNone) {
  StructField field = Field(Kind::kString);
  ASSERT_TRUE(Encrypt(Encryption(), field).has_value());
  for (const char* key : {kEncryptionKey, kEncryptionTable, kEncryptionColumn, kEncryptionMode, kEncryptionType}) {
    StructField damaged = field;
    damaged.metadata.erase(key);
    const auto read = EncryptionOf(damaged);
    ASSERT_FALSE(read.has_value()) << key;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
  }
  StructField text = field;
  text.type.kind = Kind::kString;
  EXPECT_FALSE(EncryptionOf(text).has_value());
  EXPECT_TRUE(EncryptionOf(field).has_value());
}

TEST(EncryptedColumnsTest, AColumnIsEncryptedAndDecryptedInItsPlace) {
  auto editor = Editor();
  ASSERT_TRUE(editor.EncryptColumn("MAIL", Encryption()).has_value());
  EXPECT_TRUE(HasEncryptedColumns(editor.schema()));
  EXPECT_EQ(ReadableSchema(editor.schema())->fields[1].type.kind, Kind::kString);
  ASSERT_TRUE(editor.DecryptColumn("mail").has_value());
  EXPECT_EQ(editor.metadata().schema_string, SerializeSchema(Schema()));
  EXPECT_EQ(CodeOf(editor.DecryptColumn("mail")), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(editor.EncryptColumn("mail", Encryption()).has_value());
  EXPECT_EQ(CodeOf(editor.EncryptColumn("mail", Encryption())), ErrorCode::kInvalidArgument);
}

TEST(EncryptedColumnsTest, NothingIsDerivedFromCells) {
  auto partitioned = Editor({"mail"});
  ASSERT_TRUE(partitioned.EncryptColumn("mail", Encryption()).has_value());
  EXPECT_EQ(CodeOf(partitioned.CheckEncryption()), ErrorCode::kNotSupported);

  auto checked = Editor();
  ASSERT_TRUE(checked.EncryptColumn("mail", Encryption()).has_value());
  ASSERT_TRUE(checked.AddConstraint("ids", "id > 0").has_value());
  EXPECT_TRUE(checked.CheckEncryption().has_value());
  EXPECT_EQ(CodeOf(checked.AddConstraint("mails", "mail <> ''")), ErrorCode::kNotSupported);
}

}  // namespace
}  // namespace neurolake::tables::delta
