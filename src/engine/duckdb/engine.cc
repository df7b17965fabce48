#include "engine/duckdb/engine.h"

#include <filesystem>

#include "duckdb/main/config.hpp"
#include "duckdb/parser/parser_options.hpp"
#include "duckdb/storage/buffer_manager.hpp"
#include "engine/duckdb/internal/change_feed_table.h"
#include "engine/duckdb/internal/column_cells.h"
#include "engine/duckdb/internal/duckdb_engine.h"
#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/governed_file_system.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_functions.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/log_reader.h"
#include "engine/duckdb/internal/log_upkeep.h"
#include "engine/duckdb/internal/parsed_query.h"
#include "engine/duckdb/internal/policy_expressions.h"
#include "engine/duckdb/internal/row_identity.h"
#include "engine/duckdb/internal/session_settings.h"
#include "engine/duckdb/internal/spill_encryption.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "storage/path.h"

namespace neurolake::engine::duckdb {
namespace {

struct LakeStorageInfo final : public native::StorageExtensionInfo {
  explicit LakeStorageInfo(StatementState& state) : state(state) {}
  StatementState& state;
};

struct LakeStorage final : public native::StorageExtension {
  explicit LakeStorage(StatementState& state) {
    storage_info = native::make_shared_ptr<LakeStorageInfo>(state);
    attach = [](native::optional_ptr<native::StorageExtensionInfo>, native::ClientContext&,
                native::AttachedDatabase& database, const native::string&, native::AttachInfo&,
                native::AttachOptions&) -> native::unique_ptr<native::Catalog> {
      return native::make_uniq<LakeCatalog>(database);
    };
    create_transaction_manager = [](native::optional_ptr<native::StorageExtensionInfo> info,
                                    native::AttachedDatabase& database,
                                    native::Catalog&) -> native::unique_ptr<native::TransactionManager> {
      return native::make_uniq<LakeTransactionManager>(database, static_cast<LakeStorageInfo&>(*info).state);
    };
  }
};

void Configure(native::DBConfig& config, const EngineOptions& options) {
  config.SetOptionByName("autoinstall_known_extensions", native::Value(false));
  config.SetOptionByName("autoload_known_extensions", native::Value(false));
  config.SetOptionByName("allow_community_extensions", native::Value(false));
  config.SetOptionByName("allow_unsigned_extensions", native::Value(false));
  config.SetOptionByName("allow_persistent_secrets", native::Value(false));
  config.SetOptionByName("threads", native::Value::BIGINT(std::max(1, options.threads)));
  // The system's own page cache holds local files, and outside of what statements are granted.
  config.SetOptionByName("enable_external_file_cache", native::Value(false));
  config.options.temporary_directory = options.spill_directory;
  config.SetOptionByName("temp_file_encryption", native::Value(options.encrypt_spill));
  if (options.memory_limit_bytes > 0) {
    config.options.maximum_memory = static_cast<native::idx_t>(options.memory_limit_bytes);
  }
}

void Open(EngineCore& core, const EngineOptions& options) {
  native::DBConfig config;
  config.file_system = native::unique_ptr_cast<native::FileSystem, native::FileSystem>(
      NewGovernedFileSystem(core.paths, *core.state->store, options.spill_directory));
  Configure(config, options);
  native::StorageExtension::Register(config, LakeCatalog::kName, native::make_shared_ptr<LakeStorage>(*core.state));
  core.database = native::make_uniq<native::DuckDB>(nullptr, &config);
  // Not taken over from the configuration that an instance is made with.
  native::DBConfig::GetConfig(*core.database->instance).encryption_util = NewEncryptionUtil();
  // A name that is no table must not become a file's name.
  native::DBConfig::GetConfig(*core.database->instance).replacement_scans.clear();
  core.connection = native::make_uniq<native::Connection>(*core.database);
  native::Connection& connection = *core.connection;
  core.context().registered_state->Insert(StatementState::kName, core.state);
  core.context().config.use_replacement_scans = false;
  core.context().config.enable_progress_bar = true;
  core.context().config.print_progress_bar = false;
  RegisterLakeFunctions(core.context());
  RegisterTableChanges(core.context());
  RegisterTableRows(core.context());
  QueryOrThrow(connection, "SET GLOBAL TimeZone = 'UTC'");
  QueryOrThrow(connection, "ATTACH '' AS lake (TYPE lake)");
  QueryOrThrow(connection, "USE lake.main");
  QueryOrThrow(connection, "SET GLOBAL lock_configuration = true");
}

}  // namespace

Result<std::unique_ptr<Engine>> OpenEngine(const EngineOptions& options, storage::ObjectStore& store) {
  auto core = std::make_unique<EngineCore>();
  if (!options.spill_directory.empty()) {
    std::error_code problem;
    std::filesystem::create_directories(options.spill_directory, problem);
    if (problem)
      return MakeError(ErrorCode::kIoError, "the spill directory cannot be made: {}", options.spill_directory);
    core->paths.AllowAlways(options.spill_directory, PathGrants::Access::kReadWrite);
  }
  core->state->store = &store;
  core->state->paths = &core->paths;
  NL_RETURN_IF_ERROR(GuardDuckDb(ErrorStage::kRun, "", &core->broken, [&] { Open(*core, options); }));
  core->memory = std::make_unique<MemoryLimit>(*core->database);
  core->log_reader =
      NewLogReader(*core->database, store, options.threads,
                   {.before_checkpoint = [memory = core->memory.get()] { memory->Apply(); },
                    .reserve_memory = [raw = core.get()](int64_t bytes) { return raw->ReserveMemory(bytes); }});
  core->snapshots = std::make_unique<SnapshotCache>(store, *core->log_reader);
  core->state->snapshots = core->snapshots.get();
  return std::make_unique<DuckDbEngine>(std::move(core));
}

const std::string& EngineCore::request_id() const {
  static const std::string kNone;
  return state->context == nullptr ? kNone : state->context->request_id();
}

Result<void> EngineCore::ReserveMemory(int64_t bytes) {
  if (!state->grants.reserve_memory) return {};
  return state->grants.reserve_memory(bytes);
}

Error EngineCore::Cause(Error error) {
  if (state->refusal.has_value()) return *state->refusal;
  if (state->pending_error.has_value()) return *std::exchange(state->pending_error, std::nullopt);
  if (error.code() == ErrorCode::kCancelled && state->context != nullptr) {
    if (auto alive = state->context->CheckAlive(); !alive.has_value()) return alive.error();
  }
  return error;
}

Result<void> EngineCore::CheckAlive() {
  if (state->context != nullptr) NL_RETURN_IF_ERROR(state->context->CheckAlive());
  if (interrupted) return MakeError(ErrorCode::kCancelled, "the statement was cancelled");
  return {};
}

Result<void> EngineCore::CommitImplicit() {
  auto& transaction = context().transaction;
  if (state->explicit_transaction || !transaction.HasActiveTransaction()) return {};
  return Guard(ErrorStage::kRun, [&] { transaction.Commit(); });
}

void EngineCore::RollbackImplicit() {
  auto& transaction = context().transaction;
  if (state->explicit_transaction || !transaction.HasActiveTransaction()) return;
  // Nothing can be done about a failure: the files written stay as garbage that VACUUM finds.
  (void)GuardDuckDb(ErrorStage::kRun, request_id(), &broken, [&] { transaction.Rollback(nullptr); });
}

DuckDbEngine::~DuckDbEngine() {
  core_->state->explicit_transaction = false;
  core_->RollbackImplicit();
}

namespace {

/// Of what a statement may use, what it does not keep free.
int64_t ForBuffers(const StatementGrants& grants, int64_t bytes) {
  return bytes - (grants.write ? std::min(grants.write->headroom_bytes, bytes / 2) : 0);
}

}  // namespace

Result<void> DuckDbEngine::BeginStatement(const RequestContext& ctx, LakeProvider& provider,
                                          const plan::LookupGate& gate, int64_t memory_limit_bytes,
                                          StatementGrants grants) {
  if (core_->broken) return MakeError(ErrorCode::kInternal, "the engine failed and has to be started anew");
  StatementState& state = *core_->state;
  if (state.provider != nullptr) return MakeError(ErrorCode::kInternal, "a statement is still under way");
  core_->interrupted = false;
  state.context = &ctx;
  state.provider = &provider;
  state.gate = &gate;
  const std::string time_zone = grants.time_zone;
  state.grants = std::move(grants);
  state.pending_error.reset();
  state.refusal.reset();
  state.drops = false;
  state.is_query = false;
  state.names_cells = false;
  state.replaced.reset();
  state.replaced_view.reset();
  state.rows_changed = state.committed_version = -1;
  state.rows_dropped = state.rows_quarantined = 0;
  for (auto* counter : {&state.counters.files_total, &state.counters.files_kept, &state.counters.row_groups_total,
                        &state.counters.row_groups_kept, &state.counters.bytes_read, &state.counters.rows_scanned}) {
    *counter = 0;
  }
  for (const std::string& path : state.grants.readable_paths) core_->paths.Allow(path, PathGrants::Access::kRead);
  auto applied = core_->Guard(ErrorStage::kBind, [&] {
    ApplySessionSettings(core_->context(), state.grants.default_schema, state.grants.time_zone);
  });
  if (!applied.has_value()) {
    EndStatement();
    return MakeError(ErrorCode::kInvalidArgument, "unknown time zone: {}", time_zone);
  }
  core_->memory->Want(ForBuffers(state.grants, memory_limit_bytes));
  return {};
}

Result<void> DuckDbEngine::SetMemoryLimit(int64_t memory_limit_bytes) {
  core_->memory->Want(ForBuffers(core_->state->grants, memory_limit_bytes));
  return core_->Guard(ErrorStage::kRun, [&] { core_->memory->Apply(); });
}

void DuckDbEngine::EndStatement() {
  core_->RollbackImplicit();
  StatementState& state = *core_->state;
  // What an explicit transaction has read may be read again by its next statement.
  if (!state.explicit_transaction) core_->paths.Clear();
  state.context = nullptr;
  state.provider = nullptr;
  state.gate = nullptr;
  state.grants = {};
  state.plan_copies.Clear();
  (void)core_->Guard(ErrorStage::kRun, [&] { core_->memory->GiveBack(core_->snapshots->memory_bytes()); });
}

Result<std::vector<std::unique_ptr<ParsedQuery>>> DuckDbEngine::Parse(const std::string& sql) {
  NL_ASSIGN_OR_RETURN(auto statements, core_->Guard(ErrorStage::kBind, [&] {
    return ParseStatements(sql, core_->context().GetParserOptions());
  }));
  for (const auto& statement : statements) {
    if (statement->kind() != "MULTIPLE") continue;
    return MakeError(ErrorCode::kNotSupported, "PIVOT needs its values listed: PIVOT … ON column IN (…)");
  }
  return statements;
}

void DuckDbEngine::GrantLog(const std::string& location) {
  // Checkpoints are Parquet, which DuckDB opens. No binding has granted them to a statement that is not DuckDB's.
  core_->paths.Allow(storage::JoinPath(location, "_delta_log"), PathGrants::Access::kRead);
}

Result<std::optional<Engine::TableState>> DuckDbEngine::FindTable(const RelationName& name) {
  StatementState& state = *core_->state;
  if (state.provider == nullptr) return MakeError(ErrorCode::kInternal, "FindTable outside of a statement");
  NL_ASSIGN_OR_RETURN(const auto entry, state.provider->FindTable(name));
  if (!entry) return std::nullopt;
  GrantLog(entry->location);
  NL_ASSIGN_OR_RETURN(const auto snapshot, core_->snapshots->Load(*state.context, *entry, std::nullopt));
  TableState table{.id = entry->id, .version = snapshot->version(), .columns = {}, .transactions = {}};
  for (const auto& field : snapshot->schema().fields) {
    table.columns.push_back({field.name, ReadableType(field).ToString(), field.nullable});
  }
  for (const auto& [app_id, transaction] : snapshot->log().transactions) {
    table.transactions.emplace(app_id, transaction.version);
  }
  return table;
}

Result<std::optional<Engine::LakeTable>> DuckDbEngine::OpenTable(const RelationName& name,
                                                                 std::optional<int64_t> version) {
  StatementState& state = *core_->state;
  if (state.provider == nullptr) return MakeError(ErrorCode::kInternal, "OpenTable outside of a statement");
  NL_ASSIGN_OR_RETURN(auto entry, state.provider->FindTable(name));
  if (!entry) return std::nullopt;
  GrantLog(entry->location);
  NL_ASSIGN_OR_RETURN(auto snapshot, core_->snapshots->Load(*state.context, *entry, version));
  return LakeTable{std::move(*entry), std::move(snapshot)};
}

Result<std::vector<std::string>> DuckDbEngine::BindRowCondition(const LakeTable& table, const std::string& condition) {
  if (core_->state->provider == nullptr) {
    return MakeError(ErrorCode::kInternal, "BindRowCondition outside of a statement");
  }
  std::vector<std::string> columns;
  NL_RETURN_IF_ERROR(core_->Guard(ErrorStage::kBind, [&] {
    auto& context = core_->context();
    context.RunFunctionInTransaction(
        [&] {
          columns = duckdb::BindRowCondition(context, table.snapshot->schema(), table.entry.table_name, condition);
        },
        false);
  }));
  return columns;
}

Result<std::vector<ExpectationEvidence>> DuckDbEngine::JudgeFiles(const LakeTable& table,
                                                                  const tables::delta::CommitRequest& request,
                                                                  bool refuses) {
  if (core_->state->provider == nullptr) return MakeError(ErrorCode::kInternal, "JudgeFiles outside of a statement");
  std::vector<ExpectationEvidence> evidence;
  NL_RETURN_IF_ERROR(core_->Guard(ErrorStage::kRun, [&] {
    LakeWrite write;
    write.table = table.entry;
    write.base = table.snapshot;
    write.adds = request.adds;
    write.removes = request.removes;
    write.protocol = request.protocol;
    write.metadata = request.metadata;
    auto& context = core_->context();
    context.RunFunctionInTransaction([&] { evidence = duckdb::JudgeFiles(context, *core_->state, write, refuses); },
                                     false);
  }));
  return evidence;
}

Result<plan::PolicyNeeds> DuckDbEngine::BindPolicy(const LakeTable& table, const std::string& sql,
                                                   const std::string& mask_of, const std::string& value_of) {
  if (core_->state->provider == nullptr) return MakeError(ErrorCode::kInternal, "BindPolicy outside of a statement");
  plan::PolicyNeeds needs;
  NL_RETURN_IF_ERROR(core_->Guard(ErrorStage::kBind, [&] {
    auto& context = core_->context();
    context.RunFunctionInTransaction(
        [&] {
          needs = CheckPolicyExpression(context, sql, ReadableSchemaOf(table.snapshot->schema()), mask_of, value_of);
        },
        false);
  }));
  return needs;
}

void DuckDbEngine::KeepUpLog(const TableEntry& table, int64_t version) {
  StatementState& state = *core_->state;
  if (state.context == nullptr) return;
  // A statement's own binding would have found the table and granted its files.
  state.paths->Allow(table.location, PathGrants::Access::kReadWrite);
  duckdb::KeepUpLog(core_->context(), state, table, version);
}

Result<void> DuckDbEngine::CutLog(const TableEntry& table, int64_t version) {
  StatementState& state = *core_->state;
  state.paths->Allow(table.location, PathGrants::Access::kReadWrite);
  Result<void> cut;
  NL_RETURN_IF_ERROR(core_->Guard(ErrorStage::kRun, [&] { cut = CutLogAt(core_->context(), state, table, version); }));
  return cut;
}

void DuckDbEngine::Interrupt() {
  core_->interrupted = true;
  core_->connection->Interrupt();
}

Result<Engine::Inventory> DuckDbEngine::ListInventory() {
  Inventory inventory;
  inventory.statement_kinds = StatementKinds();
  NL_RETURN_IF_ERROR(core_->Guard(ErrorStage::kRun, [&] {
    native::Connection connection(*core_->database);
    auto functions = connection.Query(
        "SELECT DISTINCT CASE function_type WHEN 'scalar' THEN 'scalar function' WHEN 'aggregate' THEN "
        "'aggregate function' WHEN 'table' THEN 'table function' WHEN 'pragma' THEN 'pragma function' WHEN "
        "'table_macro' THEN 'table macro' ELSE function_type END, lower(function_name) FROM duckdb_functions() "
        "ORDER BY ALL");
    auto settings = connection.Query("SELECT name FROM duckdb_settings() ORDER BY ALL");
    if (functions->HasError()) functions->ThrowError();
    if (settings->HasError()) settings->ThrowError();
    for (const auto& row : functions->Collection().GetRows()) {
      inventory.functions.emplace_back(row.GetValue(0).ToString(), row.GetValue(1).ToString());
    }
    for (const auto& row : settings->Collection().GetRows()) inventory.settings.push_back(row.GetValue(0).ToString());
  }));
  // These are in the grammar, not in the catalogue.
  for (const char* window : {"row_number", "rank", "rank_dense", "dense_rank", "percent_rank", "cume_dist", "ntile",
                             "lag", "lead", "first_value", "last_value", "nth_value", "fill"}) {
    inventory.functions.emplace_back("window function", window);
  }
  return inventory;
}

}  // namespace neurolake::engine::duckdb
