#include "ask/grammar/internal/second_look.h"

#include <array>
#include <cmath>
#include <set>

#include "ask/grammar/internal/assembler.h"
#include "ask/grammar/internal/members.h"
#include "ask/intent/kept_unit.h"
#include "ask/language/units.h"
#include "ask/language/words.h"
#include "ask/time/calendar.h"

namespace neurolake::ask {
namespace {

using semantic::SemanticModel;

constexpr std::array<std::string_view, 16> kNegations{"not",     "no",     "without", "never", "except",  "excluding",
                                                      "neither", "nor",    "none",    "non",   "outside", "exclude",
                                                      "besides", "nobody", "nothing", "unless"};
constexpr std::array<std::string_view, 18> kEnds{"most",     "least",   "fewest", "highest", "lowest",  "largest",
                                                 "smallest", "biggest", "best",   "worst",   "longest", "shortest",
                                                 "heaviest", "busiest", "top",    "bottom",  "fastest", "slowest"};

/// Every number of the intent that a number in a question may be.
class Numbers {
 public:
  Numbers(const Intent& intent, const TimeContext& time) : time_(time) {
    Groups(intent.filters);
    Range(intent.time.range);
    for (const Comparison& comparison : intent.time.comparisons) {
      Range(comparison.range);
      Add(static_cast<double>(comparison.count));
      Moved(intent.time.range, comparison);
    }
    for (const MetricUse& use : intent.metrics) {
      Groups(use.filters);
      Add(use.percentile * 100);
      Name(use.metric);
    }
    for (const DimensionUse& use : intent.dimensions) Name(use.field.name);
    for (const SetCondition& set : intent.sets) {
      Groups(set.filters);
      Range(set.time);
      Add(set.operand);
      Add(set.upper);
    }
    for (const Having& having : intent.having) Add(having.operand), Add(having.upper);
    for (const Calculation& calculation : intent.calculations) Add(static_cast<double>(calculation.window));
    if (intent.rank) Add(static_cast<double>(intent.rank->n));
    Add(static_cast<double>(intent.row_limit));
  }

  bool Has(double number) const {
    for (const double factor : {1.0, 60.0, 3600.0, 1.0 / 60, 1.0 / 3600, 0.01, 100.0}) {
      const double wanted = number * factor;
      for (const double known : numbers_) {
        if (std::abs(known - wanted) <= 1e-9 * std::max(1.0, std::abs(wanted))) return true;
      }
    }
    return false;
  }
  bool InText(std::string_view digits) const { return text_.find(digits) != std::string::npos; }

 private:
  void Add(double number) { numbers_.insert(number); }
  void Name(std::string_view name) { text_ += " " + Fold(name); }
  void Groups(const std::vector<FilterGroup>& groups) {
    for (const FilterGroup& group : groups) {
      for (const Filter& filter : group.any_of) {
        Name(filter.field.name);
        for (const Literal& value : filter.values) {
          if (const auto* text = std::get_if<std::string>(&value)) Name(*text);
          if (const auto* whole = std::get_if<int64_t>(&value)) Add(static_cast<double>(*whole));
          const auto* hour = std::get_if<int64_t>(&value);
          if (hour && filter.part == semantic::TimePart::kHourOfDay) Hour(*hour, filter.values);
          if (const auto* number = std::get_if<double>(&value)) Add(*number);
        }
      }
    }
  }
  /// The ends of hours that are kept: "6 pm" is 18, and what is before 10 ends with 9.
  void Hour(int64_t hour, const std::vector<Literal>& kept) {
    const auto has = [&](int64_t one) { return std::ranges::find(kept, Literal{one}) != kept.end(); };
    const auto add = [&](int64_t clock) {
      Add(static_cast<double>(clock));
      Add(static_cast<double>(clock % 12 == 0 ? 12 : clock % 12));
    };
    if (!has((hour + 23) % 24)) add(hour);
    if (!has((hour + 1) % 24)) add(hour + 1);
  }
  void Instant(LocalTime at) {
    const int year = YearOf(at);
    const auto [iso_year, week] = IsoWeekOf(at);
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{std::chrono::local_days(day.time_since_epoch())};
    const auto hour = std::chrono::duration_cast<std::chrono::hours>(at - day).count();
    for (const int number :
         {year, year % 100, year - year % 10, iso_year, week, MonthOf(at), (MonthOf(at) - 1) / 3 + 1,
          (MonthOf(at) - 1) / 6 + 1, static_cast<int>(static_cast<unsigned>(date.day())),
          FiscalYearOf(at, time_.calendar), FiscalYearOf(at, time_.calendar) % 100, static_cast<int>(hour)})
      Add(number);
  }
  void Between(LocalTime from, LocalTime to) {
    const double hours = std::chrono::duration<double, std::ratio<3600>>(to - from).count();
    Add(std::round(hours));
    Add(std::round(hours / 24));
    Add(std::round(hours / 24 / 7));
    const int months = (YearOf(to) - YearOf(from)) * 12 + MonthOf(to) - MonthOf(from);
    for (const int number : {months, months / 3, months / 12}) Add(number);
  }
  /// The time that the question's own is compared with.
  void Moved(const TimeRange& range, const Comparison& comparison) {
    if (!range.from || !range.to || comparison.kind == ComparisonKind::kRange) return;
    const bool by_calendar = comparison.kind == ComparisonKind::kOffset;
    const auto back = [&](LocalTime at) {
      return by_calendar ? AddPeriods(at, comparison.grain, -comparison.count) : at - (*range.to - *range.from);
    };
    Instant(back(*range.from));
    Instant(back(*range.to - std::chrono::seconds(1)));
    Instant(*range.from - std::chrono::seconds(1));
  }
  void Range(const TimeRange& range) {
    if (range.from) Instant(*range.from), Between(*range.from, time_.now);
    if (range.to) Instant(*range.to), Instant(*range.to - std::chrono::seconds(1)), Between(*range.to, time_.now);
    if (range.from && range.to) {
      Between(*range.from, *range.to);
      // Quarters and weeks between the ends of a longer range.
      Instant(*range.from + (*range.to - *range.from) / 2);
    }
  }

