#include "cli/lake_commands.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "cli/tests/fake_client.h"

namespace neurolake::cli {
namespace {

namespace fs = std::filesystem;

const SystemClock kClock;

class LakeCommandsTest : public testing::Test {
 protected:
  LakeCommandsTest() : root_(fs::path(testing::TempDir()) / ("lake-" + NewUuid())) { settings_.lake = root_.string(); }
  ~LakeCommandsTest() override { fs::remove_all(root_); }

  /// A lake with one table whose log is at `version`.
  void MakeLake(int64_t version) {
    fs::create_directories(root_);
    auto store = metastore::OpenStore("", (root_ / "metastore.db").string()).value();
    auto catalog = catalog::NewCatalog(*store, kClock, root_.string());
    ASSERT_TRUE(catalog->CreateSchema("silver", true, "").has_value());
    catalog::TableRecord table;
    table.id = TableId("t1");
    table.schema_name = "silver";
    table.name = "flights";
    table.location = (root_ / "tables" / "t1").string();
    ASSERT_TRUE(catalog->AddTable(table).has_value());
    Commit(version);
  }

  void Commit(int64_t version) {
    const fs::path log = root_ / "tables" / "t1" / "_delta_log";
    fs::create_directories(log);
    std::ofstream(log / fmt::format("{:020}.json", version)) << "{}";
  }

  fs::path root_;
  Settings settings_;
  std::ostringstream out_;
};

TEST_F(LakeCommandsTest, NewestLogVersionLooksAtCommitsOnly) {
  EXPECT_EQ(NewestLogVersion(root_.string()).value(), -1);
  Commit(3);
  const fs::path table = root_ / "tables" / "t1";
  std::ofstream(table / "_delta_log" / "00000000000000000009.checkpoint.parquet") << "";
  std::ofstream(table / "_delta_log" / "_last_checkpoint") << "";
  EXPECT_EQ(NewestLogVersion(table.string()).value(), 3);
}

TEST_F(LakeCommandsTest, ABackupComesBack) {
  MakeLake(3);
  const std::string file = (root_ / "copy.backup").string();
  const auto backup = Backup(settings_, file, kClock, out_);
  ASSERT_TRUE(backup.has_value()) << backup.error().message();
  EXPECT_NE(out_.str().find("silver.flights version 3"), std::string::npos) << out_.str();
  fs::remove(root_ / "metastore.db");
  Commit(4);
  const auto restored = Restore(settings_, file, false, kClock, out_);
  ASSERT_TRUE(restored.has_value()) << restored.error().message();
  EXPECT_NE(out_.str().find("silver.flights version 3: its files are at version 4"), std::string::npos) << out_.str();
}

TEST_F(LakeCommandsTest, RestoreKeepsWhatWasThere) {
  MakeLake(3);
  const std::string file = (root_ / "copy.backup").string();
  ASSERT_TRUE(Backup(settings_, file, kClock, out_).has_value());
  EXPECT_EQ(Restore(settings_, file, false, kClock, out_).error().code(), ErrorCode::kAlreadyExists);
  ASSERT_TRUE(Restore(settings_, file, true, kClock, out_).has_value());
  const bool kept = std::ranges::any_of(fs::directory_iterator(root_), [](const fs::directory_entry& entry) {
    return entry.path().filename().string().find("before-restore") != std::string::npos;
  });
  EXPECT_TRUE(kept);
}

TEST_F(LakeCommandsTest, EveryRestoreKeepsAStoreOfItsOwn) {
  MakeLake(0);
  const std::string file = (root_ / "copy.backup").string();
  ASSERT_TRUE(Backup(settings_, file, kClock, out_).has_value());
  FakeClock clock;  // It stands still: all three are of one second.
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Restore(settings_, file, true, clock, out_).has_value());
  const auto kept = std::count_if(fs::directory_iterator(root_), fs::directory_iterator(), [](const auto& entry) {
    const std::string name = entry.path().filename().string();
    return name.find("before-restore") != std::string::npos && !name.ends_with("-wal") && !name.ends_with("-shm");
  });
  EXPECT_EQ(kept, 3);
}

TEST_F(LakeCommandsTest, WhatIsNoLakeOrNoBackupIsSaid) {
  EXPECT_EQ(Backup(settings_, "/nowhere/x", kClock, out_).error().code(), ErrorCode::kNotFound);
  MakeLake(0);
  const std::string file = (root_ / "not-a-backup").string();
  std::ofstream(file) << "hello";
  EXPECT_FALSE(Restore(settings_, file, true, kClock, out_).has_value());
  EXPECT_FALSE(Restore(settings_, (root_ / "missing").string(), true, kClock, out_).has_value());
  EXPECT_TRUE(fs::exists(root_ / "metastore.db"));
}

TEST(ConfigTest, SaysWhereEachSettingComesFrom) {
  const std::string file = testing::TempDir() + "neurolake.toml";
  std::ofstream(file) << "[http]\nport = 9000\n[metastore]\nurl = \"postgresql://u:secret@h/d\"\n";
  const auto settings = EffectiveSettings(file, {{"NEUROLAKE_LOG_LEVEL", "debug"}}, {{"lake", "/data"}});
  ASSERT_TRUE(settings.has_value()) << settings.error().message();
  std::map<std::string, EffectiveSetting> by_name;
  for (const auto& setting : *settings) by_name[setting.name] = setting;
  EXPECT_EQ(by_name["lake"].source, "flag");
  EXPECT_EQ(by_name["log_level"].source, "environment NEUROLAKE_LOG_LEVEL");
  EXPECT_EQ(by_name["http.port"].value, "9000");
  EXPECT_EQ(by_name["http.port"].source, file);
  EXPECT_EQ(by_name["http.listen"].source, "default");
  EXPECT_EQ(by_name["metastore.url"].value, "(secret)");
}

}  // namespace
}  // namespace neurolake::cli
