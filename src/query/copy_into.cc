#include "query/copy_into.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "common/text.h"
#include "query/copy_into_plan.h"

namespace neurolake::query {
namespace {

using tables::delta::SetTransaction;

constexpr size_t kBeginningBytes = size_t{64} << 10;
constexpr int kJsonDepthMax = 500;
/// Another writer's version between our look at the table and our commit is looked at, and the load tried again.
constexpr int kAttemptsMax = 5;

// Failures that say something about rows, so that the careful way may get further.
bool IsAboutRows(ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kConversionFailed ||
         code == ErrorCode::kNumericOutOfRange || code == ErrorCode::kNotNullViolation ||
         code == ErrorCode::kTypeMismatch;
}

Result<int64_t> ToCount(const std::optional<std::string>& text) {
  if (!text.has_value() || text->empty() || text->find_first_not_of("0123456789") != std::string::npos) {
    return MakeError(ErrorCode::kInternal, "a count is not a number");
  }
  return std::stoll(*text);
}

/// One COPY INTO, step by step.
class Load {
 public:
  Load(const CopyInto& statement, ProductSql& sql) : statement_(statement), sql_(sql), text_(plan_) {}
  ~Load() {
    // Temporary tables of rejects go with the worker at the latest.
    static_cast<void>(DropRejects());
  }

  Result<CopyReport> Run() {
    const SteadyTime start = sql_.clock().SteadyNow();
    NL_ASSIGN_OR_RETURN(plan_.options, ParseCopyIntoOptions(statement_));
    plan_.target = statement_.target;
    plan_.loaded_at = sql_.clock().Now();
    if (plan_.target.schema.empty())
      return MakeError(ErrorCode::kInvalidArgument, "COPY INTO needs the schema of its table, as in bronze.flights");
    NL_ASSIGN_OR_RETURN(table_, sql_.FindTable(plan_.target.schema, plan_.target.name));
    NL_RETURN_IF_ERROR(FindFiles());
    if (!files_.empty()) {
      NL_RETURN_IF_ERROR(MakeLoadPlan(statement_, files_, table_, sql_, plan_));
      if (!table_.has_value()) plan_.options.dedupe_target = false;
      plan_.load_id = MakeLoadId();
      report_.schema = text_.Shape();
      report_.validated_only = plan_.options.validate;
      NL_RETURN_IF_ERROR(plan_.options.validate ? Validate() : LoadFiles());
    } else if (plan_.options.validate && table_.has_value()) {
      report_.validated_only = true;
      report_.schema = table_->columns;
    }
    const std::chrono::duration<double> took = sql_.clock().SteadyNow() - start;
    report_.seconds = took.count();
    if (report_.seconds > 0) report_.rows_per_second = static_cast<double>(report_.rows_read) / report_.seconds;
    return std::move(report_);
  }

 private:
  // The engine's look for types calls itself for each level of nesting, and has no end to its stack but a crash.
  static Result<void> LookThrough(InspectedFile& file) {
    NL_ASSIGN_OR_RETURN(auto lines, LookThroughJson(file.file, file.inspection.compression, kJsonDepthMax));
    file.keys = std::move(lines.keys);
    if (lines.deep_line == 0) return {};
    return MakeError(ErrorCode::kInvalidArgument, "the file {} nests JSON deeper than {} levels, in line {}",
                     file.file.name, kJsonDepthMax, lines.deep_line);
  }

