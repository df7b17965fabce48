#include <gtest/gtest.h>

#include "storage/object_store_options.h"

namespace neurolake::storage {
namespace {

TEST(ObjectLocationTest, TakesPathsApart) {
  auto location = ParseObjectLocation("s3a://bucket/a/b c?.parquet").value();
  EXPECT_EQ(location.kind, ObjectLocation::Kind::kS3);
  EXPECT_EQ(location.scheme, "s3a");
  EXPECT_EQ(location.container, "bucket");
  EXPECT_EQ(location.key, "a/b c?.parquet");
  location = ParseObjectLocation("abfss://files@account.dfs.core.windows.net/t/x").value();
  EXPECT_EQ(location.kind, ObjectLocation::Kind::kAzure);
  EXPECT_EQ(location.container, "files");
  EXPECT_EQ(location.account, "account");
  EXPECT_EQ(location.key, "t/x");
  EXPECT_EQ(ParseObjectLocation("gs://bucket")->key, "");
  EXPECT_EQ(ParseObjectLocation("/lake/t")->kind, ObjectLocation::Kind::kLocal);
  EXPECT_TRUE(IsObjectStorePath("az://c/x"));
  EXPECT_FALSE(IsObjectStorePath("/az://c/x"));
  EXPECT_FALSE(IsObjectStorePath("http://host/x"));
}

TEST(ObjectLocationTest, RefusesWhatWouldLeadElsewhere) {
  for (const char* path :
       {"relative", "", "http://host/x", "file:///etc/passwd", "s3://", "s3:///key", "s3://b/../other", "s3://b/a/./c",
        "s3://user:hunter2@b/key", "s3://evil.example.org:80/key", "s3://b\n/key", "s3://b/k\r\nX: y", "s3://../key",
        "abfss://c@a:b@host/x", "s3://b#c/x", "az://c@/x"}) {
    const auto location = ParseObjectLocation(path);
    ASSERT_FALSE(location.has_value()) << path;
    EXPECT_EQ(location.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(location.error().message().find("hunter2"), std::string::npos);
  }
}

TEST(RoutingStoreTest, SendsEachPathToItsStoreAndRefusesTheRest) {
  const std::string directory = ::testing::TempDir() + "nl_routing";
  const auto store = NewRoutingStore(NewLocalStore(), ResolveByScheme({}));
  ASSERT_TRUE(store->MakeDirectory(directory).has_value());
  ASSERT_TRUE(store->Put(directory + "/x", "text").has_value());
  EXPECT_EQ(store->Read(directory + "/x").value(), "text");
  EXPECT_EQ(store->Read("s3://bucket/x").error().code(), ErrorCode::kNotSupported);
  EXPECT_EQ(store->Read("ftp://bucket/x").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(store->DeleteMany({directory + "/x"}).has_value());
  EXPECT_EQ(store->DeleteMany({directory + "/x", "gs://b/y"}).error().code(), ErrorCode::kNotSupported);
}

}  // namespace
}  // namespace neurolake::storage
