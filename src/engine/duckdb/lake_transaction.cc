#include "engine/duckdb/internal/lake_transaction.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <filesystem>

#include "common/descriptor.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/lake_scan.h"
#include "engine/duckdb/internal/log_upkeep.h"
#include "engine/duckdb/internal/write_intent.h"
#include "storage/path.h"
#include "tables/delta/row_tracking.h"

namespace neurolake::engine::duckdb {

using tables::delta::AddFile;

namespace {

constexpr std::chrono::seconds kCleanUpTime{10};

/// Path and deletion vector: two adds of one path with different vectors are different logical files.
std::string FileKey(const AddFile& file) {
  return file.path + "\n" + (file.deletion_vector ? file.deletion_vector->UniqueId() : "");
}

Result<void> SyncPath(const std::string& path, int flags) {
  const Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.valid()) return MakeError(ErrorCode::kIoError, "cannot open a written file to make it durable");
  if (::fsync(file.get()) == 0) return {};
  const int reason = errno;
  return MakeError(reason == ENOSPC || reason == EDQUOT ? ErrorCode::kDiskFull : ErrorCode::kIoError,
                   "cannot make a written file durable, errno: {}", reason);
}

}  // namespace

void LakeWrite::Remove(const AddFile& file, int64_t deletion_timestamp_ms) {
  const std::string key = FileKey(file);
  for (; own_counted_ < adds.size(); ++own_counted_) own_places_[FileKey(adds[own_counted_])] = own_counted_;
  const auto own = own_places_.find(key);
  if (own == own_places_.end()) {
    removes.push_back(tables::delta::MakeRemove(file, deletion_timestamp_ms, /*data_change=*/true));
    return;
  }
  const size_t place = own->second;
  own_places_.erase(own);
  if (place + 1 < adds.size()) {
    adds[place] = std::move(adds.back());
    own_places_[FileKey(adds[place])] = place;
  }
  adds.pop_back();
  --own_counted_;
}

void LakeWrite::ForgetFiles() {
  adds.clear();
  removes.clear();
  changes.clear();
  own_places_.clear();
  own_counted_ = 0;
}

SnapshotPointer LakeWrite::Applied() const {
  tables::delta::ReplayedLog log;
  if (base != nullptr) log = base->log();
  std::set<std::string> removed;
  for (const auto& remove : removes) {
    removed.insert(remove.path + "\n" + (remove.deletion_vector ? remove.deletion_vector->UniqueId() : ""));
  }
  if (!removed.empty()) {
    tables::delta::FileTable left;
    left.AddFrom(log.files, [&](size_t i) { return !removed.contains(FileKey(log.files[i])); });
    log.files = std::move(left);
  }
  for (const AddFile& add : adds) log.files.Add(add);
  if (protocol) log.protocol = protocol;
  if (metadata) log.metadata = metadata;
  for (const auto& domain : domains) log.domains.insert_or_assign(domain.domain, domain);
  auto schema = metadata ? ValueOrThrow(tables::delta::ParseSchema(metadata->schema_string)) : base->schema();
  return std::make_shared<const tables::delta::Snapshot>(table.location, base == nullptr ? -1 : base->version(),
                                                         std::move(log), std::move(schema), table.foreign_roots);
}

LakeTransaction& LakeTransaction::Get(native::ClientContext& context, native::Catalog& catalog) {
  return Transaction::Get(context, catalog).Cast<LakeTransaction>();
}

SnapshotPointer LakeTransaction::Pinned(const TableId& table) const {
  const auto found = pinned_.find(table);
  return found == pinned_.end() ? nullptr : found->second;
}

void LakeTransaction::Pin(const TableId& table, SnapshotPointer snapshot) { pinned_[table] = std::move(snapshot); }

