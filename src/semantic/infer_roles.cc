#include <algorithm>
#include <array>
#include <charconv>

#include "common/text.h"
#include "semantic/internal/infer_parts.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

double NumberOf(const std::string& text, double otherwise) {
  double number = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

/// "is", "has" and what else begins or ends the name of a yes or no.
bool TakeFlagMarks(Words& words) {
  static const WordSet kFirst{"is", "has", "was", "had", "are", "did", "were"};
  bool marked = false;
  if (words.size() > 1 && kFirst.contains(words.front())) {
    words.erase(words.begin());
    marked = true;
  }
  if (words.size() > 1 && (words.back() == "flag" || words.back() == "indicator" || words.back() == "yn")) {
    words.pop_back();
    marked = true;
  }
  return marked;
}

bool SaysYesAndNo(const KnownColumn& column) {
  if (column.values.empty() || column.values.size() > 2) return false;
  static const std::array<WordSet, 9> kPairs{WordSet{"y", "n"}, WordSet{"yes", "no"},  WordSet{"true", "false"},
                                             WordSet{"t", "f"}, WordSet{"j", "n"},     WordSet{"ja", "nein"},
                                             WordSet{"o", "n"}, WordSet{"oui", "non"}, WordSet{"s", "n"}};
  return std::ranges::any_of(kPairs, [&](const WordSet& pair) {
    return std::ranges::all_of(column.values,
                               [&](const std::string& value) { return pair.contains(LowerAscii(value)); });
  });
}

/// Whether a column is a yes or no; takes the marks of one off `words` then.
bool IsFlag(const KnownColumn& column, ValueType type, Words& words) {
  Words without = words;
  const bool marked = TakeFlagMarks(without);
  static const WordSet kAdjectives{"active", "premium", "urgent", "late", "vip", "paid", "new", "enabled", "valid"};
  // Both 0 and 1, and nothing else: a count of something would be called so, or by a plural.
  static const WordSet kCounts{"count", "quantity", "number", "amount", "total", "level",   "rank",
                               "id",    "key",      "type",   "status", "state", "code",    "mode",
                               "kind",  "group",    "class",  "gender", "sex",   "category"};
  const bool is_both = column.min == "0" && column.max == "1" && column.distinct == 2;
  const bool counts = HasAny(words, kCounts) || PluralOf(words.back()) == words.back();
  const bool sounds =
      marked || words.back().ends_with("ed") || kAdjectives.contains(words.back()) || (is_both && !counts);
  const bool is_bit = type == ValueType::kInteger && (column.min == "0" || column.min == "1") && column.max == "1";
  const bool is_digit_text =
      type == ValueType::kText && sounds && !column.values.empty() && column.values.size() <= 2 &&
      std::ranges::all_of(column.values, [](const std::string& value) { return value == "0" || value == "1"; });
  const bool is_flag = type == ValueType::kBoolean || is_digit_text || (is_bit && sounds) ||
                       (type == ValueType::kText && SaysYesAndNo(column));
  if (is_flag) words = std::move(without);
  return is_flag;
}

std::string LevelOf(const Words& words, const ReadTable& table) {
  static const WordSet kLevels{"continent", "country", "region", "city", "postcode", "latitude", "longitude"};
  const std::string& last = words.back();
  if (kLevels.contains(last)) return last;
  if (last == "nation") return "country";
  if (last == "zip" || JoinedWords(words).ends_with("zip code") || JoinedWords(words).ends_with("postal code"))
    return "postcode";
  if (last != "state" && last != "province") return {};
  const bool has_places = std::ranges::any_of(table.known->columns, [](const KnownColumn& column) {
    const Words other = WordsOfName(column.name);
    return !other.empty() && (other.back() == "city" || other.back() == "country" || other.back() == "zip");
  });
  return last == "province" || has_places ? "region" : "";
}

/// Numbers that name, rank or point to something.
bool IsCodeNumber(const ReadColumn& column) {
  const Words& words = column.words;
  static const WordSet kLast{
      "id",   "key",       "code",     "number",  "zip",       "postcode", "year",    "month",    "day",  "hour",
      "week", "floor",     "latitude", "phone",   "longitude", "rank",     "version", "quarter",  "isbn", "sequence",
      "line", "position",  "ssn",      "weekday", "minute",    "second",   "dow",     "priority", "tier", "stage",
      "step", "direction", "bearing",  "heading", "azimuth",   "port",     "zone",    "gate",     "slot"};
  if (words.front() == "number" && words.size() > 1) return false;
  if (words.size() > 1 && words.back() == "by") return true;  // Who did it.
  if (kLast.contains(words.back())) return true;
  const double min = NumberOf(column.known->min, 0), max = NumberOf(column.known->max, 0);
  if (Has(words, "year") && column.type == ValueType::kInteger && min >= 1000 && max <= 2200) return true;
  static const WordSet kMoments{"departure", "arrival", "opening", "closing", "check"};
  return words.back() == "time" && column.type == ValueType::kInteger && max <= 2400 && max > 1000 &&
         HasAny(words, kMoments);
}

/// Whether the number is a share of one: its values are, and its name allows it.
bool IsShare(const ReadColumn& column) {
  const double max = NumberOf(column.known->max, 100), min = NumberOf(column.known->min, 0);
  static const WordSet kShares{"rate",     "percent", "percentage",  "ratio", "share",
                               "discount", "tax",     "probability", "margin"};
  return column.type == ValueType::kNumber && max <= 1 && min >= -1 &&
         (column.unit == "%" || HasAny(column.words, kShares));
}

/// Marks from a short scale: whole numbers from 0 or 1 to 5 or 10 of something that is not said in the plural, and is
/// no quantity. A mean of them says something, a sum does not.
bool IsScale(const ReadColumn& column) {
  static const WordSet kQuantities{"quantity", "count", "amount", "number", "stock", "cost", "price", "fee", "tax"};
  const double min = NumberOf(column.known->min, -1), max = NumberOf(column.known->max, 0);
  const bool is_short = column.type == ValueType::kInteger && (min == 0 || min == 1) && (max == 5 || max == 10);
  return is_short && column.unit.empty() && PluralOf(column.words.back()) != column.words.back() &&
         !HasAny(column.words, kQuantities);
}

ColumnRole RoleOfNumber(const ReadColumn& column) {
  const Words& words = column.words;
  static const WordSet kBalances{"balance",  "stock",    "inventory", "headcount", "outstanding", "backlog",
                                 "reserve",  "reserves", "owed",      "unpaid",    "receivable",  "receivables",
                                 "payables", "payable",  "liability", "exposure",  "debt",        "arrears",
                                 "reserved", "holding",  "holdings",  "mrr",       "arr"};
  static const WordSet kRates{
      "rate",        "percent",   "percentage", "ratio",    "score",       "rating",        "age",
      "temperature", "speed",     "average",    "margin",   "humidity",    "pressure",      "voltage",
      "level",       "latency",   "delay",      "grade",    "gpa",         "index",         "factor",
      "stars",       "height",    "width",      "depth",    "reading",     "visibility",    "gust",
      "altitude",    "elevation", "limit",      "size",     "probability", "intensity",     "density",
      "frequency",   "mean",      "median",     "point",    "share",       "concentration", "temperatures",
      "bmi",         "ph",        "wait",       "response", "price",       "utilization",   "occupancy",
      "efficiency",  "accuracy",  "quality",    "load",     "severity",    "satisfaction",  "nps",
      "sentiment",   "cpu",       "memory",     "torque",   "vibration",   "glucose",       "cholesterol",
      "systolic",    "diastolic", "pulse",      "aqi",      "rpm",         "csat",          "luminosity",
      "brightness",  "rssi",      "signal",     "strength", "current",     "noise"};
  static const WordSet kExtents{"duration", "time",     "salary", "wage",     "tenure",     "income", "weight",
                                "length",   "seats",    "stay",   "capacity", "lifetime",   "area",   "experience",
                                "pages",    "calories", "bonus",  "runtime",  "population", "years"};
  const std::string& last = words.back();
  if (IsCodeNumber(column)) return ColumnRole::kCode;
  // Of the longest of each, the longest is asked for: a sum says nothing, and a mean is not what it is called.
  static const WordSet kHighest{"max", "maximum", "longest", "highest", "largest", "peak", "oldest"};
  static const WordSet kLowest{"min", "minimum", "shortest", "lowest", "smallest"};
  const bool says_first = words.size() > 1;
  if (says_first && kHighest.contains(words.front())) return ColumnRole::kHighest;
  if (says_first && kLowest.contains(words.front())) return ColumnRole::kLowest;
  const bool is_amount = words.size() > 1 && (last == "amount" || last == "value");
  if (Has(words, "balance") || kBalances.contains(last) || (is_amount && kBalances.contains(words[words.size() - 2])) ||
      (Has(words, "available") && Has(words, "quantity")) || (Has(words, "on") && Has(words, "hand")) ||
      (Has(words, "in") && Has(words, "stock")))
    return ColumnRole::kBalance;
  static const WordSet kMeans{"average", "mean", "median", "percent", "percentage", "rate", "ratio", "rating"};
  if (HasAny(words, kMeans) || IsShare(column) || column.unit == "%") return ColumnRole::kRate;
  static const WordSet kSums{"total", "extended", "amount", "subtotal", "sum"};
  if (HasAny(words, kSums) && !Has(words, "unit")) return ColumnRole::kFlow;
  static const WordSet kPerPiece{"unit", "standard", "list", "supply", "per", "retail", "wholesale"};
  if (last == "cost" && HasAny(words, kPerPiece)) return ColumnRole::kRate;
  if (last == "value" && words.size() == 1 && !IsCurrency(column.unit)) return ColumnRole::kRate;
  if (last == "discount" || last == "tax") {
    return last == "discount" && NumberOf(column.known->max, 1000) <= 100 && column.type == ValueType::kInteger
               ? ColumnRole::kRate
               : ColumnRole::kFlow;
  }
  const std::string one = SingularOf(last);
  if (kRates.contains(last) || kRates.contains(one) || IsScale(column)) return ColumnRole::kRate;
  if (kExtents.contains(last) || kExtents.contains(one)) return ColumnRole::kExtent;
  return ColumnRole::kFlow;
}

/// What came, went or was done since the last time is added up, also in a table of snapshots.
bool SaysMovement(const Words& words) {
  static const WordSet kMoved{
      "sold",        "sales",        "revenue",   "received", "shipped",  "issued",   "added",  "new",
      "paid",        "billed",       "consumed",  "used",     "usage",    "produced", "change", "net",
      "churned",     "lost",         "gained",    "cost",     "spend",    "spent",    "orders", "visits",
      "clicks",      "views",        "trips",     "returned", "movement", "joined",   "left",   "kwh",
      "consumption", "transactions", "purchased", "delta",    "incoming", "outgoing", "inflow", "outflow"};
  return HasAny(words, kMoved);
}

/// Whether a time in the names says that all is counted again each time.
bool IsTakenAgain(const KnownTable& table) {
  return std::ranges::any_of(table.columns, [](const KnownColumn& column) {
    const bool is_time = IsTimeType(ValueTypeOf(column.type)) || column.form != HiddenForm::kNone;
    return is_time && HasAny(WordsOfName(column.name), {"snapshot", "census"});
  });
}

}  // namespace

