#include "query/commands/subject_rows.h"

#include <algorithm>
#include <charconv>

#include "common/field_path.h"
#include "common/text.h"
#include "query/commands/subject_texts.h"
#include "query/lower_text.h"
#include "query/text_finder.h"
#include "tables/delta/field_places.h"

namespace neurolake::query {
namespace {

using tables::delta::DataType;
using tables::delta::FieldPlace;
using tables::delta::Snapshot;
using tables::delta::StructField;

constexpr int kRoundsMax = 8;
constexpr size_t kValuesMax = 100'000;
constexpr size_t kTextsMax = 100'000;
constexpr size_t kTellingBytes = 4;
constexpr size_t kLongNumberDigits = 6;

bool IsWholeNumber(const DataType& type) {
  return type.kind == DataType::Kind::kByte || type.kind == DataType::Kind::kShort ||
         type.kind == DataType::Kind::kInteger || type.kind == DataType::Kind::kLong;
}

/// What names somebody in a version, if it can there.
std::optional<FieldPlace> PlaceIn(const Snapshot& snapshot, const std::string& id) {
  auto place = tables::delta::PlaceOf(snapshot.schema(), id);
  if (!place || place->repeated || !MayIdentify(*place->type)) return std::nullopt;
  return place;
}

/// What a column is called in a version, as an expression of type VARCHAR or of whole numbers.
struct ColumnSql {
  std::string sql;
  bool number = false;
};

std::optional<ColumnSql> SqlOf(const SubjectTable& table, const SubjectTable::Column& column,
                               const Snapshot& snapshot) {
  if (table.kind == "quarantine") {
    std::string way = "$";
    for (const std::string& name : FieldPath(column.name)) {
      way += ".\"";
      for (const char c : name) way += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
      way += '"';
    }
    return ColumnSql{"(row_data ->> " + QuoteLiteral(way) + ")", false};
  }
  const auto place = PlaceIn(snapshot, column.id);
  if (!place) return std::nullopt;
  std::string sql;
  for (const std::string& name : FieldPath(place->names)) {
    sql = sql.empty() ? QuoteIdentifier(name) : fmt::format("struct_extract({}, {})", sql, QuoteLiteral(name));
  }
  return ColumnSql{std::move(sql), IsWholeNumber(*place->type)};
}

std::string Matches(const ColumnSql& column, bool exact, const std::set<std::string>& values) {
  std::string list;
  for (const std::string& value : values) {
    if (column.number) {
      int64_t number = 0;
      const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
      if (read.ec != std::errc() || read.ptr != value.data() + value.size()) continue;
      list += (list.empty() ? "" : ", ") + std::to_string(number);
    } else {
      list += (list.empty() ? "" : ", ") + QuoteLiteral(value);
    }
  }
  if (list.empty()) return "false";
  if (exact || column.number) return fmt::format("{} IN ({})", column.sql, list);
  return fmt::format("lower({}) IN ({})", column.sql, list);
}

std::string Files(const OpenedTable& table, int64_t version, const std::vector<std::string>& paths) {
  std::string list;
  for (const std::string& path : paths) list += (list.empty() ? "" : ", ") + QuoteLiteral(path);
  return fmt::format("lake_files({}, {}, {}, [{}])", QuoteLiteral(table.entry.schema_name),
                     QuoteLiteral(table.entry.table_name), version, list);
}

std::string NameOf(const OpenedTable& table) {
  return QuoteIdentifier(table.entry.schema_name) + "." + QuoteIdentifier(table.entry.table_name);
}

/// What cannot be read any more: a version of which the log or files are gone, or of a kind of then. Its files go all
/// the same.
bool IsGone(const Error& error) {
  return error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kVersionNotFound ||
         error.code() == ErrorCode::kCorruption || error.code() == ErrorCode::kNotSupported;
}

/// Of a value that may name somebody, and not by chance.
bool IsTelling(const std::string& value) {
  const bool digits = std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c) != 0; });
  return value.size() >= kTellingBytes && !digits;
}

}  // namespace

bool MayIdentify(const DataType& type) { return type.kind == DataType::Kind::kString || IsWholeNumber(type); }

// By name, as all else; but what has taken the name meanwhile was not declared.
Result<OpenedTable> SubjectSearch::Open(const SubjectTable& table, std::optional<int64_t> version) {
  NL_ASSIGN_OR_RETURN(OpenedTable opened, context_.Open(table.name, version));
  if (opened.entry.id.value() == table.id) return opened;
  return MakeError(ErrorCode::kConflict, "a table was replaced while a data subject was looked for, run this again: {}",
                   table.full_name());
}

