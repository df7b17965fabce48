#include <array>
#include <charconv>

#include "ask/language/words.h"
#include "ask/time/internal/periods.h"

namespace neurolake::ask {
namespace {

std::optional<int> ReadInt(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool IsYear(int value) { return value >= 1900 && value <= 2099; }
int CenturyOf(int two_digits) { return two_digits < 70 ? 2000 + two_digits : 1900 + two_digits; }

/// The numbers of "03/04/2024" and the like.
std::vector<int> Parts(std::string_view text) {
  std::vector<int> parts;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find_first_of("/.-", at), text.size());
    parts.push_back(ReadInt(text.substr(at, end - at)).value_or(-1));
    at = end + 1;
  }
  return parts;
}

}  // namespace

LocalTime PeriodParser::Today() const { return Floor(context_.now, TimeGrain::kDay); }

TimePhrase PeriodParser::Make(size_t tokens, LocalTime from, TimeGrain unit, int64_t count, bool named) const {
  TimePhrase phrase;
  phrase.tokens = tokens;
  const LocalTime to = AddPeriods(from, unit, count);
  phrase.range = {from, to};
  phrase.unit = unit;
  phrase.count = count;
  phrase.named = named;
  const LocalTime until = context_.data_until ? std::min(*context_.data_until, context_.now) : context_.now;
  phrase.partial = from <= until && until < to;
  phrase.future = from > context_.now;
  phrase.text = PeriodName(from, unit, context_.calendar);
  if (count != 1) {
    const LocalTime last = AddPeriods(from, unit, count - 1);
    phrase.text += " to " + PeriodName(last, unit, context_.calendar);
  }
  return phrase;
}

std::vector<TimePhrase> PeriodParser::At(size_t at, std::optional<int> year) {
  found_.clear();
  if (at >= tokens_.size()) return {};
  Dates(at);
  Years(at);
  FiscalYears(at);
  Months(at, year);
  Quarters(at, year);
  Weeks(at, year);
  Relative(at);
  Rolling(at);
  Ago(at);
  ToDate(at);
  Weekdays(at);
  Holidays(at);
  auto found = std::move(found_);
  found_.clear();
  PartOf(at);
  found.insert(found.end(), found_.begin(), found_.end());
  return found;
}

std::optional<int> PeriodParser::BareYear(size_t at) const {
  if (at >= tokens_.size()) return std::nullopt;
  const Token& token = tokens_[at];
  if (token.kind == TokenKind::kWord && token.word.size() == 3 && token.word[0] == '\'') {
    const auto short_year = ReadInt(std::string_view(token.word).substr(1));
    return short_year ? std::optional(CenturyOf(*short_year)) : std::nullopt;
  }
  if (token.kind != TokenKind::kNumber || token.word.size() != 4) return std::nullopt;
  const auto value = ReadInt(token.word);
  return value && IsYear(*value) ? value : std::nullopt;
}

std::optional<int> PeriodParser::FiscalYearAt(size_t at, size_t& used) const {
  const std::string_view word = Word(at);
  if (word.starts_with("fy") && word.size() >= 4) {
    const auto value = ReadInt(word.substr(2));
    if (!value || (word.size() != 4 && word.size() != 6)) return std::nullopt;
    used = 1;
    return word.size() == 4 ? CenturyOf(*value) : *value;
  }
  size_t next = at;
  if (word == "fy") next = at + 1;
  else if (word == "fiscal" || word == "financial") next = Word(at + 1) == "year" ? at + 2 : at + 1;
  else return std::nullopt;
  if (const auto year = BareYear(next)) {
    used = next + 1 - at;
    return year;
  }
  const auto short_year = next < tokens_.size() && Word(next).size() == 2 ? ReadInt(Word(next)) : std::nullopt;
  if (!short_year || word != "fy") return std::nullopt;
  used = next + 1 - at;
  return CenturyOf(*short_year);
}

std::optional<int> PeriodParser::YearAt(size_t at, size_t& used, bool* fiscal) const {
  size_t next = at;
  while (Word(next) == "," || Word(next) == "of" || Word(next) == "in" || Word(next) == "the" || Word(next) == "/" ||
         Word(next) == "year" || Word(next) == "-") {
    ++next;
  }
  std::optional<int> year = BareYear(next);
  size_t length = 1;
  if (!year && fiscal != nullptr) {
    year = FiscalYearAt(next, length);
    if (year) *fiscal = true;
  }
  if (!year && (Word(next) == "last" || Word(next) == "this" || Word(next) == "previous") && Word(next + 1) == "year") {
    year = YearOf(context_.now) - (Word(next) == "this" ? 0 : 1);
    length = 2;
  }
  if (!year) return std::nullopt;
  used += next + length - at;
  return year;
}

