#include "query/commands/analyze.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <set>

#include "common/text.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "tables/delta/encrypted_columns.h"
#include "tables/delta/layout.h"
#include "tables/delta/statistics.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::DataType;
using tables::delta::Snapshot;
using tables::delta::StructField;
using Kind = DataType::Kind;

constexpr int kHistogramBins = 64;
constexpr int kSampleRows = 100'000;
constexpr int kTextShown = 128;  ///< Characters of a smallest or largest text that are kept.

struct AnalyzeStatement {
  ObjectName table;
  bool scan = true;
  bool all_columns = false;
  std::vector<std::string> columns;
};

class Analyze final : public TableCommand {
 public:
  explicit Analyze(AnalyzeStatement statement) : statement_(std::move(statement)) {}
  std::string kind() const override { return "ANALYZE TABLE"; }
  bool needs_memory() const override { return true; }
  const ObjectName& target() const override { return statement_.table; }
  Result<OwnResult> Run(CommandContext& context) const override;

 private:
  Result<std::vector<const StructField*>> Columns(const Snapshot& snapshot) const;
  AnalyzeStatement statement_;
};

json::value Number(const std::optional<std::string>& text) {
  if (!text) return nullptr;
  int64_t whole = 0;
  const char* end = text->data() + text->size();
  if (std::from_chars(text->data(), end, whole).ptr == end) return whole;
  double number = 0;
  if (std::from_chars(text->data(), end, number).ptr == end) return number;
  return nullptr;
}

json::value Text(const std::optional<std::string>& text) { return text ? json::value(*text) : json::value(nullptr); }

bool IsOrdered(const DataType& type) {
  return type.kind != Kind::kStruct && type.kind != Kind::kArray && type.kind != Kind::kMap &&
         type.kind != Kind::kBinary;
}

/// Average bytes of a value, as SQL; "NULL" where it is of no known size.
std::string SizeSql(const DataType& type, const std::string& column) {
  switch (type.kind) {
    case Kind::kString: return fmt::format("avg(strlen({}))", column);
    case Kind::kBinary: return fmt::format("avg(octet_length({}))", column);
    case Kind::kLong:
    case Kind::kDouble:
    case Kind::kTimestamp:
    case Kind::kTimestampNtz: return "8";
    case Kind::kInteger:
    case Kind::kFloat:
    case Kind::kDate: return "4";
    case Kind::kShort: return "2";
    case Kind::kByte:
    case Kind::kBoolean: return "1";
    case Kind::kDecimal: return type.precision > 18 ? "16" : "8";
    default: return "NULL";
  }
}

/// One pass over one version's rows for all columns.
class ColumnAnalysis {
 public:
  ColumnAnalysis(CommandContext& context, const OpenedTable& table, const std::vector<const StructField*>& columns)
      : context_(context), table_(table), columns_(columns) {}

  Result<json::array> Run() {
    NL_RETURN_IF_ERROR(NameTypes());
    NL_RETURN_IF_ERROR(Scan());
    NL_RETURN_IF_ERROR(Sample());
    json::array rows;
    for (size_t i = 0; i < columns_.size(); ++i) NL_RETURN_IF_ERROR(AddRow(i, rows));
    return rows;
  }
  int64_t row_count() const { return row_count_; }
  double row_bytes() const { return row_bytes_; }

 private:
  static constexpr size_t kPerColumn = 5;

  std::string Source() const {
    return fmt::format("{}.{} AT (VERSION => {})", QuoteIdentifier(table_.entry.schema_name),
                       QuoteIdentifier(table_.entry.table_name), table_.snapshot->version());
  }

  /// As a query of the columns has them.
  Result<void> NameTypes() {
    if (columns_.empty()) return {};
    std::string select;
    for (const StructField* field : columns_) select += (select.empty() ? "" : ", ") + QuoteIdentifier(field->name);
    NL_ASSIGN_OR_RETURN(auto rows, context_.Query(fmt::format("SELECT {} FROM {} LIMIT 0", select, Source())));
    NL_CHECK(rows.types.size() == columns_.size());
    types_ = std::move(rows.types);
    return {};
  }

  Result<void> Scan() {
    std::string select = "count(*)";
    for (const StructField* field : columns_) {
      const std::string column = QuoteIdentifier(field->name);
      const bool ordered = IsOrdered(field->type);
      const auto bound = [&](const char* function) {
        return ordered ? fmt::format("left(CAST({}({}) AS VARCHAR), {})", function, column, kTextShown) : "NULL";
      };
      select += fmt::format(", count({}), {}, {}, {}, {}", column, bound("min"), bound("max"),
                            ordered ? fmt::format("approx_count_distinct({})", column) : "NULL",
                            SizeSql(field->type, column));
    }
    NL_ASSIGN_OR_RETURN(auto rows, context_.Query(fmt::format("SELECT {} FROM {}", select, Source())));
    NL_CHECK(rows.rows.size() == 1);
    scanned_ = std::move(rows.rows[0]);
    row_count_ = Number(scanned_[0]).to_number<int64_t>();
    return {};
  }

