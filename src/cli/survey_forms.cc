#include "cli/internal/survey_forms.h"

#include <charconv>

#include "common/text.h"

namespace neurolake::cli {

using semantic::HiddenForm;
using semantic::KnownColumn;
using semantic::KnownTable;

int64_t WholeOf(const std::string& text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool IsWholeType(std::string_view type) {
  const std::string lower = LowerAscii(type);
  return lower.ends_with("int") || lower.ends_with("integer") || lower == "long" || lower == "short";
}

bool IsTextType(std::string_view type) {
  const std::string lower = LowerAscii(type);
  return lower == "varchar" || lower == "text" || lower == "string" || lower.starts_with("varchar(");
}

bool IsNestedType(std::string_view type) {
  const std::string lower = LowerAscii(type);
  return lower.find('[') != std::string::npos || lower.starts_with("struct") || lower.starts_with("map") ||
         lower == "blob" || lower == "binary" || lower == "variant";
}

std::string QuotedTable(const std::vector<std::string>& table) {
  return QuoteIdentifier(table.front()) + "." + QuoteIdentifier(table.back());
}

Result<void> SurveyForms::Find(KnownTable& table) const {
  semantic::FindEpochs(table);
  NL_RETURN_IF_ERROR(FindInNumbers(table));
  return FindInTexts(table);
}

/// 20240131 and 202401 as numbers, where all values are such days or months; a month is called one, too, as any number
/// of six digits may look like it.
Result<void> SurveyForms::FindInNumbers(KnownTable& table) const {
  for (KnownColumn& column : table.columns) {
    if (!IsWholeType(column.type) || column.form != HiddenForm::kNone) continue;
    const int64_t min = WholeOf(column.min), max = WholeOf(column.max);
    const bool is_day = min >= 19000101 && max <= 21001231;
    const bool is_month = min >= 190001 && max <= 210012 && semantic::SaysMonth(column.name);
    if (!is_day && !is_month) continue;
    const std::string name = QuoteIdentifier(column.name);
    NL_ASSIGN_OR_RETURN(
        const auto rows,
        ask_(fmt::format("SELECT count(*) FROM {0} WHERE {1} IS NOT NULL AND try_strptime(CAST({1} AS VARCHAR), '{2}') "
                         "IS NULL",
                         QuotedTable(table.name), name, is_day ? "%Y%m%d" : "%Y%m"),
             1, table.name.back()));
    if (rows && !rows->empty() && (*rows)[0][0] == "0")
      column.form = is_day ? HiddenForm::kYearMonthDay : HiddenForm::kYearMonth;
  }
  return {};
}

Result<void> SurveyForms::FindInTexts(KnownTable& table) const {
  for (KnownColumn& column : table.columns) {
    if (!IsTextType(column.type) || column.distinct.value_or(0) == 0) continue;
    if (column.form == HiddenForm::kNone && semantic::SoundsLikeTime(table, column)) {
      NL_RETURN_IF_ERROR(FindPattern(table, column));
    }
    if (column.form != HiddenForm::kDateText) continue;
    const std::string name = QuoteIdentifier(column.name);
    NL_ASSIGN_OR_RETURN(
        const auto rows,
        ask_(fmt::format("SELECT count(*) FROM {0} WHERE TRY_CAST({1} AS TIMESTAMP) <> CAST(TRY_CAST({1} "
                         "AS DATE) AS TIMESTAMP)",
                         QuotedTable(table.name), name),
             1, table.name.back()));
    if (rows && !rows->empty() && (*rows)[0][0] != "0") column.form = HiddenForm::kTimeText;
  }
  return {};
}

/// The one way in which all of a column's texts are days.
Result<void> SurveyForms::FindPattern(const KnownTable& table, KnownColumn& column) const {
  const auto patterns = semantic::DatePatterns();
  const std::string name = QuoteIdentifier(column.name);
  std::string sql = fmt::format("SELECT count({})", name);
  for (const std::string_view pattern : patterns) sql += fmt::format(", count(try_strptime({}, '{}'))", name, pattern);
  NL_ASSIGN_OR_RETURN(const auto rows,
                      ask_(sql + " FROM " + QuotedTable(table.name), patterns.size() + 1, table.name.back()));
  if (!rows || rows->empty()) return {};
  const auto& counts = rows->front();
  std::string fitting;
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (counts[i + 1] != counts[0]) continue;
    if (!fitting.empty()) return {};
    fitting = patterns[i];
  }
  if (fitting.empty()) return {};
  column.form = HiddenForm::kDatePattern;
  column.pattern = fitting;
  return {};
}

/// Those in which the later time is not before the earlier one, but for one row of a hundred.
Result<void> SurveyForms::MeasureSpans(KnownTable& table) const {
  if (!table.rows || *table.rows == 0) return {};
  for (const auto& span : semantic::CandidateSpans(table)) {
    const std::string from = fmt::format("CAST({} AS TIMESTAMP)", semantic::TimeExpression(table, span.from));
    const std::string to = fmt::format("CAST({} AS TIMESTAMP)", semantic::TimeExpression(table, span.to));
    NL_ASSIGN_OR_RETURN(
        const auto rows,
        ask_(fmt::format("SELECT count(*), count(*) FILTER ({1} >= {0}), CAST(median(date_diff('second', {0}, {1})) AS "
                         "BIGINT) FROM {2} WHERE {0} IS NOT NULL AND {1} IS NOT NULL",
                         from, to, QuotedTable(table.name)),
             3, table.name.back()));
    if (!rows || rows->empty()) continue;
    const int64_t known = WholeOf((*rows)[0][0]);
    if (known == 0 || 100 * WholeOf((*rows)[0][1]) < 99 * known) continue;
    table.spans.push_back({.from = span.from, .to = span.to, .median_seconds = double(WholeOf((*rows)[0][2]))});
  }
  return {};
}

Result<void> SurveyForms::FindOutcomes(KnownTable& table) const {
  constexpr int64_t kRowsMin = 5;  // Fewer show nothing.
  if (!table.rows || *table.rows == 0) return {};
  for (const auto& candidate : semantic::CandidateOutcomes(table)) {
    const std::string status = QuoteIdentifier(candidate.column);
    NL_ASSIGN_OR_RETURN(const auto rows,
                        ask_(fmt::format("SELECT {0}, count(*), count({1}) FROM {2} WHERE {0} IS NOT NULL GROUP BY {0}",
                                         status, QuoteIdentifier(candidate.time), QuotedTable(table.name)),
                             3, table.name.back()));
    if (!rows) continue;
    const std::vector<std::string>* only = nullptr;
    bool tells = true;
    for (const auto& row : *rows) {
      const int64_t all = WholeOf(row[1]), with = WholeOf(row[2]);
      if (with == 0) continue;
      tells = tells && only == nullptr && with == all && all >= kRowsMin;
      only = &row;
    }
    if (!tells || only == nullptr || rows->size() < 2) continue;
    table.outcomes.push_back({.column = candidate.column, .value = (*only)[0], .time = candidate.time});
  }
  return {};
}

}  // namespace neurolake::cli