void PeriodParser::SlashDate(std::string_view text) {
  auto parts = Parts(text);
  if (parts.size() != 3) return;
  const bool dotted = text.find('.') != std::string_view::npos;
  const int year = parts[2] < 100 ? CenturyOf(parts[2]) : parts[2];
  const bool day_first = IsDate(year, parts[1], parts[0]);
  const bool month_first = !dotted && IsDate(year, parts[0], parts[1]);
  if (!day_first && !month_first) problems_.push_back(fmt::format("{} is no date", text));
  const bool differ = day_first && month_first && parts[0] != parts[1];
  for (const bool day : {true, false}) {
    if (day ? !day_first : !month_first || (day_first && !differ)) continue;
    TimePhrase phrase = Make(1, day ? DateStart(year, parts[1], parts[0]) : DateStart(year, parts[0], parts[1]),
                             TimeGrain::kDay, 1, true);
    if (differ) phrase.assumption = fmt::format("{} is read as {}", text, phrase.text);
    Add(std::move(phrase));
  }
}

void PeriodParser::Dates(size_t at) {
  const Token& token = tokens_[at];
  if (token.kind != TokenKind::kDate) return;
  const std::string& text = token.word;
  if (const size_t week = text.find('w'); week != std::string::npos) {
    const int year = ReadInt(text.substr(0, 4)).value_or(0);
    const int number = ReadInt(text.substr(week + 1)).value_or(0);
    if (number >= 1 && number <= IsoWeeksIn(year)) Add(Make(1, IsoWeekStart(year, number), TimeGrain::kWeek, 1, true));
    else problems_.push_back(fmt::format("{} has no week {}", year, number));
    return;
  }
  const auto parts = Parts(text);
  if (text.find_first_of("/.-") != 4) return SlashDate(text);
  const int day = parts.size() > 2 ? parts[2] : 1;
  if (!IsDate(parts[0], parts[1], day)) {
    problems_.push_back(fmt::format("{} is no date", text));
    return;
  }
  Add(Make(1, DateStart(parts[0], parts[1], day), parts.size() > 2 ? TimeGrain::kDay : TimeGrain::kMonth, 1, true));
}

void PeriodParser::Years(size_t at) {
  const bool said = Word(at) == "year" || (Word(at) == "calendar" && Word(at + 1) == "year");
  const size_t lead = !said ? 0 : Word(at) == "year" ? 1 : 2;
  if (const auto year = BareYear(at + lead)) {
    Add(Make(lead + 1, DateStart(*year, 1, 1), TimeGrain::kYear, 1, true));
    if (Word(at + lead + 1) == "-" && tokens_.size() > at + lead + 2) {  // 2013-14
      const auto second = Word(at + lead + 2).size() == 2 ? ReadInt(Word(at + lead + 2)) : std::nullopt;
      if (second && CenturyOf(*second) > *year) {
        Add(Make(lead + 3, DateStart(*year, 1, 1), TimeGrain::kYear, CenturyOf(*second) - *year + 1, true));
      }
    }
  }
  const std::string_view word = Word(at);
  if (word.size() == 5 && word.ends_with("0s")) {
    if (const auto decade = ReadInt(word.substr(0, 4)); decade && IsYear(*decade)) {
      Add(Make(1, DateStart(*decade, 1, 1), TimeGrain::kYear, 10, true));
    }
  }
}

void PeriodParser::FiscalYears(size_t at) {
  size_t used = 0;
  if (const auto year = FiscalYearAt(at, used)) {
    if (!IsYear(*year)) return;
    TimePhrase phrase = Make(used, FiscalYearStart(*year, context_.calendar), TimeGrain::kFiscalYear, 1, true);
    phrase.assumption = fmt::format("{} is {} to {}", phrase.text, TimeName(*phrase.range.from),
                                    TimeName(*phrase.range.to - std::chrono::days(1)));
    Add(std::move(phrase));
  }
}

