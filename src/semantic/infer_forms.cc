#include <algorithm>
#include <charconv>

#include "semantic/expression_text.h"
#include "semantic/internal/infer_parts.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

std::optional<int64_t> WholeOf(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool SaysTime(const std::vector<std::string>& words) {
  static const WordSet kTimes{"date", "day",  "time",  "timestamp", "datetime", "at",       "on",  "epoch",
                              "unix", "when", "month", "since",     "until",    "birthday", "dob", "moment"};
  return std::ranges::any_of(words, [](const std::string& word) { return kTimes.contains(word); }) ||
         !VerbOfTime(words).empty();
}

}  // namespace

bool IsDayForm(HiddenForm form) {
  switch (form) {
    case HiddenForm::kYearMonthDay:
    case HiddenForm::kDayNumber:
    case HiddenForm::kYearMonth:
    case HiddenForm::kDateText:
    case HiddenForm::kDatePattern: return true;
    case HiddenForm::kNone:
    case HiddenForm::kTimeText:
    case HiddenForm::kEpoch: return false;
  }
  return false;
}

bool SoundsLikeTime(const KnownTable& table, const KnownColumn& column) {
  for (const ReadColumn& read : ReadTableNames(table).columns) {
    if (read.known == &column) return SaysTime(read.words) || SaysTime(WordsOfName(column.name));
  }
  return false;
}

bool SaysMonth(std::string_view name) {
  static const WordSet kMonths{"month", "yearmonth", "yyyymm", "ym", "period", "months"};
  return std::ranges::any_of(WordsOfName(name), [](const std::string& word) { return kMonths.contains(word); });
}

void FindEpochs(KnownTable& table) {
  constexpr int64_t k1990 = 631'152'000, k2100 = 4'102'444'800;
  for (KnownColumn& column : table.columns) {
    const auto min = WholeOf(column.min), max = WholeOf(column.max);
    const bool is_open = column.form == HiddenForm::kNone && ValueTypeOf(column.type) == ValueType::kInteger;
    if (!is_open || !min || !max || !SoundsLikeTime(table, column)) continue;
    for (const int64_t per_second : {int64_t{1}, int64_t{1'000}, int64_t{1'000'000}}) {
      if (*min < k1990 * per_second || *max > k2100 * per_second) continue;
      column.form = HiddenForm::kEpoch;
      column.epoch_per_second = per_second;
      break;
    }
  }
}

std::span<const std::string_view> DatePatterns() {
  static constexpr std::string_view kPatterns[] = {"%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y",  "%Y/%m/%d",
                                                   "%Y%m%d",   "%Y-%m",    "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y"};
  return kPatterns;
}

SqlExpression ExpressionOf(const ReadColumn& column) {
  const KnownColumn& known = *column.known;
  const std::string plain = ColumnExpression(known.name);
  switch (known.form) {
    case HiddenForm::kYearMonthDay:
      return fmt::format("CAST(try_strptime(CAST({} AS VARCHAR), '%Y%m%d') AS DATE)", plain);
    case HiddenForm::kYearMonth: return fmt::format("CAST(try_strptime(CAST({} AS VARCHAR), '%Y%m') AS DATE)", plain);
    case HiddenForm::kDayNumber: return fmt::format("DATE '{}' + CAST({} AS INTEGER)", known.day_zero, plain);
    case HiddenForm::kDateText: return fmt::format("TRY_CAST({} AS DATE)", plain);
    case HiddenForm::kTimeText: return fmt::format("TRY_CAST({} AS TIMESTAMP)", plain);
    case HiddenForm::kDatePattern: return fmt::format("CAST(try_strptime({}, '{}') AS DATE)", plain, known.pattern);
    case HiddenForm::kEpoch:
      return fmt::format("make_timestamp(CAST({} AS BIGINT) * {})", plain, 1'000'000 / known.epoch_per_second);
    case HiddenForm::kNone: break;
  }
  if (column.role != ColumnRole::kFlag || column.type == ValueType::kBoolean) return plain;
  if (column.type == ValueType::kInteger) return plain + " = 1";
  return fmt::format("lower({}) IN ('y', 'yes', 't', 'true', 'j', 'ja', 'o', 'oui', 's', 'si', '1')", plain);
}

}  // namespace neurolake::semantic
