#pragma once
#include <memory>
#include <string>

#include "cli/client.h"
#include "common/clock.h"
#include "common/metrics.h"
#include "common/settings.h"

namespace neurolake::cli {

/// Opens the lake that `settings` name in this process and works on it as its local administrator, through the same
/// pipeline as a server's statements. `program` is this binary: workers are started from it. Borrows `clock` and
/// `metrics`. `first_token` receives the administrator's token of a lake that was made just now.
/// Errors: kUnavailable when another process holds the lake.
Result<std::unique_ptr<Client>> OpenEmbeddedClient(const Settings& settings, const std::string& program,
                                                   const Clock& clock, Metrics& metrics,
                                                   std::optional<std::string>& first_token);

/// As above on a service that is open already; what tests use.
std::unique_ptr<Client> MakeEmbeddedClient(std::unique_ptr<query::StatementService> service, Principal principal,
                                           const Settings& settings, const Clock& clock);

}  // namespace neurolake::cli
