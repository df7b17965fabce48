#include "ask/grammar/internal/assembly.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

/// Replaces conditions on the same field, adds others.
void ReplaceFilter(Intent& intent, const FilterGroup& group) {
  FilterGroup made = group;
  const auto same = [&](const FilterGroup& other) {
    if (other.any_of.size() != 1 || made.any_of.size() != 1) return false;
    FieldRef& field = made.any_of[0].field;
    const FieldRef& known = other.any_of[0].field;
    const bool alike = EqualsIgnoringCase(field.entity, known.entity) && EqualsIgnoringCase(field.name, known.name) &&
                       (field.via == known.via || field.via.empty());
    if (alike) field.via = known.via;  // Which way was meant the first time is meant again.
    return alike && other.any_of[0].part == made.any_of[0].part;
  };
  std::erase_if(intent.filters, same);
  intent.filters.push_back(std::move(made));
}

/// "and only until March", of a year: what has one end is a part of the time before, if it lies in it.
TimeRange Within(TimeRange asked, const TimeRange& before, bool named) {
  if (!before.from || !before.to || (asked.from && asked.to)) return asked;
  std::optional<LocalTime>& end = asked.from ? asked.from : asked.to;
  for (int year = 0; end && !named && *end > *before.to && year < 10; ++year) {  // March is that of the year before.
    const LocalTime earlier = AddPeriods(*end, TimeGrain::kYear, -1);
    if (earlier <= *before.from) break;
    end = earlier;
  }
  if (!asked.from && asked.to && *asked.to > *before.from && *asked.to <= *before.to) asked.from = before.from;
  else if (asked.from && !asked.to && *asked.from >= *before.from && *asked.from < *before.to) asked.to = before.to;
  return asked;
}

/// The period that a range of the question before was, if it is one.
bool PhraseOf(const TimeRange& range, const semantic::Calendar& calendar, TimePhrase& phrase) {
  if (!range.from || !range.to) return false;
  phrase.range = range;
  phrase.text = TimeName(*range.from);
  for (const TimeGrain grain : {TimeGrain::kYear, TimeGrain::kQuarter, TimeGrain::kMonth, TimeGrain::kWeek,
                                TimeGrain::kDay, TimeGrain::kHour}) {
    if (FloorTo(*range.from, grain, calendar) != *range.from) continue;
    for (int64_t count = 1; count <= 400 && AddPeriods(*range.from, grain, count) <= *range.to; ++count) {
      if (AddPeriods(*range.from, grain, count) != *range.to) continue;
      phrase.unit = grain;
      phrase.count = count;
      return true;
    }
  }
  return true;
}

}  // namespace

/// Whether a pronoun stands before any noun it could be for: "their average delay".
bool Assembly::RefersBack() const {
  static constexpr std::string_view kPronouns[] = {"their", "its", "them", "they", "those", "these", "it", "theirs"};
  const Fragment* noun = nullptr;
  for (const Fragment* part : parts_) {
    using enum FragmentKind;
    if (part->kind == kRequest || part->kind == kFollowUp || part->kind == kCount) continue;
    noun = part;
    break;
  }
  const size_t end = noun == nullptr ? context_.tokens.size() : noun->begin + 1;
  for (size_t at = 0; at < end; ++at) {
    if (std::ranges::find(kPronouns, context_.tokens[at].word) != std::end(kPronouns)) return true;
  }
  return false;
}

/// "how many invoices is that", "how many customers does that concern": of what was asked before.
bool Assembly::AsksOfThat() const {
  const auto& tokens = context_.tokens;
  for (size_t at = 1; at + 1 < tokens.size(); ++at) {
    const std::string_view word = tokens[at].word;
    const std::string_view next = tokens[at + 1].word;
    const bool asks =
        word == "is" || word == "are" || word == "was" || word == "were" || word == "does" || word == "do";
    const bool ends = at + 2 >= tokens.size() || tokens[at + 2].kind == TokenKind::kSymbol;
    const bool concerns =
        at + 2 < tokens.size() && (tokens[at + 2].word == "concern" || tokens[at + 2].word == "affect" ||
                                   tokens[at + 2].word == "involve" || tokens[at + 2].word == "mean");
    if (asks && (next == "that" || next == "those" || next == "this" || next == "these") && (ends || concerns))
      return true;
  }
  return false;
}

