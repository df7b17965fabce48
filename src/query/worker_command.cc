// Table commands: WorkerStatement's part that runs statements of ours which the engine does not plan.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "common/log.h"
#include "query/commands/compaction.h"
#include "query/commands/scan.h"
#include "query/commands/server_action.h"
#include "query/commands/table_command.h"
#include "query/messages.h"
#include "query/statement_sql.h"
#include "query/worker_statement.h"
#include "tables/delta/field_places.h"
#include "tables/delta/row_tracking.h"

namespace neurolake::query {

using engine::duckdb::ExecutionStatistics;
using governance::StatementOrigin;

/// A command's way to everything, through the statement it runs in.
class WorkerCommandContext final : public CommandContext {
 public:
  WorkerCommandContext(WorkerStatement& statement, bool obeys_policies)
      : statement_(statement), sql_(statement), obeys_policies_(obeys_policies) {}

  const RequestContext& request() const override { return statement_.ctx_; }
  ObjectName Qualified(const ObjectName& name) const override { return {statement_.SchemaOf(name), name.name}; }

  Result<OpenedTable> Open(const ObjectName& name, std::optional<int64_t> version) override {
    const ObjectName full = Qualified(name);
    NL_RETURN_IF_ERROR(BeginUnlessOpen());
    NL_ASSIGN_OR_RETURN(auto opened, statement_.engine_.OpenTable({full.schema, full.name}, version));
    if (!opened) {
      return MakeError(ErrorCode::kNotFound, "table does not exist or may not be read: {}.{}", full.schema, full.name);
    }
    if (opened->entry.policy != nullptr && !obeys_policies_) {
      return MakeError(ErrorCode::kPermissionDenied,
                       "a policy of the table applies to you, and the statement works on the table as a whole: {}.{}",
                       full.schema, full.name);
    }
    return OpenedTable{std::move(opened->entry), std::move(opened->snapshot)};
  }

  Result<void> Authorize(Right right) override { return statement_.provider_.Authorize(right); }

  Result<tables::delta::CommitOutcome> Commit(const OpenedTable& table, tables::delta::CommitRequest request) override {
    request.table_path = table.entry.location;
    request.snapshot_protocol = table.snapshot->protocol();
    request.snapshot_metadata = table.snapshot->metadata();
    tables::delta::CompleteRowTracking(*table.snapshot, request);
    if (request.read_version < 0) request.read_version = table.snapshot->version();
    engine::duckdb::LakeCommit commit{.table = table.entry.id, .request = {}, .register_as = std::nullopt};
    NL_ASSIGN_OR_RETURN(commit.expectations, Judge(table, request));
    commit.request = std::move(request);
    NL_ASSIGN_OR_RETURN(auto outcome, statement_.provider_.Commit(commit));
    committed_version_ = outcome.version;
    statement_.engine_.KeepUpLog(table.entry, outcome.version);
    return outcome;
  }

  Result<std::vector<std::string>> BindRowCondition(const OpenedTable& table, const std::string& condition) override {
    NL_RETURN_IF_ERROR(statement_.Begin(StatementOrigin::kUser));
    begun_ = true;
    return statement_.engine_.BindRowCondition({table.entry, table.snapshot}, condition);
  }

  Result<plan::PolicyNeeds> BindPolicy(const OpenedTable& table, const std::string& sql, const std::string& mask_of,
                                       const std::string& value_of) override {
    NL_RETURN_IF_ERROR(statement_.Begin(StatementOrigin::kUser));
    begun_ = true;
    return statement_.engine_.BindPolicy({table.entry, table.snapshot}, sql, mask_of, value_of);
  }

  Result<void> CutLog(const OpenedTable& table, int64_t version) override {
    return statement_.engine_.CutLog(table.entry, version);
  }

  engine::duckdb::LakeProvider& provider() override { return statement_.provider_; }
  storage::ObjectStore& store() override { return statement_.engine_.store(); }
  tables::delta::LogReader& log_reader() override { return statement_.engine_.log_reader(); }
  void GrantLog(const std::string& location) override { statement_.engine_.GrantLog(location); }

  Result<ProductSql::Rows> Query(const std::string& sql) override { return sql_.Query(sql, StatementOrigin::kProduct); }
  Result<ProductSql::Rows> QueryAsUser(const std::string& sql) override {
    return sql_.Query(sql, StatementOrigin::kUser);
  }
  Result<int64_t> Write(const std::string& sql, engine::duckdb::WriteIntent intent) override {
    return WriteBy(sql, StatementOrigin::kProduct, std::move(intent));
  }
  Result<int64_t> WriteAsUser(const std::string& sql, engine::duckdb::WriteIntent intent) override {
    return WriteBy(sql, StatementOrigin::kUser, std::move(intent));
  }
  Result<void> NoteCopy(const OpenedTable& source, const engine::duckdb::TableEntry& target) override {
    plan::LineageDigest lineage;
    lineage.operation = "COPY";
    lineage.target_kind = "table";
    lineage.target = target.id;
    lineage.target_schema = target.schema_name;
    lineage.target_name = target.table_name;
    auto& from = lineage.relations.emplace_back();
    from.kind = "table";
    from.id = source.entry.id;
    from.version = source.snapshot->version();
    for (const auto& field : source.snapshot->schema().fields) {
      const auto index = static_cast<uint32_t>(from.fields.size());
      from.fields.push_back(field.name);
      constexpr uint16_t kIdentity = 1U << static_cast<int>(plan::DependenceKind::kIdentity);
      from.physical_fields.push_back(field.physical_name());
      lineage.target_fields.push_back({field.name, {}, field.physical_name()});
      lineage.columns.push_back({.name = field.name, .sources = {{0, index, kIdentity}}});
    }
    for (const auto& place : tables::delta::NestedPlaces(source.snapshot->schema())) {
      from.nested.push_back({place.names, place.physical});
    }
    lineage.target_nested = from.nested;
    return statement_.SendLineage(std::move(lineage));
  }
  int64_t committed_version() const override { return committed_version_; }

