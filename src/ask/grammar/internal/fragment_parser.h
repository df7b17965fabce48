#pragma once
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ask/grammar/internal/fragment.h"
#include "ask/language/related_words.h"
#include "ask/language/token.h"
#include "ask/language/units.h"
#include "ask/language/words.h"
#include "ask/link/linker.h"

namespace neurolake::ask {

/// A noun phrase that names a number.
struct MetricPhrase {
  size_t end = 0;
  double cost = 0;
  MetricUse use = {};
  std::vector<std::string> notes = {};
  bool average_of_sum = false;
  bool distinct = false;  ///< Different rows of an entity were asked for.
};

/// A noun phrase that names what to group by: a dimension or a time axis.
struct DimensionPhrase {
  size_t end = 0;
  double cost = 0;
  std::optional<DimensionUse> use = std::nullopt;
  std::optional<TimeGrain> grain = std::nullopt;  ///< Of the metrics' own time.
  FieldRef time_field = {};                       ///< With `grain`: of this time.
  std::string entity = {};                        ///< Named by its entity ("customers").
  std::vector<std::string> notes = {};
  bool plural = false;
};

/// One or more values of one dimension.
struct ValuePhrase {
  size_t end = 0;
  double cost = 0;
  FieldRef field = {};
  std::vector<Literal> values = {};
  std::vector<std::string> notes = {};
  bool conjunction = false;  ///< Joined by "and".
  bool plural = false;       ///< One value in the plural, which names what is such: "errors".
};

/// "more than 5k": an operator and its operands.
struct ComparePhrase {
  size_t end = 0;
  CompareOperator op = CompareOperator::kGreater;
  double operand = 0;
  double upper = 0;
  NumberUnit unit = NumberUnit::kNone;
};

/// Reads phrases over a lattice of links. Each method looks at one place and gives all readings that begin there.
class FragmentParser {
 public:
  FragmentParser(std::span<const Token> tokens, const std::vector<Link>& links, const semantic::SemanticModel& model,
                 const TimeContext& time, std::vector<std::string>& problems);

  /// All fragments that begin at `at`.
  std::vector<Fragment> At(size_t at);
  /// Whether the token may be left out between fragments, and what that costs.
  std::optional<double> SkipCost(size_t at) const;
  bool OnlySaysThatItWas(size_t at) const;
  bool IsInsideName(size_t at, LinkKind kind) const;
  void PreferLongerNames(size_t at);

 private:
  // Words.
  std::string_view Word(size_t at) const { return at < tokens_.size() ? std::string_view(tokens_[at].word) : ""; }
  bool Is(size_t at, std::initializer_list<std::string_view> words) const;
  /// "US" and "U.S.", as the country is written: "us" is who asks.
  bool IsUnitedStates(size_t at) const {
    return Word(at) == "us" && tokens_[at].text != "us" && !Is(at - 1, {"show", "give", "tell", "let", "help"});
  }
  /// Length in tokens of the longest of `phrases` (words with blanks) at `at`; 0 if there is none.
  size_t Phrase(size_t at, std::span<const std::string_view> phrases) const;
  size_t SkipDeterminers(size_t at) const;
  /// Whether one of the tokens is the word.
  bool Says(size_t begin, size_t end, std::string_view word) const;
  std::span<const Token> From(size_t at) const { return tokens_.subspan(std::min(at, tokens_.size())); }
  const std::vector<Link>& LinksAt(size_t at) const;

  // Noun phrases: noun_phrases.cc.
  std::vector<MetricPhrase> Metrics(size_t at) const;
  void NamedMetrics(size_t from, std::vector<MetricPhrase>& found) const;
  void CountedThings(size_t noun, bool distinct, std::vector<MetricPhrase>& found) const;
  std::vector<DimensionPhrase> Dimensions(size_t at) const;
  std::vector<ValuePhrase> Values(size_t at) const;
  bool IsUnknownName(size_t at) const;
  std::vector<ComparePhrase> Comparisons(size_t at) const;
  void Aggregated(size_t at, std::vector<MetricPhrase>& found) const;
  void AggregatedBehind(size_t at, size_t noun, std::vector<MetricPhrase>& found) const;
  void Aggregate(Aggregation aggregation, double percentile, size_t at, std::vector<MetricPhrase>& found) const;
  void NamedTimes(size_t at, std::vector<DimensionPhrase>& found) const;
  void TimeDimensions(size_t at, std::vector<DimensionPhrase>& found) const;
  const semantic::Dimension* DimensionOf(const FieldRef& field) const;
  /// Whether it is a number of which one is larger than another: no key.
  bool IsMeasured(const FieldRef& field) const;
  bool IsTime(const FieldRef& field) const;
  std::optional<MetricUse> CountOf(std::string_view entity) const;
  /// The number that each row has and the metric adds up or averages, if there is one dimension that is it.
  std::optional<FieldRef> RowFieldOf(const MetricUse& use) const;
  std::optional<double> Operand(const ComparePhrase& compare, const semantic::Format& format, double value) const;

