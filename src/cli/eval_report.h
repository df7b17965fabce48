#pragma once
#include <map>
#include <string>
#include <vector>

#include "cli/eval_questions.h"

namespace neurolake::cli {

enum class Outcome : uint8_t {
  kRight,        ///< Answered as a gold query does; or refused, or asked back, where that was right.
  kNotAnswered,  ///< Refused or asked back where an answer was expected.
  kWrong,        ///< Another answer than any gold query's, or one where none was to be given.
  kNotScored,    ///< A gold query did not run.
};

/// What answering took: what the queries were predicted to read, and what models were paid.
struct EvalCost {
  size_t predicted = 0;  ///< Answers with a prediction: where a policy hides it, there is none.
  int64_t bytes = 0;
  int64_t rows = 0;  ///< Of those whose rows were predicted.
  int64_t files = 0;
  int64_t model_calls = 0;
  int64_t model_tokens = 0;  ///< In and out.
  double dollars = 0;

  void Add(const EvalCost& other);
};

/// What a question came to.
struct ScoredQuestion {
  const EvalQuestion* question = nullptr;
  Outcome outcome = Outcome::kNotAnswered;
  std::string status;  ///< "answered", "clarify", "abstained"; "failed" where asking failed.
  double confidence = 0;
  double milliseconds = 0;
  std::string said;  ///< The answer's sentence, or the reason.
  std::string sql;
  std::string problem;  ///< Of kNotScored.
  EvalCost cost = {};
};

/// Counts of one class of questions, and the shares that are reported (docs/ask.md, "Measuring").
struct EvalSums {
  size_t questions = 0, to_answer = 0, answered_right = 0, answered = 0, wrong = 0, to_refuse = 0, refused_right = 0;
  EvalCost cost = {};

  void Add(const ScoredQuestion& scored);
  double accuracy() const;
  double coverage() const;
  double silently_wrong() const;
  double refusals() const;
};

/// One model's results.
struct EvalReport {
  std::string model;
  bool is_inferred = false;
  std::vector<ScoredQuestion> scored;

  EvalSums all() const;
  std::map<std::string, EvalSums> by_kind() const;
  /// Of the questions' times, 0 to 1.
  double quantile_milliseconds(double share) const;
  /// Mean distance of confidence and share of right answers, over ten classes of confidence, weighted by answers.
  double calibration_error() const;
};

/// "1.2 MiB": bytes for people.
std::string BytesText(int64_t bytes);

/// A line on what all of it took.
std::string CostLine(const EvalCost& cost);

/// Rows of the table that is printed, a class a line, "all" the last.
std::vector<std::vector<std::string>> LinesOf(const EvalReport& report, bool names_model);

/// Everything, as JSON: docs/ask.md, "Measuring".
std::string ReportJson(const std::vector<EvalReport>& reports);

std::string_view OutcomeName(Outcome outcome);

}  // namespace neurolake::cli
