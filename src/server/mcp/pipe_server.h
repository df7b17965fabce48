#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "common/clock.h"
#include "net/http_client.h"
#include "server/mcp/mcp_server.h"

namespace neurolake::server::mcp {

/// Descriptors of one client that sends messages as lines, and how much it may ask for at once.
struct PipeOptions {
  int in = 0;
  int out = 1;
  size_t message_bytes_max = 16 << 20;
  int requests_max = 16;  ///< At once; a further one waits to be read.
  std::chrono::milliseconds timeout{600'000};
  /// At the end of input: how long requests that run have left.
  std::chrono::milliseconds grace{10'000};
};

/// Answers the client until its input ends. `authenticate` says for each message anew whose it is. Blocks.
/// Errors: kIoError when the client cannot be read from or written to.
Result<void> ServePipe(McpServer& server, const std::function<Result<Principal>()>& authenticate, const Clock& clock,
                       const PipeOptions& options);

/// The same for a client of a server elsewhere: passes messages on to its /mcp and answers back. `token` goes with
/// each.
Result<void> BridgePipe(const net::HttpClient& client, const std::string& token, const Clock& clock,
                        const PipeOptions& options);

}  // namespace neurolake::server::mcp
