#include "ask/time/time_phrase.h"

#include "ask/language/words.h"
#include "ask/time/internal/periods.h"

namespace neurolake::ask {
namespace {

using std::chrono::days;

/// Reads what connects periods: since, before, from … to, between … and.
class RangeParser {
 public:
  RangeParser(std::span<const Token> tokens, const TimeContext& context, std::vector<std::string>& problems)
      : tokens_(tokens), context_(context), periods_(tokens, context, problems) {}

  std::vector<TimePhrase> Run() {
    if (Word(0) == "all" && Word(1) == "time") Open(2, "all time");
    if (Word(0) == "ever") Open(1, "all time");
    for (TimePhrase& period : periods_.At(0)) found_.push_back(std::move(period));
    EndOf();
    OrLater();
    Ago();
    Since();
    Until();
    Between();
    FromTo(0, false);
    EitherOf(0);
    DaysOfMonth(0, false);
    Plain();
    for (TimePhrase& phrase : found_) Inclusive(phrase);
    std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.tokens > b.tokens; });
    return std::move(found_);
  }

 private:
  std::string_view Word(size_t at) const { return at < tokens_.size() ? std::string_view(tokens_[at].word) : ""; }

  void Open(size_t used, std::string text) {
    TimePhrase phrase;
    phrase.tokens = used;
    phrase.text = std::move(text);
    phrase.named = phrase.connective = true;
    found_.push_back(std::move(phrase));
  }

  /// "from 15 to 31 October incl. both days": both ends are in anyway.
  void Inclusive(TimePhrase& phrase) const {
    if (phrase.ends.empty() || !phrase.connective) return;
    size_t at = phrase.tokens;
    const bool bracket = Word(at) == "(" || Word(at) == ",";
    if (bracket) ++at;
    const bool both = Word(at) == "both";
    if (both) {
      at += Word(at + 1) == "days" || Word(at + 1) == "dates" || Word(at + 1) == "ends" || Word(at + 1) == "months" ? 2
                                                                                                                    : 1;
      if (Word(at) != "included" && Word(at) != "inclusive") return;
      ++at;
    } else {
      if (Word(at) != "inclusive" && Word(at) != "incl" && Word(at) != "including") return;
      if (Word(at) == "including" && Word(at + 1) != "both") return;
      ++at;
      if (Word(at) == ".") ++at;
      if (Word(at) == "of") ++at;
      if (Word(at) == "both") ++at;
      if (Word(at) == "days" || Word(at) == "dates" || Word(at) == "ends") ++at;
    }
    if (bracket && Word(at) == ")") ++at;
    phrase.tokens = at;
  }

  void OpenEnd(TimePhrase period, size_t used, bool after, bool inclusive) {
    const TimePhrase whole = period;
    period.tokens += used;
    period.unit = std::nullopt;
    period.connective = true;
    period.partial = false;
    const LocalTime edge = after == inclusive ? *whole.range.from : *whole.range.to;
    period.range = after ? TimeRange{edge, std::nullopt} : TimeRange{std::nullopt, edge};
    period.future = after && edge > context_.now;
    period.text = after ? "from " + TimeName(edge) + " on" : "before " + TimeName(edge);
    found_.push_back(std::move(period));
  }

  /// "at the end of 2024", "the end of May", "end of last month".
  void EndOf() {
    size_t at = Word(0) == "at" || Word(0) == "by" || Word(0) == "on" ? 1 : 0;
    if (Word(0) == "as" && Word(1) == "of") at = 2;
    if (Word(at) == "the") ++at;
    size_t used = 0;
    const auto grain = at < tokens_.size() ? ParseGrain(tokens_.subspan(at), used) : std::nullopt;
    if (grain) {  // "at year end 2024", "month-end October"
      at += used;
      if (Word(at) == "-") ++at;
    }
    if (Word(at) != "end" && !(Word(at) == "close" && !grain)) return;
    size_t behind = at + 1;
    if (Word(behind) == "of") ++behind;
    else if (!grain && Word(at) != "end") return;
    for (TimePhrase& period : periods_.At(behind)) {
      if (!period.unit || !period.range.to || (grain && *period.unit != *grain)) continue;
      period.tokens += behind;
      period.connective = period.at_end = true;
      found_.push_back(std::move(period));
    }
  }

