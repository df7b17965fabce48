#include "query/commands/compaction.h"

#include <numeric>

#include "common/log.h"
#include "common/text.h"
#include "tables/delta/layout.h"
#include "tables/delta/row_tracking.h"

namespace neurolake::query {
namespace {

using engine::duckdb::WriteIntent;
using tables::delta::AddFile;

/// As Delta's own auto compaction: nothing happens below so many small files, and files stay smaller than OPTIMIZE
/// would make them, as the writer waits.
constexpr size_t kAutoCompactFilesMin = 50;
constexpr int64_t kAutoCompactTargetBytes = int64_t{128} << 20;
/// What row groups under way take beside the engine's buffers, and gaps between them.
constexpr int64_t kLayoutHeadroomBytes = int64_t{320} << 20;

class Rearranging {
 public:
  Rearranging(CommandContext& context, const OpenedTable& table, const Rearrangement& what)
      : context_(context), table_(table), what_(what) {}

  Result<RearrangementOutcome> Run() {
    if (what_.rewrites.empty()) return RearrangementOutcome{};
    NL_RETURN_IF_ERROR(context_.Write("BEGIN TRANSACTION", {}));
    auto done = Redefine();
    if (done.has_value()) done = WriteAll();
    if (done.has_value() && what_.before_commit) done = what_.before_commit();
    if (!done.has_value()) {
      // What cannot be rolled back must not meet the next statement: its error is the worse one.
      NL_RETURN_IF_ERROR(context_.Write("ROLLBACK", {}));
      return std::unexpected(done.error());
    }
    NL_RETURN_IF_ERROR(context_.Write("COMMIT", {}));
    return ReadOutcome();
  }

 private:
  Result<void> Redefine() {
    if (what_.definition.empty()) return {};
    NL_RETURN_IF_ERROR(
        context_.Query(fmt::format("SELECT lake_redefined({}, {}, {}, {})", QuoteLiteral(table_.entry.schema_name),
                                   QuoteLiteral(table_.entry.table_name), version(), QuoteLiteral(what_.definition))));
    return {};
  }

  Result<void> WriteAll() {
    const std::string name = QuoteIdentifier(table_.entry.schema_name) + "." + QuoteIdentifier(table_.entry.table_name);
    for (size_t i = 0; i < what_.rewrites.size(); ++i) {
      NL_RETURN_IF_ERROR(context_.request().CheckAlive());
      const Rewrite& rewrite = what_.rewrites[i];
      // Of a table that is redefined as it was before.
      const std::string source = fmt::format(
          "lake_files({}, {}, {}, {})", QuoteLiteral(table_.entry.schema_name), QuoteLiteral(table_.entry.table_name),
          what_.definition.empty() ? -1 : version(), PathList(table_, rewrite.files));
      WriteIntent intent = Intent(rewrite);
      // All at once, with the last one: looking them up costs a walk over the table's files.
      if (i + 1 == what_.rewrites.size()) {
        for (const Rewrite& one : what_.rewrites) {
          for (const uint32_t file : one.files) intent.retired.push_back(File(file).path);
        }
      }
      NL_RETURN_IF_ERROR(context_.Write(
          fmt::format("INSERT INTO {} SELECT {} FROM {}{}", name, Columns(), source, Kept()), std::move(intent)));
    }
    return {};
  }

  /// The rows' own columns, and where they keep ids these and the versions they were last changed in, which lake_files
  /// and the table they are inserted into have as further columns.
  std::string Columns() const {
    const auto& snapshot = *table_.snapshot;
    const std::string replaced =
        what_.replaced_columns.empty() ? "" : fmt::format(" REPLACE ({})", what_.replaced_columns);
    if (!tables::delta::KeepsRowIds(snapshot.protocol(), snapshot.metadata())) return "*" + replaced;
    return fmt::format(
        "* EXCLUDE (__lake_kept_row_id, __lake_place_row_id, __lake_kept_row_version, __lake_file_row_version){}, "
        "coalesce(__lake_kept_row_id, __lake_place_row_id), "
        "coalesce(__lake_kept_row_version, __lake_file_row_version)",
        replaced);
  }

  std::string Kept() const { return what_.keep.empty() ? "" : " WHERE " + what_.keep; }

