#include "query/statement.h"

#include "common/ids.h"
#include "common/log.h"
#include "common/text.h"
#include "engine/duckdb/engine.h"
#include "query/access.h"
#include "query/encrypted_values.h"
#include "query/fingerprint.h"
#include "query/function_grants.h"
#include "query/location_stores.h"
#include "query/read_only.h"
#include "query/redaction.h"
#include "query/statement_constants.h"
#include "query/tag_actions.h"

namespace neurolake::query {

/// The part of a statement that other threads see.
class Statement::Shared final : public StatementControl {
 public:
  Shared(StatementId id, PrincipalId owner) : owner_(std::move(owner)) {
    status_.id = std::move(id);
    status_.state = "queued";
  }
  StatementStatus status() const override {
    std::lock_guard lock(mutex_);
    return status_;
  }
  const PrincipalId& owner() const override { return owner_; }
  void Cancel() override {
    stop_.request_stop();
    std::lock_guard lock(mutex_);
    if (worker_ != nullptr) worker_->Cancel(WorkerEnd::kCancelled);
  }
  std::stop_token stop_token() const { return stop_.get_token(); }
  void SetWorker(Worker* worker) {
    std::lock_guard lock(mutex_);
    worker_ = worker;
    if (worker_ != nullptr && stop_.stop_requested()) worker_->Cancel(WorkerEnd::kCancelled);
  }
  template <typename Change>
  void Update(Change change) {
    std::lock_guard lock(mutex_);
    change(status_);
  }

