#include "storage/internal/signature_v4.h"

#include <gtest/gtest.h>

#include "common/text.h"

namespace neurolake::storage::internal {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

const std::string kEmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Amazon's test suite for Signature Version 4.
std::string SuiteSignature(std::string method, Pairs query, Pairs headers = {}) {
  headers.emplace_back("Host", "example.amazonaws.com");
  headers.emplace_back("X-Amz-Date", "20150830T123600Z");
  const std::string value =
      SignV4({.access_key_id = "AKIDEXAMPLE",
              .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
              .session_token = {},
              .expires_at = {}},
             {.at = *ParseTimestamp("2015-08-30T12:36:00Z"), .region = "us-east-1", .service = "service"},
             {.method = std::move(method),
              .path = "/",
              .query = std::move(query),
              .headers = headers,
              .payload_sha256 = kEmptyHash});
  return value.substr(value.rfind('=') + 1);
}

TEST(SignatureV4Test, AmazonsTestSuite) {
  EXPECT_EQ(SuiteSignature("GET", {}), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(SuiteSignature("GET", {{"Param2", "value2"}, {"Param1", "value1"}}),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(SuiteSignature("GET", {{"Param1", "value2"}, {"Param1", "value1"}}),
            "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694");
  EXPECT_EQ(SuiteSignature("GET", {{"\u1234", "bar"}}),
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04");
  const std::string unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  EXPECT_EQ(SuiteSignature("GET", {{unreserved, unreserved}}),
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197");
  EXPECT_EQ(
      SuiteSignature(
          "GET", {},
          {{"My-Header1", "value4"}, {"My-Header1", "value1"}, {"My-Header1", "value3"}, {"My-Header1", "value2"}}),
      "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01");
}

struct S3Example {
  std::string method;
  std::string path;
  Pairs query;
  Pairs headers;
  std::string hash = kEmptyHash;
  std::string signature;
};

/// The examples of "Authenticating Requests: Using the Authorization Header" in the S3 API reference.
TEST(SignatureV4Test, AmazonsS3Examples) {
  const std::string welcome = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
  const std::vector<S3Example> examples = {
      {.method = "GET",
       .path = "/test.txt",
       .query = {},
       .headers = {{"Range", "bytes=0-9"}},
       .signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {.method = "PUT",
       .path = "/" + EncodeKey("test$file.text"),
       .query = {},
       .headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       .hash = welcome,
       .signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {.method = "GET",
       .path = "/",
       .query = {{"lifecycle", ""}},
       .headers = {},
       .signature = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {.method = "GET",
       .path = "/",
       .query = {{"max-keys", "2"}, {"prefix", "J"}},
       .headers = {},
       .signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  const WallTime at = *ParseTimestamp("2013-05-24T00:00:00Z");
  for (const S3Example& example : examples) {
    Pairs headers = example.headers;
    headers.emplace_back("host", "examplebucket.s3.amazonaws.com");
    headers.emplace_back("x-amz-content-sha256", example.hash);
    headers.emplace_back("x-amz-date", AmzDate(at));
    const std::string value = SignV4({.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                                      .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                      .session_token = {},
                                      .expires_at = {}},
                                     {.at = at, .region = "us-east-1"},
                                     {.method = example.method,
                                      .path = example.path,
                                      .query = example.query,
                                      .headers = headers,
                                      .payload_sha256 = example.hash});
    EXPECT_TRUE(value.starts_with(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders="))
        << value;
    EXPECT_EQ(value.substr(value.rfind('=') + 1), example.signature) << example.path;
  }
}

TEST(SignatureV4Test, KeysAreEncodedOnceAndKeepTheirSlashes) {
  EXPECT_EQ(EncodeKey("a b/c%20d/e=1/\xC3\xA4+"), "a%20b/c%2520d/e%3D1/%C3%A4%2B");
}

}  // namespace
}  // namespace neurolake::storage::internal