  /// Equally high histograms: bounds between which equally many rows of a sample lie.
  Result<void> Sample() {
    histograms_.resize(columns_.size());
    std::string fractions, sampled, bounds;
    for (int i = 0; i <= kHistogramBins; ++i) {
      fractions += fmt::format("{}{:.6f}", i == 0 ? "" : ",", 1.0 * i / kHistogramBins);
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!IsOrdered(columns_[i]->type)) continue;
      sampled += fmt::format("{}{} AS c{}", sampled.empty() ? "" : ", ", QuoteIdentifier(columns_[i]->name), i);
      bounds += fmt::format(
          "{}SELECT {} AS axis, generate_subscripts(q, 1) AS place, left(CAST(unnest(q) AS VARCHAR), {}) AS bound "
          "FROM (SELECT quantile_disc(c{}, [{}]) AS q FROM sample)",
          bounds.empty() ? "" : " UNION ALL ", i, kTextShown, i, fractions);
    }
    if (sampled.empty()) return {};
    NL_ASSIGN_OR_RETURN(
        const auto rows,
        context_.Query(fmt::format("WITH sample AS MATERIALIZED (SELECT {} FROM {} USING SAMPLE reservoir({} ROWS) "
                                   "REPEATABLE (7)) SELECT axis, place, bound FROM ({}) ORDER BY axis, place",
                                   sampled, Source(), kSampleRows, bounds)));
    for (const auto& row : rows.rows) {
      const auto axis = Number(row[0]);
      if (row[2]) histograms_[axis.to_number<size_t>()].emplace_back(*row[2]);
    }
    return {};
  }

  Result<void> AddRow(size_t index, json::array& rows) {
    const StructField& field = *columns_[index];
    const auto* value = &scanned_[1 + index * kPerColumn];
    const auto present = Number(value[0]).to_number<int64_t>();
    const json::value bytes = Number(value[4]);
    if (bytes.is_number()) row_bytes_ += bytes.to_number<double>();
    const auto depth = tables::delta::OverlapDepth(*table_.snapshot, field);
    json::value histogram = nullptr;
    if (!histograms_[index].empty()) {
      histogram = json::serialize(json::object{{"bounds", histograms_[index]},
                                               {"rows_per_bin", static_cast<double>(present) / kHistogramBins}});
    }
    const int64_t nulls = row_count_ - present;
    const json::value rate = row_count_ == 0
                                 ? json::value(nullptr)
                                 : json::value(static_cast<double>(nulls) / static_cast<double>(row_count_));
    rows.push_back(json::array{field.name, types_[index], nulls, rate, Text(value[1]), Text(value[2]), Number(value[3]),
                               bytes, depth ? json::value(*depth) : json::value(nullptr), histogram});
    return {};
  }

  CommandContext& context_;
  const OpenedTable& table_;
  const std::vector<const StructField*>& columns_;
  std::vector<std::string> types_;
  std::vector<std::optional<std::string>> scanned_;
  std::vector<json::array> histograms_;
  int64_t row_count_ = 0;
  double row_bytes_ = 0;
};

struct FileLayoutFacts {
  int64_t bytes = 0, small_files = 0, deleted_rows = 0, partitions = 0;
  std::string clustering;
  std::optional<double> depth;
};

Result<FileLayoutFacts> LayoutOf(const Snapshot& snapshot) {
  FileLayoutFacts facts;
  const int64_t target = tables::delta::TargetFileBytes(snapshot.metadata());
  std::set<tables::delta::PartitionValues> partitions;
  for (const auto& file : snapshot.files()) {
    facts.bytes += file.size_bytes;
    if (file.size_bytes < target / 4 * 3) ++facts.small_files;
    if (file.deletion_vector) facts.deleted_rows += file.deletion_vector->cardinality;
    partitions.insert(file.partition_values);
  }
  facts.partitions = snapshot.metadata().partition_columns.empty() ? 0 : static_cast<int64_t>(partitions.size());
  NL_ASSIGN_OR_RETURN(const auto clustering, tables::delta::ClusteringColumns(snapshot));
  for (const auto& column : clustering) {
    for (size_t i = 0; i < column.size(); ++i) {
      facts.clustering += (i > 0 ? "." : facts.clustering.empty() ? "" : ",") + column[i];
    }
    const auto field = std::ranges::find(snapshot.schema().fields, column[0], &StructField::name);
    if (column.size() > 1 || field == snapshot.schema().fields.end()) continue;
    const auto depth = tables::delta::OverlapDepth(snapshot, *field);
    if (depth) facts.depth = std::max(facts.depth.value_or(0), *depth);
  }
  return facts;
}

