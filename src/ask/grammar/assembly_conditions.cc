#include "ask/grammar/internal/assembly.h"
#include "ask/grammar/internal/members.h"
#include "ask/language/words.h"
#include "ask/link/join_paths.h"
#include "common/text.h"

namespace neurolake::ask {

using semantic::Entity;
using semantic::Metric;

/// Whether the number is a level that is not added up over time: a balance, a stock.
bool Assembly::IsLevel(const MetricUse& use) const {
  const Metric* metric = semantic::FindMetric(context_.model, use.metric);
  if (metric == nullptr || metric->kind != semantic::MetricKind::kSimple || use.aggregation) return false;
  const size_t dot = metric->measure.find('.');
  const Entity* entity =
      semantic::FindEntity(context_.model, dot == std::string::npos ? metric->entity : metric->measure.substr(0, dot));
  const auto* measure =
      entity == nullptr ? nullptr
                        : semantic::FindMeasure(
                              *entity, dot == std::string::npos ? metric->measure : metric->measure.substr(dot + 1));
  return measure != nullptr && measure->additivity == semantic::Additivity::kSemiAdditive;
}

/// "the change from A to B": B compared with A.
bool Assembly::BetweenEnds(const TimePhrase& whole) {
  main_time_ = &whole.ends[1];
  if (main_time_->future) return Fail(fmt::format("{} has not come yet, and nothing is known of it", main_time_->text));
  draft_.intent.time.range = main_time_->range;
  const Fragment* growth = One(FragmentKind::kGrowth);
  const ComparisonTarget target{.kind = ComparisonTarget::Kind::kRange, .time = whole.ends[0]};
  return ResolveComparison(target, main_time_, growth == nullptr || growth->difference, draft_, reason_);
}

/// Whether times to come are kept there: when something is due, or ends.
bool Assembly::LooksAhead(const FieldRef& field) const {
  const Entity* entity = semantic::FindEntity(context_.model, field.entity);
  const auto* dimension = entity == nullptr ? nullptr : semantic::FindDimension(*entity, field.name);
  if (dimension == nullptr) return false;
  static constexpr std::string_view kAhead[] = {
      "due",     "expire", "expiry",    "expiration", "deadline", "planned",  "scheduled", "promised",
      "renewal", "renew",  "maturity",  "valid",      "target",   "mature",   "expiring",  "start",
      "begin",   "end",    "effective", "departure",  "arrival",  "delivery", "available"};
  return std::ranges::any_of(
      TokenizeName(dimension->label + " " + dimension->name + " " + dimension->role),
      [&](const Token& word) { return std::ranges::find(kAhead, Singular(word.word)) != std::end(kAhead); });
}

/// "this month up to yesterday", "2024 since March", "in FY24 and FY25": two times that make one.
bool Assembly::JoinTimes(Parts& times) {
  const TimePhrase& first = *times[0]->time;
  const TimePhrase& second = *times[1]->time;
  if (!times[0]->field.name.empty() || first.future || second.future || first.at_end || second.at_end) return false;
  const bool closed = first.range.from && first.range.to;
  const bool open = second.range.from.has_value() != second.range.to.has_value();
  previous_time_ = first;
  if (closed && open && second.connective) {  // The part of the one that the other says.
    TimeRange& range = previous_time_.range;
    const LocalTime end = second.range.from ? *second.range.from : *second.range.to;
    if (end <= *range.from || end >= *range.to) return false;
    if (second.range.from) range.from = end;
    else range.to = end;
    previous_time_.unit.reset();
    previous_time_.partial = false;
  } else {
    const bool equal = closed && second.range.from && second.range.to && first.unit && first.unit == second.unit &&
                       first.count == 1 && second.count == 1 && *first.range.to == *second.range.from;
    const bool said = Joined(*times[0], *times[1]) && times[1]->begin <= times[0]->end + 1;
    if (!equal || !said || One(FragmentKind::kGroup) != nullptr || *first.unit < TimeGrain::kYear) return false;
    previous_time_.range.to = second.range.to;
    previous_time_.count = 2;
    const std::string_view word = context_.tokens[times[0]->end].word;
    const bool adds_up =
        std::ranges::any_of(draft_.intent.metrics, [&](const MetricUse& use) { return HasParts(use); });
    if (word != "or" && adds_up) return false;  // Of each, or of both together?
    if (word != "or" && !wants_rows_ && !draft_.intent.metrics.empty()) draft_.intent.time.grain = first.unit;
  }
  main_time_ = &previous_time_;
  draft_.intent.time.range = previous_time_.range;
  return true;
}

/// "booked in 2024 for an arrival in 2025", "due in June and paid in July": the second time is a condition of its own.
bool Assembly::OfOtherTime(const Parts& times) {
  const Fragment& other = *times[1];
  const FieldRef main = times[0]->field.name.empty() ? DefaultTimeField() : times[0]->field;
  if (other.field.name.empty() || main.name.empty() || other.field == main || other.time->at_end ||
      !EqualsIgnoringCase(other.field.entity, main.entity) || One(FragmentKind::kTimeField) != nullptr)
    return false;
  const auto add = [&](FilterOperator op, const LocalTime& end) {
    draft_.intent.filters.push_back({.any_of = {{.field = other.field, .op = op, .values = {TimeName(end)}}}});
  };
  if (other.time->range.from) add(FilterOperator::kGreaterOrEqual, *other.time->range.from);
  if (other.time->range.to) add(FilterOperator::kLess, *other.time->range.to);
  return true;
}

/// "clinics operating today": those that are so now, and not those of today.
bool Assembly::IsOfNow(const Fragment& time) const {
  const std::string_view word = context_.tokens[time.begin].word;
  if (word != "today" || time.end != time.begin + 1 || !time.field.name.empty() || time.begin == 0) return false;
  const std::string name = DefaultTimeEntity();
  if (IsEvent(name)) return false;
  const auto in_state = [&](const MetricUse& use) {  // "our headcount today", of who has not left
    const Metric* metric = semantic::FindMetric(context_.model, use.metric);
    const auto* measure = metric == nullptr ? nullptr : MeasureOf(context_.model, *metric);
    return measure != nullptr && IsCount(measure->aggregation) && !(measure->filter + metric->filter).empty();
  };
  if (!draft_.intent.metrics.empty() && std::ranges::all_of(draft_.intent.metrics, in_state)) return true;
  return std::ranges::any_of(All(FragmentKind::kFilter), [&](const Fragment* part) {
    return EqualsIgnoringCase(part->filters[0].any_of[0].field.entity, name);
  });
}

FieldRef Assembly::MainTimeOf(std::string_view name) const {
  const Entity* entity = semantic::FindEntity(context_.model, name);
  return entity == nullptr ? FieldRef{} : FieldRef{entity->name, entity->default_time};
}

/// What the verb of a time says of the question's time: "hired in 2024", "orders shipped per month".
void Assembly::TimeOfVerb(const Fragment* field, const Parts& times) {
  TimeScope& time = draft_.intent.time;
  const bool other_time = field->role && times.size() == 1 && !times[0]->field.name.empty() &&
                          times[0]->field != field->field && times[0]->field.entity == field->field.entity;
  if (other_time) {  // "hired in 2024 that have already left"
    draft_.intent.filters.push_back({.any_of = {{.field = field->field, .op = FilterOperator::kIsNotNull}}});
  } else {
    time.field = field->field;
  }
  for (const Fragment* entity : All(FragmentKind::kEntity)) {  // "accounts opened": not the opening of the branch.
    if (field->role && Follows(*entity, *field) && !EqualsIgnoringCase(entity->entity, field->field.entity))
      draft_.cost += 0.3;
  }
  for (const Fragment* value : All(FragmentKind::kFilter)) {  // "booked online in 2024": booked then, or by that?
    const bool between = field->role && Follows(*field, *value) && times.size() == 1 && Follows(*value, *times[0]) &&
                         times[0]->field.name.empty() && field->field != MainTimeOf(field->field.entity) &&
                         EqualsIgnoringCase(value->filters[0].any_of[0].field.entity, field->field.entity);
    // "what share was booked online in 2024": the time is that of all of which it is the share.
    if (between && One(FragmentKind::kShare) != nullptr) time.field = {};
  }
  for (const Fragment* metric : All(FragmentKind::kMetric)) {  // "vacation days left" are no days of who left.
    const auto bases = BaseEntities(context_.model, metric->metrics[0]);
    const bool own = std::ranges::any_of(
        bases, [&](const std::string& base) { return EqualsIgnoringCase(base, field->field.entity); });
    if (field->role && Follows(*metric, *field) && !own) draft_.cost += 0.8;
  }
  if (field->role && times.empty() && !time.grain)  // "how many were cancelled"
    draft_.intent.filters.push_back({.any_of = {{.field = field->field, .op = FilterOperator::kIsNotNull}}});
}

bool Assembly::Time() {
  TimeScope& time = draft_.intent.time;
  Parts times = All(FragmentKind::kTime);
  const bool compares = std::any_of(parts_.begin(), parts_.end(), [](const Fragment* part) {
    return part->kind == FragmentKind::kRequest && part->difference;
  });
  if (const Fragment* field = One(FragmentKind::kTimeField)) TimeOfVerb(field, times);
  if (!EventTimes()) return false;
  if (times.size() == 2 && times[0]->time->range == times[1]->time->range) {
    if (SaidBefore(*times[1]) == nullptr) return Fail("one time is named twice");
    times.pop_back();  // "Black Friday 2024 (29 November)"
  }
  if (times.size() == 1 && compares && times[0]->time->ends.size() == 2 && !time.grain)
    return BetweenEnds(*times[0]->time);
  const Fragment* growth = One(FragmentKind::kGrowth);
  const bool grew = growth != nullptr && growth->n == 0 && One(FragmentKind::kCompare) == nullptr && !time.grain;
  if (times.size() == 2 && (compares || grew) && times[0]->time->range.from && times[1]->time->range.from) {
    const bool swapped = *times[0]->time->range.from < *times[1]->time->range.from;
    const Fragment* main = times[swapped ? 1 : 0];
    if (main->time->future)
      return Fail(fmt::format("{} has not come yet, and nothing is known of it", main->time->text));
    main_time_ = &*main->time;
    time.range = main_time_->range;
    const ComparisonTarget target{.kind = ComparisonTarget::Kind::kRange, .time = times[swapped ? 0 : 1]->time};
    return ResolveComparison(target, main_time_, growth == nullptr || growth->difference, draft_, reason_);
  }
  if (times.size() == 2 && !compares && One(FragmentKind::kCompare) == nullptr && OfOtherTime(times)) times.pop_back();
  if (times.size() == 2 && !compares && One(FragmentKind::kCompare) == nullptr && JoinTimes(times)) return true;
  if (compares && One(FragmentKind::kCompare) == nullptr && One(FragmentKind::kVersus) == nullptr &&
      One(FragmentKind::kGroup) == nullptr) {
    return Fail("it is open what is to be compared with what");
  }
  if (times.size() > 1) return Fail("two times are named; ask for one, or compare them");
  if (times.empty()) return true;
  const Fragment& part = *times[0];
  const FieldRef kept = part.field.name.empty() ? DefaultTimeField() : part.field;
  if (part.time->future && !LooksAhead(kept))
    return Fail(fmt::format("{} has not come yet, and nothing is known of it", part.time->text));
  if (part.time->at_end &&
      !std::ranges::all_of(draft_.intent.metrics, [&](const MetricUse& use) { return IsLevel(use); }))
    return Fail("only what is counted at a day, such as a balance, is known at the end of a time");
  if (IsOfNow(part)) {
    draft_.notes.push_back(fmt::format("{} is now", part.time->text));
    return true;
  }
  main_time_ = &*part.time;
  time.range = part.time->range;
  if (!part.field.name.empty()) {
    if (!time.field.name.empty() && time.field != part.field) return Fail("two different times are named");
    time.field = part.field;
  }
  if (main_time_->partial && !main_time_->to_date)
    draft_.notes.push_back(fmt::format("{} is not over yet", main_time_->text));
  return true;
}

bool Assembly::TimeParts() {
  for (const Fragment* part : All(FragmentKind::kTimePart)) {
    const FieldRef field = DefaultTimeField();
    if (field.name.empty()) return Fail("there is no time to go by");
    const Entity* entity = semantic::FindEntity(context_.model, field.entity);
    const auto* dimension = entity == nullptr ? nullptr : semantic::FindDimension(*entity, field.name);
    const bool of_hours = part->part->part == semantic::TimePart::kHourOfDay;
    if (of_hours && (dimension == nullptr || dimension->grain > TimeGrain::kHour))
      return Fail(fmt::format("{} is kept by day: nothing is known of its hours", field.name));
    Filter filter{.field = field, .op = FilterOperator::kIn, .part = part->part->part};
    for (const int64_t value : part->part->values) filter.values.emplace_back(value);
    draft_.intent.filters.push_back({.any_of = {std::move(filter)}});
  }
  return true;
}

/// Adds a filter. Values for one field said twice ("in Germany and in France") are one list only if nothing but a
/// joining word lies between; else one condition would silently empty the other.
bool Assembly::MergeFilter(const Fragment& part, std::vector<FilterGroup>& filters) {
  for (const FilterGroup& group : part.filters) {
    const Filter& filter = group.any_of.front();
    const bool positive = filter.op == FilterOperator::kIn;
    for (FilterGroup& other : filters) {
      Filter& known = other.any_of.front();
      if (!positive || known.op != FilterOperator::kIn || known.field != filter.field || other.any_of.size() > 1 ||
          group.any_of.size() > 1)
        continue;
      for (size_t i = 0; i < parts_.size(); ++i) {
        const bool is_this = parts_[i] == &part;
        if (!is_this) continue;
        size_t before = i;
        while (before > 0 && parts_[before - 1]->kind == FragmentKind::kFollowUp) --before;
        const bool joined = before > 0 && Joined(*parts_[before - 1], part);
        if (!joined || parts_[before - 1]->kind != FragmentKind::kFilter) {
          return Fail(fmt::format("two different values of {} are asked for in two places", filter.field.name));
        }
      }
      known.values.insert(known.values.end(), filter.values.begin(), filter.values.end());
      draft_.notes.push_back(fmt::format("any of the values of {} will do", filter.field.name));
      return true;
    }
    filters.push_back(group);
  }
  return true;
}

/// Whether `part` stands in brackets right behind another filter: "Newark (EWR)" says one thing twice.
const Fragment* Assembly::SaidBefore(const Fragment& part) const {
  const auto word = [&](size_t at) { return at < context_.tokens.size() ? context_.tokens[at].word : ""; };
  if (part.begin == 0 || word(part.begin - 1) != "(" || word(part.end) != ")") return nullptr;
  for (const Fragment* other : All(part.kind)) {
    if (Follows(*other, part)) return other;
  }
  return nullptr;
}

/// Conditions on one field that no row can meet.
bool Assembly::Contradicts() const {
  const auto& filters = draft_.intent.filters;
  for (size_t i = 0; i < filters.size(); ++i) {
    for (size_t j = 0; j < filters.size(); ++j) {
      if (i == j || filters[i].any_of.size() != 1 || filters[j].any_of.size() != 1) continue;
      const Filter& one = filters[i].any_of[0];
      const Filter& other = filters[j].any_of[0];
      if (one.op != FilterOperator::kIn || one.field.entity != other.field.entity ||
          one.field.name != other.field.name || one.part != other.part)
        continue;
      const auto listed = [&](const Literal& value) {
        return std::find(other.values.begin(), other.values.end(), value) != other.values.end();
      };
      if (other.op == FilterOperator::kNotIn && std::any_of(one.values.begin(), one.values.end(), listed)) return true;
      if (other.op == FilterOperator::kIn && std::none_of(one.values.begin(), one.values.end(), listed) &&
          one.field.via == other.field.via)
        return true;
    }
  }
  return false;
}

bool Assembly::Filters() {
  const auto sets = All(FragmentKind::kSet);
  for (const Fragment* part : All(FragmentKind::kFilter)) {
    // What the subject does not have, but what it is asked to have (or not) does, is a condition on that.
    const FieldRef& field = part->filters[0].any_of[0].field;
    if (const Fragment* before = SaidBefore(*part)) {
      const Filter& known = before->filters[0].any_of[0];
      if (known.field.entity == field.entity && known.field.name == field.name) {
        if (known.values != part->filters[0].any_of[0].values)
          return Fail(fmt::format("two different values of {} are said to be one", field.name));
        continue;
      }
      if (known.field.entity != field.entity || known.field.via != field.via)
        return Fail(fmt::format("what stands in brackets is not {}", known.field.name));
    }
    for (const Fragment* other : All(FragmentKind::kFilter)) {  // "Boston Logan": two guesses are no guess at one.
      const auto guessed = [](const Fragment* one) {
        return std::ranges::any_of(
            one->notes, [](const std::string& note) { return note.find(" is read as ") != std::string::npos; });
      };
      if (other != part && other->end == part->begin && guessed(other) && guessed(part))
        return Fail("two values are guessed where one is named");
    }
    if (!Qualifies(*part)) return false;
    for (const Fragment* set : sets) {
      if (Follows(*set, *part)) return Fail("a condition right behind what was done belongs to it");
    }
    for (const Fragment* other : All(FragmentKind::kFilter)) {
      const Filter& known = other->filters[0].any_of[0];
      if (known.op != FilterOperator::kNotIn || part->filters[0].any_of[0].op != FilterOperator::kIn) continue;
      const std::string_view before = part->begin == 0 ? std::string_view() : context_.tokens[part->begin - 1].word;
      const bool joined = Follows(*other, *part) && (before == "and" || before == "or" || before == ",");
      if (joined || known.field == field) return Fail("it is open whether the second condition is excluded, too");
    }
    const bool behind_set = !sets.empty() && part->begin >= sets.back()->end;
    const std::string related = sets.empty() || sets.back()->sets.empty() ? "" : sets.back()->sets[0].related;
    if (!related.empty() && !subject_.empty() && (behind_set || !Reaches(subject_, field.entity))) {
      if (Reaches(subject_, field.entity) && behind_set) {
        return Fail(fmt::format("it is open whether {} is meant of {} or of {}", field.name, subject_, related));
      }
      set_filters_.insert(set_filters_.end(), part->filters.begin(), part->filters.end());
      continue;
    }
    if (!MergeFilter(*part, draft_.intent.filters)) return false;
  }
  for (const FragmentKind kind : {FragmentKind::kMetric, FragmentKind::kTopBy, FragmentKind::kEntity,
                                  FragmentKind::kTop, FragmentKind::kExtreme}) {  // "errors": events of that kind.
    for (const Fragment* part : All(kind)) {
      if (!MergeFilter(*part, draft_.intent.filters)) return false;
    }
  }
  return Contradicts() ? Fail("the conditions contradict each other") : true;
}

/// What a filter says of the words before it: of whose field it is, and whether it is a time's verb.
bool Assembly::Qualifies(const Fragment& part) {
  const FieldRef& field = part.filters[0].any_of[0].field;
  for (const Fragment* entity : All(FragmentKind::kEntity)) {  // "customers in Germany": not the suppliers' Germany.
    if (Follows(*entity, part) && !Reaches(entity->entity, field.entity)) draft_.cost += 0.3;
  }
  const Entity* owner = semantic::FindEntity(context_.model, field.entity);
  const auto* state = owner == nullptr ? nullptr : semantic::FindDimension(*owner, field.name);
  const auto says_state = [](const semantic::Dimension& one) {
    return std::ranges::any_of(TokenizeName(one.label + " " + one.name),
                               [](const Token& word) { return word.word == "state" || word.word == "status"; });
  };
  for (const Fragment* entity : All(FragmentKind::kEntity)) {  // "open purchase orders" are no orders of open shops.
    if (state == nullptr || !Follows(part, *entity) || part.end != entity->begin || !says_state(*state)) continue;
    const auto ways = ToOnePaths(context_.model, entity->entity, field.entity);
    if (!EqualsIgnoringCase(entity->entity, field.entity) && (ways.empty() || ways.front().size() > 1))
      return Fail(fmt::format("{} have no such state", entity->entity));
  }
  for (const Fragment* metric : part.by_unit ? All(FragmentKind::kMetric) : Parts{}) {
    if (Follows(*metric, part) && !IsCountMetric(metric->metrics[0]))
      return Fail("the number is compared with what stands before it");  // "average price over 5 euros"
  }
  if (part.by_unit) {  // "claims above 1,000 euros": not the cost of the shipment that the claim is about.
    const bool own = EqualsIgnoringCase(field.entity, subject_) ||
                     std::ranges::any_of(draft_.intent.metrics, [&](const MetricUse& use) {
                       const auto bases = BaseEntities(context_.model, use);
                       return bases.size() == 1 && EqualsIgnoringCase(bases[0], field.entity);
                     });
    const bool named = std::ranges::any_of(All(FragmentKind::kEntity), [&](const Fragment* entity) {
      return EqualsIgnoringCase(entity->entity, field.entity);
    });
    if (!own && !named) return Fail("it is open which number is compared");
  }
  const bool behind_rows = std::ranges::any_of(All(FragmentKind::kEntity), [&](const Fragment* entity) {
    return EqualsIgnoringCase(entity->entity, field.entity) && Follows(*entity, part);
  });
  const auto& tokens = context_.tokens;
  const bool heads = part.end < tokens.size() && tokens[part.end].word == ":";  // "score of 2 or less: visits by topic"
  if (part.of_rows && !behind_rows && !heads &&
      (!draft_.intent.dimensions.empty() || !All(FragmentKind::kHaving).empty()))
    draft_.cost += 0.4;
  const bool timed = draft_.intent.time.grain || draft_.intent.time.range.from || draft_.intent.time.range.to;
  if (part.role && timed) draft_.cost += 0.4;  // "cancelled per quarter": when, and not that.
  return true;
}

}  // namespace neurolake::ask
