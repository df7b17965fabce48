#include "storage/path.h"

#include <gtest/gtest.h>

namespace neurolake::storage {
namespace {

TEST(PathTest, TellsUrlsFromPaths) {
  EXPECT_TRUE(IsUrl("s3://bucket/a"));
  EXPECT_TRUE(IsUrl("abfss://c@account.dfs.core.windows.net/a"));
  EXPECT_TRUE(IsUrl("S3://bucket"));
  EXPECT_TRUE(IsUrl("unknown://x"));
  EXPECT_FALSE(IsUrl("/s3://bucket/a"));
  EXPECT_FALSE(IsUrl("file:///a"));
  EXPECT_FALSE(IsUrl("s3:/bucket"));
  EXPECT_FALSE(IsUrl("a/s3://bucket"));
  EXPECT_FALSE(IsUrl(""));
}

TEST(PathTest, GivesUrlsOneSpelling) {
  EXPECT_EQ(NormalUrl("s3://bucket/a/b/").value(), "s3://bucket/a/b");
  EXPECT_EQ(NormalUrl("S3A://bucket/a").value(), "s3://bucket/a");
  EXPECT_EQ(NormalUrl("gcs://bucket/").value(), "gs://bucket");
  EXPECT_EQ(NormalUrl("s3://bucket/a b/day=1%2F2/ü?*#").value(), "s3://bucket/a b/day=1%2F2/ü?*#");
  EXPECT_EQ(NormalUrl("abfss://c@x.dfs.core.windows.net/a").value(), "abfss://c@x.dfs.core.windows.net/a");
}

TEST(PathTest, GivesAzurePlacesOneSpelling) {
  for (const char* url : {"az://box/a", "azure://box/a/", "AZ://Box/a", "abfss://box/a", "abfs://BOX/a"}) {
    EXPECT_EQ(NormalUrl(url).value(), "az://box/a") << url;
  }
  for (const char* url : {"abfss://box@acct.dfs.core.windows.net/A b", "abfs://box@acct.dfs.core.windows.net/A b",
                          "wasbs://Box@ACCT.blob.core.windows.net/A b/", "az://box@acct/A b",
                          "azure://box@acct.Blob.core.windows.net/A b"}) {
    EXPECT_EQ(NormalUrl(url).value(), "abfss://box@acct.dfs.core.windows.net/A b") << url;
  }
  EXPECT_EQ(NormalUrl("abfss://box@acct.dfs.core.windows.net").value(), "abfss://box@acct.dfs.core.windows.net");
  // The rest of the host would be ignored by what opens it.
  EXPECT_FALSE(NormalUrl("abfss://box@acct.example.org/a").has_value());
  EXPECT_FALSE(NormalUrl("abfss://box@acct.dfs.core.chinacloudapi.cn/a").has_value());
  EXPECT_NE(NormalUrl("az://box/a").value(), NormalUrl("az://box/A").value());
}

TEST(PathTest, RefusesUrlsWithMoreThanOneMeaning) {
  for (const char* url :
       {"s3://", "s3:///a", "s3://bucket//a", "s3://bucket/a//", "s3://bucket/a/../b", "s3://bucket/..",
        "s3://bucket/./a", "s3://../a", "s3://user:secret@host/a", "s3://bucket:80/a", "s3://a@b@c/d", "s3://@b/d",
        "s3://bucket/a\\..\\b", "s3://bucket/a\nb", "/local/path", "s3://bu?cket/a"}) {
    EXPECT_FALSE(NormalUrl(url).has_value()) << url;
  }
  EXPECT_FALSE(NormalUrl(std::string("s3://bucket/a\0b", 15)).has_value());
}

TEST(PathTest, ComparesPartByPart) {
  EXPECT_TRUE(IsBelow("s3://b/t1", "s3://b/t1"));
  EXPECT_TRUE(IsBelow("s3://b/t1/x", "s3://b/t1/"));
  EXPECT_FALSE(IsBelow("s3://b/t10", "s3://b/t1"));
  EXPECT_FALSE(IsBelow("s3://b", "s3://b/t1"));
  EXPECT_FALSE(IsBelow("s3://bb/t1", "s3://b"));
  EXPECT_FALSE(IsBelow("gs://b/t1", "s3://b/t1"));
  EXPECT_TRUE(IsBelow("/a/b", "/"));
  EXPECT_FALSE(IsBelow("/a/bc", "/a/b"));
}

TEST(PathTest, JoinsAndSplits) {
  EXPECT_EQ(JoinPath("s3://b/t", "x"), "s3://b/t/x");
  EXPECT_EQ(JoinPath("/t/", "x"), "/t/x");
  EXPECT_EQ(JoinPath("s3://b/t", "s3://c/x"), "s3://c/x");
  EXPECT_EQ(JoinPath("s3://b/t", "/x"), "/x");
  EXPECT_EQ(ParentPath("s3://b/t/x"), "s3://b/t");
  EXPECT_EQ(ParentPath("s3://b/t"), "s3://b");
  EXPECT_EQ(ParentPath("s3://b"), "s3://b");
  EXPECT_EQ(ParentPath("/a/b"), "/a");
  EXPECT_EQ(ParentPath("/a"), "/");
}

TEST(PathTest, NormalisesTextsOfLogs) {
  EXPECT_EQ(NormalPath("/t/./a//b"), "/t/a/b");
  EXPECT_EQ(NormalPath("s3://b/t/a"), "s3://b/t/a");
  EXPECT_EQ(NormalPath("s3://b/t/../a"), "s3://b/t/../a");
}

}  // namespace
}  // namespace neurolake::storage
