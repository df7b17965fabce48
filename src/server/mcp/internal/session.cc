#include "server/mcp/internal/session.h"

#include <openssl/rand.h>

#include <array>

#include "common/check.h"

namespace neurolake::server::mcp {
namespace {

/// 256 bits of chance, in hexadecimal.
std::string NewSessionId() {
  std::array<unsigned char, 32> bytes{};
  NL_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  std::string id;
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

}  // namespace

bool Session::Begin(const std::string& id_json, const std::stop_source& stop) {
  std::lock_guard lock(mutex_);
  return running_.emplace(id_json, stop).second;
}

void Session::End(const std::string& id_json) {
  std::lock_guard lock(mutex_);
  running_.erase(id_json);
}

void Session::Cancel(const std::string& id_json) {
  std::stop_source stop(std::nostopstate);
  {
    std::lock_guard lock(mutex_);
    const auto found = running_.find(id_json);
    if (found == running_.end()) return;
    stop = found->second;
  }
  stop.request_stop();
}

void Session::CancelAll() {
  std::map<std::string, std::stop_source> running;
  {
    std::lock_guard lock(mutex_);
    running = running_;
  }
  for (auto& [id, stop] : running) stop.request_stop();
}

void SessionStore::Sweep() {
  const SteadyTime oldest = clock_.SteadyNow() - options_.idle_max;
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.used < oldest; });
}

void SessionStore::DropOldest(const PrincipalId* owner) {
  auto oldest = entries_.end();
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (owner != nullptr && entry->second.owner != *owner) continue;
    if (oldest == entries_.end() || entry->second.used < oldest->second.used) oldest = entry;
  }
  if (oldest != entries_.end()) entries_.erase(oldest);
}

std::string SessionStore::Begin(const Principal& principal, std::string version) {
  std::string id = NewSessionId();
  std::lock_guard lock(mutex_);
  Sweep();
  const auto own = std::ranges::count_if(entries_, [&](const auto& e) { return e.second.owner == principal.id; });
  if (static_cast<size_t>(own) >= options_.sessions_max_per_principal) DropOldest(&principal.id);
  if (entries_.size() >= options_.sessions_max) DropOldest(nullptr);
  entries_.emplace(
      id, Entry{std::make_shared<Session>(std::move(version)), principal.id, principal.schemas, clock_.SteadyNow()});
  return id;
}

std::shared_ptr<Session> SessionStore::Find(const Principal& principal, std::string_view id) {
  std::lock_guard lock(mutex_);
  Sweep();
  const auto found = entries_.find(id);
  if (found == entries_.end()) return nullptr;
  if (found->second.owner != principal.id || found->second.schemas != principal.schemas) return nullptr;
  found->second.used = clock_.SteadyNow();
  return found->second.session;
}

bool SessionStore::End(const Principal& principal, std::string_view id) {
  const std::shared_ptr<Session> session = Find(principal, id);
  if (session == nullptr) return false;
  {
    std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(id); found != entries_.end()) entries_.erase(found);
  }
  session->CancelAll();
  return true;
}

}  // namespace neurolake::server::mcp
