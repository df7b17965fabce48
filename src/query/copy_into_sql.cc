#include "query/copy_into_sql.h"

#include <algorithm>
#include <map>

#include "common/text.h"
#include "query/copy_into_json.h"
#include "query/copy_into_types.h"

namespace neurolake::query {
namespace {

std::string Byte(char byte) { return byte == 0 ? "" : std::string(1, byte); }

std::string TextList(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + QuoteLiteral(text);
  return list;
}

std::string_view CompressionName(FileCompression compression) {
  switch (compression) {
    case FileCompression::kNone: return "none";
    case FileCompression::kGzip: return "gzip";
    case FileCompression::kZstd: return "zstd";
  }
  NL_UNREACHABLE();
}

std::string Timestamp(WallTime time) { return fmt::format("TIMESTAMPTZ '{}'", FormatTimestamp(time)); }

// The engine's hash of an expression is the XOR of its parts': a column that stands in it an even number of times is
// not in the hash. Expressions that many columns share have a constant of their own for each, or looking for common
// parts takes the square of the columns. What decides a CASE is looked at as well, beginning with its first part.

// Whole numbers with a fraction would be rounded by a cast without a word.
std::string HasFraction(const std::string& text) {
  return fmt::format(
      "(contains({0}, '.') OR contains({0}, 'e') OR contains({0}, 'E')) AND TRY_CAST({0} AS DOUBLE) IS DISTINCT FROM "
      "trunc(TRY_CAST({0} AS DOUBLE))",
      text);
}

}  // namespace

std::string LoadSql::TargetName() const {
  return QuoteIdentifier(plan_.target.schema) + "." + QuoteIdentifier(plan_.target.name);
}

std::vector<ColumnShape> LoadSql::Shape() const {
  std::vector<ColumnShape> shape;
  for (const LoadColumn& column : plan_.columns) shape.push_back(column.target);
  if (plan_.lineage_file) shape.push_back({.name = "_source_file", .type = "VARCHAR"});
  if (plan_.lineage_time) shape.push_back({.name = "_loaded_at", .type = "TIMESTAMP WITH TIME ZONE"});
  if (plan_.lineage_load) shape.push_back({.name = "_load_id", .type = "VARCHAR"});
  return shape;
}

std::string LoadSql::TargetColumns() const {
  std::string names;
  for (const ColumnShape& column : Shape()) names += (names.empty() ? "" : ", ") + QuoteIdentifier(column.name);
  return "(" + names + ")";
}

std::string LoadSql::ColumnDefinitions() const {
  std::string text;
  for (const ColumnShape& column : Shape()) {
    text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", QuoteIdentifier(column.name), column.type,
                        column.nullable ? "" : " NOT NULL");
  }
  return "(" + text + ")";
}

bool LoadSql::HasRequiredColumns() const {
  return std::ranges::any_of(plan_.columns, [](const LoadColumn& column) { return !column.target.nullable; });
}

// Names as they are: the engine's file system expands no pattern.
std::string LoadSql::Paths(const std::vector<SourceFile>& files) const {
  std::string list;
  for (const SourceFile& file : files) list += (list.empty() ? "" : ", ") + QuoteLiteral(file.path);
  return "[" + list + "]";
}

bool LoadSql::TypedInReader(const LoadColumn& column) const {
  if (plan_.options.format != SourceFormat::kCsv || !IsScalarType(column.target.type)) return false;
  CleaningRule rule = column.rule;
  // Null tokens for all columns are the reader's business.
  if (rule.null_tokens == plan_.options.null_tokens) rule.null_tokens.clear();
  return rule.empty();
}

// Whole numbers are read as DOUBLE, so that 1.5 is noticed and not made a 2.
std::string LoadSql::ReaderType(int source) const {
  for (const LoadColumn& column : plan_.columns) {
    if (column.source != source || !TypedInReader(column)) continue;
    const std::string& type = column.target.type;
    if (!plan_.options.exact_integers || !IsIntegerType(type)) return type;
    if (type == "BIGINT" && plan_.integers_as_text) return "VARCHAR";
    return "DOUBLE";
  }
  return "VARCHAR";
}

