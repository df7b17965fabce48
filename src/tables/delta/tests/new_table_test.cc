#include <gtest/gtest.h>

#include <array>

#include "tables/delta/table_properties.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

using Properties = std::map<std::string, std::string>;

Result<NewTable> Make(Properties properties, DataType schema = TwoColumns(), std::vector<std::string> columns = {}) {
  return MakeNewTable(std::move(schema), std::move(columns), std::move(properties), "about", 7);
}

TEST(NewTableTest, DefaultsAreDeletionVectorsAndInCommitTimestamps) {
  auto table = Make({{"owner", "me"}}).value();
  EXPECT_EQ(table.protocol.min_reader_version, 3);
  EXPECT_EQ(table.protocol.min_writer_version, 7);
  EXPECT_EQ(table.protocol.reader_features, std::vector<std::string>{"deletionVectors"});
  EXPECT_EQ(table.protocol.writer_features, (std::vector<std::string>{"deletionVectors", "inCommitTimestamp"}));
  EXPECT_EQ(table.metadata.configuration,
            (Properties{
                {"owner", "me"}, {"delta.enableDeletionVectors", "true"}, {"delta.enableInCommitTimestamps", "true"}}));
  EXPECT_EQ(table.metadata.description, "about");
  EXPECT_EQ(table.metadata.id.size(), 36u);
}

TEST(NewTableTest, WidestCompatibilityIsTheOldestProtocol) {
  auto table = Make({{"compatibility", "widest"}}).value();
  EXPECT_EQ(ToJsonLine(table.protocol), std::string(kPlainProtocol));
  EXPECT_EQ(Make({{"compatibility", "widest"}, {"delta.appendOnly", "true"}})->protocol.min_writer_version, 2);
  auto mapped = Make({{"compatibility", "widest"}, {"delta.columnMapping.mode", "name"}}).value();
  EXPECT_EQ(mapped.protocol.min_reader_version, 2);
  EXPECT_EQ(mapped.protocol.min_writer_version, 5);
  EXPECT_EQ(Make({{"compatibility", "narrow"}}).error().code(), ErrorCode::kInvalidArgument);
}

TEST(NewTableTest, TimestampNtzAnywhereBringsItsFeature) {
  DataType schema = TwoColumns();
  schema.fields[1].type = {.kind = DataType::Kind::kArray, .children = {{.kind = DataType::Kind::kTimestampNtz}}};
  auto table = Make({{"compatibility", "widest"}}, schema).value();
  EXPECT_TRUE(table.protocol.HasReaderFeature("timestampNtz"));
  EXPECT_TRUE(table.protocol.HasWriterFeature("timestampNtz"));
}

TEST(NewTableTest, ColumnMappingByNameNamesEveryField) {
  DataType schema = TwoColumns();
  schema.fields[1].type = {.kind = DataType::Kind::kArray, .children = {TwoColumns()}};
  auto table = Make({{"delta.columnMapping.mode", "name"}}, schema).value();
  EXPECT_EQ(table.metadata.configuration.at("delta.columnMapping.maxColumnId"), "4");
  auto mapped = ParseSchema(table.metadata.schema_string).value();
  EXPECT_TRUE(mapped.fields[0].physical_name().starts_with("col-"));
  EXPECT_EQ(mapped.fields[0].column_mapping_id(), 1);
  EXPECT_EQ(mapped.fields[1].type.children[0].fields[1].column_mapping_id(), 4);
  EXPECT_TRUE(table.protocol.HasReaderFeature("columnMapping"));
}

TEST(NewTableTest, NamesThatParquetDoesNotTakeBringColumnMapping) {
  DataType schema = TwoColumns();
  schema.fields[0].name = "dep time";
  EXPECT_EQ(Make({}, schema)->metadata.configuration.at("delta.columnMapping.mode"), "name");
  EXPECT_EQ(Make({{"delta.columnMapping.mode", "none"}}, schema).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Make({{"delta.columnMapping.mode", "id"}}).error().code(), ErrorCode::kNotSupported);
  EXPECT_EQ(Make({{"delta.columnMapping.mode", "x"}}).error().code(), ErrorCode::kInvalidArgument);
}

