#include <array>
#include <charconv>

#include "ask/language/words.h"
#include "ask/time/internal/periods.h"

namespace neurolake::ask {
namespace {

struct Named {
  std::string_view name;
  int value;
};

constexpr std::array<Named, 47> kMonthNames{
    {{"january", 1},   {"jan", 1},       {"januar", 1},    {"janvier", 1},   {"february", 2},  {"feb", 2},
     {"februar", 2},   {"fevrier", 2},   {"march", 3},     {"mar", 3},       {"marz", 3},      {"mars", 3},
     {"april", 4},     {"apr", 4},       {"avril", 4},     {"may", 5},       {"mai", 5},       {"june", 6},
     {"jun", 6},       {"juni", 6},      {"juin", 6},      {"july", 7},      {"jul", 7},       {"juli", 7},
     {"juillet", 7},   {"august", 8},    {"aug", 8},       {"aout", 8},      {"september", 9}, {"sep", 9},
     {"sept", 9},      {"septembre", 9}, {"october", 10},  {"oct", 10},      {"oktober", 10},  {"octobre", 10},
     {"november", 11}, {"nov", 11},      {"novembre", 11}, {"december", 12}, {"dec", 12},      {"dezember", 12},
     {"decembre", 12}, {"janury", 1},    {"febuary", 2},   {"feburary", 2},  {"septemer", 9}}};
constexpr std::array<Named, 16> kWeekdayNames{{{"monday", 1},
                                               {"mon", 1},
                                               {"tuesday", 2},
                                               {"tue", 2},
                                               {"tues", 2},
                                               {"wednesday", 3},
                                               {"wed", 3},
                                               {"thursday", 4},
                                               {"thu", 4},
                                               {"thur", 4},
                                               {"thurs", 4},
                                               {"friday", 5},
                                               {"fri", 5},
                                               {"saturday", 6},
                                               {"sunday", 7},
                                               {"montag", 1}}};
constexpr std::array<std::pair<std::string_view, TimeGrain>, 27> kGrainNames{
    {{"second", TimeGrain::kSecond}, {"minute", TimeGrain::kMinute},   {"min", TimeGrain::kMinute},
     {"hour", TimeGrain::kHour},     {"day", TimeGrain::kDay},         {"date", TimeGrain::kDay},
     {"week", TimeGrain::kWeek},     {"wk", TimeGrain::kWeek},         {"month", TimeGrain::kMonth},
     {"mth", TimeGrain::kMonth},     {"quarter", TimeGrain::kQuarter}, {"qtr", TimeGrain::kQuarter},
     {"year", TimeGrain::kYear},     {"yr", TimeGrain::kYear},         {"tag", TimeGrain::kDay},
     {"tage", TimeGrain::kDay},      {"woche", TimeGrain::kWeek},      {"wochen", TimeGrain::kWeek},
     {"monat", TimeGrain::kMonth},   {"monate", TimeGrain::kMonth},    {"quartal", TimeGrain::kQuarter},
     {"jahr", TimeGrain::kYear},     {"jahre", TimeGrain::kYear},      {"mois", TimeGrain::kMonth},
     {"annum", TimeGrain::kYear},    {"wek", TimeGrain::kWeek},        {"mnth", TimeGrain::kMonth}}};

template <size_t N>
std::optional<int> Look(const std::array<Named, N>& names, std::string_view word) {
  for (const Named& entry : names) {
    if (entry.name == word) return entry.value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int> MonthNamed(std::string_view word) { return Look(kMonthNames, word); }

std::optional<int> WeekdayNamed(std::string_view word, bool& plural) {
  plural = false;
  if (const auto day = Look(kWeekdayNames, word)) return day;
  if (word.size() < 6 || !word.ends_with('s')) return std::nullopt;
  plural = true;
  return Look(kWeekdayNames, word.substr(0, word.size() - 1));
}

std::optional<int> SmallNumber(std::span<const Token> tokens, size_t& used, bool ordinal) {
  const auto number = ParseNumber(tokens);
  if (!number || number->ordinal != ordinal || number->unit != NumberUnit::kNone || number->value < 0 ||
      number->value > 100'000 || number->value != static_cast<int>(number->value)) {
    return std::nullopt;
  }
  used = number->tokens;
  return static_cast<int>(number->value);
}

std::optional<TimeGrain> ParseGrain(std::span<const Token> tokens, size_t& used) {
  if (tokens.empty()) return std::nullopt;
  const std::string word = Singular(tokens[0].word);
  const auto look = [](std::string_view name) -> std::optional<TimeGrain> {
    for (const auto& [known, grain] : kGrainNames) {
      if (known == name) return grain;
    }
    return std::nullopt;
  };
  const bool fiscal = word == "fiscal" || word == "financial";
  const bool calendar = word == "calendar" || word == "iso";
  if ((fiscal || calendar) && tokens.size() > 1) {
    const auto grain = look(Singular(tokens[1].word));
    if (!grain || (fiscal && *grain != TimeGrain::kYear && *grain != TimeGrain::kQuarter)) return std::nullopt;
    used = 2;
    if (!fiscal) return grain;
    return *grain == TimeGrain::kYear ? TimeGrain::kFiscalYear : TimeGrain::kFiscalQuarter;
  }
  const auto grain = look(word);
  if (grain) used = 1;
  return grain;
}

std::optional<TimeGrain> ParseGrainAdverb(std::string_view word) {
  if (word == "hourly") return TimeGrain::kHour;
  if (word == "daily") return TimeGrain::kDay;
  if (word == "weekly") return TimeGrain::kWeek;
  if (word == "monthly") return TimeGrain::kMonth;
  if (word == "quarterly") return TimeGrain::kQuarter;
  if (word == "yearly" || word == "annually" || word == "annual") return TimeGrain::kYear;
  return std::nullopt;
}

std::optional<TimePartPhrase> ParseTimePart(std::span<const Token> tokens) {
  const auto word = [&](size_t at) {
    return at < tokens.size() ? std::string_view(tokens[at].word) : std::string_view();
  };
  if (auto hours = ParseHours(tokens)) return hours;
  size_t at = 0;
  while (word(at) == "on" || word(at) == "at" || word(at) == "the" || word(at) == "in" || word(at) == "during" ||
         word(at) == "over")
    ++at;
  const bool every = word(at) == "every" || word(at) == "each" || word(at) == "all";
  if (every) ++at;
  bool plural = false;
  if (word(at) == "weekends" || word(at) == "weekend") {
    if (at > 0 || word(at) == "weekends") return TimePartPhrase{at + 1, TimePart::kDayOfWeek, {6, 7}, "weekends"};
    return std::nullopt;
  }
  if (word(at) == "weekdays" || (word(at) == "working" && word(at + 1) == "days")) {
    const size_t used = word(at) == "weekdays" ? 1 : 2;
    return TimePartPhrase{at + used, TimePart::kDayOfWeek, {1, 2, 3, 4, 5}, "Monday to Friday"};
  }
  const auto day = WeekdayNamed(word(at), plural);
  if (day && (plural || every)) {
    TimePartPhrase phrase{at + 1, TimePart::kDayOfWeek, {*day}, std::string(word(at))};
    while (word(phrase.tokens) == "and" || word(phrase.tokens) == "," || word(phrase.tokens) == "or") {
      bool next_plural = false;
      const auto next = WeekdayNamed(word(phrase.tokens + 1), next_plural);
      if (!next || !next_plural) break;
      phrase.values.push_back(*next);
      phrase.text += " and " + std::string(word(phrase.tokens + 1));
      phrase.tokens += 2;
    }
    std::sort(phrase.values.begin(), phrase.values.end());
    return phrase;
  }
  if (const auto month = MonthNamed(word(at)); month && every) {
    return TimePartPhrase{at + 1, TimePart::kMonthOfYear, {*month}, "every " + std::string(word(at))};
  }
  return std::nullopt;
}

}  // namespace neurolake::ask