 private:
  /// What the table's expectations say to a commit that brings or takes rows.
  Result<std::vector<engine::duckdb::ExpectationEvidence>> Judge(const OpenedTable& table,
                                                                 const tables::delta::CommitRequest& request) {
    using Evidence = std::vector<engine::duckdb::ExpectationEvidence>;
    const auto changes = [](const auto& action) { return action.data_change; };
    if (std::ranges::none_of(request.adds, changes) && std::ranges::none_of(request.removes, changes)) {
      return Evidence();
    }
    NL_RETURN_IF_ERROR(BeginUnlessOpen());
    // What FSCK takes away is gone already: refused, nobody could read the table, nor ever mend it.
    return statement_.engine_.JudgeFiles({table.entry, table.snapshot}, request, request.operation != "FSCK");
  }
  Result<void> BeginUnlessOpen() {
    if (begun_) return {};
    NL_RETURN_IF_ERROR(statement_.Begin(StatementOrigin::kProduct));
    begun_ = true;
    return {};
  }
  Result<int64_t> WriteBy(const std::string& sql, StatementOrigin origin, engine::duckdb::WriteIntent intent) {
    NL_ASSIGN_OR_RETURN(const auto statistics, sql_.Write(sql, origin, {}, std::move(intent)));
    committed_version_ = statistics.committed_version;
    begun_ = true;
    return std::max<int64_t>(0, statistics.rows_changed);
  }

  WorkerStatement& statement_;
  StatementSql sql_;
  const bool obeys_policies_;
  bool begun_ = false;
  int64_t committed_version_ = -1;
};

Result<ExecutionStatistics> WorkerStatement::RunCommand(const TableCommand& command) {
  namespace json = boost::json;
  json::array tables;
  if (!command.target().name.empty()) {
    tables.push_back({{"table", SchemaOf(command.target()) + "." + command.target().name},
                      {"access", command.writes() ? "write" : "read"}});
  }
  NL_RETURN_IF_ERROR(AwaitGrant({.kind = command.kind(),
                                 .tables_json = json::serialize(tables),
                                 .memory_bytes = command.needs_memory() ? -1 : 0}));
  WorkerCommandContext context(*this, command.obeys_policies());
  NL_ASSIGN_OR_RETURN(const OwnResult result, command.Run(context));
  NL_RETURN_IF_ERROR(SendOwn(result));
  Statistics statistics;
  statistics.committed_version = context.committed_version();
  return statistics;
}

void WorkerStatement::CompactAfterWriting(const ObjectName& table) {
  const auto compact = [&]() -> Result<void> {
    NL_RETURN_IF_ERROR(Begin(StatementOrigin::kProduct));
    NL_ASSIGN_OR_RETURN(auto opened, engine_.OpenTable({table.schema, table.name}, std::nullopt));
    if (!opened) return {};
    WorkerCommandContext context(*this, /*obeys_policies=*/true);
    NL_RETURN_IF_ERROR(CompactAfterWrite(context, OpenedTable{std::move(opened->entry), std::move(opened->snapshot)}));
    return {};
  };
  const auto compacted = compact();
  // Another writer may well have been faster.
  if (compacted.has_value() || compacted.error().code() == ErrorCode::kConflict) return;
  Log(LogLevel::kWarn, "compaction after a write failed", ctx_.request_id(),
      {{"error", std::string(ErrorName(compacted.error().code()))}});
}

void WorkerStatement::ScanAfterLoading(const ObjectName& table) {
  /// As many as tell one identifier from another; a scan of all is the steward's to ask for.
  constexpr int64_t kRows = 1000;
  const auto scan = [&]() -> Result<void> {
    NL_RETURN_IF_ERROR(Begin(StatementOrigin::kUser));
    NL_ASSIGN_OR_RETURN(auto opened, engine_.OpenTable({table.schema, table.name}, std::nullopt));
    if (!opened) return {};
    WorkerCommandContext context(*this, /*obeys_policies=*/true);
    NL_ASSIGN_OR_RETURN(const auto policy, AskServer(context, "scan_policy", {}));
    NL_ASSIGN_OR_RETURN(const bool after_load, BoolMember(policy, "after_load"));
    if (!after_load) return {};
    const OpenedTable loaded{std::move(opened->entry), std::move(opened->snapshot)};
    NL_RETURN_IF_ERROR(ScanForPersonalData(context, loaded, {.rows_max = kRows, .first_rows = true}));
    return {};
  };
  const auto scanned = scan();
  // Who may load and not read learns nothing of the table this way.
  if (scanned.has_value() || scanned.error().code() == ErrorCode::kPermissionDenied) return;
  Log(LogLevel::kWarn, "scan for personal data after a load failed", ctx_.request_id(),
      {{"error", std::string(ErrorName(scanned.error().code()))}});
}

}  // namespace neurolake::query
