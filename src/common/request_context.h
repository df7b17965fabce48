#pragma once
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"

namespace neurolake {

/// What a principal may do to the lake as a whole. Object privileges refine this later; nothing widens it.
enum class Right : uint8_t {
  kRead,              ///< SELECT from tables and views.
  kWrite,             ///< INSERT, UPDATE, DELETE, COPY INTO.
  kCreate,            ///< CREATE, DROP, ALTER of schemas, tables and views.
  kRegisterLocation,  ///< CREATE TABLE ... LOCATION on an existing directory.
  kManage,            ///< Principals, tokens, external locations, other people's statements.
  kAudit,             ///< All of system.audit.
};

/// Who is asking. Made by authentication alone; everything else only passes it on.
struct Principal {
  PrincipalId id;
  std::string name;
  std::string role;  ///< "reader", "writer", "engineer", "admin", "auditor", ….
  std::vector<Right> rights;
  /// What the statement was declared to be for, which may have been granted to them; empty: nothing. Lower case.
  std::string purpose = {};

  bool Has(Right right) const;
};

/// The rights a role stands for. Errors: kInvalidArgument for an unknown role.
Result<std::vector<Right>> RightsOfRole(std::string_view role);

/// Comes first in every call that may wait: who, until when, and whether they still want it.
/// Copyable and immutable; safe to share between threads.
class RequestContext {
 public:
  RequestContext(Principal principal, std::string request_id, std::string door, const Clock& clock, SteadyTime deadline,
                 std::stop_token stop = {})
      : principal_(std::move(principal)),
        request_id_(std::move(request_id)),
        door_(std::move(door)),
        clock_(&clock),
        deadline_(deadline),
        stop_(std::move(stop)) {}

  const Principal& principal() const { return principal_; }
  const std::string& request_id() const { return request_id_; }
  /// "http", "cli", ...: which door the statement came through.
  const std::string& door() const { return door_; }
  const Clock& clock() const { return *clock_; }
  SteadyTime deadline() const { return deadline_; }
  const std::stop_token& stop_token() const { return stop_; }
  std::chrono::milliseconds Remaining() const;
  /// kCancelled or kDeadlineExceeded when the caller no longer waits.
  Result<void> CheckAlive() const;
  /// Blocks for `duration`; ends early, with an error, on deadline or stop.
  Result<void> SleepFor(std::chrono::milliseconds duration) const;

 private:
  Principal principal_;
  std::string request_id_;
  std::string door_;
  const Clock* clock_;
  SteadyTime deadline_;
  std::stop_token stop_;
};

}  // namespace neurolake