void ChooseRole(ReadColumn& column, const ReadTable& table) {
  const std::string type = LowerAscii(column.known->type);
  const bool is_nested = type.find('[') != std::string::npos || type.starts_with("struct") ||
                         type.starts_with("map(") || type == "blob" ||
                         (type.starts_with("time") && !type.starts_with("timestamp"));
  if (is_nested) return;
  if (IsTimeType(column.type) || column.known->form != HiddenForm::kNone) {
    column.role = ColumnRole::kTime;
  } else if (IsFlag(*column.known, column.type, column.words)) {
    column.role = ColumnRole::kFlag;
  } else if (!IsNumber(column.type)) {
    column.role = ColumnRole::kCategory;
    column.level = LevelOf(column.words, table);
  } else {
    column.is_percent = IsShare(column);
    if (column.is_percent) column.unit.clear();
    column.level = LevelOf(column.words, table);
    // flights.flight is the flight's number.
    const bool names_row = column.words == table.words && column.type == ValueType::kInteger;
    const bool is_place = column.level == "latitude" || column.level == "longitude";
    column.role = is_place ? ColumnRole::kCode : RoleOfNumber(column);
    if (names_row && column.role == ColumnRole::kFlow) column.role = ColumnRole::kCode;
    // What is paid for a shift is added up; what somebody is paid is compared.
    static const WordSet kPaidFor{"shift", "timesheet", "payslip", "payroll", "run", "job", "assignment", "gig"};
    static const WordSet kPay{"wage", "wages", "salary", "pay", "bonus", "income"};
    if (column.role == ColumnRole::kExtent && kPay.contains(column.words.back()) && HasAny(table.words, kPaidFor))
      column.role = ColumnRole::kFlow;
    // What a table of snapshots counts is there each time again.
    static const WordSet kSnapshots{"snapshot", "snapshots", "inventory", "balance", "position", "holding", "stock"};
    const bool are_snapshots = HasAny(table.words, kSnapshots) || IsTakenAgain(*table.known);
    if (column.role == ColumnRole::kFlow && are_snapshots && !SaysMovement(column.words))
      column.role = ColumnRole::kBalance;
  }
}

}  // namespace neurolake::semantic
