#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ask/intent/intent.h"
#include "ask/language/token.h"
#include "ask/link/linker.h"
#include "ask/time/time_phrase.h"
#include "common/result.h"

namespace neurolake::ask {

/// What a question says in so many words: its numbers, times, values, names and negations. What somebody else made of
/// it is held against these, so that a reading cannot bring in anything of its own, nor drop what was said.
class QuestionFacts {
 public:
  /// Errors: kInvalidArgument as Tokenize. Borrows nothing afterwards but `values`, which may be null.
  static Result<QuestionFacts> Of(std::string_view question, const semantic::SemanticModel& model,
                                  const ValueIndex* values, const TimeContext& time);

  /// What of `intent` stands nowhere in the question, in the principal's values or on the calendar; nullopt: nothing.
  /// Values that the question says in other letters are put as the data has them. The text names the part of the intent
  /// and repeats nothing that the intent says.
  std::optional<std::string> Ground(Intent& intent) const;

  /// What the question says and `intent`, which was grounded, has no use for: for people. Such an intent may still be
  /// right, and somebody has to say so.
  std::vector<std::string> Doubts(const Intent& intent) const;

  /// All that words of it may mean in the model.
  const std::vector<Link>& links() const { return links_; }

 private:
  struct Number {
    size_t begin = 0;
    size_t end = 0;
    double value = 0;
    bool percent = false;
  };
  struct Time {
    size_t begin = 0;
    size_t end = 0;
    std::vector<TimePhrase> readings;
  };

  QuestionFacts(std::vector<Token> tokens, const semantic::SemanticModel& model, const ValueIndex* values,
                const TimeContext& time);
  void FindTimes(const TimeContext& time);
  void FindNumbers();
  bool SaysNumber(double number) const;
  bool SaysInstant(LocalTime time) const;
  bool SaysRange(const TimeRange& range) const;
  bool Names(const FieldRef& field) const;
  bool SaysWords(std::string_view text) const;
  std::optional<std::string> GroundFilters(std::vector<FilterGroup>& groups) const;
  std::optional<std::string> GroundText(Filter& filter, std::string& text) const;
  std::optional<std::string> GroundShape(const Intent& intent) const;
  bool Covers(const Time& time, size_t begin, size_t end) const { return time.begin <= begin && end <= time.end; }
  void DoubtTimes(const Intent& intent, std::vector<std::string>& doubts) const;
  void DoubtNumbers(const Intent& intent, std::vector<std::string>& doubts) const;
  void DoubtShape(const Intent& intent, std::vector<std::string>& doubts) const;
  void DoubtNames(const Intent& intent, std::vector<std::string>& doubts) const;
  std::string Words(size_t begin, size_t end) const;

  std::vector<Token> tokens_;
  std::string padded_;  ///< The words, a blank around each.
  const semantic::SemanticModel& model_;
  const ValueIndex* values_;
  std::vector<Link> links_;
  std::vector<Number> numbers_;
  std::vector<Time> times_;
};

}  // namespace neurolake::ask