// With ignore_errors alone the reader of DuckDB 1.5.5 drops every row behind a value with text after its closing quote;
// with store_rejects it drops that row only. So what is reported once is stored again, and thrown away.
std::string LoadSql::RejectOptions(Rejects rejects) const {
  switch (rejects) {
    case Rejects::kFail: return "";
    case Rejects::kIgnore: return ", ignore_errors = true";
    case Rejects::kReport:
      return fmt::format(", store_rejects = true, rejects_table = {}, rejects_scan = {}",
                         QuoteLiteral(plan_.rejects_table()), QuoteLiteral(plan_.scans_table()));
    case Rejects::kReportedBefore:
      return fmt::format(", store_rejects = true, rejects_table = {}, rejects_scan = {}, rejects_limit = 1",
                         QuoteLiteral(plan_.again_table()), QuoteLiteral(plan_.again_scans_table()));
  }
  NL_UNREACHABLE();
}

std::string LoadSql::CsvReader(const std::vector<SourceFile>& files, Way way, Rejects rejects) const {
  const TextDialect& dialect = plan_.dialect;
  std::string columns;
  for (size_t i = 0; i < plan_.file_columns.size(); ++i) {
    const std::string type = way == Way::kQuick ? ReaderType(static_cast<int>(i)) : "VARCHAR";
    columns += fmt::format("{}'c{}': {}", columns.empty() ? "" : ", ", i, QuoteLiteral(type));
  }
  std::vector<std::string> nulls{""};
  if (way == Way::kQuick) nulls.insert(nulls.end(), plan_.options.null_tokens.begin(), plan_.options.null_tokens.end());
  const std::string text = fmt::format(
      "read_csv({}, auto_detect = false, columns = {{{}}}, header = {}, delim = {}, quote = {}, escape = {}, comment = "
      "{}, "
      "skip = {}, nullstr = [{}], encoding = {}, compression = {}, max_line_size = {}, strict_mode = {}, filename = "
      "'nl_path'",
      Paths(files), columns, dialect.header, QuoteLiteral(Byte(dialect.delimiter)), QuoteLiteral(Byte(dialect.quote)),
      QuoteLiteral(Byte(dialect.escape)), QuoteLiteral(Byte(dialect.comment)), dialect.skip_lines, TextList(nulls),
      QuoteLiteral(plan_.options.encoding), QuoteLiteral(CompressionName(plan_.compression)),
      plan_.options.line_size_max_bytes, plan_.options.strict && !plan_.lenient);
  return text + RejectOptions(rejects) + ")";
}

// JSON lines: the lines as texts. The delimiter is a byte that valid JSON does not have.
std::string LoadSql::LineReader(const std::vector<SourceFile>& files, Rejects rejects) const {
  const std::string text = fmt::format(
      "read_csv({}, auto_detect = false, columns = {{'nl_line': 'VARCHAR'}}, header = false, delim = '\x01', quote = "
      "'', "
      "escape = '', nullstr = '\x02', compression = {}, max_line_size = {}, strict_mode = false, filename = 'nl_path'",
      Paths(files), QuoteLiteral(CompressionName(plan_.compression)), plan_.options.line_size_max_bytes);
  return text + RejectOptions(rejects) + ")";
}

