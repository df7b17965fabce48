#include "query/worker_statement.h"

#include <bit>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>

#include "arrow/ipc.h"
#include "common/text.h"
#include "governance/governor.h"
#include "optimizer/predictor.h"
#include "query/copy_into.h"
#include "query/copy_into_promote.h"
#include "query/lineage_messages.h"
#include "query/read_only.h"
#include "query/statement_sql.h"

namespace neurolake::query {
namespace {

namespace engine = neurolake::engine::duckdb;
namespace json = boost::json;
using governance::StatementOrigin;
using std::chrono::steady_clock;

/// A file as statements name it: people see uploads and locations, not the server's directories.
std::string NameOfFile(const std::vector<ReadableLocation>& readable, const std::string& path) {
  for (const ReadableLocation& location : readable) {
    if (location.name.empty()) continue;
    // Sources are resolved, the places they lie in may be links.
    std::error_code problem;
    const std::string resolved = std::filesystem::canonical(location.path, problem).string() + "/";
    for (const std::string& root : {location.path, resolved}) {
      if (root.size() < 2 || !path.starts_with(root)) continue;
      const std::string below = path.substr(root.size());
      return location.name == "upload" ? ShownUpload(below) : location.name + "/" + below;
    }
  }
  return path;
}

/// Which column of the files a reader's column is: it calls them c0, c1 … where the files' names do not count.
std::optional<size_t> FileColumn(const WriteCommit& load, const std::string& name) {
  const auto found = std::ranges::find(load.file_columns, name);
  if (found != load.file_columns.end()) return static_cast<size_t>(found - load.file_columns.begin());
  size_t index = 0;
  const bool numbered =
      name.size() > 1 && name[0] == 'c' &&
      std::from_chars(name.data() + 1, name.data() + name.size(), index).ptr == name.data() + name.size();
  return numbered && index < load.file_columns.size() ? std::optional(index) : std::nullopt;
}

/// Puts the files' names of columns in the place of their reader's. What a reader adds, such as the path, is no column.
void NameFileColumns(const WriteCommit& load, plan::LineageDigest& lineage) {
  const auto rename = [&](std::vector<plan::LineageSource>& sources, const std::string& target) {
    std::map<std::pair<uint32_t, uint32_t>, unsigned> named;
    for (const auto& source : sources) {
      const auto& relation = lineage.relations[source.relation];
      std::optional<size_t> field = source.field;
      if (relation.kind == "files") {
        const auto loaded = load.loaded.find(target);
        field = loaded != load.loaded.end() ? loaded->second : FileColumn(load, relation.fields[source.field]);
      }
      if (field) named[{source.relation, static_cast<uint32_t>(*field)}] |= source.kinds;
    }
    sources.clear();
    for (const auto& [source, kinds] : named) {
      sources.push_back({source.first, source.second, static_cast<uint16_t>(kinds)});
    }
  };
  for (auto& column : lineage.columns) rename(column.sources, column.name);
  rename(lineage.rows, {});
  for (auto& relation : lineage.relations) {
    if (relation.kind == "files") relation.fields = load.file_columns;
  }
}

/// Columns of the scan's table that the plan reads, as far as the statement depends on them.
json::array ColumnsRead(const plan::PlanDigest& digest, const plan::ScanDigest& scan) {
  const plan::LineageDigest& lineage = digest.lineage;
  std::set<std::string> names;
  const auto add = [&](const std::vector<plan::LineageSource>& sources) {
    for (const auto& source : sources) {
      const auto& relation = lineage.relations[source.relation];
      if (relation.id == scan.table && relation.version == scan.version) names.insert(relation.fields[source.field]);
    }
  };
  for (const auto& column : lineage.columns) add(column.sources);
  add(lineage.rows);
  return json::array(names.begin(), names.end());
}

/// Tables and versions of a plan, for history and status:
/// [{"table":"s.t","id":"…","version":3,"access":"read","columns":["a"],"committed_at":"2025-04-02T10:00:00Z"}].
std::string TablesJson(const plan::PlanDigest& digest) {
  json::array tables;
  for (const auto& scan : digest.scans) {
    json::object table{{"table", scan.schema_name + "." + scan.table_name},
                       {"id", scan.table.value()},
                       {"version", scan.version},
                       {"access", "read"},
                       {"columns", ColumnsRead(digest, scan)}};
    if (scan.committed.has_value()) table["committed_at"] = FormatTimestamp(*scan.committed);
    tables.push_back(std::move(table));
  }
  for (const auto& write : digest.writes) {
    tables.push_back(
        {{"table", write.schema_name + "." + write.table_name}, {"id", write.table.value()}, {"access", "write"}});
  }
  return json::serialize(tables);
}

constexpr const char* kTransactions =
    "a transaction is one request: BEGIN; statements; COMMIT - with the statements in between, separated by semicolons";

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

}  // namespace

template <typename Body>
auto WorkerStatement::Stage(const char* name, Body body) {
  const auto begin = steady_clock::now();
  auto result = body();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin).count();
  // A composed statement passes its stages several times.
  const auto known = std::ranges::find(stages_, name, &StageTimes::value_type::first);
  if (known != stages_.end()) known->second += micros;
  else stages_.emplace_back(name, micros);
  return result;
}