std::optional<TableEntry> LakeTransaction::FindCreated(const RelationName& name) const {
  if (write_ == nullptr || !write_->register_as || write_->register_only) return std::nullopt;
  if (write_->register_as->schema_name != name.schema_name || write_->register_as->name != name.name) {
    return std::nullopt;
  }
  return write_->table;
}

native::CatalogEntry& LakeTransaction::Keep(native::unique_ptr<native::CatalogEntry> entry) {
  entries_.push_back(std::move(entry));
  return *entries_.back();
}

void LakeTransaction::MarkRead(const TableId& table, std::shared_ptr<LakeScan> scan) {
  scans_[table][statement_.last_plan_id].push_back(std::move(scan));
}

tables::delta::ReadScope LakeTransaction::ScopeOf(const LakeWrite& write) const {
  /// More paths than this are not worth sending: then it counts as if everything had been read.
  constexpr size_t kFilesMax = 50'000;
  const auto found = scans_.find(write.table.id);
  const bool replaces_table = (write.metadata || write.protocol) && (write.commit_when_empty || !write.removes.empty());
  if (replaces_table || read_whole_.contains(write.table.id)) return {};
  if (found == scans_.end()) {
    return write.removes.empty() ? tables::delta::ReadScope::Nothing() : tables::delta::ReadScope();
  }
  auto scope = tables::delta::ReadScope::Nothing();
  std::set<std::string> files;
  for (const auto& [plan, scans] : found->second) {
    for (const auto& scan : scans) {
      const auto readings = scan->readings();
      // Statistics may have made a scan, or a condition of its, superfluous: they say something of every file.
      if (readings.empty() || scan->copied) return {};
      for (const LakeScan::Reading& reading : readings) {
        if (reading.files->size() > kFilesMax) return {};
        for (const uint32_t file : *reading.files) files.emplace(scan->snapshot->files().path(file));
        // What one scan is not interested in may follow from what the other found.
        if (reading.predicate != nullptr && (reading.predicate->empty() || scans.size() > 1)) return {};
        if (reading.predicate != nullptr) scope.predicates.push_back(*reading.predicate);
      }
    }
  }
  if (files.size() > kFilesMax) return {};
  scope.files.assign(files.begin(), files.end());
  return scope;
}

void LakeTransaction::CheckMayWrite(const TableEntry& table, const SnapshotPointer& base) const {
  if (write_ != nullptr && write_->table.id != table.id) {
    ThrowLakeError(Error(ErrorCode::kNotSupported,
                         fmt::format("a transaction can write to one table only; commit before writing to another: "
                                     "{}.{}",
                                     table.schema_name, table.table_name)));
  }
  if (statement_.grants.write) CheckReadVersion(*statement_.grants.write, table, base);
  if (base != nullptr) ValueOrThrow(tables::delta::CheckWritable(base->protocol(), base->metadata()));
}

LakeWrite& LakeTransaction::BeginWrite(const TableEntry& table, const SnapshotPointer& base) {
  CheckMayWrite(table, base);
  if (write_ == nullptr) {
    write_ = std::make_unique<LakeWrite>();
    write_->table = table;
    write_->base = base;
  }
  return *write_;
}

void LakeTransaction::FinishStatementWrite(int64_t rows_changed) {
  statement_.rows_changed = rows_changed;
  if (!statement_.explicit_transaction || write_ == nullptr || write_->register_only) return;
  several_statements_ = true;
  if (statement_.grants.write && statement_.grants.write->keeps_base) return;
  Pin(write_->table.id, write_->Applied());
}

void LakeTransaction::RememberFile(std::string path) {
  std::lock_guard lock(files_mutex_);
  written_files_.insert(std::move(path));
}