std::string LoadSql::Relation(const std::vector<SourceFile>& files, Way way, bool numbered, Rejects rejects) const {
  const std::string number = numbered ? ", row_number() OVER () AS nl_row" : "";
  if (plan_.options.format == SourceFormat::kCsv) {
    return fmt::format("(SELECT *{} FROM {})", number, CsvReader(files, way, rejects));
  }
  if (plan_.options.format == SourceFormat::kParquet) {
    std::string names;
    for (size_t i = 0; i < plan_.file_columns.size(); ++i)
      names += fmt::format("{} AS c{}, ", QuoteIdentifier(plan_.file_columns[i]), i);
    // With one file its own row numbers serve, and no order has to be kept.
    const bool own = numbered && files.size() == 1;
    return fmt::format("(SELECT {}nl_path{} FROM read_parquet({}, filename = 'nl_path'{}))", names,
                       own ? ", file_row_number + 1 AS nl_row" : number, Paths(files),
                       own ? ", file_row_number = true" : "");
  }
  return JsonRelation(files, way, numbered, rejects);
}

std::vector<std::string> LoadSql::NamesOf(int source) const {
  std::vector<std::string> names{plan_.file_columns[static_cast<size_t>(source)]};
  const auto spellings = plan_.key_spellings.find(LowerAscii(names[0]));
  if (spellings == plan_.key_spellings.end()) return names;
  for (const std::string& spelling : spellings->second) {
    if (spelling != names[0]) names.push_back(spelling);
  }
  return names;
}

// The engine's structures have no two names that differ in case alone, so there is one for each of a key's spellings.
std::string LoadSql::JsonRelation(const std::vector<SourceFile>& files, Way way, bool numbered, Rejects rejects) const {
  std::map<int, std::string> types;
  for (const LoadColumn& column : plan_.columns) {
    if (column.source >= 0)
      types[column.source] = IsScalarType(column.target.type) || column.target.type == "BLOB" ? "VARCHAR" : "JSON";
  }
  std::vector<std::string> structures(1);
  std::string fields, twice;
  for (const auto& [source, type] : types) {
    const std::vector<std::string> names = NamesOf(source);
    structures.resize(std::max(structures.size(), names.size()));
    std::string values, given;
    for (size_t i = 0; i < names.size(); ++i) {
      std::string key;
      for (const char byte : names[i]) key += byte == '"' || byte == '\\' ? std::string{'\\', byte} : std::string{byte};
      structures[i] += fmt::format("{}\"{}\":\"{}\"", structures[i].empty() ? "" : ",", key, type);
      const std::string value =
          fmt::format("CAST(struct_extract(nl_json{}, {}) AS VARCHAR)", i, QuoteLiteral(names[i]));
      values += (i == 0 ? "" : ", ") + value;
      given += fmt::format("{}CAST({} IS NOT NULL AS INTEGER)", i == 0 ? "" : " + ", value);
    }
    fields += fmt::format(", {} AS c{}", names.size() == 1 ? values : "coalesce(" + values + ")", source);
    if (names.size() > 1) twice += fmt::format("{}{} > 1", twice.empty() ? "" : " OR ", given);
  }
  const std::string valid = way == Way::kQuick ? "" : " AND json_valid(nl_line)";
  std::string objects;
  for (size_t i = 0; i < structures.size(); ++i) {
    objects +=
        fmt::format(", json_transform(CASE WHEN starts_with(ltrim(nl_line), '{{'){} THEN nl_line END, {}) AS nl_json{}",
                    valid, QuoteLiteral("{" + structures[i] + "}"), i);
  }
  return fmt::format(
      "(SELECT nl_line, nl_path{}{}, {} AS nl_twice FROM (SELECT *{} FROM (SELECT *{} FROM {})) WHERE trim(nl_line, ' "
      "\t\r') <> '')",
      numbered ? ", nl_row" : "", fields, twice.empty() ? "false" : twice, objects,
      numbered ? ", row_number() OVER () AS nl_row" : "", LineReader(files, rejects));
}

