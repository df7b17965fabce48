#include <array>

#include "ask/language/words.h"
#include "ask/time/internal/periods.h"

namespace neurolake::ask {
namespace {

using std::chrono::days;

bool IsPast(std::string_view word) {
  return word == "last" || word == "previous" || word == "prior" || word == "past" || word == "preceding" ||
         word == "trailing" || word == "letzten" || word == "letzte" || word == "letzter";
}

struct FixedHoliday {
  std::string_view name;  ///< Folded words.
  int month;
  int day;
};
constexpr std::array<FixedHoliday, 9> kHolidays{{{"christmas", 12, 25},
                                                 {"christmas day", 12, 25},
                                                 {"christmas eve", 12, 24},
                                                 {"new years eve", 12, 31},
                                                 {"new year eve", 12, 31},
                                                 {"new year day", 1, 1},
                                                 {"valentine day", 2, 14},
                                                 {"halloween", 10, 31},
                                                 {"boxing day", 12, 26}}};

/// The fourth Thursday of November (United States), by how many days moved.
LocalTime Thanksgiving(int year, int days_after) {
  const LocalTime first = DateStart(year, 11, 1);
  return first + days((4 - WeekdayOf(first) + 7) % 7 + 21 + days_after);
}

/// Gregorian Easter Sunday: the anonymous algorithm in Meeus, Astronomical Algorithms, chapter 8.
LocalTime Easter(int year) {
  const int a = year % 19, b = year / 100, c = year % 100;
  const int h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
  const int l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
  const int m = (a + 11 * h + 22 * l) / 451;
  const int n = h + l - 7 * m + 114;
  return DateStart(year, n / 31, n % 31 + 1);
}

}  // namespace

void PeriodParser::Relative(size_t at) {
  const std::string_view word = Word(at);
  if (word == "today" || word == "heute") Add(Make(1, Today(), TimeGrain::kDay, 1, true));
  if (word == "yesterday" || word == "gestern") Add(Make(1, Today() - days(1), TimeGrain::kDay, 1, true));
  if (word == "tomorrow") Add(Make(1, Today() + days(1), TimeGrain::kDay, 1, true));
  const size_t article = word == "the" ? 1 : 0;
  if (Word(at + article) == "day" && (Word(at + article + 1) == "before" || Word(at + article + 1) == "after")) {
    const bool before = Word(at + article + 1) == "before";
    if (Word(at + article + 2) == "yesterday" && before)
      Add(Make(article + 3, Today() - days(2), TimeGrain::kDay, 1, true));
    if (Word(at + article + 2) == "tomorrow" && !before)
      Add(Make(article + 3, Today() + days(2), TimeGrain::kDay, 1, true));
  }
  const std::string_view direction = Word(at + article);
  if (IsPast(direction)) RelativeUnit(at + article + 1, -1, article + 1);
  if (direction == "this" || direction == "current" || direction == "ongoing")
    RelativeUnit(at + article + 1, 0, article + 1);
  if (direction == "next" || direction == "coming" || direction == "upcoming")
    RelativeUnit(at + article + 1, 1, article + 1);
  size_t used = 0;  // "the month before last"
  if (at + article < tokens_.size()) {
    if (const auto grain = ParseGrain(tokens_.subspan(at + article), used)) {
      if (Word(at + article + used) == "before" && Word(at + article + used + 1) == "last") {
        Add(Make(article + used + 2, AddPeriods(Floor(context_.now, *grain), *grain, -2), *grain, 1, true));
      }
    }
  }
}

/// "last" + a unit, a month or a weekday; `at` is behind "last".
void PeriodParser::RelativeUnit(size_t at, int direction, size_t used) {
  if (at >= tokens_.size()) return;
  size_t skip = 0;
  if (Word(at) == "full" || Word(at) == "complete" || Word(at) == "whole" || Word(at) == "calendar" ||
      Word(at) == "completed")
    skip = 1;
  size_t grain_used = 0;
  const auto grain = at + skip < tokens_.size() ? ParseGrain(tokens_.subspan(at + skip), grain_used) : std::nullopt;
  if (grain && Singular(Word(at + skip)) == Word(at + skip)) {
    if (direction < 0 && Word(at + skip + grain_used) == "of") return;  // "the last day of each month"
    const LocalTime start = AddPeriods(Floor(context_.now, *grain), *grain, direction);
    TimePhrase phrase = Make(used + skip + grain_used, start, *grain, 1, true);
    if (direction == 0 && Word(at + skip + grain_used) == "so" && Word(at + skip + grain_used + 1) == "far") {
      phrase.tokens += 2;
      phrase.to_date = true;
      phrase.range.to = Today() + days(1);
      phrase.text += " so far";
    }
    Add(std::move(phrase));
    return;
  }
  bool plural = false;
  if (const auto weekday = WeekdayNamed(Word(at), plural); weekday && !plural) {
    const int today = WeekdayOf(context_.now);
    int back = (today - *weekday + 7) % 7;
    if (direction < 0 && back == 0) back = 7;
    if (direction == 0) back = today - *weekday;  // Of this week.
    if (direction > 0) back = -((*weekday - today + 6) % 7 + 1);
    TimePhrase phrase = Make(used + 1, Today() - days(back), TimeGrain::kDay, 1, true);
    phrase.assumption = fmt::format("{} is {}", Word(at), phrase.text);
    Add(std::move(phrase));
  }
  if (const auto month = MonthNamed(Word(at))) {
    int year = YearOf(context_.now);
    if (direction < 0 && *month >= MonthOf(context_.now)) --year;
    if (direction > 0 && *month <= MonthOf(context_.now)) ++year;
    TimePhrase phrase = Make(used + 1, DateStart(year, *month, 1), TimeGrain::kMonth, 1, true);
    phrase.assumption = fmt::format("read as {}", phrase.text);
    Add(std::move(phrase));
  }
}

/// "last 7 days", "past three months", "the last 24 hours", "rolling 30 days".
void PeriodParser::Rolling(size_t at) {
  size_t next = at + (Word(at) == "the" ? 1 : 0);
  const std::string_view lead = Word(next);
  const bool future = lead == "next" || lead == "coming";
  if (!IsPast(lead) && lead != "rolling" && !future) return;
  ++next;
  size_t number_used = 0;
  if (next >= tokens_.size()) return;
  std::optional<int> count = SmallNumber(tokens_.subspan(next), number_used, false);
  if (!count && (Word(next) == "couple" || Word(next) == "few")) return;  // Says no number.
  if (!count || *count < 1 || *count > 10'000) return;
  next += number_used;
  if (Word(next) == "-") ++next;
  if (Word(next) == "full" || Word(next) == "complete" || Word(next) == "calendar" || Word(next) == "whole" ||
      Word(next) == "completed") {
    ++next;
  }
  if (next >= tokens_.size()) return;
  size_t grain_used = 0;
  const auto grain = ParseGrain(tokens_.subspan(next), grain_used);
  if (!grain) return;
  next += grain_used;
  const LocalTime current = Floor(context_.now, *grain);
  const LocalTime from = future ? AddPeriods(current, *grain, 1) : AddPeriods(current, *grain, -*count);
  TimePhrase phrase = Make(next - at, from, *grain, *count, true);
  phrase.assumption = fmt::format("{} is {} to {}, the current one left out", JoinWords(tokens_.subspan(at, next - at)),
                                  TimeName(from), TimeName(*phrase.range.to - std::chrono::seconds(1)).substr(0, 10));
  if (*grain < TimeGrain::kDay) {  // The last 24 hours end now.
    phrase.range.to = Floor(context_.now, TimeGrain::kMinute);
    phrase.range.from = AddPeriods(*phrase.range.to, *grain, -*count);
    phrase.partial = false;
    phrase.text = TimeName(*phrase.range.from) + " to " + TimeName(*phrase.range.to);
    phrase.assumption.clear();
  }
  Add(std::move(phrase));
}

/// "3 days ago", "a year ago".
void PeriodParser::Ago(size_t at) {
  size_t used = 0;
  std::optional<int> count = SmallNumber(tokens_.subspan(at), used, false);
  if (!count && (Word(at) == "a" || Word(at) == "an" || Word(at) == "one")) {
    count = 1;
    used = 1;
  }
  if (!count || *count > 10'000) return;
  size_t grain_used = 0;
  if (at + used >= tokens_.size()) return;
  const auto grain = ParseGrain(tokens_.subspan(at + used), grain_used);
  const size_t ago = at + used + grain_used;
  if (!grain || (Word(ago) != "ago" && Word(ago) != "earlier")) return;
  TimePhrase phrase = Make(ago + 1 - at, AddPeriods(Floor(context_.now, *grain), *grain, -*count), *grain, 1, true);
  if (*grain != TimeGrain::kDay) phrase.assumption = fmt::format("read as the whole of {}", phrase.text);
  Add(std::move(phrase));
}

/// "ytd", "year to date", "month-to-date", "so far this year".
void PeriodParser::ToDate(size_t at) {
  std::optional<TimeGrain> grain;
  size_t used = 0;
  const std::string_view word = Word(at);
  if (word == "ytd") grain = TimeGrain::kYear;
  if (word == "qtd") grain = TimeGrain::kQuarter;
  if (word == "mtd") grain = TimeGrain::kMonth;
  if (word == "wtd") grain = TimeGrain::kWeek;
  if (word == "fytd") grain = TimeGrain::kFiscalYear;
  if (grain) {
    used = 1;
  } else if (word == "so" && Word(at + 1) == "far" && Word(at + 2) == "this") {
    grain = at + 3 < tokens_.size() ? ParseGrain(tokens_.subspan(at + 3), used) : std::nullopt;
    used += 3;
  } else {
    size_t lead = word == "this" || word == "the" ? 1 : 0;
    grain = at + lead < tokens_.size() ? ParseGrain(tokens_.subspan(at + lead), used) : std::nullopt;
    used += lead;
    if (Word(at + used) == "-") ++used;
    if (Word(at + used) != "to") return;
    ++used;
    if (Word(at + used) == "-") ++used;
    if (Word(at + used) != "date" && Word(at + used) != "today") return;
    ++used;
  }
  if (!grain) return;
  const LocalTime from = Floor(context_.now, *grain);
  TimePhrase phrase = Make(used, from, *grain, 1, true);
  phrase.range.to = Today() + days(1);
  phrase.partial = true;
  phrase.to_date = true;
  phrase.text = fmt::format("{} to {}", TimeName(from), TimeName(Today()));
  Add(std::move(phrase));
}

/// "first half of last year", "first week of March", "last 3 months of 2013", "first day of May".
void PeriodParser::PartOf(size_t at) {
  size_t next = at + (Word(at) == "the" ? 1 : 0);
  const bool first = Word(next) == "first";
  if (!first && Word(next) != "last" && Word(next) != "final") return;
  ++next;
  size_t used = 0;
  if (next >= tokens_.size()) return;
  const auto said = SmallNumber(tokens_.subspan(next), used, false);
  const int count = said.value_or(1);
  next += used;
  if (next >= tokens_.size() || count < 1 || count > 1000) return;
  const auto grain = ParseGrain(tokens_.subspan(next), used);
  if (!grain) return;
  next += used;
  if (Word(next) != "of" && Word(next) != "in") return;
  ++next;
  PeriodParser whole_parser(tokens_, context_, problems_);
  for (const TimePhrase& whole : whole_parser.At(next)) {
    if (!whole.unit || *whole.unit <= *grain || !whole.range.from || !whole.range.to) continue;
    LocalTime from = *whole.range.from;
    if (*grain == TimeGrain::kWeek && Floor(from, *grain) != from && !first) continue;  // Weeks do not fill months.
    if (!first) from = AddPeriods(*whole.range.to, *grain, -count);
    TimePhrase part = Make(next - at + whole.tokens, from, *grain, count, whole.named);
    if (*grain == TimeGrain::kWeek) part.unit = std::nullopt;
    part.text = fmt::format("{} to {}", TimeName(from), TimeName(*part.range.to - days(1)));
    part.assumption = fmt::format("read as {}", part.text);
    if (*part.range.to > *whole.range.to || from < *whole.range.from) continue;
    Add(std::move(part));
  }
}

void PeriodParser::Weekdays(size_t at) {
  bool plural = false;
  const auto weekday = WeekdayNamed(Word(at), plural);
  if (!weekday || plural) return;
  const size_t behind = at + (Word(at + 1) == "," ? 2 : 1);
  PeriodParser date_parser(tokens_, context_, problems_);  // "Monday 6 January 2025"
  if (behind < tokens_.size() && !WeekdayNamed(Word(behind), plural)) {
    for (TimePhrase& date : date_parser.At(behind)) {
      if (date.unit != TimeGrain::kDay || date.count != 1 || tokens_[behind].kind == TokenKind::kWord) continue;
      if (WeekdayOf(*date.range.from) != *weekday) {
        problems_.push_back(fmt::format("{} is no {}", date.text, Word(at)));
        return;
      }
      date.tokens += behind - at;
      Add(std::move(date));
    }
  }
  if (Word(at + 1) == "last" && Word(at + 2) == "week") {
    const LocalTime start = Floor(context_.now, TimeGrain::kWeek) - days(7 - (*weekday - 1));
    return Add(Make(3, start, TimeGrain::kDay, 1, true));
  }
  const int back = (WeekdayOf(context_.now) - *weekday + 7) % 7;
  TimePhrase phrase = Make(1, Today() - days(back), TimeGrain::kDay, 1, false);
  phrase.assumption = fmt::format("{} is the latest one: {}", Word(at), phrase.text);
  Add(std::move(phrase));
}

void PeriodParser::Holidays(size_t at) {
  const auto latest = [&](auto&& day_in, std::optional<int> year) {
    int chosen = year.value_or(YearOf(context_.now));
    if (!year && day_in(chosen) > context_.now) --chosen;
    return day_in(chosen);
  };
  const auto add = [&](size_t used, auto&& day_in) {
    const auto year = YearAt(at + used, used);
    TimePhrase phrase = Make(used, latest(day_in, year), TimeGrain::kDay, 1, year.has_value());
    phrase.assumption = fmt::format("read as {}", phrase.text);
    Add(std::move(phrase));
  };
  for (size_t length = 3; length >= 1; --length) {
    if (at + length > tokens_.size()) continue;
    std::string words;
    for (size_t i = 0; i < length; ++i) words += (i == 0 ? "" : " ") + Singular(tokens_[at + i].word);
    const std::string typed = JoinWords(tokens_.subspan(at, length));
    for (const FixedHoliday& holiday : kHolidays) {
      if (words == holiday.name || typed == holiday.name)
        add(length, [&](int year) { return DateStart(year, holiday.month, holiday.day); });
    }
    if (words == "thanksgiving") add(length, [](int year) { return Thanksgiving(year, 0); });
    if (words == "black friday") add(length, [](int year) { return Thanksgiving(year, 1); });
    if (words == "cyber monday") add(length, [](int year) { return Thanksgiving(year, 4); });
    if (words == "easter" || words == "easter sunday") add(length, [](int year) { return Easter(year); });
    for (const semantic::Holiday& holiday : context_.calendar.holidays) {
      if (Fold(holiday.name) != JoinWords(tokens_.subspan(at, length)) || holiday.date.size() != 10) continue;
      size_t used = length;
      const auto year = YearAt(at + length, used);
      const int own = std::stoi(holiday.date.substr(0, 4));
      if (year && *year != own) continue;
      const LocalTime start =
          DateStart(own, std::stoi(holiday.date.substr(5, 2)), std::stoi(holiday.date.substr(8, 2)));
      if (start <= context_.now || year) Add(Make(used, start, TimeGrain::kDay, 1, true));
    }
  }
}

}  // namespace neurolake::ask