/// "how many of them were cancelled": counts what the question before counted or listed, under its conditions.
bool Assembly::CountsThem() const {
  using enum FragmentKind;
  const bool counts = All(kCount).size() == 1 && All(kMetric).empty() && All(kEntity).empty() && All(kGroup).empty() &&
                      All(kTopBy).empty() && All(kSet).empty() && All(kExtreme).empty() && All(kHaving).empty();
  const size_t behind = counts ? One(kCount)->end : 0;
  const auto is_word = [&](size_t at, std::initializer_list<std::string_view> words) {
    return at < context_.tokens.size() && std::ranges::find(words, context_.tokens[at].word) != words.end();
  };
  return counts && is_word(behind, {"of", "among", "out"}) &&
         (is_word(behind + 1, {"them", "those", "these", "which", "that", "the"}) || is_word(behind + 1, {"of"}));
}

/// The question before as the number of what it was about; false where that is open.
bool Assembly::AsCount(Intent& intent) const {
  if (intent.rank || !intent.calculations.empty() || !intent.having.empty() || !intent.time.comparisons.empty())
    return false;
  if (intent.output == OutputKind::kRows) {
    intent.metrics = {CountOf(intent.entity)};
    intent.entity.clear();
    intent.output = OutputKind::kTable;
    intent.dimensions.clear();
  }
  intent.order.clear();
  return intent.dimensions.empty() && !intent.time.grain && intent.metrics.size() == 1 &&
         IsCountMetric(intent.metrics[0]);
}

/// Whether a question that does not go on from the one before has no words that say it does.
bool Assembly::StandsAlone() {
  using enum FragmentKind;
  const std::string_view lead = context_.tokens.front().word;  // "just companies" limits the question before.
  const bool no_noun = All(kMetric).empty() && All(kEntity).empty() && All(kWhich).empty();
  if (context_.previous != nullptr && (lead == "just" || lead == "only" || (lead == "now" && no_noun)))
    draft_.cost += 0.3;
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i]->kind != kFollowUp) continue;
    if (!parts_[i]->each) return Fail("this goes on from a question that it does not fit");
    const std::string_view word = context_.tokens[parts_[i]->begin].word;
    const Fragment* next = i + 1 < parts_.size() ? parts_[i + 1] : nullptr;
    const bool limits = next != nullptr && next->begin == parts_[i]->end &&
                        (next->kind == kFilter || next->kind == kTime || next->kind == kTimePart);
    if ((word == "only" || word == "just") && !limits) return Fail("it is open what “only” limits");
    static constexpr std::string_view kAnd[] = {"still", "already",   "are",  "is",   "were",    "was",  "have",
                                                "now",   "currently", "only", "with", "without", "that", "who"};
    const bool adds = next != nullptr && std::ranges::find(kAnd, context_.tokens[next->begin].word) != std::end(kAnd);
    if (word == "but" && parts_[i]->end == parts_[i]->begin + 1 && limits && next->kind == kFilter && !adds)
      return Fail("it is open whether “but” leaves out what follows");  // "all channels but phone"
  }
  return true;
}

/// Whether it begins with "what about" or "how about".
bool Assembly::SaysAbout() const {
  const auto& tokens = context_.tokens;
  return tokens.size() > 2 && (tokens[0].word == "what" || tokens[0].word == "how") && tokens[1].word == "about";
}

/// "what about the Ascona house?": one thing of the kind that was spoken of.
bool Assembly::AsksAboutOne() const {
  using enum FragmentKind;
  return SaysAbout() && parts_.size() == 3 && parts_[0]->kind == kFollowUp && parts_[1]->kind == kFilter &&
         parts_[2]->kind == kEntity && !parts_[2]->plural &&
         EqualsIgnoringCase(parts_[1]->filters[0].any_of[0].field.entity, parts_[2]->entity);
}

/// "only customers in Brazil", "just law students": the entity merely says whose condition it is.
bool Assembly::LimitsOnly() const {
  using enum FragmentKind;
  if (parts_.size() != 3 || parts_[0]->kind != kFollowUp) return false;
  const std::string_view word = context_.tokens[parts_[0]->begin].word;
  const bool behind = parts_[1]->kind == kEntity && parts_[2]->kind == kFilter;
  const bool before = parts_[1]->kind == kFilter && parts_[2]->kind == kEntity;
  if ((word != "only" && word != "just") || (!behind && !before)) return false;
  const Fragment& noun = behind ? *parts_[1] : *parts_[2];
  const Fragment& limit = behind ? *parts_[2] : *parts_[1];
  return Reaches(noun.entity, limit.filters[0].any_of[0].field.entity);
}

