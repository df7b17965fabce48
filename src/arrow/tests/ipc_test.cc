#include "arrow/ipc.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <random>

#include "arrow/tests/every_type.h"
#include "arrow/text_format.h"

namespace neurolake::arrow {
namespace {

std::vector<std::string> Rows(const Schema& schema, const Batch& batch) {
  auto formatter = RowFormatter::Make(schema).value();
  EXPECT_TRUE(formatter.SetBatch(batch).has_value());
  std::vector<std::string> rows;
  for (int64_t row = 0; row < batch.row_count(); ++row) formatter.AppendJsonObject(row, rows.emplace_back());
  return rows;
}

TEST(IpcTest, EveryTypeSurvivesTheRoundTrip) {
  const TestTable table = EveryType();
  MessageDecoder decoder;
  const auto schema = decoder.DecodeSchema(EncodeSchema(table.schema).value());
  ASSERT_TRUE(schema.has_value()) << schema.error().message();
  const auto batch = decoder.DecodeBatch(EncodeBatch(table.schema, table.batch).value());
  ASSERT_TRUE(batch.has_value()) << batch.error().message();
  EXPECT_EQ(Rows(table.schema, table.batch), Rows(*schema, *batch));
  for (int64_t i = 0; i < table.schema.column_count(); ++i) {
    EXPECT_EQ(SqlTypeName(table.schema.get()->children[i]), SqlTypeName(schema->get()->children[i]));
  }
}

TEST(IpcTest, WritesAStreamForAnotherReaderToJudge) {
  // Looked at by hand with pyarrow.ipc.open_stream; kept so that it can be done again.
  const TestTable table = EveryType();
  const char* path = std::getenv("NL_WRITE_ARROW_STREAM");
  if (path == nullptr) GTEST_SKIP() << "NL_WRITE_ARROW_STREAM is not set";
  std::ofstream out(path, std::ios::binary);
  out << EncodeSchema(table.schema).value() << EncodeBatch(table.schema, table.batch).value() << EncodeEndOfStream();
}

TEST(IpcTest, ArraysThatStartInTheMiddleAreCut) {
  TestTable table = EveryType();
  const auto all = Rows(table.schema, table.batch);
  for (int64_t i = 0; i < table.batch.get()->n_children; ++i) {
    ArrowArray* child = table.batch.get()->children[i];
    child->offset = 1;
    child->length = 1;
    child->null_count = -1;
  }
  table.batch.get()->length = 1;
  MessageDecoder decoder;
  const auto schema = decoder.DecodeSchema(EncodeSchema(table.schema).value());
  const auto message = EncodeBatch(table.schema, table.batch);
  ASSERT_TRUE(message.has_value()) << message.error().message();
  const auto batch = decoder.DecodeBatch(*message);
  ASSERT_TRUE(batch.has_value()) << batch.error().message();
  EXPECT_EQ(Rows(*schema, *batch), std::vector<std::string>{all[1]});
}

TEST(IpcTest, DictionariesOfStringsBecomeStrings) {
  TestTable table = BuildTable({Integers("mood", {1, 0, 1}, NANOARROW_TYPE_INT8)}, 3);
  TestTable values = BuildTable({Strings("", {"sad", "happy"})}, 2);
  ArrowSchema* field = table.schema.get()->children[0];
  ASSERT_EQ(ArrowSchemaAllocateDictionary(field), 0);
  ASSERT_EQ(ArrowSchemaDeepCopy(values.schema.get()->children[0], field->dictionary), 0);
  ASSERT_EQ(ArrowArrayAllocateDictionary(table.batch.get()->children[0]), 0);
  ArrowArrayMove(values.batch.get()->children[0], table.batch.get()->children[0]->dictionary);
  EXPECT_EQ(SqlTypeName(field), "VARCHAR");
  MessageDecoder decoder;
  const auto schema = decoder.DecodeSchema(EncodeSchema(table.schema).value());
  const auto batch = decoder.DecodeBatch(EncodeBatch(table.schema, table.batch).value());
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(Rows(*schema, *batch),
            (std::vector<std::string>{"{\"mood\":\"happy\"}", "{\"mood\":\"sad\"}", "{\"mood\":\"happy\"}"}));
}

TEST(IpcTest, RefusesUnionsByName) {
  TestTable table = BuildTable({Integers("a", {1})}, 1);
  ASSERT_EQ(ArrowSchemaSetTypeUnion(table.schema.get()->children[0], NANOARROW_TYPE_DENSE_UNION, 0), 0);
  ASSERT_EQ(ArrowSchemaSetName(table.schema.get()->children[0], "either"), 0);
  const auto encoded = EncodeSchema(table.schema);
  ASSERT_FALSE(encoded.has_value());
  EXPECT_EQ(encoded.error().code(), ErrorCode::kNotSupported);
  EXPECT_NE(encoded.error().message().find("\"either\""), std::string::npos);
}

TEST(IpcTest, EmptyAndTruncatedMessagesAreCorruption) {
  const TestTable table = EveryType();
  const std::string schema = EncodeSchema(table.schema).value();
  const std::string batch = EncodeBatch(table.schema, table.batch).value();
  for (size_t length = 0; length < schema.size(); ++length) {
    MessageDecoder decoder;
    EXPECT_FALSE(decoder.DecodeSchema(std::string_view(schema).substr(0, length)).has_value()) << length;
  }
  for (size_t length = 0; length < batch.size(); ++length) {
    MessageDecoder decoder;
    ASSERT_TRUE(decoder.DecodeSchema(schema).has_value());
    const auto result = decoder.DecodeBatch(std::string_view(batch).substr(0, length));
    ASSERT_FALSE(result.has_value()) << length;
    EXPECT_EQ(result.error().code(), ErrorCode::kCorruption);
  }
}

TEST(IpcTest, UnalignedMessagesAreRead) {
  const TestTable table = EveryType();
  const std::string schema = "x" + EncodeSchema(table.schema).value();
  MessageDecoder decoder;
  EXPECT_TRUE(decoder.DecodeSchema(std::string_view(schema).substr(1)).has_value());
}

// Whatever a broken worker sends either is an error or is safe to format. Run under ASan to mean something.
TEST(IpcTest, MutatedMessagesNeverReadOutOfBounds) {
  const TestTable table = EveryType();
  const std::string schema = EncodeSchema(table.schema).value();
  const std::string batch = EncodeBatch(table.schema, table.batch).value();
  std::mt19937_64 random(20'260'401);
  const std::vector<uint64_t> interesting = {0,
                                             1,
                                             UINT64_MAX,
                                             uint64_t(INT64_MIN),
                                             uint64_t(INT64_MAX),
                                             uint64_t(-50),
                                             uint64_t{1} << 58,
                                             uint64_t{1} << 31,
                                             uint64_t{1} << 24};
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string hostile = round % 4 == 0 ? schema : batch;
    for (uint64_t change = 0; change <= random() % 3; ++change) {
      const size_t at = random() % hostile.size();
      if (random() % 2 == 0) {
        hostile[at] = static_cast<char>(random());
      } else {
        const uint64_t value = interesting[random() % interesting.size()];
        std::memcpy(hostile.data() + at / 8 * 8, &value, std::min<size_t>(8, hostile.size() - at / 8 * 8));
      }
    }
    MessageDecoder decoder;
    auto decoded = decoder.DecodeSchema(round % 4 == 0 ? hostile : schema);
    if (!decoded.has_value()) continue;
    auto rows = decoder.DecodeBatch(round % 4 == 0 ? batch : hostile);
    if (!rows.has_value()) continue;
    ++accepted;
    if (rows->row_count() > 4) continue;
    auto formatter = RowFormatter::Make(*decoded);
    if (!formatter.has_value() || !formatter->SetBatch(*rows).has_value()) continue;
    for (int64_t row = 0; row < rows->row_count(); ++row) {
      std::string out;
      formatter->AppendJsonObject(row, out);
      formatter->AppendCsv(row, out);
    }
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace neurolake::arrow
