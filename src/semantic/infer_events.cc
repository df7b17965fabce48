#include <algorithm>
#include <array>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

/// What happens at a time, by its verb: the thing that is counted, and what the time until then is called.
struct Event {
  std::string_view verb;
  std::string_view noun;                 ///< Plural; empty: nothing is called so.
  std::array<std::string_view, 4> span;  ///< Of the time from the beginning until then; empty: none.
};
constexpr Event kEvents[] = {
    {"hired", "hires", {}},
    {"joined", "", {}},
    {"registered", "registrations", {}},
    {"signed up", "signups", {}},
    {"enrolled", "enrollments", {}},
    {"admitted", "admissions", {}},
    {"discharged", "discharges", {"length of stay", "stay length", "stay duration"}},
    {"shipped", "shipments", {"time to ship", "shipping time", "processing time"}},
    {"delivered", "deliveries", {"delivery time", "time to deliver", "time to delivery", "lead time"}},
    {"returned", "returns", {"time to return", "time until return"}},
    {"cancelled", "cancellations", {"time to cancel", "time to cancellation"}},
    {"canceled", "cancellations", {"time to cancel", "time to cancellation"}},
    {"terminated", "terminations", {}},
    {"resolved", "resolutions", {"resolution time", "time to resolve", "time to resolution"}},
    {"closed", "closures", {"time to close", "closing time", "time to closure"}},
    {"completed", "completions", {"completion time", "time to complete", "time to completion"}},
    {"ended", "", {"duration", "length"}},
    {"finished", "", {"duration", "time to finish"}},
    {"churned", "churns", {}},
    {"renewed", "renewals", {}},
    {"approved", "approvals", {"approval time", "time to approve", "time to approval"}},
    {"rejected", "rejections", {}},
    {"refunded", "refunds", {}},
    {"paid", "", {"payment time", "time to pay", "time to payment"}},
    {"settled", "settlements", {"settlement time", "time to settle"}},
    {"activated", "activations", {"time to activate"}},
    {"published", "publications", {}},
    {"arrived", "arrivals", {"lead time", "delivery time", "time to arrive"}},
    {"answered", "", {"answer time", "time to answer", "response time"}},
    {"responded", "", {"response time", "time to respond", "reply time"}},
    {"replied", "", {"reply time", "response time", "time to reply", "time to first reply"}},
    {"dispatched", "", {"dispatch time", "time to dispatch"}},
    {"processed", "", {"processing time", "time to process"}},
    {"assigned", "", {"assignment time", "time to assign"}},
    {"accepted", "", {"acceptance time", "time to accept"}},
    {"confirmed", "confirmations", {"confirmation time", "time to confirm"}},
    {"collected", "", {"collection time", "time to collect"}},
    {"checked in", "check-ins", {"booking lead time", "lead time"}},
    {"checked out", "check-outs", {"length of stay", "stay length", "stay duration"}},
    {"scheduled", "", {"booking lead time", "lead time"}},
    {"removed", "removals", {}},
    {"installed", "installations", {}},
    {"repaired", "repairs", {"repair time", "time to repair"}}};

const Event* EventAt(const ReadColumn& column) {
  const std::string verb = VerbOfTime(column.words);
  const auto* found = std::ranges::find(kEvents, verb, &Event::verb);
  return found == std::end(kEvents) ? nullptr : found;
}

/// What was planned did not happen by being planned.
bool IsPlanned(const ReadColumn& column) {
  static const WordSet kPlans{"due",     "expected",  "required", "promised", "scheduled",
                              "planned", "estimated", "target",   "valid",    "updated",
                              "next",    "birth",     "born",     "expires",  "plan"};
  return HasAny(column.words, kPlans);
}

/// A day of a row with a time is compared by days, two times by seconds.
bool IsDay(const ReadColumn& column) {
  return column.type == ValueType::kDate || (!IsTimeType(column.type) && column.known->form != HiddenForm::kEpoch &&
                                             column.known->form != HiddenForm::kTimeText);
}

struct Unit {
  std::string_view name, symbol;
  double seconds;
};

constexpr double kDaySeconds = 86'400;

