#include "tables/delta/actions.h"

#include <gtest/gtest.h>

#include "tables/delta/file_path.h"

namespace neurolake::tables::delta {
namespace {

CommitActions Parse(const std::string& text) {
  auto actions = ParseCommit(text, "x.json");
  EXPECT_TRUE(actions.has_value()) << actions.error().message();
  return actions.value_or(CommitActions{});
}

TEST(ActionsTest, AddComesBackAsItWas) {
  AddFile add{.path = "d=a%20b/f.parquet",
              .partition_values = {{"d", "a b"}, {"é\"\\\n\t\x01", std::nullopt}},
              .size_bytes = int64_t{1} << 40,
              .modification_time_ms = 1512909768000,
              .data_change = false,
              .stats = R"({"numRecords":1,"minValues":{"a":"\"q\""}})",
              .deletion_vector = DeletionVectorDescriptor{.storage_type = "u",
                                                          .path_or_inline_dv = "ab^-aqEH.-t@S}K{vb[*k^",
                                                          .offset = 4,
                                                          .size_bytes = 40,
                                                          .cardinality = 6},
              .tags = {{"a", "b"}},
              .base_row_id = 5,
              .default_row_commit_version = 6,
              .clustering_provider = "liquid"};
  const std::string line = ToJsonLine(add);
  EXPECT_FALSE(line.contains('\n'));
  auto actions = Parse(line + "\n");
  ASSERT_EQ(actions.adds.size(), 1u);
  EXPECT_EQ(ToJsonLine(actions.adds[0]), line);
  EXPECT_EQ(actions.adds[0].partition_values, add.partition_values);
  EXPECT_EQ(actions.adds[0].deletion_vector->UniqueId(), "uab^-aqEH.-t@S}K{vb[*k^@4");
}

TEST(ActionsTest, RemoveKeepsWhatAddHad) {
  AddFile add{.path = "f", .partition_values = {{"p", "1"}}, .size_bytes = 7, .stats = "{}", .tags = {{"k", "v"}}};
  const RemoveFile remove = MakeRemove(add, 99, true);
  auto actions = Parse(ToJsonLine(remove));
  ASSERT_EQ(actions.removes.size(), 1u);
  EXPECT_EQ(ToJsonLine(actions.removes[0]), ToJsonLine(remove));
  EXPECT_EQ(actions.removes[0].size_bytes, 7);
  EXPECT_EQ(actions.removes[0].deletion_timestamp_ms, 99);
}

TEST(ActionsTest, OtherActionsComeBackAsTheyWere) {
  Protocol features{.min_reader_version = 3,
                    .min_writer_version = 7,
                    .reader_features = {"deletionVectors"},
                    .writer_features = {"deletionVectors", "inCommitTimestamp"}};
  EXPECT_EQ(ToJsonLine(*Parse(ToJsonLine(features)).protocol), ToJsonLine(features));
  Protocol legacy{.min_reader_version = 1, .min_writer_version = 2};
  EXPECT_EQ(ToJsonLine(legacy), R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})");
  Metadata metadata{.id = "x",
                    .description = "d\"",
                    .schema_string = R"({"type":"struct","fields":[]})",
                    .partition_columns = {"p"},
                    .configuration = {{"delta.appendOnly", "true"}},
                    .created_time_ms = 5};
  EXPECT_EQ(ToJsonLine(*Parse(ToJsonLine(metadata)).metadata), ToJsonLine(metadata));
  SetTransaction transaction{.app_id = "app", .version = 7, .last_updated_ms = 8};
  EXPECT_EQ(ToJsonLine(Parse(ToJsonLine(transaction)).transactions.at(0)), ToJsonLine(transaction));
  DomainMetadata domain{.domain = "d", .configuration = "{\"a\":1}", .removed = true};
  EXPECT_EQ(ToJsonLine(Parse(ToJsonLine(domain)).domains.at(0)), ToJsonLine(domain));
}

TEST(ActionsTest, UnknownActionsAndFieldsAreIgnored) {
  auto actions = Parse(
      "{\"future\":{\"a\":1}}\n\n"
      R"({"commitInfo":{"inCommitTimestamp":5,"operation":"X","n":{"m":[1,2]}}})"
      "\r\n"
      R"({"add":{"path":"f","partitionValues":null,"size":1,"new":{},"tags":null},"remove":null})"
      "\n"
      R"({"cdc":{"path":"c"}})"
      "\n"
      R"({"sidecar":{"path":"s.parquet","sizeInBytes":1}})");
  EXPECT_EQ(actions.in_commit_timestamp_ms, 5);
  EXPECT_EQ(actions.commit_info, R"({"inCommitTimestamp":5,"operation":"X","n":{"m":[1,2]}})");
  EXPECT_EQ(actions.adds.size(), 1u);
  EXPECT_TRUE(actions.removes.empty());
  EXPECT_EQ(actions.sidecars, std::vector<std::string>{"s.parquet"});
}

TEST(ActionsTest, EmptyPartitionValueIsNull) {
  auto actions = Parse(R"({"add":{"path":"f","partitionValues":{"p":""},"size":1}})");
  EXPECT_EQ(actions.adds.at(0).partition_values.at("p"), std::nullopt);
}

