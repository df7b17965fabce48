#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/batch.h"
#include "common/request_context.h"
#include "common/result.h"
#include "engine/duckdb/lake_provider.h"
#include "plan/lookup_gate.h"
#include "plan/stages.h"
#include "storage/object_store.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

/// The engine's error when a statement passes its memory; it does not know what the statement could have had.
inline constexpr std::string_view kMoreThanGranted = "the statement needs more memory than it was granted";

struct EngineOptions {
  int64_t memory_limit_bytes = 0;
  int threads = 1;
  std::string spill_directory;  ///< Made if missing; the engine writes nowhere else but tables' directories.
  /// Under a key that never leaves this process's memory. Off is for tests and for measuring what it costs.
  bool encrypt_spill = true;
};

/// A parameter's value: its JSON text, bound to `$1`…`$n`, `?` or `$name`. Type by JSON type (integer: BIGINT, number:
/// DOUBLE, string: VARCHAR, boolean, null); `type` casts it explicitly.
struct ParameterValue {
  std::string name;  ///< "1", "2", … or a name.
  std::string json;
  std::string type;
};

/// How rows are laid out over files: along a curve, each file a stretch of it.
struct CurveLayout {
  std::string place;                 ///< SQL over the table's columns, of type UBIGINT: a row's place on the curve.
  std::vector<int64_t> sample_rows;  ///< Rows of a sample by equal parts of the curve (tables::delta::kCurveParts).
  int64_t source_bytes = 0;          ///< About what the rows take in Parquet files.
  int64_t files = 1;                 ///< About so many files; more where that lets them end where large boxes do.
};

/// What the version made by a writing statement of the product's holds beyond the rows written.
struct WriteIntent {
  /// Which files of the version read are retired in the same version.
  enum class Replace : uint8_t {
    kNothing,
    kTable,       ///< All.
    kPartitions,  ///< Those of the partitions that rows were written to.
    kFiles,       ///< Those named in `retired`.
  };
  Replace replace = Replace::kNothing;
  std::vector<std::string> retired;               ///< kFiles: AddFile::path of each.
  std::string operation;                          ///< As Delta names it; empty: the statement's own.
  std::map<std::string, std::string> parameters;  ///< commitInfo's operationParameters, JSON texts.
  bool data_change = true;                        ///< False: the same rows in other files (OPTIMIZE).
  /// All rows written are of this partition, so that its files may be cut at a size. Values as the log spells them.
  std::optional<tables::delta::PartitionValues> partition;
  int64_t file_bytes = 0;  ///< Begins another file at about this size; 0: as the table's properties say.
  /// Memory that the engine leaves alone, for what it does not count: an external sort goes well above its limit.
  int64_t headroom_bytes = 0;
  std::shared_ptr<const CurveLayout> curve;  ///< Null: as the rows come. Wants `partition`.
  std::string clustering_provider;           ///< Of the files written, as AddFile has it.
  std::map<std::string, std::string> tags;   ///< Of the files written.
  /// SQL over the table's columns that must be true for every row written; without sub-queries.
  std::string row_predicate;
  bool evolves_schema = false;  ///< New columns of a MERGE's or INSERT's rows become columns of the table.
  /// In an explicit transaction: its later statements still read the table as it was before this one.
  bool keeps_base = false;
  std::optional<int64_t> read_version;  ///< The table must be at this version still, else kConflict.
};

/// Rows that several INSERTs handed over (LakeAppend), to become one version. Checked where they were evaluated.
struct GroupedRows {
  struct Member {
    arrow::Schema schema;
    std::vector<arrow::Batch> batches;
  };
  TableId table;
  RelationName name;  ///< What the table is called: the statement inserts into it.
  std::string definition;
  std::vector<Member> members;
};

