#include "cli/survey.h"

#include <algorithm>
#include <map>
#include <set>

#include "cli/internal/survey_forms.h"
#include "common/text.h"
#include "semantic/name_words.h"
#include "semantic/short_words.h"
#include "semantic/standard_codes.h"

namespace neurolake::cli {
namespace {

using semantic::HiddenForm;
using semantic::KnownColumn;
using semantic::KnownReference;
using semantic::KnownTable;

constexpr int64_t kExactRowsMax = 1'000'000;  ///< Up to here every column's values are counted exactly.
constexpr size_t kColumnsAtOnce = 24;
constexpr size_t kLookUpsAtOnce = 16;
constexpr int64_t kListedValuesMax = 12;
constexpr int64_t kListedCodesMax = 250;      ///< Of columns that may hold codes of a public list.
constexpr int64_t kValuesLookedUp = 100'000;  ///< Of a column that may refer to another.
constexpr size_t kTablesMax = 200;

/// What ends the whole; anything else leaves out what was being read.
bool EndsTheSurvey(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kCancelled:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kUnavailable:
    case ErrorCode::kUnauthenticated: return true;
    default: return false;
  }
}

class Surveyor {
 public:
  Surveyor(StatementRunner& runner, const SurveyOptions& options) : runner_(runner), options_(options) {}

  Result<Survey> Run() {
    NL_RETURN_IF_ERROR(ChooseSchema());
    NL_RETURN_IF_ERROR(ReadColumns());
    NL_RETURN_IF_ERROR(ReadComments());
    NL_RETURN_IF_ERROR(ReadTags());
    NL_RETURN_IF_ERROR(CountRows());
    const SurveyForms forms(
        [&](const std::string& sql, size_t columns, const std::string& table) { return Try(sql, columns, table); });
    for (KnownTable& table : survey_.tables) {
      if (!table.rows) continue;
      NL_RETURN_IF_ERROR(CountValues(table));
      NL_RETURN_IF_ERROR(CountPossibleKeys(table));
      NL_RETURN_IF_ERROR(ListValues(table));
      NL_RETURN_IF_ERROR(forms.Find(table));
    }
    semantic::LearnShortWords(survey_.tables);
    NL_RETURN_IF_ERROR(LookUpReferences());
    for (KnownTable& table : survey_.tables) NL_RETURN_IF_ERROR(FindKeys(table));
    for (KnownTable& table : survey_.tables) NL_RETURN_IF_ERROR(forms.MeasureSpans(table));
    for (KnownTable& table : survey_.tables) NL_RETURN_IF_ERROR(forms.FindOutcomes(table));
    for (const KnownTable& table : survey_.tables) NL_RETURN_IF_ERROR(ReadCalendar(table));
    return std::move(survey_);
  }

