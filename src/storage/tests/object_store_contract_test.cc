#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "storage/tests/real_services.h"

namespace neurolake::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

/// One kind of store: what it is called, how it is made, and where a test may write.
struct Kind {
  std::string name;
  std::function<Result<std::unique_ptr<ObjectStore>>()> make;
  std::function<std::string()> problem;
  std::string root;
};

std::vector<Kind> Kinds() {
  const auto fine = [] { return std::string(); };
  return {
      {"Local", [] { return Result<std::unique_ptr<ObjectStore>>(NewLocalStore()); }, fine,
       ::testing::TempDir() + "nl_contract_" + std::to_string(::getpid())},
      {"S3", [] { return NewS3Store(SeaweedOptions()); }, [] { return Seaweed().problem; }, "s3://lake/root"},
      {"Gcs", [] { return NewGcsStore(FakeGcsOptions()); }, [] { return FakeGcs().problem; }, "gs://lake/root"},
      {"Azure", [] { return NewAzureStore(AzuriteOptions()); }, [] { return Azurite().problem; }, "az://lake/root"},
  };
}

/// The same promises of every store, against real servers.
class ObjectStoreContractTest : public ::testing::TestWithParam<size_t> {
 protected:
  void SetUp() override {
    const Kind kind = Kinds()[GetParam()];
    ASSERT_EQ(kind.problem(), "");
    store_ = kind.make().value();
    directory_ = kind.root + "/" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::ranges::replace(directory_, ' ', '_');
    ASSERT_TRUE(store_->MakeDirectory(directory_).has_value());
  }
  void TearDown() override {
    const Kind kind = Kinds()[GetParam()];
    std::error_code ignored;
    if (kind.name == "Local") std::filesystem::remove_all(kind.root, ignored);
  }
  std::string At(const std::string& name) const { return directory_ + "/" + name; }
  void Put(const std::string& name, const std::string& bytes = "x") {
    const auto put = store_->Put(At(name), bytes);
    ASSERT_TRUE(put.has_value()) << put.error().message();
  }
  std::vector<std::string> Names(const std::vector<ObjectInfo>& objects) const {
    std::vector<std::string> names;
    for (const ObjectInfo& object : objects) names.push_back(object.path.substr(directory_.size() + 1));
    return names;
  }

  std::unique_ptr<ObjectStore> store_;
  std::string directory_;
};

TEST_P(ObjectStoreContractTest, ReadsWhatWasPut) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  Put("x", bytes);
  EXPECT_EQ(store_->Read(At("x")).value(), bytes);
  EXPECT_EQ(store_->ReadRange(At("x"), 10, 5).value(), bytes.substr(10, 5));
  EXPECT_EQ(store_->ReadRange(At("x"), 250, 100).value(), bytes.substr(250));
  EXPECT_EQ(store_->ReadRange(At("x"), 256, 10).value(), "");
  EXPECT_EQ(store_->ReadRange(At("x"), 1000, 10).value(), "");
  EXPECT_EQ(store_->ReadRange(At("x"), 3, 0).value(), "");
  const ObjectInfo info = store_->Head(At("x")).value();
  EXPECT_EQ(info.size_bytes, 256);
  EXPECT_EQ(info.path, At("x"));
  EXPECT_GT(info.modified, WallTime(std::chrono::hours(24 * 365 * 50)));
  Put("x", "");
  EXPECT_EQ(store_->Read(At("x")).value(), "");
  EXPECT_EQ(store_->Head(At("x"))->size_bytes, 0);
}