Result<SubjectSearch::Conditions> SubjectSearch::ConditionsIn(const SubjectTable& table,
                                                              const Snapshot& snapshot) const {
  std::string by_key = "false", by_identifier = "false", nobody_else = "true";
  for (const SubjectTable::Column& column : table.columns) {
    const auto sql = SqlOf(table, column, snapshot);
    if (!sql) continue;
    const auto known = known_.values.find(column.identifier);
    if (column.identifier.empty()) {
      const std::string match = Matches(*sql, true, known->second);
      by_key += " OR " + match;
      nobody_else += fmt::format(" AND ({} IS NULL OR {})", sql->sql, match);
    } else if (known != known_.values.end()) {
      by_identifier += " OR " + Matches(*sql, false, known->second);
    }
  }
  return Conditions{
      .of_subject = fmt::format("coalesce(({}) OR (({}) AND {}), false)", by_key, by_identifier, nobody_else),
      .of_others = fmt::format("coalesce(({}) AND NOT ({}) AND NOT ({}), false)", by_identifier, by_key, nobody_else)};
}

Result<std::string> SubjectSearch::Condition(const SubjectTable& table, const Snapshot& snapshot) const {
  NL_ASSIGN_OR_RETURN(const auto conditions, ConditionsIn(table, snapshot));
  return conditions.of_subject;
}

Result<int64_t> SubjectSearch::Count(const std::string& from, const std::string& condition) {
  NL_RETURN_IF_ERROR(context_.request().CheckAlive());
  NL_ASSIGN_OR_RETURN(const auto rows,
                      context_.Query(fmt::format("SELECT count(*) FROM {} WHERE {}", from, condition)));
  if (rows.rows.size() != 1 || !rows.rows[0][0]) return MakeError(ErrorCode::kInternal, "a count gave no number");
  return std::stoll(*rows.rows[0][0]);
}

Result<std::vector<std::pair<size_t, std::string>>> SubjectSearch::Distinct(const std::vector<std::string>& columns,
                                                                            const Source& source,
                                                                            const std::string& condition,
                                                                            size_t limit) {
  std::string all;
  for (size_t i = 0; i < columns.size(); ++i) {
    all += fmt::format("{}{{'place': {}, 'text': {}}}", i == 0 ? "" : ", ", i, columns[i]);
  }
  // One scan, however many columns there are.
  NL_ASSIGN_OR_RETURN(
      const auto found,
      context_.Query(fmt::format("SELECT DISTINCT one.place, one.text FROM (SELECT unnest([{}]) AS one FROM {} WHERE "
                                 "{}) WHERE trim(one.text) <> '' LIMIT {}",
                                 all, source.from, condition, limit + 1)));
  std::vector<std::pair<size_t, std::string>> values;
  for (const auto& row : found.rows) {
    if (row.size() != 2 || !row[0] || !row[1]) return MakeError(ErrorCode::kInternal, "a list of values has gaps");
    values.emplace_back(std::stoull(*row[0]), *row[1]);
  }
  return values;
}

// A key leads to identifiers; none of these leads to the key of another.
Result<void> SubjectSearch::LearnIdentifiers(const SubjectTable& table, const Source& source) {
  std::vector<std::string> columns;
  std::vector<std::pair<std::string, bool>> names;  // And whether it is a number.
  for (const SubjectTable::Column& column : table.columns) {
    const auto sql = SqlOf(table, column, *source.opened.snapshot);
    if (column.identifier.empty() || !sql) continue;
    // Case has to be dropped as it is where rows are compared.
    columns.push_back(sql->number ? "CAST(" + sql->sql + " AS VARCHAR)" : "lower(" + sql->sql + ")");
    names.emplace_back(column.identifier, sql->number);
    if (sql->number) continue;
    columns.push_back(sql->sql);
    names.emplace_back(column.identifier, false);
  }
  if (columns.empty()) return {};
  NL_ASSIGN_OR_RETURN(const auto condition, Condition(table, *source.opened.snapshot));
  NL_ASSIGN_OR_RETURN(const auto found, Distinct(columns, source, condition, kValuesMax));
  for (const auto& [place, value] : found) {
    if (place >= names.size()) return MakeError(ErrorCode::kInternal, "a value of a column that was not asked for");
    auto& known = known_.values[names[place].first];
    known.insert(LowerText(value));
    if (known.size() > kValuesMax || found.size() > kValuesMax) {
      return MakeError(ErrorCode::kInvalidArgument, "a data subject has more identifiers than can be followed: {}",
                       kValuesMax);
    }
  }
  return {};
}

