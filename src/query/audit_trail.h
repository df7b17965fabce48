#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "audit/audit_log.h"
#include "audit/constants.h"
#include "catalog/catalog.h"
#include "common/metrics.h"
#include "common/request_context.h"
#include "query/service.h"

namespace neurolake::query {

/// What statements and administrators do, in the lake's audit log. Thread-safe.
/// Source: docs/audit.md; the records are those of docs/formats/audit.md.
class AuditTrail {
 public:
  struct Options {
    audit::AuditLog::Options log;
    std::string constants_key_file;  ///< Empty: `constants.key` in the log's directory.
    std::string version;             ///< Of the program, for the first record.
  };
  using Details = std::vector<std::pair<std::string, std::string>>;

  /// Borrows `clock`. Errors: those of audit::AuditLog::Open and audit::OpenConstantSealer.
  static Result<std::unique_ptr<AuditTrail>> Open(Options options, const Clock& clock);
  ~AuditTrail();

  /// Before anything is done for the statement. Nothing may come of it, not an answer either, before Await says that
  /// the attempt is durable; and nothing if it is not. Errors: kInternal.
  Result<audit::AuditLog::Ticket> Attempt(const RequestContext& ctx, const catalog::StatementRecord& statement,
                                          const StatementRequest& request);
  /// When the statement is planned: what it is about to touch, and the policies that hold for it. What it changes has
  /// to wait for Await.
  audit::AuditLog::Ticket Plan(const RequestContext& ctx, const catalog::StatementRecord& statement,
                               std::vector<audit::AuditedPolicy> policies);
  /// Errors: those of audit::AuditLog::Append.
  Result<void> Await(const audit::AuditLog::Ticket& ticket);
  /// How it ended; does not wait. `error` is null when it succeeded.
  void Outcome(const RequestContext& ctx, const catalog::StatementRecord& statement, const Error* error);
  /// Before a change of who may see and do what, such as "create_token"; durable when it returns. `statement` is the
  /// one that makes it, if one does. Errors: as Await.
  Result<void> Change(const RequestContext& ctx, std::string_view action, Details details,
                      const std::string& statement = {});
  /// A change that the program itself makes, of a new lake.
  Result<void> Change(std::string_view action, Details details);
  /// Somebody at `address` was not let in. Does not wait. Who guesses must not fill the disk: beyond some of them a
  /// second, one record says how many there were.
  void RefusedAuthentication(ErrorCode why, std::string_view address);

  const audit::AuditLog& log() const { return *log_; }
  /// From now on closed segments may go there, and are read from there. Before the first statement.
  void UseArchive(std::unique_ptr<audit::Archive> archive);
  /// Moves what the rule says. Returns how many segments. Errors: those of audit::AuditLog::ArchiveNext.
  Result<int64_t> Archive(const audit::ArchiveRule& rule);
  /// What is shown in the place of a constant whose key was destroyed.
  static constexpr std::string_view kErased = "[erased]";
  /// The constants of a statement as JSON, {"literals": [text, …], "parameters": [{name, value}, …]}, as far as their
  /// keys are there. Errors: those of audit::ConstantSealer::Open.
  Result<std::string> OpenConstants(std::string_view sealed, const std::string& statement) const;
  /// For who destroys keys: FORGET SUBJECT, and setting audit.constants_keep.
  audit::ConstantSealer& constants() { return *sealer_; }
  /// Puts the log's counters into `metrics`.
  void Report(Metrics& metrics) const;

 private:
  AuditTrail(std::unique_ptr<audit::AuditLog> log, std::unique_ptr<audit::ConstantSealer> sealer, const Clock& clock)
      : log_(std::move(log)), sealer_(std::move(sealer)), clock_(clock), refused_since_(clock.SteadyNow()) {}
  audit::Record RecordOf(audit::RecordType type, const RequestContext& ctx) const;

  std::unique_ptr<audit::Archive> archive_;  ///< Borrowed by the log.
  const std::unique_ptr<audit::AuditLog> log_;
  const std::unique_ptr<audit::ConstantSealer> sealer_;
  const Clock& clock_;
  std::mutex mutex_;
  SteadyTime refused_since_;    ///< When the second began that `refused_` counts in.
  int64_t refused_ = 0;         ///< Of this second.
  int64_t refused_untold_ = 0;  ///< Without a record of their own.
};

}  // namespace neurolake::query
