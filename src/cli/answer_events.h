#pragma once
#include <string>

#include "cli/client.h"
#include "net/http_client.h"

namespace neurolake::cli {

/// Reads the server-sent events of a question to their end: `at` gets each stage, the answer's JSON is returned.
/// Errors: what an event "error" says; kUnavailable where the stream ends without an answer; kPayloadTooLarge above
/// `limit_bytes` of one event; those of the connection.
Result<std::string> ReadAnswerEvents(net::HttpResponse& response, const AskStage& at, size_t limit_bytes);

}  // namespace neurolake::cli
