#include "query/commands/subject_rows.h"

#include <algorithm>
#include <charconv>

#include "common/text.h"

namespace neurolake::query {
namespace {

using tables::delta::DataType;
using tables::delta::Snapshot;
using tables::delta::StructField;

constexpr int kRoundsMax = 8;
constexpr size_t kValuesMax = 10'000;
constexpr size_t kTextsMax = 100'000;
constexpr size_t kTellingBytes = 4;

bool IsWholeNumber(const DataType& type) {
  return type.kind == DataType::Kind::kByte || type.kind == DataType::Kind::kShort ||
         type.kind == DataType::Kind::kInteger || type.kind == DataType::Kind::kLong;
}

const StructField* FieldOf(const Snapshot& snapshot, const std::string& id) {
  for (const StructField& field : snapshot.schema().fields) {
    if (field.physical_name() == id) return &field;
  }
  return nullptr;
}

/// What a column is called in a version, as an expression of type VARCHAR or of whole numbers.
struct ColumnSql {
  std::string sql;
  bool number = false;
};

std::optional<ColumnSql> SqlOf(const SubjectTable& table, const SubjectTable::Column& column,
                               const Snapshot& snapshot) {
  if (table.kind == "quarantine") return ColumnSql{"(row_data ->> " + QuoteLiteral(column.id) + ")", false};
  const StructField* field = FieldOf(snapshot, column.id);
  if (field == nullptr) return std::nullopt;
  return ColumnSql{QuoteIdentifier(field->name), IsWholeNumber(field->type)};
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
      list += (list.empty() ? "" : ", ") + QuoteLiteral(exact ? value : LowerAscii(value));
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

bool EndsStatement(const Error& error) {
  return error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kDeadlineExceeded ||
         error.code() == ErrorCode::kOutOfMemory;
}

}  // namespace

bool IsTelling(const std::string& value) {
  const bool digits = std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c) != 0; });
  return value.size() >= kTellingBytes && !digits;
}