/// What a statement may do beyond reading the lake: set for statements the product itself composes (COPY INTO,
/// ingestion), never from a user's text.
struct StatementGrants {
  std::string default_schema;  ///< For unqualified names; empty: "main".
  std::string time_zone;       ///< IANA name; empty: UTC.
  /// Written into the commit of this statement: which loads it holds.
  std::vector<tables::delta::SetTransaction> transactions;
  std::optional<WriteIntent> write;
  /// An INSERT of no more than this may hand its rows over (LakeProvider::MayAppend); 0: it writes them itself.
  int64_t append_rows_max = 0, append_bytes_max = 0;
  std::shared_ptr<GroupedRows> grouped;  ///< What lake_grouped_rows() gives; the table's rules are not checked again.
  /// Asks for so much memory beyond what the statement has by now, for the log of a large table. Errors: those of the
  /// grant. Empty: it needs no asking.
  std::function<Result<void>(int64_t bytes)> reserve_memory;
  std::vector<std::string> readable_paths;  ///< Files or directories (ending in "/") that scans may open.
};

/// One parsed statement of the engine's grammar. `kind` is the name gate 1 decides on: "SELECT", "INSERT", "PRAGMA" …
class ParsedQuery {
 public:
  virtual ~ParsedQuery() = default;
  virtual const std::string& kind() const = 0;
  virtual bool returns_rows() const = 0;
  /// Whether `name` ("1" for the first `?` and `$1`) is a parameter of it. Not after Bind.
  virtual bool HasParameter(const std::string& name) const = 0;
};

/// What happened, known when the stream ended.
struct ExecutionStatistics {
  int64_t rows_changed = -1;                       ///< INSERT, UPDATE, DELETE; else -1.
  int64_t committed_version = -1;                  ///< Version this statement made; -1 for none.
  bool applied_before = false;                     ///< Nothing was done: the table has the application's transaction.
  int64_t rows_dropped = 0, rows_quarantined = 0;  ///< Left out by expectations.
  int64_t files_total = 0, files_kept = 0;
  int64_t row_groups_total = 0, row_groups_kept = 0;
  int64_t bytes_read = 0;
  int64_t rows_scanned = 0;
};

class RunningQuery : public arrow::BatchStream {
 public:
  /// Valid after Next() gave nullopt.
  virtual ExecutionStatistics statistics() const = 0;
  /// 0…1, or -1 when unknown. Thread-safe.
  virtual double progress() const = 0;
};

