#include <algorithm>
#include <unordered_set>

#include "common/text.h"
#include "semantic/internal/infer_parts.h"
#include "semantic/name_words.h"
#include "semantic/standard_codes.h"

namespace neurolake::semantic {
namespace {

using WordSet = std::unordered_set<std::string_view>;

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

/// How far something has come, written short.
std::string_view StatusOf(const ReadTable& table, const ReadColumn& column, std::string_view value) {
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
      {"sched", "scheduled"},     {"ns", "no show"},      {"noshow", "no show"},  {"no_show", "no show"}};
  if (const auto word = WordFor(kShort, value); !word.empty()) return word;
  // One letter says it only beside its opposite.
  static const WordSet kDecided{"claim", "application", "request", "loan", "appeal"};
  if (value == "o" && (Has(column, "c") || Has(column, "cl"))) return "open";
  if (value == "c" && Has(column, "o")) return "closed";
  if (value == "a" && Has(column, "i")) return "active";
  if (value == "i" && Has(column, "a")) return "inactive";
  if (value == "d" && Has(column, "o") && Has(column, "c") && kDecided.contains(table.words.back())) return "denied";
  return {};
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
    named = {.value = value, .label = "private", .synonyms = {"private person", "person", "individual"}};
  if (lower == "c" || lower == "b" || lower == "o")
    named = {.value = value, .label = "company", .synonyms = {"corporate", "business"}};
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

NamedValue NamedValueOf(const ReadTable& table, const ReadColumn& column, const std::string& value) {
  NamedValue named{.value = value};
  const std::string& what = column.words.back();
  const std::string lower = LowerAscii(value);
  if (what == "gender" || what == "sex") {
    if (lower == "m") named = {.value = value, .label = "male", .synonyms = {"men", "man"}};
    if (lower == "f") named = {.value = value, .label = "female", .synonyms = {"women", "woman"}};
  }
  static constexpr Code kDone[] = {
      {"pass", "passed"}, {"fail", "failed"}, {"win", "won"}, {"loss", "lost"}, {"cancel", "cancelled"}};
  if (const auto done = WordFor(kDone, lower); !done.empty()) named.synonyms.emplace_back(done);
  if (named.label.empty() && IsStatus(column)) named.label = StatusOf(table, column, lower);
  if (named.label == "denied") named.synonyms = {"rejected", "declined", "refused"};
  if (named.label == "active") named.synonyms = {"in force"};
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
  if (const auto word = IsStatus(column) ? StatusOf(table, column, lower) : ""; !word.empty()) return std::string(word);
  std::ranges::replace(lower, '_', ' ');
  std::ranges::replace(lower, '-', ' ');
  return lower;
}

std::vector<NamedValue> NamedValuesOf(const ReadTable& table, const ReadColumn& column) {
  std::vector<NamedValue> values = NamesOfStandardCodes(column.words, column.known->values);
  if (!values.empty()) return values;
  for (const std::string& value : column.known->values) {
    NamedValue named = NamedValueOf(table, column, value);
    if (!named.label.empty() || !named.synonyms.empty()) values.push_back(std::move(named));
  }
  return values;
}

}  // namespace neurolake::semantic
