#include "query/copy_into_plan.h"

#include <algorithm>
#include <set>

#include "common/text.h"
#include "query/copy_into_json.h"
#include "query/copy_into_types.h"

namespace neurolake::query {
namespace {

constexpr size_t kNamesShown = 10;
// More digits than a double holds exactly.
constexpr size_t kDigitsExact = 15;
constexpr size_t kSampleRecords = 200;

bool IsLineage(const std::string& name) {
  return EqualsIgnoringCase(name, "_source_file") || EqualsIgnoringCase(name, "_loaded_at") ||
         EqualsIgnoringCase(name, "_load_id");
}

std::string ByteText(char byte) { return byte == 0 ? "" : std::string(1, byte); }

TextDialect Dialect(const CopyIntoOptions& options) {
  TextDialect dialect;
  if (options.format == SourceFormat::kJsonLines) {
    return {.delimiter = '\x01', .quote = 0, .escape = 0, .comment = 0, .header = false};
  }
  dialect.quote = options.quote.empty() ? '\0' : options.quote[0];
  dialect.escape = options.escape.empty() ? '\0' : options.escape[0];
  dialect.comment = options.comment.empty() ? '\0' : options.comment[0];
  dialect.header = options.header;
  dialect.skip_lines = options.skip_lines;
  dialect.delimiter = options.delimiter.value_or(',');
  return dialect;
}

bool IsWhole(const InspectedFile& file, const CopyIntoOptions& options) {
  return file.beginning.size() < static_cast<size_t>(options.line_size_max_bytes);
}

// Names of a CSV file's columns: its header, or c0, c1 … of its first record.
Result<std::vector<std::string>> CsvColumns(const InspectedFile& file, const LoadPlan& plan) {
  const auto records = ParseRecords(file.beginning, plan.dialect, 1, IsWhole(file, plan.options));
  if (records.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the first record of the file {} is longer than maxlinesize, or has a quote without end",
                     file.file.name);
  }
  std::vector<std::string> names = records[0];
  if (!plan.dialect.header) {
    for (size_t i = 0; i < names.size(); ++i) names[i] = fmt::format("column{}", i);
    return names;
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    names[i] = Trim(names[i]);
    if (plan.options.encoding == "latin-1") names[i] = FromLatin1(names[i]);
    // Index columns that other tools write have no name.
    if (names[i].empty()) names[i] = fmt::format("column{}", i);
    if (!seen.insert(LowerAscii(names[i])).second) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the header of the file {} names a column twice, the second time as column {}; give a list of "
                       "columns and the options header = false, skip = 1",
                       file.file.name, i + 1);
    }
  }
  return names;
}

Result<void> PlanCsv(const CopyInto& statement, const std::vector<InspectedFile>& files, LoadPlan& plan) {
  if (files.empty()) return {};
  const auto& first = files[0];
  plan.dialect.carriage_return_ends =
      first.beginning.find('\n') == std::string::npos && first.beginning.find('\r') != std::string::npos;
  if (!plan.options.delimiter.has_value()) {
    plan.dialect.delimiter = DetectDelimiter(first.beginning, plan.dialect, IsWhole(first, plan.options));
  }
  if (plan.dialect.skip_lines == 0) plan.dialect.skip_lines = CountBlankLines(first.beginning, plan.dialect);
  // With a list of columns the header's names do not matter, only how many there are.
  LoadPlan named = plan;
  if (!statement.columns.empty()) named.dialect.header = false;
  NL_ASSIGN_OR_RETURN(plan.file_columns, CsvColumns(first, named));
  for (const InspectedFile& file : files) {
    NL_ASSIGN_OR_RETURN(const auto columns, CsvColumns(file, named));
    const bool same =
        std::ranges::equal(columns, plan.file_columns, EqualsIgnoringCase) &&
        (plan.options.skip_lines > 0 || CountBlankLines(file.beginning, plan.dialect) == plan.dialect.skip_lines);
    if (!same) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the files {} and {} do not start with the same columns; load them by statements of their own",
                       first.file.name, file.file.name);
    }
  }
  return {};
}

