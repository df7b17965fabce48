#include "ask/grammar/internal/assembly.h"
#include "ask/grammar/internal/members.h"
#include "ask/intent/kept_unit.h"
#include "ask/language/units.h"

namespace neurolake::ask {

using semantic::Dimension;
using semantic::Entity;
using semantic::Metric;

/// Whether rows of the entity are what happened, with what took part looked up: orders, and not customers.
bool Assembly::IsEvent(std::string_view name) const {
  const Entity* entity = semantic::FindEntity(context_.model, name);
  if (entity == nullptr || entity->default_time.empty()) return false;
  const Dimension* label = semantic::LabelDimension(*entity);
  const auto is_key = [&](const std::string& column) {
    return EqualsIgnoringCase(column, label->expr.empty() ? label->name : label->expr);
  };
  // What has a name of its own took part, and did not happen.
  if (label != nullptr && label->is_label && std::ranges::none_of(entity->primary_key, is_key)) return false;
  return std::ranges::any_of(context_.model.joins,
                             [&](const semantic::Join& join) { return EqualsIgnoringCase(join.from, name); });
}

/// Whether no other noun stands right before it: "by customer nation" is no customer, and not of nations either.
bool Assembly::StandsByItself(const Fragment& part) const {
  using enum FragmentKind;
  return std::ranges::none_of(parts_, [&](const Fragment* other) {
    const bool is_noun = other->kind == kGroup || other->kind == kTop || other->kind == kWhich ||
                         other->kind == kTopBy || other->kind == kOrderBy || other->kind == kExtreme;
    size_t before = part.begin;
    const bool whose = other->kind == kGroup || other->kind == kOrderBy;  // "by hour of the day"
    while (whose && before > other->end && context_.tokens[before - 1].kind == TokenKind::kWord) {
      const std::string& word = context_.tokens[before - 1].word;
      if (word != "of" && word != "the" && word != "a") break;
      --before;
    }
    return is_noun && other->end == before;
  });
}

/// "5 cheapest rooms": rows of one entity by a field of theirs.
bool Assembly::Extreme() {
  using enum FragmentKind;
  const Fragment* part = One(kExtreme);
  if (part == nullptr) return true;
  for (const FragmentKind kind : {kTop, kTopBy, kOrderBy, kCount, kGrowth, kCompare, kVersus, kShare, kCalculation,
                                  kHaving, kExists, kLimit, kDirection}) {
    if (!All(kind).empty()) return Fail("what is the largest of its kind stands alone");
  }
  if (!draft_.intent.metrics.empty()) return Fail("the largest by one number and another number are asked for at once");
  if (part->n == 0 && part->plural) return Fail("it is open how many of them are asked for");
  const Fragment* which = One(kWhich);
  if (part->rows) {
    if (which != nullptr) return Fail(fmt::format("it is open what {} has to do with the rest", part->entity));
    subject_ = part->entity;
    wants_rows_ = true;
    return true;
  }
  if (which != nullptr) {
    if (which->dimensions.size() != 1 || !IsLabelOf(which->dimensions[0], part->entity))
      return Fail("it is open of what the largest is asked for");
    if (which->plural && which->n == 0 && part->n == 0) return Fail("it is open how many of them are asked for");
    subject_ = part->entity;
    wants_rows_ = true;
    return true;
  }
  const auto named = All(kEntity);
  return named.size() == 1 && EqualsIgnoringCase(named[0]->entity, part->entity)
             ? true
             : Fail("it is open of what the largest is asked for");
}

/// Whether the field is a number of which one is larger than another.
bool Assembly::IsNumberOf(const FieldRef& field) const {
  const Entity* entity = semantic::FindEntity(context_.model, field.entity);
  const Dimension* dimension = entity == nullptr ? nullptr : semantic::FindDimension(*entity, field.name);
  return dimension != nullptr && IsNumeric(*dimension) && !IsKey(context_.model, entity, *dimension);
}

/// Rank, order and columns of the rows asked for.
bool Assembly::RankRows(const Fragment& extreme) {
  Intent& intent = draft_.intent;
  if (intent.time.grain) return Fail("rows have no time axis");
  FieldRef by_field = extreme.field;
  const Fragment* which = One(FragmentKind::kWhich);
  const bool listed = extreme.n > 1 && !extreme.nth;  // So many rows and no more, if the last are equal, too.
  ask::Rank rank{.n = extreme.n > 0                      ? extreme.n
                      : which != nullptr && which->n > 0 ? which->n
                                                         : 1,
                 .nth_only = extreme.nth,
                 .ties = listed ? Ties::kBreak : Ties::kInclude};
  for (const Fragment* group : All(FragmentKind::kGroup)) {
    for (const DimensionUse& use : group->dimensions) {
      if (!group->each && use.field == extreme.field) {  // "most expensive product by list price"
        std::erase(intent.dimensions, use);
        continue;
      }
      if (!group->each && EqualsIgnoringCase(use.field.entity, extreme.entity) && IsNumberOf(use.field)) {
        by_field = use.field;  // "the 5 longest flights by distance"
        std::erase(intent.dimensions, use);
        continue;
      }
      if (!group->each && EqualsIgnoringCase(use.field.entity, extreme.entity))
        return Fail("two numbers to rank by are named");
      if (use.part) return Fail("rows are not grouped by parts of a time");
      if (use.field == extreme.field) continue;  // "most expensive product by list price"
      const Entity* owner = semantic::FindEntity(context_.model, use.field.entity);
      const Dimension* number = owner == nullptr ? nullptr : semantic::FindDimension(*owner, use.field.name);
      if (number != nullptr && !number->is_label && number->value_type == semantic::ValueType::kNumber)
        return Fail(fmt::format("it is open what {} has to do with the largest", number->label));
      rank.per.push_back(DimensionIndex(use));
    }
  }
  const Entity* entity = semantic::FindEntity(context_.model, extreme.entity);
  for (const Dimension& dimension : entity->dimensions) {
    if (!dimension.hidden) DimensionIndex({.field = {entity->name, dimension.name}});
  }
  intent.order = {{.dimension = DimensionIndex({.field = by_field}), .descending = extreme.descending}};
  const Dimension* by = semantic::FindDimension(*entity, by_field.name);
  draft_.notes.push_back(fmt::format("ranked by {}", by == nullptr ? by_field.name : by->label));
  intent.rank = rank;
  return true;
}

/// All that the rows have, and what else was named.
void Assembly::ShowColumns() {
  Intent& intent = draft_.intent;
  const Entity* entity = semantic::FindEntity(context_.model, intent.entity);
  for (const Dimension& dimension : entity->dimensions) {
    if (!dimension.hidden) DimensionIndex({.field = {entity->name, dimension.name}});
  }
  for (const Fragment* part : All(FragmentKind::kColumns)) {
    for (const DimensionUse& use : part->dimensions) DimensionIndex(use);
  }
}

/// Whether what the question says once more is so: the unit of a number, that it is of now.
bool Assembly::Repeats() {
  const Intent& intent = draft_.intent;
  for (const Fragment* part : All(FragmentKind::kRequest)) {
    if (part->nth) {  // A level is that of the last day, and so are those that are in some state.
      const bool of_now = std::ranges::all_of(intent.metrics, [&](const MetricUse& use) {
        const Metric* metric = semantic::FindMetric(context_.model, use.metric);
        const auto* measure = metric == nullptr ? nullptr : MeasureOf(context_.model, *metric);
        const bool limited = metric != nullptr && (!metric->filter.empty() || (measure && !measure->filter.empty()));
        return IsLevel(use) || limited || !intent.filters.empty();
      });
      if (!of_now || main_time_ != nullptr) return Fail("it is open what that was at this moment");
    }
    const auto is_level = [&](const MetricUse& use) { return IsLevel(use); };
    if (part->role &&
        (intent.metrics.empty() || main_time_ != nullptr || !std::ranges::all_of(intent.metrics, is_level)))
      return Fail("only of a level, such as a balance, the latest is that of now");
    const bool of_money = std::ranges::any_of(
        context_.tokens.subspan(part->begin, part->end - part->begin),
        [](const Token& token) { return token.word == "spend" || token.word == "spent" || token.word == "money"; });
    if (of_money && std::ranges::any_of(intent.metrics, [&](const MetricUse& use) { return IsCountMetric(use); }))
      return Fail("what was spent is no count");
    if (part->entity.empty()) continue;
    const std::vector<Token> words = TokenizeName(part->entity);
    bool said = false;
    for (MetricUse& use : draft_.intent.metrics) {
      const auto unit = ParseUnit(words, KeptUnit(context_.model, use));
      if (!unit || unit->tokens != words.size()) continue;
      said = true;
      if (unit->factor != 1) use.unit = part->entity;
    }
    said = said || std::ranges::any_of(intent.dimensions, [&](const DimensionUse& use) {
             const Entity* entity = semantic::FindEntity(context_.model, use.field.entity);
             const Dimension* dimension =
                 entity == nullptr ? nullptr : semantic::FindDimension(*entity, use.field.name);
             if (intent.output != OutputKind::kRows || dimension == nullptr) return false;
             const auto unit = ParseUnit(words, dimension->format.unit);
             return unit && unit->tokens == words.size() && unit->factor == 1;
           });
    if (!said) return Fail(fmt::format("the number is not kept in {}", part->entity));
  }
  return true;
}

/// What happened is counted by the time it happened at: "hires per year" by the hire date.
bool Assembly::EventTimes() {
  TimeScope& time = draft_.intent.time;
  const Fragment* event = nullptr;
  for (const Fragment* part : parts_) {
    const bool counts = part->kind == FragmentKind::kMetric || part->kind == FragmentKind::kTopBy;
    if (!counts || part->field.name.empty()) continue;
    if (event != nullptr && event->field != part->field) return Fail("two different times are named");
    event = part;
  }
  if (event == nullptr) return true;
  if (!time.field.name.empty() && time.field != event->field) return Fail("two different times are named");
  for (const MetricUse& use : draft_.intent.metrics) {
    const auto bases = BaseEntities(context_.model, use);
    if (bases.size() != 1 || !EqualsIgnoringCase(bases[0], event->field.entity))
      return Fail("what happened at one time and numbers of another are asked for at once");
  }
  const bool timed = !All(FragmentKind::kTime).empty() || time.grain;
  if (!timed && event->each) return Fail("it is open since when they are new");
  time.field = event->field;
  if (timed) return true;
  time.field = {};
  draft_.intent.filters.push_back({.any_of = {{.field = event->field, .op = FilterOperator::kIsNotNull}}});
  return true;
}

/// The group that the one number asked for can be divided by: "revenue per customer"; null: it only splits it.
const Fragment* Assembly::DividesBy() const {
  const Intent& intent = draft_.intent;
  if (intent.metrics.size() != 1 || intent.rank || !intent.having.empty() || !intent.calculations.empty() ||
      !intent.sets.empty() || One(FragmentKind::kWhich) != nullptr || One(FragmentKind::kVersus) != nullptr ||
      intent.output != OutputKind::kTable)
    return nullptr;
  const auto bases = BaseEntities(context_.model, intent.metrics[0]);
  const Fragment* found = nullptr;
  for (const Fragment* group : All(FragmentKind::kGroup)) {
    if (group->entity.empty() || group->dimensions.size() != 1 || group->grain) continue;
    if (bases.size() != 1 || !Reaches(bases[0], group->entity)) continue;
    if (found != nullptr) return nullptr;
    found = group;
  }
  return found;
}

/// Readings of "M per E": divided by how many E there are, split by E, or both where either is as likely.
std::vector<Draft> Assembly::Divided(const Fragment& group) const {
  const MetricUse number = draft_.intent.metrics[0];
  const std::string base = BaseEntities(context_.model, number)[0];
  const Entity* entity = semantic::FindEntity(context_.model, group.entity);
  const Dimension* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
  if (label == nullptr) return {draft_};
  const bool own = EqualsIgnoringCase(base, entity->name);
  const bool average = average_of_sum_ || number.aggregation == Aggregation::kAverage;
  const bool on_average =
      std::ranges::any_of(context_.tokens, [](const Token& token) { return token.word == "average"; });
  Draft ratio = draft_;
  ratio.cost += 0.08;
  std::erase(ratio.intent.dimensions, group.dimensions[0]);
  MetricUse whole = number;
  if (average) whole.aggregation.reset();
  if (!HasParts(whole)) {  // A median of visits "per visit" is that of all; an average split by E is no ratio.
    if (!own) return {draft_};
    return {ratio};
  }
  if (own && whole == CountOf(base)) return {draft_};
  const MetricUse counted =
      own ? CountOf(base)
          : MetricUse{.aggregation = Aggregation::kCountDistinct, .field = {entity->name, label->name}, .entity = base};
  ratio.intent.metrics = {whole, counted};
  ratio.intent.calculations.push_back({.kind = CalculationKind::kRatio, .metric = 0, .of = 1});
  ratio.notes.push_back(own ? fmt::format("divided by the number of {}", entity->label)
                            : fmt::format("divided by the number of different {} that have any", entity->label));
  if (own || average || on_average) return {ratio};
  // What is known by a number or a person's name is too many to be listed; a branch or a hotel has a row of its own.
  const bool many = label->value_type != semantic::ValueType::kText || !label->personal.empty();
  const bool split_further = !ratio.intent.dimensions.empty() || ratio.intent.time.grain;
  // "flights per plane for each airline", "visits per room by clinic"; but "revenue per product by month" is split.
  const bool each_twice = !ratio.intent.dimensions.empty() && !ratio.intent.time.grain && group.begin + 3 >= group.end;
  if (!many && each_twice) {  // "flights per plane for each airline"
    Draft split = draft_;
    split.cost += 0.08;
    return {ratio, split};
  }
  if (!many) return {draft_};
  if (split_further) return {ratio};
  Draft split = draft_;
  split.cost += 0.08;
  return {split, ratio};
}

}  // namespace neurolake::ask