  // Fragments: fragments.cc, filters.cc, ranks.cc, comparisons.cc, outputs.cc.
  void Requests(size_t at);
  void Unit(size_t at);
  void MetricsAndEntities(size_t at);
  bool ListedWithNumbers(size_t begin, size_t end) const;
  void Functions(size_t at);
  struct FunctionList {
    size_t end = 0;
    std::vector<MetricUse> metrics = {};
    double cost = 0;
  };
  std::vector<FunctionList> FunctionLists(size_t at) const;
  void LastTimes(size_t at);
  void LastDone(size_t at);
  void Ages(size_t at);
  bool IsAgeInTime(size_t at, size_t number_at) const;
  const semantic::Dimension* MadeTime(const semantic::Entity& entity) const;
  void Groups(size_t at);
  void Which(size_t at);
  void Tops(size_t at);
  void TopsOf(size_t next, int direction, const Fragment& shape);
  void RankWords(size_t next, int direction, std::span<const std::string_view> nouns);
  std::vector<Fragment> SummedMost(size_t at, size_t noun, bool descending) const;
  void TopBys(size_t at);
  void NamedOrders(size_t at);
  void OrderBys(size_t at);
  void Extremes(size_t at);
  void ExtremesOf(size_t at, size_t begin, size_t end, const MeasuredBy& word, const Fragment& shape);
  std::vector<std::pair<FieldRef, bool>> MeasuresOf(const semantic::Entity& entity, const MeasuredBy& word) const;
  void Averages(size_t at);
  bool IsAmountOf(size_t noun, std::string_view entity) const;
  void AmountsOf(size_t at);
  FieldRef AmountOf(std::string_view entity) const;
  FieldRef MeasuredIn(std::string_view entity, std::string_view superlative) const;
  std::pair<int, size_t> EndAt(size_t at) const;
  void EndsOfRows(size_t at);
  void LastDoneRows(size_t at);
  MetricUse DoneOf(const MetricUse& use, std::string_view verb, std::string_view entity) const;
  void MostDone(size_t at);
  void Events(size_t at);
  void NotByAny(size_t begin, size_t next);
  void States(size_t at);
  void CountedNouns(size_t at);
  std::vector<MetricUse> DistinctOf(std::string_view entity) const;
  void ValueFilters(size_t at);
  bool IsState(size_t begin, size_t end, std::string_view entity) const;
  bool IsNamedBy(const Link& link, const FieldRef& field) const;
  size_t DoneBy(size_t at) const;
  bool IsRoleOf(size_t begin, size_t end, std::string_view entity) const;
  void DimensionFilters(size_t at);
  void TextFilter(size_t at, size_t begin, const DimensionPhrase& dimension);
  void NumberFilters(size_t at, size_t begin, const DimensionPhrase& dimension);
  bool IsOfAnother(size_t at, const Link& link) const;
  void Signs(size_t at);
  double OriginCost(size_t at, size_t length, const FieldRef& field) const;
  static bool EndsNameOf(const semantic::Dimension& dimension, std::string_view word);
  void WithSome(size_t at);
  void MissingFilters(size_t at);
  void BooleanFilters(size_t at);
  bool IsDoneSomehow(size_t at) const;
  void OfRole(size_t begin, size_t at, Filter filter, double cost);
  void AsRole(size_t at, size_t begin, const ValuePhrase& value, bool negated);
  void InTheName(size_t at);
  void Given(size_t at);
  void SizeFilters(size_t at);
  FieldRef SizeOf(std::string_view entity) const;
  /// A unit that starts there, against the one that a number is kept in.
  std::string TextOf(size_t begin, size_t end) const;
  std::optional<UnitPhrase> UnitAt(size_t at, std::string_view kept) const;
  std::vector<MetricPhrase> MetricsBehindUnit(size_t at) const;
  UnitPhrase UnitOf(size_t end, size_t number_end, std::string_view kept) const;
  void UnitsAsked(size_t noun, std::vector<MetricPhrase>& found) const;
  static FilterOperator OperatorOf(CompareOperator op);
  static Literal NumberLiteral(double value, semantic::ValueType type);
  size_t UnitTail(size_t at, const FieldRef& field) const;
  bool IsPartOfAmount(const semantic::Entity& entity, const semantic::Dimension& dimension) const;
  void UnitFilter(size_t begin, const ComparePhrase& compare);
  void Times(size_t at);
  void Havings(size_t at);
  void Compares(size_t at);
  std::pair<size_t, ComparisonTarget> RelativeTarget(size_t at) const;
  void Growths(size_t at);
  void Shares(size_t at);
  void Contributions(size_t at);
  void RatioOfTwo(size_t at);
  void SharesOfEach(size_t at);
  void Calculations(size_t at);
  void Sets(size_t at);
  void NeitherNouns(size_t at);
  void SetNouns(size_t at);
  void Outputs(size_t at);
  std::string ListedEntity() const;
  std::vector<FieldRef> BareColumns(size_t at) const;
  void Columns(size_t at);
  void Privacy(size_t at);
  // sayings.cc, looked_up.cc, done_to.cc.
  void NotThatTime(size_t at);
  void Sayings(size_t at);
  void Identified(size_t at);
  void ThingsDone(size_t at);
  void HowLongUntil(size_t at);
  void AmountsDone(size_t at);
  void AmountsAsked(size_t at);
  void Agents(size_t at);
  bool IsStranded(size_t at) const;
  bool IsBehindLimit(size_t at) const;
  size_t Occasion(size_t at) const;
  // compounds.cc.
  void Compounds(size_t at);
  void RoleGroups(size_t at);
  void DurationsOf(size_t at);
  void EndToEnd(size_t at);
  void FirstOnes(size_t at);
  void Listed(size_t at);
  bool IsYesOrNo(const FieldRef& field) const;
  // having_verbs.cc.
  size_t Has(size_t at) const;
  bool IsNoWord(size_t at) const;
  size_t HasNot(size_t at) const;
  bool SaysNoMore(size_t at) const;
  void EndsOfEach(size_t at);
  void OtherThan(size_t at);
  void BooleanVersus(size_t at);
  /// A thing with conditions that stand before it.
  struct NounPhrase {
    size_t end = 0;
    double cost = 0;
    std::string entity = {};
    std::vector<FilterGroup> filters = {};
    std::vector<std::string> notes = {};
    bool plural = false;
  };
  std::vector<NounPhrase> LimitedNouns(size_t begin) const;
  using SetHead = std::pair<size_t, std::vector<SetCondition>>;  ///< Where a time may begin, and of what.
  void TimedSets(size_t begin, const Link& link, bool negated, std::span<const SetHead> heads);
  void TwiceTimed(size_t begin, size_t at, const Link& link, const SetCondition& set);
  size_t ObjectOf(const Link& verb, size_t at) const;
  void SetVerb(size_t at, size_t begin, bool negated, bool needs_object);

  Fragment& Add(FragmentKind kind, size_t begin, size_t end, double cost, std::vector<std::string> notes = {});
  /// A position behind dimensions joined by commas and "and", with what they are.
  struct DimensionList {
    size_t end = 0;
    double cost = 0;
    std::vector<DimensionUse> uses = {};
    std::optional<TimeGrain> grain = std::nullopt;
    FieldRef time_field = {};
    std::vector<std::string> notes = {};
    std::string entity = {};  ///< The only one of `uses` is named by it, in the singular.
  };
  bool IsManyOf(const FieldRef& field) const;
  bool IsLabelField(const FieldRef& field) const;
  std::string EntityNamed(const DimensionPhrase& phrase) const;
  std::vector<DimensionList> DimensionLists(size_t at) const;

  std::span<const Token> tokens_;
  std::vector<std::vector<Link>> links_;
  const semantic::SemanticModel& model_;
  const TimeContext& time_;
  std::vector<std::string>& problems_;
  std::vector<Fragment> found_;
};

}  // namespace neurolake::ask
