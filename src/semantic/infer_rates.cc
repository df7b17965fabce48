#include <algorithm>
#include <array>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

/// What a share is of.
enum class Among : uint8_t {
  kAll,
  kDecided,  ///< Without what is open still.
  kPassed,   ///< What passed and what failed, and nothing else.
  kHeld,     ///< What came about, and what did not for want of those who were expected.
};

/// What rows of a kind are called where their share is named after what became of them.
struct Rate {
  std::string_view done;
  Among among;
  std::array<std::string_view, 3> nouns;
};
constexpr Rate kRates[] = {{"cancelled", Among::kAll, {"cancellation", "cancel"}},
                           {"canceled", Among::kAll, {"cancellation", "cancel"}},
                           {"refunded", Among::kAll, {"refund"}},
                           {"returned", Among::kAll, {"return"}},
                           {"rejected", Among::kDecided, {"rejection", "reject"}},
                           {"denied", Among::kDecided, {"denial", "denied", "rejection"}},
                           {"declined", Among::kDecided, {"decline"}},
                           {"approved", Among::kDecided, {"approval"}},
                           {"accepted", Among::kDecided, {"acceptance"}},
                           {"failed", Among::kPassed, {"failure", "fail"}},
                           {"fail", Among::kPassed, {"failure", "fail"}},
                           {"failure", Among::kPassed, {"failure"}},
                           {"passed", Among::kPassed, {"pass"}},
                           {"pass", Among::kPassed, {"pass"}},
                           {"won", Among::kDecided, {"win"}},
                           {"completed", Among::kAll, {"completion"}},
                           {"churned", Among::kAll, {"churn"}},
                           {"dropped", Among::kAll, {"dropout", "drop"}},
                           {"dropped out", Among::kAll, {"dropout", "drop"}},
                           {"defaulted", Among::kAll, {"default"}},
                           {"converted", Among::kAll, {"conversion"}},
                           {"resolved", Among::kAll, {"resolution"}},
                           {"no show", Among::kHeld, {"no-show", "no show"}}};

class RateMaker {
 public:
  RateMaker(Drafting& drafting, DraftEntity& draft, const std::string& count)
      : drafting_(drafting), draft_(draft), table_(draft.read), count_(count), plural_(PluralOf(table_.noun())) {}

  void Run() {
    for (const ReadColumn& column : table_.columns) {
      if (column.role == ColumnRole::kFlag && CalendarDay(*table_.known) == nullptr) AddShareOf(column);
      if (IsStatus(column)) AddRatesOf(column);
    }
    AddPerUnit();
  }

 private:
  /// The rows that `filter` keeps, hidden; its name.
  std::string AddPart(const std::string& said, SqlExpression filter) {
    Metric part;
    part.name = UnusedName(ModelNameOf(said + "_" + draft_.entity.name), drafting_.taken_metrics);
    part.label = fmt::format("number of {} {}", said, plural_);
    part.kind = MetricKind::kSimple;
    part.entity = draft_.entity.name;
    part.measure = count_;
    part.filter = std::move(filter);
    part.hidden = true;
    drafting_.metrics.push_back(part);
    return part.name;
  }

  void AddShare(Metric share, const std::string& part, const std::string& whole) {
    share.kind = MetricKind::kRatio;
    share.numerator = part;
    share.denominator = whole;
    share.format.pattern = "percent";
    drafting_.metrics.push_back(std::move(share));
  }

  /// "share of churned customers", also "churn rate".
  void AddShareOf(const ReadColumn& flag) {
    const std::string said = JoinedWords(flag.words);
    const std::string part = AddPart(said, ExpressionOf(flag));
    Metric share;
    share.name = UnusedName(ModelNameOf("share_of_" + part), drafting_.taken_metrics);
    share.label = fmt::format("share of {} {}", said, plural_);
    for (const char* word : {"percentage", "percent", "proportion", "fraction"}) {
      share.synonyms.push_back(fmt::format("{} of {} {}", word, said, plural_));
      share.synonyms.push_back(fmt::format("{} of {} that are {}", word, plural_, said));
    }
    share.synonyms.push_back(said + " rate");
    if (said.size() > 4 && said.ends_with("ed")) {
      share.synonyms.push_back(said.substr(0, said.size() - 2) + " rate");
      share.synonyms.push_back(said.substr(0, said.size() - 1) + " rate");
      if (said.ends_with("lled")) share.synonyms.push_back(said.substr(0, said.size() - 2) + "ation rate");
    }
    const auto* rate = std::ranges::find(kRates, said, &Rate::done);
    for (size_t i = 0; rate != std::end(kRates) && i < rate->nouns.size(); ++i) {
      const std::string noun = fmt::format("{} rate", rate->nouns[i]);
      const bool is_said = std::ranges::find(share.synonyms, noun) != share.synonyms.end();
      if (!rate->nouns[i].empty() && !is_said) share.synonyms.push_back(noun);
    }
    AddShare(std::move(share), part, count_);
  }