TEST(NewTableTest, PropertiesAreCheckedByName) {
  auto unknown = Make({{"delta.unheardOf", "1"}}).error();
  EXPECT_EQ(unknown.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(unknown.message().contains("delta.unheardOf"));
  EXPECT_EQ(Make({{"delta.appendOnly", "yes"}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Make({{"delta.checkpointInterval", "ten"}}).error().code(), ErrorCode::kInvalidArgument);
  for (const char* wrong : {"30", "7 days", "interval seven days", "interval 1 month", "interval 3", "interval "}) {
    EXPECT_EQ(Make({{"delta.logRetentionDuration", wrong}}).error().code(), ErrorCode::kInvalidArgument) << wrong;
  }
  EXPECT_TRUE(Make({{"delta.logRetentionDuration", "INTERVAL 1 week 2 days"}}).has_value());
  EXPECT_TRUE(Make({{"delta.enableChangeDataFeed", "true"}})->protocol.HasWriterFeature("changeDataFeed"));
  EXPECT_TRUE(Make({{"delta.enableRowTracking", "true"}})->protocol.HasWriterFeature("domainMetadata"));
  EXPECT_EQ(Make({{"delta.constraints.a", "x > 1"}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Make({{"delta.feature.rowTracking", "supported"}})->protocol.HasWriterFeature("domainMetadata"));
  EXPECT_EQ(Make({{"delta.feature.catalogManaged", "supported"}}).error().code(), ErrorCode::kNotSupported);
  auto table = Make({{"DELTA.APPENDONLY", "TRUE"},
                     {"delta.logRetentionDuration", "interval 30 days"},
                     {"delta.enableChangeDataFeed", "false"},
                     {"delta.feature.domainMetadata", "supported"},
                     {"delta.enableDeletionVectors", "false"},
                     {"delta.checkpointPolicy", "v2"}})
                   .value();
  EXPECT_EQ(table.metadata.configuration.at("delta.appendOnly"), "true");
  EXPECT_TRUE(table.protocol.HasWriterFeature("appendOnly"));
  EXPECT_TRUE(table.protocol.HasWriterFeature("domainMetadata"));
  EXPECT_TRUE(table.protocol.HasReaderFeature("v2Checkpoint"));
  EXPECT_FALSE(table.protocol.HasWriterFeature("deletionVectors"));
  EXPECT_FALSE(table.metadata.configuration.contains("delta.feature.domainMetadata"));
}

TEST(NewTableTest, PropertiesAreCheckedByValue) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> wrong = {
      {"delta.checkpointInterval", {"0", "-1", "1.5", "2147483648", ""}},
      {"delta.isolationLevel", {"Foo", "SnapshotIsolation"}},
      {"delta.checkpointPolicy", {"v3"}},
      {"delta.targetFileSize", {"abc", "0", "-5", "128xb"}},
      {"delta.dataSkippingNumIndexedCols", {"-2", "all"}},
      {"delta.dataSkippingStatsColumns", {"nope", "id,nope", "id.x", "id,", "`id"}},
      {"delta.parquet.compression.codec", {"brotli", "lz4", "best"}},
      {"delta.autoOptimize.autoCompact", {"legacy"}},
      {"delta.autoOptimize.optimizeWrite", {"1"}},
      {"delta.logRetentionDuration", {"interval 7x days"}},
      {"neurolake.group_commit", {"x"}},
      {"neurolake.log_compaction_interval", {"often", "1"}},
      {"neurolake.nope", {"1"}},
  };
  for (const auto& [name, values] : wrong) {
    for (const std::string& value : values) {
      const auto made = Make({{name, value}});
      ASSERT_FALSE(made.has_value()) << name << " = " << value;
      EXPECT_EQ(made.error().code(), ErrorCode::kInvalidArgument) << name << " = " << value;
      EXPECT_TRUE(made.error().message().contains(name)) << made.error().message();
    }
  }
  // What is right is written as other engines spell it.
  const std::vector<std::array<std::string, 3>> right = {
      {"delta.checkpointInterval", "1", "1"},
      {"delta.isolationLevel", "serializable", "Serializable"},
      {"delta.isolationLevel", "WriteSerializable", "WriteSerializable"},
      {"delta.checkpointPolicy", "CLASSIC", "classic"},
      {"delta.targetFileSize", "64kb", "64kb"},
      {"delta.dataSkippingNumIndexedCols", "-1", "-1"},
      {"delta.dataSkippingStatsColumns", "ID, `name`", "ID, `name`"},
      {"delta.parquet.compression.codec", "ZSTD", "zstd"},
      {"delta.autoOptimize.autoCompact", "auto", "auto"},
      {"delta.logRetentionDuration", "interval '7' days", "interval '7' days"},
      {"NEUROLAKE.group_commit", "FALSE", "false"},
      {"neurolake.log_compaction_interval", "2", "2"},
  };
  for (const auto& [name, value, written] : right) {
    const auto made = Make({{name, value}});
    ASSERT_TRUE(made.has_value()) << made.error().message();
    const std::string key = name.starts_with("NEURO") ? "neurolake.group_commit" : name;
    EXPECT_EQ(made->metadata.configuration.at(key), written);
  }
}

TEST(NewTableTest, ACodecOfAnotherWriterThatWeDoNotWriteIsAsNone) {
  EXPECT_EQ(ParquetCodec({}), "snappy");
  EXPECT_EQ(ParquetCodec({{"delta.parquet.compression.codec", "ZSTD"}}), "zstd");
  EXPECT_EQ(ParquetCodec({{"delta.parquet.compression.codec", "BROTLI"}}), "snappy");
}

TEST(NewTableTest, SchemasAndPartitionsAreChecked) {
  EXPECT_EQ(Make({}, {.kind = DataType::Kind::kStruct}).error().code(), ErrorCode::kInvalidArgument);
  DataType twice = TwoColumns();
  twice.fields[1].name = "ID";
  EXPECT_EQ(Make({}, twice).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Make({}, TwoColumns(), {"NAME"})->metadata.partition_columns, std::vector<std::string>{"name"});
  EXPECT_EQ(Make({}, TwoColumns(), {"nope"}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Make({}, TwoColumns(), {"id", "name"}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Make({}, TwoColumns(), {"id", "ID"}).error().code(), ErrorCode::kInvalidArgument);
  DataType decimal = TwoColumns();
  decimal.fields[0].type = {.kind = DataType::Kind::kDecimal, .precision = 39};
  EXPECT_EQ(Make({}, decimal).error().code(), ErrorCode::kInvalidArgument);
}

TEST(ProtocolTest, LegacyVersionsCanBeWritten) {
  const Metadata metadata{.id = "x", .schema_string = SerializeSchema(TwoColumns())};
  for (int writer = 1; writer <= 6; ++writer) {
    EXPECT_TRUE(CheckWritable({.min_reader_version = 1, .min_writer_version = writer}, metadata).has_value());
  }
  auto refused = CheckWritable({.min_reader_version = 1, .min_writer_version = 8}, metadata);
  EXPECT_TRUE(refused.error().message().contains("8"));
}

TEST(ProtocolTest, ReaderVersions) {
  EXPECT_TRUE(CheckReadable({.min_reader_version = 2, .min_writer_version = 5}).has_value());
  EXPECT_EQ(CheckReadable({.min_reader_version = 4, .min_writer_version = 7}).error().code(), ErrorCode::kNotSupported);
  Protocol all{
      .min_reader_version = 3,
      .min_writer_version = 7,
      .reader_features = {"columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"}};
  EXPECT_TRUE(CheckReadable(all).has_value());
  all.reader_features.push_back("variantType");
  EXPECT_TRUE(CheckReadable(all).error().message().contains("variantType"));
}

}  // namespace
}  // namespace neurolake::tables::delta
