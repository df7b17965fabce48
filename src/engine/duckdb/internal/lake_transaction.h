#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/statement_state.h"
#include "engine/duckdb/lake_provider.h"
#include "tables/delta/actions.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

struct LakeScan;

using SnapshotPointer = std::shared_ptr<const tables::delta::Snapshot>;

/// The one version a transaction is about to publish.
struct LakeWrite {
  TableEntry table;
  SnapshotPointer base;                           ///< Null for a table that does not exist yet.
  std::string operation;                          ///< As Delta names it: "WRITE", "DELETE", …
  std::map<std::string, std::string> parameters;  ///< JSON texts.
  std::map<std::string, int64_t> metrics;
  std::vector<tables::delta::AddFile> adds;
  std::vector<tables::delta::RemoveFile> removes;
  std::vector<tables::delta::AddCdcFile> changes;  ///< All changed rows or none, where the table keeps a feed of them.
  std::optional<tables::delta::Protocol> protocol;
  std::optional<tables::delta::Metadata> metadata;
  std::vector<tables::delta::DomainMetadata> domains;  ///< Those that change.
  std::optional<RelationName> register_as;
  bool register_only = false;        ///< A Delta table that exists already only gets its name.
  std::optional<LakeAppend> append;  ///< Rows to hand over, instead of all else.
  bool commit_when_empty = false;    ///< Creations and replacements; an INSERT of no rows makes no version.
  std::shared_ptr<const ExpectationSet> expectations;  ///< Null until rows were checked.
  ExpectationFindings findings;

  /// Retires a file. One that this transaction added itself just disappears from `adds`. O(1) on average.
  void Remove(const tables::delta::AddFile& file, int64_t deletion_timestamp_ms);
  /// As if no statement before had added, removed or changed rows.
  void ForgetFiles();
  /// The table's state with this write applied; what a later statement of the transaction reads.
  SnapshotPointer Applied() const;

 private:
  /// Where the first `own_counted_` of `adds` are, by path and deletion vector. `adds` grows at its end alone; what
  /// takes from it keeps these.
  std::unordered_map<std::string, size_t> own_places_;
  size_t own_counted_ = 0;
};

/// Pinned snapshots, and at most one written table. One statement at a time works with it; only `RememberFile` is
/// called by several threads at once.
class LakeTransaction final : public native::Transaction {
 public:
  LakeTransaction(native::TransactionManager& manager, native::ClientContext& context, StatementState& statement)
      : Transaction(manager, context), statement_(statement) {}

  static LakeTransaction& Get(native::ClientContext& context, native::Catalog& catalog);
  StatementState& statement() { return statement_; }

  // ---- reading side ----
  /// The snapshot this transaction works on: pinned at the table's first use, and after a write of its own the state
  /// with that write applied. Null if the table was not used yet.
  SnapshotPointer Pinned(const TableId& table) const;
  void Pin(const TableId& table, SnapshotPointer snapshot);
  /// A table this transaction created and has not committed: no provider knows it yet. `Pinned` has its snapshot.
  std::optional<TableEntry> FindCreated(const RelationName& name) const;
  /// Each scan of a table at its pinned version calls this when it is bound: what it reads decides about the commits
  /// that come between.
  void MarkRead(const TableId& table, std::shared_ptr<LakeScan> scan);
  /// As if every row had been read.
  void MarkRead(const TableId& table) { read_whole_.insert(table); }
  /// No scan of the table was bound, nor counts it as read.
  bool HasReadNothing(const TableId& table) const { return !scans_.contains(table) && !read_whole_.contains(table); }
  /// Keeps a catalogue entry alive as long as the transaction; DuckDB's plans point to entries.
  native::CatalogEntry& Keep(native::unique_ptr<native::CatalogEntry> entry);

  // ---- writing side ----
  /// What the table's rows have to be like; one answer for the whole transaction. Throws what the server says.
  std::shared_ptr<const ExpectationSet> Expectations(const TableId& table);
  /// Throws kNotSupported if another table was written, or what CheckWritable says. Called when a statement is
  /// planned, so before any file is written.
  void CheckMayWrite(const TableEntry& table, const SnapshotPointer& base) const;
  /// The pending write, begun for `table` if there is none. `base` is the snapshot the statement reads, null for a new
  /// table.
  LakeWrite& BeginWrite(const TableEntry& table, const SnapshotPointer& base);
  /// The pending write, or null.
  const LakeWrite* write() const { return write_.get(); }
  /// Ends a statement's write: later statements of an explicit transaction read what it made.
  void FinishStatementWrite(int64_t rows_changed);
  /// Remembers a file this transaction wrote, to be made durable at commit and deleted if there is none. Thread-safe.
  void RememberFile(std::string path);

  /// Publishes the pending write. Errors: as LakeProvider::Commit.
  Result<void> Commit(native::ClientContext& context);
  /// Deletes the files written, best effort.
  void Discard() noexcept;

 private:
  Result<void> MakeFilesDurable();
  void RemoveFiles() noexcept;
  /// Checks what `commit` would make, and puts into it what the server wants to know about it. Ends with the rows set
  /// aside being durable in their table.
  Result<void> CheckExpectations(native::ClientContext& context, LakeCommit& commit);
  tables::delta::ReadScope ScopeOf(const LakeWrite& write) const;

  StatementState& statement_;
  std::unordered_map<TableId, SnapshotPointer> pinned_;
  std::unordered_set<TableId> read_whole_;
  std::unordered_map<TableId, std::shared_ptr<const ExpectationSet>> expectations_;
  /// By the statement's plan: two scans of one table in one plan may narrow each other.
  std::unordered_map<TableId, std::map<uint64_t, std::vector<std::shared_ptr<LakeScan>>>> scans_;
  std::vector<native::unique_ptr<native::CatalogEntry>> entries_;
  std::unique_ptr<LakeWrite> write_;
  bool several_statements_ = false;  ///< `write_` may be the work of more than one.
  std::mutex files_mutex_;
  std::set<std::string> written_files_;
};

/// Commits by one LakeProvider::Commit. An error is left in StatementState::pending_error, since DuckDB passes on its
/// text alone.
class LakeTransactionManager final : public native::TransactionManager {
 public:
  LakeTransactionManager(native::AttachedDatabase& database, StatementState& statement)
      : TransactionManager(database), statement_(statement) {}

  native::Transaction& StartTransaction(native::ClientContext& context) override;
  native::ErrorData CommitTransaction(native::ClientContext& context, native::Transaction& transaction) override;
  void RollbackTransaction(native::Transaction& transaction) override;
  void Checkpoint(native::ClientContext& context, bool force) override;

 private:
  std::unique_ptr<LakeTransaction> Take(native::Transaction& transaction);

  StatementState& statement_;
  std::mutex mutex_;
  std::unordered_map<native::Transaction*, std::unique_ptr<LakeTransaction>> open_;
};

}  // namespace neurolake::engine::duckdb