/// The unit that people say such spans in: the largest that the middle one has at least two of.
Unit UnitFor(double median_seconds, bool has_days_only) {
  static constexpr Unit kDays{"days", "d", 86'400}, kHours{"hours", "h", 3'600}, kMinutes{"minutes", "min", 60};
  if (has_days_only || median_seconds >= 2 * kDays.seconds) return kDays;
  return median_seconds >= 2 * kHours.seconds ? kHours : kMinutes;
}

class EventMaker {
 public:
  EventMaker(Drafting& drafting, DraftEntity& draft) : drafting_(drafting), draft_(draft), table_(draft.read) {}

  void Run() {
    NameCount();
    for (const ReadColumn& column : table_.columns) {
      if (column.role == ColumnRole::kTime && !IsPlanned(column) && !IsDefaultTime(column)) AddCountAt(column);
    }
    for (const KnownSpan& span : table_.known->spans) AddSpan(span);
  }

 private:
  const std::string* DimensionOf(const ReadColumn& column) const {
    const auto found = draft_.dimension_of.find(LowerAscii(column.known->name));
    return found == draft_.dimension_of.end() ? nullptr : &found->second;
  }

  bool IsDefaultTime(const ReadColumn& column) const {
    const std::string* dimension = DimensionOf(column);
    return dimension != nullptr && *dimension == draft_.entity.default_time;
  }

  const ReadColumn* ColumnOf(const std::string& name) const {
    for (const ReadColumn& column : table_.columns) {
      if (EqualsIgnoringCase(column.known->name, name)) return &column;
    }
    return nullptr;
  }

  /// Whether some table is called so: then its rows are meant.
  bool IsTable(std::string_view plural) const {
    return std::ranges::any_of(drafting_.tables, [&](const ReadTable& table) {
      return PluralOf(table.noun()) == plural || PluralOf(table.words.back()) == plural;
    });
  }

  /// "hires" and "new employees" are employees by their hire date.
  void NameCount() {
    static const WordSet kBegins{"created",  "creation",   "registered", "registration", "signup",
                                 "signed",   "joined",     "join",       "hire",         "hired",
                                 "enrolled", "enrollment", "onboarded",  "founded",      "added",
                                 "opened",   "opening",    "since",      "membership",   "start"};
    if (draft_.entity.measures.empty()) return;
    Measure& count = draft_.entity.measures.front();
    for (const ReadColumn& column : table_.columns) {
      if (column.role != ColumnRole::kTime || !IsDefaultTime(column)) continue;
      const Event* event = EventAt(column);
      if (event != nullptr && !event->noun.empty() && !IsTable(event->noun)) {
        count.synonyms.emplace_back(event->noun);
        if (event->verb == "signed up") count.synonyms.emplace_back("sign ups");
      }
      if (HasAny(column.words, kBegins)) count.synonyms.push_back("new " + PluralOf(table_.noun()));
    }
  }

  /// Rows by another of their times: discharges are stays that ended then.
  void AddCountAt(const ReadColumn& column) {
    const Event* event = EventAt(column);
    const std::string* dimension = DimensionOf(column);
    if (event == nullptr || event->noun.empty() || dimension == nullptr || IsTable(event->noun)) return;
    const std::string noun(event->noun);
    const std::string name = ModelNameOf(draft_.entity.name + "_" + noun);
    if (drafting_.taken_metrics.contains(name) || !draft_.taken.insert(name).second) return;
    drafting_.taken_metrics.insert(name);
    Measure count;
    count.name = name;
    count.label = "number of " + noun;
    // "returned" is the verb, "returns" is read as it: only what has another stem stands alone.
    const bool is_of_verb = event->verb.starts_with(std::string_view(noun).substr(0, noun.size() - 1));
    if (named_.insert(noun).second && !is_of_verb) count.synonyms = {noun};
    count.aggregation = Aggregation::kCount;
    count.expr = ColumnExpression(column.known->name);
    count.time = *dimension;
    draft_.entity.measures.push_back(std::move(count));
    drafting_.NoteAt(draft_.entity.name, name, fmt::format("rows with a {} are {}, by that time", *dimension, noun));
  }

