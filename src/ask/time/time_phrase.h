#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ask/intent/intent.h"
#include "ask/language/token.h"
#include "ask/time/calendar.h"

namespace neurolake::ask {

/// What times are read against.
struct TimeContext {
  LocalTime now;  ///< The caller's clock in the caller's zone.
  semantic::Calendar calendar = {};
  std::optional<LocalTime> data_until = std::nullopt;  ///< The last instant the data tells of, if that is known.
};

/// One reading of a phrase such as "last month" or "between March 1 and 15".
struct TimePhrase {
  size_t tokens = 0;  ///< How many it took.
  TimeRange range = {};
  /// The period it names, if it is `count` whole ones of a grain ("last 3 months": 3 x kMonth); what "the previous
  /// period" of it is.
  std::optional<TimeGrain> unit = std::nullopt;
  int64_t count = 1;
  double cost = 0;
  std::string text = {};        ///< In plain words: "March 2024".
  std::string assumption = {};  ///< What was decided and could be otherwise; empty: nothing.
  bool partial = false;         ///< Its last period is not over yet.
  bool future = false;          ///< Lies after now as a whole.
  bool to_date = false;         ///< From a period's start to now.
  bool named = false;           ///< Says its year.
  /// Of "from A to B" and "between A and B": A and B, where a change between the two may be meant.
  std::vector<TimePhrase> ends = {};
  bool at_end = false;      ///< "at the end of": of what is a level, not a sum.
  bool connective = false;  ///< Began with since, before, from, between, in and the like.
};

/// A recurring part of time: "on Mondays", "at weekends", "between 8 and 10 am", "every January".
struct TimePartPhrase {
  size_t tokens = 0;
  TimePart part = TimePart::kDayOfWeek;
  std::vector<int64_t> values = {};
  std::string text = {};
};

/// Readings of the phrases that start at `tokens[0]`, longest first; several where a phrase is ambiguous (03/04/2024).
/// `problems` gets a sentence for each thing that looks like a time and is none ("2023 has no week 53").
/// Pure; at most some dozens of readings.
std::vector<TimePhrase> ParseTime(std::span<const Token> tokens, const TimeContext& context,
                                  std::vector<std::string>& problems);

std::optional<TimePartPhrase> ParseTimePart(std::span<const Token> tokens);

/// "month", "months", "mth": the grain a word means; "fiscal year" takes two words, for which `tokens` is set.
std::optional<TimeGrain> ParseGrain(std::span<const Token> tokens, size_t& used);

/// "monthly" and so on.
std::optional<TimeGrain> ParseGrainAdverb(std::string_view word);

}  // namespace neurolake::ask
