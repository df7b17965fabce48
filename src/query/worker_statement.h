#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "engine/duckdb/engine.h"
#include "governance/governor.h"
#include "plan/stages.h"
#include "query/channel.h"
#include "query/copy_into.h"
#include "query/front_parser.h"
#include "query/messages.h"
#include "query/own_result.h"
#include "query/remote_provider.h"

namespace neurolake::query {

/// The data plane's part of the pipeline, for one statement: parse ► bind ► govern ► predict ► ask for the grant ►
/// execute, each stage timed and its own type. Sends rows as they come. For one thread.
class WorkerStatement {
 public:
  /// Tells the server what was planned; returns the memory it grants, once it does.
  using RequestGrant = std::function<Result<int64_t>(const PlannedMessage&)>;

  /// Borrows everything for the statement's time.
  WorkerStatement(const RequestContext& ctx, const StartMessage& start, engine::duckdb::Engine& engine,
                  RemoteProvider& provider, Channel& channel, RequestGrant request_grant);
  ~WorkerStatement();

  /// Errors: the statement's; `stages()` tells how far it came.
  Result<engine::duckdb::ExecutionStatistics> Run();
  const StageTimes& stages() const { return stages_; }

 private:
  friend class StatementSql;          // runs the parts of a composed statement through the same stages
  friend class WorkerCommandContext;  // the same for table commands

  using Statistics = engine::duckdb::ExecutionStatistics;

  /// Runs `body` as the stage `name` and adds how long it took, also when it fails.
  template <typename Body>
  auto Stage(const char* name, Body body);
  /// Opens a statement of the engine: its rights, and the memory it has by now.
  Result<void> Begin(governance::StatementOrigin origin, std::vector<tables::delta::SetTransaction> transactions = {},
                     std::optional<engine::duckdb::WriteIntent> intent = std::nullopt);
  /// Text to a query that may be executed, through all gates.
  Result<plan::CostedQuery> Prepare(const std::string& sql, governance::StatementOrigin origin,
                                    std::vector<tables::delta::SetTransaction> transactions = {},
                                    std::optional<engine::duckdb::WriteIntent> intent = std::nullopt);
  Result<Statistics> RunSql(const std::string& sql, governance::StatementOrigin origin,
                            std::optional<engine::duckdb::WriteIntent> intent = std::nullopt);
  Result<Statistics> Dispatch(FrontStatement statement);
  /// Not a statement: rows that others handed over become one version.
  Result<Statistics> RunGroup(const GroupMessage& group);
  Result<Statistics> RunCopy(const CopyInto& copy);
  Result<Statistics> RunPromotion(const Promote& promote);
  Result<Statistics> RunShowTableProperties(const ShowTableProperties& show);
  Result<Statistics> RunReplaceRows(const ReplaceRows& replace);
  Result<Statistics> RunReplaceMatching(const std::string& table, const std::string& predicate,
                                        const std::string& insert, engine::duckdb::WriteIntent intent);
  Result<Statistics> RunTruncate(const ReplaceRows& replace);
  Result<void> SendReport(const ProductSql::Rows& rows);
  Result<Statistics> RunCommand(const TableCommand& command);
  /// Auto compaction, for tables that ask for it. The write has succeeded: what fails here is logged and waits for the
  /// next one.
  void CompactAfterWriting(const ObjectName& table);
  /// Looks for personal data in a table that COPY INTO has loaded, and keeps proposals. The load has succeeded: what
  /// fails here is logged. Setting privacy.scan_after_load.
  void ScanAfterLoading(const ObjectName& table);
  Result<Statistics> RunExplain(const Explain& explain);
  Result<Statistics> RunAnalyze(const std::string& sql, std::vector<std::string> lines);
  /// A statement of the server alone, such as CREATE EXTERNAL LOCATION: planned, granted, done, without rows.
  Result<Statistics> RunOnServer(const std::string& kind, const std::function<Result<void>()>& body);
  std::string SchemaOf(const ObjectName& name) const;
  /// Tells the server where what a plan writes comes from; nothing for a query.
  Result<void> SendLineage(plan::LineageDigest lineage);
  /// Reports the plan to the server and waits for its grant.
  Result<void> AwaitGrant(const plan::CostedQuery& query, const std::string& kind);
  Result<void> AwaitGrant(const PlannedMessage& planned);
  /// `send_count`: a statement without columns answers how many rows it changed.
  Result<Statistics> ExecuteAndSend(plan::CostedQuery query, bool send_count);
  /// BEGIN … COMMIT in one request: all or nothing, one result. The last statement's rows are the answer, or the number
  /// of rows that all of them changed.
  Result<Statistics> RunTransaction(std::span<const StatementText> statements);
  Result<Statistics> RunTransactionBody(std::span<const StatementText> statements, bool& sent);
  Result<void> RunTransactionStep(const std::string& step,
                                  std::vector<tables::delta::SetTransaction> transactions = {});
  /// Errors: kNotSupported if the request has an application's transaction and `statement` (null: several) cannot be
  /// one that writes rows.
  Result<void> CheckTakesTransaction(const FrontStatement* statement) const;
  /// What the request's transaction is in the commit; empty without one.
  std::vector<tables::delta::SetTransaction> ApplicationTransactions() const;
  /// Whether the one table that `query`, bound by now, would write has the request's transaction or a later one. What
  /// comes after the look meets the conflict rules of the commit. Errors: kNotSupported for what writes no one table.
  Result<bool> WasAppliedBefore(const plan::CostedQuery& query);
  Result<Statistics> AnswerAppliedBefore();
  Result<void> SendOwn(const OwnResult& result);
  /// Remembers whether a plan reads tables of which the principal sees a part only.
  void NoteHidden(const plan::PlanDigest& digest, governance::RowMoves moves);
  /// What was read says how much is hidden: such a statement tells nothing of it.
  Statistics WithoutHidden(Statistics statistics) const;
  Result<Statistics> RunStatements();
  Result<void> SendRowsChanged(int64_t rows_changed);
  Result<void> SendLines(const std::string& column, const std::vector<std::string>& lines);

  const RequestContext& ctx_;
  const StartMessage& start_;
  engine::duckdb::Engine& engine_;
  RemoteProvider& provider_;
  Channel& channel_;
  RequestGrant request_grant_;
  const governance::Governor governor_;
  std::unique_ptr<plan::LookupGate> gate_;
  StageTimes stages_;
  const WriteCommit* load_ = nullptr;  ///< What a load says of its files' columns, while it writes.
  int64_t memory_bytes_;               ///< Granted so far.
  int64_t reserved_bytes_ = 0;         ///< Of that, what logs of large tables take: not the engine's.
  bool whole_request_ = false;         ///< The user's statement goes to the engine in one: it has all its parameters.
  bool hides_ = false;                 ///< A policy applies to what is read.
  bool may_hand_over_ = false;         ///< Of the part under way: its rows may go to a group.
  std::shared_ptr<engine::duckdb::GroupedRows> grouped_;
};

}  // namespace neurolake::query