std::string LoadSql::FileName(const std::string& path) const {
  if (plan_.files.size() == 1) return QuoteLiteral(plan_.files[0].name);
  std::string prefix;
  bool shared = true;
  for (const SourceFile& file : plan_.files) {
    const bool ends = file.path.ends_with(file.name);
    const std::string own = ends ? file.path.substr(0, file.path.size() - file.name.size()) : "";
    shared = shared && ends && (prefix.empty() || prefix == own);
    prefix = own;
  }
  if (shared) return fmt::format("substr({}, {})", path, static_cast<int64_t>(prefix.size()) + 1);
  std::string cases;
  for (const SourceFile& file : plan_.files)
    cases += fmt::format(" WHEN {} THEN {}", QuoteLiteral(file.path), QuoteLiteral(file.name));
  return fmt::format("CASE {}{} END", path, cases);
}

std::string LoadSql::LineageColumns() const {
  std::string text;
  if (plan_.lineage_file) text += ", " + FileName("nl_path") + " AS \"_source_file\"";
  if (plan_.lineage_time) text += ", " + Timestamp(plan_.loaded_at) + " AS \"_loaded_at\"";
  if (plan_.lineage_load) text += ", " + QuoteLiteral(plan_.load_id) + " AS \"_load_id\"";
  return text;
}

// The value as text after the cleaning rules.
std::string LoadSql::Cleaned(const LoadColumn& column, Way way) const {
  std::string text = fmt::format("c{}", column.source);
  if (!column.source_type.empty()) text = fmt::format("CAST({} AS VARCHAR)", text);
  std::vector<std::string> nulls = column.rule.null_tokens;
  if (column.rule.trim.value_or(false)) {
    text = fmt::format("trim({}, ' \t\r\n')", text);
    if (plan_.options.format == SourceFormat::kCsv) nulls.insert(nulls.begin(), "");
  }
  // The reader has made NULLs of these already, unless trimming made new ones.
  const bool by_reader = way == Way::kQuick && TypedInReader(column);
  if (!nulls.empty() && !by_reader)
    text = fmt::format("CASE WHEN {0} IN ({1}) THEN NULL ELSE {0} END", text, TextList(nulls));
  if (!column.rule.values.empty()) {
    std::string cases;
    for (const auto& [from, to] : column.rule.values)
      cases += fmt::format(" WHEN {} THEN {}", QuoteLiteral(from), QuoteLiteral(to));
    text = fmt::format("CASE {0}{1} ELSE {0} END", text, cases);
  }
  return text;
}

// Whether a Parquet column is cast as it is; everything else goes through text and the cleaning rules.
std::string LoadSql::IsText(const LoadColumn& column) const {
  if (column.source_type.empty() || column.source_type == "VARCHAR" || !column.rule.empty()) return "text";
  if (IsIntegerType(column.target.type) && !IsIntegerType(column.source_type) && plan_.options.exact_integers)
    return "text";
  return "";
}

std::string LoadSql::QuickValue(const LoadColumn& column) const {
  const std::string& type = column.target.type;
  if (column.source < 0) return fmt::format("CAST(NULL AS {})", type);
  const std::string raw = fmt::format("c{}", column.source);
  if (IsText(column).empty()) return column.source_type == type ? raw : fmt::format("CAST({} AS {})", raw, type);
  if (TypedInReader(column) && ReaderType(column.source) == type) return raw;
  if (TypedInReader(column) && ReaderType(column.source) == "DOUBLE") {
    // No cast to a whole number takes 1e300. From 2^53 on doubles stand for more than one number.
    return fmt::format(
        "CAST(CASE WHEN abs({0}) >= 9007199254740992 OR {0} <> trunc({0}) THEN 1.{1:06}e300 ELSE {0} END AS {2})", raw,
        column.source, type);
  }
  const std::string text = Cleaned(column, Way::kQuick);
  if (IsTextType(type)) return text;
  if (!column.rule.formats.empty())
    return fmt::format("CAST(strptime({}, [{}]) AS {})", text, TextList(column.rule.formats), type);
  if (IsIntegerType(type) && plan_.options.exact_integers) {
    return fmt::format("CAST(CASE WHEN {} THEN 'x{}' ELSE {} END AS {})", HasFraction(text), column.source, text, type);
  }
  const bool nested_json = plan_.options.format == SourceFormat::kJsonLines && !IsScalarType(type) && type != "BLOB";
  return nested_json ? JsonValueSql(type, text) : fmt::format("CAST({} AS {})", text, type);
}

