#include "metastore/internal/postgres_store.h"

#include <random>

#include "metastore/internal/backup_file.h"
#include "metastore/internal/migrations.h"
#include "metastore/internal/table_copy.h"

namespace neurolake::metastore {
namespace {

using Durability = PostgresConnection::Durability;

constexpr int kAttemptsMax = 20;

// Up to 1, 2, 4 … 128 ms, at random, so that those who lost against each other do not meet again.
void BackOff(int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int limit = 1'000 << std::min(attempt, 7);
  std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<int>(0, limit)(random)));
}

enum class Next : uint8_t { kDone, kRetry, kReconnect };

// One try. What only the transaction's fate can tell (lost race, lost connection) is in `next`.
Result<void> TryOnce(PostgresConnection& session, const char* begin, const char* lock,
                     const std::function<Result<void>(Session&)>& body, Next& next) {
  session.ForgetError();
  next = Next::kDone;
  Result<void> outcome = session.Run(begin);
  if (outcome.has_value() && lock != nullptr) outcome = session.Run(lock);
  if (outcome.has_value()) {
    try {
      outcome = body(session);
    } catch (...) {
      session.Rollback();
      throw;
    }
  }
  // A body that ignores a failed statement would commit half of its work on SQLite; here the server would roll back.
  const bool failed = session.first_error().has_value();
  if (outcome.has_value() && failed) outcome = std::unexpected(*session.first_error());
  if (outcome.has_value()) {
    outcome = session.Commit();
    if (!outcome.has_value() && outcome.error().code() == ErrorCode::kConflict) next = Next::kRetry;
    return outcome;
  }
  if (session.broken()) {
    next = Next::kReconnect;  // Never committed, so nothing happened.
  } else if (failed && session.first_error()->code() == ErrorCode::kConflict) {
    next = Next::kRetry;
  }
  session.Rollback();
  return outcome;
}

}  // namespace

Result<std::unique_ptr<Store>> PostgresStore::Open(const std::string& url) {
  NL_ASSIGN_OR_RETURN(auto address, ParsePostgresUrl(url));
  return std::unique_ptr<Store>(new PostgresStore(std::move(address)));
}

Result<void> PostgresStore::Transact(const Transaction& transaction,
                                     const std::function<Result<void>(Session&)>& body) {
  for (int attempt = 0;; ++attempt) {
    Next next = Next::kDone;
    Result<void> outcome;
    bool was_fresh = false;
    {
      NL_ASSIGN_OR_RETURN(auto session, pool_.Take(Durability::kDurable));
      was_fresh = session.fresh();
      if (transaction.discard_session) session.Discard();
      outcome = TryOnce(*session, transaction.begin, transaction.lock, body, next);
    }
    if (next == Next::kDone || attempt + 1 >= kAttemptsMax) return outcome;
    if (next == Next::kReconnect && was_fresh) return outcome;  // The server, not the connection, is gone.
    if (next == Next::kRetry) BackOff(attempt);
  }
}

Result<void> PostgresStore::Write(const std::function<Result<void>(Session&)>& body) {
  return Transact({.begin = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"}, body);
}

Result<void> PostgresStore::Read(const std::function<Result<void>(Session&)>& body) {
  return Transact({.begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}, body);
}

Result<void> PostgresStore::WriteAlone(const std::function<Result<void>(Session&)>& body) {
  // READ COMMITTED, as a snapshot taken before the lock was granted would not show what its last holder did. The number
  // is ours alone: "neurolak" as eight bytes. The session goes away after, with plans for tables that may have changed.
  return Transact({.begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
                   .lock = "SELECT pg_advisory_xact_lock(7954893451175944555)",
                   .discard_session = true},
                  body);
}

Result<std::vector<Row>> PostgresStore::ReadOnce(std::string_view sql, const std::vector<Value>& parameters) {
  for (;;) {
    NL_ASSIGN_OR_RETURN(auto session, pool_.Take(Durability::kDurable));
    auto rows = session->Query(sql, parameters);
    if (rows.has_value() || !session->broken() || session.fresh()) return rows;
  }
}

Result<int64_t> PostgresStore::WriteRelaxed(std::string_view sql, const std::vector<Value>& parameters) {
  for (;;) {
    NL_ASSIGN_OR_RETURN(auto session, pool_.Take(Durability::kRelaxed));
    auto changed = session->Execute(sql, parameters);
    if (changed.has_value() || !session->broken() || session.fresh()) return changed;
  }
}

// Only what an erasure touches: all of the rest would be locked for nothing.
Result<void> PostgresStore::Scrub() {
  NL_ASSIGN_OR_RETURN(auto session, pool_.Take(Durability::kDurable));
  for (const char* sql :
       {"VACUUM (FULL) statements", "VACUUM (FULL) table_statistics", "VACUUM (FULL) expectation_results",
        "VACUUM (FULL) event_outbox", "VACUUM (FULL) lineage", "VACUUM (FULL) erasures", "VACUUM (FULL) ask_questions",
        "VACUUM (FULL) ask_feedback", "VACUUM (FULL) kept_answers", "VACUUM (FULL) run_steps"}) {
    NL_RETURN_IF_ERROR(session->Run(sql));
  }
  return {};
}

Result<void> PostgresStore::BackupTo(const std::string& path) {
  return WriteBackupFile(path, [&](SqliteConnection& file) {
    return Read([&](Session& session) -> Result<void> {
      NL_ASSIGN_OR_RETURN(const int version, MigrationOf(session));
      NL_ASSIGN_OR_RETURN(const auto tables, TablesAt(version));
      return file.Transact("BEGIN IMMEDIATE", [&](Session& copy) -> Result<void> {
        NL_RETURN_IF_ERROR(MigrateSession(copy, 0));  // From the top again when a lost connection repeats the body.
        NL_RETURN_IF_ERROR(MigrateSession(copy, version));
        return CopyTables(tables, session, copy);
      });
    });
  });
}

Result<void> PostgresStore::RestoreFrom(const std::string& path) { return RestoreInto(*this, path); }

}  // namespace neurolake::metastore