 private:
  const PrincipalId owner_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  StatementStatus status_;
  Worker* worker_ = nullptr;
};

namespace {

/// For what it is declared to be, and with no more rights than it asks for.
RequestContext ForStatement(const RequestContext& ctx, const StatementRequest& request, std::stop_token stop) {
  RequestContext own = ForPurpose(ctx, request.purpose, std::move(stop));
  if (!request.read_only) return own;
  return {ReadingAlone(own.principal()), own.request_id(), own.door(), own.clock(), own.deadline(), own.stop_token()};
}

/// A session's schema must be there, or every name without one would be looked for where nothing can be. The engine's
/// own schemas are no records. One that the principal may not know of is answered like one that is not there.
Result<void> CheckSchema(catalog::Catalog& catalog, const RequestContext& ctx, const std::string& schema) {
  const std::string name = LowerAscii(schema);
  for (const std::string_view own : {"", "main", "system", "information_schema", "pg_catalog"}) {
    if (name == own) return {};
  }
  Access access(catalog, ctx);
  for (const std::string& candidate : {schema, name}) {
    NL_ASSIGN_OR_RETURN(const auto found, catalog.FindSchema(candidate));
    if (!found) continue;
    NL_ASSIGN_OR_RETURN(const bool known, access.KnowsSchema(*found));
    if (known) return {};
  }
  return MakeError(ErrorCode::kSchemaNotFound, "there is no such schema: {}", schema);
}

}  // namespace

Statement::Statement(const RequestContext& ctx, const LakeServices& lake, std::shared_ptr<Shared> shared,
                     StatementRequest request, int64_t memory_bytes)
    : ctx_(ForStatement(ctx, request, shared->stop_token())),
      lake_(lake),
      shared_(std::move(shared)),
      request_(std::move(request)),
      store_(NewStatementStore(lake_.store, stores_)),
      provider_(ctx_, lake_.catalog, *store_, lake_.running, shared_->status().id.value(), lake_.tables_directory,
                lake_.maintenance, lake_.locations),
      lineage_(lake_.lineage),
      memory_bytes_max_(memory_bytes),
      started_(ctx.clock().SteadyNow()) {
  if (lake_.keys != nullptr) provider_.UseKeys(*lake_.keys);
  provider_.UseModels(lake_.models);
  if (request_.transaction) provider_.RequireTransaction(*request_.transaction);
  if (request_.read_only) provider_.LookOnly();
  if (request_.read_only && ctx.principal().Has(Right::kManage)) {
    provider_.ShowAs(ShowingAlone(ForPurpose(ctx, request_.purpose, {}).principal()));
  }
  if (lake_.append_rows_max > 0) provider_.UseAppendGroups(lake_.append_groups);
  provider_.UseAudit(lake_.audit);
  provider_.BeforeEffect([this]() -> Result<void> {
    NL_RETURN_IF_ERROR(AwaitAttempt());
    return AwaitPlan();
  });
  if (lake_.locations != nullptr) lake_.locations->Begin(stores_, &ctx_);
}

Result<std::unique_ptr<Statement>> Statement::Start(const RequestContext& ctx, StatementRequest request,
                                                    const LakeServices& lake, int64_t memory_bytes,
                                                    std::vector<ReadableLocation> readable) {
  const StatementId id = request.id.empty() ? StatementId(NewUuid()) : request.id;
  auto shared = std::make_shared<Shared>(id, ctx.principal().id);
  std::unique_ptr<Statement> statement(new Statement(ctx, lake, shared, std::move(request), memory_bytes));
  catalog::StatementRecord& record = statement->record_;
  record.id = id;
  record.principal = ctx.principal().name;
  if (ctx.principal().on_behalf_of != nullptr) record.on_behalf_of = ctx.principal().on_behalf_of->name;
  record.authentication = ctx.principal().authentication;
  record.door = ctx.door();
  record.request_id = ctx.request_id();
  record.text = RedactSecrets(statement->request_.sql);
  record.fingerprint = Fingerprint(record.text);
  record.state = "running";
  record.purpose = statement->ctx_.principal().purpose;
  record.started = ctx.clock().Now();
  // The attempt is kept before anything happens, so that a statement that takes the server down is on record. In the
  // audit log it becomes durable meanwhile, and has to be before anything comes of the statement.
  auto attempted = lake.audit.Attempt(ctx, record, statement->request_);
  if (!attempted) {
    statement->finished_ = true;
    return std::unexpected(std::move(attempted).error());
  }
  statement->attempted_ = std::move(*attempted);
  // Its constant is the one that is to go.
  if (LowerAscii(record.text).find("forget") != std::string::npos) {
    const ConstantSplit split = SplitConstants(record.text);
    if (LowerAscii(split.text).starts_with("forget")) record.text = split.text;
  }
  // The audit log has the constants sealed; the history has none that are values of encrypted columns.
  record.text = WithoutEncryptedValues(lake.catalog, std::move(record.text));
  if (auto begun = lake.catalog.BeginStatement(record); !begun) {
    statement->finished_ = true;
    record.state = "failed";
    const Error error = statement->Audited(std::move(begun).error());
    lake.audit.Outcome(ctx, record, &error);
    return std::unexpected(error);
  }
  statement->record_micros_ =
      std::chrono::duration_cast<std::chrono::microseconds>(ctx.clock().SteadyNow() - statement->started_).count();
  lake.running.Add(id, shared);
  statement->on_stop_.emplace(ctx.stop_token(), [shared] { shared->Cancel(); });
  auto run = [&]() -> Result<void> {
    if (!ctx.principal().purpose.empty() && statement->ctx_.principal().purpose != ctx.principal().purpose) {
      return MakeError(ErrorCode::kPermissionDenied, "the token is for another purpose: {}", ctx.principal().purpose);
    }
    NL_RETURN_IF_ERROR(CheckPurpose(lake.catalog, ctx.principal(), statement->ctx_.principal().purpose));
    // Who may read nothing may not learn which names there are.
    if (ctx.principal().Has(Right::kRead)) {
      NL_RETURN_IF_ERROR(CheckSchema(lake.catalog, ctx, statement->request_.schema));
    }
    NL_ASSIGN_OR_RETURN(auto denied, DeniedFunctions(lake.catalog, statement->ctx_.principal()));
    NL_RETURN_IF_ERROR(statement->LeaseWorker());
    NL_RETURN_IF_ERROR(statement->SendStart(std::move(readable), std::move(denied)));
    NL_ASSIGN_OR_RETURN(const auto none, statement->Pump(/*until_schema=*/true));
    return {};
  };
  if (auto ran = run(); !ran) {
    const Error error = statement->Audited(std::move(ran).error());
    statement->Finish(&error);
    return std::unexpected(error);
  }
  return statement;
}

Statement::~Statement() {
  on_stop_.reset();
  if (finished_) return;
  shared_->Cancel();
  const Error error(ErrorCode::kCancelled, "the statement was cancelled: nobody read its result to the end");
  Finish(&error);
}

Result<void> Statement::LeaseWorker() {
  const int64_t planning_bytes = std::min(lake_.planning_bytes, memory_bytes_max_);
  NL_ASSIGN_OR_RETURN(worker_, lake_.workers.Lease(ctx_, planning_bytes, lake_.wait_max));
  shared_->SetWorker(worker_.get());
  shared_->Update([](StatementStatus& status) { status.state = "running"; });
  return {};
}

Result<void> Statement::SendGrant(const Result<int64_t>& granted) {
  GrantMessage answer;
  if (granted) {
    answer.memory_bytes = *granted;
    lake_.workers.SetMemoryLimit(*worker_, *granted);
  } else {
    // By way of the worker, which then ends the statement in its usual order and stays usable.
    answer.error = granted.error();
  }
  return worker_->channel().Send(FrameKind::kGrant, Encode(answer));
}

Result<void> Statement::AnswerPlan(const PlannedMessage& planned) {
  if (planned.reserve) return SendGrant(ReserveMemory(planned.memory_bytes));
  record_.kind = planned.kind;
  record_.tables_json = planned.tables_json;
  record_.prediction_json = planned.prediction_json;
  shared_->Update([&](StatementStatus& status) {
    status.kind = planned.kind;
    status.tables_json = planned.tables_json;
    status.prediction_json = planned.prediction_json;
    status.state = "queued";
  });
  lineage_.Started(record_);
  // A composed statement has several plans; each of them comes before its effect.
  NL_RETURN_IF_ERROR(AwaitPlan());
  planned_ = lake_.audit.Plan(ctx_, record_, provider_.deciding_policies());
  const auto granted = GrantMemory(planned.memory_bytes);
  shared_->Update([](StatementStatus& status) { status.state = "running"; });
  return SendGrant(granted);
}

Result<void> Statement::SendStart(std::vector<ReadableLocation> readable, std::vector<std::string> denied_functions) {
  StartMessage start{.statement_id = record_.id.value(),
                     .request_id = ctx_.request_id(),
                     .door = ctx_.door(),
                     .principal = ctx_.principal(),
                     .request = request_,
                     .memory_bytes = memory_bytes_max_,
                     .planning_bytes = std::min(lake_.planning_bytes, memory_bytes_max_),
                     .deadline_ms = ctx_.Remaining().count(),
                     .log_level = static_cast<int64_t>(GetLogLevel()),
                     .readable = std::move(readable),
                     .append_rows_max = lake_.append_rows_max,
                     .append_bytes_max = lake_.append_bytes_max,
                     .denied_functions = std::move(denied_functions)};
  if (!worker_->channel().Send(FrameKind::kStart, Encode(start))) return std::unexpected(LostWorker());
  return {};
}

const arrow::Schema& Statement::schema() const { return *schema_; }

StatementStatus Statement::status() const { return shared_->status(); }

void Statement::Cancel() { shared_->Cancel(); }

std::shared_ptr<const ShownTables> Statement::shown() const {
  // What it did is answered, whatever may be seen of the table now.
  if (provider_.committed_version()) return nullptr;
  return std::make_shared<const ShownTables>(provider_.shown_tables());
}

Result<std::optional<arrow::Batch>> Statement::Next() {
  if (held_back_) return std::exchange(held_back_, std::nullopt);
  if (finished_) {
    const auto error = status().error;
    if (error) return std::unexpected(*error);
    return std::nullopt;
  }
  auto batch = Pump(/*until_schema=*/false);
  if (batch) return batch;
  const Error error = Audited(std::move(batch).error());
  Finish(&error);
  return std::unexpected(error);
}

Result<std::optional<arrow::Batch>> Statement::Pump(bool until_schema) {
  for (;;) {
    auto received = worker_->channel().Receive(std::chrono::milliseconds(-1));
    if (!received) return std::unexpected(LostWorker());
    std::optional<arrow::Batch> batch;
    auto stop = HandleFrame(**received, until_schema, batch);
    // The channel only knows that the worker is gone; the pool knows why.
    if (!stop && worker_ != nullptr && stop.error().code() == ErrorCode::kWorkerLost)
      return std::unexpected(LostWorker());
    if (!stop) return std::unexpected(std::move(stop).error());
    if (*stop) return batch;
  }
}

Result<bool> Statement::HandleFrame(Frame& frame, bool until_schema, std::optional<arrow::Batch>& batch) {
  switch (frame.kind) {
    case FrameKind::kCall:
      NL_RETURN_IF_ERROR(worker_->channel().Send(FrameKind::kReply, provider_.Handle(frame.payload)));
      return false;
    case FrameKind::kPlanned: {
      NL_ASSIGN_OR_RETURN(const PlannedMessage planned, DecodePlanned(frame.payload));
      NL_RETURN_IF_ERROR(AnswerPlan(planned));
      return false;
    }
    case FrameKind::kLineage: NoteLineage(std::move(frame.payload)); return false;
    case FrameKind::kSchema: {
      NL_RETURN_IF_ERROR(AwaitAttempt());
      NL_ASSIGN_OR_RETURN(schema_, decoder_.DecodeSchema(frame.payload));
      bytes_returned_ += static_cast<int64_t>(frame.payload.size());
      // What was handed over is not durable yet, so there is nothing to answer.
      return until_schema && !provider_.has_append();
    }
    case FrameKind::kBatch: return HandleBatch(frame, batch);
    case FrameKind::kProgress:
      shared_->Update([&](StatementStatus& status) { status.progress = std::strtod(frame.payload.c_str(), nullptr); });
      return false;
    case FrameKind::kDone: return HandleDone(frame);
    case FrameKind::kFailed: {
      NL_ASSIGN_OR_RETURN(FailedMessage failed, DecodeFailed(frame.payload));
      SetStages(failed.stages);
      // What ran out of memory may have left little of it to the next statement.
      worker_reusable_ = !failed.engine_broken && failed.error.code() != ErrorCode::kOutOfMemory;
      // What the engine calls an interrupt was a cancel or a deadline; only this side knows which.
      if (worker_->cancelled()) return std::unexpected(LostWorker());
      if (failed.error.message() == engine::duckdb::kMoreThanGranted) return std::unexpected(OutOfMemory());
      return std::unexpected(std::move(failed.error));
    }
    default: return MakeError(ErrorCode::kCorruption, "a worker sent a frame that only the server sends");
  }
}

Result<bool> Statement::HandleBatch(const Frame& frame, std::optional<arrow::Batch>& batch) {
  if (!schema_) return MakeError(ErrorCode::kCorruption, "a worker sent rows before their columns");
  NL_RETURN_IF_ERROR(AwaitAttempt());
  if (auto shown = provider_.CheckStillShown(); !shown) {
    worker_->Cancel(WorkerEnd::kCancelled);
    return std::unexpected(std::move(shown).error());
  }
  NL_ASSIGN_OR_RETURN(batch, decoder_.DecodeBatch(frame.payload));
  bytes_returned_ += static_cast<int64_t>(frame.payload.size());
  record_.rows_returned += batch->row_count();
  if (record_.rows_returned > request_.rows_max) {
    worker_->Cancel(WorkerEnd::kCancelled);
    return MakeError(
        ErrorCode::kRowLimitExceeded, "the result has more rows than the statement may return; add a LIMIT{}: {}",
        request_.rows_max < lake_.rows_most ? " or raise row_limit" : ", the server gives no more", request_.rows_max);
  }
  shared_->Update([&](StatementStatus& status) { status.rows_returned = record_.rows_returned; });
  if (!provider_.has_append()) return true;
  held_back_ = std::move(batch);
  batch.reset();
  return false;
}

Result<bool> Statement::HandleDone(const Frame& frame) {
  NL_ASSIGN_OR_RETURN(DoneMessage done, DecodeDone(frame.payload));
  NL_RETURN_IF_ERROR(AwaitAttempt());
  if (provider_.has_append()) NL_RETURN_IF_ERROR(AppendToGroup(done));
  SetStages(done.stages);
  record_.rows_changed = done.statistics.rows_changed;
  record_.bytes_scanned = done.statistics.bytes_read;
  record_.rows_scanned = done.statistics.rows_scanned;
  shared_->Update([&](StatementStatus& status) {
    status.stages_json = record_.stages_json;
    status.rows_changed = done.statistics.rows_changed;
    status.committed_version = done.statistics.committed_version;
    status.applied_before = done.statistics.applied_before;
    status.bytes_scanned = done.statistics.bytes_read;
    status.rows_scanned = done.statistics.rows_scanned;
    status.progress = 1;
  });
  if (!schema_) return MakeError(ErrorCode::kCorruption, "a worker ended a statement without columns");
  worker_reusable_ = true;
  Finish(nullptr);
  return true;
}

void Statement::NoteLineage(std::string payload) {
  provider_.NoteLineage(payload);
  lineage_.Note(std::move(payload));
}

Result<void> Statement::AppendToGroup(DoneMessage& done) {
  AppendedRows rows = *provider_.TakeAppend();
  const TableId table = rows.table;
  done.statistics.rows_changed = rows.row_count;
  // Others may have both while this one waits.
  worker_reusable_ = true;
  // First, so that the worker may keep what it was granted to read.
  grant_.reset();
  ReturnWorker();
  const auto begin = ctx_.clock().SteadyNow();
  auto version = lake_.append_groups.Append(ctx_, std::move(rows));
  const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(ctx_.clock().SteadyNow() - begin);
  done.stages.emplace_back("group", waited.count());
  if (!version.has_value()) {
    SetStages(done.stages);
    return std::unexpected(std::move(version).error());
  }
  done.statistics.committed_version = *version;
  provider_.NoteGroupPublication(table, *version);
  return {};
}

Result<void> Statement::AwaitAudit(audit::AuditLog::Ticket& ticket) {
  return ticket.valid() ? lake_.audit.Await(std::exchange(ticket, {})) : Result<void>();
}

Error Statement::Audited(Error error) {
  auto kept = AwaitAttempt();
  return kept ? std::move(error) : std::move(kept).error();
}

void Statement::ReturnWorker() {
  shared_->SetWorker(nullptr);
  if (worker_ != nullptr) lake_.workers.Return(std::move(worker_), worker_reusable_);
}

void Statement::SetStages(const StageTimes& of_worker) {
  StageTimes stages{{"record", record_micros_}};
  stages.insert(stages.end(), of_worker.begin(), of_worker.end());
  record_.stages_json = StagesJson(stages);
}

void Statement::Finish(const Error* error) {
  if (finished_) return;
  finished_ = true;
  // First, so that the worker may keep what it was granted to read.
  grant_.reset();
  ReturnWorker();
  provider_.ReleaseLane();
  record_.ended = ctx_.clock().Now();
  record_.bytes_returned = bytes_returned_;
  for (const std::string& id : provider_.effects().broke_glass) {
    record_.break_glass += (record_.break_glass.empty() ? "" : ",") + id;
  }
  record_.state = error == nullptr ? "succeeded" : error->code() == ErrorCode::kCancelled ? "cancelled" : "failed";
  if (error != nullptr) {
    record_.error_code = ErrorName(error->code());
    record_.error_message = error->message();
  }
  shared_->Update([&](StatementStatus& status) {
    status.state = record_.state;
    if (error != nullptr) status.error = *error;
  });
  lineage_.Ended(record_, provider_.effects());
  lake_.running.Remove(record_.id);
  lake_.audit.Outcome(ctx_, record_, error);
  if (auto stored = lake_.catalog.FinishStatement(record_); !stored) {
    Log(LogLevel::kError, "cannot store the end of a statement", ctx_.request_id(),
        {{"statement", record_.id.value()}, {"reason", stored.error().message()}});
  }
  const double seconds = std::chrono::duration<double>(ctx_.clock().SteadyNow() - started_).count();
  lake_.metrics.ObserveSeconds("neurolake_statement_seconds", "Time from arrival to end of a statement.", "state",
                               record_.state, seconds);
  if (error != nullptr) {
    lake_.metrics.Count("neurolake_statement_errors_total", "Statements that failed, by error.", "code",
                        ErrorName(error->code()));
  }
}

}  // namespace neurolake::query
