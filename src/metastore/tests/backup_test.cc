#include "metastore/backup.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "common/ids.h"
#include "metastore/internal/sqlite_connection.h"
#include "metastore/tests/store_fixture.h"

namespace neurolake::metastore {
namespace {

Result<void> AddSchema(Store& store, const std::string& name) {
  return store.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("INSERT INTO schemas VALUES (?, ?, 'grün', ?)", {NewUuid(), name, int64_t{7}}));
    return {};
  });
}

Result<void> AddStatement(Store& store, int64_t number) {
  NL_RETURN_IF_ERROR(store.WriteRelaxed(
      "INSERT INTO statements VALUES (?, 'p', 'http', '', ?, '', 'select', 'succeeded', ?, NULL, '[]', 0, 0, 0, 0, -1, "
      "'{}', '{}', '', '', '', '', '', '')",
      {NewUuid(), std::string(200, 'x'), number}));
  return {};
}

// Every row of every table, from a store or a backup file.
template <typename Reader>
std::map<std::string, std::vector<Row>> Everything(Reader&& read) {
  std::map<std::string, std::vector<Row>> all;
  for (const std::string table : {"schemas", "relations", "principals", "tokens", "external_locations", "statements"}) {
    all[table] = read("SELECT * FROM " + table + " ORDER BY 1, 2");
  }
  return all;
}
std::map<std::string, std::vector<Row>> EverythingIn(Store& store) {
  return Everything([&](const std::string& sql) { return store.ReadOnce(sql).value(); });
}
std::map<std::string, std::vector<Row>> EverythingInFile(const std::string& path) {
  auto file = SqliteConnection::Open(path, SqliteConnection::Mode::kReadOnly).value();
  return Everything([&](const std::string& sql) { return file->Query(sql).value(); });
}

class BackupTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    backup_ = directory_.File("copy.db");
  }
  void Fill() {
    ASSERT_TRUE(AddSchema(*store_, "sales").has_value());
    for (int64_t i = 0; i < 250; ++i) ASSERT_TRUE(AddStatement(*store_, i).has_value());
    ASSERT_TRUE(store_
                    ->WriteRelaxed("INSERT INTO external_locations (name, path, may_register, created) VALUES ('drop', "
                                   "'/srv/drop/', 1, 9)")
                    .has_value());
  }
  std::string backup_;
};
INSTANTIATE_TEST_SUITE_P(Kinds, BackupTest, testing::Values("sqlite", "postgresql"));

TEST_P(BackupTest, HoldsEverythingInOneFileThatOnlyItsOwnerReads) {
  Fill();
  ASSERT_TRUE(store_->BackupTo(backup_).has_value());
  EXPECT_EQ(EverythingInFile(backup_), EverythingIn(*store_));
  struct stat status {};
  ASSERT_EQ(::stat(backup_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  // Neither a log nor a half-written copy beside it.
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path()))
    names.push_back(entry.path().filename());
  std::erase_if(names, [](const std::string& name) { return name.starts_with("metastore1.db"); });
  EXPECT_THAT(names, testing::ElementsAre("copy.db"));
}