  WriteIntent Intent(const Rewrite& rewrite) const {
    WriteIntent intent;
    intent.replace = WriteIntent::Replace::kFiles;
    intent.operation = what_.operation;
    intent.parameters = what_.parameters;
    intent.data_change = false;
    intent.keeps_base = true;
    intent.partition = File(rewrite.files[0]).partition_values;
    intent.file_bytes = rewrite.file_bytes;
    if (!what_.place.empty()) {
      intent.headroom_bytes = kLayoutHeadroomBytes;
      intent.curve = std::make_shared<const engine::duckdb::CurveLayout>(engine::duckdb::CurveLayout{
          .place = what_.place,
          .sample_rows = what_.sample_rows,
          .source_bytes = rewrite.bytes,
          .files = std::max<int64_t>(1, (rewrite.bytes + rewrite.file_bytes - 1) / rewrite.file_bytes)});
    }
    intent.clustering_provider = what_.clustering_provider;
    intent.tags = what_.tags;
    return intent;
  }

  int64_t version() const { return table_.snapshot->version(); }
  AddFile File(uint32_t index) const { return table_.snapshot->files()[index]; }

  /// The version is there: that it cannot be read back is no failure of the statement.
  RearrangementOutcome ReadOutcome() {
    RearrangementOutcome outcome{.version = context_.committed_version()};
    const std::string path = fmt::format("{}/_delta_log/{:020d}.json", table_.entry.location, outcome.version);
    const auto bytes = context_.store().Read(path);
    const auto actions = bytes.has_value() ? tables::delta::ParseCommit(*bytes, path)
                                           : Result<tables::delta::CommitActions>(std::unexpected(bytes.error()));
    if (!actions.has_value()) {
      Log(LogLevel::kWarn, "a version that was written cannot be read", context_.request().request_id(),
          {{"reason", actions.error().message()}});
      outcome.counted = false;
      return outcome;
    }
    for (const auto& add : actions->adds) outcome.bytes_added += add.size_bytes;
    for (const auto& remove : actions->removes) outcome.bytes_removed += remove.size_bytes;
    outcome.files_added = static_cast<int64_t>(actions->adds.size());
    outcome.files_removed = static_cast<int64_t>(actions->removes.size());
    return outcome;
  }

  CommandContext& context_;
  const OpenedTable& table_;
  const Rearrangement& what_;
};

}  // namespace

std::optional<std::string> RearrangementOutcome::Shown(int64_t number) const {
  return counted ? std::optional(std::to_string(number)) : std::nullopt;
}

std::string PathList(const OpenedTable& table, const std::vector<uint32_t>& files) {
  std::string list = "[";
  for (const uint32_t file : files) {
    if (list.size() > 1) list += ",";
    list += QuoteLiteral(table.snapshot->files()[file].path);
  }
  return list + "]";
}

Result<RearrangementOutcome> Rearrange(CommandContext& context, const OpenedTable& table,
                                       const Rearrangement& rearrangement) {
  return Rearranging(context, table, rearrangement).Run();
}

Result<RearrangementOutcome> CompactAfterWrite(CommandContext& context, const OpenedTable& table) {
  const std::string mode = LowerAscii(table.snapshot->Property("delta.autoOptimize.autoCompact"));
  if (mode != "true" && mode != "auto") return RearrangementOutcome{};
  std::vector<uint32_t> all(table.snapshot->files().size());
  std::iota(all.begin(), all.end(), 0U);
  const int64_t target = std::min(kAutoCompactTargetBytes, tables::delta::TargetFileBytes(table.snapshot->metadata()));
  // A file with deleted rows waits for OPTIMIZE, as long as there is no other reason to touch it.
  const auto bins = tables::delta::PlanCompaction(
      *table.snapshot, all,
      {.target_bytes = target, .deleted_share_max = 1.0, .small_files_min = kAutoCompactFilesMin});
  Rearrangement rearrangement;
  rearrangement.parameters = {{"predicate", "\"[]\""}, {"zOrderBy", "\"[]\""}, {"auto", "\"true\""}};
  for (const auto& bin : bins) rearrangement.rewrites.push_back({.files = bin.files, .file_bytes = 2 * target});
  return Rearrange(context, table, rearrangement);
}

}  // namespace neurolake::query
