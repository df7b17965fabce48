#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/infer_parts.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

using Words = std::vector<std::string>;
using WordSet = std::unordered_set<std::string_view>;

constexpr size_t kNameBytesMax = 64;
constexpr size_t kPrefixBytesMax = 5;

bool Has(const Words& words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

bool HasAny(const Words& words, const WordSet& set) {
  return std::ranges::any_of(words, [&](const std::string& word) { return set.contains(word); });
}

double NumberOf(const std::string& text, double otherwise) {
  double number = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

/// The first part of all columns' names, where they share one: "l" of l_orderkey, l_partkey, …
std::string SharedPrefix(const KnownTable& table) {
  if (table.columns.size() < 3) return {};
  const std::string first = LowerAscii(table.columns.front().name);
  const size_t end = first.find('_');
  if (end == std::string::npos || end == 0) return {};
  const std::string prefix = first.substr(0, end + 1);
  for (const KnownColumn& column : table.columns) {
    if (!LowerAscii(column.name).starts_with(prefix) || column.name.size() == prefix.size()) return {};
  }
  return prefix;
}

bool IsAffixOfTable(std::string_view word) {
  static const WordSet kAffixes{"dim", "fact", "fct", "stg", "staging", "tbl",  "table", "raw",          "vw",
                                "f",   "d",    "t",   "tb",  "dm",      "wide", "flat",  "denormalized", "obt"};
  return kAffixes.contains(word);
}

/// The words of a name, with what the tables' own short words stand for.
Words WordsIn(const KnownTable& table, std::string_view name) {
  std::string whole_name(name);
  const Words parts = PartsOfName(name);
  const auto is_short = [&](const std::string& part) {
    return std::ranges::find(table.written_out, part, &std::pair<std::string, std::string>::first);
  };
  if (std::ranges::any_of(parts, [&](const auto& part) { return is_short(part) != table.written_out.end(); })) {
    whole_name.clear();
    for (const std::string& part : parts) {
      const auto whole = is_short(part);
      whole_name += (whole_name.empty() ? "" : "_") + (whole == table.written_out.end() ? part : whole->second);
    }
  }
  return WordsOfName(whole_name);
}

Words NounOf(const KnownTable& table) {
  Words words = WordsIn(table, table.name.back());
  while (words.size() > 1 && IsAffixOfTable(words.front())) words.erase(words.begin());
  while (words.size() > 1 && IsAffixOfTable(words.back())) words.pop_back();
  // "inv" is an invoice, other than where things lie.
  const bool has_stock = std::ranges::any_of(table.columns, [](const KnownColumn& column) {
    const Words other = WordsOfName(column.name);
    return Has(other, "hand") || Has(other, "stock") || Has(other, "inventory");
  });
  if (has_stock && LowerAscii(table.name.back()).find("invo") == std::string::npos) {
    std::ranges::replace(words, std::string("invoice"), std::string("inventory"));
  }
  if (words.empty()) words = {"row"};
  words.back() = SingularOf(words.back());
  // Who asks for the stock asks for what is counted, and not how often it was.
  static const WordSet kCountedOnce{"stock", "inventory", "balance", "reserve", "headcount", "exposure", "arrear"};
  if (kCountedOnce.contains(words.back())) words.emplace_back("record");
  return words;
}

bool IsCurrency(const std::string& unit) {
  return unit.size() == 3 && std::ranges::all_of(unit, [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// What takes time, where a unit of time follows: "delivery_min".
const WordSet kDoings{"resolution",  "response", "delivery", "processing", "waiting", "handling", "repair",
                      "travel",      "flight",   "setup",    "completion", "lead",    "queue",    "idle",
                      "preparation", "cycle",    "transit",  "turnaround", "pickup",  "cooking"};

/// What a number is measured in, by the last word of its name.
std::string UnitOf(const Words& words) {
  static const std::unordered_map<std::string_view, std::string_view> kUnits{
      {"usd", "USD"},    {"eur", "EUR"},  {"gbp", "GBP"},     {"chf", "CHF"},  {"jpy", "JPY"},  {"dollars", "USD"},
      {"euros", "EUR"},  {"km", "km"},    {"miles", "mi"},    {"mi", "mi"},    {"meters", "m"}, {"metres", "m"},
      {"cm", "cm"},      {"mm", "mm"},    {"kg", "kg"},       {"grams", "g"},  {"lbs", "lb"},   {"ms", "ms"},
      {"seconds", "s"},  {"sec", "s"},    {"minutes", "min"}, {"min", "min"},  {"hours", "h"},  {"days", "d"},
      {"percent", "%"},  {"kwh", "kWh"},  {"kw", "kW"},       {"mb", "MB"},    {"gb", "GB"},    {"bytes", "B"},
      {"celsius", "°C"}, {"c", "°C"},     {"f", "°F"},        {"mph", "mph"},  {"kmh", "km/h"}, {"hpa", "hPa"},
      {"sqm", "m²"},     {"sqft", "ft²"}, {"liters", "l"},    {"litres", "l"}, {"volts", "V"},  {"watts", "W"}};
  if (words.size() < 2) return {};
  const std::string& last = words.back();
  const auto found = kUnits.find(last);
  if (found == kUnits.end()) return {};
  const Words before(words.begin(), words.end() - 1);
  static const WordSet kTimes{"time", "duration", "delay", "wait", "waiting", "length", "elapsed", "stay", "session"};
  static const WordSet kEmpty{"total", "number", "average", "count", "max", "min", "sum"};
  if ((last == "c" || last == "f") && !Has(before, "temperature")) return {};
  if (last == "min" && !HasAny(before, kTimes) && !kDoings.contains(before.back())) return {};
  // "total_hours" is no total measured in hours; "total_eur" is one in euros.
  const bool is_empty = std::ranges::all_of(before, [](const std::string& word) { return kEmpty.contains(word); });
  return is_empty && !IsCurrency(std::string(found->second)) ? std::string() : std::string(found->second);
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

/// Whether "reg" is where something is, and no number that it is registered by.
bool IsPlaceList(const KnownColumn& known) {
  const bool is_short = LowerAscii(known.name).ends_with("reg") && ValueTypeOf(known.type) == ValueType::kText;
  return is_short && !known.values.empty() && std::ranges::none_of(known.values, [](const std::string& value) {
           return value.find_first_of("0123456789") != std::string::npos;
         });
}

/// "country_code": the country itself, where no other column of the table says it.
bool IsCodeOf(const KnownTable& table, const Words& words) {
  static const WordSet kKinds{"country", "currency", "language", "state", "region", "nation", "nationality"};
  if (words.size() < 2 || words.back() != "code" || !kKinds.contains(words[words.size() - 2])) return false;
  const Words kind(words.begin(), words.end() - 1);
  return std::ranges::none_of(table.columns, [&](const KnownColumn& other) {
    Words said = WordsIn(table, other.name);
    if (!said.empty() && said.back() == "name") said.pop_back();
    return said == kind || (kind.size() == 1 && !said.empty() && said != words && said.back() == kind.back());
  });
}

ReadColumn ReadName(const KnownTable& table, const KnownColumn& known, const std::string& prefix) {
  ReadColumn column;
  column.known = &known;
  column.type = ValueTypeOf(known.type);
  column.strips_prefix = !prefix.empty();
  column.words = WordsIn(table, std::string_view(known.name).substr(prefix.size()));
  if (column.words.empty()) column.words = {"column"};
  if (column.type == ValueType::kBoolean && column.words.size() > 1 && column.words[0] == "number")
    column.words[0] = "no";
  // "dep_amt" is a deposit where flights have none, "term_dt" a termination.
  const bool is_money = IsNumber(column.type) && Has(column.words, "amount");
  if (is_money && column.words[0] == "departure") column.words[0] = "deposit";
  if (is_money && column.words[0] == "arrival") column.words[0] = "arrears";
  const bool is_day = IsTimeType(column.type) || known.form != HiddenForm::kNone;
  if (is_day && column.words[0] == "term" && column.words.size() == 2 && column.words[1] == "date")
    column.words[0] = "termination";
  static const WordSet kByMonth{"rent",   "fee",    "salary", "payment", "cost",  "price",  "premium", "charge",
                                "budget", "income", "rate",   "revenue", "sales", "target", "wage",    "installment"};
  if (column.words.size() == 2 && column.words[0] == "month" && kByMonth.contains(column.words[1]))
    column.words[0] = "monthly";
  if (IsCodeOf(table, column.words)) column.words.pop_back();
  static const WordSet kOfPay{"grade", "rate", "scale", "band", "level", "slip", "gap"};
  if (column.words.size() > 1 && column.words[0] == "pay" && !kOfPay.contains(column.words.back()))
    column.words[0] = "payment";
  const bool is_time = IsTimeType(column.type) || known.form != HiddenForm::kNone;
  if (is_time && column.words.front() == "rep") column.words.front() = "reported";
  if (column.words.back() == "registration" && IsPlaceList(known)) column.words.back() = "region";
  // "minutes" alone: what they are minutes of, the table says.
  static const std::unordered_map<std::string_view, std::string_view> kAlone{
      {"minutes", "min"}, {"hours", "h"}, {"seconds", "s"}, {"kilometers", "km"}};
  if (column.words.size() == 1 && IsNumber(column.type)) {
    if (const auto unit = kAlone.find(column.words[0]); unit != kAlone.end()) column.unit = unit->second;
  }
  if (column.words.size() > 1 && IsNumber(column.type)) {
    column.unit = UnitOf(column.words);
    if (!column.unit.empty()) column.words.pop_back();
    // "resolution_hours" is a time, and so is "res_hrs".
    static const WordSet kOfTime{"s", "min", "h", "d", "ms"};
    if (kOfTime.contains(column.unit) && column.words.size() == 1 && column.words[0] == "res")
      column.words = {"resolution"};
    if (kOfTime.contains(column.unit) && kDoings.contains(column.words.back())) column.words.emplace_back("time");
  }
  return column;
}

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
    if (column.role == ColumnRole::kFlow && HasAny(table.words, kSnapshots)) column.role = ColumnRole::kBalance;
  }
}

}  // namespace

std::string ReadTable::noun() const { return JoinedWords(words); }

std::vector<std::string> OtherWordsFor(std::string_view noun) {
  struct Other {
    std::string_view noun, word;
  };
  static constexpr Other kWords[] = {
      {"customer", "client"},     {"client", "customer"}, {"account", "customer"},    {"account", "client"},
      {"supplier", "vendor"},     {"vendor", "supplier"}, {"employee", "worker"},     {"employee", "staff"},
      {"staff", "employee"},      {"product", "article"}, {"article", "product"},     {"product", "item"},
      {"plane", "aircraft"},      {"aircraft", "plane"},  {"doctor", "physician"},    {"physician", "doctor"},
      {"session", "visit"},       {"film", "movie"},      {"movie", "film"},          {"track", "song"},
      {"song", "track"},          {"vehicle", "car"},     {"company", "firm"},        {"store", "shop"},
      {"shop", "store"},          {"order", "purchase"},  {"purchase", "order"},      {"invoice", "bill"},
      {"trip", "ride"},           {"ride", "trip"},       {"student", "pupil"},       {"reservation", "booking"},
      {"booking", "reservation"}, {"author", "writer"},   {"carrier", "airline"},     {"instructor", "teacher"},
      {"teacher", "instructor"},  {"user", "visitor"},    {"measurement", "reading"}, {"reading", "measurement"},
      {"shipper", "carrier"},     {"rating", "review"}};
  std::vector<std::string> others;
  for (const Other& other : kWords) {
    if (other.noun == noun) others.emplace_back(other.word);
  }
  return others;
}

ReadTable ReadTableNames(const KnownTable& table) {
  ReadTable read;
  read.known = &table;
  read.words = NounOf(table);
  std::string prefix = SharedPrefix(table);
  // A prefix that is a word of its own, and not the table's, says something ("total_a, total_b, total_c").
  const Words meaning = WordsOfName(prefix);
  const bool is_noun = !meaning.empty() && (SingularOf(JoinedWords(meaning)) == read.noun() ||
                                            SingularOf(meaning.back()) == read.words.back() ||
                                            SingularOf(meaning.back()) == read.words.front());
  if (prefix.size() > kPrefixBytesMax && !is_noun) prefix.clear();
  for (const KnownColumn& known : table.columns) {
    read.columns.push_back(ReadName(table, known, prefix));
    ChooseRole(read.columns.back(), read);
  }
  return read;
}

ValueType ValueTypeOf(std::string_view sql_type) {
  const std::string type = LowerAscii(sql_type);
  const auto contains = [&](std::string_view part) { return type.find(part) != std::string::npos; };
  if (contains("[") || contains("struct") || contains("map(")) return ValueType::kText;
  if (contains("with time zone") || type == "timestamptz") return ValueType::kTimestampTz;
  if (type.starts_with("timestamp")) return ValueType::kTimestamp;
  if (type == "date") return ValueType::kDate;
  if (type.starts_with("bool")) return ValueType::kBoolean;
  if (type.ends_with("int") || type.ends_with("integer") || type == "long" || type == "short")
    return ValueType::kInteger;
  if (type.starts_with("decimal") && type.ends_with(",0)")) return ValueType::kInteger;
  if (type.starts_with("decimal") || type.starts_with("numeric") || type == "double" || type == "float" ||
      type == "real") {
    return ValueType::kNumber;
  }
  return ValueType::kText;
}

bool IsNumber(ValueType type) { return type == ValueType::kInteger || type == ValueType::kNumber; }

bool IsTimeType(ValueType type) {
  return type == ValueType::kDate || type == ValueType::kTimestamp || type == ValueType::kTimestampTz;
}

std::string ModelNameOf(std::string_view text) {
  std::string name;
  for (const char c : LowerAscii(text)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (fits) name += c;
    if (!fits && !name.empty() && name.back() != '_') name += '_';
  }
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) name.insert(0, "n_");
  name.resize(std::min(name.size(), kNameBytesMax - 8));
  return name;
}

std::string UnusedName(const std::string& name, std::set<std::string>& taken) {
  std::string candidate = name;
  for (int number = 2; !taken.insert(candidate).second; ++number) candidate = fmt::format("{}_{}", name, number);
  return candidate;
}

bool SameTable(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::equal(a, b, [](const std::string& x, const std::string& y) { return EqualsIgnoringCase(x, y); });
}

bool IsUnique(const KnownTable& table, const KnownColumn& column) {
  return table.rows && column.distinct && column.distinct_is_exact && *table.rows > 0 &&
         *column.distinct == *table.rows && column.nulls.value_or(0) == 0;
}

bool HasHired(const ReadTable& table) {
  return std::ranges::any_of(table.columns, [](const ReadColumn& column) {
    return VerbOfTime(column.words) == "hired" || column.words.back() == "salary";
  });
}

bool EndsAsKey(const Words& words) {
  static const WordSet kMarks{"id", "key", "code", "sk", "number", "uuid", "guid", "pk", "fk", "sku", "ref"};
  return !words.empty() && kMarks.contains(words.back());
}

Words WithoutKeyMarks(Words words) {
  static const WordSet kMarks{"id", "key", "code", "sk", "number", "uuid", "guid", "pk", "fk", "ids"};
  while (!words.empty() && kMarks.contains(words.back())) words.pop_back();
  while (!words.empty() && (words.front() == "fk" || words.front() == "id")) words.erase(words.begin());
  return words;
}

bool EndsWithWords(const Words& words, const Words& end) {
  if (end.empty() || words.size() < end.size()) return false;
  for (size_t i = 0; i < end.size(); ++i) {
    if (SingularOf(words[words.size() - end.size() + i]) != SingularOf(end[i])) return false;
  }
  return true;
}

std::string RoleOfReference(const Words& words, const Words& noun) {
  Words rest = WithoutKeyMarks(words);
  for (size_t length = std::min(rest.size(), noun.size()); length > 0; --length) {
    const Words end(noun.end() - static_cast<ptrdiff_t>(length), noun.end());
    if (!EndsWithWords(rest, end)) continue;
    rest.resize(rest.size() - length);
    break;
  }
  return JoinedWords(rest);
}

}  // namespace neurolake::semantic
