#pragma once
#include <map>
#include <mutex>
#include <optional>

#include "catalog/ask_records.h"
#include "metastore/database.h"
#include "storage/secret_box.h"

namespace neurolake::catalog {

/// In the metadata store. The key is made with the first question, at `key_path`.
class StoreAskRecords final : public AskRecords {
 public:
  StoreAskRecords(metastore::Store& store, std::string key_path) : store_(store), key_path_(std::move(key_path)) {}

  Result<std::string> BeginConversation(const std::string& owner, WallTime at) override;
  Result<std::string> AddQuestion(const std::string& owner, AskedQuestion question) override;
  Result<std::vector<ConversationRecord>> ListConversations(const std::string& owner, int64_t limit) override;
  Result<std::vector<AskedQuestion>> ReadConversation(const std::string& owner, const std::string& id) override;
  Result<std::vector<AskedQuestion>> ListQuestions(const std::string& owner, int64_t limit, int64_t offset) override;
  Result<std::optional<AskedQuestion>> LastUnderstood(const std::string& owner, const std::string& id) override;
  Result<AskedQuestion> FindQuestion(const std::string& owner, const std::string& id) override;
  Result<void> DeleteConversation(const std::string& owner, const std::string& id) override;
  Result<std::string> AddFeedback(const AskFeedback& feedback) override;
  Result<std::vector<AskFeedback>> ListFeedback(const std::string& model, const std::string& state,
                                                int64_t limit) override;
  Result<std::vector<AskFeedback>> ListFeedbackOf(const FeedbackOf& of, int64_t limit, int64_t offset) override;
  Result<std::optional<AskFeedback>> FindFeedback(const std::string& id) override;
  Result<void> DecideFeedback(const std::string& id, const std::string& state, const std::string& meant,
                              const std::string& decided_by, WallTime at) override;
  Result<std::shared_ptr<const std::vector<AskFeedback>>> Verified(const std::string& model) override;
  Result<int64_t> Forget(WallTime time) override;
  Result<std::string> SealText(const std::string& text, const std::string& about) override;
  Result<std::string> OpenText(const std::string& sealed, const std::string& about) override;
  Result<int64_t> EraseTexts(const std::function<bool(const std::string&)>& holds, bool erase) override;

 private:
  struct Sealed {
    std::string text;
    std::string key_id;
  };
  Result<Sealed> Seal(const std::vector<std::string>& texts, const std::string& about);
  Result<std::vector<std::string>> Open(const std::string& sealed, const std::string& about, const std::string& key_id,
                                        size_t count);
  Result<AskedQuestion> QuestionOf(const metastore::Row& row);
  Result<AskFeedback> FeedbackAt(const metastore::Row& row);
  Result<std::vector<AskFeedback>> ReadFeedback(const std::string& where, const std::vector<metastore::Value>& values);
  Result<int64_t> EraseWaiting(const std::function<bool(const std::string&)>& holds, bool erase);
  Result<void> CheckOwner(const std::string& owner, const std::string& conversation);
  Result<void> OpenBox(bool make);
  void FeedbackChanged();

  metastore::Store& store_;
  const std::string key_path_;
  std::mutex mutex_;
  std::optional<storage::SecretBox> box_ = std::nullopt;
  std::map<std::string, std::shared_ptr<const std::vector<AskFeedback>>> verified_ = {};
  int64_t feedback_changes_ = 0;
};

}  // namespace neurolake::catalog