  /// How long something took, on the average.
  void AddSpan(const KnownSpan& span) {
    const ReadColumn* from = ColumnOf(span.from);
    const ReadColumn* to = ColumnOf(span.to);
    const Event* event = to == nullptr ? nullptr : EventAt(*to);
    if (from == nullptr || event == nullptr || event->span[0].empty()) return;
    const bool has_days = IsDay(*from) || IsDay(*to);
    if (!has_days && from->type != to->type) return;
    static const WordSet kCases{"ticket", "case", "issue", "incident", "alert", "complaint", "request", "bug"};
    const bool is_case = kCases.contains(table_.words.back());
    // What is closed for good was there until then, and took no time to close.
    if (event->verb == "closed" && GoesOn()) return;
    const Unit unit = UnitFor(is_case ? std::min(span.median_seconds, kDaySeconds) : span.median_seconds, has_days);
    std::vector<std::string> calls;
    for (const std::string_view call : event->span) {
      if (call.empty()) continue;
      const bool is_general = call == "duration" || call == "length";
      calls.push_back(is_general ? fmt::format("{} {}", table_.noun(), call) : std::string(call));
      if (is_general) calls.emplace_back(call);
    }
    const bool solves = is_case && event->verb == "closed";
    if (solves) calls.insert(calls.begin(), {"resolution time", "time to resolve", "time to resolution"});
    if (event->verb == "returned") calls.push_back(table_.noun() + " duration");
    const bool is_told = std::ranges::any_of(table_.columns, [&](const ReadColumn& other) {
      return other.words.back() == "duration" || std::ranges::find(calls, JoinedWords(other.words)) != calls.end();
    });
    if (is_told) return;  // A column says it.
    Measure measure;
    measure.name = ModelNameOf(fmt::format("average_{}_{}", calls.front(), unit.name));
    if (drafting_.taken_metrics.contains(measure.name))
      measure.name = ModelNameOf(draft_.entity.name + "_" + measure.name);
    if (!drafting_.taken_metrics.insert(measure.name).second || !draft_.taken.insert(measure.name).second) return;
    measure.label = "average " + calls.front();
    for (const std::string& call : calls) {
      measure.synonyms.push_back(call);
      if (call != calls.front()) measure.synonyms.push_back("average " + call);
      measure.synonyms.push_back(fmt::format("average {} in {}", call, unit.name));
    }
    for (std::string& said : UnitsUntil(calls, unit)) measure.synonyms.push_back(std::move(said));
    const std::string verb = std::string(event->verb);
    if (verb.ends_with("ed")) measure.synonyms.push_back(fmt::format("average {} until {}", unit.name, verb));
    measure.aggregation = Aggregation::kAverage;
    measure.additivity = Additivity::kNonAdditive;
    measure.expr = has_days ? fmt::format("date_diff('day', CAST({} AS DATE), CAST({} AS DATE))", ExpressionOf(*from),
                                          ExpressionOf(*to))
                            : fmt::format("date_diff('second', {}, {}) / {:.1f}", ExpressionOf(*from),
                                          ExpressionOf(*to), unit.seconds);
    measure.format.unit = std::string(unit.symbol);
    measure.description = fmt::format("{} from {} to {}.", LabelOfUnit(unit), span.from, span.to);
    drafting_.NoteAt(draft_.entity.name, measure.name,
                     fmt::format("taken for the time from {} to {}, in {}", span.from, span.to, unit.name));
    LeaveNameToSpan(*to, event->verb, calls);
    AddSpanOfRow(measure, calls, unit);
    draft_.entity.measures.push_back(std::move(measure));
  }

  /// Whether without an end something goes on, as AddDimensions took it.
  bool GoesOn() const {
    return std::ranges::any_of(draft_.entity.dimensions, [](const Dimension& dimension) {
      return dimension.name == "is_active" || dimension.name == "is_current";
    });
  }

  /// "days to pay" of the time to pay.
  static std::vector<std::string> UnitsUntil(const std::vector<std::string>& calls, const Unit& unit) {
    std::vector<std::string> said;
    for (const std::string& call : calls) {
      if (call.starts_with("time to ")) said.push_back(fmt::format("{} {}", unit.name, call.substr(5)));
    }
    return said;
  }

