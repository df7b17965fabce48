#include "tables/delta/clone.h"

#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

Snapshot Source(std::map<std::string, std::string> configuration, std::vector<AddFile> files) {
  ReplayedLog log;
  log.protocol = Protocol{};
  log.metadata = Metadata{};
  log.metadata->id = "source";
  log.metadata->configuration = std::move(configuration);
  log.files = std::move(files);
  log.domains["delta.clustering"] = {.domain = "delta.clustering", .configuration = "{}"};
  return {"/s/", 3, std::move(log), TwoColumns()};
}

AddFile WithVector(std::string path, std::string type, std::string vector) {
  AddFile add = TestAdd(std::move(path));
  add.deletion_vector =
      DeletionVectorDescriptor{.storage_type = std::move(type), .path_or_inline_dv = std::move(vector)};
  return add;
}

constexpr const char* kVectorFile = "deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";

TEST(CloneTest, KeepsNamesBelowItsOwnDirectory) {
  const Snapshot source = Source({{"delta.inCommitTimestampEnablementVersion", "3"}, {"mine", "x"}},
                                 {TestAdd("p%3D1/a"), WithVector("b", "u", "ab^-aqEH.-t@S}K{vb[*k^"),
                                  WithVector("c", "u", "ab^-aqEH.-t@S}K{vb[*k^"), WithVector("d", "i", "xyz")});
  const ClonePlan plan = PlanDeepClone(source, "/c", {}, 5).value();
  EXPECT_NE(plan.request.metadata->id, "source");
  EXPECT_EQ(plan.request.metadata->created_time_ms, 5);
  EXPECT_EQ(plan.request.metadata->configuration, (std::map<std::string, std::string>{{"mine", "x"}}));
  EXPECT_EQ(plan.request.domains.size(), 1U);
  std::map<std::string, std::string> copies;
  for (const FileCopy& copy : plan.copies) copies[copy.from] = copy.to;
  const std::map<std::string, std::string> expected = {
      {"/s/p=1/a", "/c/p=1/a"},
      {"/s/b", "/c/b"},
      {"/s/c", "/c/c"},
      {"/s/d", "/c/d"},
      {fmt::format("/s/ab/{}", kVectorFile), fmt::format("/c/ab/{}", kVectorFile)}};
  EXPECT_EQ(copies, expected);
  EXPECT_EQ(plan.bytes, 4);
}

TEST(CloneTest, InASubdirectoryVectorsFollow) {
  const std::string uuid = "^-aqEH.-t@S}K{vb[*k^";
  const Snapshot source = Source({}, {WithVector("b", "u", "ab" + uuid), WithVector("c", "u", uuid)});
  const ClonePlan plan = PlanDeepClone(source, "/c", {.subdirectory = "sub"}, 5).value();
  EXPECT_EQ(plan.request.adds[0].path, "sub/b");
  EXPECT_EQ(plan.request.adds[0].deletion_vector->path_or_inline_dv, "sub/ab" + uuid);
  EXPECT_EQ(plan.request.adds[1].deletion_vector->path_or_inline_dv, "sub" + uuid);
  EXPECT_EQ(plan.copies[1].to, fmt::format("/c/sub/ab/{}", kVectorFile));
  EXPECT_EQ(plan.copies[3].to, fmt::format("/c/sub/{}", kVectorFile));
}

TEST(CloneTest, WhatItReplacesLeavesNothingBehind) {
  ClonePlan plan = PlanDeepClone(Source({}, {TestAdd("b")}), "/c", {.subdirectory = "sub"}, 5).value();
  ReplayedLog log;
  log.protocol = Protocol{3, 7, {"deletionVectors"}, {"deletionVectors", "domainMetadata"}};
  log.metadata = Metadata{};
  log.metadata->id = "old";
  log.files = std::vector<AddFile>{TestAdd("a")};
  log.domains["mine"] = {.domain = "mine", .configuration = "{}"};
  log.domains["delta.clustering"] = {.domain = "delta.clustering", .configuration = "old"};
  log.domains["delta.rowTracking"] = {.domain = "delta.rowTracking", .configuration = "{}"};
  ReplaceByClone(Snapshot("/c", 9, std::move(log), TwoColumns()), 6, plan);
  EXPECT_EQ(plan.request.read_version, 9);
  EXPECT_EQ(plan.request.metadata->id, "old");
  EXPECT_EQ(plan.request.protocol->reader_features, std::vector<std::string>{"deletionVectors"});
  ASSERT_EQ(plan.request.removes.size(), 1U);
  EXPECT_EQ(plan.request.removes[0].path, "a");
  std::map<std::string, std::string> domains;
  for (const auto& one : plan.request.domains) domains[one.domain] = one.removed ? "removed" : one.configuration;
  EXPECT_EQ(domains, (std::map<std::string, std::string>{{"delta.clustering", "{}"}, {"mine", "removed"}}));
}