// Over t<i>, the cleaned text, or c<i>: NULL if it cannot be had.
std::string LoadSql::CarefulValue(const LoadColumn& column) const {
  const std::string& type = column.target.type;
  if (column.source < 0) return fmt::format("CAST(NULL AS {})", type);
  const std::string raw = fmt::format("c{}", column.source);
  if (IsText(column).empty()) return column.source_type == type ? raw : fmt::format("TRY_CAST({} AS {})", raw, type);
  const std::string text = fmt::format("t{}", column.source);
  if (IsTextType(type)) return text;
  if (!column.rule.formats.empty())
    return fmt::format("CAST(try_strptime({}, [{}]) AS {})", text, TextList(column.rule.formats), type);
  if (IsIntegerType(type) && plan_.options.exact_integers) {
    return fmt::format("TRY_CAST(CASE WHEN {} THEN 'x{}' ELSE {} END AS {})", HasFraction(text), column.source, text,
                       type);
  }
  const bool nested_json = plan_.options.format == SourceFormat::kJsonLines && !IsScalarType(type) && type != "BLOB";
  return nested_json ? fmt::format("TRY({})", JsonValueSql(type, text)) : fmt::format("TRY_CAST({} AS {})", text, type);
}

// What the values' own casts do not notice, as a condition that fails by a cast of its own.
std::string LoadSql::QuickGuard() const {
  std::string guard;
  for (const LoadColumn& column : plan_.columns) {
    if (column.target.nullable) continue;
    const std::string name = QuoteIdentifier(column.target.name);
    guard +=
        fmt::format("{}(CASE WHEN {} IS NULL THEN CAST(concat('x', CAST({} AS VARCHAR)) AS BOOLEAN) ELSE true END)",
                    guard.empty() ? " WHERE " : " AND ", name, name);
  }
  return guard;
}

std::string LoadSql::Deduplicated(const std::string& select) const {
  if (plan_.options.key.empty()) return select;
  std::string keys;
  std::string no_key;
  std::string same;
  for (const std::string& column : plan_.options.key) {
    const std::string name = QuoteIdentifier(column);
    keys += (keys.empty() ? "" : ", ") + name;
    no_key += fmt::format(" OR {} IS NULL", name);
    same += fmt::format("{}nl_old.{} = nl_new.{}", same.empty() ? "" : " AND ", name, name);
  }
  const char* direction = plan_.options.keep == KeepDuplicate::kLast ? "DESC" : "ASC";
  const std::string order = plan_.options.order_by.empty()
                                ? ""
                                : fmt::format("{} {} NULLS LAST, ", QuoteIdentifier(plan_.options.order_by), direction);
  std::string text =
      fmt::format("SELECT * FROM ({}) QUALIFY row_number() OVER (PARTITION BY {} ORDER BY {}nl_row {}) = 1{}", select,
                  keys, order, direction, no_key);
  if (plan_.options.dedupe_target) {
    text = fmt::format("SELECT * FROM ({}) AS nl_new WHERE NOT EXISTS (SELECT 1 FROM {} AS nl_old WHERE {})", text,
                       TargetName(), same);
  }
  return fmt::format("SELECT * EXCLUDE (nl_row) FROM ({})", text);
}

std::string LoadSql::QuickSelect() const {
  const bool numbered = !plan_.options.key.empty();
  std::string values;
  for (const LoadColumn& column : plan_.columns) {
    values +=
        fmt::format("{}{} AS {}", values.empty() ? "" : ", ", QuickValue(column), QuoteIdentifier(column.target.name));
  }
  std::string where;
  if (plan_.options.format == SourceFormat::kJsonLines) {
    where =
        " WHERE CASE WHEN starts_with(ltrim(nl_line), '{') AND NOT nl_twice THEN true ELSE CAST(concat('x', nl_line) "
        "AS "
        "BOOLEAN) END";
  }
  std::string select = fmt::format("SELECT {}{}{} FROM {}{}", values, LineageColumns(), numbered ? ", nl_row" : "",
                                   Relation(plan_.files, Way::kQuick, numbered, Rejects::kFail), where);
  if (const std::string guard = QuickGuard(); !guard.empty())
    select = fmt::format("SELECT * FROM ({}){}", select, guard);
  return Deduplicated(select);
}

