#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ask/time/time_phrase.h"

namespace neurolake::ask {

/// Reads phrases that name one period or a row of periods, without "since", "between" and the like.
class PeriodParser {
 public:
  PeriodParser(std::span<const Token> tokens, const TimeContext& context, std::vector<std::string>& problems)
      : tokens_(tokens), context_(context), problems_(problems) {}

  /// All periods that begin at token `at`. With `year`, months and days that name none are of that year.
  std::vector<TimePhrase> At(size_t at, std::optional<int> year = std::nullopt);

 private:
  std::string_view Word(size_t at) const { return at < tokens_.size() ? std::string_view(tokens_[at].word) : ""; }
  bool IsPunctuation(size_t at, std::string_view symbol) const { return Word(at) == symbol; }
  LocalTime Today() const;
  LocalTime Floor(LocalTime time, TimeGrain grain) const { return FloorTo(time, grain, context_.calendar); }
  TimePhrase Make(size_t tokens, LocalTime from, TimeGrain unit, int64_t count, bool named) const;
  void Add(TimePhrase phrase) { found_.push_back(std::move(phrase)); }

  void Dates(size_t at);
  void SlashDate(std::string_view text);
  void Years(size_t at);
  void FiscalYears(size_t at);
  void Months(size_t at, std::optional<int> year);
  void Quarters(size_t at, std::optional<int> year);
  void Weeks(size_t at, std::optional<int> year);
  void Relative(size_t at);
  void RelativeUnit(size_t at, int direction, size_t used);
  void Rolling(size_t at);
  void Ago(size_t at);
  void ToDate(size_t at);
  void PartOf(size_t at);
  void Weekdays(size_t at);
  void Holidays(size_t at);
  void AddQuarter(size_t used, int quarter, std::optional<int> year, bool fiscal);
  /// A year at `at` with "of", "," or nothing before it; `used` grows by its tokens.
  std::optional<int> YearAt(size_t at, size_t& used, bool* fiscal = nullptr) const;
  std::optional<int> BareYear(size_t at) const;
  std::optional<int> FiscalYearAt(size_t at, size_t& used) const;

  std::span<const Token> tokens_;
  const TimeContext& context_;
  std::vector<std::string>& problems_;
  std::vector<TimePhrase> found_;
};

/// 1 to 12 for a month's name in English, German or French; `shortened` tells an abbreviation.
std::optional<int> MonthNamed(std::string_view word);
/// 1 (Monday) to 7; `plural` is set for "Mondays".
std::optional<int> WeekdayNamed(std::string_view word, bool& plural);
/// Hours of the day: "between 8 and 10 am", "after 18:00", "at 3 pm", "before noon". Whole hours with a sign that it is
/// the clock's; from the first to before the last.
std::optional<TimePartPhrase> ParseHours(std::span<const Token> tokens);
/// A small number in digits or words; with suffix or ordinal words only if `ordinal`.
std::optional<int> SmallNumber(std::span<const Token> tokens, size_t& used, bool ordinal);

}  // namespace neurolake::ask