bool IsData(ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kConversionFailed || code == ErrorCode::kIoError ||
         code == ErrorCode::kCorruption || code == ErrorCode::kBindError;
}

std::string PathList(const std::vector<SourceFile>& files) {
  std::string list;
  for (const SourceFile& file : files) list += (list.empty() ? "" : ", ") + QuoteLiteral(file.path);
  return "[" + list + "]";
}

Result<ProductSql::Rows> ParquetColumns(ProductSql& sql, const LoadPlan& plan) {
  auto rows = sql.Query(fmt::format("SELECT * FROM read_parquet({}) LIMIT 0", PathList(plan.files)));
  if (rows.has_value() || !IsData(rows.error().code())) return rows;
  for (const SourceFile& file : plan.files) {
    const auto one = sql.Query(fmt::format("SELECT * FROM read_parquet({}) LIMIT 0", PathList({file})));
    if (one.has_value()) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     "the file {} cannot be read as Parquet: it is cut off, damaged or of another format", file.name);
  }
  return rows;
}

std::string_view CompressionName(FileCompression compression) {
  return compression == FileCompression::kGzip   ? "gzip"
         : compression == FileCompression::kZstd ? "zstd"
                                                 : "uncompressed";
}

// Keys of the objects; none if they cannot be told because a line is not an object.
Result<ProductSql::Rows> JsonColumns(ProductSql& sql, const LoadPlan& plan, int64_t sample_rows) {
  auto rows = sql.Query(fmt::format(
      "SELECT * FROM read_json({}, format = 'newline_delimited', records = true, ignore_errors = "
      "true, sample_size = {}, "
      "maximum_object_size = {}, compression = '{}') LIMIT 0",
      PathList(plan.files), sample_rows, plan.options.line_size_max_bytes, CompressionName(plan.compression)));
  if (!rows.has_value() && IsData(rows.error().code())) return ProductSql::Rows{};
  if (rows.has_value()) JoinSpellings(plan.key_spellings, *rows);
  return rows;
}

// Types of the engine that tables cannot hold, as the nearest that can.
std::string StorableType(std::string type) {
  constexpr std::pair<std::string_view, std::string_view> kWider[] = {{"UTINYINT", "SMALLINT"},
                                                                      {"USMALLINT", "INTEGER"},
                                                                      {"UINTEGER", "BIGINT"},
                                                                      {"UBIGINT", "DECIMAL(20,0)"},
                                                                      {"HUGEINT", "DECIMAL(38,0)"},
                                                                      {"UHUGEINT", "DECIMAL(38,0)"},
                                                                      {"TIMESTAMP_S", "TIMESTAMP"},
                                                                      {"TIMESTAMP_MS", "TIMESTAMP"},
                                                                      {"TIMESTAMP_NS", "TIMESTAMP"},
                                                                      {"JSON", "VARCHAR"},
                                                                      {"UUID", "VARCHAR"},
                                                                      {"TIME", "VARCHAR"},
                                                                      {"INTERVAL", "VARCHAR"},
                                                                      {"TIME WITH TIME ZONE", "VARCHAR"},
                                                                      {"BIT", "VARCHAR"},
                                                                      {"BIGNUM", "VARCHAR"},
                                                                      {"\"NULL\"", "VARCHAR"},
                                                                      {"NULL", "VARCHAR"}};
  for (const auto& [from, to] : kWider) {
    if (type == from) return std::string(to);
  }
  if (type.starts_with("ENUM(")) return "VARCHAR";
  // Inside nested types JSON is the one that inference makes.
  for (size_t at = type.find("JSON"); at != std::string::npos; at = type.find("JSON", at)) {
    const bool word = (at == 0 || !std::isalnum(static_cast<unsigned char>(type[at - 1]))) &&
                      (at + 4 == type.size() || !std::isalnum(static_cast<unsigned char>(type[at + 4])));
    if (word) type.replace(at, 4, "VARCHAR");
    at += 4;
  }
  return type;
}

