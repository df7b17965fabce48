#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "query/copy_into_json.h"
#include "query/copy_into_lines.h"
#include "query/copy_into_options.h"

namespace neurolake::query {

/// A column of the target and where its values come from.
struct LoadColumn {
  ColumnShape target;
  int source = -1;          ///< Index of the files' column; -1: there is none, and the value is NULL.
  std::string source_type;  ///< Of a Parquet column; empty: text.
  CleaningRule rule;
};

/// Everything the statements of one load are composed from.
struct LoadPlan {
  CopyIntoOptions options;
  ObjectName target;
  std::vector<SourceFile> files;  ///< To read, in order.
  FileCompression compression = FileCompression::kNone;
  TextDialect dialect;
  std::vector<std::string> file_columns;
  std::vector<LoadColumn> columns;
  KeySpellings key_spellings;  ///< Of JSON lines.
  bool lineage_file = false, lineage_time = false, lineage_load = false;
  bool integers_as_text = false;  ///< There are whole numbers a double does not hold.
  bool lenient = false;           ///< Line ends are mixed, which the engine's strict reader refuses.
  std::string load_id;
  WallTime loaded_at;

  std::string rejects_table() const { return "nl_rejects_" + load_id; }
  std::string scans_table() const { return "nl_scans_" + load_id; }
  /// For scans that only leave out what an earlier one reported.
  std::string again_table() const { return "nl_rejects_again_" + load_id; }
  std::string again_scans_table() const { return "nl_scans_again_" + load_id; }
};

/// SQL of a load. Pure: texts from a plan. Every name and value is quoted. The quick way reads columns with their types
/// and fails at the first bad row; the careful way reads texts and says of each row what is wrong with it.
class LoadSql {
 public:
  explicit LoadSql(const LoadPlan& plan) : plan_(plan) {}

  /// `SELECT … AS "name", …` in the order of the target's columns, lineage last. Any bad row is an error.
  std::string QuickSelect() const;
  /// The same without the bad rows.
  std::string CarefulSelect() const;
  /// Rows for each file: nl_file, rows taken, of these bad. Leaves what the reader did not take in the rejects tables.
  std::string CountRows() const;
  /// Rejected rows for each file: path, rows.
  std::string CountRejects() const;
  /// Line numbers the reader did not take in a file.
  std::string RejectedLines(const SourceFile& file) const;
  /// Bad rows of one file as rows of the quarantine table.
  std::string QuarantineSelect(const SourceFile& file, const LineMap& lines) const;
  /// Rows of all files, without looking into them.
  std::string CountAll() const;
  /// `aggregates` over the first rows of all files, nl_bad being the index of the first column whose value is bad.
  std::string SampleVerdict(const std::string& aggregates, int64_t rows) const;
  /// One row: records that are no objects, then for each column of the target the rows whose first bad value it has. Of
  /// the first `limit` rows, if given. Leaves what the reader did not take in the rejects tables.
  std::string CountBadByColumn(std::optional<int64_t> limit) const;
  /// Fails if the engine cannot read the file at all.
  std::string Probe(const SourceFile& file) const;
  std::vector<std::string> DropRejects() const;

  std::string TargetName() const;
  /// `("id", "name", …)`.
  std::string TargetColumns() const;
  /// The target's columns with types and NOT NULL, lineage included.
  std::string ColumnDefinitions() const;
  std::vector<ColumnShape> Shape() const;
  bool HasRequiredColumns() const;

  static std::string QuarantineColumns();
  static std::string QuarantineDefinitions();

 private:
  enum class Way : uint8_t { kQuick, kCareful };
  /// What becomes of rows the reader does not take. kIgnore loses more rows than these, see RejectOptions().
  enum class Rejects : uint8_t { kFail, kReport, kReportedBefore, kIgnore };
  bool TypedInReader(const LoadColumn& column) const;
  std::string ReaderType(int source) const;
  std::string Paths(const std::vector<SourceFile>& files) const;
  std::string RejectOptions(Rejects rejects) const;
  std::string CsvReader(const std::vector<SourceFile>& files, Way way, Rejects rejects) const;
  std::string LineReader(const std::vector<SourceFile>& files, Rejects rejects) const;
  /// Names that a file's column may have: of a JSON key, all of its spellings.
  std::vector<std::string> NamesOf(int source) const;
  /// What `Relation` is for JSON lines.
  std::string JsonRelation(const std::vector<SourceFile>& files, Way way, bool numbered, Rejects rejects) const;
  /// Columns c0…cn, nl_path, nl_row (if `numbered`), and for JSON nl_line and nl_twice: a column has values by several
  /// spellings of its key.
  std::string Relation(const std::vector<SourceFile>& files, Way way, bool numbered, Rejects rejects) const;
  std::string Cleaned(const LoadColumn& column, Way way) const;
  std::string QuickValue(const LoadColumn& column) const;
  std::string CarefulValue(const LoadColumn& column) const;
  std::string IsText(const LoadColumn& column) const;
  std::string QuickGuard() const;
  /// Over Relation(): t0…, v0… and what is wrong: nl_bad (index of the column, -1 none, -2 the whole row).
  std::string Judged(const std::vector<SourceFile>& files, bool numbered, Rejects rejects) const;
  std::string Deduplicated(const std::string& select) const;
  std::string LineageColumns() const;
  std::string FileName(const std::string& path) const;
  std::string RawLine() const;

  const LoadPlan& plan_;
};

}  // namespace neurolake::query