void PeriodParser::Months(size_t at, std::optional<int> year_given) {
  // "May 5th, 2013", "May 2013", "5 May 2013", "the 5th of May".
  size_t start = at;
  while (Word(start) == "the" || (Word(start) == "month" && Word(start + 1) == "of"))
    start += Word(start) == "the" ? 1 : 2;
  std::optional<int> month = MonthNamed(Word(start));
  std::optional<int> day;
  size_t used = start + 1 - at;
  if (month) {
    size_t number_used = 0;
    const size_t lead = Word(start + 1) == "the" ? 2 : 1;
    if (start + lead < tokens_.size()) {
      auto number = SmallNumber(tokens_.subspan(start + lead), number_used, false);
      if (!number) number = SmallNumber(tokens_.subspan(start + lead), number_used, true);
      const bool of_units =
          number && ParseGrain(tokens_.subspan(std::min(start + lead + number_used, tokens_.size())), number_used);
      if (number && *number >= 1 && *number <= 31 && !of_units && tokens_[start + lead].word.size() <= 6) {
        day = number;
        used += lead - 1 + 1;
      }
    }
  } else {
    size_t number_used = 0;
    const auto rest = tokens_.subspan(std::min(start, tokens_.size()));
    auto number = SmallNumber(rest, number_used, true);
    if (!number && !rest.empty() && rest[0].kind == TokenKind::kNumber) number = SmallNumber(rest, number_used, false);
    size_t next = start + number_used;
    if (Word(next) == "of") ++next;
    month = number ? MonthNamed(Word(next)) : std::nullopt;
    if (!month || *number < 1 || *number > 31) return;
    day = number;
    used = next + 1 - at;
  }
  size_t with_year = used;
  std::optional<int> year = YearAt(at + used, with_year);
  const bool named = year.has_value();
  if (named) used = with_year;
  if (!year) year = year_given;
  if (!year) {
    year = YearOf(context_.now);
    const bool ahead =
        *month > MonthOf(context_.now) || (day && *month == MonthOf(context_.now) && IsDate(*year, *month, *day) &&
                                           DateStart(*year, *month, *day) > context_.now);
    if (ahead) --*year;
  }
  if (day && !IsDate(*year, *month, *day)) {
    const std::string name = PeriodName(DateStart(*year, *month, 1), TimeGrain::kMonth, context_.calendar);
    problems_.push_back(fmt::format("{} has no day {}", name, *day));
    return;
  }
  TimePhrase phrase = day ? Make(used, DateStart(*year, *month, *day), TimeGrain::kDay, 1, named)
                          : Make(used, DateStart(*year, *month, 1), TimeGrain::kMonth, 1, named);
  if (!named) phrase.assumption = fmt::format("no year was said: {}", phrase.text);
  const int recent = YearOf(context_.now);
  const bool is_year = MonthNamed(Word(start)) && day && !named && Word(start + 1).size() == 2 &&
                       tokens_[start + 1].kind == TokenKind::kNumber && 2000 + *day <= recent &&
                       2000 + *day >= recent - 5;
  if (is_year) {  // "June 24": of the 24th, or of 2024?
    TimePhrase whole = Make(used, DateStart(2000 + *day, *month, 1), TimeGrain::kMonth, 1, true);
    whole.assumption = fmt::format("{} is read as {}", JoinWords(tokens_.subspan(start, 2)), whole.text);
    Add(std::move(whole));
  }
  Add(std::move(phrase));
}

void PeriodParser::AddQuarter(size_t used, int quarter, std::optional<int> year, bool fiscal) {
  const bool named = year.has_value();
  if (fiscal) {
    const int number = year.value_or(FiscalYearOf(context_.now, context_.calendar));
    LocalTime start = AddPeriods(FiscalYearStart(number, context_.calendar), TimeGrain::kMonth, 3 * (quarter - 1));
    if (!named && start > context_.now) start = AddPeriods(start, TimeGrain::kYear, -1);
    TimePhrase phrase = Make(used, start, TimeGrain::kFiscalQuarter, 1, named);
    phrase.assumption =
        fmt::format("{} is {} to {}", phrase.text, TimeName(start), TimeName(*phrase.range.to - std::chrono::days(1)));
    return Add(std::move(phrase));
  }
  LocalTime start = DateStart(year.value_or(YearOf(context_.now)), 3 * quarter - 2, 1);
  if (!named && start > context_.now) start = AddPeriods(start, TimeGrain::kYear, -1);
  TimePhrase phrase = Make(used, start, TimeGrain::kQuarter, 1, named);
  if (!named) phrase.assumption = fmt::format("no year was said: {}", phrase.text);
  Add(std::move(phrase));
}

