#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/lake_provider.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

struct LakeWrite;
struct StatementState;
struct WriteJob;

/// One expectation of a table that is being written, as the server keeps it. Source: docs/sql/expectations.md.
struct Expectation {
  enum class Action : uint8_t { kFail, kDrop, kQuarantine, kWarn };
  enum class Kind : uint8_t { kCheck, kUnique, kForeignKey, kFreshness, kRowCount, kRowCountDrift, kDistribution };
  std::string id;
  std::string name;
  Action action = Action::kFail;
  Kind kind = Kind::kCheck;
  std::string condition;              ///< kCheck: SQL over the columns of a row.
  std::vector<std::string> columns;   ///< Of the others, in order.
  std::optional<TableEntry> foreign;  ///< kForeignKey: empty if the table is not there any more.
  std::vector<std::string> foreign_columns;
  double limit = 0;      ///< kFreshness: seconds. kRowCountDrift: a share. kDistribution: the index.
  int64_t least = 0;     ///< kRowCount.
  int64_t most = 0;      ///< kRowCount.
  int64_t versions = 0;  ///< kRowCountDrift, kDistribution: how many results to look back at.
  /// Newest first: what earlier versions gave.
  std::vector<double> past_metrics;
  std::vector<std::string> past_profiles;

  bool of_rows() const { return kind == Kind::kCheck; }
  /// Whether it leaves out rows for their key, as the statement writes them; else it is judged on the table as a whole.
  bool of_keys() const {
    const bool has_keys = kind == Kind::kUnique || kind == Kind::kForeignKey;
    return has_keys && (action == Action::kDrop || action == Action::kQuarantine);
  }
  /// Whether its promise about `table` hangs on all rows of it, so that what others write at the same time counts.
  bool ReadsTable(const TableId& table) const {
    if ((action != Action::kFail && !of_keys()) || of_rows()) return false;
    return kind != Kind::kForeignKey || (foreign && foreign->id == table);
  }
};

struct ExpectationSet {
  std::vector<Expectation> all;
  std::optional<TableEntry> quarantine;
  std::string statement_id;  ///< As system.queries has it.
  bool has_rows() const;
};

/// Those of `table`, asked of the server. Throws what it says; kCorruption.
std::shared_ptr<const ExpectationSet> LoadExpectations(StatementState& state, const TableId& table);

/// Rows set aside: QuarantineTypes(). Kept by the engine's buffer manager, so that many of them spill.
using RejectedRows = native::ColumnDataCollection;

/// What a transaction has found of its table's expectations so far. `counts` by id.
struct ExpectationFindings {
  struct Count {
    int64_t rows_checked = 0;
    int64_t violations = 0;
  };
  std::map<std::string, Count> counts;
  int64_t dropped = 0;
  int64_t quarantined = 0;
  native::unique_ptr<RejectedRows> rejected;  ///< Null: none.
  void Merge(ExpectationFindings&& other);
};

/// The columns of what is set aside: names of expectations as JSON, the kind of change, the row as JSON.
native::vector<native::LogicalType> QuarantineTypes();

/// Puts an operator over `child` that checks each row, which is as it would be written (row ids of an UPDATE or MERGE
/// behind it), and leaves out those that DROP or QUARANTINE say. A row left out is not taken away either: an UPDATE
/// leaves it as it was. Expectations with FAIL let rows pass; StageExpectations refuses the statement when all are
/// counted. Rows that only move to other files are not checked. Throws kNotSupported or a bind error naming an
/// expectation that does not fit the table.
native::PhysicalOperator& PlanExpectations(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                           const std::shared_ptr<WriteJob>& job, native::PhysicalOperator& child);

/// As PlanExpectations, for those of keys: an operator that holds all rows back (the engine may move them to disk)
/// until it knows which of them may stay. Comes after it, so that what has to go anyway takes nobody's key.
native::PhysicalOperator& PlanKeyExpectations(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                              const std::shared_ptr<WriteJob>& job, native::PhysicalOperator& child);

/// Whether a statement's rows for the table are held back like that.
bool RowsWaitOnKeys(native::ClientContext& context, const TableId& table);

/// All columns of a row as text that can be read back: what quarantine tables keep.
native::unique_ptr<native::Expression> BindRowAsJson(native::ClientContext& context,
                                                     const tables::delta::DataType& schema);

/// Binds a condition on rows of a table with these columns and gives the names of the columns it needs. Functions go
/// through the statement's gate. Throws kNotSupported for sub-queries, aggregates and what differs from call to call.
std::vector<std::string> BindRowCondition(native::ClientContext& context, const tables::delta::DataType& schema,
                                          const std::string& table, const std::string& condition);

/// Moves a statement's findings to the transaction's write. Throws kCheckViolation for a FAIL that was violated, with
/// the exact count, after telling the server.
void StageExpectations(StatementState& state, WriteJob& job, LakeWrite& write);

/// Judges a version that takes files which are there already, or takes some away, instead of writing rows (RESTORE):
/// the rows of `write.adds` by those of rows, the table as it would be by all others. No row can be left out then, so
/// DROP and QUARANTINE are recorded as WARN is. With `refuses` a FAIL throws as StageExpectations; else all are only
/// recorded, and what cannot be read counts as not checked. Gives the evidence for the commit.
std::vector<ExpectationEvidence> JudgeFiles(native::ClientContext& context, StatementState& state, LakeWrite& write,
                                            bool refuses);

/// What was found of rows, for the commit: of every expectation of `expectations`, those of the table unchecked.
std::vector<ExpectationEvidence> RowEvidence(const ExpectationSet& expectations, const ExpectationFindings& findings);

/// Checks the table as `write` would leave it. Throws as StageExpectations. Gives the evidence for the commit: of every
/// expectation the table has.
std::vector<ExpectationEvidence> CheckTableExpectations(native::ClientContext& context, StatementState& state,
                                                        const ExpectationSet& expectations, LakeWrite& write);

/// Commits the rows set aside to the quarantine table, before the version they were meant for. Gives the entry that the
/// version has to carry, so that a statement that is run again after a crash between the two does not write them twice;
/// nullopt if there are none. Throws kNotFound if there is no quarantine table any more; the commit's errors.
std::optional<tables::delta::SetTransaction> WriteQuarantine(native::ClientContext& context, StatementState& state,
                                                             const ExpectationSet& expectations, LakeWrite& write);

class CheckConnection;

/// Adds to `findings` what the rows of `table`, as `check` shows it with the columns of `schema`, violate.
void CountViolations(native::ClientContext& context, CheckConnection& check, const ExpectationSet& expectations,
                     const TableEntry& table, const tables::delta::DataType& schema, ExpectationFindings& findings);

/// Refuses the statement; tells the server first.
[[noreturn]] void ThrowViolated(StatementState& state, const TableEntry& table, const Expectation& expectation,
                                int64_t violations, int64_t rows_checked,
                                const std::vector<ExpectationEvidence>& evidence);

/// A connection of the engine's own for checks: reads the tables it is given, and whatever the principal may see, at
/// the snapshots it is given. Only for SQL that the product composes.
class CheckConnection {
 public:
  CheckConnection(native::ClientContext& context, StatementState& state);
  ~CheckConnection();
  /// Makes `table` stand for its own name; `snapshot` null: its newest version.
  void Show(const TableEntry& table, std::shared_ptr<const tables::delta::Snapshot> snapshot);
  native::unique_ptr<native::MaterializedQueryResult> Query(const std::string& sql);
  native::Connection& connection();
  StatementState& state();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace neurolake::engine::duckdb
