#include "tables/delta/file_table.h"

#include "tables/delta/reconciler.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

AddFile Full(int i) {
  AddFile add = TestAdd(fmt::format("p%20q={}/part {}.parquet", i, i));
  add.partition_values = {{"p q", std::to_string(i)}, {"none", std::nullopt}};
  add.size_bytes = 1'000'000'000'000LL + i;
  add.modification_time_ms = -i;
  add.data_change = i % 2 == 0;
  add.stats = fmt::format("{{\"numRecords\":{}}}", i);
  if (i % 3 == 0) {
    add.deletion_vector = DeletionVectorDescriptor{
        .storage_type = "u", .path_or_inline_dv = "ab^-aqEH.-t@S}K{vb[*k^", .size_bytes = 36, .cardinality = 2};
    if (i % 2 == 0) add.deletion_vector->offset = i;
  }
  if (i % 4 == 0) add.tags = {{"a", "b"}, {"c", ""}};
  if (i % 5 == 0) add.base_row_id = 10'000 * i;
  if (i % 5 == 0) add.default_row_commit_version = 7;
  if (i % 7 == 0) add.clustering_provider = "liquid";
  return add;
}

std::vector<std::string> Lines(const FileTable& files) {
  std::vector<std::string> lines;
  for (const AddFile& file : files) lines.push_back(ToJsonLine(file));
  return lines;
}

std::vector<AddFile> Files(int count) {
  std::vector<AddFile> files;
  for (int i = 0; i < count; ++i) files.push_back(Full(i));
  return files;
}

TEST(FileTableTest, GivesBackWhatItWasGiven) {
  const auto files = Files(100);
  const FileTable table(files);
  ASSERT_EQ(table.size(), files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    EXPECT_EQ(ToJsonLine(table[i]), ToJsonLine(files[i]));
    EXPECT_EQ(table.path(i), files[i].path);
    EXPECT_EQ(table.stats(i), files[i].stats);
    EXPECT_EQ(table.size_bytes(i), files[i].size_bytes);
    EXPECT_EQ(table.modification_time_ms(i), files[i].modification_time_ms);
    EXPECT_EQ(table.deleted_rows(i), files[i].deletion_vector ? 2 : 0);
    EXPECT_EQ(table.partition_value(i, "p q"), std::to_string(i));
    EXPECT_EQ(table.partition_value(i, "none"), std::nullopt);
    EXPECT_EQ(table.partition_value(i, "other"), std::nullopt);
    EXPECT_EQ(table.Key(i), FileKey(files[i].path, files[i].deletion_vector));
  }
}

TEST(FileTableTest, CopiesGrowApart) {
  const FileTable original(Files(10));
  FileTable one = original, other;
  other = original;
  one.Add(Full(50));
  other.Add(Full(60));
  EXPECT_EQ(original.size(), 10u);
  EXPECT_EQ(one[10].partition_values.at("p q"), "50");
  EXPECT_EQ(other[10].partition_values.at("p q"), "60");
  FileTable moved = std::move(one);
  moved.Add(Full(70));
  EXPECT_EQ(moved[10].partition_values.at("p q"), "50");
  EXPECT_EQ(moved[11].partition_values.at("p q"), "70");
  EXPECT_EQ(Lines(original), Lines(FileTable(Files(10))));
}

TEST(FileTableTest, ManyGenerationsKeepTheirFilesAndNotTheirWaste) {
  FileTable table(Files(2'000));
  std::vector<std::string> wanted = Lines(table);
  const int64_t bytes = table.memory_bytes();
  for (int generation = 0; generation < 500; ++generation) {
    FileTable next;
    next.Add(Full(generation));
    next.AddFrom(table, [&](size_t i) { return i + 1 < table.size(); });
    wanted.pop_back();
    wanted.insert(wanted.begin(), ToJsonLine(Full(generation)));
    table = std::move(next);
  }
  EXPECT_EQ(Lines(table), wanted);
  EXPECT_LT(table.memory_bytes(), 4 * bytes + (2 << 20));
}

TEST(FileKeySetTest, TellsKeysApart) {
  FileKeySet keys;
  EXPECT_FALSE(keys.Contains("a"));
  std::set<std::string> inserted;
  for (int i = 0; i < 20'000; ++i) {
    // Lengths around the hash's words, and keys that differ in a byte, an order or an end.
    const std::string key = std::string(static_cast<size_t>(i % 19), 'x') + std::to_string(i) + std::string(1, '\0');
    EXPECT_EQ(keys.Insert(key), inserted.insert(key).second);
    EXPECT_FALSE(keys.Insert(key));
  }
  for (const std::string& key : inserted) EXPECT_TRUE(keys.Contains(key));
  EXPECT_FALSE(keys.Contains("x" + *inserted.begin()));
  EXPECT_FALSE(keys.Contains(""));
}

TEST(ReconcilerTest, PartsOfACommitAreOneCommit) {
  const auto state = [](const std::vector<std::vector<std::string>>& parts) {
    Reconciler reconciler(Reconciler::Order::kNewestFirst);
    for (const auto& lines : parts) {
      std::string text;
      for (const std::string& line : lines) text += line + "\n";
      reconciler.ApplyPart(ParseCommit(text, "c").value());
    }
    reconciler.EndParts();
    reconciler.Apply(ParseCommit(ToJsonLine(Full(1)) + "\n" + ToJsonLine(Full(2)) + "\n", "older").value());
    return Lines(std::move(reconciler).Finish().files);
  };
  const std::string add = ToJsonLine(Full(1));
  const std::string remove_same = ToJsonLine(MakeRemove(Full(1), 5, true));
  const std::string remove_other = ToJsonLine(MakeRemove(Full(2), 5, true));
  const auto whole = state({{remove_same, remove_other, add}});
  EXPECT_EQ(whole, std::vector<std::string>{add});
  EXPECT_EQ(state({{remove_same}, {remove_other}, {add}}), whole);
  EXPECT_EQ(state({{remove_same, remove_other}, {add}}), whole);
}

}  // namespace
}  // namespace neurolake::tables::delta