TEST_P(ObjectStoreContractTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(store_->Read(At("none")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->ReadRange(At("none"), 0, 1).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->ReadRange(At("none"), 0, 0).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->Head(At("none")).error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(store_->Delete(At("none")).has_value());
  EXPECT_TRUE(store_->List(At("nodirectory")).value().empty());
  EXPECT_EQ(store_->Head(directory_).error().code(), ErrorCode::kNotFound);
}

TEST_P(ObjectStoreContractTest, OneOfManyCreates) {
  constexpr int kWriters = 8;
  std::atomic<int> created = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&, i] {
        const auto put = store_->PutIfAbsent(At("7.json"), "writer " + std::to_string(i));
        if (put.has_value()) ++created;
        else if (put.error().code() == ErrorCode::kAlreadyExists) ++refused;
        else ADD_FAILURE() << put.error().message();
      });
    }
  }
  EXPECT_EQ(created, 1);
  EXPECT_EQ(refused, kWriters - 1);
  const std::string winner = store_->Read(At("7.json")).value();
  EXPECT_EQ(store_->PutIfAbsent(At("7.json"), "late").error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(store_->Read(At("7.json")).value(), winner);
  ASSERT_TRUE(store_->Delete(At("7.json")).has_value());
  EXPECT_TRUE(store_->PutIfAbsent(At("7.json"), "again").has_value());
  const auto checked = CheckConditionalWrites(*store_, directory_);
  EXPECT_TRUE(checked.has_value()) << checked.error().message();
  EXPECT_EQ(store_->List(directory_)->size(), 1);
}

TEST_P(ObjectStoreContractTest, ListsOneLevelInOrder) {
  for (const char* name : {"b", "a", "c", "B", "a.b", "a-b", "\xC3\xA4"}) Put(name);
  ASSERT_TRUE(store_->MakeDirectory(At("d")).has_value());
  Put("d/deep");
  const auto all = store_->List(directory_).value();
  EXPECT_THAT(Names(all), ElementsAre("B", "a", "a-b", "a.b", "b", "c", "\xC3\xA4"));
  EXPECT_EQ(all[0].size_bytes, 1);
  EXPECT_THAT(Names(store_->List(directory_ + "/", "a.b").value()), ElementsAre("b", "c", "\xC3\xA4"));
  EXPECT_THAT(Names(store_->List(directory_, "a").value()), ElementsAre("a-b", "a.b", "b", "c", "\xC3\xA4"));
  EXPECT_TRUE(store_->List(directory_, "\xC3\xA5").value().empty());
}

TEST_P(ObjectStoreContractTest, KeepsStrangeNames) {
  const std::vector<std::string> names = {
      "a b", "a%20b", "a+b", "a&b=c", "p=x%2Fy", "\xE4\xB8\xAD\xE6\x96\x87", "a;b,c@d'e(f)!*"};
  for (const std::string& name : names) {
    Put(name, name);
    EXPECT_EQ(store_->Read(At(name)).value(), name);
  }
  EXPECT_THAT(Names(store_->List(directory_).value()), ::testing::UnorderedElementsAreArray(names));
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(At(name));
  ASSERT_TRUE(store_->DeleteMany(paths).has_value());
  EXPECT_TRUE(store_->List(directory_).value().empty());
}

TEST_P(ObjectStoreContractTest, ListsMoreThanAPage) {
  constexpr int kCount = 1'100;
  std::vector<std::string> paths(kCount);
  {
    std::vector<std::jthread> writers;
    for (int thread = 0; thread < 8; ++thread) {
      writers.emplace_back([&, thread] {
        for (int i = thread; i < kCount; i += 8) {
          paths[static_cast<size_t>(i)] = At(fmt::format("{:020}.json", i));
          const auto put = store_->Put(paths[static_cast<size_t>(i)], "{}");
          if (!put.has_value()) ADD_FAILURE() << put.error().message();
        }
      });
    }
  }
  const auto all = store_->List(directory_).value();
  ASSERT_EQ(all.size(), kCount);
  EXPECT_EQ(all.back().path, paths.back());
  EXPECT_EQ(store_->List(directory_, fmt::format("{:020}.json", kCount - 3)).value().size(), 2);
  const auto deleted = store_->DeleteMany(paths);
  ASSERT_TRUE(deleted.has_value()) << deleted.error().message();
  EXPECT_TRUE(store_->List(directory_).value().empty());
}