 private:
  /// Rows of a statement; nullopt where it may not be run, which is noted for `table`.
  Result<std::optional<SurveyRows>> Try(const std::string& sql, size_t columns, const std::string& table) {
    auto rows = runner_.Collect(sql, columns, 100'000);
    if (rows) return std::optional<SurveyRows>(std::move(*rows));
    if (EndsTheSurvey(rows.error())) return std::unexpected(rows.error());
    Note(fmt::format("{}: {}", table, rows.error().message()));
    return std::optional<SurveyRows>();
  }

  void Note(std::string text) {
    if (std::ranges::find(survey_.notes, text) == survey_.notes.end()) survey_.notes.push_back(std::move(text));
  }

  /// The schema that was named, by the option or before a table's name, else the only one with tables.
  Result<void> ChooseSchema() {
    std::set<std::string> named;
    if (!options_.schema.empty()) named.insert(LowerAscii(options_.schema));
    for (const std::string& table : options_.tables) {
      const size_t dot = table.find('.');
      if (dot != std::string::npos) named.insert(LowerAscii(table.substr(0, dot)));
      wanted_.insert(LowerAscii(dot == std::string::npos ? table : table.substr(dot + 1)));
    }
    if (named.size() > 1) {
      return MakeError(ErrorCode::kInvalidArgument, "a model is inferred from tables of one schema, not of {}",
                       fmt::join(named, " and "));
    }
    if (named.size() == 1) {
      survey_.schema = *named.begin();
      return {};
    }
    NL_ASSIGN_OR_RETURN(
        const auto schemas,
        runner_.Collect("SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_schema "
                        "NOT IN ('system', 'information_schema') ORDER BY 1",
                        1));
    if (schemas.empty()) {
      return MakeError(ErrorCode::kNotFound, "there is no table that you may see; 'neurolake table list' shows them");
    }
    std::vector<std::string> names;
    for (const auto& row : schemas) names.push_back(row[0]);
    if (names.size() > 1) {
      return MakeError(ErrorCode::kInvalidArgument, "several schemas have tables: name one with --schema: {}",
                       fmt::join(names, ", "));
    }
    survey_.schema = names.front();
    return {};
  }

  Result<void> ReadColumns() {
    NL_ASSIGN_OR_RETURN(
        const auto rows,
        runner_.Collect(
            fmt::format("SELECT c.table_name, c.column_name, c.data_type, coalesce(c.comment, ''), t.table_type "
                        "FROM information_schema.columns c JOIN information_schema.tables t USING "
                        "(table_schema, table_name) WHERE c.table_schema = {} ORDER BY c.table_name, "
                        "c.ordinal_position",
                        QuoteLiteral(survey_.schema)),
            5, 1'000'000));
    const bool has_tables = std::ranges::any_of(rows, [](const auto& row) { return row[4] != "VIEW"; });
    for (const auto& row : rows) {
      // A view over a table beside it would say everything twice; it is taken where it is asked for.
      const bool is_wanted = wanted_.empty() ? row[4] != "VIEW" || !has_tables : wanted_.contains(LowerAscii(row[0]));
      if (!is_wanted) continue;
      if (survey_.tables.empty() || survey_.tables.back().name.back() != row[0]) {
        survey_.tables.push_back({.name = {survey_.schema, row[0]}});
      }
      survey_.tables.back().columns.push_back({.name = row[1], .type = row[2], .comment = row[3]});
    }
    for (const std::string& table : wanted_) {
      const bool is_there = std::ranges::any_of(
          survey_.tables, [&](const KnownTable& one) { return EqualsIgnoringCase(one.name.back(), table); });
      if (!is_there)
        return MakeError(ErrorCode::kNotFound, "there is no table {}.{} that you may see", survey_.schema, table);
    }
    if (survey_.tables.empty()) {
      return MakeError(ErrorCode::kNotFound,
                       "there is no table in schema {} that you may see; 'neurolake table list' shows them",
                       survey_.schema);
    }
    if (survey_.tables.size() > kTablesMax) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "a model is inferred from at most {} tables, {} has {}: name some with "
                       "--tables",
                       kTablesMax, survey_.schema, survey_.tables.size());
    }
    return {};
  }

  Result<void> ReadComments() {
    for (KnownTable& table : survey_.tables) {
      const auto rows = runner_.Collect("DESCRIBE DETAIL " + QuotedTable(table.name), 4, 1);
      if (!rows && EndsTheSurvey(rows.error())) return std::unexpected(rows.error());
      if (rows && !rows->empty()) table.comment = (*rows)[0][3];  // A view has none.
    }
    return {};
  }

  Result<void> ReadTags() {
    NL_ASSIGN_OR_RETURN(
        const auto rows,
        Try(fmt::format("SELECT table_name, column_name, tag FROM system.tags WHERE schema_name = {} AND "
                        "column_name IS NOT NULL AND tag LIKE 'pii.%' ORDER BY ALL",
                        QuoteLiteral(survey_.schema)),
            3, "tags"));
    if (!rows) return {};
    for (const auto& row : *rows) {
      for (KnownTable& table : survey_.tables) {
        for (KnownColumn& column : table.columns) {
          // A field's tag ("home.street") is said of its column.
          const std::string field_of = column.name + ".";
          const bool is_meant = EqualsIgnoringCase(table.name.back(), row[0]) &&
                                (EqualsIgnoringCase(column.name, row[1]) ||
                                 EqualsIgnoringCase(field_of, row[1].substr(0, field_of.size())));
          if (is_meant) column.personal = row[2].substr(row[2].find('.') + 1);
        }
      }
    }
    return {};
  }

  Result<void> CountRows() {
    for (KnownTable& table : survey_.tables) {
      NL_ASSIGN_OR_RETURN(const auto rows,
                          Try("SELECT count(*) FROM " + QuotedTable(table.name), 1, table.name.back()));
      if (rows && !rows->empty()) table.rows = WholeOf((*rows)[0][0]);
    }
    return {};
  }