  // Files of the statement, but those of the ledger.
  Result<void> FindFiles() {
    std::vector<std::string> sources;
    for (const std::string& source : statement_.sources) {
      for (const std::string& file : statement_.files)
        sources.push_back((source.ends_with("/") ? source : source + "/") + NameAsPattern(file));
      if (statement_.files.empty()) sources.push_back(source);
    }
    std::set<std::string> paths;
    std::set<std::string> identities;
    const bool text = plan_.options.format != SourceFormat::kParquet;
    for (const std::string& source : sources) {
      NL_ASSIGN_OR_RETURN(const auto files, sql_.ResolveSource(source, statement_.pattern));
      for (const SourceFile& file : files) {
        NL_RETURN_IF_ERROR(sql_.CheckAlive());
        if (!paths.insert(file.path).second) continue;
        InspectedFile inspected{.file = file, .inspection = {}, .identity = "", .beginning = "", .keys = {}};
        NL_ASSIGN_OR_RETURN(inspected.inspection, InspectFile(file, text, sql_));
        inspected.identity = FileIdentity(file, inspected.inspection);
        const bool loaded = table_.has_value() && table_->transactions.contains(LedgerId(inspected.identity));
        if (!identities.insert(inspected.identity).second ||
            (loaded && !plan_.options.force && !plan_.options.validate)) {
          ++report_.files_skipped;
          continue;
        }
        if (plan_.options.format == SourceFormat::kJsonLines) NL_RETURN_IF_ERROR(LookThrough(inspected));
        if (text) {
          // A small beginning does for nearly all files; a long first record needs more.
          NL_ASSIGN_OR_RETURN(inspected.beginning,
                              ReadBeginning(file, inspected.inspection.compression, kBeginningBytes));
          if (inspected.beginning.size() + 3 >= kBeginningBytes &&
              inspected.beginning.find('\n') == std::string::npos) {
            NL_ASSIGN_OR_RETURN(inspected.beginning,
                                ReadBeginning(file, inspected.inspection.compression,
                                              static_cast<size_t>(plan_.options.line_size_max_bytes)));
          }
        }
        files_.push_back(std::move(inspected));
      }
    }
    report_.files = static_cast<int64_t>(files_.size());
    return {};
  }

  static std::string LedgerId(const std::string& identity) { return "neurolake.copy:" + identity; }
  std::string QuarantineLedgerId(const std::string& identity) const {
    return "neurolake.quarantine:" + plan_.target.schema + "." + plan_.target.name + ":" + identity + ":" +
           plan_.options.fingerprint;
  }

  // The same files loaded the same way have the same id, so that a run after a crash continues the one before.
  std::string MakeLoadId() const {
    std::string text = plan_.target.schema + "\n" + plan_.target.name + "\n" + plan_.options.fingerprint;
    for (const InspectedFile& file : files_) text += "\n" + file.identity;
    if (plan_.options.force) text += "\n" + FormatTimestamp(plan_.loaded_at);
    // Twelve bytes are the longest text that the engine keeps in place.
    return Sha256Hex(text).substr(0, 12);
  }

  std::vector<SetTransaction> Ledger() const {
    std::vector<SetTransaction> ledger;
    const int64_t now_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(plan_.loaded_at.time_since_epoch()).count();
    for (const InspectedFile& file : files_) {
      int64_t version = 1;
      if (table_.has_value()) {
        const auto before = table_->transactions.find(LedgerId(file.identity));
        if (before != table_->transactions.end()) version = before->second + 1;
      }
      ledger.push_back({.app_id = LedgerId(file.identity), .version = version, .last_updated_ms = now_ms});
    }
    return ledger;
  }

  // Which rows would be set aside, by the column that is wrong with them.
  Result<void> Validate() {
    report_.bad_rows.assign(report_.schema.size(), 0);
    if (plan_.files.empty()) return {};
    auto counted = CountBadByColumn();
    if (!counted.has_value()) {
      NL_ASSIGN_OR_RETURN(plan_.lenient, MayBeMixed(counted.error()));
      if (!plan_.lenient) return NameCulprit(counted.error());
      counted = CountBadByColumn();
      if (!counted.has_value()) return NameCulprit(counted.error());
    }
    const auto& row = counted->rows.at(0);
    NL_ASSIGN_OR_RETURN(report_.bad_records, ToCount(row.at(0)));
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      NL_ASSIGN_OR_RETURN(report_.bad_rows[i], ToCount(row.at(i + 1)));
    }
    if (plan_.options.format == SourceFormat::kParquet) return {};
    NL_ASSIGN_OR_RETURN(const auto rejected, sql_.Query(text_.CountRejects()));
    for (const auto& file : rejected.rows) {
      NL_ASSIGN_OR_RETURN(const int64_t records, ToCount(file.at(1)));
      report_.bad_records += records;
    }
    return {};
  }

