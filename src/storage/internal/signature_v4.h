#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "storage/object_store_options.h"

namespace neurolake::storage::internal {

/// What of a request is signed. Source: "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference.
struct SignedRequest {
  std::string method;
  std::string path;                                          ///< As sent: percent-encoded once.
  std::vector<std::pair<std::string, std::string>> query;    ///< Not encoded.
  std::vector<std::pair<std::string, std::string>> headers;  ///< All of them are signed; with Host.
  std::string payload_sha256;                                ///< Lower-case hexadecimal.
};

struct SigningScope {
  WallTime at;
  std::string region;
  std::string service = "s3";
};

/// "20130524T000000Z"
std::string AmzDate(WallTime at);
std::string CanonicalRequest(const SignedRequest& request);
/// The value of the Authorization header.
std::string SignV4(const S3Credentials& credentials, const SigningScope& scope, const SignedRequest& request);

/// Percent-encodes a key for a URL's path: all but unreserved characters and "/".
std::string EncodeKey(std::string_view key);
/// "a=1&b=2", sorted by encoded name and value, as it is both sent and signed.
std::string EncodeQuery(const std::vector<std::pair<std::string, std::string>>& query);

/// Bytes of HMAC-SHA-256.
std::string HmacSha256(std::string_view key, std::string_view text);

}  // namespace neurolake::storage::internal
