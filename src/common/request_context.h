#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
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
  kAsk,               ///< Questions in plain language: what answers them is read for this alone.
};

enum class PrincipalKind : uint8_t { kUser, kServiceAccount, kAgent };

/// "user", "service account", "agent".
std::string_view NameOf(PrincipalKind kind);
/// Errors: kInvalidArgument for another name.
Result<PrincipalKind> PrincipalKindOf(std::string_view name);

/// Who is asking. Made by authentication alone; everything else only passes it on.
struct Principal {
  PrincipalId id;
  std::string name;
  std::string role;           ///< "reader", "writer", "engineer", "admin", "auditor", ….
  std::vector<Right> rights;  ///< Of the role, less what the token and whom an agent acts for do not have.
  /// What the statement was declared to be for, which may have been granted to them; empty: nothing. Lower case.
  std::string purpose = {};
  PrincipalKind kind = PrincipalKind::kUser;
  std::string authentication =
      {};  ///< "token", "password", "oidc", "certificate"; empty for who owns the lake's files.
  /// Whom an agent acts for: it may do what both may, sees what both see, and what it makes is theirs.
  std::shared_ptr<const Principal> on_behalf_of = nullptr;
  /// Schemas a token is limited to; nullopt: all; none: it is for the audit log alone.
  std::optional<std::vector<std::string>> schemas = std::nullopt;
  /// (id, name) of groups that an identity provider says it is in, beside those of the catalogue.
  std::vector<std::pair<std::string, std::string>> claimed_groups = {};
  std::map<std::string, std::string> attributes = {};  ///< From an identity provider's claims.
  /// What it was known by, for the audit log, and no secret: the beginning of a token that lists show, a session's id,
  /// a name of a certificate, the subject of an identity provider. Empty for a password, and as `authentication`.
  std::string credential = {};
  std::string address = {};  ///< Which network address the request came from; empty: from no network.

  bool Has(Right right) const;
  /// Whose is what it makes.
  const PrincipalId& owner() const { return on_behalf_of == nullptr ? id : on_behalf_of->id; }
  bool MayUseSchema(std::string_view schema) const;
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
