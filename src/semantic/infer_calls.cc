#include <algorithm>

#include "common/text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

bool IsGeneric(const Words& words) {
  static const WordSet kWords{
      "name",      "title",   "type",    "status",  "kind",     "category", "state",  "code",  "description",
      "date",      "time",    "amount",  "price",   "quantity", "value",    "number", "count", "country",
      "city",      "region",  "level",   "comment", "notes",    "label",    "size",   "plan",  "email",
      "phone",     "address", "total",   "cost",    "balance",  "active",   "id",     "key",   "zip",
      "timestamp", "day",     "created", "year",    "rate",     "group",    "class",  "start", "end"};
  return words.size() == 1 && kWords.contains(words.front());
}

bool BeginsWithNoun(const Words& words, const Words& noun) {
  if (words.size() <= noun.size()) return false;
  for (size_t i = 0; i < noun.size(); ++i) {
    if (SingularOf(words[i]) != noun[i]) return false;
  }
  return true;
}

void AddOnce(std::vector<std::string>& words, const std::string& text, const std::string& label) {
  if (!text.empty() && text != label && std::ranges::find(words, text) == words.end()) words.push_back(text);
}

/// "order date", "created date", "measured time": what a time is called.
Words TimeWords(const ReadColumn& column) {
  static const WordSet kTimes{"date", "day", "time", "timestamp", "datetime", "month", "year"};
  Words words;
  for (const std::string& word : column.words) {
    if (word != "at" && word != "on" && word != "key" && word != "id" && word != "sk") words.push_back(word);
  }
  if (words.empty()) words = {"date"};
  if (words.back() == "timestamp" || words.back() == "datetime") words.back() = "time";
  const bool is_day = column.type == ValueType::kDate || IsDayForm(column.known->form);
  const bool says_time = std::ranges::any_of(words, [](const std::string& word) { return kTimes.contains(word); });
  if (!says_time) words.emplace_back(is_day ? "date" : "time");
  return words;
}

/// Whether the last of several words says it, because no other column and no table is called so. Not what is said of
/// everything ("number", "rate"), nor what alone means another number ("cost" of a unit's cost).
bool IsOnlyOneCalled(const Drafting& drafting, const Words& words) {
  static const WordSet kOfEverything{"rate",  "ratio",  "number",     "name",    "code",  "id",   "key",
                                     "value", "count",  "total",      "percent", "date",  "time", "day",
                                     "year",  "month",  "unit",       "cost",    "share", "flag", "index",
                                     "text",  "number", "percentage", "score"};
  if (words.size() < 2 || kOfEverything.contains(words.back())) return false;
  const std::string last = SingularOf(words.back());
  const auto others = drafting.called_by_last.find(last);
  if (others == drafting.called_by_last.end() || others->second.size() != 1) return false;
  return std::ranges::none_of(drafting.tables, [&](const ReadTable& table) {
    return std::ranges::find(table.words, last) != table.words.end();
  });
}

/// One word with few values of its table's own kind: "membership type" is the membership, where no column is called so.
bool IsKindOf(const Drafting& drafting, const ReadTable& table, const ReadColumn& column) {
  constexpr int64_t kKindsMax = 12;
  if (column.role != ColumnRole::kCategory || column.words.size() != 1 || IsGeneric(column.words)) return false;
  if (!column.level.empty() || column.known->distinct.value_or(0) > kKindsMax || !table.known->rows) return false;
  return !drafting.columns_called.contains(column.words.front() + " type") && column.words != table.words;
}

/// "status" of a status code, "grade" of grade points, "scrap quantity" of qty_scrap: names without their general end,
/// and with their general beginning at the end, where no column is called so.
void AddShortened(const Drafting& drafting, const ReadTable& table, const ReadColumn& column, Words& calls) {
  static const WordSet kEnds{"code", "points", "description", "text", "amount"};
  static const WordSet kHeads{"quantity", "amount", "price", "cost", "number", "value", "rate"};
  const Words& words = column.words;
  if (words.size() < 2 || column.role == ColumnRole::kTime) return;
  const auto add = [&](const Words& shorter) {
    const std::string said = JoinedWords(shorter);
    const bool is_table =
        std::ranges::any_of(drafting.tables, [&](const ReadTable& one) { return one.words == shorter; });
    if (drafting.columns_called.contains(said) || is_table) return;
    AddOnce(calls, said, calls.front());
    AddOnce(calls, table.noun() + " " + said, calls.front());
  };
  const std::string& before = words[words.size() - 2];
  const bool is_done = before == "cost" || before.ends_with("ed") || before == "paid" || before == "sold" ||
                       before == "net" || before == "gross" || before == "total" || before == "due";
  if (kEnds.contains(words.back()) && !(words.back() == "amount" && is_done))
    add(Words(words.begin(), words.end() - 1));
  if (!kHeads.contains(words.front()) || words.front() == "number") return;
  Words turned(words.begin() + 1, words.end());
  turned.push_back(words.front());
  if (turned.front() == "plan") turned.front() = "planned";
  add(turned);
}

/// "dish category" of the category in lines that are of dishes, where dishes have no table.
void AddOfLine(const Drafting& drafting, const ReadTable& table, const ReadColumn& column, Words& calls) {
  static const WordSet kLines{"item", "line", "detail", "position", "entry"};
  if (!kLines.contains(table.words.back()) || !IsGeneric(column.words) || column.role == ColumnRole::kTime) return;
  for (const ReadColumn& thing : table.columns) {
    const bool is_thing = thing.role == ColumnRole::kCategory && thing.words.size() == 1 && !IsGeneric(thing.words) &&
                          thing.level.empty() && drafting.ReferenceFrom(table, thing) == nullptr;
    if (!is_thing) continue;
    AddOnce(calls, JoinedWords(thing.words) + " " + JoinedWords(column.words), calls.front());
    return;
  }
}