bool Assembly::CountTheSame() {
  follows_ = true;
  draft_.follow_up = true;
  draft_.intent = *context_.previous;
  MetricUse& use = draft_.intent.metrics[0];
  use.unit.clear();
  if (use.metric.empty()) use = CountOf(BaseEntities(context_.model, use)[0]);
  else use.aggregation = Aggregation::kCount;
  draft_.intent.order.clear();
  draft_.notes.push_back("those that the number before is of are counted");
  return true;
}

/// A question without a number of its own, or one that says it goes on, changes the one before: what it names takes the
/// place of the same kind of thing, and everything else stays.
bool Assembly::ApplyPrevious() {
  using enum FragmentKind;
  bool cue = !parts_.empty() && parts_.front()->kind == kFollowUp;
  bool instead = false;
  for (const Fragment* part : parts_) {
    if (part->kind != kFollowUp) continue;
    const std::string_view word = context_.tokens[part->begin].word;
    instead = instead || word == "instead" || word == "rather";
    cue = cue || word == "instead" || word == "rather";
  }
  const bool refers = RefersBack() || AsksOfThat();
  if (SaysAbout() && (parts_.empty() || parts_.front()->begin != 0))
    return Fail("it is open what is asked about it");  // "what about the Lyon house?" is no condition "about Lyon".
  if (refers && context_.previous == nullptr) return Fail("it is open what is referred to");
  cue = cue || refers;
  const bool shares = std::ranges::any_of(All(kShare), [](const Fragment* part) { return !part->metrics.empty(); });
  const bool own_number = !All(kMetric).empty() || shares || !All(kEntity).empty() || !All(kTopBy).empty() ||
                          !All(kExtreme).empty() || !All(kExists).empty() || !All(kCount).empty() ||
                          !All(kSet).empty() || !All(kHaving).empty();
  if (CountsTheSame()) return CountTheSame();
  if (refers && CountsThem()) return ChangePrevious(cue, instead);
  const bool inside =
      std::any_of(parts_.begin(), parts_.end(), [](const Fragment* part) { return part->kind == kFollowUp; });
  if (context_.previous == nullptr || context_.previous->output == OutputKind::kDescribe ||
      context_.previous->output == OutputKind::kListAskable) {
    const std::string_view first = context_.tokens.front().word;
    const bool goes_on = cue && (first == "and" || first == "also" || first == "but" || first == "then");
    if ((inside && !own_number) || goes_on || AsksAboutOne())
      return Fail("this goes on from a question that there is none of");
    return StandsAlone();
  }
  const bool values_only = std::all_of(parts_.begin(), parts_.end(), [](const Fragment* part) {
    return part->kind == kFollowUp || part->kind == kRequest || !part->filters.empty();
  });
  const bool counts_values = std::any_of(parts_.begin(), parts_.end(), [](const Fragment* part) {
    return part->kind == kMetric && !part->filters.empty();
  });
  if (counts_values && (values_only || cue)) return Fail("it is open whether this goes on from the question before");
  if (LimitsOnly() || AsksAboutOne()) return ChangePrevious(cue, instead);
  const bool ranks_by = cue && context_.previous->rank && std::ranges::all_of(parts_, [](const Fragment* part) {
                          return part->kind == kFollowUp || part->kind == kRequest || part->kind == kTopBy ||
                                 (part->kind == kOrderBy && !part->metrics.empty());
                        });
  if (ranks_by && All(kTopBy).size() + All(kOrderBy).size() == 1) return ChangePrevious(cue, instead);
  const bool names_number = cue && All(kEntity).size() == 1 && std::ranges::all_of(parts_, [](const Fragment* part) {
                              return part->kind == kFollowUp || part->kind == kRequest || part->kind == kEntity;
                            });
  if (names_number) return ChangePrevious(cue, instead);
  if (own_number && (!cue || !All(kEntity).empty() || !All(kCount).empty() || !All(kSet).empty() ||
                     !All(kTopBy).empty() || !All(kExists).empty() || !All(kHaving).empty())) {
    const bool splits = parts_.size() > 1 && parts_[0]->kind == kFollowUp && parts_[1]->kind == kGroup;
    if (splits) draft_.cost += 0.3;  // "and by type of insurer" splits what was asked for.
    return StandsAlone();
  }
  for (const FragmentKind kind : {kVersus, kCalculation, kWhich, kExists, kKeepEmpty, kExtreme}) {
    if (!All(kind).empty()) return StandsAlone();
  }
  return ChangePrevious(cue, instead);
}