  /// "reply time" is how long it took, and not when it was.
  void LeaveNameToSpan(const ReadColumn& to, std::string_view verb, const std::vector<std::string>& calls) {
    const std::string* name = DimensionOf(to);
    const auto is_span = [&](const std::string& said) {
      return std::ranges::any_of(calls, [&](const std::string& call) {
        return said == call || said == fmt::format("{} {}", table_.noun(), call);
      });
    };
    for (Dimension& dimension : draft_.entity.dimensions) {
      if (name == nullptr || dimension.name != *name) continue;
      if (is_span(dimension.label)) dimension.label = fmt::format("{} time", verb);
      std::erase_if(dimension.synonyms, is_span);
    }
  }

  /// The time of each row, for its median, and for those that took longer.
  void AddSpanOfRow(const Measure& measure, const std::vector<std::string>& calls, const Unit& unit) {
    Dimension span;
    span.name = ModelNameOf(fmt::format("{}_{}", calls.front(), unit.name));
    if (!draft_.taken.insert(span.name).second) return;
    span.label = calls.front();
    span.synonyms.assign(calls.begin() + 1, calls.end());
    for (std::string& said : UnitsUntil(calls, unit)) span.synonyms.push_back(std::move(said));
    if (calls.front() == "length of stay" && unit.symbol == "d") span.synonyms.emplace_back("nights");
    span.value_type = measure.expr.starts_with("date_diff('day'") ? ValueType::kInteger : ValueType::kNumber;
    span.expr = measure.expr;
    span.format.unit = measure.format.unit;
    span.description = measure.description;
    draft_.entity.dimensions.push_back(std::move(span));
  }

  static std::string LabelOfUnit(const Unit& unit) {
    std::string label(unit.name);
    label.front() = char(label.front() - 'a' + 'A');
    return label;
  }

  Drafting& drafting_;
  DraftEntity& draft_;
  const ReadTable& table_;
  std::set<std::string> named_;
};

}  // namespace

void AddEvents(Drafting& drafting, DraftEntity& draft) { EventMaker(drafting, draft).Run(); }

std::vector<KnownSpan> CandidateSpans(const KnownTable& table) {
  constexpr size_t kSpansMax = 6;
  static constexpr std::pair<std::string_view, std::string_view> kBegins[] = {
      {"checked out", "checked in"}, {"checked in", "booked"}, {"scheduled", "booked"}, {"discharged", "admitted"}};
  const ReadTable read = ReadTableNames(table);
  const auto begin = ChooseTime(read);
  std::vector<KnownSpan> spans;
  for (const ReadColumn& to : read.columns) {
    const Event* event = to.role == ColumnRole::kTime ? EventAt(to) : nullptr;
    if (event == nullptr || event->span[0].empty() || spans.size() == kSpansMax) continue;
    const auto* first = std::ranges::find(kBegins, event->verb, &std::pair<std::string_view, std::string_view>::first);
    const auto own = std::ranges::find_if(read.columns, [&](const ReadColumn& one) {
      return first != std::end(kBegins) && one.role == ColumnRole::kTime && VerbOfTime(one.words) == first->second;
    });
    const bool needs_own = event->verb == "scheduled" || event->verb == "checked in" || event->verb == "checked out";
    if (own == read.columns.end() && (needs_own || !begin || IsPlanned(to))) continue;
    const ReadColumn& from = own != read.columns.end() ? *own : read.columns[begin->column];
    if (&from != &to) spans.push_back({.from = from.known->name, .to = to.known->name});
  }
  return spans;
}

std::string TimeExpression(const KnownTable& table, const std::string& column) {
  const ReadTable read = ReadTableNames(table);
  const auto found = std::ranges::find_if(
      read.columns, [&](const ReadColumn& one) { return EqualsIgnoringCase(one.known->name, column); });
  return found == read.columns.end() ? ColumnExpression(column) : ExpressionOf(*found);
}

}  // namespace neurolake::semantic