Result<void> SubjectSearch::LearnTexts(const SubjectTable& table, const Source& source) {
  std::vector<std::string> columns;
  std::vector<bool> json;
  for (const StructField& field : source.opened.snapshot->schema().fields) {
    if (table.kind == "quarantine" && !EqualsIgnoringCase(field.name, "row_data")) continue;
    const std::string sql = TextSql(QuoteIdentifier(field.name), field.type);
    if (sql.empty()) continue;
    columns.push_back(sql);
    json.push_back(table.kind == "quarantine" || IsTextOfMany(field.type));
  }
  if (columns.empty()) return {};
  NL_ASSIGN_OR_RETURN(const auto condition, Condition(table, *source.opened.snapshot));
  NL_ASSIGN_OR_RETURN(const auto found, Distinct(columns, source, condition, kTextsMax));
  for (const auto& [place, value] : found) {
    if (place >= json.size()) return MakeError(ErrorCode::kInternal, "a value of a column that was not asked for");
    if (known_.texts.size() < kTextsMax) AddTexts(value, json[place], known_.texts);
  }
  known_.more_texts = known_.more_texts || found.size() > kTextsMax || known_.texts.size() >= kTextsMax;
  return {};
}

Result<void> SubjectSearch::LearnFromHistory(const SubjectTable& table) {
  SubjectRows rows;
  NL_ASSIGN_OR_RETURN(rows.table, Open(table));
  NL_ASSIGN_OR_RETURN(rows.history, tables::delta::FindRetiredFiles(context_.request(), context_.store(),
                                                                    context_.log_reader(), *rows.table.snapshot));
  std::vector<std::string> unclear;
  NL_ASSIGN_OR_RETURN(const auto by_version, Readable(rows, unclear));
  for (const auto& [version, paths] : by_version) {
    const auto learn = [&]() -> Result<void> {
      NL_ASSIGN_OR_RETURN(const OpenedTable then, Open(table, version));
      const Source source{Files(then, version, paths), then};
      NL_ASSIGN_OR_RETURN(const auto condition, Condition(table, *then.snapshot));
      NL_ASSIGN_OR_RETURN(const int64_t found, Count(source.from, condition));
      if (found == 0) return {};
      known_.seen = true;
      NL_RETURN_IF_ERROR(LearnIdentifiers(table, source));
      return LearnTexts(table, source);
    };
    if (auto learnt = learn(); !learnt && !IsGone(learnt.error())) return learnt;
  }
  return {};
}

Result<void> SubjectSearch::CheckColumns(std::vector<SubjectTable>& tables) {
  std::map<std::string, std::map<std::string, std::string>> names;
  for (const SubjectTable& table : tables) {
    if (table.kind == "quarantine") continue;
    NL_ASSIGN_OR_RETURN(const OpenedTable opened, Open(table));
    for (const auto& column : table.columns) {
      const auto place = PlaceIn(*opened.snapshot, column.id);
      if (table.kind == "table" && !place) {
        return MakeError(ErrorCode::kInvalidArgument,
                         "a column of the data subject is not in its table any more, or is encrypted by now, take it "
                         "out with ALTER DATA SUBJECT … DROP: {}.{}",
                         table.full_name(), ShownPath(column.name));
      }
      if (place) names[table.id][column.id] = place->names;
    }
  }
  // Rows that were set aside have the names that columns had then.
  for (SubjectTable& table : tables) {
    const auto now = names.find(table.source);
    if (table.kind != "quarantine" || now == names.end()) continue;
    for (const auto& column : std::vector(table.columns)) {
      const auto name = now->second.find(column.id);
      if (name == now->second.end() || name->second == column.name) continue;
      table.columns.push_back({.id = column.id, .name = name->second, .identifier = column.identifier});
    }
  }
  return {};
}

Result<void> SubjectSearch::Learn(std::vector<SubjectTable>& tables) {
  NL_RETURN_IF_ERROR(CheckColumns(tables));
  std::optional<SubjectValues> asked_history;
  for (int round = 0;; ++round) {
    if (round == kRoundsMax) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "one identifier of the data subject leads to another without end, rounds: {}", kRoundsMax);
    }
    const SubjectValues before = known_.values;
    for (const SubjectTable& table : tables) {
      NL_ASSIGN_OR_RETURN(const OpenedTable opened, Open(table));
      NL_RETURN_IF_ERROR(LearnIdentifiers(table, {NameOf(opened), opened}));
    }
    if (known_.values != before) continue;
    if (asked_history == before) break;
    asked_history = before;
    for (const SubjectTable& table : tables) NL_RETURN_IF_ERROR(LearnFromHistory(table));
    if (known_.values == before) break;
  }
  for (const SubjectTable& table : tables) {
    NL_ASSIGN_OR_RETURN(const OpenedTable opened, Open(table));
    NL_ASSIGN_OR_RETURN(const auto condition, Condition(table, *opened.snapshot));
    NL_ASSIGN_OR_RETURN(const int64_t rows, Count(NameOf(opened), condition));
    if (rows == 0) continue;
    known_.seen = true;
    NL_RETURN_IF_ERROR(LearnTexts(table, {NameOf(opened), opened}));
  }
  return {};
}