/// "as a share of all orders", behind a count of some of them.
bool Assembly::PartOfCount() {
  Intent& intent = draft_.intent;
  if (intent.metrics.size() != 1 || !intent.dimensions.empty() || !intent.calculations.empty() ||
      !IsCountMetric(intent.metrics[0]) || intent.rank)
    return false;
  const auto bases = BaseEntities(context_.model, intent.metrics[0]);
  if (bases.size() != 1) return false;
  const MetricUse all = CountOf(bases[0]);
  if (all == intent.metrics[0]) return false;
  intent.metrics.push_back(all);
  intent.calculations.push_back({.kind = CalculationKind::kRatio, .metric = 0, .of = 1});
  return true;
}

/// "how many invoices is that", behind a number of them: those that it is of.
bool Assembly::CountsTheSame() const {
  using enum FragmentKind;
  if (context_.previous == nullptr) return false;
  const Fragment* counted = One(kEntity);
  if (counted == nullptr || All(kCount).size() != 1) counted = One(kMetric);
  if (counted == nullptr || All(kEntity).size() + All(kMetric).size() != 1) return false;
  const std::string name = counted->kind == kEntity ? counted->entity : [&] {
    const auto of = BaseEntities(context_.model, counted->metrics[0]);
    return of.size() == 1 && counted->metrics[0] == CountOf(of[0]) ? of[0] : std::string();
  }();
  const Intent& before = *context_.previous;
  const bool plain = std::ranges::all_of(parts_, [](const Fragment* part) {
    return part->kind == kCount || part->kind == kEntity || part->kind == kMetric || part->kind == kFollowUp ||
           part->kind == kRequest;
  });
  const size_t tail = counted->end;
  const auto says = [&](size_t at, std::initializer_list<std::string_view> words) {
    return at < context_.tokens.size() && std::ranges::find(words, context_.tokens[at].word) != words.end();
  };
  if (!plain || !says(tail, {"is", "are", "was", "were"}) || !says(tail + 1, {"that", "those", "this", "these", "it"}))
    return false;
  const auto bases =
      before.metrics.size() == 1 ? BaseEntities(context_.model, before.metrics[0]) : std::vector<std::string>{};
  return bases.size() == 1 && EqualsIgnoringCase(bases[0], name) && before.calculations.empty() &&
         before.having.empty() && !before.rank && !IsCountMetric(before.metrics[0]);
}

