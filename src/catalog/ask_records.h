#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::catalog {

/// Whose conversations are whose: who asks, for whom an agent does, and within which limits of a token.
std::string AskOwner(const Principal& principal);

struct ConversationRecord {
  std::string id;
  WallTime started;
  WallTime updated;  ///< Of its last question.
  int64_t questions = 0;
  std::string first_question;
};

/// One question of a conversation and what it came to. What its answer was is not kept.
struct AskedQuestion {
  std::string id;
  std::string conversation_id;
  std::string question;  ///< Empty where an intent was run that nobody put into words.
  std::string intent;    ///< JSON (docs/formats/intent.md); empty: it came to none.
  std::string as_of;     ///< "Today" of it, as SQL writes a time.
  std::string status;    ///< "answered", "clarify" or "abstained".
  std::string model;
  std::string model_version;
  bool follows = false;  ///< It changed the question before it.
  WallTime asked;
};

/// What somebody said of an answer, and what came of that. One approved is a verified question.
struct AskFeedback {
  std::string id;
  std::string question_id;
  std::string model;
  std::string verdict;  ///< "correct", "wrong" or "corrected".
  std::string state;    ///< "open", "approved" or "rejected".
  std::string given_by;
  std::string given_by_id;
  WallTime given;
  std::string decided_by;  ///< Empty while it is open.
  std::optional<WallTime> decided;
  std::string question;
  std::string intent;   ///< What the answer was made of; JSON or empty.
  std::string as_of;    ///< "Today" of `intent` and `meant`.
  std::string meant;    ///< The intent that is right, JSON; of "correct" the same as `intent`; empty: nobody said.
  std::string comment;  ///< What was said besides: words, or SQL that nobody runs.
};

/// Questions in plain language, kept for those who asked them, and feedback, kept for who reviews it. What people wrote
/// is encrypted in the store, under a key beside it. Thread-safe. Errors of every call: those of the store and of the
/// key's file.
class AskRecords {
 public:
  static constexpr int64_t kConversationsMax = 1'000;  ///< Of one owner; the one used longest ago makes room.
  static constexpr int64_t kQuestionsMax = 1'000;      ///< Of one conversation.
  static constexpr int64_t kOpenFeedbackMax = 1'000;   ///< Of one principal, not decided on.
  static constexpr int64_t kVerifiedMax = 10'000;      ///< Of one model.
  virtual ~AskRecords() = default;

  /// Returns the id of a new conversation.
  virtual Result<std::string> BeginConversation(const std::string& owner, WallTime at) = 0;
  /// Keeps `question` under its id, in the place of one of its conversation that has it, or under a new one where it
  /// has none. Returns the id. Errors: kNotFound for a conversation that is not there or not the owner's, alike;
  /// kInvalidArgument for one that has kQuestionsMax.
  virtual Result<std::string> AddQuestion(const std::string& owner, AskedQuestion question) = 0;
  /// Latest used first.
  virtual Result<std::vector<ConversationRecord>> ListConversations(const std::string& owner, int64_t limit) = 0;
  /// In order. Errors: kNotFound, as AddQuestion.
  virtual Result<std::vector<AskedQuestion>> ReadConversation(const std::string& owner, const std::string& id) = 0;
  /// Of all its conversations, the latest first.
  virtual Result<std::vector<AskedQuestion>> ListQuestions(const std::string& owner, int64_t limit, int64_t offset) = 0;
  /// The last one that came to an intent. Errors: kNotFound, as AddQuestion.
  virtual Result<std::optional<AskedQuestion>> LastUnderstood(const std::string& owner, const std::string& id) = 0;
  /// Errors: kNotFound, as AddQuestion.
  virtual Result<AskedQuestion> FindQuestion(const std::string& owner, const std::string& id) = 0;
  /// Errors: kNotFound, as AddQuestion.
  virtual Result<void> DeleteConversation(const std::string& owner, const std::string& id) = 0;

  /// Returns its id. In the place of what the same principal said of the same question, unless that was decided on.
  /// Errors: kConflict where it was; kTooManyRequests beyond kOpenFeedbackMax.
  virtual Result<std::string> AddFeedback(const AskFeedback& feedback) = 0;
  /// Oldest first; of all models and states where these are empty.
  virtual Result<std::vector<AskFeedback>> ListFeedback(const std::string& model, const std::string& state,
                                                        int64_t limit) = 0;
  /// Whose feedback: what `given_by_id` gave, or on one of `models`, or everybody's.
  struct FeedbackOf {
    std::string given_by_id;
    std::vector<std::string> models = {};
    bool everybody = false;
  };
  /// Latest first.
  virtual Result<std::vector<AskFeedback>> ListFeedbackOf(const FeedbackOf& of, int64_t limit, int64_t offset) = 0;
  virtual Result<std::optional<AskFeedback>> FindFeedback(const std::string& id) = 0;
  /// "approved", with what is meant, or "rejected": also of one approved before, which is no verified question then.
  /// Errors: kNotFound; kInvalidArgument for kVerifiedMax.
  virtual Result<void> DecideFeedback(const std::string& id, const std::string& state, const std::string& meant,
                                      const std::string& decided_by, WallTime at) = 0;
  /// Feedback that was approved, of one model, in the order of ids; the same object until that changes.
  virtual Result<std::shared_ptr<const std::vector<AskFeedback>>> Verified(const std::string& model) = 0;

  /// Forgets conversations last used, and feedback not approved that was given, before `time`. Returns how many.
  virtual Result<int64_t> Forget(WallTime time) = 0;
  /// Encrypts a text of the checkpoints of questions that wait, under the same key. `about` binds it to its place:
  /// orchestration::AboutCheckpoint, by which EraseTexts opens it.
  virtual Result<std::string> SealText(const std::string& text, const std::string& about) = 0;
  /// Errors: kCorruption.
  virtual Result<std::string> OpenText(const std::string& sealed, const std::string& about) = 0;
  /// Deletes (`erase`), or only counts, questions, also those that wait, and feedback with a text of which `holds` is
  /// true.
  virtual Result<int64_t> EraseTexts(const std::function<bool(const std::string&)>& holds, bool erase) = 0;
};

}  // namespace neurolake::catalog
