#include <algorithm>

#include "semantic/internal/infer_parts.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

/// "ship" of a shipment, "deliver" of a delivery.
bool BeginsNoun(const Words& words, std::string_view noun) {
  return std::ranges::any_of(words, [&](const std::string& word) {
    return word.size() >= 4 && noun.size() > word.size() + 2 && noun.starts_with(word) && word != "time";
  });
}

/// Where no time says when it happened: what the rows are told apart by, such as the end of a week; else when they are
/// due, if that alone is never missing.
std::optional<size_t> OnlyTimeFor(const ReadTable& table) {
  std::optional<size_t> of_key, due;
  size_t keys = 0, full = 0;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const ReadColumn& column = table.columns[i];
    if (column.role != ColumnRole::kTime) continue;
    const bool is_part = std::ranges::any_of(table.known->keys, [&](const std::vector<std::string>& key) {
      return key.size() > 1 && std::ranges::find(key, column.known->name) != key.end();
    });
    if (is_part) of_key = i, ++keys;
    if (column.known->nulls == 0) ++full;
    if (column.known->nulls == 0 && Has(column.words, "due")) due = i;
  }
  if (keys == 1) return of_key;
  return full == 1 ? due : std::nullopt;
}

/// Of what takes place: 5 when it does, 2 when it was arranged, else nothing is known.
std::optional<int> ScoreOfPlanned(const ReadColumn& column) {
  static const WordSet kThen{"scheduled", "schedule", "start", "started", "starts", "begin", "begins", "slot", "held"};
  static const WordSet kBefore{"booked",    "booking",   "requested", "request",     "registered", "registration",
                               "submitted", "placed",    "received",  "enrolled",    "invited",    "reserved",
                               "signed",    "announced", "published", "arrangement", "created",    "creation"};
  if (HasAny(column.words, kBefore)) return 2;
  return HasAny(column.words, kThen) ? std::optional(5) : std::nullopt;
}

}  // namespace

bool TakesPlace(const ReadTable& table) {
  static const WordSet kPlanned{
      "appointment", "class",   "lesson",  "meeting",   "session",     "consultation", "exam",     "examination",
      "interview",   "viewing", "show",    "screening", "performance", "webinar",      "workshop", "training",
      "lecture",     "hearing", "surgery", "operation", "procedure",   "match",        "game",     "fixture",
      "concert",     "tour",    "seminar", "visit",     "treatment",   "shift",        "activity", "event"};
  return kPlanned.contains(table.words.back());
}

std::optional<ChosenTime> ChooseTime(const ReadTable& table) {
  static const WordSet kHappens{
      "order",        "ordered",  "transaction", "event",       "sale",        "sold",      "purchase", "purchased",
      "booking",      "booked",   "visit",       "visited",     "posted",      "occurred",  "happened", "recorded",
      "measured",     "reading",  "observed",    "observation", "appointment", "admission", "admitted", "loan",
      "loaned",       "borrowed", "checkout",    "hire",        "hired",       "signup",    "signed",   "invoice",
      "invoiced",     "payment",  "issued",      "opened",      "granted",     "start",     "started",  "registered",
      "registration", "enrolled", "enrollment",  "joined",      "join",        "timestamp", "flight",   "trip",
      "session",      "seen",     "logged",      "submitted",   "placed",      "reported",  "incurred", "balance",
      "snapshot",     "received", "launched",    "published",   "requested",   "effective"};
  static const WordSet kNeverFirst{
      "updated", "modified", "loaded",    "ingested",   "deleted",    "expires",     "expiry",   "due",
      "end",     "ended",    "closed",    "valid",      "birth",      "born",        "return",   "returned",
      "shipped", "ship",     "delivery",  "delivered",  "cancelled",  "canceled",    "last",     "required",
      "commit",  "receipt",  "discharge", "discharged", "terminated", "termination", "resolved", "completed",
      "left",    "next",     "expected",  "promised",   "scheduled",  "until",       "plan",     "planned",
      "exit",    "expiry",   "retired",   "closing"};
  std::vector<std::pair<int, size_t>> scored;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const ReadColumn& column = table.columns[i];
    if (column.role != ColumnRole::kTime) continue;
    int score = 1;
    const bool is_own = HasAny(column.words, WordSet(table.words.begin(), table.words.end()));
    if (HasAny(column.words, kHappens) || kHappens.contains(VerbOfTime(column.words))) score = 4;
    // "shipped" of shipments, "booked" of bookings.
    const std::string verb = VerbOfTime(column.words);
    const bool is_doing = !verb.empty() && verb == VerbOfTime({table.words.back()});
    if (is_own || is_doing || BeginsNoun(column.words, table.words.back())) score = 5;
    if (column.words.size() == 1) score = std::max(score, 3);  // "date", "day", "timestamp"
    if (Has(column.words, "created") || Has(column.words, "creation")) score = 2;
    static const WordSet kEnds{"to", "through", "thru"};
    const bool is_later = HasAny(column.words, kEnds) || (HasAny(column.words, kNeverFirst) && !is_doing &&
                                                          !BeginsNoun(column.words, table.words.back()));
    if (is_later) score = -1;
    if (const auto planned = TakesPlace(table) ? ScoreOfPlanned(column) : std::nullopt; planned) score = *planned;
    if (column.known->nulls.value_or(0) > 0) score -= 2;
    scored.emplace_back(score, i);
  }
  if (scored.empty()) return std::nullopt;
  std::ranges::stable_sort(scored, [](const auto& a, const auto& b) { return a.first > b.first; });
  if (scored.front().first < 0) {
    const auto only = OnlyTimeFor(table);
    return only ? std::optional(ChosenTime{.column = *only, .is_sure = true}) : std::nullopt;
  }
  // Where a time was set for it, the time when somebody asked for it is not surely the one that is meant.
  const bool has_set_time = std::ranges::any_of(table.columns, [](const ReadColumn& column) {
    return column.role == ColumnRole::kTime && column.known->nulls == 0 && Has(column.words, "scheduled");
  });
  const bool is_asked = HasAny(table.columns[scored.front().second].words,
                               {"created", "creation", "booked", "requested", "request", "submitted", "placed"});
  const bool is_sure = (scored.size() == 1 || scored[1].first < scored[0].first) && !(has_set_time && is_asked);
  return ChosenTime{.column = scored.front().second, .is_sure = is_sure};
}

}  // namespace neurolake::semantic
