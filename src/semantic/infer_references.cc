#include <algorithm>
#include <unordered_set>

#include "common/text.h"
#include "semantic/internal/infer_parts.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"
#include "semantic/short_words.h"

namespace neurolake::semantic {
namespace {

constexpr size_t kCandidatesMax = 4;
constexpr size_t kKeysMax = 10;

// How much a name says for a reference, and what share of its values has to be found then.
constexpr double kSaysTable = 3;
constexpr double kSaysColumn = 2.5;
constexpr double kSaysPerson = 1.5;
constexpr double kSaysNothing = 1;

double ShareNeeded(double evidence) {
  if (evidence >= kSaysColumn) return 0.5;
  return evidence >= kSaysPerson ? 0.8 : 0.9;
}

bool IsText(const ReadColumn& column) { return column.type == ValueType::kText; }

/// Columns of `table` that others may refer to: what is unique and named like a key, or else the first unique one.
std::vector<const ReadColumn*> Targets(const ReadTable& table) {
  std::vector<const ReadColumn*> targets;
  const ReadColumn* first = nullptr;
  for (const ReadColumn& column : table.columns) {
    if (!IsUnique(*table.known, *column.known) || IsTimeType(column.type)) continue;
    if (column.type == ValueType::kNumber) continue;
    if (first == nullptr) first = &column;
    const bool is_key = EndsAsKey(column.words) || EndsWithWords(column.words, table.words);
    if (is_key && targets.size() < 2) targets.push_back(&column);
  }
  if (targets.empty() && first != nullptr) targets.push_back(first);
  return targets;
}

/// Parts that people play, and tables of those who play them: seller_id to users.
bool SaysPerson(const Words& words, const ReadTable& table) {
  const Words& noun = table.words;
  static const std::unordered_set<std::string_view> kStaff{
      "manager",    "supervisor", "representative", "rep",       "salesperson", "agent",     "assignee",
      "approver",   "cashier",    "head",           "lead",      "driver",      "operator",  "technician",
      "instructor", "consultant", "inspector",      "clerk",     "handler",     "mentor",    "boss",
      "leader",     "director",   "chair",          "reviewer",  "coordinator", "advisor",   "officer",
      "author",     "owner",      "reporter",       "requester", "creator",     "recruiter", "editor"};
  static const std::unordered_set<std::string_view> kParties{"buyer", "seller", "sender", "recipient", "payer",
                                                             "payee", "host",   "guest",  "receiver",  "borrower",
                                                             "owner", "holder", "author", "referrer",  "contact"};
  static const std::unordered_set<std::string_view> kStaffTables{"employee", "staff",  "user",  "person",
                                                                 "worker",   "member", "agent", "team"};
  static const std::unordered_set<std::string_view> kPartyTables{"customer", "client",  "user",  "person",
                                                                 "member",   "account", "party", "company"};
  if (words.empty()) return false;
  // "created_by", "assigned_to"
  const bool is_done =
      words.size() >= 2 && (words.back() == "by" || words.back() == "to") &&
      (words.back() == "by" || words[words.size() - 2].ends_with("ed") || words[words.size() - 2] == "sold" ||
       words[words.size() - 2] == "taken" || words[words.size() - 2] == "written");
  const bool is_staff = kStaffTables.contains(noun.back()) || HasHired(table);
  return ((kStaff.contains(words.back()) || is_done) && is_staff) ||
         (kParties.contains(words.back()) && kPartyTables.contains(noun.back()));
}

/// Ends of ways, and tables of places: origin_id to stations.
bool SaysEnd(const Words& words, const Words& noun) {
  static const std::unordered_set<std::string_view> kEnds{"origin", "destination", "from",      "to",
                                                          "source", "target",      "start",     "end",
                                                          "pickup", "dropoff",     "departure", "arrival"};
  static const std::unordered_set<std::string_view> kPlaces{
      "station", "airport", "location", "city",   "port", "stop", "warehouse", "place",  "hub",
      "depot",   "node",    "store",    "branch", "site", "zone", "terminal",  "address"};
  return !words.empty() && kEnds.contains(words.back()) && kPlaces.contains(noun.back());
}

/// What a row says of another row of its own table: parent_id, reports_to, manager_id of people.
bool SaysOwnTable(const Words& words, const ReadTable& table) {
  static const std::unordered_set<std::string_view> kOwn{"parent",   "superior", "predecessor", "previous", "original",
                                                         "replaces", "referrer", "root",        "master"};
  const std::string said = JoinedWords(words);
  if (said == "reports to" || said == "referred by" || said == "report to") return true;
  return !words.empty() && (kOwn.contains(words.back()) || SaysPerson(words, table));
}

/// ship_via to shippers: a word of the column begins the table's.
bool SaysPart(const Words& words, const Words& noun) {
  static const std::unordered_set<std::string_view> kCounts{"count", "quantity", "number", "total", "amount", "cost"};
  if (!words.empty() && kCounts.contains(words.back())) return false;
  return std::ranges::any_of(words, [&](const std::string& word) {
    return word.size() >= 4 && noun.back().size() > word.size() && noun.back().starts_with(word);
  });
}

double EvidenceOf(const ReadColumn& from, const ReadTable& to_table, const ReadColumn& to) {
  const Words words = WithoutKeyMarks(from.words);
  const bool is_key = EndsAsKey(from.words);
  // A number that is called as a table is and has no mark of a key says the same ("customer").
  const bool may_name = is_key || IsText(from) || words == to_table.words;
  if (!words.empty() && EndsWithWords(words, to_table.words) && may_name) return kSaysTable;
  // client_id to customers
  const auto others = is_key && words.size() == 1 ? OtherWordsFor(to_table.noun()) : std::vector<std::string>();
  if (std::ranges::find(others, words.empty() ? "" : words[0]) != others.end()) return kSaysPerson;
  const Words own = WithoutKeyMarks(to.words);
  if (!own.empty() && from.words == to.words) return kSaysColumn;
  if (!words.empty() && is_key && EndsWithWords(to_table.words, words)) return kSaysColumn;
  const bool is_person = SaysPerson(words, to_table);
  const bool is_by = is_person && (words.back() == "by" || words.back() == "to");
  if (is_person && (is_key || is_by || from.type == ValueType::kInteger)) return kSaysPerson;
  if (SaysEnd(words, to_table.words)) return kSaysPerson;
  const bool is_short = is_key && words.size() == 1;
  if (is_short && (Abbreviates(words[0], to_table.noun()) || AreInitials(words[0], to_table.words))) return kSaysPerson;
  if (from.type == ValueType::kInteger && SaysPart(words, to_table.words)) return kSaysPerson;
  return IsText(from) && from.known->distinct.value_or(0) >= 3 ? kSaysNothing : 0;
}

bool MayRefer(const ReadColumn& from, const ReadColumn& to) {
  const bool from_fits = from.role == ColumnRole::kCategory || from.role == ColumnRole::kCode ||
                         from.role == ColumnRole::kTime || from.type == ValueType::kInteger;
  if (!from_fits || IsTimeType(from.type) || from.role == ColumnRole::kFlag) return false;
  if ((from.type == ValueType::kInteger) != (to.type == ValueType::kInteger)) return false;
  if (IsText(from) != IsText(to)) return false;
  return from.known->distinct.value_or(1) > 0;
}

/// Of a column for its own table's key.
double OwnEvidenceOf(const ReadColumn& from, const ReadTable& table, const ReadColumn& to) {
  if (from.known == to.known || IsUnique(*table.known, *from.known)) return 0;
  const Words words = WithoutKeyMarks(from.words);
  const bool is_other_end = EndsWithWords(words, table.words) && words.size() > table.words.size();
  if (is_other_end && EndsAsKey(from.words)) return kSaysPerson;
  return SaysOwnTable(words, table) ? kSaysPerson : 0;
}

struct Scored {
  double evidence = 0;
  KnownReference reference;
};

/// A key that is called as no table is says what somebody does ("csm_id"), where one table alone holds people who work.
bool MayBeStaff(const std::vector<ReadTable>& tables, const ReadColumn& from, const ReadTable& to_table) {
  const Words words = WithoutKeyMarks(from.words);
  const bool is_key = !words.empty() && (from.words.back() == "id" || from.words.back() == "key");
  if (!is_key || from.type != ValueType::kInteger || !IsStaff(to_table)) return false;
  // One who does something is meant: a referrer, an editor, a csm.
  const std::string& who = words.back();
  const bool does = who.ends_with("er") || who.ends_with("or") || who.ends_with("ist") || who.ends_with("ian") ||
                    who.ends_with("ee") || who.size() <= 3;
  if (!HasHired(to_table) && !does) return false;
  return std::ranges::none_of(tables, [&](const ReadTable& table) {
    return (&table != &to_table && IsStaff(table)) || table.words.back() == words.back() ||
           Abbreviates(words.back(), table.words.back());
  });
}

std::vector<ReadTable> ReadAll(const std::vector<KnownTable>& tables) {
  std::vector<ReadTable> read;
  for (const KnownTable& table : tables) read.push_back(ReadTableNames(table));
  return read;
}

std::vector<Scored> ScoredFor(const std::vector<ReadTable>& tables, const ReadTable& from_table,
                              const ReadColumn& from) {
  std::vector<Scored> scored;
  const bool is_own_key = IsUnique(*from_table.known, *from.known);
  for (const ReadTable& to_table : tables) {
    for (const ReadColumn* to : Targets(to_table)) {
      if (!MayRefer(from, *to)) continue;
      double evidence = EvidenceOf(from, to_table, *to);
      if (&to_table == &from_table) evidence = OwnEvidenceOf(from, from_table, *to);
      else if (evidence == 0 && MayBeStaff(tables, from, to_table)) evidence = kSaysNothing;
      // A table's own key is another's only where it is called after that one.
      const Words said = WithoutKeyMarks(from.words);
      const bool is_role = SaysPerson(said, to_table);  // Each shop has a manager of its own.
      if (is_own_key && ((evidence < kSaysTable && !is_role) || EndsWithWords(said, from_table.words))) evidence = 0;
      if (evidence < kSaysColumn && from.known->distinct.value_or(0) > to->known->distinct.value_or(0)) continue;
      if (evidence == 0) continue;
      scored.push_back({.evidence = evidence,
                        .reference = {.from_table = from_table.known->name,
                                      .from_column = from.known->name,
                                      .to_table = to_table.known->name,
                                      .to_column = to->known->name}});
    }
  }
  std::ranges::stable_sort(scored, [](const Scored& a, const Scored& b) { return a.evidence > b.evidence; });
  if (scored.size() > kCandidatesMax) scored.resize(kCandidatesMax);
  return scored;
}

}  // namespace

std::vector<KnownReference> CandidateReferences(const std::vector<KnownTable>& tables) {
  const auto read = ReadAll(tables);
  std::vector<KnownReference> candidates;
  for (const ReadTable& table : read) {
    for (const ReadColumn& column : table.columns) {
      for (Scored& scored : ScoredFor(read, table, column)) candidates.push_back(std::move(scored.reference));
    }
  }
  return candidates;
}

std::vector<KnownReference> ChosenReferences(const std::vector<KnownTable>& tables,
                                             const std::vector<KnownReference>& looked_up) {
  const auto read = ReadAll(tables);
  std::vector<KnownReference> chosen;
  for (const ReadTable& table : read) {
    for (const ReadColumn& column : table.columns) {
      const KnownReference* best = nullptr;
      double best_score = 0;
      for (const Scored& scored : ScoredFor(read, table, column)) {
        const auto found = std::ranges::find_if(looked_up, [&](const KnownReference& one) {
          return SameTable(one.from_table, scored.reference.from_table) &&
                 SameTable(one.to_table, scored.reference.to_table) &&
                 EqualsIgnoringCase(one.from_column, scored.reference.from_column) &&
                 EqualsIgnoringCase(one.to_column, scored.reference.to_column);
        });
        if (found == looked_up.end() || found->found < ShareNeeded(scored.evidence)) continue;
        const double score = scored.evidence + found->found;
        if (best == nullptr || score > best_score) {
          best = &*found;
          best_score = score;
        }
      }
      if (best != nullptr) chosen.push_back(*best);
    }
  }
  return chosen;
}

std::vector<std::vector<std::string>> CandidateKeys(const KnownTable& table,
                                                    const std::vector<KnownReference>& references) {
  const ReadTable read = ReadTableNames(table);
  constexpr int64_t kKindsMax = 200;
  std::vector<std::string> parts, numbers, times, kinds;
  for (const ReadColumn& column : read.columns) {
    if (IsUnique(table, *column.known)) return {};
    if (column.known->nulls.value_or(0) > 0 || column.role == ColumnRole::kSkipped) continue;
    const bool refers = std::ranges::any_of(references, [&](const KnownReference& reference) {
      return SameTable(reference.from_table, table.name) &&
             EqualsIgnoringCase(reference.from_column, column.known->name);
    });
    if (column.role == ColumnRole::kTime) times.push_back(column.known->name);
    else if (refers) parts.push_back(column.known->name);
    else if (EndsAsKey(column.words) || column.role == ColumnRole::kCode) numbers.push_back(column.known->name);
    else if (column.role == ColumnRole::kCategory && column.known->distinct.value_or(kKindsMax + 1) <= kKindsMax)
      kinds.push_back(column.known->name);
  }
  std::vector<std::vector<std::string>> keys;
  const auto add = [&](std::vector<std::string> key) {
    if (keys.size() < kKeysMax) keys.push_back(std::move(key));
  };
  for (const std::string& part : parts) {
    for (const std::string& number : numbers) add({part, number});
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    for (const std::string& time : times) add({parts[i], time});
    for (size_t j = i + 1; j < parts.size(); ++j) add({parts[i], parts[j]});
  }
  for (const std::string& number : numbers) {
    for (const std::string& time : times) add({number, time});
  }
  if (parts.size() >= 2 && !times.empty()) add({parts[0], parts[1], times[0]});
  // Stock of each product at each place, where places are no table.
  for (const std::string& kind : kinds) {
    for (const std::string& time : times) {
      add({kind, time});
      if (!parts.empty()) add({parts[0], kind, time});
      else if (!numbers.empty()) add({numbers[0], kind, time});
    }
  }
  return keys;
}

bool FollowsFromDay(const KnownTable& calendar, const KnownColumn& column) {
  if (&column == CalendarDay(calendar) || IsTimeType(ValueTypeOf(column.type))) return true;
  static const std::unordered_set<std::string_view> kParts{
      "date",    "day",      "week",     "month", "quarter",   "year",  "weekday", "dow",  "doy",  "key",
      "id",      "name",     "number",   "of",    "in",        "iso",   "fiscal",  "fy",   "is",   "weekend",
      "last",    "first",    "sk",       "flag",  "indicator", "abbr",  "short",   "long", "text", "label",
      "half",    "semester", "sequence", "leap",  "begin",     "start", "end",     "this", "same", "ago",
      "current", "moy",      "dom",      "qoy",   "ly",        "lq"};
  const Words words = WordsOfName(column.name);
  if (words.empty()) return false;
  // d_month_seq: without the prefix that all share.
  const bool has_prefix = words.size() > 1 && words.front().size() <= 2;
  return std::all_of(words.begin() + (has_prefix ? 1 : 0), words.end(),
                     [](const std::string& word) { return kParts.contains(word) || word == "seq"; });
}

const KnownColumn* CalendarDay(const KnownTable& table) {
  const ReadTable read = ReadTableNames(table);
  static const std::unordered_set<std::string_view> kCalendars{"date", "day", "calendar", "time"};
  if (!kCalendars.contains(read.words.back()) && !kCalendars.contains(read.words.front())) return nullptr;
  for (const KnownColumn& column : table.columns) {
    const bool is_day = ValueTypeOf(column.type) == ValueType::kDate || column.form == HiddenForm::kDateText;
    if (is_day && IsUnique(table, column)) return &column;
  }
  return nullptr;
}

}  // namespace neurolake::semantic