TEST(CloneTest, WhatItHasInCommonWithWhatItReplacesStays) {
  AddFile changed = TestAdd("changed");
  changed.base_row_id = 7;
  changed.default_row_commit_version = 3;
  const Snapshot source =
      Source({}, {TestAdd("same"), changed, WithVector("deleted", "u", "^-aqEH.-t@S}K{vb[*k^"), TestAdd("new")});
  ClonePlan plan = PlanShallowClone(source, 5).value();
  ReplayedLog log;
  log.protocol = Protocol{3, 7, {"deletionVectors"}, {"deletionVectors"}};
  log.metadata = Metadata{};
  std::vector<AddFile> files = plan.request.adds;
  files.pop_back();
  files[1].stats = "{}";
  files[1].base_row_id = 20;
  files[1].default_row_commit_version = 1;
  files[2].deletion_vector.reset();
  files.push_back(TestAdd("own"));
  log.files = files;
  const std::vector<std::string> removed = {files[2].path, "own"};
  ReplaceByClone(Snapshot("/c", 9, std::move(log), TwoColumns()), 6, plan);
  std::vector<std::string> removes, adds;
  for (const auto& remove : plan.request.removes) removes.push_back(remove.path);
  for (const auto& add : plan.request.adds) adds.push_back(add.path);
  EXPECT_EQ(removes, removed);
  ASSERT_EQ(adds, (std::vector<std::string>{files[0].path, files[1].path, files[2].path, "file:///s/new"}))
      << "all that the clone has, from which its list is made";
  EXPECT_FALSE(plan.request.adds[0].data_change);
  EXPECT_EQ(plan.request.adds[1].base_row_id, 20) << "its rows are the table's already";
  EXPECT_FALSE(plan.request.adds[1].data_change);
  EXPECT_TRUE(plan.request.adds[2].data_change);
}

TEST(CloneTest, WhatOthersWroteOfTheirRowsIsMarked) {
  const Snapshot source = Source({}, {TestAdd("b")});
  const auto tags = [&](bool foreign) {
    return PlanDeepClone(source, "/c", {.foreign_statistics = foreign}, 5)->request.adds[0].tags;
  };
  EXPECT_TRUE(tags(true).contains(kForeignStatisticsTag));
  EXPECT_TRUE(tags(false).empty());
}

TEST(CloneTest, RowsGetIdsOfTheClone) {
  AddFile file = TestAdd("b");
  file.base_row_id = 7;
  file.default_row_commit_version = 3;
  const std::string ids = "delta.rowTracking.materializedRowIdColumnName";
  const ClonePlan plan = PlanDeepClone(Source({{ids, "old"}}, {file}), "/c", {}, 5).value();
  EXPECT_FALSE(plan.request.adds[0].base_row_id.has_value());
  EXPECT_FALSE(plan.request.adds[0].default_row_commit_version.has_value());
  EXPECT_NE(plan.request.metadata->configuration.at(ids), "old") << "what files keep of the source's ids is not read";
}

TEST(CloneTest, AShallowOneNamesFilesWhereTheyAre) {
  const std::string uuid = "^-aqEH.-t@S}K{vb[*k^";
  const Snapshot source =
      Source({}, {TestAdd("p%3D1/a%2520b"), WithVector("b", "u", "ab" + uuid), WithVector("d", "i", "xyz")});
  const ClonePlan plan = PlanShallowClone(source, 5).value();
  EXPECT_TRUE(plan.copies.empty());
  EXPECT_EQ(plan.request.adds[0].path, "file:///s/p=1/a%2520b");
  EXPECT_EQ(plan.request.adds[1].deletion_vector->storage_type, "p");
  EXPECT_EQ(plan.request.adds[1].deletion_vector->path_or_inline_dv, fmt::format("file:///s/ab/{}", kVectorFile));
  EXPECT_EQ(plan.request.adds[2].deletion_vector->storage_type, "i");
  EXPECT_EQ(ForeignPaths(plan.request.adds),
            (std::vector<std::string>{fmt::format("file:///s/ab/{}", kVectorFile), "file:///s/b", "file:///s/d",
                                      "file:///s/p=1/a%2520b"}));

  // Read where the source is now, which is elsewhere than it was.
  const std::vector<ForeignRoot> roots = {{.named = "/s", .location = "/moved"}};
  EXPECT_EQ(ResolvePath("/c", plan.request.adds[0].path, roots).value(), "/moved/p=1/a%20b");
  for (const char* path :
       {"file:///s2/b", "file:///s/../x", "file:///s", "file:///s/", "/etc/passwd", "file://h/s/b"}) {
    EXPECT_FALSE(ResolvePath("/c", path, roots).has_value()) << path;
  }
  EXPECT_EQ(ResolvePath("/c", plan.request.adds[0].path).error().code(), ErrorCode::kPermissionDenied);

  // A deep clone of it has them below its own directory.
  ReplayedLog log;
  log.protocol = Protocol{};
  log.metadata = Metadata{};
  log.files = FileTable(plan.request.adds);
  log.files.Add(TestAdd("own"));
  const Snapshot clone("/c", 1, std::move(log), TwoColumns(), roots);
  const ClonePlan deep = PlanDeepClone(clone, "/d", {}, 5).value();
  EXPECT_EQ(deep.copies[0].root, "/moved");
  EXPECT_EQ(deep.copies[0].to, "/d/foreign-1/p=1/a%20b");
  EXPECT_EQ(deep.request.adds[0].path, "foreign-1/p=1/a%2520b");
  EXPECT_EQ(deep.request.adds[1].deletion_vector->storage_type, "u");
  EXPECT_EQ(deep.request.adds[1].deletion_vector->path_or_inline_dv, "foreign-1/ab" + uuid);
  EXPECT_EQ(deep.request.adds[3].path, "own");
}

TEST(CloneTest, RefusesWhatItCannotKeep) {
  EXPECT_EQ(PlanDeepClone(Source({}, {WithVector("b", "p", "file:/s/x.bin")}), "/c", {}, 5).error().code(),
            ErrorCode::kNotSupported);
  EXPECT_EQ(PlanDeepClone(Source({}, {TestAdd("../b")}), "/c", {}, 5).error().code(), ErrorCode::kPermissionDenied);
}

}  // namespace
}  // namespace neurolake::tables::delta