Result<std::vector<ColumnShape>> Targets(const LoadPlan& plan, const std::optional<TableShape>& table) {
  if (table.has_value()) {
    if (!plan.options.schema.empty()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the table exists and has its columns; the option schema is for new tables");
    }
    std::vector<ColumnShape> columns;
    for (const ColumnShape& column : table->columns) {
      if (!IsLineage(column.name)) columns.push_back(column);
    }
    return columns;
  }
  return plan.options.schema;
}

int FindColumn(const std::vector<std::string>& names, const std::string& name) {
  const auto found =
      std::ranges::find_if(names, [&](const std::string& other) { return EqualsIgnoringCase(other, name); });
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

Result<void> MapByPosition(const std::vector<std::string>& listed, const std::vector<ColumnShape>& targets,
                           LoadPlan& plan) {
  std::vector<std::string> names = listed;
  if (names.empty()) {
    for (const ColumnShape& target : targets) names.push_back(target.name);
  }
  if (names.size() != plan.file_columns.size()) {
    return MakeError(ErrorCode::kInvalidArgument, "the files have {} columns (delimiter '{}'), {} are expected: {}",
                     plan.file_columns.size(), ByteText(plan.dialect.delimiter), names.size(), NameList(names));
  }
  for (const std::string& name : names) {
    if (std::ranges::none_of(targets,
                             [&](const ColumnShape& target) { return EqualsIgnoringCase(target.name, name); })) {
      return MakeError(ErrorCode::kColumnNotFound, "the table has no column {}", name);
    }
  }
  for (const ColumnShape& target : targets) {
    plan.columns.push_back({.target = target, .source = FindColumn(names, target.name), .source_type = "", .rule = {}});
  }
  return {};
}

Result<void> MapByName(const std::vector<ColumnShape>& targets, LoadPlan& plan) {
  std::vector<std::string> extra;
  std::vector<std::string> places;
  for (size_t i = 0; i < plan.file_columns.size(); ++i) {
    const std::string& name = plan.file_columns[i];
    const bool known =
        std::ranges::any_of(targets, [&](const ColumnShape& target) { return EqualsIgnoringCase(target.name, name); });
    if (known || IsLineage(name)) continue;
    extra.push_back(name);
    places.push_back(std::to_string(i + 1));
  }
  // A first record that is no header holds values.
  const bool names_known = plan.options.format != SourceFormat::kCsv || plan.options.header_given ||
                           2 * extra.size() <= plan.file_columns.size();
  std::vector<std::string> missing;
  for (const ColumnShape& target : targets) {
    LoadColumn column{
        .target = target, .source = FindColumn(plan.file_columns, target.name), .source_type = "", .rule = {}};
    // Keys of JSON objects come and go from line to line.
    if (column.source < 0 && plan.options.format == SourceFormat::kJsonLines) {
      plan.file_columns.push_back(target.name);
      column.source = static_cast<int>(plan.file_columns.size()) - 1;
    }
    if (column.source < 0) missing.push_back(target.name);
    plan.columns.push_back(std::move(column));
  }
  const std::string hint = plan.options.format == SourceFormat::kCsv && plan.file_columns.size() == 1
                               ? fmt::format(" (the delimiter is '{}')", ByteText(plan.dialect.delimiter))
                               : "";
  if (!extra.empty() && !plan.options.ignore_extra && !plan.options.by_name) {
    return MakeError(ErrorCode::kColumnNotFound,
                     "the files have columns the table has not: {}{}; to leave them out, give the option ignore_extra "
                     "or by_name{}",
                     names_known ? NameList(extra) : "by their positions " + NameList(places), hint,
                     names_known ? "" : "; if the files have no header, say header = false");
  }
  if (!missing.empty() && !plan.options.by_name) {
    return MakeError(ErrorCode::kColumnNotFound,
                     "the files do not have the columns {}{}; to load NULL there, give the option by_name",
                     NameList(missing), hint);
  }
  return {};
}

Result<void> CheckKey(const LoadPlan& plan) {
  std::vector<std::string> named = plan.options.key;
  if (!plan.options.order_by.empty()) named.push_back(plan.options.order_by);
  for (const auto& [name, rule] : plan.options.rules) {
    if (name != "*") named.push_back(name);
  }
  for (const std::string& name : named) {
    if (std::ranges::none_of(plan.columns,
                             [&](const LoadColumn& column) { return EqualsIgnoringCase(column.target.name, name); })) {
      return MakeError(ErrorCode::kColumnNotFound,
                       "the options key, order_by and clean must name columns of the table; there is no {}", name);
    }
  }
  return {};
}

void PlanLineage(const std::optional<TableShape>& table, LoadPlan& plan) {
  const auto wanted = [&](const char* name) {
    if (!table.has_value()) return plan.options.lineage.value_or(EqualsIgnoringCase(plan.target.schema, "bronze"));
    return std::ranges::any_of(table->columns,
                               [&](const ColumnShape& column) { return EqualsIgnoringCase(column.name, name); });
  };
  plan.lineage_file = wanted("_source_file");
  plan.lineage_time = wanted("_loaded_at");
  plan.lineage_load = wanted("_load_id");
}

// Looks at the first records for whole numbers that a double does not hold.
void LookAtIntegers(const std::vector<InspectedFile>& files, LoadPlan& plan) {
  for (const InspectedFile& file : files) {
    for (const auto& record : ParseRecords(file.beginning, plan.dialect, kSampleRecords, IsWhole(file, plan.options))) {
      for (const LoadColumn& column : plan.columns) {
        if (column.target.type != "BIGINT" || column.source < 0 || static_cast<size_t>(column.source) >= record.size())
          continue;
        const auto digits = std::ranges::count_if(record[static_cast<size_t>(column.source)],
                                                  [](char c) { return c >= '0' && c <= '9'; });
        if (static_cast<size_t>(digits) > kDigitsExact) plan.integers_as_text = true;
      }
    }
  }
}

// Temporal types that the sniffer found by a format of its own, which no cast reads, become text again.
Result<void> CheckTemporal(ProductSql& sql, LoadPlan& plan) {
  std::string counts;
  std::vector<size_t> checked;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    if (!IsTemporalType(plan.columns[i].target.type) || !plan.columns[i].rule.formats.empty()) continue;
    counts += fmt::format("{}count(*) FILTER (WHERE nl_bad = {})", counts.empty() ? "" : ", ", i);
    checked.push_back(i);
  }
  if (checked.empty() || plan.options.format == SourceFormat::kParquet) return {};
  NL_ASSIGN_OR_RETURN(const auto rows, sql.Query(LoadSql(plan).SampleVerdict(counts, kSampleRows)));
  for (size_t i = 0; i < checked.size(); ++i) {
    if (rows.rows.at(0).at(i) != "0") plan.columns[checked[i]].target.type = "VARCHAR";
  }
  return {};
}