  Result<void> CountValues(KnownTable& table) {
    std::vector<KnownColumn*> columns;
    for (KnownColumn& column : table.columns) {
      if (!IsNestedType(column.type)) columns.push_back(&column);
    }
    const bool is_small = *table.rows <= kExactRowsMax;
    for (size_t begin = 0; begin < columns.size(); begin += kColumnsAtOnce) {
      const size_t end = std::min(columns.size(), begin + kColumnsAtOnce);
      std::string sql = "SELECT ";
      for (size_t i = begin; i < end; ++i) {
        const std::string name = QuoteIdentifier(columns[i]->name);
        const bool is_text = IsTextType(columns[i]->type);
        sql += fmt::format(
            "{}count({}), {}, {}, {}", i == begin ? "" : ", ", name,
            is_small ? fmt::format("count(DISTINCT {})", name) : fmt::format("approx_count_distinct({})", name),
            is_text ? fmt::format("count(TRY_CAST({} AS DATE))", name) : fmt::format("CAST(min({}) AS VARCHAR)", name),
            is_text ? "''" : fmt::format("CAST(max({}) AS VARCHAR)", name));
      }
      NL_ASSIGN_OR_RETURN(const auto rows,
                          Try(sql + " FROM " + QuotedTable(table.name), 4 * (end - begin), table.name.back()));
      if (!rows || rows->empty()) continue;
      for (size_t i = begin; i < end; ++i) Keep((*rows)[0], 4 * (i - begin), *table.rows, is_small, *columns[i]);
    }
    return {};
  }

  static void Keep(const std::vector<std::string>& row, size_t at, int64_t rows, bool is_exact, KnownColumn& column) {
    const int64_t known = WholeOf(row[at]);
    column.nulls = rows - known;
    column.distinct = WholeOf(row[at + 1]);
    column.distinct_is_exact = is_exact;
    if (IsTextType(column.type)) {
      if (known > 0 && WholeOf(row[at + 2]) == known) column.form = HiddenForm::kDateText;
    } else {
      column.min = row[at + 2];
      column.max = row[at + 3];
    }
  }

  /// What an estimate leaves open: is each value there once?
  Result<void> CountPossibleKeys(KnownTable& table) {
    if (*table.rows <= kExactRowsMax) return {};
    std::vector<KnownColumn*> columns;
    for (KnownColumn& column : table.columns) {
      const bool may_be_key = IsWholeType(column.type) || IsTextType(column.type) || LowerAscii(column.type) == "date";
      const bool is_close = column.distinct && double(*column.distinct) >= 0.8 * double(*table.rows);
      if (may_be_key && is_close && column.nulls.value_or(1) == 0 && columns.size() < 8) columns.push_back(&column);
    }
    if (columns.empty()) return {};
    std::string sql;
    for (const KnownColumn* column : columns) {
      sql += fmt::format("{}count(DISTINCT {})", sql.empty() ? "SELECT " : ", ", QuoteIdentifier(column->name));
    }
    NL_ASSIGN_OR_RETURN(const auto rows,
                        Try(sql + " FROM " + QuotedTable(table.name), columns.size(), table.name.back()));
    for (size_t i = 0; rows && !rows->empty() && i < columns.size(); ++i) {
      columns[i]->distinct = WholeOf((*rows)[0][i]);
      columns[i]->distinct_is_exact = true;
    }
    return {};
  }

  Result<void> ListValues(KnownTable& table) {
    std::string sql;
    std::vector<KnownColumn*> columns;
    for (KnownColumn& column : table.columns) {
      const bool may_be_codes = semantic::MayHoldStandardCodes(semantic::WordsOfName(column.name));
      const int64_t most = may_be_codes ? kListedCodesMax : kListedValuesMax;
      const bool is_short = IsTextType(column.type) && column.personal.empty() && column.distinct.value_or(0) > 0 &&
                            *column.distinct <= most && (may_be_codes || *column.distinct < *table.rows);
      if (!is_short) continue;
      sql += fmt::format("{}SELECT {} AS place, {} AS value FROM {} WHERE {} IS NOT NULL GROUP BY {}",
                         sql.empty() ? "" : " UNION ALL ", columns.size(), QuoteIdentifier(column.name),
                         QuotedTable(table.name), QuoteIdentifier(column.name), QuoteIdentifier(column.name));
      columns.push_back(&column);
    }
    if (columns.empty()) return {};
    NL_ASSIGN_OR_RETURN(const auto rows, Try(sql + " ORDER BY ALL", 2, table.name.back()));
    if (!rows) return {};
    for (const auto& row : *rows) {
      const auto place = size_t(WholeOf(row[0]));
      if (place < columns.size()) columns[place]->values.push_back(row[1]);
    }
    return {};
  }

  Result<void> LookUpReferences() {
    auto candidates = semantic::CandidateReferences(survey_.tables);
    for (size_t begin = 0; begin < candidates.size(); begin += kLookUpsAtOnce) {
      const size_t end = std::min(candidates.size(), begin + kLookUpsAtOnce);
      NL_RETURN_IF_ERROR(LookUp(candidates, begin, end));
    }
    survey_.references = semantic::ChosenReferences(survey_.tables, candidates);
    return {};
  }

