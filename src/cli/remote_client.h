#pragma once
#include <memory>
#include <string>

#include "cli/client.h"
#include "common/clock.h"
#include "net/http_client.h"

namespace neurolake::cli {

struct RemoteOptions {
  std::string token;
  /// Longest a statement may take, the time its rows are read included; the server has a limit of its own.
  std::chrono::milliseconds timeout{std::chrono::hours(24)};
};

/// Speaks the HTTP API of a server (docs/http.md). Borrows `clock`.
std::unique_ptr<Client> MakeRemoteClient(std::unique_ptr<net::HttpClient> http, RemoteOptions options,
                                         const Clock& clock);

}  // namespace neurolake::cli
