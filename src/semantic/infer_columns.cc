#include <algorithm>
#include <span>
#include <unordered_map>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/infer_parts.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr size_t kPrefixBytesMax = 5;

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
  std::string name = table.name.back();
  if (!table.shared_prefix.empty() && LowerAscii(name).starts_with(table.shared_prefix + "_"))
    name.erase(0, table.shared_prefix.size() + 1);
  Words words = WordsIn(table, name);
  while (words.size() > 1 && IsAffixOfTable(words.front())) words.erase(words.begin());
  while (words.size() > 1 && IsAffixOfTable(words.back())) words.pop_back();
  // "inv" is an invoice, other than where things lie.
  const bool has_stock = std::ranges::any_of(table.columns, [](const KnownColumn& column) {
    const Words other = WordsOfName(column.name);
    return Has(other, "hand") || Has(other, "stock") || Has(other, "inventory");
  });
  if (has_stock && LowerAscii(name).find("invo") == std::string::npos) {
    std::ranges::replace(words, std::string("invoice"), std::string("inventory"));
  }
  if (words.empty()) words = {"row"};
  words.back() = SingularOf(words.back());
  // Who asks for the stock asks for what is counted, and not how often it was.
  static const WordSet kCountedOnce{"stock", "inventory", "balance", "reserve", "headcount", "exposure", "arrear"};
  if (kCountedOnce.contains(words.back())) words.emplace_back("record");
  return words;
}

/// What takes time, where a unit of time follows: "delivery_min".
const WordSet kDoings{"resolution",  "response", "delivery", "processing", "waiting", "handling", "repair",
                      "travel",      "flight",   "setup",    "completion", "lead",    "queue",    "idle",
                      "preparation", "cycle",    "transit",  "turnaround", "pickup",  "cooking"};