  Result<ProductSql::Rows> CountBadByColumn() {
    NL_RETURN_IF_ERROR(DropRejects());
    careful_ = true;
    return sql_.Query(text_.CountBadByColumn(plan_.options.validate_rows));
  }

  Result<void> LoadFiles() {
    if (plan_.files.empty()) return LoadNothing();
    auto written = WriteTarget(text_.QuickSelect());
    if (!written.has_value() && IsAboutRows(written.error().code()) && HasInferredTypes(plan_, table_)) {
      const auto before = text_.Shape();
      NL_RETURN_IF_ERROR(InferTypes(kEveryRow, sql_, plan_));
      report_.schema = text_.Shape();
      if (before != report_.schema) written = WriteTarget(text_.QuickSelect());
    }
    if (!written.has_value() && IsAboutRows(written.error().code())) return LoadCarefully();
    if (!written.has_value()) return std::unexpected(written.error());
    SetWritten(*written);
    report_.rows_read = report_.rows_loaded + report_.rows_skipped + report_.rows_quarantined;
    if (!plan_.options.key.empty()) {
      NL_ASSIGN_OR_RETURN(const auto count, sql_.Query(text_.CountAll()));
      NL_ASSIGN_OR_RETURN(report_.rows_read, ToCount(count.rows.at(0).at(0)));
      report_.rows_duplicate =
          report_.rows_read - report_.rows_loaded - report_.rows_skipped - report_.rows_quarantined;
    }
    return {};
  }

  // Only files without a record: the ledger has them all the same.
  Result<void> LoadNothing() {
    std::string nulls;
    for (const ColumnShape& column : text_.Shape())
      nulls +=
          fmt::format("{}CAST(NULL AS {}) AS {}", nulls.empty() ? "" : ", ", column.type, QuoteIdentifier(column.name));
    NL_ASSIGN_OR_RETURN(const Written written, WriteTarget("SELECT " + nulls + " WHERE false"));
    SetWritten(written);
    return {};
  }

  void SetWritten(const Written& written) {
    report_.rows_loaded = written.rows;
    // What the table's expectations left out.
    report_.rows_skipped = written.rows_dropped;
    report_.rows_quarantined = written.rows_quarantined;
    report_.version = written.version;
    report_.load_id = plan_.load_id;
  }

  WriteCommit CommitTo(const ObjectName& target, const std::optional<TableShape>& found,
                       std::vector<SetTransaction> transactions) const {
    WriteCommit commit{.target = target,
                       .found = found.has_value() ? &*found : nullptr,
                       .transactions = std::move(transactions),
                       .check = [this] { return CheckUnchanged(); }};
    commit.file_columns = plan_.file_columns;
    if (&target == &plan_.target) {
      for (const LoadColumn& column : plan_.columns) {
        if (column.source >= 0) commit.loaded[column.target.name] = static_cast<size_t>(column.source);
      }
    }
    return commit;
  }

  // The ledger would name bytes that were not loaded.
  Result<void> CheckUnchanged() const {
    for (const InspectedFile& file : files_) NL_RETURN_IF_ERROR(CheckSameFile(file.file, file.inspection));
    return {};
  }

  Result<Written> WriteTarget(const std::string& select) {
    const std::string name = text_.TargetName();
    const std::string insert = fmt::format("INSERT INTO {} {} {}", name, text_.TargetColumns(), select);
    std::vector<std::string> statements{insert};
    if (!table_.has_value()) {
      // NOT NULL cannot be said in CREATE TABLE AS; both statements then make one version.
      if (text_.HasRequiredColumns())
        statements.insert(statements.begin(), fmt::format("CREATE TABLE {} {}", name, text_.ColumnDefinitions()));
      else statements[0] = fmt::format("CREATE TABLE {} AS {}", name, select);
    }
    auto written = sql_.Write(statements, CommitTo(plan_.target, table_, Ledger()));
    // Said by name, when it was a file that failed.
    if (!written.has_value() && written.error().code() == ErrorCode::kIoError) NL_RETURN_IF_ERROR(CheckUnchanged());
    return written;
  }

