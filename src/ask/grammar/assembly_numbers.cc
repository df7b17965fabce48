#include "ask/grammar/internal/assembly.h"
#include "ask/language/words.h"
#include "common/text.h"

namespace neurolake::ask {

using semantic::Entity;
using semantic::Metric;

bool Assembly::Havings() {
  for (const Fragment* part : All(FragmentKind::kHaving)) {
    const MetricUse& use = part->metrics[0];
    if (part->end < context_.tokens.size() && context_.tokens[part->end].word == ":" && !IsCountMetric(use))
      return Fail("what stands before a colon limits the rows, and not their sums");
    const auto bases = BaseEntities(context_.model, use);
    const bool grouped = !draft_.intent.dimensions.empty() || draft_.intent.time.grain;
    const auto& dimensions = draft_.intent.dimensions;
    if (bases.size() == 1 && dimensions.size() == 1 && !draft_.intent.time.grain && IsLabelOf(dimensions[0], bases[0]))
      draft_.cost += 0.6;  // Each row by itself: said so, it is a condition on rows.
    const bool of_rows =
        bases.size() == 1 && !IsCountMetric(use) && grouped && std::ranges::any_of(parts_, [&](const Fragment* one) {
          const bool named = one->kind == FragmentKind::kEntity && EqualsIgnoringCase(one->entity, bases[0]);
          const bool label = one->kind == FragmentKind::kWhich && one->dimensions.size() == 1 &&
                             IsLabelOf(one->dimensions[0], bases[0]);
          return (named || label) && part->begin >= one->end && part->begin <= one->end + 2;
        });
    if (of_rows) draft_.cost += 0.4;  // "enrolments with a grade of 80 or more by …": each by itself.
    const bool about_subject = !subject_.empty() && bases.size() == 1 && !EqualsIgnoringCase(bases[0], subject_) &&
                               Reaches(bases[0], subject_);
    if (about_subject && (wants_rows_ || !grouped || One(FragmentKind::kCount) != nullptr)) {
      SetCondition set{.subject = subject_,
                       .related = bases[0],
                       .metric = use,
                       .op = part->op,
                       .operand = part->operand,
                       .upper = part->upper};
      const Fragment* time = One(FragmentKind::kTime);
      if (time != nullptr && time->begin >= part->end && main_time_ != nullptr) {  // "more than 5 orders last month"
        set.time = main_time_->range;
        set.time_field = time->field;
        draft_.intent.time.range = {};
        draft_.intent.time.field = {};
        main_time_ = nullptr;
      }
      draft_.intent.sets.push_back(std::move(set));
      const bool rows_said = std::any_of(parts_.begin(), parts_.end(), [](const Fragment* one) {
        return one->kind == FragmentKind::kRequest && one->rows;
      });
      const bool asks = std::any_of(parts_.begin(), parts_.end(), [&](const Fragment* one) {
        const std::string_view word = context_.tokens[one->begin].word;
        return one->kind == FragmentKind::kRequest && one->rows && (word == "which" || word == "who");
      });
      if (wants_rows_ && (!rows_said || asks)) draft_.cost += 0.35;  // The number belongs into the answer.
      continue;
    }
    if (!grouped)
      return Fail(
          "a condition on a number needs something that has one each, such as “customers with more than 5 orders”");
    for (const Fragment* which : All(FragmentKind::kWhich)) {  // Trips of no member are no member's.
      for (const DimensionUse& dimension : which->dimensions) {
        const FilterGroup known{.any_of = {{.field = dimension.field, .op = FilterOperator::kIsNotNull}}};
        const bool is_label = IsLabelOf(dimension, dimension.field.entity) && !dimension.part && !dimension.grain;
        if (is_label && std::ranges::find(draft_.intent.filters, known) == draft_.intent.filters.end())
          draft_.intent.filters.push_back(known);
      }
    }
    draft_.intent.having.push_back(
        {.value = {.index = MetricIndex(use)}, .op = part->op, .operand = part->operand, .upper = part->upper});
    average_of_sum_ = average_of_sum_ || part->average_of_sum;
  }
  return true;
}

bool Assembly::Calculations() {
  for (const Fragment* part : All(FragmentKind::kCalculation)) {
    if (part->calculation == CalculationKind::kRatio) {
      if (draft_.intent.metrics.size() != 2) return Fail("it is open which number is divided by which");
      draft_.intent.calculations.push_back({.kind = CalculationKind::kRatio, .metric = 0, .of = 1});
      continue;
    }
    if (draft_.intent.metrics.size() != 1) return Fail("a running or rolling number needs one number to run over");
    TimeScope& time = draft_.intent.time;
    if (part->grain) {
      if (time.grain && *time.grain != *part->grain) return Fail("the window and the time axis have different periods");
      time.grain = part->grain;
    }
    if (!time.grain) {
      if (part->calculation != CalculationKind::kCumulative)
        return Fail("a rolling number needs a time axis, such as “by day”");
      time.grain = TimeGrain::kMonth;
      draft_.notes.push_back("no time axis was said: by month");
      draft_.cost += 0.12;
    }
    if (average_of_sum_) return Fail("an average of averages over rows is asked for");
    draft_.intent.calculations.push_back({.kind = part->calculation, .window = part->n});
  }
  return true;
}

bool Assembly::Comparisons() {
  const bool difference = One(FragmentKind::kGrowth) != nullptr && One(FragmentKind::kGrowth)->difference;
  for (const Fragment* part : All(FragmentKind::kCompare)) {
    if (draft_.intent.metrics.empty()) return Fail("it is open which number is to be compared");
    const bool running = main_time_ != nullptr && main_time_->partial && main_time_->range.from;
    if (part->target.to_date && !running) return Fail("it is open up to which day is compared");
    if (part->target.to_date && !main_time_->to_date) {  // "this year vs last year so far"
      previous_time_ = *main_time_;
      previous_time_.to_date = true;
      previous_time_.range.to =
          AddPeriods(FloorTo(context_.time.now, TimeGrain::kDay, context_.time.calendar), TimeGrain::kDay, 1);
      draft_.intent.time.range = previous_time_.range;
      main_time_ = &previous_time_;
      draft_.notes.push_back("both are compared up to the same day");
    }
    if (!ResolveComparison(part->target, main_time_, difference || part->difference || !part->target.growth, draft_,
                           reason_))
      return false;
  }
  return true;
}

bool Assembly::Growth() {
  const Fragment* part = One(FragmentKind::kGrowth);
  if (part == nullptr) return true;
  if (draft_.intent.metrics.empty()) return Fail("it is open what is to have grown");
  const bool ranked = part->n == 1;
  const bool grouped = !draft_.intent.dimensions.empty();
  if (ranked && !grouped) return Fail("the fastest growing of what?");
  if (One(FragmentKind::kCompare) == nullptr && draft_.intent.time.comparisons.empty()) {
    const bool closed = main_time_ != nullptr && main_time_->unit && main_time_->range.from && main_time_->range.to;
    if (draft_.intent.time.grain && !ranked) {
      for (uint32_t i = 0; i < draft_.intent.metrics.size(); ++i) {
        draft_.intent.calculations.push_back(
            {.kind = part->difference ? CalculationKind::kDifference : CalculationKind::kGrowth, .metric = i});
      }
      return true;
    }
    if (main_time_ != nullptr && main_time_->ends.size() == 2 && !draft_.intent.time.grain)
      return BetweenEnds(*main_time_);
    if (!closed) return Fail("growth against what? Say a period, or a time axis such as “by month”");
    if (!ResolveComparison({.kind = ComparisonTarget::Kind::kPrevious}, main_time_, part->difference, draft_, reason_))
      return false;
    draft_.notes.push_back(fmt::format("compared with the period before {}", main_time_->text));
    draft_.cost += 0.08;
  }
  return true;
}

/// Whether more of the number is better, as everybody would say by its name; nullopt: that is open.
std::optional<bool> Assembly::IsGoodWhenLarge(const MetricUse& use) const {
  static constexpr std::string_view kGood[] = {
      "score",     "rating",     "satisfaction", "revenue", "sale",   "profit",    "margin",      "income",
      "turnover",  "point",      "mark",         "success", "pass",   "occupancy", "utilization", "utilisation",
      "retention", "conversion", "uptime",       "yield",   "output", "stars",     "star"};
  static constexpr std::string_view kBad[] = {
      "delay",     "cost",    "late",   "error",    "failure",  "default", "churn",  "bounce",    "claim",
      "complaint", "outage",  "defect", "downtime", "absence",  "loss",    "cancel", "cancelled", "cancellation",
      "missed",    "waiting", "wait",   "overdue",  "rejected", "scrap",   "unpaid", "failed",    "rework"};
  const Metric* metric = semantic::FindMetric(context_.model, use.metric);
  std::string label = metric != nullptr ? metric->label : use.field.name;
  const Entity* owner = metric == nullptr ? semantic::FindEntity(context_.model, use.field.entity) : nullptr;
  const auto* field = owner == nullptr ? nullptr : semantic::FindDimension(*owner, use.field.name);
  for (const std::string& synonym : field != nullptr ? field->synonyms : std::vector<std::string>{})
    label += " " + synonym;
  for (const std::string& synonym : metric != nullptr ? metric->synonyms : std::vector<std::string>{})
    label += " " + synonym;
  std::optional<bool> good;
  for (const Token& token : TokenizeName(label)) {
    const std::string word = Singular(token.word);
    const bool is_good = std::ranges::find(kGood, word) != std::end(kGood);
    if (!is_good && std::ranges::find(kBad, word) == std::end(kBad)) continue;
    if (good && *good != is_good) return std::nullopt;
    good = is_good;
  }
  return good;
}

/// "best" and "worst" are ends of which the name of the number tells which one is meant.
void Assembly::Judge(const ask::Rank& rank) {
  const Intent& intent = draft_.intent;
  const Fragment* top = One(FragmentKind::kTop);
  const Fragment* top_by = One(FragmentKind::kTopBy);
  const Fragment* judge = top != nullptr && top->judged ? top : top_by != nullptr && top_by->judged ? top_by : nullptr;
  if (judge != nullptr && rank.by.part == ValueRef::Part::kMetric && rank.by.index < intent.metrics.size()) {
    const auto is_good = IsGoodWhenLarge(intent.metrics[rank.by.index]);
    if (is_good && rank.descending != (*is_good == judge->role)) draft_.cost += 0.5;
    else if (!is_good && judge->role && !rank.descending && HasParts(intent.metrics[rank.by.index]))
      draft_.cost += 0.5;  // "best customers by orders" are those with the most of what is added up.
  }
}

/// The number that ranks, and the end that is meant.
bool Assembly::RankedBy(ask::Rank& rank) {
  const Fragment* top = One(FragmentKind::kTop);
  const Fragment* top_by = One(FragmentKind::kTopBy);
  const Fragment* order_by = One(FragmentKind::kOrderBy);
  const Fragment* growth = One(FragmentKind::kGrowth);
  const bool by_growth = growth != nullptr && growth->n == 1;
  const bool order_metric = order_by != nullptr && !order_by->metrics.empty();
  Intent& intent = draft_.intent;
  if (by_growth) {
    rank.by = {.part = ValueRef::Part::kGrowth};
    rank.descending = growth->descending;
    if (intent.time.comparisons.empty() && One(FragmentKind::kCompare) == nullptr) return Fail("growth against what?");
  } else if (order_metric || top_by != nullptr) {
    const Fragment& by = order_metric ? *order_by : *top_by;
    average_of_sum_ = average_of_sum_ || by.average_of_sum;
    rank.by.index = MetricIndex(by.metrics[0]);
    rank.descending = order_metric ? (top != nullptr ? top->descending : by.descending) : by.descending;
    if (top != nullptr && top_by != nullptr && !top->difference && top->descending != top_by->descending)
      return Fail("both ends are named");
  } else if (top != nullptr && !top->metrics.empty()) {
    if (!intent.metrics.empty()) return Fail("two numbers to rank by are named");
    rank.by.index = MetricIndex(top->metrics[0]);
    rank.descending = top->descending;
  } else if (intent.metrics.size() == 1) {
    rank.descending = top == nullptr || top->descending;
  } else if (intent.metrics.empty() && top != nullptr) {
    rank.descending = top->descending;
    metric_open_ = true;
  } else {
    return Fail("it is open which number ranks them");
  }
  return true;
}

/// What each group has its own ranks for: "per month", "for each region".
bool Assembly::RankedPer(ask::Rank& rank) {
  const Fragment* top = One(FragmentKind::kTop);
  for (const Fragment* group : All(FragmentKind::kGroup)) {
    const bool top_of_its_own = top != nullptr && (!top->dimensions.empty() || top->grain);
    if (!group->each && !top_of_its_own) continue;  // "revenue by country, top 3"
    const bool all_ranked = top != nullptr && !top_of_its_own && group->begin < top->begin && !group->grain &&
                            draft_.intent.dimensions.size() == group->dimensions.size() && !draft_.intent.time.grain;
    if (all_ranked) continue;  // "revenue per country, top 3"
    if (!group->each && group->begin < top->begin) {
      return Fail("it is open whether the top ones are to be split up, or each group has its own");
    }
    if (group->grain) rank.per_period = true;
    for (const DimensionUse& use : group->dimensions) {
      DimensionUse known = use;
      if (known.part && known.field.name.empty()) known.field = DefaultTimeField();
      rank.per.push_back(DimensionIndex(known));
    }
    if (!group->each) draft_.cost += 0.1;
  }
  return true;
}

bool Assembly::Rank() {
  const Fragment* top = One(FragmentKind::kTop);
  const Fragment* top_by = One(FragmentKind::kTopBy);
  const Fragment* order_by = One(FragmentKind::kOrderBy);
  const Fragment* which = One(FragmentKind::kWhich);
  const Fragment* growth = One(FragmentKind::kGrowth);
  const bool by_growth = growth != nullptr && growth->n == 1;
  const bool order_metric = order_by != nullptr && !order_by->metrics.empty();
  if (top == nullptr && top_by == nullptr && !by_growth && !(which != nullptr && which->n > 0)) return true;
  if ((top_by != nullptr && order_metric) || (top != nullptr && !top->metrics.empty() && top_by != nullptr))
    return Fail("two numbers to rank by are named");
  if (top != nullptr && !top->metrics.empty() && order_metric) draft_.cost += 0.05;  // "most ordered dishes (quantity)"
  if (top != nullptr && top->difference && top_by == nullptr && !order_metric && !by_growth)
    return Fail("it is open which end is meant");
  for (const Fragment* entity : All(FragmentKind::kEntity)) {
    if (top != nullptr && Follows(*top, *entity))
      return Fail("the top ones of one thing by another are asked for at once");
  }
  Intent& intent = draft_.intent;
  if (intent.dimensions.empty() && !intent.time.grain) {
    const Entity* entity = subject_.empty() || wants_rows_ ? nullptr : semantic::FindEntity(context_.model, subject_);
    const auto* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
    if (label == nullptr || top_by == nullptr || One(FragmentKind::kEntity) == nullptr || !intent.metrics.empty()) {
      return Fail("it is open what is to be ranked");
    }
    DimensionIndex({.field = {entity->name, label->name}});
  }
  ask::Rank rank;
  if (!RankedBy(rank)) return false;
  Judge(rank);
  if (!RankedPer(rank)) return false;
  if (top == nullptr && which == nullptr && !by_growth) {  // "the most flights by carrier"
    draft_.cost += 0.12;
  }
  int64_t n = 0;
  bool plural = false;
  if (top != nullptr) n = top->n, plural = top->plural, rank.nth_only = top->nth;
  if (top_by != nullptr && top_by->n > 0) n = top_by->n, rank.nth_only = top_by->nth;
  if (which != nullptr && n == 0) n = which->n, plural = plural || which->plural;
  if (rank.per.size() == intent.dimensions.size() && !(intent.time.grain && !rank.per_period))
    return Fail("nothing is left to be ranked");
  rank.n = n > 0 ? n : 1;
  if (n == 0 && plural) rank_choices_ = {1, 0};
  intent.rank = rank;
  return true;
}

bool Assembly::Order() {
  const Fragment* order_by = One(FragmentKind::kOrderBy);
  const Fragment* direction = One(FragmentKind::kDirection);
  Intent& intent = draft_.intent;
  if (order_by != nullptr && !intent.rank) {
    SortKey key{.descending = order_by->descending};
    if (!order_by->metrics.empty()) {
      const std::string_view word = context_.tokens[order_by->begin].word;
      const bool sorts = word == "sorted" || word == "ordered" || word == "sort" || word == "order" ||
                         word == "ranked" || word == "rank" || order_by->nth;
      const bool lists = intent.metrics.empty() && (!intent.dimensions.empty() || !subject_.empty());
      if (!sorts && !lists) return Fail("a number cannot be broken down by a number");
      if (intent.dimensions.empty() && !intent.time.grain) {
        const Entity* entity = semantic::FindEntity(context_.model, subject_);
        const auto* label = entity == nullptr || wants_rows_ ? nullptr : semantic::LabelDimension(*entity);
        if (label == nullptr) return Fail("there is nothing to sort");
        DimensionIndex({.field = {entity->name, label->name}});
        draft_.cost += 0.05;
      }
      key.value = ValueRef{.index = MetricIndex(order_by->metrics[0])};
      if (One(FragmentKind::kVersus) != nullptr && !sorts) return true;  // "compare Germany and France by revenue"
    } else if (order_by->grain) {
      key.dimension = SortKey::kTimeAxis;
      if (!intent.time.grain) return Fail("there is no time axis to sort by");
    } else {
      const auto& shown = draft_.intent.dimensions;
      const bool lists = shown.empty() && wants_rows_;
      if (!lists && std::ranges::find(shown, order_by->dimensions[0]) == shown.end())
        return Fail("it is to be sorted by what is not in the answer");
      key.dimension = DimensionIndex(order_by->dimensions[0]);
    }
    intent.order = {key};
  }
  if (direction != nullptr) {
    if (intent.rank)
      return IsDescending(*direction) == intent.rank->descending ? true : Fail("the order contradicts the rank");
    if (direction->grain) {
      if (!intent.time.grain) return Fail("there is no time axis to sort by");
      intent.order = {{.dimension = SortKey::kTimeAxis, .descending = false}};
    } else if (direction->plural) {
      if (intent.dimensions.empty()) return Fail("there are no names to sort");
      intent.order = {{.dimension = 0u, .descending = false}};
    } else if (!intent.order.empty()) {
      intent.order[0].descending = IsDescending(*direction);
    } else if (intent.metrics.size() == 1 && (!intent.dimensions.empty() || intent.time.grain)) {
      intent.order = {{.value = ValueRef{}, .descending = IsDescending(*direction)}};
    } else {
      return Fail("it is open what is to be sorted");
    }
  }
  return true;
}

bool Assembly::Privacy() {
  Intent& intent = draft_.intent;
  for (const Fragment* part : All(FragmentKind::kPrivacy)) {
    if (!part->mask) intent.privacy.remove_personal = true;
    for (const DimensionUse& use : part->dimensions) intent.privacy.masked.push_back(use.field);
    if (!part->mask || !part->dimensions.empty()) continue;
    const Entity* entity = semantic::FindEntity(context_.model, intent.entity);
    if (entity == nullptr) return Fail("it is open which columns are to be masked");
    for (const semantic::Dimension& dimension : entity->dimensions) {
      if (!dimension.personal.empty()) intent.privacy.masked.push_back({entity->name, dimension.name});
    }
  }
  return true;
}

/// The values of a field: "which airlines fly there".
bool Assembly::Ungrouped() {
  const Intent& intent = draft_.intent;
  if (intent.time.range.from || intent.time.range.to || intent.time.grain || !intent.time.comparisons.empty())
    return Fail("no number is asked for");
  if (One(FragmentKind::kWhich) == nullptr) return Fail("no number is asked for");
  const Fragment& which = *One(FragmentKind::kWhich);
  if (which.difference) return Fail("no number is asked for");  // "users on the free plan" are counted, not named.
  if (One(FragmentKind::kGroup) != nullptr || which.dimensions.empty()) return Fail("no number is asked for");
  for (const FilterGroup& group : intent.filters) {  // "who reports to Berg" does not ask for Berg.
    const Filter& filter = group.any_of[0];
    if (filter.field.entity == which.dimensions[0].field.entity &&
        filter.field.name == which.dimensions[0].field.name && filter.op == FilterOperator::kIn)
      return Fail("the values asked for are the ones named");
  }
  const Entity* entity = semantic::FindEntity(context_.model, which.dimensions[0].field.entity);
  const auto* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
  const bool is_label = label != nullptr && EqualsIgnoringCase(label->name, which.dimensions[0].field.name);
  const bool lacks = std::ranges::any_of(
      intent.filters, [](const FilterGroup& group) { return group.any_of[0].op == FilterOperator::kIsNull; });
  draft_.cost += is_label && (which.each || !intent.sets.empty() || lacks)
                     ? 0.2
                     : 0.03;  // "list all airlines": their rows, with all there is.
  return true;
}

/// Whether rows, existence, values or numbers are asked for.
bool Assembly::Kind() {
  Intent& intent = draft_.intent;
  const Fragment* exists = One(FragmentKind::kExists);
  if (exists != nullptr) {
    if (intent.entity.empty() && intent.metrics.size() == 1 && IsCountMetric(intent.metrics[0])) {  // "any flights"
      const auto bases = BaseEntities(context_.model, intent.metrics[0]);
      if (bases.size() == 1) intent.entity = bases[0];
    }
    if (intent.entity.empty() || !intent.dimensions.empty() || intent.rank || intent.time.grain)
      return Fail("it is open whether what exists");
    intent.metrics.clear();
    intent.output = OutputKind::kExists;
  } else if (wants_rows_) {
    if (!intent.metrics.empty() || intent.rank || !intent.calculations.empty())
      return Fail("rows and numbers are asked for at once");
    intent.output = OutputKind::kRows;
    intent.entity = subject_;
    if (const Fragment* extreme = One(FragmentKind::kExtreme); extreme != nullptr && !RankRows(*extreme)) return false;
    if (One(FragmentKind::kColumns) != nullptr || SortsRows(subject_)) ShowColumns();
  } else if (intent.metrics.empty() && intent.dimensions.empty()) {
    return Fail("no number is asked for");
  } else if (intent.metrics.empty() && !metric_open_) {
    return Ungrouped();
  }
  return true;
}

/// The time that the whole answer goes by.
bool Assembly::TimeOfAll() {
  Intent& intent = draft_.intent;
  const bool timed =
      intent.time.range.from || intent.time.range.to || intent.time.grain || !intent.time.comparisons.empty();
  const bool different =
      std::ranges::any_of(All(FragmentKind::kMetric), [](const Fragment* part) { return part->nth; });
  for (const MetricUse& use : intent.metrics) {  // Those that did something at all are meant only of some time.
    if (!timed && use.metric.empty() && !use.entity.empty() && !use.field.name.empty()) draft_.cost += 0.3;
  }
  if (timed && different && intent.sets.empty())  // "distinct clients per month" are those who did something in it.
    return Fail("it is open which doing of those counted falls into the time");
  if (timed && intent.time.field.name.empty()) {
    const FieldRef field = DefaultTimeField();
    if (field.name.empty()) return Fail(fmt::format("{} has no time to go by", DefaultTimeEntity()));
    if (!EqualsIgnoringCase(field.entity, DefaultTimeEntity())) {
      intent.time.field = field;
      draft_.notes.push_back(fmt::format("the time is that of {}", field.entity));
    }
  }
  if (intent.time.grain) {
    const FieldRef field = DefaultTimeField();
    const Entity* entity = semantic::FindEntity(context_.model, field.entity);
    const auto* kept = entity == nullptr ? nullptr : semantic::FindDimension(*entity, field.name);
    if (kept != nullptr && *intent.time.grain < kept->grain) {
      return Fail(fmt::format("{} is only known by {}", kept->label, semantic::TimeGrainName(kept->grain)));
    }
  }
  return true;
}

bool Assembly::Output() {
  Intent& intent = draft_.intent;
  if (!Kind()) return false;
  if (!wants_rows_ && One(FragmentKind::kColumns) != nullptr) return Fail("columns are shown of rows that are listed");
  if (!Repeats()) return false;
  if (average_of_sum_ && DividesBy() == nullptr &&
      (intent.time.grain || std::any_of(parts_.begin(), parts_.end(), [](const Fragment* part) {
         return part->kind == FragmentKind::kGroup && part->each;
       }))) {
    return Fail(
        "an average is asked for, and it is open whether of single rows or of the sums of each group; ask for the "
        "total by group instead");
  }
  if (average_of_sum_ && DividesBy() == nullptr) draft_.notes.push_back("the average is over single rows");
  if (!TimeOfAll()) return false;
  if (!Privacy()) return false;
  if (const Fragment* limit = One(FragmentKind::kLimit)) {
    if (intent.rank) return Fail("two numbers of rows are named");
    intent.row_limit = limit->n;
  }
  if (One(FragmentKind::kKeepEmpty) != nullptr) {
    if (intent.time.grain) intent.time.fill_gaps = true;
    else if (!intent.dimensions.empty()) intent.keep_empty = true;
    else return Fail("there are no groups that could be empty");
  }
  if (!set_filters_.empty()) return Fail("a condition belongs to nothing");
  return true;
}

}  // namespace neurolake::ask
