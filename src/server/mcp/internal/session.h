#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/request_context.h"

namespace neurolake::server::mcp {

/// What a client of an older revision, which begins with a handshake, agreed upon, and its requests that run, which it
/// may cancel. It gives no rights: each message proves anew who sends it. Thread-safe.
class Session {
 public:
  explicit Session(std::string version) : version_(std::move(version)) {}

  const std::string& version() const { return version_; }
  /// False when the request's id is that of one that runs.
  bool Begin(const std::string& id_json, const std::stop_source& stop);
  void End(const std::string& id_json);
  /// Nothing happens to requests that have ended.
  void Cancel(const std::string& id_json);
  void CancelAll();

 private:
  const std::string version_;
  std::mutex mutex_;
  std::map<std::string, std::stop_source> running_;
};

/// The sessions of the HTTP door, by ids that cannot be guessed. Thread-safe.
class SessionStore {
 public:
  struct Options {
    size_t sessions_max = 1000;
    size_t sessions_max_per_principal = 100;
    std::chrono::milliseconds idle_max{1'800'000};
  };
  SessionStore(const Clock& clock, Options options) : clock_(clock), options_(options) {}

  /// Returns its id. The one of the principal's, or of all, that was used longest ago makes room.
  std::string Begin(const Principal& principal, std::string version);
  /// Null for unknown ids, sessions that were idle for too long, and those of others.
  std::shared_ptr<Session> Find(const Principal& principal, std::string_view id);
  /// Cancels what runs in it. False where Find gives null.
  bool End(const Principal& principal, std::string_view id);

 private:
  struct Entry {
    std::shared_ptr<Session> session;
    PrincipalId owner;
    std::optional<std::vector<std::string>> schemas;  ///< A token with fewer is another caller.
    SteadyTime used;
  };
  void Sweep();
  void DropOldest(const PrincipalId* owner);

  const Clock& clock_;
  const Options options_;
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace neurolake::server::mcp