  struct BadFile {
    const InspectedFile* file = nullptr;
    int64_t taken = 0;
    int64_t bad = 0;
    int64_t rejected = 0;
  };

  Result<void> LoadCarefully() {
    auto counted = CountBadRows();
    bool mixed = false;
    if (!counted.has_value()) {
      NL_ASSIGN_OR_RETURN(mixed, MayBeMixed(counted.error()));
    }
    if (mixed) {
      // Strict reading refuses mixed line ends; the line map then proves that no row was lost.
      plan_.lenient = true;
      report_.warning = "line ends are mixed (CRLF and LF): the files were read leniently";
      counted = CountBadRows();
    }
    if (!counted.has_value()) return NameCulprit(counted.error());
    int64_t bad = 0;
    report_.rows_read = 0;
    for (const BadFile& file : *counted) {
      report_.rows_read += file.taken + file.rejected;
      bad += file.bad + file.rejected;
    }
    // No bad row: the quick way may have met a whole number that a double does not hold, or something else again.
    NL_RETURN_IF_ERROR(SetBadRowsAside(*counted, bad));
    auto written = WriteTarget(text_.CarefulSelect());
    if (!written.has_value()) return NameCulprit(written.error());
    SetWritten(*written);
    report_.rows_duplicate =
        report_.rows_read - report_.rows_loaded - report_.rows_skipped - report_.rows_quarantined - bad;
    if (report_.rows_duplicate != 0 && plan_.options.key.empty()) {
      return MakeError(ErrorCode::kInternal,
                       "the load is done, but {} rows were counted and {} written; look at the table before going on",
                       report_.rows_read - bad, report_.rows_loaded);
    }
    (plan_.options.on_error == OnError::kSkip ? report_.rows_skipped : report_.rows_quarantined) += bad;
    return {};
  }

  Result<bool> MayBeMixed(const Error& error) {
    const bool strict_csv = plan_.options.format == SourceFormat::kCsv && plan_.options.strict && !plan_.lenient;
    if (!strict_csv || !IsAboutRows(error.code())) return false;
    for (const InspectedFile& file : files_) {
      NL_ASSIGN_OR_RETURN(const bool mixed, HasMixedLineEnds(file.file, file.inspection.compression));
      if (mixed) return true;
    }
    return false;
  }

  Result<std::vector<BadFile>> CountBadRows() {
    std::vector<BadFile> counts;
    for (const InspectedFile& file : files_) counts.push_back({.file = &file});
    const auto add = [&](const ProductSql::Rows& rows, bool rejects) -> Result<void> {
      for (const auto& row : rows.rows) {
        for (BadFile& count : counts) {
          if (count.file->file.path != row.at(0)) continue;
          int64_t& rows_of_file = rejects ? count.rejected : count.taken;
          NL_ASSIGN_OR_RETURN(rows_of_file, ToCount(row.at(1)));
          if (!rejects) {
            NL_ASSIGN_OR_RETURN(count.bad, ToCount(row.at(2)));
          }
        }
      }
      return {};
    };
    const bool rejects = plan_.options.format != SourceFormat::kParquet;
    NL_RETURN_IF_ERROR(DropRejects());
    careful_ = true;
    NL_ASSIGN_OR_RETURN(const auto taken, sql_.Query(text_.CountRows()));
    NL_RETURN_IF_ERROR(add(taken, false));
    if (rejects) {
      NL_ASSIGN_OR_RETURN(const auto rejected, sql_.Query(text_.CountRejects()));
      NL_RETURN_IF_ERROR(add(rejected, true));
    }
    return counts;
  }

  Result<void> DropRejects() {
    if (plan_.load_id.empty() || plan_.options.format == SourceFormat::kParquet || !std::exchange(careful_, false))
      return {};
    for (const std::string& drop : text_.DropRejects()) NL_RETURN_IF_ERROR(sql_.Drop(drop));
    return {};
  }