Result<void> LakeTransaction::MakeFilesDurable() {
  // The log must never name a file that a power cut can take away. An object store has answered for what it took.
  if (storage::IsUrl(write_->table.location)) return {};
  std::set<std::string> directories;
  for (const std::string& path : written_files_) {
    NL_RETURN_IF_ERROR(SyncPath(path, O_RDONLY));
    // A partition's directory may be new, and so its parents up to the table.
    for (auto parent = std::filesystem::path(path).parent_path().string();
         parent.size() >= write_->table.location.size() && directories.insert(parent).second;) {
      parent = std::filesystem::path(parent).parent_path().string();
    }
  }
  for (const std::string& directory : directories) NL_RETURN_IF_ERROR(SyncPath(directory, O_RDONLY | O_DIRECTORY));
  return {};
}

std::shared_ptr<const ExpectationSet> LakeTransaction::Expectations(const TableId& table) {
  auto& known = expectations_[table];
  if (known == nullptr) known = LoadExpectations(statement_, table);
  return known;
}

Result<void> LakeTransaction::CheckExpectations(native::ClientContext& context, LakeCommit& commit) {
  LakeWrite& write = *write_;
  // What a group's members found of their rows the server knows from themselves.
  if (write.base == nullptr || write.register_only || statement_.grants.grouped) return {};
  bool broken = false;
  return GuardDuckDb(ErrorStage::kRun, statement_.context->request_id(), &broken, [&] {
    const auto expectations = Expectations(write.table.id);
    if (expectations->all.empty()) return;
    commit.expectations = CheckTableExpectations(context, statement_, *expectations, write);
    for (const Expectation& expectation : expectations->all) {
      // Rows that others bring meanwhile could break what was found.
      const bool checked = !expectation.of_keys() || write.findings.counts.contains(expectation.id);
      if (checked && expectation.ReadsTable(write.table.id)) MarkRead(write.table.id);
    }
    const auto mark = WriteQuarantine(context, statement_, *expectations, write);
    if (mark) commit.request.transactions.push_back(*mark);
  });
}

Result<void> LakeTransaction::Commit(native::ClientContext& context) {
  if (write_ == nullptr) return {};
  const LakeWrite& write = *write_;
  if (write.append) {
    NL_CHECK(write.adds.empty() && write.removes.empty() && !write.metadata && !write.protocol);
    RemoveFiles();  // A writer that got no rows may have begun one.
    LakeAppend append = *write.append;
    if (write.expectations != nullptr) append.expectations = RowEvidence(*write.expectations, write.findings);
    return statement_.provider->Append(append);
  }
  const bool empty = write.adds.empty() && write.removes.empty() && !write.metadata && !write.protocol;
  const bool nothing = empty && !write.commit_when_empty && statement_.grants.transactions.empty();
  if (nothing && write.findings.counts.empty()) return {};
  if (statement_.provider == nullptr || statement_.context == nullptr) {
    return MakeError(ErrorCode::kInternal, "a commit outside of a statement");
  }
  LakeCommit commit;
  NL_RETURN_IF_ERROR(CheckExpectations(context, commit));
  if (nothing && commit.request.transactions.empty()) {
    // All rows were left out, which is worth knowing all the same.
    const boost::json::object results{{"table", write.table.id.value()},
                                      {"results", EncodeEvidence(commit.expectations)}};
    std::ignore = statement_.provider->Maintain("expectation_results", boost::json::serialize(results));
    return {};
  }
  NL_RETURN_IF_ERROR(MakeFilesDurable());
  commit.table = write.table.id;
  commit.register_as = write.register_as;
  commit.register_only = write.register_only;
  tables::delta::CommitRequest& request = commit.request;
  request.table_path = write.table.location;
  request.read_version = write.base == nullptr ? -1 : write.base->version();
  request.operation = write.operation;
  request.operation_parameters = write.parameters;
  for (const auto& [name, value] : write.metrics) request.operation_metrics[name] = std::to_string(value);
  request.read_scope = ScopeOf(write);
  request.blind_append =
      request.read_scope.reads_nothing() && write.removes.empty() && !write.metadata && !write.protocol;
  request.user_name = statement_.context->principal().name;
  request.statement_id = statement_.context->request_id();
  request.engine_info = std::string("NeuroLake, DuckDB ") + native::DuckDB::LibraryVersion();
  request.protocol = write.protocol;
  request.metadata = write.metadata;
  request.domains = write.domains;
  request.adds = write.adds;
  request.removes = write.removes;
  request.changes = write.changes;
  const auto& granted = statement_.grants.transactions;
  request.transactions.insert(request.transactions.end(), granted.begin(), granted.end());
  if (write.base != nullptr) {
    request.snapshot_protocol = write.base->protocol();
    request.snapshot_metadata = write.base->metadata();
    request.snapshot_row_id_mark = tables::delta::RowIdMark(*write.base);
  }
  auto outcome = statement_.provider->Commit(commit);
  if (!outcome.has_value()) {
    // It may have been published: the files must stay.
    if (outcome.error().code() == ErrorCode::kCommitUnknown) written_files_.clear();
    return std::unexpected(std::move(outcome).error());
  }
  if (outcome->version < 0) {
    // Rows that later statements brought must not go with it.
    if (several_statements_) {
      return MakeError(ErrorCode::kConflict, "the table was created at the same time; run the transaction again");
    }
    RemoveFiles();
    statement_.rows_changed = 0;
    return {};
  }
  statement_.committed_version = outcome->version;
  written_files_.clear();
  return {};
}