WorkerStatement::WorkerStatement(const RequestContext& ctx, const StartMessage& start, engine::Engine& engine,
                                 RemoteProvider& provider, Channel& channel, RequestGrant request_grant)
    : ctx_(ctx),
      start_(start),
      engine_(engine),
      provider_(provider),
      channel_(channel),
      request_grant_(std::move(request_grant)),
      governor_(governance::FunctionRights(start.denied_functions)),
      memory_bytes_(start.planning_bytes) {}

// The gate must live until the engine has let go of the statement.
WorkerStatement::~WorkerStatement() { engine_.EndStatement(); }

Result<void> WorkerStatement::Begin(StatementOrigin origin, std::vector<tables::delta::SetTransaction> transactions,
                                    std::optional<engine::WriteIntent> intent) {
  engine_.EndStatement();
  gate_ = governor_.GateFor(origin);
  engine::StatementGrants grants;
  if (origin == StatementOrigin::kProduct) {
    for (const ReadableLocation& location : start_.readable) grants.readable_paths.push_back(location.path);
  }
  grants.transactions = std::move(transactions);
  if (may_hand_over_) {
    grants.append_rows_max = start_.append_rows_max;
    grants.append_bytes_max = start_.append_bytes_max;
  }
  grants.grouped = grouped_;
  grants.write = std::move(intent);
  grants.default_schema = start_.request.schema;
  grants.time_zone = start_.request.time_zone;
  grants.reserve_memory = [this](int64_t bytes) -> Result<void> {
    const int64_t before = memory_bytes_ - reserved_bytes_;
    NL_ASSIGN_OR_RETURN(memory_bytes_, request_grant_({.memory_bytes = bytes, .reserve = true}));
    reserved_bytes_ += bytes;
    const int64_t left = memory_bytes_ - reserved_bytes_;
    // Of what the engine had been granted already.
    return left == before ? Result<void>() : engine_.SetMemoryLimit(left);
  };
  return engine_.BeginStatement(ctx_, provider_, *gate_, memory_bytes_ - reserved_bytes_, std::move(grants));
}

Result<plan::CostedQuery> WorkerStatement::Prepare(const std::string& sql, StatementOrigin origin,
                                                   std::vector<tables::delta::SetTransaction> transactions,
                                                   std::optional<engine::WriteIntent> intent) {
  // The same rows in other files come from nowhere.
  const bool changes_rows = !intent || intent->data_change;
  const auto moves = changes_rows ? governance::RowMoves::kNone : governance::RowMoves::kAll;
  NL_RETURN_IF_ERROR(Begin(origin, std::move(transactions), std::move(intent)));
  NL_ASSIGN_OR_RETURN(auto parsed, Stage("parse", [&] { return engine_.Parse(sql); }));
  if (parsed.size() != 1) {
    return MakeError(ErrorCode::kSyntaxError, "expected one statement, got {}; send them one by one", parsed.size());
  }
  if (start_.request.read_only) NL_RETURN_IF_ERROR(CheckReads(parsed[0]->kind()));
  NL_RETURN_IF_ERROR(governor_.CheckStatementKind(parsed[0]->kind(), ctx_.principal(), origin));
  std::vector<engine::ParameterValue> parameters;
  if (origin == StatementOrigin::kUser) {
    for (size_t i = 0; i < start_.request.parameters.size(); ++i) {
      const Parameter& given = start_.request.parameters[i];
      std::string name = given.name.empty() ? std::to_string(i + 1) : given.name;
      if (whole_request_ && !parsed[0]->HasParameter(name)) {
        return MakeError(ErrorCode::kInvalidArgument, "a parameter was given that the statement does not have: {}",
                         name);
      }
      parameters.push_back({std::move(name), given.json, given.type});
    }
  }
  NL_ASSIGN_OR_RETURN(auto bound, Stage("bind", [&] { return engine_.Bind(std::move(parsed[0]), parameters); }));
  NL_ASSIGN_OR_RETURN(auto governed,
                      Stage("govern", [&] { return governor_.Govern(ctx_, std::move(bound), origin, moves); }));
  NoteHidden(governed.digest(), moves);
  if (changes_rows) NL_RETURN_IF_ERROR(SendLineage(governed.digest().lineage));
  return Stage("predict", [&] { return optimizer::Predictor().Predict(ctx_, std::move(governed)); });
}