TEST(ActionsTest, DamageIsCorruptionWithFileAndLine) {
  const std::string good = R"({"add":{"path":"f","partitionValues":{},"size":1}})";
  for (const std::string& bad :
       {std::string("{"), std::string("[]"), std::string("1"), std::string("\x80"),
        std::string(R"({"add":{"partitionValues":{},"size":1}})"), std::string(R"({"add":{"path":"","size":1}})"),
        std::string(R"({"add":{"path":"f"}})"), std::string(R"({"add":{"path":"f","size":-1}})"),
        std::string(R"({"add":{"path":"f","size":"1"}})"),
        std::string(R"({"add":{"path":"f","size":1,"partitionValues":{"a":1}}})"),
        std::string(R"({"add":{"path":"f","size":1,"deletionVector":{}}})"), std::string(R"({"protocol":{}})"),
        std::string(R"({"metaData":{"id":"x","schemaString":"","format":{"provider":"orc"}}})"),
        good.substr(0, good.size() / 2)}) {
    auto actions = ParseCommit(good + "\n" + bad, "dir/7.json");
    ASSERT_FALSE(actions.has_value()) << bad;
    EXPECT_EQ(actions.error().code(), ErrorCode::kCorruption);
    EXPECT_TRUE(actions.error().message().contains("line 2")) << actions.error().message();
    EXPECT_TRUE(actions.error().message().contains("dir/7.json"));
  }
}

TEST(FilePathTest, LongNamesOfPartitionsBecomeShort) {
  const std::string longest = "p=" + std::string(253, 'x');
  for (const std::string& path : {std::string(), std::string("/"), std::string("/t/a.parquet"), "/t/" + longest + "/f",
                                  "s3://b/" + std::string(300, 'x') + "/f"}) {
    EXPECT_EQ(WithShortNames(path), path);
  }
  const std::string one = WithShortNames("/t/" + longest + "y/q=1/f");
  EXPECT_TRUE(one.starts_with("/t/p=") && one.ends_with("/q=1/f")) << one;
  EXPECT_EQ(one.size(), std::string("/t/p=/q=1/f").size() + 64);
  EXPECT_NE(one, WithShortNames("/t/" + longest + "z/q=1/f"));
  EXPECT_EQ(one, WithShortNames(one));
  const std::string column = WithShortNames("/t/_" + std::string(300, 'c') + "=1/f");
  EXPECT_EQ(column.size(), std::string("/t//f").size() + 64);
  EXPECT_FALSE(column.starts_with("/t/_")) << "hidden, it would be none of VACUUM's business";
}

TEST(FilePathTest, EncodesAndDecodes) {
  const std::string path = "p=a b%\"é:/f#1?.parquet";
  EXPECT_EQ(EncodePath(path), "p=a%20b%25%22%C3%A9%3A/f%231%3F.parquet");
  EXPECT_EQ(DecodePath(EncodePath(path)).value(), path);
  EXPECT_EQ(DecodePath("a%2").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(DecodePath("a%").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(DecodePath("a%zz").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(DecodePath("a%00").error().code(), ErrorCode::kCorruption);
}

TEST(FilePathTest, ResolvesInsideTheTableOnly) {
  EXPECT_EQ(ResolvePath("/lake/t", "a/b%20c.parquet").value(), "/lake/t/a/b c.parquet");
  EXPECT_EQ(ResolvePath("/lake/t/", "f").value(), "/lake/t/f");
  EXPECT_EQ(ResolvePath("/lake/t", "/lake/t/f").value(), "/lake/t/f");
  EXPECT_EQ(ResolvePath("/lake/t", "file:///lake/t/f").value(), "/lake/t/f");
  EXPECT_EQ(ResolvePath("/lake/t", "file:/lake/t/f").value(), "/lake/t/f");
  for (const char* outside :
       {"/etc/passwd", "../x", "a/../../x", "a/%2e%2e/x", "/lake/t2/f", "file:///etc/passwd", "/lake/t/../x"}) {
    EXPECT_EQ(ResolvePath("/lake/t", outside).error().code(), ErrorCode::kPermissionDenied) << outside;
  }
  EXPECT_EQ(ResolvePath("/lake/t", "s3://b/f").error().code(), ErrorCode::kNotSupported);
  EXPECT_EQ(ResolvePath("/lake/t", "file://host/lake/t/f").error().code(), ErrorCode::kNotSupported);
  EXPECT_EQ(ResolvePath("/lake/t", "").error().code(), ErrorCode::kCorruption);
  const std::string url = "s3://bucket/lake/t";
  EXPECT_EQ(ResolvePath(url, "day=1%252F2/b%20c.parquet").value(), url + "/day=1%2F2/b c.parquet");
  EXPECT_EQ(ResolvePath(url + "/", "f").value(), url + "/f");
  EXPECT_EQ(ResolvePath(url, "s3://bucket/lake/t/f").value(), url + "/f");
  EXPECT_EQ(ResolvePath(url, "s3a://bucket/lake/t/f").value(), url + "/f");
  for (const char* outside :
       {"../u/f", "a/../../u/f", "%2E%2E/u/f", "s3://bucket/lake/u/f", "s3://bucket/lake/t2/f", "s3://other/lake/t/f",
        "s3://bucket/lake/t", "s3://bucket/lake/t/../u/f", "gs://bucket/lake/t/f", "/lake/t/f", "file:///lake/t/f",
        "a//f", "./f", "d/", "a\\..\\f", "s3://user@bucket@x/lake/t/f"}) {
    EXPECT_EQ(ResolvePath(url, outside).error().code(), ErrorCode::kPermissionDenied) << outside;
  }
  EXPECT_EQ(ResolvePath(url, "").error().code(), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace neurolake::tables::delta
