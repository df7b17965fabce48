#include "ask/grammar/internal/assembly.h"
#include "common/text.h"

namespace neurolake::ask {

using semantic::Dimension;
using semantic::Entity;
using semantic::Metric;

/// Whether the number is the one that tells how large a row is: the only sum of a thing that nothing else hangs on.
bool Assembly::IsSize(const MetricUse& use, const Intent& intent) const {
  if (intent.dimensions.size() != 1 || intent.time.grain) return false;
  const FieldRef& field = intent.dimensions[0].field;
  const Entity* entity = semantic::FindEntity(context_.model, field.entity);
  const auto* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
  if (label == nullptr || !EqualsIgnoringCase(label->name, field.name)) return false;
  const bool is_looked_up = std::ranges::any_of(
      context_.model.joins, [&](const semantic::Join& join) { return EqualsIgnoringCase(join.to, entity->name); });
  const auto sums = std::ranges::count_if(entity->measures, [](const semantic::Measure& measure) {
    return !measure.hidden && measure.aggregation == Aggregation::kSum;
  });
  const Metric* metric = semantic::FindMetric(context_.model, use.metric);
  if (is_looked_up || sums != 1 || metric == nullptr || !metric->implicit) return false;
  const auto* measure = semantic::FindMeasure(*entity, metric->measure.substr(metric->measure.find('.') + 1));
  const auto bases = BaseEntities(context_.model, use);
  return measure != nullptr && measure->aggregation == Aggregation::kSum && bases.size() == 1 &&
         EqualsIgnoringCase(bases[0], entity->name);
}

/// Whether "the most common" is told by this number: the plain count of the rows that have the dimension.
bool Assembly::Counts(const MetricUse& use, const std::vector<std::string>& bases) const {
  const Fragment* top = One(FragmentKind::kTop);
  if (top == nullptr || !top->frequent || bases.size() != 1 || draft_.intent.dimensions.empty()) return false;
  const DimensionUse& ranked = top->dimensions.empty() ? draft_.intent.dimensions[0] : top->dimensions[0];
  if (IsLabelOf(ranked, ranked.field.entity)) {  // "busiest start stations": by the rows that lead to them so.
    if (ranked.field.via.empty()) return false;
    std::vector<std::string> facts;
    for (const semantic::Join& join : context_.model.joins) {
      if (EqualsIgnoringCase(join.name, ranked.field.via[0]) && EqualsIgnoringCase(join.to, ranked.field.entity) &&
          std::ranges::find(facts, join.from) == facts.end())
        facts.push_back(join.from);
    }
    return facts.size() == 1 && EqualsIgnoringCase(bases[0], facts[0]) && use == CountOf(bases[0]);
  }
  if (top->each && !IsEvent(bases[0])) return false;
  return EqualsIgnoringCase(bases[0], ranked.field.entity) && !IsLabelOf(ranked, bases[0]) && use == CountOf(bases[0]);
}

/// Readings that differ in what was left open: how many, or by which number.
std::vector<Draft> Assembly::OpenChoices() {
  std::vector<Draft> drafts{draft_};
  if (metric_open_) {
    drafts.clear();
    for (const Metric& metric : context_.model.metrics) {
      MetricUse use{.metric = metric.name};
      if (metric.hidden || metric.format.pattern == "percent") continue;  // A share ranks only where it is named.
      const auto bases = BaseEntities(context_.model, use);
      const bool reached = !bases.empty() && std::all_of(bases.begin(), bases.end(), [&](const std::string& base) {
        return std::all_of(draft_.intent.dimensions.begin(), draft_.intent.dimensions.end(),
                           [&](const DimensionUse& dimension) { return Reaches(base, dimension.field.entity); });
      });
      // How many there are of each is one, and ranks nothing.
      const bool counts_itself = bases.size() == 1 && draft_.intent.dimensions.size() == 1 && IsCountMetric(use) &&
                                 IsLabelOf(draft_.intent.dimensions[0], bases[0]);
      if (!reached || counts_itself) continue;
      Draft choice = draft_;
      choice.intent.metrics = {use};
      const bool own = IsSize(use, draft_.intent);
      // The sum of what a row has ranks the rows as that does, which an adjective says better.
      choice.cost += Counts(use, bases) ? 0.06 : own ? 0.17 : 0.2;
      choice.notes.push_back(fmt::format("ranked by {}", metric.label));
      drafts.push_back(std::move(choice));
    }
    const Fragment* top = One(FragmentKind::kTop);
    std::ranges::stable_sort(drafts, {}, &Draft::cost);
    if (drafts.size() > 4) drafts.resize(4);
    if (drafts.empty() || (drafts.size() == 1 && top != nullptr && top->judged)) {
      reason_ = "it is open by which number they are ranked; name it, such as “top 5 … by …”";
      return {};
    }
  }
  if (const Fragment* group = DividesBy()) drafts = Divided(*group);
  if (!rank_choices_.empty()) {
    std::vector<Draft> wider;
    for (const Draft& draft : drafts) {
      for (const int64_t n : rank_choices_) {
        Draft choice = draft;
        choice.cost += 0.1;
        if (n > 0) {
          choice.intent.rank->n = n;
        } else {
          choice.intent.order = {{.value = choice.intent.rank->by, .descending = choice.intent.rank->descending}};
          choice.intent.rank.reset();
        }
        wider.push_back(std::move(choice));
      }
    }
    drafts = std::move(wider);
  }
  return drafts;
}

/// "orders per dish category": orders have no category, their lines have. Counts the different orders with such a line;
/// only where one entity stands between the two, and rows are told apart by one field.
void Assembly::CountThroughLines() {
  Intent& intent = draft_.intent;
  if (intent.metrics.size() != 1 || intent.dimensions.empty() || !IsCountMetric(intent.metrics[0])) return;
  const auto bases = BaseEntities(context_.model, intent.metrics[0]);
  const Entity* entity = bases.size() == 1 ? semantic::FindEntity(context_.model, bases[0]) : nullptr;
  const Dimension* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
  if (label == nullptr || intent.metrics[0] != CountOf(entity->name) || entity->primary_key.size() != 1) return;
  const std::string& column = label->expr.empty() ? label->name : label->expr;
  if (!EqualsIgnoringCase(column, entity->primary_key[0]) || label->hidden) return;
  const auto is_own = [&](const DimensionUse& use) { return Reaches(entity->name, use.field.entity); };
  if (std::ranges::all_of(intent.dimensions, is_own)) return;
  std::vector<std::string> lines;
  for (const Entity& other : context_.model.entities) {
    const bool below = !EqualsIgnoringCase(other.name, entity->name) && Reaches(other.name, entity->name);
    const bool has_all = std::ranges::all_of(
        intent.dimensions, [&](const DimensionUse& use) { return Reaches(other.name, use.field.entity); });
    if (below && has_all) lines.push_back(other.name);
  }
  if (lines.size() != 1 || IsLabelOf(intent.dimensions[0], lines[0])) return;
  intent.metrics = {
      {.aggregation = Aggregation::kCountDistinct, .field = {entity->name, label->name}, .entity = lines[0]}};
  draft_.notes.push_back(fmt::format("{} with {} of several kinds are counted in each", entity->name, lines[0]));
  draft_.cost += 0.08;
}

}  // namespace neurolake::ask