Result<void> WorkerStatement::AwaitGrant(const plan::CostedQuery& query, const std::string& kind) {
  return AwaitGrant({.kind = kind,
                     .tables_json = TablesJson(query.digest()),
                     .prediction_json = hides_ ? "{}" : optimizer::PredictionJson(query.prediction()),
                     .memory_bytes = kind == "EXPLAIN" ? 0 : query.prediction().memory_bytes});
}

Result<void> WorkerStatement::SendLineage(plan::LineageDigest lineage) {
  if (lineage.target_kind.empty()) return {};
  if (load_ != nullptr && !load_->file_columns.empty()) NameFileColumns(*load_, lineage);
  for (auto& relation : lineage.relations) {
    for (std::string& file : relation.files) file = NameOfFile(start_.readable, file);
  }
  return channel_.Send(FrameKind::kLineage, EncodeLineage(lineage));
}

Result<void> WorkerStatement::AwaitGrant(const PlannedMessage& planned) {
  NL_ASSIGN_OR_RETURN(memory_bytes_, Stage("grant", [&] { return request_grant_(planned); }));
  return engine_.SetMemoryLimit(memory_bytes_ - reserved_bytes_);
}

Result<engine::ExecutionStatistics> WorkerStatement::ExecuteAndSend(plan::CostedQuery query, bool send_count) {
  return Stage("execute", [&]() -> Result<Statistics> {
    NL_ASSIGN_OR_RETURN(auto running, engine_.Execute(std::move(query)));
    // A statement without columns answers, once it has committed, how many rows it changed.
    const bool has_columns = running->schema().column_count() > 0;
    if (has_columns) {
      NL_ASSIGN_OR_RETURN(const std::string schema, arrow::EncodeSchema(running->schema()));
      NL_RETURN_IF_ERROR(channel_.Send(FrameKind::kSchema, schema));
    }
    auto last_progress = steady_clock::now();
    for (;;) {
      NL_ASSIGN_OR_RETURN(auto batch, running->Next());
      if (!batch) {
        if (!has_columns && send_count) NL_RETURN_IF_ERROR(SendRowsChanged(running->statistics().rows_changed));
        return running->statistics();
      }
      if (has_columns && batch->row_count() > 0) {
        NL_ASSIGN_OR_RETURN(const std::string bytes, arrow::EncodeBatch(running->schema(), *batch));
        NL_RETURN_IF_ERROR(channel_.Send(FrameKind::kBatch, bytes));
      }
      if (!hides_ && steady_clock::now() - last_progress > std::chrono::milliseconds(200)) {
        last_progress = steady_clock::now();
        NL_RETURN_IF_ERROR(channel_.Send(FrameKind::kProgress, fmt::format("{:.4f}", running->progress())));
      }
    }
  });
}

Result<engine::ExecutionStatistics> WorkerStatement::RunSql(const std::string& sql, StatementOrigin origin,
                                                            std::optional<engine::WriteIntent> intent) {
  // Composed statements need to know what became of their parts.
  may_hand_over_ = origin == StatementOrigin::kUser && !intent;
  std::vector<tables::delta::SetTransaction> transactions;
  if (origin == StatementOrigin::kUser) transactions = ApplicationTransactions();
  auto prepared = Prepare(sql, origin, std::move(transactions), std::move(intent));
  may_hand_over_ = false;
  NL_ASSIGN_OR_RETURN(auto costed, std::move(prepared));
  const std::string kind = costed.digest().statement_kind;
  NL_RETURN_IF_ERROR(AwaitGrant(costed, kind));
  NL_ASSIGN_OR_RETURN(const bool applied_before, WasAppliedBefore(costed));
  if (applied_before) return AnswerAppliedBefore();
  const auto writes = costed.digest().writes;
  NL_ASSIGN_OR_RETURN(const Statistics statistics, ExecuteAndSend(std::move(costed), /*send_count=*/true));
  if (statistics.committed_version >= 0) {
    for (const auto& write : writes) CompactAfterWriting({write.schema_name, write.table_name});
  }
  return statistics;
}