  const TimeContext& time_;
  std::set<double> numbers_;
  std::string text_;
};

bool Negates(const std::vector<FilterGroup>& groups) {
  using enum FilterOperator;
  return std::ranges::any_of(groups, [](const FilterGroup& group) {
    return std::ranges::any_of(group.any_of, [](const Filter& filter) {
      const bool is_false = filter.values.size() == 1 && filter.values[0] == Literal{false};
      return is_false || filter.op == kNotIn || filter.op == kNotContains || filter.op == kIsNull ||
             filter.op == kIsNotNull || filter.op == kLess || filter.op == kLessOrEqual || filter.op == kGreaterOrEqual;
    });
  });
}

/// Whether anything in the intent says no.
bool Negates(const Intent& intent) {
  const bool conditions =
      Negates(intent.filters) ||
      std::ranges::any_of(intent.metrics, [](const MetricUse& use) { return Negates(use.filters); }) ||
      std::ranges::any_of(intent.sets, [](const SetCondition& set) {
        return set.negated || Negates(set.filters) || (set.metric && set.op != CompareOperator::kGreater);
      });
  return conditions || !intent.having.empty() || intent.privacy.remove_personal || intent.keep_empty ||
         intent.time.fill_gaps || (intent.time.range.to.has_value() != intent.time.range.from.has_value());
}

/// Whether a value, name or synonym that the intent uses is made of this word.
bool IsName(const std::vector<Link>& links, size_t at) {
  return std::ranges::any_of(links, [&](const Link& link) {
    return link.begin <= at && at < link.end && link.note.empty() && link.kind != LinkKind::kRole &&
           (link.end - link.begin > 1 || link.kind == LinkKind::kValue);
  });
}

/// "planned versus not planned": denied on one side of what the answer is grouped by.
bool IsOtherSide(const std::vector<Link>& links, size_t at, const Intent& intent) {
  return std::ranges::any_of(intent.dimensions, [&](const DimensionUse& use) {
    const auto says = [&](auto&& where) {
      return std::ranges::any_of(links, [&](const Link& link) { return link.field == use.field && where(link); });
    };
    const bool before = says([&](const Link& link) { return link.end < at && link.end + 2 >= at; });
    const bool behind = says([&](const Link& link) { return link.begin == at + 1 || link.begin == at + 2; });
    const bool next = says([&](const Link& link) { return link.begin > at + 1 && link.begin <= at + 3; });
    return behind && (before || next);
  });
}

bool Ranks(const Intent& intent) {
  const bool is_end = std::ranges::any_of(intent.metrics, [](const MetricUse& use) {
    return use.aggregation == Aggregation::kMin || use.aggregation == Aggregation::kMax;
  });
  return is_end || intent.rank || !intent.order.empty() || !intent.having.empty() || !intent.sets.empty();
}

/// Whether what is said to be counted is counted: "number of students who failed more than 3 exams" counts no exams.
bool CountsOther(std::span<const Token> tokens, const std::vector<Link>& links, const Intent& intent,
                 const SemanticModel& model) {
  const auto says = [&](size_t at, std::string_view word) { return at < tokens.size() && tokens[at].word == word; };
  for (size_t at = 0; at + 2 < tokens.size(); ++at) {
    const bool counts = (says(at, "how") && says(at + 1, "many")) || (says(at, "number") && says(at + 1, "of"));
    if (!counts || (at > 0 && tokens[at - 1].word == "by")) continue;
    const auto counted = [&](const Link& link) {
      return link.begin == at + 2 && link.kind == LinkKind::kEntity && !link.verb && link.note.empty();
    };
    const auto found = std::ranges::find_if(links, counted);
    if (found == links.end()) continue;
    const auto is_of = [&](const MetricUse& use) {
      if (use.field.entity == found->name || use.entity == found->name) return true;
      const auto bases = BaseEntities(model, use);
      return std::ranges::find(bases, found->name) != bases.end();
    };
    // What has several words may be the name of a number: "number of active members".
    const bool named = std::ranges::any_of(links, [&](const Link& link) {
      return link.kind == LinkKind::kMetric && link.begin <= at + 2 && link.end >= at + 3 &&
             std::ranges::any_of(intent.metrics, [&](const MetricUse& use) { return use.metric == link.name; });
    });
    if (!named && std::ranges::none_of(intent.metrics, is_of)) return true;
  }
  return false;
}

/// "patients seen both in Cardiology and in Neurology" are those seen in each; different ones in either are more.
bool AsksForBoth(std::span<const Token> tokens, const Intent& intent, const SemanticModel& model) {
  if (std::ranges::none_of(tokens, [](const Token& token) { return token.word == "both"; })) return false;
  const bool distinct = std::ranges::any_of(intent.metrics, [&](const MetricUse& use) {
    const auto* metric = semantic::FindMetric(model, use.metric);
    const auto* measure = metric == nullptr || use.aggregation ? nullptr : MeasureOf(model, *metric);
    return use.aggregation == Aggregation::kCountDistinct ||
           (measure != nullptr && measure->aggregation == Aggregation::kCountDistinct);
  });
  return distinct && std::ranges::any_of(intent.filters, [&](const FilterGroup& group) {
           const Filter& filter = group.any_of[0];
           return filter.op == FilterOperator::kIn && filter.values.size() > 1 &&
                  std::ranges::none_of(intent.dimensions,
                                       [&](const DimensionUse& use) { return use.field == filter.field; });
         });
}

/// Units of what the intent compares with numbers.
std::vector<std::string> UnitsCompared(const Intent& intent, const SemanticModel& model) {
  std::vector<std::string> units;
  const auto add = [&](const MetricUse& use) { units.push_back(KeptUnit(model, use)); };
  const auto add_all = [&](const std::vector<FilterGroup>& groups) {
    for (const FilterGroup& group : groups) {
      for (const Filter& filter : group.any_of) add({.aggregation = Aggregation::kSum, .field = filter.field});
    }
  };
  add_all(intent.filters);
  for (const MetricUse& use : intent.metrics) add(use), add_all(use.filters);
  for (const SetCondition& set : intent.sets) {
    add_all(set.filters);
    if (set.metric) add(*set.metric), add_all(set.metric->filters);
  }
  std::erase(units, std::string());
  return units;
}

}  // namespace

std::optional<std::string> LeftOut(std::span<const Token> tokens, const std::vector<Link>& links, const Intent& intent,
                                   const TimeContext& time, const SemanticModel& model) {
  if (intent.output == OutputKind::kDescribe || intent.output == OutputKind::kListAskable) return std::nullopt;
  const bool answers = intent.output == OutputKind::kTable || intent.output == OutputKind::kRows;
  if (answers && CountsOther(tokens, links, intent, model))
    return "one thing is to be counted, and the reading counts another";
  if (AsksForBoth(tokens, intent, model))
    return "those with both are asked for, and the reading takes those with either";
  const Numbers numbers(intent, time);
  bool negated = false, end = false;
  for (size_t at = 0; at < tokens.size(); ++at) {
    if (IsName(links, at)) continue;
    const std::string& word = tokens[at].word;
    const std::string_view before = at == 0 ? std::string_view() : std::string_view(tokens[at - 1].word);
    const bool other_time = before == "(" && at + 2 < tokens.size() && tokens[at + 2].word == ")" &&
                            !intent.time.field.name.empty();  // "booked (not scheduled) in May"
    negated = negated || (std::ranges::find(kNegations, word) != kNegations.end() && !IsOtherSide(links, at, intent) &&
                          !other_time);
    end = end || (std::ranges::find(kEnds, word) != kEnds.end() && before != "at");
    if (tokens[at].kind != TokenKind::kNumber) continue;
    const auto number = ParseNumber(tokens.subspan(at));
    const auto converted = [&](const std::string& unit) {  // "1 ton", of what is kept in kg
      const auto said = ParseUnit(tokens.subspan(std::min(at + number->tokens, tokens.size())), unit);
      return said && numbers.Has(number->value * said->factor);
    };
    const bool told = number && std::ranges::any_of(UnitsCompared(intent, model), converted);
    if (number && !numbers.Has(number->value) && !numbers.InText(word) && !told)
      return fmt::format("“{}” was read, but nothing in the reading is that number", word);
  }
  if (negated && !Negates(intent)) return "something is denied, and nothing in the reading is";
  if (end && !Ranks(intent)) return "the largest or smallest is asked for, and nothing in the reading ranks";
  return std::nullopt;
}

}  // namespace neurolake::ask