/// Numbers take the place of the numbers before, or are added.
bool Assembly::ChangeNumbers(bool instead) {
  using enum FragmentKind;
  if (const Fragment* share = One(kShare);
      share != nullptr && All(kMetric).empty() && share->metrics.size() == 1 && draft_.intent.metrics.size() == 1) {
    const auto bases = BaseEntities(context_.model, draft_.intent.metrics[0]);
    if (bases.size() == 1 && share->metrics[0] == CountOf(bases[0]) && PartOfCount()) return true;
  }
  if (const Fragment* share = One(kShare); share != nullptr && All(kMetric).empty() && share->metrics.empty() &&
                                           share->calculation == CalculationKind::kShareOfTotal) {
    if (PartOfCount()) return true;
    const bool fits = draft_.intent.metrics.size() == 1 && HasParts(draft_.intent.metrics[0]) &&
                      !draft_.intent.dimensions.empty() && draft_.intent.calculations.empty();
    if (!fits) return Fail("it is open what the share is of");
    draft_.intent.calculations.push_back({.kind = CalculationKind::kShareOfTotal});
    return true;
  }
  const Fragment* by = One(kTopBy) != nullptr ? One(kTopBy) : One(kOrderBy);
  if (by != nullptr && !by->metrics.empty() && draft_.intent.rank && All(kMetric).empty()) {  // "and by scrap?"
    if (draft_.intent.metrics.size() != 1 || !draft_.intent.calculations.empty() || !draft_.intent.having.empty())
      return Fail("the question before does not fit this number; ask the whole question");
    draft_.intent.metrics = by->metrics;
    draft_.intent.rank->by = {};
    if (by->kind == kTopBy) draft_.intent.rank->descending = by->descending;
    if (by->n > 0) draft_.intent.rank->n = by->n, draft_.intent.rank->nth_only = by->nth;
    draft_.intent.order.clear();
    return true;
  }
  const bool counts = !All(kEntity).empty() && All(kFilter).empty();  // "and headcount"
  if (All(kMetric).empty() && All(kShare).empty() && !counts) return true;
  if (!draft_.intent.calculations.empty() || !draft_.intent.having.empty() ||
      draft_.intent.output != OutputKind::kTable || !All(kShare).empty()) {
    return Fail("the question before does not fit this number; ask the whole question");
  }
  const bool is_plain = !draft_.intent.rank && draft_.intent.order.empty();
  const bool adds = std::ranges::any_of(All(kFollowUp), [&](const Fragment* part) {
    const std::string_view word = context_.tokens[part->begin].word;
    if (word == "and" && part == parts_.front()) return is_plain && !instead;  // What it adds to is still shown.
    return word == "add" || word == "also" || word == "too" || (word == "as" && part->end == part->begin + 2);
  });
  const std::vector<MetricUse> known = draft_.intent.metrics;
  if (!adds) draft_.intent.metrics.clear();
  for (const Fragment* part : All(kMetric)) {
    MetricUse use = part->metrics[0];
    if (use.metric.empty() && use.entity.empty() && use.field.name.empty()) {  // "the median instead"
      const bool is_end = use.aggregation == Aggregation::kMin || use.aggregation == Aggregation::kMax;
      if (draft_.intent.rank && is_end && All(kMetric).size() == 1) {  // "the lowest instead"
        draft_.intent.metrics = known;
        draft_.intent.rank->descending = use.aggregation == Aggregation::kMax;
        continue;
      }
      if (known.size() != 1 || !known[0].entity.empty() || IsCountMetric(known[0]) || draft_.intent.rank)
        return Fail("it is open which number is meant");
      use.metric = known[0].metric;
      use.field = known[0].field;
    }
    MetricIndex(use);
  }
  for (const Fragment* part : All(kEntity)) {
    if (counts) MetricIndex(CountOf(part->entity));
  }
  if (draft_.intent.rank) draft_.intent.rank->by = {};
  for (SortKey& key : draft_.intent.order) {
    if (key.value) key.value = ValueRef{};
  }
  return true;
}

/// "and the year before?": the same of that time, where nothing says that the two are to be compared.
bool Assembly::MovesBack() {
  using enum FragmentKind;
  const Fragment* compare = One(kCompare);
  TimeScope& time = draft_.intent.time;
  const bool alone = std::ranges::all_of(parts_, [](const Fragment* part) {
    return part->kind == kCompare || part->kind == kFollowUp || part->kind == kRequest;
  });
  if (compare == nullptr || !alone || All(kCompare).size() > 1 || context_.tokens[compare->begin].word != "and" ||
      !time.range.from || !time.range.to || !time.comparisons.empty() || compare->target.growth ||
      compare->target.count > 0)
    return false;
  using Kind = ComparisonTarget::Kind;
  const bool by_year = compare->target.kind == Kind::kSameLastYear;
  const bool by_grain = (compare->target.kind == Kind::kPrevious || compare->target.kind == Kind::kOffset) &&
                        compare->target.grain.has_value();
  if (!by_year && !by_grain) return false;
  const TimeGrain grain = by_year ? TimeGrain::kYear : *compare->target.grain;
  time.range = {AddPeriods(*time.range.from, grain, -1), AddPeriods(*time.range.to, grain, -1)};
  draft_.notes.push_back(fmt::format("read as one {} before", semantic::TimeGrainName(grain)));
  return true;
}