Result<void> WorkerStatement::SendRowsChanged(int64_t rows_changed) {
  NL_ASSIGN_OR_RETURN(const OwnResult changed, MakeRowsChangedResult(rows_changed));
  return SendOwn(changed);
}

Result<void> WorkerStatement::SendLines(const std::string& column, const std::vector<std::string>& lines) {
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const std::string& line : lines) rows.push_back({line});
  NL_ASSIGN_OR_RETURN(const OwnResult text, MakeOwnResult({{column, "VARCHAR"}}, rows));
  return SendOwn(text);
}

Result<void> WorkerStatement::SendOwn(const OwnResult& result) {
  NL_ASSIGN_OR_RETURN(const std::string schema, arrow::EncodeSchema(result.schema));
  NL_RETURN_IF_ERROR(channel_.Send(FrameKind::kSchema, schema));
  if (result.batch.row_count() == 0) return {};
  NL_ASSIGN_OR_RETURN(const std::string batch, arrow::EncodeBatch(result.schema, result.batch));
  return channel_.Send(FrameKind::kBatch, batch);
}

std::string WorkerStatement::SchemaOf(const ObjectName& name) const {
  if (!name.schema.empty()) return name.schema;
  return start_.request.schema.empty() ? "main" : start_.request.schema;
}

Result<engine::ExecutionStatistics> WorkerStatement::RunOnServer(const std::string& kind,
                                                                 const std::function<Result<void>()>& body) {
  NL_RETURN_IF_ERROR(AwaitGrant({.kind = kind}));
  NL_RETURN_IF_ERROR(Stage("execute", body));
  NL_RETURN_IF_ERROR(SendRowsChanged(-1));
  return Statistics{};
}

Result<engine::ExecutionStatistics> WorkerStatement::RunAnalyze(const std::string& sql,
                                                                std::vector<std::string> lines) {
  NL_ASSIGN_OR_RETURN(auto costed, Prepare(sql, StatementOrigin::kUser));
  const auto begin = steady_clock::now();
  NL_ASSIGN_OR_RETURN(auto running, engine_.Execute(std::move(costed)));
  int64_t rows = 0;
  for (;;) {
    NL_ASSIGN_OR_RETURN(auto batch, running->Next());
    if (!batch) break;
    rows += batch->row_count();
  }
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin).count();
  stages_.emplace_back("execute", micros);
  const Statistics statistics = running->statistics();
  if (hides_) {
    lines.push_back(fmt::format("Actual: {} rows returned", rows));
    NL_RETURN_IF_ERROR(SendLines("plan", lines));
    return statistics;
  }
  lines.push_back("Actual:");
  lines.push_back(fmt::format("  rows returned   {}", rows));
  lines.push_back(fmt::format("  files read      {} of {}", statistics.files_kept, statistics.files_total));
  lines.push_back(fmt::format("  row groups read {} of {}", statistics.row_groups_kept, statistics.row_groups_total));
  lines.push_back(fmt::format("  rows scanned    {}", statistics.rows_scanned));
  lines.push_back(fmt::format("  bytes read      {}", FormatBytes(statistics.bytes_read)));
  lines.push_back("Stages:");
  for (const auto& [name, time] : stages_) lines.push_back(fmt::format("  {:<15} {:>9.3f} ms", name, time / 1000.0));
  NL_RETURN_IF_ERROR(SendLines("plan", lines));
  return statistics;
}

