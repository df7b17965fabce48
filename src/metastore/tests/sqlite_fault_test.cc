#include <fcntl.h>
#include <gmock/gmock.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "common/ids.h"
#include "metastore/internal/sqlite_connection.h"
#include "metastore/tests/store_fixture.h"

namespace neurolake::metastore {
namespace {

// Two rows that belong together.
Result<void> AddPair(Store& store, const std::string& name, const std::string& comment = "") {
  return store.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("INSERT INTO schemas VALUES (?, ?, ?, 0)", {name, name, comment}));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO principals (id, name, role, disabled, created) VALUES (?, ?, 'reader', 0, 0)", {name, name}));
    return {};
  });
}

int64_t CountOf(Store& store, const std::string& table) {
  return std::get<int64_t>(store.ReadOnce("SELECT COUNT(*) FROM " + table).value().at(0).at(0));
}

TEST(SqliteFaultTest, TheFileIsClosedToOtherUsers) {
  TemporaryDirectory directory;
  const auto store = OpenStore("", directory.File("m.db")).value();
  for (const char* name : {"m.db", "m.db-wal", "m.db-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat(directory.File(name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0077, 0U) << name;
  }
}

TEST(SqliteFaultTest, AMissingDirectoryIsAClearError) {
  const auto opened = OpenStore("", "/nonexistent-directory/m.db");
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(opened.error().message(), testing::HasSubstr("/nonexistent-directory/m.db"));
}

TEST(SqliteFaultTest, AReadOnlyDirectoryIsAClearError) {
  TemporaryDirectory directory;
  // Root may write anywhere, so the attempt is made by a child that is somebody else.
  ::chmod(directory.path().c_str(), 0555);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    const auto opened = OpenStore("", directory.File("m.db"));
    ::_exit(!opened.has_value() && opened.error().code() == ErrorCode::kReadOnly ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ::chmod(directory.path().c_str(), 0755);
}

TEST(SqliteFaultTest, DamageIsReportedAsDamage) {
  TemporaryDirectory directory;
  const std::string path = directory.File("m.db");
  {
    const auto store = OpenStore("", path).value();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(AddPair(*store, NewUuid(), std::string(100, 'c')).has_value());
  }
  std::filesystem::copy(path, directory.File("header.db"));
  std::fstream(directory.File("header.db"), std::ios::in | std::ios::out) << "garbage garbage garbage";
  const auto header = OpenStore("", directory.File("header.db"));
  ASSERT_FALSE(header.has_value());
  EXPECT_EQ(header.error().code(), ErrorCode::kCorruption);

  // Every page but the first.
  std::filesystem::copy(path, directory.File("pages.db"));
  {
    std::fstream file(directory.File("pages.db"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(std::filesystem::file_size(path) - 4096, '\xA5');
  }
  const auto pages = OpenStore("", directory.File("pages.db"));
  if (pages.has_value()) {
    EXPECT_EQ((*pages)->ReadOnce("SELECT * FROM schemas").error().code(), ErrorCode::kCorruption);
  } else {
    EXPECT_EQ(pages.error().code(), ErrorCode::kCorruption);
  }
}

TEST(SqliteFaultTest, AKillDuringWritesLeavesAConsistentStore) {
  TemporaryDirectory directory;
  const std::string path = directory.File("m.db");
  ASSERT_TRUE(OpenStore("", path).has_value());
  int64_t last = 0;
  for (int round = 0; round < 5; ++round) {
    int progress[2];
    ASSERT_EQ(::pipe(progress), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = OpenStore("", path).value();
      for (;;) {
        if (!AddPair(*store, NewUuid(), std::string(3000, 'c')).has_value()) ::_exit(1);
        if (::write(progress[1], "x", 1) != 1) ::_exit(1);
      }
    }
    // At least this many commits were acknowledged before the kill.
    char acknowledged[64];
    for (int64_t seen = 0; seen < 40;) seen += ::read(progress[0], acknowledged, sizeof(acknowledged));
    std::this_thread::sleep_for(std::chrono::milliseconds(round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(progress[0]);
    ::close(progress[1]);
    const auto store = OpenStore("", path).value();
    EXPECT_EQ(CountOf(*store, "schemas") - 4, CountOf(*store, "principals") - 1);
    EXPECT_GE(CountOf(*store, "principals") - 1, last + 40);
    last = CountOf(*store, "principals") - 1;
  }
  auto file = SqliteConnection::Open(path, SqliteConnection::Mode::kWriter).value();
  EXPECT_EQ(file->Query("PRAGMA integrity_check").value(), (std::vector<Row>{{"ok"}}));
}

TEST(SqliteFaultTest, AFullDiskFailsTheWriteAndNothingElse) {
  TemporaryDirectory directory;
  if (::geteuid() != 0 || ::mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=2m") != 0) {
    GTEST_SKIP() << "cannot mount a small file system";
  }
  {
    const auto store = OpenStore("", directory.File("m.db")).value();
    std::ofstream(directory.File("ballast")) << std::string(1 << 20, 'b');
    Result<void> outcome;
    int64_t added = 0;
    for (; outcome.has_value() && added < 10'000; ++added) outcome = AddPair(*store, NewUuid(), std::string(5000, 'c'));
    --added;
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().code(), ErrorCode::kDiskFull) << outcome.error().message();
    EXPECT_EQ(CountOf(*store, "schemas"), added + 4);
    EXPECT_EQ(CountOf(*store, "principals"), added + 1);
    const auto backup = store->BackupTo(directory.File("copy.db"));
    ASSERT_FALSE(backup.has_value());
    EXPECT_EQ(backup.error().code(), ErrorCode::kDiskFull) << backup.error().message();
    EXPECT_FALSE(std::filesystem::exists(directory.File("copy.db")));
    std::filesystem::remove(directory.File("ballast"));
    EXPECT_TRUE(AddPair(*store, "again").has_value());
    EXPECT_EQ(CountOf(*store, "principals"), added + 2);
  }
  ::umount(directory.path().c_str());
}

TEST(SqliteFaultTest, AnotherProcessWritingIsWaitedFor) {
  TemporaryDirectory directory;
  const std::string path = directory.File("m.db");
  const auto store = OpenStore("", path).value();
  const auto other = OpenStore("", path).value();
  std::atomic<bool> inside = false;
  std::thread slow([&] {
    EXPECT_TRUE(other
                    ->Write([&](Session& session) -> Result<void> {
                      inside = true;
                      std::this_thread::sleep_for(std::chrono::milliseconds(300));
                      NL_RETURN_IF_ERROR(session.Execute("INSERT INTO schemas VALUES ('1', 'slow', '', 0)"));
                      return {};
                    })
                    .has_value());
  });
  while (!inside) std::this_thread::yield();
  EXPECT_EQ(CountOf(*store, "schemas"), 4);  // Readers do not wait.
  EXPECT_TRUE(AddPair(*store, "fast").has_value());
  slow.join();
  EXPECT_EQ(CountOf(*store, "schemas"), 6);
}

}  // namespace
}  // namespace neurolake::metastore
