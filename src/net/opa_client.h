#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/request_context.h"
#include "common/result.h"
#include "net/http_client.h"

namespace neurolake::net {

struct OpaClientOptions {
  std::string url;    ///< Of the server, "https://opa.example.org:8181"; the document's path is added.
  std::string token;  ///< Sent as a bearer token; empty: none.
  std::string certificate_authority_file;
  std::chrono::milliseconds timeout{500};  ///< For one answer, connecting included.
};

/// Asks an Open Policy Agent server for documents. Thread-safe.
/// Source: Open Policy Agent's REST API, "Data API", "Get a Document (with Input)".
class OpaClient {
 public:
  /// Errors: kInvalidArgument for a URL that is none, or a certificate authority that cannot be read.
  static Result<std::unique_ptr<OpaClient>> Make(OpaClientOptions options);

  /// The document `path` ("neurolake/authz") for `input_json`, JSON; nullopt where it is undefined. Errors of built-in
  /// functions are errors. Errors: kUnavailable for a server that cannot be reached, takes longer than the timeout or
  /// answers with anything but a document; kCancelled and kDeadlineExceeded of `ctx`.
  Result<std::optional<std::string>> Query(const RequestContext& ctx, const std::string& path,
                                           const std::string& input_json) const;

 private:
  OpaClient(std::unique_ptr<HttpClient> http, OpaClientOptions options)
      : http_(std::move(http)), options_(std::move(options)) {}

  Result<std::string> Ask(const RequestContext& ctx, const std::string& path, const std::string& input_json) const;

  const std::unique_ptr<HttpClient> http_;
  const OpaClientOptions options_;
};

}  // namespace neurolake::net