/// Puts what the fragments name in the place of the same kind of thing in the question before.
bool Assembly::ChangePrevious(bool cue, bool instead) {
  using enum FragmentKind;
  follows_ = true;
  draft_.follow_up = true;
  Intent intent = *context_.previous;
  if (CountsThem() && !AsCount(intent)) return Fail("it is open what is to be counted of the question before");
  const TimeScope before = intent.time;
  draft_.intent = intent;
  draft_.intent.time.grain.reset();
  draft_.intent.time.range = {};
  if (!Time()) return false;
  const TimeScope asked = draft_.intent.time;
  intent.time = before;
  if (asked.range != TimeRange{}) {
    intent.time.range = Within(asked.range, before.range, main_time_ == nullptr || main_time_->named);
    intent.time.field = asked.field;
    std::erase_if(intent.time.comparisons, [](const Comparison& one) { return one.kind == ComparisonKind::kRange; });
  }
  if (!All(kTimeField).empty()) intent.time.field = asked.field;
  draft_.intent = intent;
  if (main_time_ == nullptr && PhraseOf(intent.time.range, context_.time.calendar, previous_time_))
    main_time_ = &previous_time_;
  if (AsksForWhole()) return Whole();
  // Groups replace groups, but for "also by" and "and by".
  bool first = true;
  for (const Fragment* part : All(kGroup)) {
    const bool adds =
        part->begin > 0 &&
        (context_.tokens[part->begin - 1].word == "also" || context_.tokens[part->begin - 1].word == "and") && !instead;
    if (adds && first && part->begin == 1) {  // "by insurer" and then "and by type of insurer"
      std::erase_if(draft_.intent.dimensions, [&](const DimensionUse& known) {
        return !part->dimensions.empty() && known.field.entity == part->dimensions[0].field.entity;
      });
    }
    if (first && !adds) {
      if (!part->dimensions.empty() || instead) draft_.intent.dimensions.clear();
      if (part->grain || instead) draft_.intent.time.grain.reset();
      if (draft_.intent.rank && (part->grain || !draft_.intent.rank->per.empty()))
        return Fail("the rank of the question before does not fit; ask the whole question");
      if (!draft_.intent.calculations.empty())
        return Fail("the calculation of the question before does not fit; ask the whole question");
      draft_.intent.order.clear();
    }
    first = false;
    if (!AddDimensions(*part)) return false;
  }
  if (!AddColumns() || !ChangeNumbers(instead)) return false;
  for (const Fragment* part : All(kFilter)) {
    const FieldRef& field = part->filters[0].any_of[0].field;
    const auto alike = [&](const FieldRef& other) { return other.entity == field.entity && other.name == field.name; };
    const auto groups = [&](const DimensionUse& use) { return alike(use.field); };
    const auto limits = [&](const FilterGroup& group) { return alike(group.any_of[0].field); };
    const bool known = std::ranges::any_of(draft_.intent.dimensions, groups) ||
                       std::ranges::any_of(context_.previous->filters, limits);
    if (!known) draft_.cost += 0.1;  // "and for LGA": what was spoken of already comes first.
    for (const FilterGroup& group : part->filters) ReplaceFilter(draft_.intent, group);
  }
  if (!TimeParts() || !Growth()) return false;
  if (!MovesBack() && !Comparisons()) return false;
  if (!ChangeShape()) return false;
  if (draft_.intent == *context_.previous && !One(kRequest)) return Fail("that changes nothing of the question before");
  draft_.cost += cue ? 0.02 : 0.1;
  return true;
}

/// Rank, order, privacy and number of rows.
bool Assembly::ChangeShape() {
  using enum FragmentKind;
  if (const Fragment* top = One(kTop)) {
    if (draft_.intent.dimensions.empty() || draft_.intent.metrics.empty() || top->n == 0 || !top->dimensions.empty() ||
        top->grain) {
      return Fail("it is open what is to be ranked");
    }
    const Fragment* order = One(kDirection);
    if (top->difference && !draft_.intent.rank && order != nullptr && !order->grain && !order->plural) {
      draft_.intent.rank = ask::Rank{.n = top->n, .descending = IsDescending(*order)};  // "sorted …, the first 3"
      draft_.intent.order.clear();
      return true;
    }
    if (top->difference && !draft_.intent.rank) return Fail("it is open which end is meant");
    if (top->difference) draft_.intent.rank->n = top->n;
    else draft_.intent.rank = ask::Rank{.n = top->n, .descending = top->descending, .nth_only = top->nth};
    Judge(*draft_.intent.rank);
  }
  const bool ranked_by = draft_.intent.rank && One(kOrderBy) != nullptr && !One(kOrderBy)->metrics.empty();
  if (!ranked_by && !Order()) return false;
  for (const Fragment* part : All(kPrivacy)) {
    if (part->mask && part->dimensions.empty()) return Fail("it is open which columns are to be masked");
    if (!part->mask) draft_.intent.privacy.remove_personal = true;
    for (const DimensionUse& use : part->dimensions) draft_.intent.privacy.masked.push_back(use.field);
  }
  if (const Fragment* limit = One(kLimit)) draft_.intent.row_limit = limit->n;
  return true;
}

}  // namespace neurolake::ask