Result<engine::ExecutionStatistics> WorkerStatement::RunExplain(const Explain& explain) {
  const auto* inner = std::get_if<PassThrough>(&explain.inner->statement);
  if (inner == nullptr) return MakeError(ErrorCode::kNotSupported, "EXPLAIN takes a query, INSERT, UPDATE or DELETE");
  whole_request_ = true;
  NL_ASSIGN_OR_RETURN(auto costed, Prepare(inner->sql, StatementOrigin::kUser));
  NL_RETURN_IF_ERROR(AwaitGrant(costed, explain.analyze ? "EXPLAIN ANALYZE" : "EXPLAIN"));
  const plan::Prediction prediction = costed.prediction();
  std::vector<std::string> lines = {fmt::format("Statement: {}", costed.digest().statement_kind)};
  NL_ASSIGN_OR_RETURN(const std::string plan, engine_.Explain(std::move(costed)));
  if (hides_) {
    lines.emplace_back("A policy of a table applies to you: the plan, and how much it reads, are not shown.");
  } else {
    lines.push_back(fmt::format("Predicted ({}): {}", prediction.method, optimizer::PredictionJson(prediction)));
    lines.push_back("Plan:");
    for (std::string& line : Lines(plan)) lines.push_back(std::move(line));
  }
  if (explain.analyze) return RunAnalyze(inner->sql, std::move(lines));
  NL_RETURN_IF_ERROR(SendLines("plan", lines));
  return Statistics{};
}

Result<engine::ExecutionStatistics> WorkerStatement::RunCopy(const CopyInto& copy) {
  json::array tables;
  tables.push_back({{"table", SchemaOf(copy.target) + "." + copy.target.name}, {"access", "write"}});
  // Its parts are planned one after the other, from what the files turn out to be: no prediction yet.
  NL_RETURN_IF_ERROR(AwaitGrant({.kind = "COPY INTO", .tables_json = json::serialize(tables), .memory_bytes = -1}));
  CopyInto qualified = copy;
  qualified.target.schema = SchemaOf(copy.target);
  StatementSql sql(*this);
  NL_ASSIGN_OR_RETURN(const CopyReport report, RunCopyInto(qualified, sql));
  NL_RETURN_IF_ERROR(SendReport(ReportRows(report)));
  Statistics statistics;
  statistics.rows_changed = report.rows_loaded;
  statistics.committed_version = report.version;
  if (report.version >= 0) CompactAfterWriting(qualified.target);
  // Ever more seldom, as a table grows: versions 0, 1, 2, 4, 8 …
  const bool due =
      report.version == 0 || (report.version > 0 && std::has_single_bit(static_cast<uint64_t>(report.version)));
  if (due && report.rows_loaded > 0) ScanAfterLoading(qualified.target);
  return statistics;
}

Result<void> WorkerStatement::SendReport(const ProductSql::Rows& rows) {
  std::vector<OwnColumn> columns;
  for (size_t i = 0; i < rows.columns.size(); ++i) columns.push_back({rows.columns[i], rows.types[i]});
  NL_ASSIGN_OR_RETURN(const OwnResult result, MakeOwnResult(columns, rows.rows));
  return SendOwn(result);
}

Result<engine::ExecutionStatistics> WorkerStatement::RunPromotion(const Promote& promote) {
  if (!start_.request.parameters.empty()) return MakeError(ErrorCode::kNotSupported, "PROMOTE takes no parameters");
  Promote qualified = promote;
  qualified.source.schema = SchemaOf(promote.source);
  qualified.target.schema = SchemaOf(promote.target);
  const auto full = [](const ObjectName& name) { return name.schema + "." + name.name; };
  json::array tables;
  tables.push_back({{"table", full(qualified.source)}, {"access", "read"}});
  tables.push_back({{"table", full(qualified.target)}, {"access", "write"}});
  NL_RETURN_IF_ERROR(AwaitGrant({.kind = "PROMOTE", .tables_json = json::serialize(tables), .memory_bytes = -1}));
  // Its SELECT is a user's text, so all of it is judged as one, and no file is granted.
  StatementSql sql(*this, StatementOrigin::kUser);
  NL_ASSIGN_OR_RETURN(const PromoteReport report, RunPromote(qualified, sql));
  NL_RETURN_IF_ERROR(SendReport(ReportRows(report)));
  Statistics statistics;
  statistics.rows_changed = report.rows_written;
  statistics.committed_version = report.version;
  if (report.version >= 0) CompactAfterWriting(qualified.target);
  return statistics;
}

Result<engine::ExecutionStatistics> WorkerStatement::RunShowTableProperties(const ShowTableProperties& show) {
  const std::string key =
      show.key ? fmt::format(" WHERE lower(property.key) = lower({})", QuoteLiteral(*show.key)) : "";
  return RunSql(fmt::format("SELECT property.key AS key, property.value AS value FROM (SELECT "
                            "unnest(map_entries(properties)) AS property FROM lake_detail({}, {})){} ORDER BY key",
                            QuoteLiteral(SchemaOf(show.table)), QuoteLiteral(show.table.name), key),
                StatementOrigin::kProduct);
}