  /// The values that a share is of; empty: all rows.
  std::vector<std::string> ValuesAmong(const ReadColumn& status, Among among) const {
    static const WordSet kPassing{"pass", "passed", "fail", "failed", "failure"};
    static const WordSet kOpen{"open",      "pending",   "new",        "submitted", "in progress",  "in review",
                               "waiting",   "draft",     "processing", "received",  "under review", "active",
                               "scheduled", "requested", "created",    "assigned",  "on hold",      "planned"};
    static const WordSet kHeld{"completed", "attended", "arrived", "checked in", "checked out", "fulfilled",
                               "seated",    "done",     "held",    "kept",       "finished",    "honoured",
                               "seen",      "no show",  "missed",  "showed",     "show",        "complete"};
    std::vector<std::string> values;
    if (among == Among::kAll) return values;
    const auto says = [&](const std::string& value, const WordSet& set) {
      return set.contains(WordsOfValue(table_, status, value));
    };
    const auto passing = std::ranges::count_if(status.known->values, [&](const auto& v) { return says(v, kPassing); });
    for (const std::string& value : status.known->values) {
      bool is_in = among == Among::kPassed && passing > 1 ? says(value, kPassing) : !says(value, kOpen);
      if (among == Among::kHeld) is_in = says(value, kHeld);
      if (is_in) values.push_back(value);
    }
    const bool is_all = values.size() == status.known->values.size() && status.known->nulls.value_or(0) == 0;
    return is_all ? std::vector<std::string>() : values;
  }

  std::string AddWhole(const ReadColumn& status, const std::vector<std::string>& values) {
    if (values.empty()) return count_;
    std::vector<std::string> quoted;
    for (const std::string& value : values) quoted.push_back(QuoteLiteral(value));
    return AddPart("decided", fmt::format("{} IN ({})", ColumnExpression(status.known->name), fmt::join(quoted, ", ")));
  }

  /// "cancellation rate" of a status that may be cancelled: of all rows; "pass rate": of those that passed or failed.
  void AddRatesOf(const ReadColumn& status) {
    for (const std::string& value : status.known->values) {
      const std::string said = WordsOfValue(table_, status, value);
      const auto* rate = std::ranges::find(kRates, said, &Rate::done);
      if (rate == std::end(kRates)) continue;
      const std::string part =
          AddPart(said, fmt::format("{} = {}", ColumnExpression(status.known->name), QuoteLiteral(value)));
      Metric share;
      share.name =
          UnusedName(ModelNameOf(fmt::format("{}_{}_rate", table_.noun(), rate->nouns[0])), drafting_.taken_metrics);
      share.label = fmt::format("{} {} rate", table_.noun(), rate->nouns[0]);
      for (const std::string_view noun : rate->nouns) {
        if (noun.empty()) continue;
        share.synonyms.push_back(fmt::format("{} rate", noun));
        if (noun != rate->nouns[0]) share.synonyms.push_back(fmt::format("{} {} rate", table_.noun(), noun));
        share.synonyms.push_back(fmt::format("{} rate of {}", noun, plural_));
      }
      NameCountOf(part, *rate);
      const auto among = ValuesAmong(status, rate->among);
      if (rate->among == Among::kHeld && among.size() < 2) continue;  // Of what, nothing tells.
      const std::string status_words = JoinedWords(status.words);
      share.description = among.empty()
                              ? fmt::format("Share of all {} whose {} is {}.", plural_, status_words, value)
                              : fmt::format("Share of {} whose {} is {}, among those whose {} is {}.", plural_,
                                            status_words, value, status_words, fmt::join(among, " or "));
      drafting_.NoteAt("", share.name, share.description);
      AddShare(std::move(share), part, AddWhole(status, among));
    }
  }

