#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ask/service/question_memory.h"
#include "catalog/ask_records.h"
#include "common/clock.h"
#include "retrieval/text_index.h"

namespace neurolake::ask {

/// A question as it is compared with others: its words without case, accents and signs.
std::string QuestionKey(std::string_view question);

/// Whether the principal behind `visible` may be told of all that `intent` says, when it asks `question`: members that
/// it may know, and values that it may see or named itself. Pure.
bool MayKnow(const Intent& intent, const std::string& question, const VisibleModel& visible);

/// Reviewed questions: those of a model's author, and feedback that was approved, the latest first. What is decided by
/// them hangs on nothing but them, so that the same question has the same answer until one is approved or taken back.
/// Thread-safe.
class VerifiedQuestions final : public QuestionMemory {
 public:
  /// Borrows it; null: of the model's author alone.
  explicit VerifiedQuestions(catalog::AskRecords* records) : records_(records) {}

  /// Before it is used: what finds questions by their meaning, too. May be null; borrowed.
  void UseTexts(retrieval::TextIndex* texts) { texts_ = texts; }

  void Recall(const std::string& question, const std::shared_ptr<const semantic::SemanticModel>& whole,
              const VisibleModel& visible, const TimeContext& time, Understanding& understood) override;
  Usage UsageOf(const std::shared_ptr<const semantic::SemanticModel>& whole) override;
  std::vector<std::string> Nearest(const RequestContext& ctx, const std::string& question,
                                   const std::shared_ptr<const semantic::SemanticModel>& whole,
                                   const VisibleModel& visible, const TimeContext& time, size_t limit) override;

 private:
  struct Entry {
    std::string question;
    Intent intent;
    std::optional<LocalTime> as_of;  ///< "Today" of the intent; nullopt: its times are said by the question.
  };
  /// What is known of one model.
  struct Index {
    std::shared_ptr<const semantic::SemanticModel> whole;
    std::shared_ptr<const std::vector<catalog::AskFeedback>> approved;
    std::map<std::string, Entry, std::less<>> entries;         ///< By QuestionKey.
    std::map<std::string, double, std::less<>> metric_shares;  ///< Of the entries, by metric.
  };
  /// Null where the store cannot be read: then nothing is known.
  std::shared_ptr<const Index> IndexOf(const std::shared_ptr<const semantic::SemanticModel>& whole);
  /// The entry's intent at `time`, if the principal may know it.
  static std::optional<Intent> IntentNow(const Entry& entry, const std::string& question, const VisibleModel& visible,
                                         const TimeContext& time);

  /// The restated questions that are near `question` by meaning, behind those in `nearest`.
  void AddNear(const RequestContext& ctx, const std::string& question, const Index& index, const VisibleModel& visible,
               const TimeContext& time, size_t limit, std::vector<std::string>& nearest) const;

  catalog::AskRecords* const records_;
  retrieval::TextIndex* texts_ = nullptr;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Index>> indexes_;  ///< By the model's name.
};

}  // namespace neurolake::ask
