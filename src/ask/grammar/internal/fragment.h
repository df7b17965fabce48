#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ask/intent/intent.h"
#include "ask/time/time_phrase.h"

namespace neurolake::ask {

enum class FragmentKind : uint8_t {
  kRequest,  ///< "show me", "what is": says at most that rows are wanted (`rows`).
  kCount,    ///< "how many", "number of": of what stands beside it.
  kMetric,
  kEntity,  ///< A bare entity: counted, listed or the scope of a metric.
  kGroup,
  kWhich,      ///< "which carriers": what is sought.
  kTop,        ///< "top 5 carriers"; without a dimension "top 5".
  kTopBy,      ///< "the most flights": an order by a metric.
  kExtreme,    ///< "5 cheapest rooms", "latest order": rows of `entity` by their own `field`.
  kOrderBy,    ///< "by number of flights".
  kDirection,  ///< "descending".
  kFilter,
  kTime,
  kTimeField,  ///< "shipped": which of an entity's dates is meant.
  kTimePart,   ///< "on Mondays".
  kHaving,     ///< "more than 5 orders", "revenue over 5k".
  kCompare,
  kVersus,  ///< "Germany vs France".
  kGrowth,
  kShare,
  kCalculation,
  kSet,
  kExists,
  kDescribe,
  kAskable,
  kColumns,  ///< "with name and due date": what is shown of rows besides.
  kPrivacy,
  kLimit,
  kKeepEmpty,
  kFollowUp,  ///< "what about", "instead", "only".
};

/// What a comparison is with, before the question's own time is known.
struct ComparisonTarget {
  enum class Kind : uint8_t { kPrevious, kSameLastYear, kOffset, kRange, kSameWeekday };
  Kind kind = Kind::kPrevious;
  std::optional<TimeGrain> grain = std::nullopt;  ///< Of kOffset; of kPrevious: what was said ("the previous month").
  std::optional<TimePhrase> time = std::nullopt;  ///< Of kRange.
  int64_t count = 0;     ///< Of kPrevious: how many periods were said ("the 4 weeks before"); 0: none.
  bool to_date = false;  ///< "last year so far": both only so far.
  bool growth = false;   ///< "year over year": growth is what was asked.
};

/// A phrase of a question read in one way: what it adds to an intent. Which members are set goes by `kind`.
struct Fragment {
  FragmentKind kind = FragmentKind::kRequest;
  size_t begin = 0;  ///< Tokens, half-open.
  size_t end = 0;
  double cost = 0;
  std::vector<std::string> notes = {};  ///< Assumptions.

  std::vector<MetricUse> metrics = {};  ///< Of kTop: what the word itself ranks by ("most borrowed").
  std::string entity = {};              ///< Of kGroup: what a number can be divided by ("per customer").
  std::vector<DimensionUse> dimensions = {};
  std::optional<TimeGrain> grain = std::nullopt;  ///< A time axis, of kGroup and kTop; also of calculations.
  std::vector<FilterGroup> filters = {};
  std::optional<TimePhrase> time = std::nullopt;
  std::optional<TimePartPhrase> part = std::nullopt;
  FieldRef field = {};
  ComparisonTarget target = {};
  std::vector<SetCondition> sets = {};
  CalculationKind calculation = CalculationKind::kShareOfTotal;
  CompareOperator op = CompareOperator::kGreater;
  double operand = 0;
  double upper = 0;
  bool percent = false;
  int64_t n = 0;  ///< 0: not said.
  bool descending = true;
  bool plural = false;
  bool nth = false;             ///< Of kMetric: different rows were asked for.
  bool each = false;            ///< "per", "for each": not merely "by".
  bool rows = false;            ///< Of kRequest.
  bool difference = false;      ///< Of kGrowth: absolute. Of kWhich: no word says that names are wanted.
  bool average_of_sum = false;  ///< An average per row of what is usually summed.
  bool listed = false;          ///< Of kFilter: bound to "and" or "or" by itself.
  bool of_rows = false;         ///< Of kFilter: the same words can be a condition on a sum.
  bool by_unit = false;         ///< Of kFilter: only the unit of its number says which field is meant.
  bool had = false;             ///< Of kFilter: a verb says that the thing has it ("containing").
  bool role = false;            ///< Of kFilter: its word is also the verb of a time ("cancelled").
  bool judged = false;          ///< Of kTop and kTopBy: "best" or "worst", which end that is hangs on the number.
  bool frequent = false;        ///< Of kTop: "most common", "busiest": by how many there are.
  bool mask = false;            ///< Of kPrivacy: shown as stars instead of left out.
};

}  // namespace neurolake::ask
