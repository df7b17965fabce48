#include "ask/grammar/internal/assembly.h"

#include "ask/language/words.h"
#include "ask/link/join_paths.h"
#include "common/text.h"

namespace neurolake::ask {

using semantic::Dimension;
using semantic::Entity;
using semantic::Metric;

namespace {

bool IsArticle(std::string_view word) { return word == "the" || word == "a" || word == "an"; }

}  // namespace

Assembly::Parts Assembly::All(FragmentKind kind) const {
  Parts found;
  for (const Fragment* part : parts_) {
    if (part->kind == kind) found.push_back(part);
  }
  return found;
}

const Fragment* Assembly::One(FragmentKind kind) const {
  const Parts found = All(kind);
  return found.empty() ? nullptr : found.front();
}

bool Assembly::Fail(std::string reason) {
  reason_ = std::move(reason);
  return false;
}

uint32_t Assembly::MetricIndex(const MetricUse& use) {
  auto& metrics = draft_.intent.metrics;
  const auto found = std::find(metrics.begin(), metrics.end(), use);
  if (found != metrics.end()) return static_cast<uint32_t>(found - metrics.begin());
  metrics.push_back(use);
  return static_cast<uint32_t>(metrics.size() - 1);
}

uint32_t Assembly::DimensionIndex(const DimensionUse& use) {
  auto& dimensions = draft_.intent.dimensions;
  const auto found = std::find(dimensions.begin(), dimensions.end(), use);
  if (found != dimensions.end()) return static_cast<uint32_t>(found - dimensions.begin());
  dimensions.push_back(use);
  return static_cast<uint32_t>(dimensions.size() - 1);
}

bool Assembly::IsCountMetric(const MetricUse& use) const {
  if (!use.entity.empty()) return true;
  if (use.aggregation)
    return *use.aggregation == Aggregation::kCount || *use.aggregation == Aggregation::kCountDistinct;
  const Metric* metric = semantic::FindMetric(context_.model, use.metric);
  if (metric == nullptr || metric->kind != semantic::MetricKind::kSimple) return false;
  const size_t dot = metric->measure.find('.');
  const std::string entity = dot == std::string::npos ? metric->entity : metric->measure.substr(0, dot);
  const Entity* found = semantic::FindEntity(context_.model, entity);
  const semantic::Measure* measure =
      found == nullptr
          ? nullptr
          : semantic::FindMeasure(*found, dot == std::string::npos ? metric->measure : metric->measure.substr(dot + 1));
  return measure != nullptr &&
         (measure->aggregation == Aggregation::kCount || measure->aggregation == Aggregation::kCountDistinct);
}

/// Whether the groups are the rows of the entity.
bool Assembly::IsLabelOf(const DimensionUse& use, std::string_view name) const {
  const Entity* entity = semantic::FindEntity(context_.model, name);
  const Dimension* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
  return label != nullptr && EqualsIgnoringCase(use.field.entity, name) &&
         EqualsIgnoringCase(use.field.name, label->name);
}

bool Assembly::Reaches(std::string_view from, std::string_view to) const {
  return !ToOnePaths(context_.model, from, to).empty();
}

/// The entity whose default time is the question's: of the first metric, else what is asked for.
std::string Assembly::DefaultTimeEntity() const {
  for (const MetricUse& use : draft_.intent.metrics) {
    const auto bases = BaseEntities(context_.model, use);
    if (!bases.empty()) return bases.front();
  }
  if (!draft_.intent.entity.empty()) return draft_.intent.entity;
  const auto& dimensions = draft_.intent.dimensions;
  if (subject_.empty() && dimensions.size() == 1 &&
      dimensions[0].field.via.size() == 1) {  // "most frequent main cause"
    const semantic::Join* join = semantic::FindJoin(context_.model, dimensions[0].field.via[0]);
    if (join != nullptr) return join->from;
  }
  return subject_.empty() && !draft_.intent.dimensions.empty() ? draft_.intent.dimensions[0].field.entity : subject_;
}

bool Assembly::Follows(const Fragment& first, const Fragment& second) const {
  const Fragment* last = nullptr;
  for (const Fragment* part : parts_) {
    if (part == &second) return last == &first;
    if (part->kind != FragmentKind::kFollowUp) last = part;
  }
  return false;
}

/// Whether a word between the two, or a comma, says that both are asked for.
bool Assembly::Joined(const Fragment& first, const Fragment& second) const {
  static constexpr std::string_view kJoins[] = {",", "and", "&", "plus", "or", "/", "+", "vs", "versus", "und", ";"};
  for (size_t at = first.end; at < second.begin; ++at) {
    if (std::ranges::find(kJoins, context_.tokens[at].word) != std::end(kJoins)) return true;
  }
  return false;
}

/// The time the question goes by: said, or the default of its entity, or that of the one entity next to it that has one
/// (items go by the time of their order).
FieldRef Assembly::DefaultTimeField() const {
  if (!draft_.intent.time.field.name.empty()) return draft_.intent.time.field;
  const Entity* entity = semantic::FindEntity(context_.model, DefaultTimeEntity());
  if (entity == nullptr) return {};
  if (!entity->default_time.empty()) return {entity->name, entity->default_time};
  // With times of its own, none of which is the default, it is open which is meant: never another's.
  const bool has_times = std::ranges::any_of(entity->dimensions, [](const Dimension& dimension) {
    return dimension.type == semantic::DimensionType::kTime && !dimension.hidden;
  });
  if (has_times) return {};
  FieldRef found;
  for (const Entity& other : context_.model.entities) {
    const auto paths = ToOnePaths(context_.model, entity->name, other.name);
    if (other.default_time.empty() || paths.size() != 1 || paths[0].size() != 1) continue;
    if (!found.name.empty()) return {};
    found = {other.name, other.default_time};
  }
  return found;
}

bool Assembly::Multiplicity() {
  using enum FragmentKind;
  for (const FragmentKind kind : {kTop, kTopBy, kExtreme, kOrderBy, kWhich, kVersus, kGrowth, kExists, kLimit,
                                  kTimeField, kDirection, kKeepEmpty}) {
    if (All(kind).size() > 1) return Fail("two parts of the question say the same kind of thing");
  }
  if (One(kExists) != nullptr && One(kCount) != nullptr) return Fail("whether any are and how many are one question");
  const bool percent = std::ranges::any_of(parts_, [](const Fragment* part) { return part->percent; });
  if (percent && One(kGrowth) == nullptr && One(kCompare) == nullptr && One(kShare) == nullptr)
    return Fail("it is open of what the percentage is");
  for (const FragmentKind kind : {kDescribe, kAskable}) {
    if (const Fragment* special = One(kind)) {
      for (const Fragment* part : parts_) {
        if (part != special && part->kind != kRequest) return Fail("a question about a definition stands alone");
      }
    }
  }
  return true;
}

/// Whether a filter or a time stands between two numbers: it might be meant for one of them only.
bool Assembly::Scopes() const {
  bool metric = false;
  bool limited = false;
  for (const Fragment* part : parts_) {
    using enum FragmentKind;
    if (part->kind == kMetric || (part->kind == kShare && !part->metrics.empty())) {
      if (metric && limited) return false;
      metric = true;
    }
    if (metric && (part->kind == kFilter || part->kind == kTime || part->kind == kTimePart || part->kind == kTop))
      limited = true;
  }
  return true;
}

bool Assembly::Special() {
  if (const Fragment* part = One(FragmentKind::kDescribe)) {
    draft_.intent.output = OutputKind::kDescribe;
    draft_.intent.subject = part->entity;
  } else if (One(FragmentKind::kAskable) != nullptr) {
    draft_.intent.output = OutputKind::kListAskable;
  }
  return true;
}

bool Assembly::Metrics() {
  for (const Fragment* part : parts_) {
    using enum FragmentKind;
    if (part->kind != kMetric && part->kind != kShare && part->kind != kCalculation) continue;
    for (const MetricUse& use : part->metrics) {
      if (use.metric.empty() && use.entity.empty() && use.field.name.empty())
        return Fail("it is open which number is meant");
      if (part->kind == kMetric &&
          std::find(draft_.intent.metrics.begin(), draft_.intent.metrics.end(), use) != draft_.intent.metrics.end()) {
        draft_.cost += 0.1;  // Said twice.
      }
      MetricIndex(use);
    }
    average_of_sum_ = average_of_sum_ || part->average_of_sum;
    const auto word = [&](size_t back) {
      return part->begin < back ? std::string_view() : std::string_view(context_.tokens[part->begin - back].word);
    };
    const bool is_end = part->kind == kMetric && (part->metrics[0].aggregation == Aggregation::kMin ||
                                                  part->metrics[0].aggregation == Aggregation::kMax);
    if (is_end && (word(1) == "with" || word(1) == "has" || word(1) == "had" ||
                   (word(1) == "the" && (word(2) == "with" || word(2) == "has" || word(2) == "had"))))
      return Fail("what has the highest or lowest number is asked for, and it is open of what");
  }
  for (size_t i = 1; i < parts_.size(); ++i) {  // "delay of flights" names one number, and of what it is.
    const bool side_by_side = parts_[i]->kind == FragmentKind::kMetric && parts_[i - 1]->kind == FragmentKind::kMetric;
    if (side_by_side && !Joined(*parts_[i - 1], *parts_[i])) draft_.cost += 0.7;
  }
  const Fragment* first = One(FragmentKind::kMetric);
  for (const Fragment* part : All(FragmentKind::kMetric)) {  // "revenue by customer orders" does not ask for orders.
    size_t before = part->begin;
    while (before > 0 && IsArticle(context_.tokens[before - 1].word)) --before;
    const bool stuck = std::ranges::any_of(parts_, [&](const Fragment* other) {
      return other->end == before && (other->kind == FragmentKind::kGroup || other->kind == FragmentKind::kWhich);
    });
    if (part != first && stuck) draft_.cost += 0.7;
  }
  if (!Scopes())
    return Fail(
        "a condition stands between two numbers, and it is open which of them it is for; ask for one at a time");
  return true;
}

/// An entity beside a metric only says what the metric is of, which must be so.
bool Assembly::ScopeOfEntity(const Fragment& part) {
  if (!StandsByItself(part)) return Fail(fmt::format("it is open what {} says of the word before it", part.entity));
  Parts parts = parts_;  // "and" is a part of its own where a conversation goes on.
  std::erase_if(parts, [](const Fragment* one) { return one->kind == FragmentKind::kFollowUp; });
  for (size_t i = 0; i < parts.size(); ++i) {  // "headcount and salary", "by mode and warehouse": listed, no scope.
    if (parts[i] != &part) continue;
    const auto lists = [&](const Fragment& first, const Fragment& second, FragmentKind kind, const Fragment& other) {
      return other.kind == kind && Joined(first, second);
    };
    if (i + 1 < parts.size() && lists(part, *parts[i + 1], FragmentKind::kMetric, *parts[i + 1]))
      return Fail(fmt::format("{} stands in a list of numbers", part.entity));
    if (i > 0 && (lists(*parts[i - 1], part, FragmentKind::kMetric, *parts[i - 1]) ||
                  lists(*parts[i - 1], part, FragmentKind::kGroup, *parts[i - 1])))
      return Fail(fmt::format("{} stands in a list of numbers or groups", part.entity));
  }
  for (const MetricUse& use : draft_.intent.metrics) {
    for (const std::string& base : BaseEntities(context_.model, use)) {
      if (!Reaches(base, part.entity)) {
        return Fail(fmt::format("it is open what {} has to do with the number asked for", part.entity));
      }
    }
  }
  draft_.cost += 0.04;
  return true;
}

/// The model's own plain count of an entity's rows, else a count without a name.
MetricUse Assembly::CountOf(const std::string& name) const {
  const Entity* entity = semantic::FindEntity(context_.model, name);
  for (const Metric& metric : context_.model.metrics) {
    const MetricUse use{.metric = metric.name};
    if (metric.hidden || !metric.filter.empty() || metric.kind != semantic::MetricKind::kSimple || entity == nullptr)
      continue;
    const auto bases = BaseEntities(context_.model, use);
    if (bases.size() != 1 || !EqualsIgnoringCase(bases[0], name)) continue;
    const size_t dot = metric.measure.find('.');
    const auto* measure =
        semantic::FindMeasure(*entity, dot == std::string::npos ? metric.measure : metric.measure.substr(dot + 1));
    if (measure != nullptr && measure->aggregation == Aggregation::kCount && measure->expr.empty() &&
        measure->filter.empty())
      return use;
  }
  return {.entity = name};
}

/// Whether a condition is on a number that is not one of the entity's own rows: "customers with 5 orders".
bool Assembly::HasOtherNumbers(std::string_view entity) const {
  return std::ranges::any_of(All(FragmentKind::kHaving), [&](const Fragment* part) {
    const auto bases = BaseEntities(context_.model, part->metrics[0]);
    return bases.size() != 1 || !EqualsIgnoringCase(bases[0], entity);
  });
}

/// Whether something else than a noun behind it says what is counted: a number, the only noun before, a field.
bool Assembly::CountedElsewhere(const Fragment& count, Parts& entities) {
  bool paired = false;
  for (const Fragment* part : parts_) {
    if (part->kind == FragmentKind::kMetric && part->begin >= count.end && IsCountMetric(part->metrics[0]))
      paired = true;
  }
  // "which airline had the most flights, and how many?"
  if (One(FragmentKind::kTopBy) != nullptr && &count == parts_.back()) return true;
  const bool trails = All(FragmentKind::kCount).size() == 1 && &count == parts_.back() && draft_.intent.metrics.empty();
  if (!paired && trails && entities.size() == 1) {  // "was there a trip on Christmas? how many"
    subject_ = entities[0]->entity;
    entities.clear();
    MetricIndex(CountOf(subject_));
    paired = true;
  }
  for (const Fragment* part : All(FragmentKind::kFilter)) {  // "how many grades were between 50 and 55"
    const Filter& filter = part->filters[0].any_of[0];
    const bool compares = filter.op != FilterOperator::kIn && filter.op != FilterOperator::kNotIn &&
                          filter.op != FilterOperator::kIsNull && filter.op != FilterOperator::kIsNotNull;
    if (paired || !compares || part->begin != count.end || !entities.empty() || !draft_.intent.metrics.empty())
      continue;
    subject_ = filter.field.entity;
    draft_.notes.push_back(fmt::format("{} are counted", subject_));
    MetricIndex(CountOf(subject_));
    paired = true;
  }
  return paired;
}

/// "how many", "number of": counts the nearest entity behind each, and takes it out of `entities`.
bool Assembly::Counted(Parts& entities) {
  const Parts counts = All(FragmentKind::kCount);
  for (const Fragment* count : counts) {
    // Counted is the nearest entity or count behind it.
    const auto entity =
        std::find_if(entities.begin(), entities.end(), [&](const Fragment* part) { return part->begin >= count->end; });
    if (entity != entities.end()) {
      const Fragment* counted = *entity;
      entities.erase(entity);
      size_t reached = count->end;  // "how many members have ridden a bike" does not count bikes.
      for (const Fragment* part : parts_) {
        const bool limits = part->kind == FragmentKind::kFilter || part->kind == FragmentKind::kRequest;
        if (limits && part->begin >= reached && part->begin <= reached + 1) reached = part->end;
      }
      if (counted->begin > reached + 1) draft_.cost += 0.6;
      if (!counted->plural && counted->difference) draft_.cost += 0.15;
      subject_ = counted->entity;
      MetricIndex(CountOf(counted->entity));
      continue;
    }
    if (!CountedElsewhere(*count, entities)) return Fail("it is open what is to be counted");
    draft_.cost += 0.01;
  }
  return true;
}

/// "overdue invoices, sorted by amount": rows by a field of theirs.
bool Assembly::SortsRows(std::string_view entity) const {
  const Fragment* order = One(FragmentKind::kOrderBy);
  return order != nullptr && order->dimensions.size() == 1 && One(FragmentKind::kGroup) == nullptr &&
         EqualsIgnoringCase(order->dimensions[0].field.entity, entity);
}

/// Whether a condition on the entity stands right beside its name.
bool Assembly::IsLimitedNoun(const Fragment& noun) const {
  return std::ranges::any_of(All(FragmentKind::kFilter), [&](const Fragment* part) {
    return EqualsIgnoringCase(part->filters[0].any_of[0].field.entity, noun.entity) &&
           (Follows(*part, noun) || Follows(noun, *part));
  });
}

/// "orders by country, top 3": the groups with the most of what is counted.
bool Assembly::TopsOfGroups() const {
  const Fragment* top = One(FragmentKind::kTop);
  const Fragment* group = One(FragmentKind::kGroup);
  return top != nullptr && top->dimensions.empty() && !top->grain && top->metrics.empty() && top->n > 0 &&
         !top->difference && group != nullptr && group->end <= top->begin && !group->dimensions.empty();
}

bool Assembly::Entities() {
  Parts entities = All(FragmentKind::kEntity);
  const bool exists = One(FragmentKind::kExists) != nullptr;
  const Fragment* which = One(FragmentKind::kWhich);
  if (!Counted(entities)) return false;
  const bool rows_said = std::any_of(parts_.begin(), parts_.end(), [](const Fragment* part) {
    return part->kind == FragmentKind::kRequest && part->rows;
  });
  for (const Fragment* part : entities) {
    if (exists && draft_.intent.entity.empty()) {
      draft_.intent.entity = subject_ = part->entity;
    } else if (!draft_.intent.metrics.empty()) {
      if (!ScopeOfEntity(*part)) return false;
      if (part->difference) draft_.cost += 0.15;  // It is a number of its own, and would have been said so.
      if (subject_.empty()) subject_ = part->entity;
    } else if (which == nullptr && subject_.empty() &&
               (rows_said || (!All(FragmentKind::kSet).empty() && !IsEvent(part->entity)) ||
                HasOtherNumbers(part->entity) || One(FragmentKind::kPrivacy) != nullptr || SortsRows(part->entity) ||
                One(FragmentKind::kExtreme) != nullptr || (One(FragmentKind::kColumns) != nullptr && part->plural))) {
      subject_ = part->entity;
      wants_rows_ = true;
      if (!rows_said) draft_.cost += 0.05;
    } else if (subject_.empty() && which == nullptr && One(FragmentKind::kTopBy) == nullptr &&
               One(FragmentKind::kOrderBy) == nullptr && (One(FragmentKind::kTop) == nullptr || TopsOfGroups())) {
      subject_ = part->entity;
      const bool shaped = One(FragmentKind::kGroup) != nullptr || One(FragmentKind::kCompare) != nullptr ||
                          One(FragmentKind::kVersus) != nullptr;
      draft_.cost += shaped ? 0.05 : 0.15;
      if (!part->plural && part->difference) draft_.cost += 0.15;  // "balance by segment" is the number of that name.
      draft_.notes.push_back(fmt::format("{} are counted", part->entity));
      MetricIndex(CountOf(part->entity));
    } else if (subject_.empty()) {
      subject_ = part->entity;
    } else if (wants_rows_ && Reaches(subject_, part->entity) && IsLimitedNoun(*part)) {
      draft_.cost += 0.04;  // "the latest deliveries from German suppliers"
    } else {
      return Fail(fmt::format("it is open what {} has to do with {}", part->entity, subject_));
    }
  }
  const Fragment* privacy = One(FragmentKind::kPrivacy);
  if (privacy != nullptr && !privacy->dimensions.empty() && subject_.empty() && which == nullptr &&
      draft_.intent.metrics.empty()) {
    subject_ = privacy->dimensions[0].field.entity;  // "mask the e-mails of customers"
    wants_rows_ = true;
  }
  if (wants_rows_ && One(FragmentKind::kGroup) != nullptr &&
      One(FragmentKind::kExtreme) == nullptr) {  // "show orders by region" counts.
    wants_rows_ = false;
    draft_.notes.push_back(fmt::format("{} are counted", subject_));
    MetricIndex(CountOf(subject_));
  }
  return true;
}

bool Assembly::AddDimensions(const Fragment& part) {
  const auto is_level = [&](const MetricUse& use) { return IsLevel(use); };
  if (part.kind == FragmentKind::kGroup && part.role &&
      (draft_.intent.metrics.empty() || !std::ranges::all_of(draft_.intent.metrics, is_level)))
    return Fail("only what is counted at a day, such as a balance, is known at the end of a time");
  for (DimensionUse use : part.dimensions) {
    if (use.part && use.field.name.empty()) {
      use.field = DefaultTimeField();
      if (use.field.name.empty()) return Fail("there is no time to group by");
    }
    DimensionIndex(use);
  }
  if (part.grain) {
    TimeScope& time = draft_.intent.time;
    if (time.grain && *time.grain != *part.grain) return Fail("two time axes are named");
    time.grain = part.grain;
    if (!part.field.name.empty()) {
      if (!time.field.name.empty() && time.field != part.field) return Fail("two different times are named");
      time.field = part.field;
    }
  }
  return true;
}

bool Assembly::Dimensions() {
  using enum FragmentKind;
  for (const FragmentKind kind : {kWhich, kTop, kGroup, kShare}) {
    for (const Fragment* part : All(kind)) {
      if (kind == kShare && part->calculation != CalculationKind::kShareOfTotal) continue;
      const auto& numbers = draft_.intent.metrics;
      const bool levels =
          !numbers.empty() && std::ranges::all_of(numbers, [&](const MetricUse& use) { return IsLevel(use); });
      if (kind == kGroup && part->role && !levels)
        return Fail("only what is counted at a day, such as a balance, is known at the end of a time");
      if (!AddDimensions(*part)) return false;
      if (kind == kWhich && !part->dimensions.empty() && subject_.empty()) subject_ = part->dimensions[0].field.entity;
    }
  }
  if (One(kTop) == nullptr && One(kTopBy) == nullptr && One(kShare) == nullptr) CountThroughLines();
  const Fragment* which = One(kWhich);
  if (which != nullptr && which->difference && which->dimensions.size() == 1) {  // Each row counts itself as one.
    const std::string& name = which->dimensions[0].field.entity;
    const auto itself = [&](const MetricUse& use) {
      const auto bases = BaseEntities(context_.model, use);
      return IsCountMetric(use) && bases.size() == 1 && EqualsIgnoringCase(bases[0], name);
    };
    const auto& numbers = draft_.intent.metrics;
    const bool only_count = !numbers.empty() && std::ranges::all_of(numbers, itself);
    if (only_count && IsLabelOf(which->dimensions[0], name)) draft_.cost += 0.3;
  }
  return true;
}

bool Assembly::Versus() {
  const Fragment* part = One(FragmentKind::kVersus);
  if (part == nullptr) return true;
  for (const FilterGroup& group : draft_.intent.filters) {
    if (group.any_of[0].field == part->field) return Fail("the same thing is compared and filtered");
  }
  draft_.intent.filters.insert(draft_.intent.filters.end(), part->filters.begin(), part->filters.end());
  DimensionIndex({.field = part->field});
  return true;
}

std::vector<Draft> Assembly::Run(std::string& reason) {
  for (const Fragment* part : parts_) {
    draft_.cost += part->cost;
    for (const std::string& note : part->notes) {
      if (std::find(draft_.notes.begin(), draft_.notes.end(), note) == draft_.notes.end()) draft_.notes.push_back(note);
    }
  }
  bool ok = Multiplicity() && Special();
  if (ok && draft_.intent.output == OutputKind::kTable) {
    ok = ApplyPrevious() &&
         (follows_ || (Metrics() && Extreme() && Entities() && Dimensions() && Time() && TimeParts() && Filters() &&
                       Versus() && Shares() && Calculations() && Sets() && Havings() && RelatedFilters() && Growth() &&
                       Comparisons() && Rank() && Order() && Output()));
  }
  if (!ok) {
    reason = reason_;
    return {};
  }
  std::vector<Draft> resolved;
  reason = reason_;
  for (const Draft& choice : OpenChoices()) {
    for (Draft& one : ResolveJoins(context_.model, choice, reason)) resolved.push_back(std::move(one));
  }
  return resolved;
}

std::vector<Draft> Assemble(const AssemblyContext& context, const std::vector<const Fragment*>& parts,
                            std::string& reason) {
  return Assembly(context, parts).Run(reason);
}

}  // namespace neurolake::ask