TEST_P(ObjectStoreContractTest, WalksBelowADirectory) {
  for (const char* directory : {"p=1", "p=1/q=2", "_delta_log"})
    ASSERT_TRUE(store_->MakeDirectory(At(directory)).has_value());
  for (const char* name : {"a", "p=1/b", "p=1/q=2/c", "_delta_log/0.json"}) Put(name);
  std::vector<std::string> found;
  const auto walked = store_->Walk(
      directory_, [](const std::string& name) { return name != "_delta_log"; },
      [&](const ObjectInfo& info) {
        found.push_back(info.path.substr(directory_.size() + 1));
        return Result<void>();
      });
  ASSERT_TRUE(walked.has_value());
  EXPECT_THAT(found, UnorderedElementsAre("a", "p=1/b", "p=1/q=2/c"));
  int seen = 0;
  const auto ended = store_->Walk(
      directory_, [](const std::string&) { return true; },
      [&](const ObjectInfo&) -> Result<void> {
        ++seen;
        return MakeError(ErrorCode::kCancelled, "enough");
      });
  EXPECT_EQ(ended.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(seen, 1);
}

TEST_P(ObjectStoreContractTest, UploadsInPieces) {
  std::string bytes;
  while (bytes.size() < (18 << 20)) bytes += fmt::format("{:016x}", bytes.size() * 0x9e3779b97f4a7c15);
  auto writer = store_->NewUpload(At("new/dir/big.parquet"), {.if_absent = true}).value();
  for (size_t at = 0; at < bytes.size(); at += 1'000'000) {
    ASSERT_TRUE(writer->Append(std::string_view(bytes).substr(at, 1'000'000)).has_value());
  }
  EXPECT_EQ(store_->Head(At("new/dir/big.parquet")).error().code(), ErrorCode::kNotFound);
  const auto finished = writer->Finish();
  ASSERT_TRUE(finished.has_value()) << finished.error().message();
  EXPECT_TRUE(store_->Read(At("new/dir/big.parquet")).value() == bytes);
  auto reader = store_->OpenBelow(directory_, At("new/dir/big.parquet")).value();
  std::string read;
  while (true) {
    const std::string piece = reader->Read(5'000'000).value();
    if (piece.empty()) break;
    read += piece;
  }
  EXPECT_TRUE(read == bytes);

  // The emulator does not look at the condition of an upload in parts, as Google does.
  const bool is_emulator_lax = Kinds()[GetParam()].name == "Gcs";
  for (const size_t size : {size_t{3}, is_emulator_lax ? size_t{4} : bytes.size()}) {
    auto second = store_->NewUpload(At("new/dir/big.parquet"), {.if_absent = true}).value();
    ASSERT_TRUE(second->Append(std::string_view(bytes).substr(0, size)).has_value());
    const auto refused = second->Finish();
    ASSERT_FALSE(refused.has_value()) << size;
    EXPECT_EQ(refused.error().code(), ErrorCode::kAlreadyExists) << refused.error().message();
  }
  EXPECT_TRUE(store_->Read(At("new/dir/big.parquet")).value() == bytes);
  auto replacing = store_->NewUpload(At("new/dir/big.parquet")).value();
  ASSERT_TRUE(replacing->Append("small").has_value());
  ASSERT_TRUE(replacing->Finish().has_value());
  EXPECT_EQ(store_->Read(At("new/dir/big.parquet")).value(), "small");
}

TEST_P(ObjectStoreContractTest, AnUploadGivenUpLeavesNothing) {
  const std::string large(9 << 20, 'x');
  {
    auto forgotten = store_->NewUpload(At("forgotten")).value();
    ASSERT_TRUE(forgotten->Append(large).has_value());
    auto aborted = store_->NewUpload(At("aborted")).value();
    ASSERT_TRUE(aborted->Append(large).has_value());
    aborted->Abort();
  }
  EXPECT_TRUE(store_->List(directory_).value().empty());
}

TEST_P(ObjectStoreContractTest, StaysBelowADirectory) {
  ASSERT_TRUE(store_->MakeDirectory(At("t")).has_value());
  Put("t/a", "text");
  Put("secret", "secret");
  EXPECT_EQ(store_->DeleteBelow(At("t"), At("secret")).error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(store_->DeleteBelow(At("t"), At("t/../secret")).error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(store_->OpenBelow(At("t"), At("secret")).error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(store_->LeadsThroughLink(At("t"), At("secret")).error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(store_->Read(At("secret")).value(), "secret");
  EXPECT_FALSE(store_->LeadsThroughLink(At("t"), At("t/a")).value());
  EXPECT_TRUE(store_->DeleteBelow(At("t"), At("t/a")).has_value());
  EXPECT_TRUE(store_->DeleteBelow(At("t"), At("t/a")).has_value());
  EXPECT_EQ(store_->OpenBelow(At("t"), At("t/a")).error().code(), ErrorCode::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreContractTest, ::testing::Range<size_t>(0, 4),
                         [](const auto& info) { return Kinds()[info.param].name; });

// ---- What goes wrong, on the real servers ----

void ExpectError(const Error& error, ErrorCode code, const std::string& part) {
  EXPECT_EQ(error.code(), code) << error.message();
  EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  for (const char* secret : {"wrongsecret", "writersecret", "readersecret", kAzuriteKey, "d3Jvbmc="}) {
    EXPECT_EQ(error.message().find(secret), std::string::npos) << error.message();
  }
}

TEST(SeaweedTest, WrongKeysAndMissingBucketsAreClear) {
  ASSERT_EQ(Seaweed().problem, "");
  const auto wrong_secret = NewS3Store(SeaweedOptions("writer", "wrongsecret")).value();
  ExpectError(wrong_secret->Read("s3://lake/x").error(), ErrorCode::kPermissionDenied,
              "s3://lake at " + Seaweed().endpoint);
  ExpectError(wrong_secret->PutIfAbsent("s3://lake/x", "y").error(), ErrorCode::kPermissionDenied, "s3://lake");
  ExpectError(wrong_secret->List("s3://lake/x").error(), ErrorCode::kPermissionDenied, "s3://lake");
  const auto nobody = NewS3Store(SeaweedOptions("nobody", "wrongsecret")).value();
  ExpectError(nobody->Head("s3://lake/x").error(), ErrorCode::kPermissionDenied, "s3://lake");
  const auto reader = NewS3Store(SeaweedOptions("reader", "readersecret")).value();
  ExpectError(reader->Put("s3://lake/x", "y").error(), ErrorCode::kPermissionDenied, "s3://lake");
  ExpectError(reader->Read("s3://lake/x").error(), ErrorCode::kNotFound, "key x");
  const auto writer = NewS3Store(SeaweedOptions()).value();
  ExpectError(writer->List("s3://nobucket/x").error(), ErrorCode::kNotFound, "s3://nobucket");
  ExpectError(writer->Read("s3://nobucket/x").error(), ErrorCode::kNotFound, "s3://nobucket");
  // SeaweedFS would make the bucket, for whoever may.
  ExpectError(writer->PutIfAbsent("s3://nobucket/x", "y").error(), ErrorCode::kPermissionDenied, "s3://nobucket");
}

TEST(FakeGcsTest, MissingBucketsAreClear) {
  ASSERT_EQ(FakeGcs().problem, "");
  const auto store = NewGcsStore(FakeGcsOptions()).value();
  ExpectError(store->List("gs://nobucket/x").error(), ErrorCode::kNotFound, "gs://nobucket");
  ExpectError(store->Read("gs://nobucket/x").error(), ErrorCode::kNotFound, "gs://nobucket");
  ExpectError(store->PutIfAbsent("gs://nobucket/x", "y").error(), ErrorCode::kNotFound, "gs://nobucket");
}

TEST(AzuriteTest, WrongKeysAndMissingContainersAreClear) {
  ASSERT_EQ(Azurite().problem, "");
  AzureOptions options = AzuriteOptions();
  options.account_key = "d3Jvbmc=";
  const auto wrong = NewAzureStore(options).value();
  ExpectError(wrong->Read("az://lake/x").error(), ErrorCode::kPermissionDenied, "az://lake at");
  ExpectError(wrong->PutIfAbsent("az://lake/x", "y").error(), ErrorCode::kPermissionDenied, "az://lake at");
  const auto store = NewAzureStore(AzuriteOptions()).value();
  ExpectError(store->List("az://nocontainer/x").error(), ErrorCode::kNotFound, "the container does not exist");
  ExpectError(store->Read("az://nocontainer/x").error(), ErrorCode::kNotFound, "the container does not exist");
  ExpectError(store->Read("abfss://lake@other.dfs.core.windows.net/x").error(), ErrorCode::kInvalidArgument, "other");
  EXPECT_TRUE(store->Put("abfss://lake@devstoreaccount1.dfs.core.windows.net/alias", "y").has_value());
  EXPECT_EQ(store->Read("az://lake/alias").value(), "y");
}

}  // namespace
}  // namespace neurolake::storage
