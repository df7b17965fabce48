#include "query/commands/optimize.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "common/ids.h"
#include "common/text.h"
#include "query/commands/compaction.h"
#include "query/commands/partition_predicate.h"
#include "query/front_parser_cursor.h"
#include "tables/delta/curve.h"
#include "tables/delta/encrypted_columns.h"
#include "tables/delta/layout.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::Snapshot;
using ColumnPath = std::vector<std::string>;

/// Ranges that a column is cut into: with the one for NULL a power of two, so that halves of the curve are halves of
/// the rows.
constexpr int kRanges = 1023;
/// Rows that the ranges are found from, and files that they are taken from, spread over all: enough to see how values
/// are spread without reading everything.
constexpr int kSampleRows = 100'000;
constexpr size_t kSampleFiles = 1024;
constexpr size_t kOrderColumnsMax = 16;

struct OptimizeOptions {
  ObjectName table;
  bool full = false;
  std::string predicate;
  std::vector<ColumnPath> zorder;
};

std::string SqlOf(const ColumnPath& column) {
  std::string sql;
  for (const std::string& part : column) sql += (sql.empty() ? "" : ".") + QuoteIdentifier(part);
  return sql;
}

/// The same where a name before a dot could be a table's.
std::string FieldSql(const ColumnPath& column) {
  std::string sql = QuoteIdentifier(column[0]);
  for (size_t i = 1; i < column.size(); ++i) sql = fmt::format("struct_extract({}, {})", sql, QuoteLiteral(column[i]));
  return sql;
}

std::string Shown(const ColumnPath& column) {
  std::string text;
  for (const std::string& part : column) text += (text.empty() ? "" : ".") + part;
  return text;
}

/// `"[\"a\",\"b\"]"`, as operationParameters hold lists.
std::string ListText(const std::vector<ColumnPath>& columns) {
  json::array names;
  for (const ColumnPath& column : columns) names.emplace_back(Shown(column));
  return json::serialize(json::value(json::serialize(names)));
}

class Optimize final : public TableCommand {
 public:
  explicit Optimize(OptimizeOptions options) : options_(std::move(options)) {}
  std::string kind() const override { return "OPTIMIZE"; }
  bool needs_memory() const override { return true; }
  const ObjectName& target() const override { return options_.table; }
  Result<OwnResult> Run(CommandContext& context) const override;

 private:
  Result<void> Check(const Snapshot& snapshot, const std::vector<ColumnPath>& clustering) const;
  OptimizeOptions options_;
};

/// Fills in the spelling that the table has. Errors: kInvalidArgument.
Result<void> CheckOrderColumn(const Snapshot& snapshot, const ColumnPath& column) {
  const tables::delta::DataType* type = &snapshot.schema();
  for (const std::string& part : column) {
    const auto field = std::ranges::find_if(
        type->fields, [&](const auto& candidate) { return EqualsIgnoringCase(candidate.name, part); });
    if (field == type->fields.end()) {
      return MakeError(ErrorCode::kInvalidArgument, "ZORDER BY names a column that the table does not have: {}",
                       Shown(column));
    }
    if (IsEncrypted(*field)) {
      return MakeError(ErrorCode::kNotSupported, "rows cannot be ordered by an encrypted column: {}", Shown(column));
    }
    type = &field->type;
  }
  for (const std::string& partition : snapshot.metadata().partition_columns) {
    if (!EqualsIgnoringCase(partition, column[0])) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     "ZORDER BY a partition column has no effect, all rows of a file have the same value: {}",
                     Shown(column));
  }
  using Kind = tables::delta::DataType::Kind;
  if (type->kind == Kind::kStruct || type->kind == Kind::kArray || type->kind == Kind::kMap) {
    return MakeError(ErrorCode::kInvalidArgument, "rows cannot be ordered by a column of this type: {}", Shown(column));
  }
  return {};
}