/// One DuckDB instance with the lake attached as catalogue `lake`, used by one statement at a time.
/// `Interrupt` may come from any thread; everything else from one.
/// All of DuckDB's exceptions and error texts stop here: errors are rebuilt from kind, operator and column, so that no
/// value and no hidden name is in them; the original goes to the operator's log.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Starts a statement: its rights, limits and the way to the server. `ctx`, `provider` and `gate` must outlive
  /// `EndStatement`. Snapshots pinned by an earlier statement of the same transaction stay pinned.
  virtual Result<void> BeginStatement(const RequestContext& ctx, LakeProvider& provider, const plan::LookupGate& gate,
                                      int64_t memory_limit_bytes, StatementGrants grants) = 0;
  /// Changes the limit of the statement under way. A lower one drops cached blocks; what is in use stays.
  virtual Result<void> SetMemoryLimit(int64_t memory_limit_bytes) = 0;
  /// Releases what the statement held; rolls back what it left open.
  virtual void EndStatement() = 0;

  /// Splits and parses. Errors: kSyntaxError with {"position", offset}.
  virtual Result<std::vector<std::unique_ptr<ParsedQuery>>> Parse(const std::string& sql) = 0;
  /// Errors: what the gate said; kBindError and its kin.
  virtual Result<plan::BoundQuery> Bind(std::unique_ptr<ParsedQuery> query,
                                        const std::vector<ParameterValue>& parameters) = 0;
  /// Applies the decisions, optimises and starts. A lake scan without a decision is refused with kInternal.
  /// A statement that writes has committed when Next() gives nullopt, and not before.
  virtual Result<std::unique_ptr<RunningQuery>> Execute(plan::CostedQuery query) = 0;
  /// Optimised plan as text, with files kept of total per scan. Does not run anything.
  virtual Result<std::string> Explain(plan::CostedQuery query) = 0;
  /// A lake table's newest state, as loading files needs it; nullopt if there is none or the principal may not see it.
  /// Inside a statement.
  struct TableState {
    TableId id;
    int64_t version = -1;
    struct Column {
      std::string name;
      std::string type;  ///< As the engine spells it.
      bool nullable = true;
    };
    std::vector<Column> columns;
    std::map<std::string, int64_t> transactions;  ///< Delta `txn`: application id to version.
  };
  virtual Result<std::optional<TableState>> FindTable(const RelationName& name) = 0;
  /// A lake table's newest version, or `version`; nullopt if there is none or the principal may not see it. Inside a
  /// statement.
  struct LakeTable {
    TableEntry entry;
    std::shared_ptr<const tables::delta::Snapshot> snapshot;
  };
  virtual Result<std::optional<LakeTable>> OpenTable(const RelationName& name, std::optional<int64_t> version) = 0;
  /// Lets log_reader() read the log of the table at `location`, which nothing in the statement has bound or opened.
  /// Inside a statement.
  virtual void GrantLog(const std::string& location) = 0;
  /// Binds a condition on the rows of a table, as an expectation has it, under the statement's gate, and gives the
  /// names of the columns it needs. Inside a statement. Errors: kBindError and its kin; kNotSupported for sub-queries
  /// and aggregates; kInvalidArgument for what depends on chance.
  virtual Result<std::vector<std::string>> BindRowCondition(const LakeTable& table, const std::string& condition) = 0;
  /// Judges a version of `table` that `request` makes of files, without a plan that writes rows, by the table's
  /// expectations; what has to go with the commit. With `refuses` a FAIL that is violated is kCheckViolation; else it
  /// is only recorded. Inside a statement.
  virtual Result<std::vector<ExpectationEvidence>> JudgeFiles(const LakeTable& table,
                                                              const tables::delta::CommitRequest& request,
                                                              bool refuses) = 0;
  /// Binds the expression of a policy on a table under the statement's gate, and gives the columns and keys that it
  /// needs. `mask_of` empty: a condition on its rows, BOOLEAN; else what is shown in the place of that column, of its
  /// type. Inside a statement. Errors: as BindRowCondition; kTypeMismatch.
  /// `value_of` not empty: of a policy by tag, over that column alone, called `value`.
  virtual Result<plan::PolicyNeeds> BindPolicy(const LakeTable& table, const std::string& sql,
                                               const std::string& mask_of, const std::string& value_of = {}) = 0;
  /// After a commit that did not come through a statement of the engine: checkpoint and log upkeep as they are due.
  /// Inside a statement. Never fails; what goes wrong is logged.
  virtual void KeepUpLog(const TableEntry& table, int64_t version) = 0;
  /// Where tables lie, and the reader of their logs; for commands that work on them. They outlive statements.
  virtual storage::ObjectStore& store() = 0;
  virtual tables::delta::LogReader& log_reader() = 0;
  virtual void Interrupt() = 0;
  /// True after an INTERNAL or FATAL error of DuckDB: the instance refuses everything, so the process must be replaced.
  virtual bool broken() const = 0;

  /// Everything the linked DuckDB has, for the allow-list's enumeration test.
  struct Inventory {
    std::vector<std::pair<std::string, std::string>> functions;  ///< {kind, name}, distinct; kinds as plan::Lookup.
    std::vector<std::string> settings;
    std::vector<std::string> statement_kinds;
  };
  virtual Result<Inventory> ListInventory() = 0;
  /// The table's log begins with `version` from now on: a checkpoint of it is made, and what was before it deleted, as
  /// tables::delta::CutLog does. Inside a statement. Errors: of the store; kCorruption.
  virtual Result<void> CutLog(const TableEntry& table, int64_t version) = 0;
};

Result<std::unique_ptr<Engine>> OpenEngine(const EngineOptions& options, storage::ObjectStore& store);

}  // namespace neurolake::engine::duckdb
