#include "query/service.h"

#include <sys/sysinfo.h>
#include <unistd.h>

#include "catalog/ask_records.h"
#include "common/ids.h"
#include "common/log.h"
#include "common/text.h"
#include "metastore/database.h"
#include "metastore/stored_text.h"
#include "query/access.h"
#include "query/admission.h"
#include "query/audit_archive.h"
#include "query/audit_trail.h"
#include "query/dropped_tables.h"
#include "query/event_sink.h"
#include "query/group_writer.h"
#include "query/history_keeper.h"
#include "query/key_store.h"
#include "query/lake_directory.h"
#include "query/lineage_recorder.h"
#include "query/location_stores.h"
#include "query/object_grants.h"
#include "query/policy_engine.h"
#include "query/statement.h"
#include "query/system_relations.h"
#include "query/worker_pool.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

using std::chrono::milliseconds;

int64_t MachineMemoryBytes() {
  struct sysinfo info {};
  ::sysinfo(&info);
  return static_cast<int64_t>(info.totalram) * info.mem_unit;
}

/// The settings with every "0 means" resolved for this machine.
struct Resolved {
  int workers;
  int workers_max;
  int threads;
  int64_t memory_total;
  int64_t memory_per_statement;
  int64_t planning;  ///< Set aside for each worker out of the total.
  int64_t shared() const { return memory_total - planning * workers_max; }
};

/// Enough to bind a statement and read a large table's log.
constexpr int64_t kPlanningBytes = 128LL << 20;

/// An idle worker keeps at most this part of the shared memory for large tables' snapshots.
constexpr int64_t kKeptShare = 4;

Resolved Resolve(const Settings& settings) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  Resolved r{};
  r.workers = settings.workers_count > 0 ? static_cast<int>(settings.workers_count) : cores;
  r.workers_max =
      settings.workers_count_max > 0 ? static_cast<int>(settings.workers_count_max) : std::max(4, 2 * cores);
  r.workers_max = std::max(r.workers_max, r.workers);
  r.threads = settings.workers_threads > 0 ? static_cast<int>(settings.workers_threads) : cores;
  r.memory_total = settings.memory_total > 0 ? settings.memory_total : MachineMemoryBytes() / 2;
  r.planning = std::min(kPlanningBytes, r.memory_total / (2 * r.workers_max));
  r.memory_per_statement =
      settings.memory_per_statement > 0 ? settings.memory_per_statement : r.planning + r.shared() / r.workers;
  r.memory_per_statement = std::min(r.memory_per_statement, r.planning + r.shared());
  return r;
}