Result<void> Optimize::Check(const Snapshot& snapshot, const std::vector<ColumnPath>& clustering) const {
  if (clustering.empty()) {
    if (options_.full) {
      return MakeError(ErrorCode::kInvalidArgument, "OPTIMIZE FULL is for clustered tables (CLUSTER BY): {}",
                       options_.table.name);
    }
  } else if (!options_.zorder.empty() || !options_.predicate.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a clustered table is optimized as a whole by its own columns, without WHERE and ZORDER BY: {}",
                     options_.table.name);
  }
  if (options_.zorder.size() > kOrderColumnsMax) {
    return MakeError(ErrorCode::kInvalidArgument, "ZORDER BY takes at most {} columns", kOrderColumnsMax);
  }
  for (const ColumnPath& column : options_.zorder) NL_RETURN_IF_ERROR(CheckOrderColumn(snapshot, column));
  return {};
}

std::vector<uint32_t> SpreadOver(const std::vector<uint32_t>& files) {
  if (files.size() <= kSampleFiles) return files;
  std::vector<uint32_t> chosen;
  for (size_t i = 0; i < kSampleFiles; ++i) chosen.push_back(files[i * files.size() / kSampleFiles]);
  return chosen;
}

/// Finds each column's ranges in a sample of the files' rows, and from them SQL of a row's place on the curve; then how
/// the rows of the sample are spread over the curve.
class CurvePlan {
 public:
  CurvePlan(CommandContext& context, const OpenedTable& table, const std::vector<uint32_t>& files,
            const std::vector<ColumnPath>& columns)
      : context_(context),
        columns_(columns),
        sample_(fmt::format("lake_files({}, {}, -1, {}, sample => true)", QuoteLiteral(table.entry.schema_name),
                            QuoteLiteral(table.entry.table_name), PathList(table, SpreadOver(files)))) {}

  Result<void> Fill(std::string_view curve, Rearrangement& rearrangement) {
    NL_RETURN_IF_ERROR(FindPlace(curve));
    rearrangement.place = place_;
    // A file on its own is not cut.
    const auto is_one_file = [](const Rewrite& rewrite) { return rewrite.bytes <= rewrite.file_bytes; };
    if (std::ranges::all_of(rearrangement.rewrites, is_one_file)) return {};
    return CountSample(rearrangement.sample_rows);
  }

 private:
  Result<void> FindPlace(std::string_view curve) {
    std::string sampled, bounds, values;
    for (size_t i = 0; i < columns_.size(); ++i) {
      sampled += fmt::format("{}{} AS c{}", i == 0 ? "" : ", ", SqlOf(columns_[i]), i);
      // The quantiles k / kRanges, k from 1: `quantile_disc` looks for each of so many in all values.
      bounds += fmt::format(
          "{0}SELECT DISTINCT {1} AS axis, CAST(bound AS VARCHAR) AS bound FROM (SELECT c{1} AS bound, row_number() "
          "OVER "
          "(ORDER BY c{1}) AS place, count(*) OVER () AS total FROM sample WHERE c{1} IS NOT NULL) "
          "WHERE (place - 1) * {2} // total < least(place * {2} // total, {2} - 1)",
          i == 0 ? "" : " UNION ALL ", i, kRanges);
      values += ", " + FieldSql(columns_[i]);
    }
    const std::string sql = fmt::format(
        "WITH sample AS MATERIALIZED (SELECT {} FROM {} USING SAMPLE reservoir({} ROWS) REPEATABLE (7)) "
        "SELECT axis, bound FROM ({}) WHERE bound IS NOT NULL",
        sampled, sample_, kSampleRows, bounds);
    NL_ASSIGN_OR_RETURN(const auto rows, context_.Query(sql));
    std::vector<std::string> lists(columns_.size());
    for (const auto& row : rows.rows) {
      const size_t axis = std::stoul(row[0].value_or("0"));
      NL_CHECK(axis < lists.size());
      lists[axis] += (lists[axis].empty() ? "" : ",") + QuoteLiteral(*row[1]);
    }
    std::string all;
    for (const std::string& list : lists) all += fmt::format("{}[{}]::VARCHAR[]", all.empty() ? "" : ",", list);
    place_ = fmt::format("lake_curve('{}', [{}]{})", curve, all, values);
    return {};
  }