  /// "cancellations" are what was cancelled, where no table and no day of it says so.
  void NameCountOf(const std::string& part, const Rate& rate) {
    static constexpr std::pair<std::string_view, std::string_view> kCounted[] = {
        {"cancelled", "cancellations"}, {"canceled", "cancellations"}, {"rejected", "rejections"},
        {"denied", "denials"},          {"no show", "no-shows"},       {"refunded", "refunds"}};
    const auto* counted = std::ranges::find(kCounted, rate.done, &std::pair<std::string_view, std::string_view>::first);
    if (counted == std::end(kCounted)) return;
    const bool is_table = std::ranges::any_of(
        drafting_.tables, [&](const ReadTable& table) { return PluralOf(table.words.back()) == counted->second; });
    const bool has_day = std::ranges::any_of(table_.columns, [&](const ReadColumn& column) {
      return column.role == ColumnRole::kTime && VerbOfTime(column.words) == rate.done;
    });
    const auto metric = std::ranges::find(drafting_.metrics, part, &Metric::name);
    if (is_table || has_day || metric == drafting_.metrics.end()) return;
    metric->hidden = false;
    metric->synonyms = {std::string(counted->second), fmt::format("{} {}", table_.noun(), counted->second)};
    if (rate.done == "no show") metric->synonyms.insert(metric->synonyms.end(), {"no shows", "missed " + plural_});
  }

  const Measure* SumOf(const ReadColumn& column) const {
    const SqlExpression expression = ColumnExpression(column.known->name);
    const auto& measures = draft_.entity.measures;
    const auto found = std::ranges::find_if(measures, [&](const Measure& measure) {
      return measure.expr == expression && measure.aggregation == Aggregation::kSum &&
             measure.additivity == Additivity::kAdditive && measure.filter.empty();
    });
    return found == measures.end() ? nullptr : &*found;
  }

  /// "wage per hour": sums of money over the one number that says how long or how far.
  void AddPerUnit() {
    static constexpr std::pair<std::string_view, std::string_view> kUnits[] = {
        {"h", "hour"}, {"min", "minute"}, {"km", "km"}, {"mi", "mile"}, {"kg", "kg"}, {"kWh", "kWh"}};
    const ReadColumn* extent = nullptr;
    for (const ReadColumn& column : table_.columns) {
      const bool has_unit =
          std::ranges::find(kUnits, column.unit, &std::pair<std::string_view, std::string_view>::first) !=
          std::end(kUnits);
      if (!has_unit || SumOf(column) == nullptr) continue;
      if (extent != nullptr) return;
      extent = &column;
    }
    if (extent == nullptr) return;
    const auto* unit = std::ranges::find(kUnits, extent->unit, &std::pair<std::string_view, std::string_view>::first);
    for (const ReadColumn& column : table_.columns) {
      const Measure* money = SumOf(column);
      if (money == nullptr || money->format.pattern != "currency") continue;
      const std::string said = JoinedWords(column.words);
      Metric ratio;
      ratio.label = fmt::format("{} per {}", said, unit->second);
      ratio.name = UnusedName(ModelNameOf(ratio.label), drafting_.taken_metrics);
      ratio.synonyms = {"average " + ratio.label, fmt::format("{} {} per {}", table_.noun(), said, unit->second)};
      if (unit->second == "hour") ratio.synonyms.push_back("hourly " + said);
      if (unit->second == "km")
        ratio.synonyms.insert(ratio.synonyms.end(), {said + " per kilometer", said + " per kilometre"});
      ratio.kind = MetricKind::kRatio;
      ratio.numerator = money->name;
      ratio.denominator = SumOf(*extent)->name;
      drafting_.metrics.push_back(std::move(ratio));
    }
  }

  Drafting& drafting_;
  DraftEntity& draft_;
  const ReadTable& table_;
  const std::string& count_;
  const std::string plural_;
};

}  // namespace

void AddRates(Drafting& drafting, DraftEntity& draft, const std::string& count) {
  RateMaker(drafting, draft, count).Run();
}

}  // namespace neurolake::semantic