std::string LoadSql::Judged(const std::vector<SourceFile>& files, bool numbered, Rejects rejects) const {
  std::string texts;
  std::string values;
  std::string verdict;
  for (size_t i = 0; i < plan_.columns.size(); ++i) {
    const LoadColumn& column = plan_.columns[i];
    const bool text = column.source >= 0 && !IsText(column).empty();
    if (text) texts += fmt::format(", {} AS t{}", Cleaned(column, Way::kCareful), column.source);
    values += fmt::format(", {} AS v{}", CarefulValue(column), i);
    const std::string given = text ? fmt::format("t{}", column.source) : fmt::format("c{}", column.source);
    if (!column.target.nullable) {
      verdict += fmt::format(" WHEN v{0} IS NULL THEN {0}", i);
    } else if (column.source >= 0 && !(text && IsTextType(column.target.type)) &&
               column.source_type != column.target.type) {
      verdict += fmt::format(" WHEN v{0} IS NULL AND {1} IS NOT NULL THEN {0}", i, given);
    }
  }
  if (plan_.options.format == SourceFormat::kJsonLines) {
    verdict =
        " WHEN NOT starts_with(ltrim(nl_line), '{') THEN -3 WHEN NOT json_valid(nl_line) THEN -2 WHEN nl_twice THEN "
        "-4" +
        verdict;
  }
  const std::string bad = verdict.empty() ? "-1" : fmt::format("CASE{} ELSE -1 END", verdict);
  return fmt::format("(SELECT *, {} AS nl_bad FROM (SELECT *{} FROM (SELECT *{} FROM {})))", bad, values, texts,
                     Relation(files, Way::kCareful, numbered, rejects));
}

std::string LoadSql::CarefulSelect() const {
  const bool numbered = !plan_.options.key.empty();
  std::string values;
  for (size_t i = 0; i < plan_.columns.size(); ++i) {
    values += fmt::format("{}v{} AS {}", values.empty() ? "" : ", ", i, QuoteIdentifier(plan_.columns[i].target.name));
  }
  return Deduplicated(fmt::format("SELECT {}{}{} FROM {} WHERE nl_bad = -1", values, LineageColumns(),
                                  numbered ? ", nl_row" : "", Judged(plan_.files, numbered, Rejects::kReportedBefore)));
}

std::string LoadSql::CountRows() const {
  // Every column that the load reads is looked at here too: the reader judges only what it is asked for.
  std::string seen;
  for (size_t i = 0; i < plan_.columns.size(); ++i) seen += fmt::format(", count(v{})", i);
  return fmt::format("SELECT nl_path, count(*), count(*) FILTER (WHERE nl_bad <> -1){} FROM {} GROUP BY nl_path", seen,
                     Judged(plan_.files, false, Rejects::kReport));
}

std::string LoadSql::CountAll() const {
  return fmt::format("SELECT count(*) FROM {}", Relation(plan_.files, Way::kQuick, false, Rejects::kFail));
}

std::string LoadSql::SampleVerdict(const std::string& aggregates, int64_t rows) const {
  return fmt::format("SELECT {} FROM (SELECT nl_bad FROM {} LIMIT {})", aggregates,
                     Judged(plan_.files, false, Rejects::kIgnore), rows);
}

std::string LoadSql::Probe(const SourceFile& file) const {
  return fmt::format("SELECT count(*) FROM {}", Judged({file}, false, Rejects::kIgnore));
}

}  // namespace neurolake::query