Result<ProductSql::Rows> CsvTypes(int64_t sample_rows, ProductSql& sql, const LoadPlan& plan) {
  std::string names;
  for (const std::string& name : plan.file_columns) names += (names.empty() ? "" : ", ") + QuoteLiteral(name);
  std::string nulls = "''";
  for (const std::string& token : plan.options.null_tokens) nulls += ", " + QuoteLiteral(token);
  const TextDialect& dialect = plan.dialect;
  return sql.Query(fmt::format(
      "SELECT * FROM read_csv({}, auto_detect = true, names = [{}], header = {}, delim = {}, quote = {}, escape = {}, "
      "skip = {}, "
      "nullstr = [{}], encoding = {}, compression = '{}', max_line_size = {}, ignore_errors = true, {}) LIMIT 0",
      PathList(plan.files), names, dialect.header, QuoteLiteral(ByteText(dialect.delimiter)),
      QuoteLiteral(ByteText(dialect.quote)), QuoteLiteral(ByteText(dialect.escape)), dialect.skip_lines, nulls,
      QuoteLiteral(plan.options.encoding),
      plan.compression == FileCompression::kNone ? "none" : CompressionName(plan.compression),
      plan.options.line_size_max_bytes,
      fmt::format("sample_size = {}{}", sample_rows, sample_rows == kEveryRow ? ", files_to_sniff = -1" : "") +
          (dialect.comment == 0 ? "" : ", comment = " + QuoteLiteral(ByteText(dialect.comment)))));
}