  Result<void> CountSample(std::vector<int64_t>& parts) {
    const std::string sql = fmt::format("SELECT {} >> {} AS part, count(*) FROM {} GROUP BY ALL", place_,
                                        64 - tables::delta::kCurvePartBits, sample_);
    NL_ASSIGN_OR_RETURN(const auto rows, context_.Query(sql));
    parts.assign(tables::delta::kCurveParts, 0);
    for (const auto& row : rows.rows) {
      const size_t part = std::stoul(row[0].value_or("0"));
      NL_CHECK(part < parts.size());
      parts[part] = std::stoll(row[1].value_or("0"));
    }
    return {};
  }

  CommandContext& context_;
  const std::vector<ColumnPath>& columns_;
  const std::string sample_;
  std::string place_;
};

/// Each partition whose files gain from an order among them. Evenly sized: the last file is no small rest.
void AddOrderedRewrites(const Snapshot& snapshot, const std::vector<uint32_t>& files, Rearrangement& rearrangement) {
  const int64_t target = tables::delta::TargetFileBytes(snapshot.metadata());
  for (auto& group : tables::delta::GroupByPartition(snapshot, files)) {
    int64_t bytes = 0;
    bool deleted = false;
    for (const uint32_t file : group) {
      bytes += snapshot.files()[file].size_bytes;
      deleted = deleted || snapshot.files()[file].deletion_vector.has_value();
    }
    // One file that is not too large has no neighbour to be told apart from.
    if (group.size() == 1 && !deleted && bytes <= target && rearrangement.clustering_provider.empty()) continue;
    const int64_t count = std::max<int64_t>(1, (bytes + target - 1) / target);
    rearrangement.rewrites.push_back(
        {.files = std::move(group), .file_bytes = bytes / count + bytes / count / 20 + 1, .bytes = bytes});
  }
}

Result<void> PlanZOrder(CommandContext& context, const OpenedTable& table, const std::vector<uint32_t>& files,
                        const std::vector<ColumnPath>& columns, Rearrangement& rearrangement) {
  AddOrderedRewrites(*table.snapshot, files, rearrangement);
  if (rearrangement.rewrites.empty()) return {};
  return CurvePlan(context, table, files, columns).Fill("zorder", rearrangement);
}

Result<void> PlanClustered(CommandContext& context, const OpenedTable& table, const std::vector<uint32_t>& all,
                           const std::vector<ColumnPath>& columns, bool full, Rearrangement& rearrangement) {
  json::array names;
  for (const ColumnPath& column : columns) names.emplace_back(Shown(column));
  const std::string tag = json::serialize(names);
  const auto files = tables::delta::PlanClustering(*table.snapshot, all, tag, full);
  if (files.empty()) return {};
  rearrangement.clustering_provider = tables::delta::kClusteringProvider;
  rearrangement.tags = {{tables::delta::kCubeIdTag, NewUuid()},
                        {tables::delta::kCubeColumnsTag, tag},
                        {tables::delta::kCubeCurveTag, "hilbert"}};
  AddOrderedRewrites(*table.snapshot, files, rearrangement);
  return CurvePlan(context, table, files, columns).Fill("hilbert", rearrangement);
}

void PlanBins(const Snapshot& snapshot, const std::vector<uint32_t>& files, Rearrangement& rearrangement) {
  const int64_t target = tables::delta::TargetFileBytes(snapshot.metadata());
  // Twice the target, as a bin is meant to be one file and its rows may take more room than before.
  for (const auto& bin : tables::delta::PlanCompaction(snapshot, files, {.target_bytes = target})) {
    rearrangement.rewrites.push_back({.files = bin.files, .file_bytes = 2 * target});
  }
}