Result<SubjectSearch::Conditions> SubjectSearch::ConditionsIn(const SubjectTable& table,
                                                              const Snapshot& snapshot) const {
  std::string by_key = "false", by_identifier = "false", nobody_else = "true";
  for (const SubjectTable::Column& column : table.columns) {
    const auto sql = SqlOf(table, column, snapshot);
    if (!sql) continue;
    const auto known = values_.find(column.identifier);
    if (column.identifier.empty()) {
      const std::string match = Matches(*sql, true, known->second);
      by_key += " OR " + match;
      nobody_else += fmt::format(" AND ({} IS NULL OR {})", sql->sql, match);
    } else if (known != values_.end()) {
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

Result<int64_t> SubjectSearch::CountRows(const SubjectTable& table, const OpenedTable& opened) {
  NL_ASSIGN_OR_RETURN(const auto condition, Condition(table, *opened.snapshot));
  return Count(NameOf(opened), condition);
}

Result<std::vector<std::string>> SubjectSearch::Distinct(const std::string& sql, const Source& source,
                                                         const std::string& condition) {
  NL_ASSIGN_OR_RETURN(const auto rows, context_.Query(fmt::format(
                                           "SELECT DISTINCT CAST({0} AS VARCHAR) FROM {1} WHERE {2} AND {0} IS NOT "
                                           "NULL LIMIT {3}",
                                           sql, source.from, condition, kValuesMax + 1)));
  if (rows.rows.size() > kValuesMax) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a data subject's rows have more values in one column than can be followed: {}", kValuesMax);
  }
  std::vector<std::string> values;
  for (const auto& row : rows.rows) {
    if (row[0] && row[0]->find_first_not_of(" \t\r\n") != std::string::npos) values.push_back(*row[0]);
  }
  return values;
}

Result<void> SubjectSearch::LearnFrom(const SubjectTable& table, const Source& source) {
  const Snapshot& snapshot = *source.opened.snapshot;
  NL_ASSIGN_OR_RETURN(const auto conditions, ConditionsIn(table, snapshot));
  NL_ASSIGN_OR_RETURN(const int64_t rows, Count(source.from, conditions.of_subject));
  if (rows == 0) return {};
  for (const SubjectTable::Column& column : table.columns) {
    const auto sql = SqlOf(table, column, snapshot);
    // A key leads to identifiers; none of these leads to the key of another.
    if (column.identifier.empty() || !sql) continue;
    NL_ASSIGN_OR_RETURN(const auto found, Distinct(sql->sql, source, conditions.of_subject));
    auto& known = values_[column.identifier];
    for (const std::string& value : found) known.insert(sql->number ? value : LowerAscii(value));
    if (known.size() > kValuesMax) {
      return MakeError(ErrorCode::kInvalidArgument, "a data subject has more identifiers than can be followed: {}",
                       kValuesMax);
    }
  }
  for (const StructField& field : snapshot.schema().fields) {
    if (field.type.kind != DataType::Kind::kString || table.kind == "quarantine") continue;
    NL_ASSIGN_OR_RETURN(const auto found, Distinct(QuoteIdentifier(field.name), source, conditions.of_subject));
    for (const std::string& value : found) {
      if (texts_.size() < kTextsMax) texts_.insert(LowerAscii(value));
    }
  }
  return {};
}

Result<void> SubjectSearch::LearnFromHistory(const SubjectTable& table) {
  NL_ASSIGN_OR_RETURN(SubjectRows rows, [&]() -> Result<SubjectRows> {
    SubjectRows found;
    NL_ASSIGN_OR_RETURN(found.table, context_.Open(table.name));
    NL_ASSIGN_OR_RETURN(found.history, tables::delta::FindRetiredFiles(context_.request(), context_.store(),
                                                                       context_.log_reader(), *found.table.snapshot));
    return found;
  }());
  std::vector<std::string> unclear;
  NL_ASSIGN_OR_RETURN(const auto by_version, Readable(rows, unclear));
  for (const auto& [version, paths] : by_version) {
    const auto learn = [&]() -> Result<void> {
      NL_ASSIGN_OR_RETURN(const OpenedTable then, context_.Open(table.name, version));
      return LearnFrom(table, {Files(then, version, paths), then});
    };
    // What cannot be read any more tells nothing; its files go all the same.
    if (auto learnt = learn(); !learnt && EndsStatement(learnt.error())) return learnt;
  }
  return {};
}

Result<void> SubjectSearch::Learn(const std::vector<SubjectTable>& tables) {
  bool past = false;
  for (int round = 0; round < kRoundsMax; ++round) {
    const SubjectValues before = values_;
    for (const SubjectTable& table : tables) {
      NL_ASSIGN_OR_RETURN(const OpenedTable opened, context_.Open(table.name));
      for (const auto& column : table.columns) {
        if (table.kind != "table" || FieldOf(*opened.snapshot, column.id) != nullptr) continue;
        return MakeError(
            ErrorCode::kInvalidArgument,
            "a column of the data subject is not in its table any more, take it out with ALTER DATA SUBJECT "
            "… DROP: {}",
            table.full_name());
      }
      NL_RETURN_IF_ERROR(LearnFrom(table, {NameOf(opened), opened}));
    }
    if (values_ != before) continue;
    if (past) return {};
    for (const SubjectTable& table : tables) NL_RETURN_IF_ERROR(LearnFromHistory(table));
    if (values_ == before) return {};
    past = true;
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   "one identifier of the data subject leads to another without end, rounds: {}", kRoundsMax);
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
  std::vector<std::string> telling;
  for (const auto& [identifier, values] : values_) {
    for (const std::string& value : values) {
      if (IsTelling(value)) telling.push_back(LowerAscii(value));
    }
  }
  NL_ASSIGN_OR_RETURN(rows.history, tables::delta::FindRetiredFiles(
                                        context_.request(), context_.store(), context_.log_reader(),
                                        *rows.table.snapshot, [&](std::string_view text) {
                                          const std::string low = LowerAscii(text);
                                          rows.log_holds = rows.log_holds ||
                                                           std::ranges::any_of(telling, [&](const std::string& value) {
                                                             return low.find(value) != std::string::npos;
                                                           });
                                        }));
  std::vector<std::string> holding;
  NL_ASSIGN_OR_RETURN(const auto by_version, Readable(rows, holding));
  for (const auto& [version, paths] : by_version) {
    std::vector<std::string> found;
    const auto narrow = [&]() -> Result<void> {
      NL_ASSIGN_OR_RETURN(const OpenedTable then, context_.Open(table.name, version));
      return Narrow(table, then, version, paths, found);
    };
    const auto narrowed = narrow();
    if (!narrowed && EndsStatement(narrowed.error())) return narrowed;
    if (!narrowed) found = paths;  // Nobody can say what is in them.
    holding.insert(holding.end(), found.begin(), found.end());
  }
  for (const auto& file : rows.history.data) {
    if (std::ranges::find(holding, file.path) == holding.end()) continue;
    (file.current ? rows.rewrites : rows.retired).push_back(file.path);
  }
  return {};
}

Result<SubjectRows> SubjectSearch::Find(const SubjectTable& table) {
  SubjectRows rows;
  NL_ASSIGN_OR_RETURN(rows.table, context_.Open(table.name));
  NL_ASSIGN_OR_RETURN(const auto conditions, ConditionsIn(table, *rows.table.snapshot));
  NL_ASSIGN_OR_RETURN(rows.rows, Count(NameOf(rows.table), conditions.of_subject));
  NL_ASSIGN_OR_RETURN(rows.rows_of_others, Count(NameOf(rows.table), conditions.of_others));
  if (rows.rows > 0) {
    std::vector<std::string> all;
    const auto& files = rows.table.snapshot->files();
    for (size_t i = 0; i < files.size(); ++i) all.emplace_back(files.path(i));
    NL_RETURN_IF_ERROR(Narrow(table, rows.table, -1, all, rows.rewrites));
  }
  NL_RETURN_IF_ERROR(FindInHistory(table, rows));
  std::ranges::sort(rows.rewrites);
  rows.rewrites.erase(std::unique(rows.rewrites.begin(), rows.rewrites.end()), rows.rewrites.end());
  return rows;
}

}  // namespace neurolake::query
