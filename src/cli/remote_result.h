#pragma once
#include <functional>
#include <memory>
#include <string>

#include "net/http_client.h"
#include "query/service.h"

namespace neurolake::cli {

/// What a running statement asks its server beside the rows; both may be called from any thread.
struct StatementCalls {
  /// The JSON of GET /v1/statements/{id}, or the statement's entry of GET /v1/history.
  std::function<Result<std::string>(const std::string& id)> read;
  std::function<void(const std::string& id)> cancel;
};

/// The rows of a statement on a server, decoded from the Arrow stream in `response`; reads up to the schema.
/// Errors: the statement's own, also when it fails after its first rows: the stream is cut then, and the server is
/// asked why.
Result<std::unique_ptr<query::ResultStream>> OpenRemoteResult(std::unique_ptr<net::HttpResponse> response,
                                                              StatementCalls calls);

/// Reads what `StatementCalls::read` gives; what is missing keeps its default.
query::StatementStatus ParseStatementStatus(std::string_view body);

/// The entry of statement `id` in the JSON of GET /v1/history. Errors: kNotFound.
Result<std::string> FindInHistory(std::string_view body, std::string_view id);

}  // namespace neurolake::cli