/// What a number is measured in, by the last word of its name.
std::string UnitOf(const Words& words) {
  static const std::unordered_map<std::string_view, std::string_view> kUnits{
      {"usd", "USD"},    {"eur", "EUR"}, {"gbp", "GBP"},     {"chf", "CHF"},  {"jpy", "JPY"},  {"dollars", "USD"},
      {"euros", "EUR"},  {"km", "km"},   {"miles", "mi"},    {"mi", "mi"},    {"meters", "m"}, {"metres", "m"},
      {"cm", "cm"},      {"mm", "mm"},   {"kg", "kg"},       {"grams", "g"},  {"lbs", "lb"},   {"ms", "ms"},
      {"seconds", "s"},  {"sec", "s"},   {"minutes", "min"}, {"min", "min"},  {"hours", "h"},  {"days", "d"},
      {"percent", "%"},  {"kwh", "kWh"}, {"kw", "kW"},       {"mb", "MB"},    {"gb", "GB"},    {"bytes", "B"},
      {"celsius", "°C"}, {"c", "°C"},    {"f", "°F"},        {"mph", "mph"},  {"kmh", "km/h"}, {"hpa", "hPa"},
      {"sqm", "m²"},     {"m2", "m²"},   {"m3", "m³"},       {"mwh", "MWh"},  {"aud", "AUD"},  {"cad", "CAD"},
      {"inr", "INR"},    {"sek", "SEK"}, {"sqft", "ft²"},    {"liters", "l"}, {"litres", "l"}, {"volts", "V"},
      {"watts", "W"}};
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

/// "est_kwh" is an estimated consumption, and nothing that is called estimated.
void NameWhatIsMeasured(ReadColumn& column) {
  static const std::unordered_map<std::string_view, std::string_view> kMeasured{
      {"kWh", "consumption"}, {"MWh", "consumption"}, {"km", "distance"}, {"mi", "distance"}, {"m²", "area"},
      {"ft²", "area"},        {"kg", "weight"},       {"g", "weight"},    {"lb", "weight"},   {"min", "time"},
      {"h", "time"},          {"s", "time"},          {"l", "volume"},    {"m³", "volume"},   {"°C", "temperature"},
      {"GB", "volume"},       {"MB", "volume"},       {"B", "volume"}};
  static const WordSet kOnlyHow{"estimated", "expected", "actual",    "planned",   "forecast", "projected",
                                "net",       "gross",    "billed",    "used",      "annual",   "monthly",
                                "daily",     "maximum",  "minimum",   "longest",   "highest",  "lowest",
                                "total",     "average",  "scheduled", "effective", "billable"};
  if (column.words.size() != 1 || !kOnlyHow.contains(column.words[0])) return;
  const auto measured = kMeasured.find(column.unit);
  if (measured != kMeasured.end()) column.words.emplace_back(measured->second);
  else if (IsCurrency(column.unit)) column.words.emplace_back("amount");
}

/// "cls_ts" is when it was closed, and no time of a class: by what stands in the name, and not by what that is short
/// for elsewhere; never where the rows or these tables are called so.
void WriteOutVerb(const KnownTable& table, const std::string& part, Words& words) {
  static const std::unordered_map<std::string_view, std::string_view> kVerbs{
      {"pd", "paid"},         {"hir", "hired"},      {"rep", "reported"},     {"cls", "closed"},
      {"rem", "removed"},     {"pub", "published"},  {"asgn", "assigned"},    {"asg", "assigned"},
      {"res", "resolved"},    {"fin", "finished"},   {"ack", "acknowledged"}, {"ret", "returned"},
      {"compl", "completed"}, {"cre", "created"},    {"iss", "issued"},       {"disp", "dispatched"},
      {"mod", "modified"},    {"conf", "confirmed"}, {"deact", "deactivated"}};
  const auto verb = kVerbs.find(part);
  if (verb == kVerbs.end()) return;
  const auto known = std::ranges::find(table.written_out, part, &std::pair<std::string, std::string>::first);
  const Words noun = WordsOfName(table.name.back());
  const bool is_noun = std::ranges::any_of(
      noun, [&](const std::string& word) { return word.starts_with(part) || word == words.front(); });
  if (known == table.written_out.end() && !is_noun) words.front() = verb->second;
}

/// "min_stock" is a bound, "min_watched" a number of minutes.
void ReadMinutes(const KnownTable& table, const std::string& name, ReadColumn& column) {
  static const WordSet kBounds{"stock", "age",    "price",  "night",  "term",  "quantity",    "order", "amount",
                               "stay",  "salary", "value",  "level",  "score", "temperature", "wage",  "balance",
                               "limit", "size",   "height", "weight", "speed", "spend",       "hour",  "duration"};
  if (column.words.size() < 2 || column.words[0] != "min") return;
  const bool has_twin = std::ranges::any_of(table.columns, [&](const KnownColumn& other) {
    return name.starts_with("min") && EqualsIgnoringCase(other.name, "max" + name.substr(3));
  });
  if (has_twin || kBounds.contains(SingularOf(column.words.back()))) {
    column.words[0] = "minimum";
    return;
  }
  column.words.erase(column.words.begin());
  column.words.emplace_back("time");
  column.unit = "min";
}

/// Whether the values are a few letters or short words, and the table has no place that they may be the state of.
bool AreStatusCodes(const KnownTable& table, const KnownColumn& known) {
  constexpr size_t kValuesMax = 8, kCodeBytesMax = 6;
  const bool are_few = known.values.size() >= 2 && known.values.size() <= kValuesMax;
  const bool has_place = std::ranges::any_of(table.columns, [](const KnownColumn& column) {
    const Words words = WordsOfName(column.name);
    return !words.empty() && (words.back() == "city" || words.back() == "zip" || words.back() == "street");
  });
  return are_few && !has_place &&
         std::ranges::all_of(known.values, [](const std::string& value) { return value.size() <= kCodeBytesMax; });
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
  const Words parts = PartsOfName(std::string_view(known.name).substr(prefix.size()));
  if (is_time && !parts.empty()) WriteOutVerb(table, parts.front(), column.words);
  // "st_cd" is how far it has come, where it is not where.
  if (column.words.front() == "st" && AreStatusCodes(table, known)) column.words.front() = "status";
  if (column.words.back() == "registration" && IsPlaceList(known)) column.words.back() = "region";
  // "minutes" alone: what they are minutes of, the table says.
  static const std::unordered_map<std::string_view, std::string_view> kAlone{
      {"minutes", "min"}, {"hours", "h"}, {"seconds", "s"}, {"kilometers", "km"},
      {"km", "km"},       {"kwh", "kWh"}, {"mwh", "MWh"},   {"kg", "kg"}};
  if (column.words.size() == 1 && IsNumber(column.type)) {
    if (const auto unit = kAlone.find(column.words[0]); unit != kAlone.end()) column.unit = unit->second;
  }
  if (IsNumber(column.type)) ReadMinutes(table, LowerAscii(known.name), column);
  if (column.words.size() > 1 && IsNumber(column.type) && column.words[0] == "max") column.words[0] = "maximum";
  if (column.words.size() > 1 && IsNumber(column.type) && column.unit.empty()) {
    column.unit = UnitOf(column.words);
    if (!column.unit.empty()) column.words.pop_back();
    NameWhatIsMeasured(column);
    // "resolution_hours" is a time, and so is "res_hrs".
    static const WordSet kOfTime{"s", "min", "h", "d", "ms"};
    if (kOfTime.contains(column.unit) && column.words.size() == 1 && column.words[0] == "res")
      column.words = {"resolution"};
    if (kOfTime.contains(column.unit) && kDoings.contains(column.words.back())) column.words.emplace_back("time");
  }
  return column;
}

}  // namespace

