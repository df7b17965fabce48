#include "semantic/name_words.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "common/text.h"
#include "semantic/foreign_words.h"
#include "semantic/short_words.h"

namespace neurolake::semantic {
namespace {

constexpr size_t kWordsMax = 64;
constexpr size_t kGluedBytesMax = 40;

using WordMap = std::unordered_map<std::string_view, std::string_view>;
using WordSet = std::unordered_set<std::string_view>;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Words that stand together with others without anything between: "orderdate", "retailprice", "lineitem".
const WordSet& GluedWords() {
  static const WordSet kWords{
      "account",  "address",  "amount",      "available", "balance",   "birth",    "booking",  "branch",    "brand",
      "cancel",   "category", "city",        "client",    "close",     "code",     "commit",   "company",   "contact",
      "cost",     "count",    "country",     "create",    "created",   "credit",   "currency", "customer",  "date",
      "delay",    "delivery", "department",  "detail",    "details",   "device",   "discount", "due",       "email",
      "employee", "end",      "event",       "extended",  "first",     "flag",     "freight",  "full",      "group",
      "hire",     "hired",    "hour",        "index",     "instruct",  "invoice",  "item",     "items",     "job",
      "key",      "last",     "level",       "limit",     "line",      "list",     "loan",     "location",  "manager",
      "market",   "member",   "method",      "middle",    "mode",      "month",    "name",     "nation",    "net",
      "number",   "open",     "opened",      "order",     "orders",    "page",     "paid",     "part",      "patient",
      "payment",  "phone",    "point",       "postal",    "price",     "priority", "product",  "profit",    "purchase",
      "quantity", "rate",     "receipt",     "region",    "request",   "required", "retail",   "return",    "sale",
      "sales",    "segment",  "sensor",      "session",   "ship",      "shipped",  "shipping", "size",      "start",
      "state",    "status",   "stock",       "store",     "street",    "supplier", "supply",   "tax",       "time",
      "title",    "total",    "transaction", "type",      "unit",      "units",    "updated",  "user",      "value",
      "vendor",   "view",     "views",       "visit",     "warehouse", "week",     "weekend",  "wholesale", "year",
      "zip"};
  return kWords;
}

/// Words whose plural nobody forms, or that are plurals already without looking so.
bool HasNoPlural(std::string_view word) {
  static const WordSet kWords{"weather",   "staff",       "inventory",  "equipment", "data",     "stock",
                              "traffic",   "news",        "people",     "children",  "feedback", "payroll",
                              "personnel", "information", "history",    "downtime",  "overtime", "uptime",
                              "rainfall",  "consumption", "production", "men",       "women",    "usage",
                              "sales",     "telemetry",   "attendance"};
  return kWords.contains(word);
}

constexpr size_t kForeignBytesMin = 4;  ///< Of a part of a compound: shorter ones are in too many words.

/// The parts of a word that is made of known ones; empty where it is not. The fewest parts win.
std::vector<std::string> TakenApart(std::string_view word) {
  if (word.size() < 6 || word.size() > kGluedBytesMax || GluedWords().contains(word)) return {};
  std::vector<std::vector<std::string>> best(word.size() + 1);
  std::vector<bool> reached(word.size() + 1, false);
  reached[0] = true;
  for (size_t end = 2; end <= word.size(); ++end) {
    for (size_t begin = 0; begin + 2 <= end; ++begin) {
      if (!reached[begin]) continue;
      const std::string_view part = word.substr(begin, end - begin);
      const auto abbreviation = part.size() >= 3 ? ShortWordInside(part) : std::string_view();
      const std::string_view english = part.size() >= kForeignBytesMin ? EnglishWordFor(part) : std::string_view();
      const bool known = GluedWords().contains(part) || !abbreviation.empty() || !english.empty();
      const bool ends_in_id = part == "id" && end == word.size() && begin > 0;
      const bool is_ending = part == "ship" && end == word.size() && begin > 0;  // membership
      if ((!known && !ends_in_id) || is_ending) continue;
      if (reached[end] && best[end].size() <= best[begin].size() + 1) continue;
      reached[end] = true;
      best[end] = best[begin];
      const std::string_view whole = english.empty() ? part : english;
      best[end].emplace_back(!abbreviation.empty() ? abbreviation : whole);
    }
  }
  if (!reached[word.size()] || best[word.size()].size() < 2) return {};
  return best[word.size()];
}

/// ä as ae and é as e, as names without such letters write them.
std::string WithoutAccents(std::string_view word) {
  static constexpr std::pair<std::string_view, std::string_view> kLetters[] = {
      {"ä", "ae"}, {"Ä", "ae"}, {"ö", "oe"}, {"Ö", "oe"}, {"ü", "ue"}, {"Ü", "ue"}, {"ß", "ss"},
      {"é", "e"},  {"É", "e"},  {"è", "e"},  {"ê", "e"},  {"ë", "e"},  {"à", "a"},  {"â", "a"},
      {"î", "i"},  {"ï", "i"},  {"ô", "o"},  {"û", "u"},  {"ù", "u"},  {"ç", "c"}};
  std::string plain;
  for (size_t at = 0; at < word.size();) {
    const auto* letter =
        std::ranges::find_if(kLetters, [&](const auto& one) { return word.substr(at).starts_with(one.first); });
    const bool is_accented = letter != std::end(kLetters);
    plain += is_accented ? letter->second : word.substr(at, 1);
    at += is_accented ? letter->first.size() : 1;
  }
  return plain;
}

void AddWord(std::string_view word, std::vector<std::string>& words) {
  std::string text(word);
  const std::string plain = WithoutAccents(word);
  const bool is_race = plain == "prix" && !words.empty() && words.back() == "grand";
  if (word == "waitlist") {
    text = "waiting list";
  } else if (const auto whole = ShortWord(word); !whole.empty()) {
    text = std::string(whole);
  } else if (const auto english = EnglishWordFor(plain); !english.empty() && !is_race) {
    text = std::string(english);
  } else if (const auto parts = TakenApart(plain); !parts.empty()) {
    text = JoinedWords(parts);
  }
  for (std::string& part : Split(text, ' ')) {
    if (words.size() < kWordsMax) words.push_back(std::move(part));
  }
}

/// What is said of a time, and what happened then.
constexpr std::string_view kVerbsOfTimes =
    "checkin:checked in|checkout:checked "
    "out|order:ordered|ship:shipped|shipping:shipped|shipment:shipped|hire:hired|start:started|end:ended|"
    "delivery:delivered|payment:paid|invoice:invoiced|return:returned|creation:created|create:created|"
    "close:closed|closing:closed|open:opened|opening:opened|cancel:cancelled|cancellation:cancelled|"
    "birth:born|admission:admitted|discharge:discharged|enrollment:enrolled|enrolment:enrolled|join:joined|"
    "signup:signed up|registration:registered|booking:booked|receipt:received|publication:published|"
    "purchase:purchased|visit:visited|termination:terminated|install:installed|installation:installed|"
    "loan:loaned|sale:sold|sold:sold|paid:paid|posting:posted|completion:completed|approval:approved|"
    "founding:founded|renewal:renewed|left:left|leave:left|leaving:left|exit:exited|"
    "decommission:decommissioned|departure:departed|arrival:arrived|begin:began|churn:churned|"
    "retirement:retired|expiry:expired|expiration:expired|due:due|finish:finished|sign:signed|signing:signed|"
    "issue:issued|reply:replied|response:responded|remove:removed|removal:removed|launch:launched|"
    "release:released|submission:submitted|resolve:resolved|resolution:resolved|inspection:inspected|"
    "activation:activated|suspension:suspended|withdrawal:withdrawn|withdrawn:withdrawn|fill:filled|sent:sent|"
    "lent:lent|built:built|dispatch:dispatched|acquisition:acquired|settlement:settled|graduation:graduated|"
    "promotion:promoted";

const WordMap& VerbsOfTimes() {
  static const WordMap kVerbs = [] {
    WordMap verbs;
    for (std::string_view rest = kVerbsOfTimes; !rest.empty();) {
      const std::string_view entry = rest.substr(0, rest.find('|'));
      const size_t colon = entry.find(':');
      verbs.emplace(entry.substr(0, colon), entry.substr(colon + 1));
      rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    }
    return verbs;
  }();
  return kVerbs;
}

}  // namespace

std::vector<std::string> PartsOfName(std::string_view name) {
  std::vector<std::string> parts;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) parts.push_back(LowerAscii(word));
    word.clear();
  };
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool is_part = IsLower(c) || IsUpper(c) || IsDigit(c) || (c & 0x80) != 0;
    if (!is_part) {
      flush();
      continue;
    }
    const bool humps = IsUpper(c) && !word.empty() &&
                       (IsLower(word.back()) || (IsUpper(word.back()) && i + 1 < name.size() && IsLower(name[i + 1])));
    if (humps) flush();
    word += c;
  }
  flush();
  return parts;
}