void PeriodParser::Quarters(size_t at, std::optional<int> year_given) {
  const std::string_view word = Word(at);
  std::optional<int> year;
  bool fiscal = false;
  size_t used = 0;
  size_t next = at;
  if (word.size() == 6 && word[4] == 'q' && ReadInt(word.substr(0, 4))) {  // 2013q3
    return AddQuarter(1, word[5] - '0', ReadInt(word.substr(0, 4)), false);
  }
  if (BareYear(at) && Word(at + 1) != "") {  // 2024 Q3
    year = BareYear(at);
    next = at + 1;
    if (Word(next) == "-") ++next;
  }
  if (Word(next) == "fiscal") {
    fiscal = true;
    ++next;
  }
  const std::string_view q = Word(next);
  std::optional<int> number;
  bool half = false;
  if (q.size() == 2 && (q[0] == 'q' || q[0] == 'h') && q[1] >= '1' && q[1] <= '9') {
    number = q[1] - '0';
    half = q[0] == 'h';
    used = next + 1 - at;
  } else if (q == "quarter" || q == "quartal") {
    size_t number_used = 0;
    number = next + 1 < tokens_.size() && !BareYear(next + 1)
                 ? SmallNumber(tokens_.subspan(next + 1), number_used, false)
                 : std::nullopt;  // "per quarter 2024"
    used = next + 1 + number_used - at;
  } else {
    if (Word(next) == "the") ++next;
    size_t number_used = 0;
    number = next < tokens_.size() ? SmallNumber(tokens_.subspan(next), number_used, true) : std::nullopt;
    if (Word(next) == "last" && Word(next + 2) == "of") {
      number = Word(next + 1) == "quarter" ? 4 : 2;
      number_used = 1;
    }
    if (!number || (next < tokens_.size() && tokens_[next].kind == TokenKind::kNumber)) return;
    next += number_used;
    if (Word(next) == "fiscal") {
      fiscal = true;
      ++next;
    }
    if (Word(next) != "quarter" && Word(next) != "half") return;
    half = Word(next) == "half";
    used = next + 1 - at;
  }
  if (!number) return;
  if (*number < 1 || *number > (half ? 2 : 4)) {
    if (!half) problems_.push_back(fmt::format("there is no quarter {}", *number));
    return;
  }
  if (!year) year = YearAt(at + used, used, &fiscal);
  const bool short_year = !year && q.size() == 2 && at + used < tokens_.size() &&
                          tokens_[at + used].kind == TokenKind::kNumber && Word(at + used).size() == 2;
  if (short_year) year = CenturyOf(ReadInt(Word(at + used++)).value_or(0));
  if (!year) year = year_given;
  if (!half) return AddQuarter(used, *number, year, fiscal);
  LocalTime start =
      fiscal ? FiscalYearStart(year.value_or(FiscalYearOf(context_.now, context_.calendar)), context_.calendar)
             : DateStart(year.value_or(YearOf(context_.now)), 1, 1);
  start = AddPeriods(start, TimeGrain::kMonth, 6 * (*number - 1));
  if (!year && start > context_.now) start = AddPeriods(start, TimeGrain::kYear, -1);
  TimePhrase phrase = Make(used, start, TimeGrain::kMonth, 6, year.has_value());
  if (!year) phrase.assumption = fmt::format("no year was said: {}", phrase.text);
  Add(std::move(phrase));
}

void PeriodParser::Weeks(size_t at, std::optional<int> year_given) {
  size_t next = at;
  std::optional<int> year;
  if (BareYear(at) && (Word(at + 1).starts_with('w') || Word(at + 1) == "cw" || Word(at + 1) == "kw")) {
    year = BareYear(at);
    ++next;
  }
  if (Word(next) == "calendar" || Word(next) == "iso") ++next;
  const std::string_view word = Word(next);
  std::optional<int> number;
  size_t used = 0;
  if (word == "week" || word == "cw" || word == "kw" || word == "woche") {
    number = ReadInt(Word(next + 1));
    used = next + 2 - at;
  } else {
    const size_t letters = word.starts_with("cw") || word.starts_with("kw") ? 2 : word.starts_with('w') ? 1 : 0;
    if (letters == 0 || word.size() > letters + 2) return;
    number = ReadInt(word.substr(letters));
    used = next + 1 - at;
  }
  if (!number || *number > 99) return;
  if (!year) year = YearAt(at + used, used);
  const bool named = year.has_value();
  if (!year) year = year_given;
  if (!year && *number == 53 && IsoWeeksIn(IsoWeekOf(context_.now).first - 1) < 53 &&
      IsoWeeksIn(IsoWeekOf(context_.now).first) < 53) {
    problems_.push_back("neither this year nor the last has a week 53; say the year");
    return;
  }
  if (!year) {
    year = IsoWeekOf(context_.now).first;
    // The latest such week that has begun; week 53 is not in every year.
    while (*number <= 53 && *number >= 1 &&
           (*number > IsoWeeksIn(*year) || IsoWeekStart(*year, *number) > context_.now))
      --*year;
  }
  if (*number < 1 || *number > IsoWeeksIn(*year)) {
    problems_.push_back(fmt::format("{} has no week {}", *year, *number));
    return;
  }
  TimePhrase phrase = Make(used, IsoWeekStart(*year, *number), TimeGrain::kWeek, 1, named);
  if (!named) phrase.assumption = fmt::format("no year was said: {}", phrase.text);
  Add(std::move(phrase));
}

}  // namespace neurolake::ask
