#include "tables/delta/retired_files.h"

#include <gmock/gmock.h>

#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

using testing::UnorderedElementsAre;

class RetiredFilesTest : public ::testing::Test {
 protected:
  void Commit(int64_t version, const std::vector<std::string>& lines) {
    std::string text = R"({"commitInfo":{"operation":"WRITE"}})";
    if (version == 0) text += "\n" + std::string(kPlainProtocol) + "\n" + MetadataLine("{}");
    for (const std::string& line : lines) text += "\n" + line;
    ASSERT_TRUE(store_.Put(fmt::format("/t/_delta_log/{:020d}.json", version), text).has_value());
  }
  RetiredFiles Find() {
    const auto reader = NewSimpleLogReader(store_);
    const auto snapshot = LoadSnapshot(TestContext(), store_, *reader, "/t", std::nullopt).value();
    return FindRetiredFiles(TestContext(), store_, *reader, *snapshot,
                            [&](std::string_view text) { commits_ += text.empty() ? 0 : 1; })
        .value();
  }
  static std::vector<std::pair<std::string, int64_t>> Data(const RetiredFiles& retired) {
    std::vector<std::pair<std::string, int64_t>> files;
    for (const auto& file : retired.data) files.emplace_back(file.path, file.version);
    return files;
  }

  MemoryStore store_;
  int commits_ = 0;
};

TEST_F(RetiredFilesTest, AreThoseOfOlderVersionsWithTheFirstThatHasThem) {
  Commit(0, {AddLine("f0"), AddLine("stays")});
  Commit(1, {RemoveLine("f0"), AddLine("f1")});
  Commit(2, {RemoveLine("f1"), AddLine("f2"),
             R"({"cdc":{"path":"_change_data/c2","partitionValues":{},"size":1,"dataChange":false}})"});
  const auto retired = Find();
  EXPECT_THAT(Data(retired), testing::ElementsAre(std::pair("f0", 0), std::pair("f1", 1)));
  EXPECT_THAT(retired.named, UnorderedElementsAre("/t/f0", "/t/f1", "/t/f2", "/t/stays", "/t/_change_data/c2"));
  EXPECT_EQ(retired.oldest_version, 0);
  EXPECT_EQ(commits_, 3);
}

TEST_F(RetiredFilesTest, AFileThatOnlyLostRowsIsAmongThemByWhatItHadBefore) {
  Commit(0, {AddLine("f0"), AddLine("f1")});
  Commit(
      1,
      {RemoveLine("f0"),
       R"({"add":{"path":"f0","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true,)"
       R"("deletionVector":{"storageType":"i","pathOrInlineDv":"wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",)"
       R"("sizeInBytes":40,"cardinality":6}}})"});
  const auto retired = Find();
  ASSERT_EQ(retired.data.size(), 1U);
  EXPECT_EQ(retired.data[0].path, "f0");
  EXPECT_EQ(retired.data[0].version, 0);
  EXPECT_TRUE(retired.data[0].current);
  EXPECT_FALSE(retired.data[0].has_vector);
}

}  // namespace
}  // namespace neurolake::tables::delta