  // Where bad rows stand; a map that does not agree with the reader is as good as none.
  Result<LineMap> MapLines(const BadFile& bad) {
    if (plan_.options.format == SourceFormat::kParquet) return LineMap{};
    std::set<int64_t> rejected;
    if (bad.rejected > 0) {
      NL_ASSIGN_OR_RETURN(const auto lines, sql_.Query(text_.RejectedLines(bad.file->file)));
      for (const auto& row : lines.rows) {
        NL_ASSIGN_OR_RETURN(const int64_t line, ToCount(row.at(0)));
        rejected.insert(line);
      }
    }
    NL_ASSIGN_OR_RETURN(auto map,
                        BuildLineMap(bad.file->file, bad.file->inspection.compression, plan_.dialect, rejected));
    if (map.rows == bad.taken) return map;
    if (plan_.lenient) {
      return MakeError(
          ErrorCode::kInvalidArgument,
          "the file {} cannot be read without losing rows: its line ends are mixed (CRLF and LF); make them one kind",
          bad.file->file.name);
    }
    return LineMap{};
  }

  Result<void> SetBadRowsAside(const std::vector<BadFile>& counts, int64_t bad) {
    if (plan_.lenient) {
      for (const BadFile& count : counts) NL_RETURN_IF_ERROR(MapLines(count));
    }
    if (bad == 0 || plan_.options.on_error == OnError::kSkip) return {};
    if (plan_.options.on_error == OnError::kAbort) return Abort(counts, bad);
    const ObjectName name = plan_.options.quarantine.value_or(
        ObjectName{.schema = plan_.target.schema, .name = plan_.target.name + "__quarantine"});
    const std::string quoted = QuoteIdentifier(name.schema) + "." + QuoteIdentifier(name.name);
    report_.quarantine_table = name.schema + "." + name.name;
    NL_ASSIGN_OR_RETURN(auto quarantine, sql_.FindTable(name.schema, name.name));
    if (!quarantine.has_value()) {
      NL_RETURN_IF_ERROR(sql_.Write({fmt::format("CREATE TABLE {} {}", quoted, LoadSql::QuarantineDefinitions())},
                                    CommitTo(name, quarantine, {})));
      NL_ASSIGN_OR_RETURN(quarantine, sql_.FindTable(name.schema, name.name));
      if (!quarantine.has_value())
        return MakeError(ErrorCode::kConflict, "the quarantine table was dropped: {}", quoted);
    }
    for (const BadFile& count : counts) {
      if (count.bad + count.rejected == 0) continue;
      // Written before a crash that kept the target from its version: not again.
      const std::string ledger_id = QuarantineLedgerId(count.file->identity);
      const auto before = quarantine->transactions.find(ledger_id);
      if (before != quarantine->transactions.end() && !plan_.options.force) continue;
      const int64_t version = before == quarantine->transactions.end() ? 1 : before->second + 1;
      NL_ASSIGN_OR_RETURN(const auto lines, MapLines(count));
      NL_RETURN_IF_ERROR(sql_.Write(
          {fmt::format("INSERT INTO {} {} {}", quoted, LoadSql::QuarantineColumns(),
                       text_.QuarantineSelect(count.file->file, lines))},
          CommitTo(name, quarantine, {{.app_id = ledger_id, .version = version, .last_updated_ms = std::nullopt}})));
    }
    return {};
  }

  // The first bad row by file and line, without its values.
  Result<void> Abort(const std::vector<BadFile>& counts, int64_t bad) {
    for (const BadFile& count : counts) {
      if (count.bad + count.rejected == 0) continue;
      NL_ASSIGN_OR_RETURN(const auto lines, MapLines(count));
      NL_ASSIGN_OR_RETURN(
          const auto first,
          sql_.Query(fmt::format("SELECT line, column_name, reason FROM ({}) ORDER BY line NULLS LAST LIMIT 1",
                                 text_.QuarantineSelect(count.file->file, lines))));
      if (first.rows.empty()) continue;
      const auto& row = first.rows[0];
      const bool null = row.at(2) == "null_not_allowed";
      return MakeError(null ? ErrorCode::kNotNullViolation : ErrorCode::kConversionFailed,
                       "nothing was loaded: {} bad rows; the first in file {}, line {}, column {}: {}", bad,
                       count.file->file.name, row.at(0).value_or("(not known)"), row.at(1).value_or("(the whole row)"),
                       row.at(2).value_or("bad row"));
    }
    return MakeError(ErrorCode::kConversionFailed, "nothing was loaded: {} bad rows", bad);
  }