Result<void> FindSourceColumns(const CopyInto& statement, const std::vector<InspectedFile>& files, ProductSql& sql,
                               LoadPlan& plan, ProductSql::Rows& parquet, bool no_columns_known) {
  switch (plan.options.format) {
    case SourceFormat::kCsv: return PlanCsv(statement, files, plan);
    case SourceFormat::kParquet: {
      NL_ASSIGN_OR_RETURN(parquet, ParquetColumns(sql, plan));
      plan.file_columns = parquet.columns;
      return {};
    }
    case SourceFormat::kJsonLines: {
      for (const InspectedFile& file : files) {
        if (Trim(file.beginning).starts_with("[")) {
          return MakeError(ErrorCode::kInvalidArgument,
                           "the file {} starts with a JSON array; JSON lines are expected, one object on each line",
                           file.file.name);
        }
        AddSpellings(file.keys, plan.key_spellings);
      }
      NL_ASSIGN_OR_RETURN(const auto rows, JsonColumns(sql, plan, kSampleRows));
      plan.file_columns = rows.columns;
      if (rows.columns.empty() && no_columns_known) {
        return MakeError(ErrorCode::kInvalidArgument,
                         "the columns cannot be told from the file {}: one JSON object on each line is expected; give "
                         "the option schema",
                         plan.files[0].name);
      }
      return {};
    }
  }
  NL_UNREACHABLE();
}

// A statement cannot hold every byte that a file can.
Result<void> CheckNames(const LoadPlan& plan) {
  for (size_t i = 0; i < plan.file_columns.size(); ++i) {
    const std::string& name = plan.file_columns[i];
    if (name.find('\0') == std::string::npos && IsValidUtf8(name)) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     "the name of column {} in the file {} has a NUL or bytes that are not UTF-8", i + 1,
                     plan.files[0].name);
  }
  return {};
}

int64_t SampleFor(const CopyIntoOptions& options) {
  return options.validate ? options.validate_rows.value_or(kEveryRow) : kSampleRows;
}

}  // namespace

std::string NameList(const std::vector<std::string>& names) {
  std::string list;
  for (size_t i = 0; i < names.size() && i < kNamesShown; ++i) list += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamesShown) list += fmt::format(" and {} more", names.size() - kNamesShown);
  return list;
}

bool HasInferredTypes(const LoadPlan& plan, const std::optional<TableShape>& table) {
  return !table.has_value() && plan.options.schema.empty() && plan.options.format != SourceFormat::kParquet;
}

