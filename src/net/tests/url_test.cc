#include "net/url.h"

#include <gtest/gtest.h>

namespace neurolake::net {
namespace {

TEST(UrlTest, ReadsSchemeHostPortAndPath) {
  const auto url = ParseUrl("https://lake.example.org:8443/base/");
  ASSERT_TRUE(url.has_value());
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "lake.example.org");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/base");
  EXPECT_EQ(url->Origin(), "https://lake.example.org:8443");
}

TEST(UrlTest, PortDefaultsToTheSchemes) {
  EXPECT_EQ(ParseUrl("https://a")->port, 443);
  EXPECT_EQ(ParseUrl("http://a")->port, 80);
  EXPECT_EQ(ParseUrl("http://a")->Authority(), "a");
}

TEST(UrlTest, HostAndPortAloneMeanHttp) {
  const auto url = ParseUrl("127.0.0.1:8321");
  ASSERT_TRUE(url.has_value());
  EXPECT_FALSE(url->tls);
  EXPECT_EQ(url->port, 8321);
}

TEST(UrlTest, ReadsIpv6) {
  const auto url = ParseUrl("http://[::1]:8321");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->Authority(), "[::1]:8321");
}

TEST(UrlTest, RefusesWhatIsNotAServersAddress) {
  for (const char* text : {"", "ftp://a", "http://", "http://a:0", "http://a:99999", "http://a:", "http://a:8x",
                           "http://a?b", "http://a#b", "http://[::1", "http://[::1]8", "http://a b", "http://a/b c"}) {
    EXPECT_FALSE(ParseUrl(text).has_value()) << text;
  }
}

TEST(UrlTest, RefusesPasswordsWithoutRepeatingThem) {
  const auto url = ParseUrl("http://me:hunter2@a");
  ASSERT_FALSE(url.has_value());
  EXPECT_EQ(url.error().message().find("hunter2"), std::string::npos);
}

TEST(UrlTest, PercentEncodesAllButUnreserved) { EXPECT_EQ(PercentEncode("a b/é~"), "a%20b%2F%C3%A9~"); }

}  // namespace
}  // namespace neurolake::net
