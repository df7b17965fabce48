#pragma once
#include <string>
#include <vector>

#include "ask/grammar/internal/assembler.h"

namespace neurolake::ask {

/// One question on its way from fragments to an intent. Steps run in the order below; each gives false, with a reason,
/// where the fragments contradict each other. What no step takes is left in `parts_` and makes the whole fail: nothing
/// is dropped.
class Assembly {
 public:
  Assembly(const AssemblyContext& context, const std::vector<const Fragment*>& parts)
      : context_(context), parts_(parts) {}

  std::vector<Draft> Run(std::string& reason);

 private:
  using Parts = std::vector<const Fragment*>;
  Parts All(FragmentKind kind) const;
  const Fragment* One(FragmentKind kind) const;
  bool Fail(std::string reason);
  bool FailWith(std::string reason) { return Fail(std::move(reason)); }
  uint32_t MetricIndex(const MetricUse& use);
  uint32_t DimensionIndex(const DimensionUse& use);
  bool IsCountMetric(const MetricUse& use) const;
  /// Whether `second` is the next part behind `first`.
  bool Follows(const Fragment& first, const Fragment& second) const;
  bool IsLabelOf(const DimensionUse& use, std::string_view entity) const;
  bool Joined(const Fragment& first, const Fragment& second) const;
  std::string DefaultTimeEntity() const;
  FieldRef DefaultTimeField() const;
  bool Reaches(std::string_view from, std::string_view to) const;

  bool Multiplicity();
  bool Special();
  bool Metrics();
  bool HasOtherNumbers(std::string_view entity) const;
  bool CountedElsewhere(const Fragment& count, Parts& entities);
  bool Counted(Parts& entities);
  bool SortsRows(std::string_view entity) const;
  bool TopsOfGroups() const;
  bool IsLimitedNoun(const Fragment& noun) const;
  bool Entities();
  bool Extreme();
  bool IsNumberOf(const FieldRef& field) const;
  bool RankRows(const Fragment& extreme);
  void ShowColumns();
  bool Repeats();
  bool EventTimes();
  const Fragment* DividesBy() const;
  std::vector<Draft> Divided(const Fragment& group) const;
  bool IsEvent(std::string_view entity) const;
  bool StandsByItself(const Fragment& part) const;
  MetricUse CountOf(const std::string& name) const;
  bool ScopeOfEntity(const Fragment& part);
  void CountThroughLines();
  bool Dimensions();
  bool AddDimensions(const Fragment& part);
  void TimeOfVerb(const Fragment* field, const Parts& times);
  bool Time();
  bool IsLevel(const MetricUse& use) const;
  bool LooksAhead(const FieldRef& field) const;
  FieldRef MainTimeOf(std::string_view entity) const;
  bool IsOfNow(const Fragment& time) const;
  bool OfOtherTime(const Parts& times);
  bool JoinTimes(Parts& times);
  bool BetweenEnds(const TimePhrase& whole);
  bool TimeParts();
  bool Filters();
  const Fragment* SaidBefore(const Fragment& part) const;
  bool Contradicts() const;
  bool Qualifies(const Fragment& part);
  bool MergeFilter(const Fragment& part, std::vector<FilterGroup>& filters);
  bool Versus();
  bool RelatedWith(SetCondition& set);
  bool Sets();
  void OwnWay(SetCondition& set);
  bool RelatedFilters();
  bool RelateFilters(const std::vector<FilterGroup>& groups, bool both);
  bool Havings();
  bool Shares();
  bool HasParts(const MetricUse& use) const;
  const Fragment* PartOfWhole(const Fragment& share) const;
  bool RatioOf(const std::vector<FilterGroup>& which);
  bool SharesOfGroups(const Parts& parts);
  bool Calculations();
  bool Comparisons();
  bool Growth();
  std::optional<bool> IsGoodWhenLarge(const MetricUse& use) const;
  void Judge(const ask::Rank& rank);
  bool RankedBy(ask::Rank& rank);
  bool RankedPer(ask::Rank& rank);
  bool Rank();
  bool Order();
  bool Counts(const MetricUse& use, const std::vector<std::string>& bases) const;
  bool IsSize(const MetricUse& use, const Intent& intent) const;
  bool Privacy();
  bool Kind();
  bool Ungrouped();
  bool TimeOfAll();
  bool Output();
  bool RefersBack() const;
  bool ApplyPrevious();
  bool ChangePrevious(bool cue, bool instead);
  bool StandsAlone();
  bool CountsThem() const;
  bool AsCount(Intent& intent) const;
  bool ChangeNumbers(bool instead);
  bool PartOfCount();
  bool CountsTheSame() const;
  bool AsksOfThat() const;
  bool SaysAbout() const;
  bool AsksAboutOne() const;
  bool LimitsOnly() const;
  bool CountTheSame();
  bool AsksForWhole() const;
  bool Whole();
  bool AddColumns();
  bool IsDescending(const Fragment& direction) const;
  bool MovesBack();
  bool ChangeShape();
  bool Scopes() const;
  std::vector<Draft> OpenChoices();

  const AssemblyContext& context_;
  const std::vector<const Fragment*>& parts_;
  Draft draft_ = {};
  std::string reason_ = {};
  std::string subject_ = {};  ///< The entity asked for, where rows, counts or sets are about one.
  bool wants_rows_ = false;
  bool average_of_sum_ = false;
  bool follows_ = false;
  std::vector<int64_t> rank_choices_ = {};  ///< Open numbers of a rank; 0 is "all, sorted".
  bool metric_open_ = false;                ///< A rank without a number to rank by.
  const TimePhrase* main_time_ = nullptr;
  TimePhrase previous_time_ = {};  ///< The time of the question before.
  std::vector<FilterGroup> set_filters_ = {};
};

}  // namespace neurolake::ask
