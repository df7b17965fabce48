#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "storage/object_store.h"

namespace neurolake::storage {
namespace {

/// A directory of its own, removed at the end.
class LocalStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "nl-local-store-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  size_t CountEntries() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(directory_), {}));
  }

  std::string directory_;
  std::unique_ptr<ObjectStore> store_ = NewLocalStore();
};

TEST_F(LocalStoreTest, PutIfAbsentCreatesOnceAndKeepsTheFirst) {
  ASSERT_TRUE(store_->PutIfAbsent(Path("a"), "first").has_value());
  auto second = store_->PutIfAbsent(Path("a"), "second");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(store_->Read(Path("a")).value(), "first");
  EXPECT_EQ(CountEntries(), 1u);
}

TEST_F(LocalStoreTest, PutReplacesAtomicallyAndLeavesNothingElse) {
  ASSERT_TRUE(store_->Put(Path("a"), "one").has_value());
  ASSERT_TRUE(store_->Put(Path("a"), std::string(1 << 20, 'x')).has_value());
  EXPECT_EQ(store_->Read(Path("a"))->size(), size_t{1} << 20);
  EXPECT_EQ(CountEntries(), 1u);
}

TEST_F(LocalStoreTest, PutIntoAMissingDirectoryIsNotFoundAndMakesNone) {
  auto put = store_->PutIfAbsent(Path("missing/a"), "x");
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(CountEntries(), 0u);
}

TEST_F(LocalStoreTest, ReadRangeGivesFewerBytesAtTheEnd) {
  ASSERT_TRUE(store_->Put(Path("a"), "0123456789").has_value());
  EXPECT_EQ(store_->ReadRange(Path("a"), 2, 3).value(), "234");
  EXPECT_EQ(store_->ReadRange(Path("a"), 8, int64_t{1} << 60).value(), "89");
  EXPECT_EQ(store_->ReadRange(Path("a"), 99, 1).value(), "");
  EXPECT_EQ(store_->ReadRange(Path("a"), -1, 1).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(LocalStoreTest, MissingObjectsAreNotFound) {
  EXPECT_EQ(store_->Read(Path("a")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->Head(Path("a")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->ReadRange(Path("a"), 0, 1).error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(store_->Delete(Path("a")).has_value());
  EXPECT_TRUE(store_->List(Path("a"), "")->empty());
}

TEST_F(LocalStoreTest, ListIsSortedByByteAndBeginsAfterTheName) {
  for (const char* name : {"b", "a", "B", "a.json", "c"}) ASSERT_TRUE(store_->Put(Path(name), "x").has_value());
  std::filesystem::create_directory(Path("directory"));
  std::ofstream(Path(".nl-left.tmp")) << "a killed process left this";
  auto all = store_->List(directory_, "");
  ASSERT_TRUE(all.has_value());
  std::vector<std::string> names;
  for (const auto& info : *all) names.push_back(info.path.substr(directory_.size() + 1));
  EXPECT_EQ(names, (std::vector<std::string>{"B", "a", "a.json", "b", "c"}));
  auto some = store_->List(directory_ + "/", "a");
  ASSERT_EQ(some->size(), 3u);
  EXPECT_EQ(some->front().path, Path("a.json"));
  EXPECT_EQ(some->front().size_bytes, 1);
}

TEST_F(LocalStoreTest, MakeDirectoryMakesParentsAndMayBeRepeated) {
  ASSERT_TRUE(store_->MakeDirectory(Path("x/y/z")).has_value());
  ASSERT_TRUE(store_->MakeDirectory(Path("x/y/z")).has_value());
  EXPECT_TRUE(std::filesystem::is_directory(Path("x/y/z")));
  ASSERT_TRUE(store_->Put(Path("file"), "x").has_value());
  EXPECT_FALSE(store_->MakeDirectory(Path("file")).has_value());
}

TEST_F(LocalStoreTest, OneOfManyRacingCreatorsWins) {
  std::atomic<int> winners = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        auto put = store_->PutIfAbsent(Path(fmt::format("r{}", round)), fmt::format("{}", i));
        if (put.has_value()) ++winners;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(winners.load(), 20);
  EXPECT_EQ(CountEntries(), 20u);
}

TEST_F(LocalStoreTest, ReadOnlyDirectoryIsSaidAndNothingIsLeft) {
  if (::geteuid() == 0) GTEST_SKIP() << "permissions do not bind root";
  ::chmod(directory_.c_str(), 0555);
  auto put = store_->PutIfAbsent(Path("a"), "x");
  ::chmod(directory_.c_str(), 0755);
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(CountEntries(), 0u);
}

/// Needs the right to mount; elsewhere the fault-injecting store stands in.
TEST_F(LocalStoreTest, FullDiskIsSaidAndNothingIsLeft) {
  if (::mount("tmpfs", directory_.c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "no right to mount";
  auto put = store_->PutIfAbsent(Path("a"), std::string(1 << 20, 'x'));
  const size_t entries = CountEntries();
  auto small = store_->PutIfAbsent(Path("b"), "fits");
  ::mount("tmpfs", directory_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k");
  auto read_only = store_->Put(Path("c"), "x");
  ::umount(directory_.c_str());
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().code(), ErrorCode::kDiskFull);
  EXPECT_EQ(entries, 0u);
  EXPECT_TRUE(small.has_value());
  ASSERT_FALSE(read_only.has_value());
  EXPECT_EQ(read_only.error().code(), ErrorCode::kReadOnly);
}

/// A writer killed at any moment leaves whole objects only, and no temporary file.
TEST_F(LocalStoreTest, KilledWriterLeavesWholeObjectsOnly) {
  const std::string bytes(1 << 20, 'x');
  for (int round = 0; round < 10; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = NewLocalStore();
      for (int i = 0;; ++i) (void)store->PutIfAbsent(Path(fmt::format("{}-{}", round, i)), bytes);
    }
    ::usleep(5'000 + round * 2'000);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    EXPECT_EQ(entry.file_size(), bytes.size()) << entry.path();
    EXPECT_FALSE(entry.path().filename().string().starts_with(".nl-")) << entry.path();
  }
}

}  // namespace
}  // namespace neurolake::storage
