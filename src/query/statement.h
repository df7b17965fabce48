#pragma once
#include <memory>
#include <string>

#include "arrow/ipc.h"
#include "catalog/catalog.h"
#include "common/metrics.h"
#include "query/admission.h"
#include "query/audit_trail.h"
#include "query/lineage_recorder.h"
#include "query/provider_server.h"
#include "query/service.h"
#include "query/statement_stores.h"
#include "query/system_relations.h"
#include "query/worker_pool.h"

namespace neurolake::query {

/// What every statement of a lake shares. Borrowed; the service owns it.
struct LakeServices {
  catalog::Catalog& catalog;
  storage::ObjectStore& store;
  Admission& admission;
  WorkerPool& workers;
  RunningStatements& running;
  Metrics& metrics;
  LineageRecorder& lineage;
  AuditTrail& audit;
  std::string tables_directory;
  std::chrono::milliseconds wait_max;
  int64_t planning_bytes;  ///< What every worker may use before its statement is granted memory.
  AppendGroups& append_groups;
  int64_t append_rows_max = 0;  ///< 0: no INSERT hands its rows over.
  int64_t append_bytes_max = 0;
  MaintenancePolicy maintenance = {};
  LocationStores* locations = nullptr;   ///< Null: there are no object stores.
  KeyStore* keys = nullptr;              ///< Null: there are no keys, and policies that name some show nothing.
  int64_t rows_most = 0;                 ///< The most a statement may ask to return.
  std::vector<std::string> models = {};  ///< That privileges may be given on.
};

/// A statement on the server's side: it holds the grant and the worker, answers the worker's calls, and passes rows on
/// as they come. The thread that calls Next() drives it; status() and Cancel() come from anywhere.
class Statement final : public ResultStream {
 public:
  /// Records the attempt, leases a worker, admits what it planned and waits for the result's columns.
  /// `memory_bytes` is the most the statement may be granted.
  static Result<std::unique_ptr<Statement>> Start(const RequestContext& ctx, StatementRequest request,
                                                  const LakeServices& lake, int64_t memory_bytes,
                                                  std::vector<ReadableLocation> readable);
  ~Statement() override;

  const arrow::Schema& schema() const override;
  Result<std::optional<arrow::Batch>> Next() override;
  StatementStatus status() const override;
  void Cancel() override;
  std::shared_ptr<const ShownTables> shown() const override;

 private:
  class Shared;
  Statement(const RequestContext& ctx, const LakeServices& lake, std::shared_ptr<Shared> shared,
            StatementRequest request, int64_t memory_bytes);
  Result<void> LeaseWorker();
  /// Decides what a plan may use: predicted need and headroom, or all that the statement's limit allows when the need
  /// is unknown or the request named its memory. Waits for it the first time; later only takes what is free.
  Result<int64_t> GrantMemory(int64_t predicted_bytes);
  Result<void> AnswerPlan(const PlannedMessage& planned);
  /// Memory beside the engine's, to read a log: more of it, or a part of what was granted. Waits where nothing is held
  /// that others could wait for. Returns all that the statement has then.
  Result<int64_t> ReserveMemory(int64_t bytes);
  Result<void> SendGrant(const Result<int64_t>& granted);
  Result<void> SendStart(std::vector<ReadableLocation> readable, std::vector<std::string> denied_functions);
  /// Works through frames until there is a schema, a batch or the end.
  Result<std::optional<arrow::Batch>> Pump(bool until_schema);
  Result<bool> HandleFrame(Frame& frame, bool until_schema, std::optional<arrow::Batch>& batch);
  Result<bool> HandleBatch(const Frame& frame, std::optional<arrow::Batch>& batch);
  Result<bool> HandleDone(const Frame& frame);
  /// For the record, and for the tags that go with what is written.
  void NoteLineage(std::string payload);
  /// The worker is done; what it handed over is made durable with the rows of others.
  Result<void> AppendToGroup(DoneMessage& done);
  /// Nothing leaves before the attempt is in the audit log, and nothing is changed before the plan is. Errors: those of
  /// the log.
  Result<void> AwaitAttempt() { return AwaitAudit(attempted_); }
  Result<void> AwaitPlan() { return AwaitAudit(planned_); }
  Result<void> AwaitAudit(audit::AuditLog::Ticket& ticket);
  /// What is answered in the place of `error`: that the attempt is not on record, if it is not.
  Error Audited(Error error);
  void ReturnWorker();
  void SetStages(const StageTimes& of_worker);
  Error LostWorker();
  /// Says what the statement had, and how the next one can have more.
  Error OutOfMemory() const;
  void LogLostWorker(WorkerEnd end) const;
  /// Ends the statement once: history, metrics, worker and memory go back.
  void Finish(const Error* error);

  RequestContext ctx_;
  const LakeServices lake_;
  std::shared_ptr<Shared> shared_;
  StatementRequest request_;
  StatementStores stores_;
  std::unique_ptr<storage::ObjectStore> store_;  ///< Local files, and `stores_`.
  ProviderServer provider_;
  catalog::StatementRecord record_;
  LineageRecorder::Run lineage_;
  /// In the audit log; not valid when nobody has to wait for them any more.
  audit::AuditLog::Ticket attempted_;
  audit::AuditLog::Ticket planned_;
  const int64_t memory_bytes_max_;
  std::unique_ptr<Admission::Grant> grant_;  ///< Beyond what planning has.
  int64_t reserved_bytes_ = 0;               ///< Of the grant: what logs take, not the engine's.
  std::unique_ptr<Worker> worker_;
  arrow::MessageDecoder decoder_;
  std::optional<arrow::Schema> schema_;
  std::optional<arrow::Batch> held_back_;  ///< The answer of a statement whose rows are not durable yet.
  SteadyTime started_;
  /// A client that leaves while the statement waits or runs cancels it.
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
  bool finished_ = false;
  bool worker_reusable_ = false;
  int64_t bytes_returned_ = 0;
  int64_t record_micros_ = 0;  ///< Storing the attempt, before anything else.
};

}  // namespace neurolake::query