Result<engine::ExecutionStatistics> WorkerStatement::Dispatch(FrontStatement statement) {
  auto lake_function = [&](const char* function, const ObjectName& table, const std::string& options) {
    return RunSql(fmt::format("SELECT * FROM {}({}, {}{})", function, QuoteLiteral(SchemaOf(table)),
                              QuoteLiteral(table.name), options),
                  StatementOrigin::kProduct);
  };
  auto unsupported = [](const char* text) -> Result<Statistics> {
    return MakeError(ErrorCode::kNotSupported, "{}", text);
  };
  struct Visitor {
    WorkerStatement& self;
    decltype(lake_function)& lake;
    decltype(unsupported)& refuse;
    Result<Statistics> operator()(const PassThrough& s) {
      self.whole_request_ = true;
      if (!s.listed_schema.empty() && s.listed_schema != "system" && s.listed_schema != "information_schema") {
        NL_ASSIGN_OR_RETURN(const bool exists, self.provider_.SchemaExists(s.listed_schema));
        if (!exists) return MakeError(ErrorCode::kSchemaNotFound, "no such schema: {}", s.listed_schema);
      }
      if (!s.evolves_schema) return self.RunSql(s.sql, StatementOrigin::kUser);
      return self.RunSql(s.sql, StatementOrigin::kUser, engine::WriteIntent{.evolves_schema = true});
    }
    Result<Statistics> operator()(const Explain& s) { return self.RunExplain(s); }
    Result<Statistics> operator()(const DescribeHistory& s) {
      // Told to the function: a log may have very many versions, each one a file to read.
      return lake("lake_history", s.table, s.limit ? fmt::format(", versions := {}", *s.limit) : "");
    }
    Result<Statistics> operator()(const DescribeDetail& s) { return lake("lake_detail", s.table, ""); }
    Result<Statistics> operator()(const ShowCreateTable& s) { return lake("lake_create", s.table, ""); }
    Result<Statistics> operator()(const ShowTableProperties& s) { return self.RunShowTableProperties(s); }
    Result<Statistics> operator()(const CopyInto& s) { return self.RunCopy(s); }
    Result<Statistics> operator()(const Promote& s) { return self.RunPromotion(s); }
    Result<Statistics> operator()(const ReplaceRows& s) { return self.RunReplaceRows(s); }
    Result<Statistics> operator()(const std::shared_ptr<const TableCommand>& s) { return self.RunCommand(*s); }
    Result<Statistics> operator()(const BeginTransaction&) { return refuse(kTransactions); }
    Result<Statistics> operator()(const CommitTransaction&) { return refuse(kTransactions); }
    Result<Statistics> operator()(const RollbackTransaction&) { return refuse(kTransactions); }
    Result<Statistics> operator()(const SetSession&) {
      return refuse("a statement has no session: give schema, time_zone and purpose with the request");
    }
    Result<Statistics> operator()(const CreateExternalLocation& s) {
      return self.RunOnServer("CREATE EXTERNAL LOCATION", [&] { return self.provider_.CreateExternalLocation(s); });
    }
    Result<Statistics> operator()(const DropExternalLocation& s) {
      return self.RunOnServer("DROP EXTERNAL LOCATION", [&] { return self.provider_.DropExternalLocation(s); });
    }
  };
  return std::visit(Visitor{*this, lake_function, unsupported}, statement.statement);
}

Result<engine::ExecutionStatistics> WorkerStatement::Run() {
  NL_ASSIGN_OR_RETURN(const Statistics statistics, RunStatements());
  return WithoutHidden(statistics);
}

Result<engine::ExecutionStatistics> WorkerStatement::RunStatements() {
  if (start_.group) return RunGroup(*start_.group);
  NL_ASSIGN_OR_RETURN(const auto statements, SplitStatements(start_.request.sql));
  if (statements.size() > 1) {
    NL_RETURN_IF_ERROR(CheckTakesTransaction(nullptr));
    return RunTransaction(statements);
  }
  NL_ASSIGN_OR_RETURN(auto statement, Stage("front_parse", [&] { return ParseFront(start_.request.sql); }));
  if (start_.request.read_only) NL_RETURN_IF_ERROR(CheckReads(statement));
  NL_RETURN_IF_ERROR(CheckTakesTransaction(&statement));
  return Dispatch(std::move(statement));
}

}  // namespace neurolake::query