void LakeTransaction::RemoveFiles() noexcept {
  std::vector<std::string> remote;
  for (const std::string& path : written_files_) {
    std::error_code ignored;
    if (storage::IsUrl(path)) remote.push_back(path);
    else std::filesystem::remove(path, ignored);
  }
  // What cannot be deleted now is garbage that VACUUM finds.
  if (!remote.empty() && statement_.context != nullptr) {
    // In time of its own, as the request may be why this is given up.
    const RequestContext& ctx = *statement_.context;
    const RequestContext own(ctx.principal(), ctx.request_id(), ctx.door(), ctx.clock(),
                             ctx.clock().SteadyNow() + kCleanUpTime);
    std::ignore = statement_.store->For(own)->DeleteMany(remote);
  }
  written_files_.clear();
}

void LakeTransaction::Discard() noexcept {
  RemoveFiles();
  write_.reset();
}

native::Transaction& LakeTransactionManager::StartTransaction(native::ClientContext& context) {
  // A check's connection brings a state of its own.
  const auto own = context.registered_state->Get<StatementState>(StatementState::kName);
  auto transaction = std::make_unique<LakeTransaction>(*this, context, own ? *own : statement_);
  LakeTransaction& result = *transaction;
  std::lock_guard lock(mutex_);
  open_[&result] = std::move(transaction);
  return result;
}

std::unique_ptr<LakeTransaction> LakeTransactionManager::Take(native::Transaction& transaction) {
  std::lock_guard lock(mutex_);
  const auto found = open_.find(&transaction);
  NL_CHECK(found != open_.end());
  auto result = std::move(found->second);
  open_.erase(found);
  return result;
}

native::ErrorData LakeTransactionManager::CommitTransaction(native::ClientContext& context,
                                                            native::Transaction& transaction) {
  const auto ended = Take(transaction);
  StatementState& statement = ended->statement();
  const int64_t before = statement.committed_version;
  auto committed = ended->Commit(context);
  if (committed.has_value()) {
    const LakeWrite* write = ended->write();
    if (write != nullptr && !write->register_only && statement.committed_version != before) {
      KeepUpLog(context, statement, write->table, statement.committed_version);
    }
    return {};
  }
  ended->Discard();
  statement.pending_error = committed.error();
  return native::ErrorData(native::ExceptionType::TRANSACTION, committed.error().message());
}

void LakeTransactionManager::RollbackTransaction(native::Transaction& transaction) { Take(transaction)->Discard(); }

void LakeTransactionManager::Checkpoint(native::ClientContext&, bool) {}

}  // namespace neurolake::engine::duckdb