/// "user" of user_id, where users have no table and no name.
void AddThing(const Drafting& drafting, const ReadTable& table, const ReadColumn& column, Words& calls) {
  const Words thing = WithoutKeyMarks(column.words);
  if (!EndsAsKey(column.words) || thing.empty() || thing == table.words) return;
  const std::string said = JoinedWords(thing);
  const bool is_known = drafting.columns_called.contains(said) || drafting.columns_called.contains(said + " name") ||
                        std::ranges::any_of(drafting.tables, [&](const ReadTable& one) { return one.words == thing; });
  if (!is_known && drafting.ReferenceFrom(table, column) == nullptr) AddOnce(calls, said, calls.front());
}

std::vector<std::string> AllCallsOf(const Drafting& drafting, const ReadTable& table, const ReadColumn& column) {
  const Words words = column.role == ColumnRole::kTime ? TimeWords(column) : column.words;
  const std::string bare = JoinedWords(words);
  const bool says_noun = std::ranges::find(words, table.words.back()) != words.end();
  const auto called = drafting.columns_called.find(JoinedWords(column.words));
  const bool is_shared = called != drafting.columns_called.end() && called->second > 1;
  std::vector<std::string> calls;
  if (CalendarDay(*table.known) == column.known) return {"calendar date"};  // "hour of the day" is none of it.
  // flights.flight is the flight's number, and no flight.
  if (column.words == table.words && column.role == ColumnRole::kCode) return {table.noun() + " number"};
  if (says_noun) {
    calls.push_back(bare);
    static const WordSet kMarks{"id", "number", "key", "code"};
    const bool is_mark = words.size() == table.words.size() + 1 && kMarks.contains(words.back());
    if (BeginsWithNoun(words, table.words) && !is_mark) {
      AddOnce(calls, JoinedWords(Words(words.begin() + ptrdiff_t(table.words.size()), words.end())), bare);
    }
    return calls;
  }
  const std::string full = table.noun() + " " + bare;
  const bool is_flag = column.role == ColumnRole::kFlag;
  if (is_flag && words.front() == "newsletter")
    return {"newsletter", "newsletter subscriber", "subscribed to the newsletter", "newsletter subscription", full};
  if (is_flag) return {bare, VerbOfTime(words).empty() ? full : VerbOfTime(words)};
  std::vector<std::string> parts;  // "review score" of performance_reviews.score
  if (table.words.size() > 1) parts = {table.words.back() + " " + bare, table.words.front() + " " + bare};
  if (IsGeneric(words) || is_shared) calls = {full, bare};
  else calls = {bare, full};
  calls.insert(calls.end(), parts.begin(), parts.end());
  if (IsOnlyOneCalled(drafting, words)) {  // "segment" for the only market segment
    AddOnce(calls, words.back(), calls.front());
    AddOnce(calls, table.noun() + " " + words.back(), calls.front());
  }
  // "line" of the line of business.
  const auto of = std::ranges::find(words, "of");
  if (column.role == ColumnRole::kCategory && of != words.begin() && of != words.end() && !IsGeneric({*(of - 1)})) {
    const std::string head = JoinedWords(Words(words.begin(), of));
    if (!drafting.columns_called.contains(head)) AddOnce(calls, head, calls.front());
  }
  if (IsKindOf(drafting, table, column)) AddOnce(calls, bare + " type", calls.front());
  // "watched minutes" of a number in minutes.
  static constexpr std::pair<std::string_view, std::string_view> kUnits[] = {
      {"min", "minutes"}, {"h", "hours"}, {"s", "seconds"}, {"d", "days"}, {"km", "kilometers"}, {"kWh", "kWh"}};
  const auto* unit = std::ranges::find(kUnits, column.unit, &std::pair<std::string_view, std::string_view>::first);
  if (unit != std::end(kUnits) && words.back() != unit->second) {
    const bool is_time = words.size() > 1 && words.back() == "time";
    const std::string of = JoinedWords(is_time ? Words(words.begin(), words.end() - 1) : words);
    AddOnce(calls, fmt::format("{} {}", of, unit->second), calls.front());
  }
  AddShortened(drafting, table, column, calls);
  AddThing(drafting, table, column, calls);
  AddOfLine(drafting, table, column, calls);
  // "brand" of brand_name, "amount" of total_amount.
  static const WordSet kParts{"first", "last", "middle", "full", "given", "family", "display", "short", "long"};
  const bool is_name = words.back() == "name" && !kParts.contains(words.front());
  if (words.size() == 2 && (is_name || words.front() == "total")) {
    AddOnce(calls, words.back() == "name" ? words.front() : words.back(), calls.front());
  }
  return calls;
}

}  // namespace

std::vector<std::string> CallsOf(const Drafting& drafting, const ReadTable& table, const ReadColumn& column) {
  auto calls = AllCallsOf(drafting, table, column);
  if (!IsNumber(column.type) || column.role == ColumnRole::kTime) return calls;
  // "amount" alone is no number where net amounts, paid amounts and amounts are beside each other.
  static const WordSet kShared{"amount", "price", "cost", "value", "total", "fee", "discount"};
  auto clear = calls;
  std::erase_if(clear, [&](const std::string& call) {
    const auto others = drafting.called_by_last.find(call);
    const bool is_last = others != drafting.called_by_last.end() && others->second.size() > 1;
    const bool is_first = drafting.columns_called.contains(call) && drafting.columns_called.contains(call + " amount");
    return kShared.contains(call) && (is_last || is_first);
  });
  return clear.empty() ? calls : clear;
}

}  // namespace neurolake::semantic
