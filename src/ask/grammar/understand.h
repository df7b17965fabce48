#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ask/intent/intent.h"
#include "ask/link/linker.h"
#include "ask/time/time_phrase.h"
#include "common/result.h"

namespace neurolake::ask {

/// One thing that a question can mean.
struct Reading {
  Intent intent = {};                         ///< As Canonical gives it.
  double confidence = 0;                      ///< 0 to 1; calibrated by tests, see docs/ask-questions.md.
  std::string text = {};                      ///< In plain words: "revenue by country, March 2024".
  std::vector<std::string> assumptions = {};  ///< What was decided and could be otherwise.
  bool follow_up = false;                     ///< It changes the question before.
};

enum class Status : uint8_t { kAnswered, kClarify, kAbstained };

/// What came of a question.
struct Understanding {
  Status status = Status::kAbstained;
  std::vector<Reading> readings = {};     ///< One if answered, two to four to choose from, none if abstained.
  std::string reason = {};                ///< Of kAbstained, and of kClarify: what is open.
  std::vector<std::string> nearest = {};  ///< Of kAbstained: up to three questions that can be answered.
};

/// When a reading is good enough.
struct Thresholds {
  double answer = 0.55;  ///< Confidence below this is no answer.
  double margin = 0.08;  ///< The second reading, if it means something else, is at least so much less sure.
};

/// How often a member of the model was asked for, from 0 to 1; breaks near ties. May be null.
using Usage = std::function<double(std::string_view member)>;

/// Reads questions over one model and one principal's values. Immutable and thread-safe (if the linker's functions
/// are).
class Understander {
 public:
  /// Borrows both.
  Understander(const semantic::SemanticModel& model, const Linker& linker, Thresholds thresholds = {},
               Usage usage = nullptr)
      : model_(model), linker_(linker), thresholds_(thresholds), usage_(std::move(usage)) {}

  /// What `question` means at `time`. `previous` is the intent of the question before in the conversation, or null.
  /// Every word is accounted for: what is neither part of a phrase nor empty of meaning makes it abstain.
  /// Errors: kInvalidArgument as Tokenize. Never fails otherwise; the same arguments give the same result.
  /// Cost: some milliseconds. Source: docs/ask-questions.md
  Result<Understanding> Understand(std::string_view question, const TimeContext& time,
                                   const Intent* previous = nullptr) const;

 private:
  /// One wording. `settled`: no other wording would be read.
  Understanding Read(std::vector<Token> tokens, const TimeContext& time, const Intent* previous, bool& settled) const;

  const semantic::SemanticModel& model_;
  const Linker& linker_;
  Thresholds thresholds_;
  Usage usage_;
};

/// An intent in plain words, all of it: two intents that differ have texts that differ.
std::string Restate(const Intent& intent, const semantic::SemanticModel& model);

/// Up to three questions that the model can answer, nearest to `words` first.
std::vector<std::string> NearestQuestions(const semantic::SemanticModel& model, const std::vector<std::string>& words);

}  // namespace neurolake::ask