  // Which of the files the engine cannot read at all.
  std::unexpected<Error> NameCulprit(const Error& error) {
    if (!IsAboutRows(error.code()) && error.code() != ErrorCode::kIoError) return std::unexpected(error);
    for (const SourceFile& file : plan_.files) {
      const auto probe = sql_.Query(text_.Probe(file));
      if (probe.has_value() || !sql_.CheckAlive().has_value()) continue;
      return MakeError(ErrorCode::kInvalidArgument, "the file {} cannot be read as {}: {}", file.name,
                       LowerAscii(statement_.file_format), probe.error().message());
    }
    return std::unexpected(error);
  }

  const CopyInto& statement_;
  ProductSql& sql_;
  LoadPlan plan_;
  LoadSql text_;
  std::optional<TableShape> table_;
  std::vector<InspectedFile> files_;
  CopyReport report_;
  bool careful_ = false;  ///< The careful way was gone, so there are temporary tables.
};

}  // namespace

Result<CopyReport> RunCopyInto(const CopyInto& statement, ProductSql& sql) {
  for (int attempt = 1;; ++attempt) {
    auto report = Load(statement, sql).Run();
    if (report.has_value() || attempt == kAttemptsMax) return report;
    // What came between may be the same files, which are then skipped, or the table, which is then there.
    const ErrorCode code = report.error().code();
    if (code != ErrorCode::kConflict && code != ErrorCode::kAlreadyExists) return report;
    NL_RETURN_IF_ERROR(sql.CheckAlive());
  }
}

ProductSql::Rows ReportRows(const CopyReport& report) {
  ProductSql::Rows rows;
  if (report.validated_only) {
    rows.columns = {"column_name", "column_type", "nullable", "bad_rows"};
    rows.types = {"VARCHAR", "VARCHAR", "BOOLEAN", "BIGINT"};
    for (size_t i = 0; i < report.schema.size(); ++i) {
      const ColumnShape& column = report.schema[i];
      const int64_t bad = i < report.bad_rows.size() ? report.bad_rows[i] : 0;
      rows.rows.push_back({column.name, column.type, column.nullable ? "true" : "false", std::to_string(bad)});
    }
    if (report.bad_records > 0)
      rows.rows.push_back({std::nullopt, std::nullopt, std::nullopt, std::to_string(report.bad_records)});
    return rows;
  }
  const auto number = [](int64_t value) { return std::optional(std::to_string(value)); };
  rows.columns = {"files",          "files_skipped",    "rows_read", "rows_loaded",     "rows_quarantined",
                  "rows_duplicate", "rows_skipped",     "seconds",   "rows_per_second", "version",
                  "load_id",        "quarantine_table", "warning"};
  rows.types = {"BIGINT", "BIGINT", "BIGINT", "BIGINT",  "BIGINT",  "BIGINT", "BIGINT",
                "DOUBLE", "BIGINT", "BIGINT", "VARCHAR", "VARCHAR", "VARCHAR"};
  const auto text = [](const std::string& value) { return value.empty() ? std::nullopt : std::optional(value); };
  rows.rows.push_back({number(report.files), number(report.files_skipped), number(report.rows_read),
                       number(report.rows_loaded), number(report.rows_quarantined), number(report.rows_duplicate),
                       number(report.rows_skipped), fmt::format("{:.3f}", report.seconds),
                       number(static_cast<int64_t>(report.rows_per_second)),
                       report.version < 0 ? std::nullopt : number(report.version), text(report.load_id),
                       text(report.quarantine_table), text(report.warning)});
  return rows;
}

}  // namespace neurolake::query