bool IsUploadName(std::string_view name) {
  if (name.empty() || name.size() > 200 || name[0] == '.') return false;
  return std::ranges::all_of(
      name, [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_' || c == '-' || c == '%'; });
}

/// The pipeline's server side for one open lake.
class LakeService final : public StatementService {
 public:
  LakeService(Settings settings, Resolved resolved, const Clock& clock, Metrics& metrics,
              std::unique_ptr<LakeDirectory> directory, std::unique_ptr<AuditTrail> audit,
              std::unique_ptr<metastore::Store> store)
      : settings_(std::move(settings)),
        resolved_(resolved),
        clock_(clock),
        metrics_(metrics),
        directory_(std::move(directory)),
        audit_(std::move(audit)),
        metastore_(std::move(store)),
        catalog_(catalog::NewCatalog(*metastore_, clock, directory_->root())),
        objects_(storage::NewLocalStore()),
        locations_(*catalog_, {settings_.credentials_key, directory_->root() + "/credentials.key"}),
        admission_({.memory_bytes = resolved.shared(),
                    .queue_max = settings_.admission_queue_max,
                    .wait_max = settings_.admission_wait_max}),
        history_keeper_(clock, settings_.history_keep,
                        [this](WallTime before) { return catalog_->ForgetStatements(before); }),
        lineage_keeper_(clock, settings_.lineage_keep,
                        [this](WallTime before) { return catalog_->ForgetLineage(before); }),
        questions_keeper_(clock, settings_.ask_history_keep,
                          [this](WallTime before) { return catalog_->ask_records().Forget(before); }),
        dropped_keeper_(clock, settings_.undrop_keep, [this](WallTime before) {
          StatementStores stores;
          const RequestContext ctx = OwnContext();
          locations_.Begin(stores, &ctx);
          return PurgeDroppedTables(*catalog_, *NewStatementStore(*objects_, stores), before);
        }) {}

  ~LakeService() override { ending_.request_stop(); }

  /// Before the first statement. Errors: kInvalidArgument for settings that name no policy server.
  Result<void> StartPolicies() {
    NL_ASSIGN_OR_RETURN(policies_, PolicyEngine::Start(settings_, *catalog_));
    catalog_->UseJudge(policies_.get());
    return {};
  }

  /// Before the first statement. Errors: kInvalidArgument for an endpoint that cannot be one.
  Result<void> StartLineage(const Clock& clock) {
    std::unique_ptr<LineageRecorder::Events> events;
    if (!settings_.openlineage_url.empty()) {
      NL_ASSIGN_OR_RETURN(auto sink, MakeEventSink(settings_.openlineage_url, settings_.openlineage_api_key, clock));
      events = std::make_unique<LineageRecorder::Events>();
      events->settings = {.name_space = settings_.openlineage_namespace, .sql = settings_.openlineage_sql};
      events->queries = settings_.openlineage_statements == "all";
      events->outbox =
          std::make_unique<EventOutbox>(*catalog_, metrics_, std::move(sink), settings_.openlineage_queue_max);
    }
    lineage_ = std::make_unique<LineageRecorder>(*catalog_, std::move(events));
    return {};
  }

  /// Destroys keys of the audit log's constants as they come of age, if they ever do.
  void StartKeepingConstants() {
    if (settings_.audit_constants_keep.count() == 0) return;
    constants_keeper_ = std::make_unique<HistoryKeeper>(
        clock_, settings_.audit_constants_keep, [this](WallTime before) -> Result<int64_t> {
          NL_ASSIGN_OR_RETURN(const bool any, audit_->constants().EraseBefore(before));
          return any ? 1 : 0;
        });
  }

  /// Where closed segments of the audit log go, if they go anywhere. Errors: kInvalidArgument for a place that
  /// statements could read; those of the file system.
  Result<void> StartArchiving() {
    NL_ASSIGN_OR_RETURN(const std::string place, ArchivePlace(settings_));
    if (place.empty()) return {};
    NL_RETURN_IF_ERROR(locations_.ReservePlace(place, settings_.audit_archive_credential));
    StoreArchive::Open open = [this]() -> Result<std::shared_ptr<storage::ObjectStore>> {
      NL_ASSIGN_OR_RETURN(const auto client, locations_.ClientBy(settings_.audit_archive_credential));
      return UntilTheEnd(client);
    };
    if (!storage::IsUrl(place)) {
      const std::shared_ptr<storage::ObjectStore> local = storage::NewLocalStore();
      NL_RETURN_IF_ERROR(local->MakeDirectory(place));
      open = [local]() -> Result<std::shared_ptr<storage::ObjectStore>> { return local; };
    }
    audit_->UseArchive(std::make_unique<StoreArchive>(place, std::move(open)));
    const bool by_age = settings_.audit_archive_after.count() > 0;
    archive_keeper_ = std::make_unique<HistoryKeeper>(
        clock_, by_age ? settings_.audit_archive_after : std::chrono::hours(24), [this, by_age](WallTime before) {
          ArchiveSegments({.before = by_age ? FormatTimestamp(before) : "",
                           .bytes_most = static_cast<uint64_t>(settings_.audit_local_max)});
          return int64_t{0};
        });
    return {};
  }

  /// Errors: kInvalidArgument for settings of a key service that do not fit.
  Result<void> OpenKeys() {
    NL_ASSIGN_OR_RETURN(auto keys, MakeDataKeys(settings_, directory_->root(), *catalog_));
    keys_ = std::make_unique<KeyStore>(*catalog_, std::move(keys),
                                       KeyStore::Options{.lookups_per_hour = settings_.keys_lookups_per_hour});
    return {};
  }

  Result<void> StartWorkers(const std::string& program) {
    NL_ASSIGN_OR_RETURN(workers_,
                        WorkerPool::Start({.program = program,
                                           .spill_directory = directory_->spill_path(),
                                           .idle_workers = resolved_.workers,
                                           .workers_max = resolved_.workers_max,
                                           .threads_per_worker = resolved_.threads,
                                           .queue_max = settings_.admission_queue_max,
                                           .statements_max = static_cast<int>(settings_.workers_statements_max),
                                           .memory_bytes = resolved_.planning,
                                           .kept_bytes_max = resolved_.shared() / kKeptShare,
                                           .admission = &admission_},
                                          metrics_));
    admission_.UnderPressure([workers = workers_.get()] { workers->ReleaseKept(); });
    group_writer_ = std::make_unique<GroupWriter>(*catalog_, *objects_, locations_, running_, *workers_, clock_,
                                                  GroupWriter::Options{.tables_directory = directory_->tables_path(),
                                                                       .maintenance = maintenance(),
                                                                       .memory_bytes = resolved_.planning,
                                                                       .admission = &admission_,
                                                                       .wait_max = settings_.admission_wait_max});
    append_groups_ =
        std::make_unique<AppendGroups>(AppendGroupsOptions{.statements_max = settings_.group_commit_statements_max,
                                                           .wait_max = settings_.group_commit_wait_max},
                                       std::bind_front(&GroupWriter::Write, group_writer_.get()), metrics_);
    return {};
  }

  /// Errors: kInvalidArgument for a setting that is no URL of an object store.
  Result<void> PlaceTables() {
    if (settings_.tables_url.empty()) return {};
    NL_ASSIGN_OR_RETURN(const std::string kind, StoreKindOf(settings_.tables_url));
    NL_ASSIGN_OR_RETURN(tables_place_, storage::NormalUrl(settings_.tables_url));
    return {};
  }

  Result<Principal> Authenticate(std::string_view token, std::string_view address) override {
    auto principal = catalog_->Authenticate(token);
    if (!principal) audit_->RefusedAuthentication(principal.error().code(), address);
    if (principal) principal->address = address;
    return principal;
  }

  void RecordRefusal(ErrorCode why, std::string_view address) override { audit_->RefusedAuthentication(why, address); }

  Result<void> RecordChange(const RequestContext& ctx, std::string_view action, AuditTrail::Details details) override {
    return audit_->Change(ctx, action, std::move(details));
  }

  Result<void> CheckShown(const RequestContext& ctx, const ShownTables& shown) override {
    NL_RETURN_IF_ERROR(CheckNotErased(*catalog_, shown));
    return query::CheckShown(*catalog_, ForPurpose(ctx, shown.purpose, ctx.stop_token()), shown);
  }

  metastore::Store& store() { return *metastore_; }
  AuditTrail& audit() { return *audit_; }

  Result<std::unique_ptr<ResultStream>> Execute(const RequestContext& ctx, StatementRequest request) override {
    if (stopping_) return MakeError(ErrorCode::kUnavailable, "the server is shutting down");
    NL_RETURN_IF_ERROR(CheckRequest(request));
    history_keeper_.Look();
    dropped_keeper_.Look();
    if (constants_keeper_ != nullptr) constants_keeper_->Look();
    lineage_keeper_.Look();
    if (archive_keeper_ != nullptr) archive_keeper_->Look();
    questions_keeper_.Look();
    const int64_t memory = request.memory_bytes > 0 ? request.memory_bytes : resolved_.memory_per_statement;
    if (request.rows_max <= 0) request.rows_max = settings_.statement_rows_max;
    NL_ASSIGN_OR_RETURN(auto readable, ReadableLocations(ctx));
    const LakeServices lake{*catalog_,
                            *objects_,
                            admission_,
                            *workers_,
                            running_,
                            metrics_,
                            *lineage_,
                            *audit_,
                            tables_place_,
                            settings_.admission_wait_max,
                            resolved_.planning,
                            *append_groups_,
                            settings_.group_commit_enabled ? settings_.group_commit_rows_max : 0,
                            settings_.group_commit_bytes_max,
                            maintenance(),
                            &locations_,
                            keys_.get(),
                            settings_.statement_rows_max,
                            ConfiguredModels(settings_.models_routes)};
    NL_ASSIGN_OR_RETURN(std::unique_ptr<ResultStream> stream,
                        Statement::Start(ctx, std::move(request), lake, memory, std::move(readable)));
    return stream;
  }

  std::vector<StatementStatus> ListRunning(const RequestContext& ctx) override {
    std::vector<StatementStatus> statuses;
    for (const auto& statement : running_.Visible(ctx.principal())) statuses.push_back(statement->status());
    return statuses;
  }

  Result<void> Cancel(const RequestContext& ctx, const StatementId& id) override {
    const auto statement = running_.Find(ctx.principal(), id);
    if (statement == nullptr) return MakeError(ErrorCode::kNotFound, "no such running statement: {}", id.value());
    statement->Cancel();
    return {};
  }

  catalog::Catalog& catalog() override { return *catalog_; }

  Result<std::string> StagingPath(const RequestContext& ctx, const std::string& name) override {
    if (!IsUploadName(name)) {
      return MakeError(
          ErrorCode::kInvalidArgument,
          "an upload's name is made of letters, digits, '.', '_', '-' and '%', and does not start with '.'");
    }
    const std::string directory = directory_->staging_path() + "/" + ctx.principal().id.value();
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) return MakeError(ErrorCode::kIoError, "cannot make the upload directory: {}", error.message());
    return directory + "/" + name;
  }

  Result<void> CheckReady() override {
    NL_ASSIGN_OR_RETURN(const auto schemas, catalog_->ListSchemas());
    if (stopping_) return MakeError(ErrorCode::kUnavailable, "the server is shutting down");
    if (workers_->alive() == 0) return MakeError(ErrorCode::kUnavailable, "no worker is alive");
    if (audit_->log().counters().failing) {
      return MakeError(ErrorCode::kUnavailable, "the audit log cannot be written; the server's log says why");
    }
    return {};
  }

  Metrics& metrics() override {
    metrics_.Set("neurolake_statements_running", "Statements that have not ended.",
                 static_cast<double>(running_.size()));
    metrics_.Set("neurolake_statements_waiting", "Statements that wait for a worker or memory.",
                 static_cast<double>(workers_->waiting() + admission_.waiting()));
    audit_->Report(metrics_);
    metrics_.Set("neurolake_workers_alive", "Worker processes alive.", workers_->alive());
    return metrics_;
  }

  void Shutdown(milliseconds grace) override {
    stopping_ = true;
    const auto until = std::chrono::steady_clock::now() + grace;
    while (running_.size() > 0 && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(milliseconds(20));
    // Whose rows are in a group already waits for its outcome; nothing else is begun.
    if (append_groups_ != nullptr) append_groups_->Shutdown();
    running_.CancelAll();
    ending_.request_stop();
  }

 private:
  void ArchiveSegments(const audit::ArchiveRule& rule) {
    const auto moved = audit_->Archive(rule);
    if (!moved) {
      Log(LogLevel::kError, "segments of the audit log stay, as the archive did not take them", {},
          {{"reason", moved.error().message()}});
    } else if (*moved > 0) {
      Log(LogLevel::kInfo, "segments of the audit log went to the archive", {}, {{"segments", *moved}});
    }
  }
  /// For what the server does by itself: it ends with the server, whatever it waits for.
  RequestContext OwnContext() const {
    return RequestContext(Principal{}, {}, {}, clock_, SteadyTime::max(), ending_.get_token());
  }
  /// The store, for requests that end with the server.
  std::shared_ptr<storage::ObjectStore> UntilTheEnd(std::shared_ptr<storage::ObjectStore> store) const {
    struct Held {
      std::shared_ptr<storage::ObjectStore> store;
      std::unique_ptr<storage::ObjectStore> for_us;
    };
    auto held = std::make_shared<Held>(Held{store, store->For(OwnContext())});
    return {held, held->for_us.get()};
  }
  MaintenancePolicy maintenance() const {
    return {.short_retention = settings_.vacuum_short_retention,
            .scan_after_load = settings_.privacy_scan_after_load,
            .staging_directory = directory_->staging_path(),
            .undrop_keep = settings_.undrop_keep};
  }
  Result<void> CheckRequest(const StatementRequest& request) const {
    if (!metastore::IsStorableText(request.sql)) {
      return MakeError(ErrorCode::kInvalidArgument, "the statement is not UTF-8, or has a NUL character");
    }
    if (static_cast<int64_t>(request.sql.size()) > settings_.statement_text_bytes_max) {
      return MakeError(ErrorCode::kPayloadTooLarge, "the statement's text is longer than allowed, bytes: {} of {}",
                       request.sql.size(), settings_.statement_text_bytes_max);
    }
    if (request.memory_bytes < 0 || request.memory_bytes > resolved_.memory_per_statement) {
      return MakeError(ErrorCode::kInvalidArgument, "memory must be between 0 and the server's limit per statement: {}",
                       FormatBytes(resolved_.memory_per_statement));
    }
    if (request.rows_max < 0 || request.rows_max > settings_.statement_rows_max) {
      return MakeError(ErrorCode::kInvalidArgument, "row_limit must be between 0 and the server's limit: {}",
                       settings_.statement_rows_max);
    }
    constexpr size_t kPurposeBytesMax = 255;
    if (request.purpose.size() > kPurposeBytesMax || !metastore::IsStorableText(request.purpose)) {
      return MakeError(ErrorCode::kInvalidArgument, "a purpose is a name of at most {} bytes", kPurposeBytesMax);
    }
    return request.transaction ? CheckApplication(*request.transaction) : Result<void>();
  }

  static Result<void> CheckApplication(const ApplicationVersion& transaction) {
    const std::string& id = transaction.application_id;
    if (id.empty() || id.size() > ApplicationVersion::kIdBytesMax || !metastore::IsStorableText(id)) {
      return MakeError(ErrorCode::kInvalidArgument, "a transaction's application id must have from 1 to {} bytes",
                       ApplicationVersion::kIdBytesMax);
    }
    // Ledgers of loads and promotions: who wrote there could make one pass for done.
    if (LowerAscii(id).starts_with("neurolake.")) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "application ids that begin with \"neurolake.\" are the product's own: {}", id);
    }
    if (transaction.version < 0) {
      return MakeError(ErrorCode::kInvalidArgument, "a transaction's version must not be negative: {}",
                       transaction.version);
    }
    return {};
  }

  /// What COPY INTO may read: the caller's uploads, external locations, and anything for who works on the lake's
  /// directory without a server, as that person can read the files anyway.
  Result<std::vector<ReadableLocation>> ReadableLocations(const RequestContext& ctx) {
    std::vector<ReadableLocation> readable;
    if (!ctx.principal().Has(Right::kWrite)) return readable;
    readable.push_back({"upload", directory_->staging_path() + "/" + ctx.principal().id.value() + "/"});
    if (HasGrantsAlone(ctx.principal())) return readable;
    NL_ASSIGN_OR_RETURN(const auto locations, catalog_->ListExternalLocations());
    for (const auto& location : locations) readable.push_back({location.name, location.path});
    if (ctx.door() == "cli" && ctx.principal().Has(Right::kManage)) readable.push_back({"", "/"});
    return readable;
  }

  const Settings settings_;
  const Resolved resolved_;
  const Clock& clock_;
  Metrics& metrics_;
  std::unique_ptr<LakeDirectory> directory_;
  std::unique_ptr<AuditTrail> audit_;  ///< Before all that may write to it.
  std::unique_ptr<metastore::Store> metastore_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<PolicyEngine> policies_;  ///< Borrowed by the catalogue.
  std::unique_ptr<storage::ObjectStore> objects_;
  LocationStores locations_;
  std::unique_ptr<KeyStore> keys_;
  std::string tables_place_ = directory_->tables_path();  ///< Of new managed tables.
  Admission admission_;
  RunningStatements running_;
  std::unique_ptr<LineageRecorder> lineage_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<GroupWriter> group_writer_;
  std::unique_ptr<AppendGroups> append_groups_;  ///< Before the writer goes, it waits for what is being written.
  std::atomic<bool> stopping_ = false;
  std::stop_source ending_;
  HistoryKeeper history_keeper_;  ///< Last, with the next: they use the catalogue until they end.
  HistoryKeeper lineage_keeper_;
  HistoryKeeper questions_keeper_;
  HistoryKeeper dropped_keeper_;
  std::unique_ptr<HistoryKeeper> constants_keeper_;
  std::unique_ptr<HistoryKeeper> archive_keeper_;
};

}  // namespace