Result<std::vector<const StructField*>> Analyze::Columns(const Snapshot& snapshot) const {
  std::vector<const StructField*> columns;
  for (const StructField& field : snapshot.schema().fields) {
    // Statistics would tell of values that only their key shows.
    if (statement_.all_columns && !IsEncrypted(field)) columns.push_back(&field);
  }
  for (const std::string& name : statement_.columns) {
    const auto field = std::ranges::find_if(snapshot.schema().fields,
                                            [&](const auto& one) { return EqualsIgnoringCase(one.name, name); });
    if (field == snapshot.schema().fields.end()) {
      return MakeError(ErrorCode::kInvalidArgument, "ANALYZE TABLE names a column that the table does not have: {}",
                       name);
    }
    if (IsEncrypted(*field)) {
      return MakeError(ErrorCode::kNotSupported, "of an encrypted column there are no statistics: {}", name);
    }
    if (std::ranges::find(columns, &*field) == columns.end()) columns.push_back(&*field);
  }
  return columns;
}

Result<OwnResult> Analyze::Run(CommandContext& context) const {
  NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(statement_.table));
  NL_RETURN_IF_ERROR(context.Authorize(Right::kWrite));
  const Snapshot& snapshot = *table.snapshot;
  NL_ASSIGN_OR_RETURN(const auto columns, Columns(snapshot));
  NL_ASSIGN_OR_RETURN(const FileLayoutFacts layout, LayoutOf(snapshot));
  ColumnAnalysis analysis(context, table, columns);
  json::array column_rows;
  if (statement_.scan) {
    NL_ASSIGN_OR_RETURN(column_rows, analysis.Run());
  }
  const auto files = static_cast<int64_t>(snapshot.files().size());
  json::value row_count = nullptr, row_bytes = nullptr;
  if (statement_.scan) row_count = analysis.row_count();
  if (statement_.scan && analysis.row_count() > 0) {
    row_bytes = static_cast<double>(layout.bytes) / static_cast<double>(analysis.row_count());
  }
  const json::array table_row = {row_count,
                                 layout.bytes,
                                 files,
                                 layout.small_files,
                                 layout.deleted_rows,
                                 layout.partitions,
                                 files == 0 ? json::value(nullptr) : json::value(layout.bytes / files),
                                 row_bytes,
                                 layout.clustering.empty() ? json::value(nullptr) : json::value(layout.clustering),
                                 layout.depth ? json::value(*layout.depth) : json::value(nullptr)};
  NL_RETURN_IF_ERROR(AskServer(context, "save_statistics",
                               {{"id", table.entry.id.value()},
                                {"version", snapshot.version()},
                                {"table", json::serialize(table_row)},
                                {"columns", json::serialize(column_rows)}}));
  return MakeOwnResult({{"table_name", "VARCHAR"},
                        {"version", "BIGINT"},
                        {"row_count", "BIGINT"},
                        {"size_bytes", "BIGINT"},
                        {"files", "BIGINT"},
                        {"columns_analyzed", "BIGINT"}},
                       {{table.full_name(), std::to_string(snapshot.version()),
                         statement_.scan ? std::optional(std::to_string(analysis.row_count())) : std::nullopt,
                         std::to_string(layout.bytes), std::to_string(files), std::to_string(column_rows.size())}});
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseAnalyze(TokenCursor cursor) {
  if (!cursor.AcceptWord("analyze") && !cursor.AcceptWord("analyse")) return nullptr;
  // ANALYZE alone is the engine's own statement, which has nothing to do on a lake.
  NL_RETURN_IF_ERROR(cursor.ExpectWord("table"));
  AnalyzeStatement statement;
  NL_ASSIGN_OR_RETURN(statement.table, cursor.ExpectObjectName());
  if (cursor.AcceptWord("compute")) {
    NL_RETURN_IF_ERROR(cursor.ExpectWord("statistics"));
  } else if (cursor.Has(0)) {
    return cursor.Unexpected("COMPUTE STATISTICS, or the end of the statement");
  }
  if (cursor.AcceptWord("noscan")) {
    statement.scan = false;
  } else if (cursor.AcceptWords({"for", "all", "columns"})) {
    statement.all_columns = true;
  } else if (cursor.AcceptWords({"for", "columns"})) {
    const bool parenthesis = cursor.AcceptSymbol("(");
    do {
      NL_ASSIGN_OR_RETURN(statement.columns.emplace_back(), cursor.ExpectIdentifier("a column"));
    } while (cursor.AcceptSymbol(","));
    if (parenthesis) NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<Analyze>(std::move(statement));
}

}  // namespace neurolake::query
