#include <algorithm>

#include "common/text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"
#include "semantic/standard_codes.h"

namespace neurolake::semantic {
namespace {

struct Code {
  std::string_view code, word;
};

bool Has(const ReadColumn& column, std::string_view value) {
  return std::ranges::any_of(column.known->values,
                             [&](const std::string& one) { return EqualsIgnoringCase(one, value); });
}

std::string_view WordFor(std::span<const Code> codes, std::string_view value) {
  const auto found = std::ranges::find(codes, value, &Code::code);
  return found == codes.end() ? std::string_view() : found->word;
}

bool AreLetters(const ReadColumn& column) {
  return !column.known->values.empty() &&
         std::ranges::all_of(column.known->values, [](const std::string& value) { return value.size() == 1; });
}

/// What the rows with a code, and no others, have a time of: ended, where each E has an end.
std::string OutcomeOf(const ReadTable& table, const ReadColumn& column, std::string_view value) {
  constexpr size_t kCodeBytesMax = 4;
  if (value.size() > kCodeBytesMax) return {};
  for (const KnownOutcome& outcome : table.known->outcomes) {
    if (outcome.column != column.known->name || !EqualsIgnoringCase(outcome.value, value)) continue;
    for (const ReadColumn& time : table.columns) {
      if (time.known->name == outcome.time) return VerbOfTime(time.words);
    }
  }
  return {};
}

/// One letter says it only beside others of a status whose values are all letters, of what such letters are usual.
std::string_view LetterOf(const ReadTable& table, const ReadColumn& column, std::string_view value) {
  static const WordSet kDecided{"claim", "application", "request", "loan", "appeal"};
  static const WordSet kBills{"invoice", "bill", "premium", "installment", "instalment", "charge", "fee"};
  static const WordSet kLasting{
      "contract", "policy",       "account", "customer",  "client",     "member",     "employee", "product", "supplier",
      "vendor",   "user",         "lease",   "licence",   "license",    "tariff",     "plan",     "card",    "agent",
      "student",  "subscription", "patient", "agreement", "membership", "subscriber", "driver"};
  static const WordSet kSent{"order", "shipment", "parcel", "delivery", "package", "consignment"};
  const std::string& noun = table.words.back();
  if (value == "o" && (Has(column, "c") || Has(column, "cl"))) return "open";
  if (value == "c" && Has(column, "o") && !Has(column, "p")) return "closed";
  if (value == "a" && Has(column, "i")) return "active";
  if (value == "i" && Has(column, "a")) return "inactive";
  if (value == "d" && Has(column, "o") && Has(column, "c") && kDecided.contains(noun)) return "denied";
  if (!AreLetters(column) || column.known->values.size() < 2) return {};
  if (value == "x" && (IsSold(table) || kBills.contains(noun) || kSent.contains(noun) || TakesPlace(table)))
    return "cancelled";
  if (value == "v" && kBills.contains(noun)) return "void";
  if (kBills.contains(noun) && (Has(column, "o") || Has(column, "u"))) {
    if (value == "p") return "paid";
    if (value == "o") return "open";
    if (value == "u") return "unpaid";
  }
  if (kLasting.contains(noun) && value == "a") return "active";
  if (kSent.contains(noun) && Has(column, "s") && Has(column, "d")) {
    if (value == "s") return "shipped";
    if (value == "d") return "delivered";
  }
  return {};
}

/// How far something has come, written short.
std::string StatusOf(const ReadTable& table, const ReadColumn& column, std::string_view value) {
  static constexpr Code kShort[] = {
      {"act", "active"},          {"inact", "inactive"},  {"canc", "cancelled"},  {"cncl", "cancelled"},
      {"cxl", "cancelled"},       {"can", "cancelled"},   {"exp", "expired"},     {"pend", "pending"},
      {"pnd", "pending"},         {"susp", "suspended"},  {"term", "terminated"}, {"compl", "completed"},
      {"comp", "completed"},      {"cmpl", "completed"},  {"appr", "approved"},   {"rej", "rejected"},
      {"den", "denied"},          {"subm", "submitted"},  {"deliv", "delivered"}, {"dlv", "delivered"},
      {"dlvd", "delivered"},      {"shp", "shipped"},     {"shpd", "shipped"},    {"ret", "returned"},
      {"rtn", "returned"},        {"proc", "processing"}, {"cls", "closed"},      {"clsd", "closed"},
      {"clo", "closed"},          {"opn", "open"},        {"wip", "in progress"}, {"inprog", "in progress"},
      {"in_prog", "in progress"}, {"resv", "resolved"},   {"refd", "refunded"},   {"schd", "scheduled"},
      {"sched", "scheduled"},     {"ns", "no show"},      {"noshow", "no show"},  {"no_show", "no show"},
      {"nosh", "no show"},        {"cnf", "confirmed"},   {"conf", "confirmed"},  {"cin", "checked in"},
      {"cout", "checked out"},    {"inh", "in house"},    {"inhs", "in house"},   {"dep", "departed"},
      {"arr", "arrived"},         {"exec", "executed"},   {"fin", "finished"},    {"prog", "in progress"}};
  if (const auto word = WordFor(kShort, value); !word.empty()) return std::string(word);
  if (auto outcome = OutcomeOf(table, column, value); !outcome.empty()) return outcome;
  return std::string(LetterOf(table, column, value));
}

/// What a private person and a company are called where a column says which of them a party is.
NamedValue PartyOf(const ReadTable& table, const ReadColumn& column, const std::string& value) {
  static const WordSet kParties{"customer",     "client", "account",    "party",    "contact", "holder",
                                "partner",      "debtor", "tenant",     "borrower", "donor",   "buyer",
                                "policyholder", "lessee", "subscriber", "payer"};
  static const WordSet kTypes{"type", "kind", "category", "class", "segment"};
  const bool may_be = kParties.contains(table.words.back()) && kTypes.contains(column.words.back());
  const std::string lower = LowerAscii(value);
  const bool has_company = Has(column, "c") || Has(column, "b") || Has(column, "o");
  const bool has_person = Has(column, "p") || Has(column, "i");
  NamedValue named{.value = value};
  if (!may_be || !has_company || !has_person || column.known->values.size() > 3) return named;
  if (lower == "p" || lower == "i")
    named = {.value = value,
             .label = "private",
             .synonyms = {"private person", "person", "individual", "household", "residential"}};
  if (lower == "c" || lower == "b" || lower == "o")
    named = {.value = value, .label = "company", .synonyms = {"corporate", "business", "commercial"}};
  return named;
}

/// How often, as Y, H, Q, M.
NamedValue FrequencyOf(const ReadColumn& column, const std::string& value) {
  static constexpr Code kOften[] = {{"y", "yearly"},      {"a", "yearly"},       {"h", "half-yearly"},
                                    {"s", "half-yearly"}, {"sa", "half-yearly"}, {"q", "quarterly"},
                                    {"m", "monthly"},     {"w", "weekly"},       {"d", "daily"}};
  static const WordSet kWords{"frequency", "interval", "cycle", "periodicity"};
  NamedValue named{.value = value};
  if (!kWords.contains(column.words.back())) return named;
  const bool are_codes = std::ranges::all_of(
      column.known->values, [](const std::string& one) { return !WordFor(kOften, LowerAscii(one)).empty(); });
  if (!are_codes) return named;
  named.label = WordFor(kOften, LowerAscii(value));
  if (named.label == "yearly") named.synonyms = {"annual", "annually"};
  if (named.label == "half-yearly") named.synonyms = {"semi-annual", "every six months"};
  return named;
}

/// How urgent something is, by its first letter, where high and low are among them.
std::string_view UrgencyOf(const ReadColumn& column, std::string_view value) {
  static constexpr Code kUrgencies[] = {{"u", "urgent"}, {"c", "critical"}, {"h", "high"},
                                        {"m", "medium"}, {"n", "normal"},   {"l", "low"}};
  static const WordSet kWords{"priority", "urgency", "severity"};
  const bool may_be = kWords.contains(column.words.back()) && Has(column, "h") && Has(column, "l");
  const bool are_codes = std::ranges::all_of(
      column.known->values, [](const std::string& one) { return !WordFor(kUrgencies, LowerAscii(one)).empty(); });
  return may_be && are_codes ? WordFor(kUrgencies, value) : std::string_view();
}

/// "1-URGENT" is called urgent.
std::string WordBehindNumber(const std::string& value) {
  const size_t digits = value.find_first_not_of("0123456789");
  const bool is_numbered = digits != std::string::npos && digits > 0 && digits <= 2 && digits + 1 < value.size() &&
                           std::string_view("-_. :").find(value[digits]) != std::string_view::npos;
  if (!is_numbered) return {};
  const size_t begin = value.find_first_not_of("-_. :", digits);
  const bool is_word = begin != std::string::npos &&
                       std::ranges::none_of(value.substr(begin), [](char c) { return c >= '0' && c <= '9'; });
  return is_word ? LowerAscii(value).substr(begin) : std::string();
}

/// What people also call a state, where no other value of the column is called so.
std::vector<std::string> OtherWordsForStatus(const ReadTable& table, const ReadColumn& column,
                                             const std::string& value) {
  const std::string said = WordsOfValue(table, column, value);
  std::vector<std::string> words;
  if (said == "active") words = {"in force", "running"};
  if (said == "no show") words = {"missed"};
  if (said == "void") words = {"voided"};
  if (said == "open" && KeepsAccounts(table)) words = {"unpaid", "outstanding"};
  static const WordSet kCases{"ticket", "case", "issue", "incident", "complaint", "alert", "request", "bug"};
  if (said == "open" && kCases.contains(table.words.back())) words = {"unresolved"};
  if ((said == "booked" || said == "scheduled") && TakesPlace(table)) words = {"upcoming", "still to come"};
  if (said == "completed" && TakesPlace(table)) words = {"attended"};
  std::erase_if(words, [&](const std::string& word) {
    return std::ranges::any_of(column.known->values,
                               [&](const std::string& other) { return WordsOfValue(table, column, other) == word; });
  });
  return words;
}

NamedValue NamedValueOf(const ReadTable& table, const ReadColumn& column, const std::string& value) {
  NamedValue named{.value = value};
  const std::string& what = column.words.back();
  const std::string lower = LowerAscii(value);
  if (what == "gender" || what == "sex") {
    if (lower == "m") named = {.value = value, .label = "male", .synonyms = {"men", "man"}};
    if (lower == "f") named = {.value = value, .label = "female", .synonyms = {"women", "woman"}};
    if (lower == "x" && Has(column, "m") && Has(column, "f")) named = {.value = value, .label = "other"};
  }
  static constexpr Code kDone[] = {
      {"pass", "passed"}, {"fail", "failed"}, {"win", "won"}, {"loss", "lost"}, {"cancel", "cancelled"}};
  if (const auto done = WordFor(kDone, lower); !done.empty()) named.synonyms.emplace_back(done);
  if (named.label.empty()) named.label = UrgencyOf(column, lower);
  if (named.label.empty() && IsStatus(column)) named.label = StatusOf(table, column, lower);
  if (named.synonyms.empty() && IsStatus(column)) named.synonyms = OtherWordsForStatus(table, column, value);
  if (named.label == "denied") named.synonyms = {"rejected", "declined", "refused"};
  if (named.label.empty() && named.synonyms.empty()) named = PartyOf(table, column, value);
  if (named.label.empty() && named.synonyms.empty()) named = FrequencyOf(column, value);
  if (auto word = WordBehindNumber(value); !word.empty()) named.synonyms.push_back(std::move(word));
  return named;
}

}  // namespace

bool IsStatus(const ReadColumn& column) {
  static const WordSet kStatus{"status", "state",       "outcome",  "result",     "stage",
                               "phase",  "disposition", "decision", "resolution", "condition"};
  const bool is_coded = column.words.size() > 1 && column.words.back() == "code";
  return column.role == ColumnRole::kCategory && column.level.empty() &&
         kStatus.contains(is_coded ? column.words[column.words.size() - 2] : column.words.back());
}

std::string WordsOfValue(const ReadTable& table, const ReadColumn& column, const std::string& value) {
  std::string lower = LowerAscii(value);
  if (auto word = IsStatus(column) ? StatusOf(table, column, lower) : ""; !word.empty()) return word;
  std::ranges::replace(lower, '_', ' ');
  std::ranges::replace(lower, '-', ' ');
  return lower;
}

bool IsOpaque(const ReadTable& table, const ReadColumn& status) {
  constexpr size_t kCodeBytesMax = 4;
  static const WordSet kWords{"ok",   "new",  "open", "paid", "sent", "void", "held", "lost", "won",  "done", "live",
                              "late", "due",  "hold", "used", "sold", "kept", "good", "bad",  "pass", "fail", "run",
                              "yes",  "no",   "on",   "off",  "left", "idle", "busy", "free", "full", "lent", "out",
                              "in",   "hot",  "cold", "warm", "win",  "loss", "tie",  "draw", "late", "met",  "miss",
                              "up",   "down", "stop", "bill", "ship", "lead", "dead", "ends", "test", "demo", "true"};
  return std::ranges::any_of(status.known->values, [&](const std::string& value) {
    const std::string lower = LowerAscii(value);
    const bool is_code = lower.size() <= kCodeBytesMax && !kWords.contains(lower);
    return is_code && StatusOf(table, status, lower).empty();
  });
}

std::vector<NamedValue> NamedValuesOf(const ReadTable& table, const ReadColumn& column) {
  std::vector<NamedValue> values = NamesOfStandardCodes(column.words, column.known->values);
  const bool are_codes = !values.empty();
  for (const std::string& value : column.known->values) {
    if (are_codes) break;
    NamedValue named = NamedValueOf(table, column, value);
    const bool is_country = column.level == "country" && !PeopleOf(value).empty();
    if (is_country || !named.label.empty() || !named.synonyms.empty()) values.push_back(std::move(named));
  }
  for (NamedValue& named : values) {
    auto people = column.level == "country" ? PeopleOf(named.label.empty() ? named.value : named.label) : std::string();
    if (!people.empty()) named.synonyms.push_back(std::move(people));
  }
  return values;
}

std::vector<KnownOutcome> CandidateOutcomes(const KnownTable& table) {
  constexpr size_t kOutcomesMax = 8, kValuesMax = 8, kCodeBytesMax = 4;
  const ReadTable read = ReadTableNames(table);
  std::vector<KnownOutcome> outcomes;
  for (const ReadColumn& status : read.columns) {
    const auto& values = status.known->values;
    const bool has_code =
        std::ranges::any_of(values, [](const std::string& value) { return value.size() <= kCodeBytesMax; });
    if (!IsStatus(status) || !has_code || values.size() < 2 || values.size() > kValuesMax) continue;
    for (const ReadColumn& time : read.columns) {
      static const WordSet kPlans{"due", "expected", "planned", "scheduled", "promised", "required", "born"};
      const std::string verb = VerbOfTime(time.words);
      const bool happened = !verb.empty() && !HasAny(time.words, kPlans) && !kPlans.contains(verb);
      if (time.role != ColumnRole::kTime || time.known->nulls.value_or(0) == 0 || !happened) continue;
      if (outcomes.size() < kOutcomesMax)
        outcomes.push_back({.column = status.known->name, .value = {}, .time = time.known->name});
    }
  }
  return outcomes;
}

}  // namespace neurolake::semantic