  /// "in 2018 or later", "May 2024 or earlier".
  void OrLater() {
    const size_t lead = Word(0) == "in" || Word(0) == "on" || Word(0) == "from" ? 1 : 0;
    for (const TimePhrase& period : periods_.At(lead)) {
      const size_t next = lead + period.tokens;
      if ((Word(next) != "or" && Word(next) != "and") || !period.range.from || !period.range.to) continue;
      const std::string_view word = Word(next + 1);
      const bool later = word == "later" || word == "after" || word == "newer" || word == "onwards";
      const bool earlier = word == "earlier" || word == "before" || word == "older";
      const bool ends = next + 2 >= tokens_.size() || tokens_[next + 2].kind == TokenKind::kSymbol;
      if ((!later && !earlier) || ((word == "before" || word == "after") && !ends)) continue;
      OpenEnd(period, lead + 2, later, true);
    }
  }

  /// "more than two years ago", "less than 30 days ago": from or to so long before today.
  void Ago() {
    size_t lead = 0;
    bool before = true;
    if ((Word(0) == "more" || Word(0) == "longer") && Word(1) == "than") lead = 2;
    else if (Word(0) == "over") lead = 1;
    else if ((Word(0) == "less" || Word(0) == "fewer") && Word(1) == "than") lead = 2, before = false;
    else if (Word(0) == "under") lead = 1, before = false;
    size_t number_used = 0, used = 0;
    if (lead == 0 || lead >= tokens_.size()) return;
    std::optional<int> count = SmallNumber(tokens_.subspan(lead), number_used, false);
    if (!count && (Word(lead) == "a" || Word(lead) == "an")) count = 1, number_used = 1;
    const size_t unit = lead + number_used;
    const auto grain = count && unit < tokens_.size() ? ParseGrain(tokens_.subspan(unit), used) : std::nullopt;
    if (!grain || *grain < TimeGrain::kDay || *count < 1 || *count > 10'000 || Word(unit + used) != "ago") return;
    const LocalTime today = FloorTo(context_.now, TimeGrain::kDay, context_.calendar);
    const LocalTime edge = AddPeriods(today, *grain, -*count);
    TimePhrase phrase;
    phrase.tokens = unit + used + 1;
    phrase.range = before ? TimeRange{std::nullopt, edge} : TimeRange{edge, std::nullopt};
    phrase.text = before ? "before " + TimeName(edge) : "from " + TimeName(edge) + " on";
    phrase.named = phrase.connective = true;
    found_.push_back(std::move(phrase));
  }

  void Since() {
    size_t lead = 0;
    bool inclusive = true;
    if (Word(0) == "ever" && Word(1) == "since") lead = 2;
    else if (Word(0) == "since" || Word(0) == "seit" || Word(0) == "depuis") lead = 1;
    else if ((Word(0) == "starting" || Word(0) == "beginning") &&
             (Word(1) == "in" || Word(1) == "from" || Word(1) == "on"))
      lead = 2;
    else if (Word(0) == "after") lead = 1, inclusive = false;
    else if (Word(0) == "later" && Word(1) == "than") lead = 2, inclusive = false;
    else if (Word(0) == "on" && Word(1) == "or" && Word(2) == "after") lead = 3;
    if (lead > 0) {
      const size_t article = Word(lead) == "the" ? 1 : 0;
      if ((Word(lead + article) == "beginning" || Word(lead + article) == "start") && Word(lead + article + 1) == "of")
        lead += article + 2;
      for (const TimePhrase& period : periods_.At(lead)) {
        if (period.range.from && period.range.to) OpenEnd(period, lead, true, inclusive);
      }
      return;
    }
    if (Word(0) != "from") return;
    for (const TimePhrase& period : periods_.At(1)) {  // "from May on", "from 2012 onwards"
      const std::string_view next = Word(1 + period.tokens);
      if ((next == "on" || next == "onwards" || next == "onward") && period.range.from) OpenEnd(period, 2, true, true);
    }
  }

  void Until() {
    size_t lead = 0;
    bool inclusive = true;
    if (Word(0) == "before") lead = 1, inclusive = false;
    else if ((Word(0) == "prior" && Word(1) == "to") || (Word(0) == "earlier" && Word(1) == "than"))
      lead = 2, inclusive = false;
    else if (Word(0) == "until" || Word(0) == "till" || Word(0) == "through" || Word(0) == "bis") lead = 1;
    else if (Word(0) == "up" && (Word(1) == "to" || Word(1) == "until")) lead = 2;
    else if (Word(0) == "on" && Word(1) == "or" && Word(2) == "before") lead = 3;
    if (lead == 0) return;
    if (inclusive && Word(lead) == "and" && Word(lead + 1) == "including") lead += 2;
    const size_t article = Word(lead) == "the" ? 1 : 0;
    const bool end = inclusive && Word(lead + article) == "end" && Word(lead + article + 1) == "of";
    if (end) lead += article + 2;
    for (const TimePhrase& period : periods_.At(lead)) {
      if (!period.range.from || !period.range.to) continue;
      OpenEnd(period, lead, false, inclusive);
      TimePhrase& made = found_.back();
      // "until yesterday" is clear; "until May" may or may not hold May.
      if (!end && (Word(0) == "until" || Word(0) == "till"))
        made.assumption = fmt::format("{} itself is included", period.text);
    }
  }

  void Between() {
    if (Word(0) == "between") FromTo(1, true), DaysOfMonth(1, true);
    if (Word(0) == "from") FromTo(1, false), DaysOfMonth(1, false);
  }

  static bool IsTo(std::string_view word) {
    return word == "to" || word == "until" || word == "till" || word == "through" || word == "thru" || word == "-" ||
           word == "–" || word == "bis";
  }

  void FromTo(size_t lead, bool between) {
    for (const TimePhrase& first : periods_.At(lead)) {
      size_t next = lead + first.tokens;
      if (between ? Word(next) != "and" : !IsTo(Word(next))) continue;
      ++next;
      for (const TimePhrase& second : periods_.At(next)) Join(first, second, lead, next);
    }
    Elided(lead, between);
  }

  /// "yesterday or the day before", "October or November 2024": two that touch are one time.
  void EitherOf(size_t lead) {
    for (const TimePhrase& first : periods_.At(lead)) {
      size_t next = lead + first.tokens;
      const bool joins = Word(next) == "and";
      const bool days_and = joins && first.unit == TimeGrain::kDay && first.count == 1;
      if ((Word(next) != "or" && !joins) || !first.range.from || !first.range.to) continue;
      ++next;
      if (Word(next) == "in" || Word(next) == "on") ++next;
      std::vector<TimePhrase> others = periods_.At(next);
      if (auto before = Before(first, next)) others.push_back(*before);
      for (const TimePhrase& second : others) {
        if (!second.range.from || !second.range.to || second.unit != first.unit) continue;
        const bool swapped = first.named && *first.range.from > *second.range.from;
        const size_t kept = found_.size();
        swapped ? Join(second, first, lead, next) : Join(first, second, lead, next);
        if (found_.size() == kept) continue;
        TimePhrase& joined = found_.back();
        joined.tokens = next + second.tokens;
        const std::string_view behind = Word(joined.tokens);
        const bool together = behind == "together" || behind == "combined" || behind == "altogether";
        const bool touch = joined.ends[0].range.to == joined.ends[1].range.from;
        if (!touch || (joins && !days_and && !together)) found_.pop_back();
        else if (together) ++joined.tokens, joined.ends.clear();  // One time, and no two to compare.
      }
    }
  }

  /// "the day before", "the month before that": behind a period of that unit.
  std::optional<TimePhrase> Before(const TimePhrase& period, size_t at) const {
    size_t next = at + (Word(at) == "the" ? 1 : 0);
    size_t used = 0;
    const auto grain = next < tokens_.size() ? ParseGrain(tokens_.subspan(next), used) : std::nullopt;
    next += used;
    if (!grain || period.unit != *grain || period.count != 1 || Word(next) != "before") return std::nullopt;
    next += Word(next + 1) == "that" ? 2 : 1;
    TimePhrase before = period;
    before.tokens = next - at;
    before.range = {AddPeriods(*period.range.from, *grain, -1), *period.range.from};
    before.text = TimeName(*before.range.from);
    before.named = true;
    return before;
  }

  /// "the third to the fourth quarter of 2024": the first has its unit and year from the second.
  void Elided(size_t lead, bool between) {
    const size_t begin = lead + (Word(lead) == "the" ? 1 : 0);
    size_t used = 0;
    const auto first_number =
        begin < tokens_.size() ? SmallNumber(tokens_.subspan(begin), used, true) : std::optional<int>();
    if (!first_number) return;
    const size_t link = begin + used;
    if (between ? Word(link) != "and" : !IsTo(Word(link))) return;
    const size_t next = link + 1 + (Word(link + 1) == "the" ? 1 : 0);
    const auto second_number =
        next < tokens_.size() ? SmallNumber(tokens_.subspan(next), used, true) : std::optional<int>();
    if (!second_number || *second_number <= *first_number) return;
    for (const TimePhrase& second : periods_.At(next)) {
      const bool counted = second.unit == TimeGrain::kQuarter || second.unit == TimeGrain::kFiscalQuarter;
      if (!counted || second.count != 1 || !second.range.from || !second.range.to) continue;
      TimePhrase first = second;
      first.range = {AddPeriods(*second.range.from, *second.unit, *first_number - *second_number),
                     AddPeriods(*second.range.to, *second.unit, *first_number - *second_number)};
      first.text = TimeName(*first.range.from);
      first.named = true;
      Join(first, second, lead, next);
    }
  }

  void Join(TimePhrase first, const TimePhrase& second, size_t lead, size_t next) {
    if (!first.range.from || !first.range.to || !second.range.to || !second.range.from) return;
    if (!first.named) {  // "January to March 2013": both of 2013; "November to February": the one before.
      int year = YearOf(*second.range.from);
      for (; year > YearOf(*second.range.from) - 2; --year) {
        bool fits = false;
        for (const TimePhrase& again : periods_.At(lead, year)) {
          if (again.tokens != first.tokens || *again.range.from > *second.range.from) continue;
          first = again;
          fits = true;
        }
        if (fits) break;
      }
    }
    if (*first.range.from >= *second.range.to) return;
    TimePhrase joined = second;
    joined.ends = {first, second};
    joined.tokens = next + second.tokens;
    joined.range.from = first.range.from;
    joined.connective = true;
    joined.text = fmt::format("{} to {}", first.text, second.text);
    joined.cost = first.cost + second.cost;
    joined.partial = context_.now >= *joined.range.from && context_.now < *joined.range.to;
    joined.future = *joined.range.from > context_.now;
    joined.named = first.named && second.named;
    if (second.assumption.empty()) joined.assumption = first.assumption;
    if (first.unit != second.unit) joined.unit = std::nullopt;
    else if (first.unit) {
      joined.count = 0;
      for (LocalTime t = *joined.range.from; t < *joined.range.to && joined.count < 100'000; ++joined.count) {
        t = AddPeriods(*joined.range.from, *first.unit, joined.count + 1);
      }
    }
    found_.push_back(std::move(joined));
  }

  /// "March 1 to 15", "1-15 March 2013", "between 1 and 15 March".
  void DaysOfMonth(size_t lead, bool between) {
    size_t used = 0;
    if (lead >= tokens_.size()) return;
    const auto is_link = [&](size_t at) { return between ? Word(at) == "and" : IsTo(Word(at)); };
    const auto number = [&](size_t at, size_t& length) -> std::optional<int> {
      if (at >= tokens_.size()) return std::nullopt;
      const size_t article = Word(at) == "the" ? 1 : 0;
      auto value = SmallNumber(tokens_.subspan(std::min(at + article, tokens_.size())), length, false);
      if (!value) value = SmallNumber(tokens_.subspan(std::min(at + article, tokens_.size())), length, true);
      length += article;
      return value && *value >= 1 && *value <= 31 ? value : std::nullopt;
    };
    if (MonthNamed(Word(lead))) {
      for (const TimePhrase& first : periods_.At(lead)) {
        if (first.unit != TimeGrain::kDay || !is_link(lead + first.tokens)) continue;
        const size_t at = lead + first.tokens + 1;
        const auto last = number(at, used);
        if (!last || !IsDate(YearOf(*first.range.from), MonthOf(*first.range.from), *last)) continue;
        TimePhrase second = first;
        second.tokens = used;
        const LocalTime day = DateStart(YearOf(*first.range.from), MonthOf(*first.range.from), *last);
        second.range = {day, day + days(1)};
        second.text = TimeName(day);
        Join(first, second, lead, at);
      }
      return;
    }
    const auto from = number(lead, used);
    if (!from || !is_link(lead + used)) return;
    const size_t at = lead + used + 1;
    for (const TimePhrase& second : periods_.At(at)) {
      if (second.unit != TimeGrain::kDay || !second.range.from) continue;
      const LocalTime start = *second.range.from;
      if (!MonthNamed(Word(at + 1)) && !MonthNamed(Word(at + 2))) continue;
      if (!IsDate(YearOf(start), MonthOf(start), *from)) continue;
      TimePhrase first = second;
      const LocalTime day = DateStart(YearOf(start), MonthOf(start), *from);
      first.range = {day, day + days(1)};
      first.text = TimeName(day);
      first.named = true;
      Join(first, second, lead, at);
    }
  }

  /// "in March", "during the last week", "for 2013", "as of May 2013" is something else.
  void Plain() {
    static constexpr std::string_view kLeads[] = {"in", "during",     "for", "on",   "over", "within",
                                                  "of", "throughout", "at",  "from", "im",   "en"};
    size_t lead = 0;
    if (std::find(std::begin(kLeads), std::end(kLeads), Word(0)) != std::end(kLeads)) lead = 1;
    if (Word(lead) == "the" || (lead > 0 && Word(lead) == "all" && Word(lead + 1) == "of"))
      lead += Word(lead) == "the" ? 1 : 2;
    if (lead == 0) return;
    const auto inner = RangeParserBehind(lead);
    for (TimePhrase period : inner) {
      period.tokens += lead;
      period.connective = true;
      found_.push_back(std::move(period));
    }
  }

  std::vector<TimePhrase> RangeParserBehind(size_t lead) {
    auto found = periods_.At(lead);
    auto kept = std::move(found_);
    found_.clear();
    if (Word(0) != "from") FromTo(lead, false), EitherOf(lead);
    for (TimePhrase& joined : found_) joined.tokens -= lead;
    found.insert(found.end(), found_.begin(), found_.end());
    found_ = std::move(kept);
    return found;
  }

  std::span<const Token> tokens_;
  const TimeContext& context_;
  PeriodParser periods_;
  std::vector<TimePhrase> found_;
};

}  // namespace

std::vector<TimePhrase> ParseTime(std::span<const Token> tokens, const TimeContext& context,
                                  std::vector<std::string>& problems) {
  if (tokens.empty()) return {};
  return RangeParser(tokens, context, problems).Run();
}

}  // namespace neurolake::ask