bool IsCurrency(const std::string& unit) {
  return unit.size() == 3 && std::ranges::all_of(unit, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string ReadTable::noun() const { return JoinedWords(words); }

std::vector<std::string> OtherWordsFor(std::string_view noun) {
  struct Other {
    std::string_view noun, word;
  };
  static constexpr Other kWords[] = {{"customer", "client"},
                                     {"client", "customer"},
                                     {"account", "customer"},
                                     {"account", "client"},
                                     {"supplier", "vendor"},
                                     {"vendor", "supplier"},
                                     {"employee", "worker"},
                                     {"employee", "staff"},
                                     {"staff", "employee"},
                                     {"product", "article"},
                                     {"article", "product"},
                                     {"product", "item"},
                                     {"plane", "aircraft"},
                                     {"aircraft", "plane"},
                                     {"doctor", "physician"},
                                     {"physician", "doctor"},
                                     {"session", "visit"},
                                     {"film", "movie"},
                                     {"movie", "film"},
                                     {"track", "song"},
                                     {"song", "track"},
                                     {"vehicle", "car"},
                                     {"company", "firm"},
                                     {"store", "shop"},
                                     {"shop", "store"},
                                     {"order", "purchase"},
                                     {"purchase", "order"},
                                     {"invoice", "bill"},
                                     {"trip", "ride"},
                                     {"ride", "trip"},
                                     {"student", "pupil"},
                                     {"reservation", "booking"},
                                     {"booking", "reservation"},
                                     {"author", "writer"},
                                     {"carrier", "airline"},
                                     {"instructor", "teacher"},
                                     {"teacher", "instructor"},
                                     {"user", "visitor"},
                                     {"measurement", "reading"},
                                     {"reading", "measurement"},
                                     {"shipper", "carrier"},
                                     {"rating", "review"},
                                     {"clinician", "doctor"},
                                     {"clinician", "physician"},
                                     {"doctor", "clinician"},
                                     {"representative", "rep"},
                                     {"agent", "rep"},
                                     {"contract", "agreement"},
                                     {"insurer", "insurance company"},
                                     {"tariff", "plan"},
                                     {"practitioner", "doctor"},
                                     {"appointment", "booking"},
                                     {"site", "location"},
                                     {"branch", "location"},
                                     {"office", "location"},
                                     {"clinic", "site"},
                                     {"subscriber", "member"},
                                     {"ticket", "support ticket"},
                                     {"tenant", "renter"}};
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

bool IsStaff(const ReadTable& table) {
  static const WordSet kStaff{"employee", "staff",      "user",           "person",      "worker",   "clinician",
                              "doctor",   "physician",  "nurse",          "teacher",     "lecturer", "instructor",
                              "agent",    "technician", "mechanic",       "advisor",     "adviser",  "consultant",
                              "officer",  "librarian",  "representative", "trainer",     "coach",    "professor",
                              "lawyer",   "attorney",   "engineer",       "practitioner"};
  return kStaff.contains(table.words.back()) || HasHired(table);
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