std::vector<std::string> WordsOfName(std::string_view name) {
  std::vector<std::string> words;
  const auto parts = PartsOfName(name);
  bool is_french = false;
  for (const std::string& part : parts) {
    is_french = is_french || IsFrench(WithoutAccents(part));
    AddWord(part, words);
  }
  // "date_commande" is the date of an order; "client_id" has its mark at the end in every language.
  static const WordSet kMarks{"id", "key", "code", "number"};
  const bool is_said_first = words.size() == 2 && !kMarks.contains(words.back()) && words.back() != "prix";
  if (is_french && parts.size() == 2 && is_said_first) std::swap(words[0], words[1]);
  return words;
}

std::string JoinedWords(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

std::string SingularOf(std::string_view noun) {
  static const WordMap kIrregular{
      {"people", "person"},   {"men", "man"},        {"women", "woman"},         {"children", "child"},
      {"movies", "movie"},    {"cookies", "cookie"}, {"series", "series"},       {"sales", "sale"},
      {"news", "news"},       {"buses", "bus"},      {"diagnoses", "diagnosis"}, {"analyses", "analysis"},
      {"statuses", "status"}, {"species", "species"}};
  const size_t last = noun.rfind(' ') == std::string_view::npos ? 0 : noun.rfind(' ') + 1;
  const std::string head(noun.substr(0, last));
  const std::string_view word = noun.substr(last);
  if (const auto found = kIrregular.find(word); found != kIrregular.end()) return head + std::string(found->second);
  if (word.size() <= 3 || !word.ends_with('s') || HasNoPlural(word)) return std::string(noun);
  for (const std::string_view kept : {"ss", "us", "is"}) {
    if (word.ends_with(kept)) return std::string(noun);
  }
  if (word.ends_with("ies") && word.size() > 4) return head + std::string(word.substr(0, word.size() - 3)) + "y";
  for (const std::string_view ending : {"sses", "shes", "ches", "xes", "zzes"}) {
    if (word.ends_with(ending)) return head + std::string(word.substr(0, word.size() - 2));
  }
  return head + std::string(word.substr(0, word.size() - 1));
}

std::string PluralOf(std::string_view noun) {
  const std::string one = SingularOf(noun);
  if (one != noun) return std::string(noun);  // It is one already.
  const size_t last = one.rfind(' ') == std::string::npos ? 0 : one.rfind(' ') + 1;
  const std::string word = one.substr(last);
  if (word.empty() || HasNoPlural(word) || word.ends_with("series") || word.ends_with("species")) return one;
  if (word == "person") return one.substr(0, last) + "people";
  if (word == "child") return one.substr(0, last) + "children";
  if (word.ends_with("sis")) return one.substr(0, one.size() - 2) + "es";
  const bool y_turns = word.size() > 1 && word.ends_with('y') &&
                       std::string_view("aeiou").find(word[word.size() - 2]) == std::string_view::npos;
  if (y_turns) return one.substr(0, one.size() - 1) + "ies";
  for (const std::string_view ending : {"s", "x", "z", "ch", "sh"}) {
    if (word.ends_with(ending)) return one + "es";
  }
  return one + "s";
}

std::string VerbOfTime(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (const auto found = VerbsOfTimes().find(word); found != VerbsOfTimes().end()) return std::string(found->second);
  }
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].size() < 5 || !words[i].ends_with("ed") || words[i].ends_with("eed")) continue;
    const bool particle = i + 1 < words.size() && (words[i + 1] == "up" || words[i + 1] == "out");
    return particle ? words[i] + " " + words[i + 1] : words[i];
  }
  return {};
}

}  // namespace neurolake::semantic