Result<void> InferTypes(int64_t sample_rows, ProductSql& sql, LoadPlan& plan) {
  auto rows = plan.options.format == SourceFormat::kCsv ? CsvTypes(sample_rows, sql, plan)
                                                        : JsonColumns(sql, plan, sample_rows);
  if (!rows.has_value() && !IsData(rows.error().code())) return std::unexpected(rows.error());
  for (LoadColumn& column : plan.columns) {
    column.target.type = "VARCHAR";
    if (!rows.has_value()) continue;
    const int at =
        plan.options.format == SourceFormat::kCsv ? column.source : FindColumn(rows->columns, column.target.name);
    if (at >= 0 && static_cast<size_t>(at) < rows->types.size())
      column.target.type = StorableType(rows->types[static_cast<size_t>(at)]);
  }
  for (LoadColumn& column : plan.columns) column.rule = plan.options.RuleFor(column.target);
  // Columns that a wider sample found are in the plan from now on.
  if (rows.has_value() && plan.options.format == SourceFormat::kJsonLines) {
    for (size_t i = 0; i < rows->columns.size(); ++i) {
      if (FindColumn(plan.file_columns, rows->columns[i]) >= 0) continue;
      plan.file_columns.push_back(rows->columns[i]);
      ColumnShape target{.name = rows->columns[i], .type = StorableType(rows->types[i])};
      CleaningRule rule = plan.options.RuleFor(target);
      plan.columns.push_back({.target = std::move(target),
                              .source = static_cast<int>(plan.file_columns.size()) - 1,
                              .source_type = "",
                              .rule = std::move(rule)});
    }
  }
  return CheckTemporal(sql, plan);
}

Result<void> MakeLoadPlan(const CopyInto& statement, const std::vector<InspectedFile>& files,
                          const std::optional<TableShape>& table, ProductSql& sql, LoadPlan& plan) {
  plan.dialect = Dialect(plan.options);
  std::vector<InspectedFile> with_records;
  for (const InspectedFile& file : files) {
    const bool text = plan.options.format != SourceFormat::kParquet;
    if (text && ParseRecords(file.beginning, plan.dialect, 1, true).empty()) continue;
    with_records.push_back(file);
    plan.files.push_back(file.file);
  }
  if (plan.files.empty() && !table.has_value() && plan.options.schema.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the files are empty, so there are no columns to make a table of; give the option schema");
  }
  for (const InspectedFile& file : with_records) {
    plan.compression = with_records[0].inspection.compression;
    if (file.inspection.compression != plan.compression) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the files {} and {} are not compressed the same way; load them by statements of their own",
                       with_records[0].file.name, file.file.name);
    }
  }
  ProductSql::Rows parquet;
  if (!plan.files.empty())
    NL_RETURN_IF_ERROR(FindSourceColumns(statement, with_records, sql, plan, parquet,
                                         !table.has_value() && plan.options.schema.empty()));
  NL_RETURN_IF_ERROR(CheckNames(plan));
  NL_ASSIGN_OR_RETURN(auto targets, Targets(plan, table));
  const bool infer = targets.empty();
  if (infer) {
    const auto& names = statement.columns.empty() ? plan.file_columns : statement.columns;
    for (const std::string& name : names) {
      if (!IsLineage(name)) targets.push_back({.name = name, .type = "VARCHAR"});
    }
  }
  const bool by_position =
      !statement.columns.empty() || (plan.options.format == SourceFormat::kCsv && !plan.dialect.header);
  if (plan.files.empty()) {
    for (ColumnShape& target : targets)
      plan.columns.push_back({.target = std::move(target), .source = -1, .source_type = "", .rule = {}});
  } else if (by_position) {
    NL_RETURN_IF_ERROR(MapByPosition(statement.columns, targets, plan));
  } else {
    NL_RETURN_IF_ERROR(MapByName(targets, plan));
  }
  for (LoadColumn& column : plan.columns) {
    if (plan.options.format == SourceFormat::kParquet && column.source >= 0) {
      column.source_type = parquet.types[static_cast<size_t>(column.source)];
      if (infer) column.target.type = StorableType(column.source_type);
    }
    column.rule = plan.options.RuleFor(column.target);
  }
  PlanLineage(table, plan);
  NL_RETURN_IF_ERROR(CheckKey(plan));
  if (HasInferredTypes(plan, table)) NL_RETURN_IF_ERROR(InferTypes(SampleFor(plan.options), sql, plan));
  if (plan.options.format == SourceFormat::kCsv) LookAtIntegers(with_records, plan);
  return {};
}

}  // namespace neurolake::query