Result<OpenedLake> OpenLake(const Settings& settings, const std::string& program, const Clock& clock,
                            Metrics& metrics) {
  NL_ASSIGN_OR_RETURN(auto directory, LakeDirectory::Open(settings.lake));
  NL_ASSIGN_OR_RETURN(auto store, metastore::OpenStore(settings.metastore_url, directory->metastore_path()));
  NL_ASSIGN_OR_RETURN(
      auto audit,
      AuditTrail::Open({.log = {.directory = directory->root() + "/audit",
                                .key_file = settings.audit_key_file,
                                .origin = settings.audit_origin,
                                .witness_file = settings.audit_witness_file,
                                .checkpoint_every = settings.audit_checkpoint_every,
                                .records_per_segment = static_cast<uint64_t>(settings.audit_segment_records)},
                        .constants_key_file = settings.audit_constants_key_file,
                        .version = NL_VERSION},
                       clock));
  auto service = std::make_unique<LakeService>(settings, Resolve(settings), clock, metrics, std::move(directory),
                                               std::move(audit), std::move(store));
  NL_ASSIGN_OR_RETURN(const int64_t recovered,
                      service->catalog().RecoverStatements(
                          clock.Now() - std::chrono::duration_cast<std::chrono::microseconds>(settings.history_keep)));
  if (recovered > 0)
    Log(LogLevel::kWarn, "statements were running when the server ended", {}, {{"statements", recovered}});
  NL_RETURN_IF_ERROR(service->PlaceTables());
  NL_RETURN_IF_ERROR(service->OpenKeys());
  NL_RETURN_IF_ERROR(service->StartPolicies());
  NL_RETURN_IF_ERROR(service->StartLineage(clock));
  service->StartKeepingConstants();
  NL_RETURN_IF_ERROR(service->StartArchiving());
  NL_RETURN_IF_ERROR(service->StartWorkers(program));
  OpenedLake opened;
  NL_ASSIGN_OR_RETURN(const bool has_token, service->catalog().HasAnyToken());
  if (!has_token) {
    NL_RETURN_IF_ERROR(
        service->audit().Change("create_token", {{"principal", "admin"}, {"role", "admin"}, {"name", "first"}}));
    NL_ASSIGN_OR_RETURN(auto token, service->catalog().CreateToken("admin", "admin", "first", std::nullopt));
    opened.first_token = std::move(token.secret);
  }
  opened.store = &service->store();
  opened.service = std::move(service);
  return opened;
}

}  // namespace neurolake::query