  static std::string LookUpSql(const KnownReference& reference, size_t place) {
    return fmt::format(
        "SELECT {} AS place, count(*) AS looked_up, count(k.v) AS found FROM (SELECT DISTINCT {} AS v FROM {} "
        "WHERE {} IS NOT NULL LIMIT {}) f LEFT JOIN (SELECT {} AS v FROM {}) k ON f.v = k.v",
        place, QuoteIdentifier(reference.from_column), QuotedTable(reference.from_table),
        QuoteIdentifier(reference.from_column), kValuesLookedUp, QuoteIdentifier(reference.to_column),
        QuotedTable(reference.to_table));
  }

  /// Several in one statement; one by one where together they may not be run.
  Result<void> LookUp(std::vector<KnownReference>& candidates, size_t begin, size_t end) {
    std::string sql;
    for (size_t i = begin; i < end; ++i) sql += (sql.empty() ? "" : " UNION ALL ") + LookUpSql(candidates[i], i);
    const auto rows = runner_.Collect(sql, 3);
    if (!rows && EndsTheSurvey(rows.error())) return std::unexpected(rows.error());
    if (!rows && end - begin > 1) {
      for (size_t i = begin; i < end; ++i) NL_RETURN_IF_ERROR(LookUp(candidates, i, i + 1));
      return {};
    }
    for (size_t i = begin; i < end; ++i) candidates[i].found = 0;
    if (!rows) return {};
    for (const auto& row : *rows) {
      const int64_t looked_up = WholeOf(row[1]);
      const auto place = size_t(WholeOf(row[0]));
      if (looked_up > 0 && place < candidates.size())
        candidates[place].found = double(WholeOf(row[2])) / double(looked_up);
    }
    return {};
  }

  Result<void> FindKeys(KnownTable& table) {
    if (!table.rows || *table.rows == 0) return {};
    for (const auto& key : semantic::CandidateKeys(table, survey_.references)) {
      std::string columns;
      for (const std::string& column : key) columns += (columns.empty() ? "" : ", ") + QuoteIdentifier(column);
      NL_ASSIGN_OR_RETURN(const auto rows, Try(fmt::format("SELECT count(*) FROM (SELECT {0} FROM {1} GROUP BY {0})",
                                                           columns, QuotedTable(table.name)),
                                               1, table.name.back()));
      if (!rows || rows->empty() || WholeOf((*rows)[0][0]) != *table.rows) continue;
      table.keys.push_back(key);
      return {};
    }
    return {};
  }

  /// Where a calendar's keys count its days, whoever has such a key has the day.
  Result<void> ReadCalendar(const KnownTable& calendar) {
    const KnownColumn* day = semantic::CalendarDay(calendar);
    if (day == nullptr) return {};
    for (const KnownReference& reference : survey_.references) {
      if (reference.to_table != calendar.name) continue;
      const auto key = std::ranges::find(calendar.columns, reference.to_column, &KnownColumn::name);
      if (key == calendar.columns.end() || !IsWholeType(key->type)) continue;
      const std::string zero =
          fmt::format("CAST({} AS DATE) - CAST({} AS INTEGER)", QuoteIdentifier(day->name), QuoteIdentifier(key->name));
      NL_ASSIGN_OR_RETURN(const auto rows,
                          Try(fmt::format("SELECT CAST(min({0}) AS VARCHAR), CAST(max({0}) AS VARCHAR) FROM {1}", zero,
                                          QuotedTable(calendar.name)),
                              2, calendar.name.back()));
      if (!rows || rows->empty() || (*rows)[0][0].empty() || (*rows)[0][0] != (*rows)[0][1]) continue;
      for (KnownTable& table : survey_.tables) {
        if (table.name != reference.from_table) continue;
        const auto column = std::ranges::find(table.columns, reference.from_column, &KnownColumn::name);
        if (column == table.columns.end() || column->form != HiddenForm::kNone) continue;
        column->form = HiddenForm::kDayNumber;
        column->day_zero = (*rows)[0][0];
      }
    }
    return {};
  }

  StatementRunner& runner_;
  const SurveyOptions& options_;
  std::set<std::string> wanted_;  ///< Tables, lower case.
  Survey survey_;
};

}  // namespace

Result<Survey> SurveyTables(StatementRunner& runner, const SurveyOptions& options) {
  return Surveyor(runner, options).Run();
}

}  // namespace neurolake::cli