TEST_P(BackupTest, NeverReplacesAFile) {
  std::ofstream(backup_) << "precious";
  const auto made = store_->BackupTo(backup_);
  EXPECT_EQ(made.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(std::filesystem::file_size(backup_), 8U);
  EXPECT_EQ(store_->BackupTo(directory_.File("absent/copy.db")).error().code(), ErrorCode::kNotFound);
}

TEST_P(BackupTest, RestoresIntoAnEmptyStoreOfEitherKind) {
  Fill();
  ASSERT_TRUE(store_->BackupTo(backup_).has_value());
  for (const std::string kind : {"sqlite", "postgresql"}) {
    std::string url, path;
    MakeAddress(kind, url, path);
    if (IsSkipped()) return;
    auto target = OpenStore(url, path).value();
    const auto restored = target->RestoreFrom(backup_);
    ASSERT_TRUE(restored.has_value()) << kind << ": " << restored.error().message();
    EXPECT_EQ(EverythingIn(*target), EverythingIn(*store_));
    EXPECT_EQ(CurrentMigration(*target).value(), NewestMigration());
    // Used from now on, as any store.
    EXPECT_TRUE(AddSchema(*target, "after").has_value());
    EXPECT_EQ(target->RestoreFrom(backup_).error().code(), ErrorCode::kAlreadyExists);
  }
}

TEST_P(BackupTest, OfAnOlderProgramIsMigrated) {
  ASSERT_TRUE(AddSchema(*store_, "old").has_value());
  ASSERT_TRUE(MigrateTo(*store_, 1).has_value());
  ASSERT_TRUE(store_->BackupTo(backup_).has_value());
  std::string url, path;
  MakeAddress(GetParam(), url, path);
  auto target = OpenStore(url, path).value();
  const auto restored = target->RestoreFrom(backup_);
  ASSERT_TRUE(restored.has_value()) << restored.error().message();
  EXPECT_EQ(CurrentMigration(*target).value(), NewestMigration());
  EXPECT_EQ(target->ReadOnce("SELECT name FROM schemas WHERE name = 'old'").value().size(), 1U);
  EXPECT_EQ(target->ReadOnce("SELECT name FROM principals").value(), (std::vector<Row>{{"local"}}));
}

TEST_P(BackupTest, BadFilesAreRefusedAndTheStoreIsUnharmed) {
  Fill();
  ASSERT_TRUE(store_->BackupTo(backup_).has_value());
  std::string url, path;
  MakeAddress(GetParam(), url, path);
  auto target = OpenStore(url, path).value();
  const auto before = EverythingIn(*target);

  EXPECT_EQ(target->RestoreFrom(directory_.File("absent")).error().code(), ErrorCode::kNotFound);
  std::ofstream(directory_.File("text")) << "this is no database, however long the text of it may be";
  EXPECT_EQ(target->RestoreFrom(directory_.File("text")).error().code(), ErrorCode::kCorruption);
  {
    auto foreign = SqliteConnection::Open(directory_.File("foreign"), SqliteConnection::Mode::kFile).value();
    ASSERT_TRUE(foreign->Run("CREATE TABLE t (a)").has_value());
  }
  EXPECT_EQ(target->RestoreFrom(directory_.File("foreign")).error().code(), ErrorCode::kInvalidArgument);
  std::filesystem::copy(backup_, directory_.File("cut"));
  std::filesystem::resize_file(directory_.File("cut"), std::filesystem::file_size(backup_) / 2);
  EXPECT_EQ(target->RestoreFrom(directory_.File("cut")).error().code(), ErrorCode::kCorruption);
  std::filesystem::copy(backup_, directory_.File("newer"));
  {
    auto newer = SqliteConnection::Open(directory_.File("newer"), SqliteConnection::Mode::kFile).value();
    ASSERT_TRUE(newer->Run("INSERT INTO schema_migrations VALUES (999, '', 0)").has_value());
  }
  EXPECT_EQ(target->RestoreFrom(directory_.File("newer")).error().code(), ErrorCode::kNotSupported);
  std::filesystem::copy(backup_, directory_.File("lacking"));
  {
    auto lacking = SqliteConnection::Open(directory_.File("lacking"), SqliteConnection::Mode::kFile).value();
    ASSERT_TRUE(lacking->Run("ALTER TABLE schemas DROP COLUMN comment").has_value());
  }
  EXPECT_EQ(target->RestoreFrom(directory_.File("lacking")).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(EverythingIn(*target), before);
}

// Each transaction adds a schema and a principal of the same name: a consistent copy has as many of both.
TEST_P(BackupTest, IsConsistentWhileWritesGoOn) {
  for (int64_t i = 0; i < 2000; ++i) ASSERT_TRUE(AddStatement(*store_, i).has_value());
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    while (!stop) {
      const std::string name = NewUuid();
      const auto outcome = store_->Write([&](Session& session) -> Result<void> {
        NL_RETURN_IF_ERROR(session.Execute("INSERT INTO schemas VALUES (?, ?, '', 0)", {name, name}));
        NL_RETURN_IF_ERROR(session.Execute(
            "INSERT INTO principals (id, name, role, disabled, created) VALUES (?, ?, 'reader', 0, 0)", {name, name}));
        return {};
      });
      EXPECT_TRUE(outcome.has_value());
      ++written;
    }
  });
  while (written < 5) std::this_thread::yield();
  for (int i = 0; i < 10; ++i) {
    const int before = written;
    const std::string path = directory_.File("copy" + std::to_string(i));
    const auto made = store_->BackupTo(path);
    ASSERT_TRUE(made.has_value()) << made.error().message();
    auto all = EverythingInFile(path);
    EXPECT_EQ(all["schemas"].size() - 4, all["principals"].size() - 1);
    EXPECT_GE(static_cast<int>(all["principals"].size()) - 1, before);
    EXPECT_EQ(all["statements"].size(), 2000U);
  }
  stop = true;
  writer.join();
}

TEST_P(BackupTest, CarriesTheVersionsItMatches) {
  ASSERT_TRUE(store_->BackupTo(backup_).has_value());
  EXPECT_EQ(ReadManifest(backup_).error().code(), ErrorCode::kNotFound);
  const std::vector<ManifestEntry> entries = {
      {TableId("b"), "bronze", "flights", "/lake/tables/b", 3, 4},
      {TableId("a"), "silver", "grün", "/lake/tables/a", 0, 0},
  };
  ASSERT_TRUE(WriteManifest(backup_, {{TableId("z"), "old", "old", "/old", 1, 1}}).has_value());
  ASSERT_TRUE(WriteManifest(backup_, entries).has_value());
  EXPECT_EQ(ReadManifest(backup_).value(), entries);
  ASSERT_TRUE(WriteManifest(backup_, {}).has_value());
  EXPECT_TRUE(ReadManifest(backup_).value().empty());
  EXPECT_EQ(WriteManifest(directory_.File("absent"), entries).error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(directory_.File("absent")));
  // A backup with a manifest restores like one without.
  std::string url, path;
  MakeAddress(GetParam(), url, path);
  EXPECT_TRUE(OpenStore(url, path).value()->RestoreFrom(backup_).has_value());
}

}  // namespace
}  // namespace neurolake::metastore