Result<std::map<int64_t, std::vector<std::string>>> SubjectSearch::Readable(const SubjectRows& rows,
                                                                            std::vector<std::string>& unclear) {
  std::map<int64_t, std::vector<std::string>> by_version;
  for (const auto& file : rows.history.data) {
    NL_RETURN_IF_ERROR(context_.request().CheckAlive());
    NL_ASSIGN_OR_RETURN(const std::string path, rows.table.snapshot->PathOf(file.path));
    const auto there = context_.store().Head(path);
    if (!there.has_value() && there.error().code() == ErrorCode::kNotFound) continue;
    // Rows that were deleted before can be seen in no version.
    if (file.has_vector) unclear.push_back(file.path);
    by_version[file.version].push_back(file.path);
  }
  return by_version;
}

Result<void> SubjectSearch::Narrow(const SubjectTable& table, const OpenedTable& opened, int64_t version,
                                   const std::vector<std::string>& paths, std::vector<std::string>& holding) {
  NL_ASSIGN_OR_RETURN(const auto condition, Condition(table, *opened.snapshot));
  std::vector<std::vector<std::string>> left = {paths};
  while (!left.empty()) {
    const std::vector<std::string> part = std::move(left.back());
    left.pop_back();
    if (part.empty()) continue;
    NL_ASSIGN_OR_RETURN(const int64_t rows, Count(Files(opened, version, part), condition));
    if (rows == 0) continue;
    if (part.size() == 1) {
      holding.push_back(part[0]);
      continue;
    }
    const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
    left.emplace_back(part.begin(), middle);
    left.emplace_back(middle, part.end());
  }
  return {};
}

Result<void> SubjectSearch::FindInHistory(const SubjectTable& table, SubjectRows& rows) {
  TextFinder telling;
  for (const auto& [identifier, values] : known_.values) {
    for (const std::string& value : values) {
      if (IsTelling(value)) telling.AddAnywhere(LowerText(value));
      // The log is full of shorter ones: sizes, counts, versions.
      if (!IsTelling(value) && value.size() >= kLongNumberDigits) telling.AddWord(value);
    }
  }
  const auto look = [&](std::string_view commit) {
    if (rows.log_holds) return;
    const std::string low = LowerText(commit);
    rows.log_holds = telling.FindsAnywhere(low) || telling.FindsWord(low);
  };
  NL_ASSIGN_OR_RETURN(rows.history, tables::delta::FindRetiredFiles(context_.request(), context_.store(),
                                                                    context_.log_reader(), *rows.table.snapshot, look));
  std::vector<std::string> holding;
  NL_ASSIGN_OR_RETURN(const auto by_version, Readable(rows, holding));
  for (const auto& [version, paths] : by_version) {
    std::vector<std::string> found;
    const auto narrow = [&]() -> Result<void> {
      NL_ASSIGN_OR_RETURN(const OpenedTable then, Open(table, version));
      return Narrow(table, then, version, paths, found);
    };
    const auto narrowed = narrow();
    if (!narrowed && !IsGone(narrowed.error())) return narrowed;
    if (!narrowed) found = paths;  // Nobody can say what is in them.
    holding.insert(holding.end(), found.begin(), found.end());
  }
  const std::set<std::string> held(holding.begin(), holding.end());
  for (const auto& file : rows.history.data) {
    if (!held.contains(file.path)) continue;
    (file.current ? rows.rewrites : rows.retired).push_back(file.path);
  }
  return {};
}

Result<SubjectRows> SubjectSearch::Find(const SubjectTable& table) {
  SubjectRows rows;
  NL_ASSIGN_OR_RETURN(rows.table, Open(table));
  NL_ASSIGN_OR_RETURN(const auto conditions, ConditionsIn(table, *rows.table.snapshot));
  NL_ASSIGN_OR_RETURN(rows.rows, Count(NameOf(rows.table), conditions.of_subject));
  NL_ASSIGN_OR_RETURN(rows.rows_of_others, Count(NameOf(rows.table), conditions.of_others));
  if (rows.rows > 0) {
    std::vector<std::string> all;
    const auto& files = rows.table.snapshot->files();
    for (size_t i = 0; i < files.size(); ++i) all.emplace_back(files.path(i));
    NL_RETURN_IF_ERROR(Narrow(table, rows.table, rows.table.snapshot->version(), all, rows.rewrites));
  }
  NL_RETURN_IF_ERROR(FindInHistory(table, rows));
  std::ranges::sort(rows.rewrites);
  rows.rewrites.erase(std::unique(rows.rewrites.begin(), rows.rewrites.end()), rows.rewrites.end());
  return rows;
}

}  // namespace neurolake::query