Result<OwnResult> Optimize::Run(CommandContext& context) const {
  NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(options_.table));
  NL_RETURN_IF_ERROR(context.Authorize(Right::kWrite));
  NL_ASSIGN_OR_RETURN(const auto clustering, tables::delta::ClusteringColumns(*table.snapshot));
  NL_RETURN_IF_ERROR(Check(*table.snapshot, clustering));
  NL_ASSIGN_OR_RETURN(const auto files, FilesOfPartitions(context, table, options_.predicate));
  Rearrangement rearrangement;
  rearrangement.parameters = {{"predicate", options_.predicate.empty() ? "\"[]\"" : ListText({{options_.predicate}})},
                              {"zOrderBy", ListText(options_.zorder)},
                              {"clusterBy", ListText(clustering)},
                              {"isFull", options_.full ? "\"true\"" : "\"false\""},
                              {"auto", "\"false\""}};
  if (!clustering.empty()) {
    NL_RETURN_IF_ERROR(PlanClustered(context, table, files, clustering, options_.full, rearrangement));
  } else if (!options_.zorder.empty()) {
    NL_RETURN_IF_ERROR(PlanZOrder(context, table, files, options_.zorder, rearrangement));
  } else {
    PlanBins(*table.snapshot, files, rearrangement);
  }
  NL_ASSIGN_OR_RETURN(const RearrangementOutcome outcome, Rearrange(context, table, rearrangement));
  int64_t rewritten = 0;
  std::set<tables::delta::PartitionValues> partitions;
  for (const Rewrite& rewrite : rearrangement.rewrites) {
    rewritten += static_cast<int64_t>(rewrite.files.size());
    partitions.insert(table.snapshot->files()[rewrite.files[0]].partition_values);
  }
  const auto considered = static_cast<int64_t>(files.size());
  return MakeOwnResult({{"path", "VARCHAR"},
                        {"numFilesAdded", "BIGINT"},
                        {"numFilesRemoved", "BIGINT"},
                        {"filesAddedTotalSize", "BIGINT"},
                        {"filesRemovedTotalSize", "BIGINT"},
                        {"partitionsOptimized", "BIGINT"},
                        {"numBins", "BIGINT"},
                        {"totalConsideredFiles", "BIGINT"},
                        {"totalFilesSkipped", "BIGINT"}},
                       {{table.full_name(), outcome.Shown(outcome.files_added), outcome.Shown(outcome.files_removed),
                         outcome.Shown(outcome.bytes_added), outcome.Shown(outcome.bytes_removed),
                         std::to_string(partitions.size()), std::to_string(rearrangement.rewrites.size()),
                         std::to_string(considered), std::to_string(considered - rewritten)}});
}

bool AtZOrder(const TokenCursor& cursor) { return cursor.IsWord("zorder") && cursor.IsWord("by", 1); }

Result<std::string> TakePredicate(TokenCursor& cursor) {
  const size_t begin = cursor.Position();
  size_t end = begin;
  for (; !cursor.AtEnd() && !AtZOrder(cursor); cursor.Skip()) end = cursor.token().end;
  if (end == begin) return cursor.Unexpected("a condition over partition columns");
  return std::string(cursor.sql().substr(begin, end - begin));
}

Result<std::vector<ColumnPath>> TakeColumns(TokenCursor& cursor) {
  std::vector<ColumnPath> columns;
  const bool parenthesis = cursor.AcceptSymbol("(");
  do {
    ColumnPath& column = columns.emplace_back();
    do {
      NL_ASSIGN_OR_RETURN(column.emplace_back(), cursor.ExpectIdentifier("a column"));
    } while (cursor.AcceptSymbol("."));
  } while (cursor.AcceptSymbol(","));
  if (parenthesis) NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return columns;
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseOptimize(TokenCursor cursor) {
  if (!cursor.AcceptWord("optimize")) return nullptr;
  OptimizeOptions options;
  NL_ASSIGN_OR_RETURN(options.table, cursor.ExpectObjectName());
  options.full = cursor.AcceptWord("full");
  if (cursor.AcceptWord("where")) {
    NL_ASSIGN_OR_RETURN(options.predicate, TakePredicate(cursor));
  }
  if (AtZOrder(cursor)) {
    cursor.MoveTo(cursor.index() + 2);
    NL_ASSIGN_OR_RETURN(options.zorder, TakeColumns(cursor));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<Optimize>(std::move(options));
}

}  // namespace neurolake::query
