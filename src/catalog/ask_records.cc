// Conversations in plain language and feedback on them.
#include "catalog/ask_records.h"

#include <boost/json.hpp>
#include <set>

#include "catalog/internal/rows.h"
#include "catalog/internal/store_ask_records.h"
#include "common/ids.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

namespace json = boost::json;
using metastore::MakeStorable;
using metastore::Row;
using metastore::Session;
using metastore::Value;

constexpr size_t kQuestionTexts = 4;
constexpr size_t kFeedbackTexts = 5;
/// Between a key's id and what is sealed with it.
constexpr char kAfterKey = ' ';

const std::string kQuestionColumns =
    "SELECT q.id, q.conversation_id, q.status, q.model, q.model_version, q.asked, q.sealed, q.key_id FROM "
    "ask_questions q ";
const std::string kFeedbackColumns =
    "SELECT id, question_id, model, verdict, state, given_by, given_by_id, given, decided_by, decided, sealed, key_id "
    "FROM ask_feedback ";

std::unexpected<Error> NoConversation() { return MakeError(ErrorCode::kNotFound, "there is no such conversation"); }

std::string AboutQuestion(const std::string& id) { return "question " + id; }
std::string AboutFeedback(const std::string& id) { return "feedback " + id; }

std::vector<std::string> TextsOf(const AskFeedback& feedback) {
  return {feedback.question, feedback.intent, feedback.as_of, feedback.meant, feedback.comment};
}

Result<void> DeleteOne(Session& session, const std::string& id) {
  NL_RETURN_IF_ERROR(session.Execute("DELETE FROM ask_questions WHERE conversation_id = ?", {id}));
  NL_RETURN_IF_ERROR(session.Execute("DELETE FROM ask_conversations WHERE id = ?", {id}));
  return {};
}

}  // namespace

std::string AskOwner(const Principal& principal) {
  std::string owner = principal.id.value();
  if (principal.on_behalf_of != nullptr) owner += " for " + principal.on_behalf_of->id.value();
  // A token with fewer knows nothing of what others asked of the rest.
  if (principal.schemas.has_value()) owner += fmt::format(" in {}", fmt::join(*principal.schemas, ","));
  return owner;
}

Result<void> StoreAskRecords::OpenBox(bool make) {
  if (box_.has_value()) return {};
  auto box = storage::SecretBox::FromFile(key_path_);
  if (!box.has_value() && box.error().code() == ErrorCode::kNotFound && make) {
    NL_RETURN_IF_ERROR(storage::SecretBox::WriteFile(key_path_, {storage::SecretBox::NewKey()}));
    box = storage::SecretBox::FromFile(key_path_);
  }
  if (!box.has_value()) return std::unexpected(box.error());
  box_.emplace(std::move(*box));
  return {};
}

Result<StoreAskRecords::Sealed> StoreAskRecords::Seal(const std::vector<std::string>& texts, const std::string& about) {
  json::array array;
  for (const auto& text : texts) array.push_back(json::string(MakeStorable(text)));
  const std::scoped_lock lock(mutex_);
  NL_RETURN_IF_ERROR(OpenBox(/*make=*/true));
  NL_ASSIGN_OR_RETURN(auto sealed, box_->Seal(json::serialize(array), about));
  return Sealed{.text = std::move(sealed), .key_id = box_->key_id()};
}

Result<std::vector<std::string>> StoreAskRecords::Open(const std::string& sealed, const std::string& about,
                                                       const std::string& key_id, size_t count) {
  const auto opened = [&]() -> Result<std::string> {
    const std::scoped_lock lock(mutex_);
    NL_RETURN_IF_ERROR(OpenBox(/*make=*/false));
    return box_->Open(sealed, about, key_id);
  }();
  if (!opened.has_value()) {
    return MakeError(ErrorCode::kCorruption, "a question that was kept cannot be read: its key, {}, is another or gone",
                     "questions.key");
  }
  boost::system::error_code problem;
  const auto value = json::parse(*opened, problem);
  std::vector<std::string> texts;
  if (!problem && value.is_array()) {
    for (const auto& one : value.get_array()) texts.emplace_back(one.is_string() ? one.get_string() : json::string());
  }
  if (texts.size() != count) return MakeError(ErrorCode::kCorruption, "a question that was kept has another form");
  return texts;
}

Result<AskedQuestion> StoreAskRecords::QuestionOf(const Row& row) {
  AskedQuestion question{.id = TextAt(row, 0),
                         .conversation_id = TextAt(row, 1),
                         .status = TextAt(row, 2),
                         .model = TextAt(row, 3),
                         .model_version = TextAt(row, 4),
                         .asked = TimeAt(row, 5)};
  NL_ASSIGN_OR_RETURN(auto texts, Open(TextAt(row, 6), AboutQuestion(question.id), TextAt(row, 7), kQuestionTexts));
  question.question = std::move(texts[0]);
  question.intent = std::move(texts[1]);
  question.as_of = std::move(texts[2]);
  question.follows = !texts[3].empty();
  return question;
}

Result<AskFeedback> StoreAskRecords::FeedbackAt(const Row& row) {
  AskFeedback feedback{.id = TextAt(row, 0),
                       .question_id = TextAt(row, 1),
                       .model = TextAt(row, 2),
                       .verdict = TextAt(row, 3),
                       .state = TextAt(row, 4),
                       .given_by = TextAt(row, 5),
                       .given_by_id = TextAt(row, 6),
                       .given = TimeAt(row, 7),
                       .decided_by = TextAt(row, 8),
                       .decided = OptionalTimeAt(row, 9)};
  NL_ASSIGN_OR_RETURN(auto texts, Open(TextAt(row, 10), AboutFeedback(feedback.id), TextAt(row, 11), kFeedbackTexts));
  feedback.question = std::move(texts[0]);
  feedback.intent = std::move(texts[1]);
  feedback.as_of = std::move(texts[2]);
  feedback.meant = std::move(texts[3]);
  feedback.comment = std::move(texts[4]);
  return feedback;
}

Result<std::string> StoreAskRecords::BeginConversation(const std::string& owner, WallTime at) {
  const std::string id = NewUuid();
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto old,
                        session.Query("SELECT id FROM ask_conversations WHERE owner = ? ORDER BY updated DESC, id "
                                      "LIMIT 100 OFFSET ?",
                                      {owner, kConversationsMax - 1}));
    for (const Row& row : old) NL_RETURN_IF_ERROR(DeleteOne(session, TextAt(row, 0)));
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO ask_conversations (id, owner, started, updated) VALUES (?, ?, ?, ?)",
                        {id, owner, ToValue(at), ToValue(at)}));
    return {};
  }));
  return id;
}

Result<void> StoreAskRecords::CheckOwner(const std::string& owner, const std::string& conversation) {
  NL_ASSIGN_OR_RETURN(const auto found, store_.ReadOnce("SELECT 1 FROM ask_conversations WHERE id = ? AND owner = ?",
                                                        {MakeStorable(conversation), owner}));
  if (found.empty()) return NoConversation();
  return {};
}

Result<std::string> StoreAskRecords::AddQuestion(const std::string& owner, AskedQuestion question) {
  if (question.id.empty()) question.id = NewUuid();
  NL_ASSIGN_OR_RETURN(const Sealed sealed,
                      Seal({question.question, question.intent, question.as_of, question.follows ? "follows" : ""},
                           AboutQuestion(question.id)));
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto found,
                        session.Query("UPDATE ask_conversations SET updated = ? WHERE id = ? AND owner = ? RETURNING 1",
                                      {ToValue(question.asked), MakeStorable(question.conversation_id), owner}));
    if (found.empty()) return NoConversation();
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM ask_questions WHERE id = ? AND conversation_id = ?",
                                       {question.id, question.conversation_id}));
    NL_ASSIGN_OR_RETURN(const auto last,
                        session.Query("SELECT count(*), coalesce(max(place), 0) FROM ask_questions WHERE "
                                      "conversation_id = ?",
                                      {question.conversation_id}));
    if (NumberAt(last[0], 0) >= kQuestionsMax) {
      return MakeError(ErrorCode::kInvalidArgument, "the conversation has {} questions, the most it may: begin another",
                       kQuestionsMax);
    }
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO ask_questions (id, conversation_id, place, status, model, model_version, asked, "
        "sealed, key_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {question.id, question.conversation_id, NumberAt(last[0], 1) + 1, question.status, MakeStorable(question.model),
         question.model_version, ToValue(question.asked), sealed.text, sealed.key_id}));
    return {};
  }));
  return question.id;
}

Result<std::vector<ConversationRecord>> StoreAskRecords::ListConversations(const std::string& owner, int64_t limit) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(
          "SELECT c.id, c.started, c.updated, (SELECT count(*) FROM ask_questions n WHERE n.conversation_id "
          "= c.id), coalesce(q.id, ''), coalesce(q.sealed, ''), coalesce(q.key_id, '') FROM "
          "ask_conversations c LEFT JOIN ask_questions q ON q.conversation_id = c.id AND q.place = (SELECT "
          "min(place) FROM ask_questions f WHERE f.conversation_id = c.id) WHERE c.owner = ? ORDER BY "
          "c.updated DESC, c.id LIMIT ?",
          {owner, limit}));
  std::vector<ConversationRecord> conversations;
  for (const Row& row : rows) {
    ConversationRecord conversation{.id = TextAt(row, 0),
                                    .started = TimeAt(row, 1),
                                    .updated = TimeAt(row, 2),
                                    .questions = NumberAt(row, 3),
                                    .first_question = ""};
    if (conversation.questions > 0) {
      NL_ASSIGN_OR_RETURN(auto texts,
                          Open(TextAt(row, 5), AboutQuestion(TextAt(row, 4)), TextAt(row, 6), kQuestionTexts));
      conversation.first_question = std::move(texts[0]);
    }
    conversations.push_back(std::move(conversation));
  }
  return conversations;
}

Result<std::vector<AskedQuestion>> StoreAskRecords::ReadConversation(const std::string& owner, const std::string& id) {
  NL_RETURN_IF_ERROR(CheckOwner(owner, id));
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce(kQuestionColumns + "WHERE q.conversation_id = ? ORDER BY q.place", {id}));
  std::vector<AskedQuestion> questions;
  for (const Row& row : rows) {
    NL_ASSIGN_OR_RETURN(auto question, QuestionOf(row));
    questions.push_back(std::move(question));
  }
  return questions;
}

Result<std::vector<AskedQuestion>> StoreAskRecords::ListQuestions(const std::string& owner, int64_t limit,
                                                                  int64_t offset) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce(kQuestionColumns + "JOIN ask_conversations c ON c.id = q.conversation_id WHERE "
                                                         "c.owner = ? ORDER BY q.asked DESC, q.id LIMIT ? OFFSET ?",
                                      {owner, limit, offset}));
  std::vector<AskedQuestion> questions;
  for (const Row& row : rows) {
    NL_ASSIGN_OR_RETURN(auto question, QuestionOf(row));
    questions.push_back(std::move(question));
  }
  return questions;
}

Result<std::optional<AskedQuestion>> StoreAskRecords::LastUnderstood(const std::string& owner, const std::string& id) {
  NL_RETURN_IF_ERROR(CheckOwner(owner, id));
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(kQuestionColumns + "WHERE q.conversation_id = ? AND q.status = 'answered' ORDER BY q.place DESC "
                                         "LIMIT 20",
                      {id}));
  for (const Row& row : rows) {
    NL_ASSIGN_OR_RETURN(auto question, QuestionOf(row));
    if (!question.intent.empty()) return question;
  }
  return std::nullopt;
}

Result<AskedQuestion> StoreAskRecords::FindQuestion(const std::string& owner, const std::string& id) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(kQuestionColumns + "JOIN ask_conversations c ON c.id = q.conversation_id WHERE q.id = ? AND "
                                         "c.owner = ?",
                      {MakeStorable(id), owner}));
  if (rows.empty()) return MakeError(ErrorCode::kNotFound, "there is no such question");
  return QuestionOf(rows[0]);
}

Result<void> StoreAskRecords::DeleteConversation(const std::string& owner, const std::string& id) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto found, session.Query("SELECT 1 FROM ask_conversations WHERE id = ? AND owner = ?",
                                                        {MakeStorable(id), owner}));
    if (found.empty()) return NoConversation();
    return DeleteOne(session, id);
  });
}

Result<std::string> StoreAskRecords::AddFeedback(const AskFeedback& feedback) {
  const std::string id = NewUuid();
  NL_ASSIGN_OR_RETURN(const Sealed sealed, Seal(TextsOf(feedback), AboutFeedback(id)));
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto said,
                        session.Query("SELECT state FROM ask_feedback WHERE question_id = ? AND given_by_id = ?",
                                      {feedback.question_id, feedback.given_by_id}));
    if (!said.empty() && TextAt(said[0], 0) != "open") {
      return MakeError(ErrorCode::kConflict, "what you said of this answer was decided on already");
    }
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM ask_feedback WHERE question_id = ? AND given_by_id = ?",
                                       {feedback.question_id, feedback.given_by_id}));
    NL_ASSIGN_OR_RETURN(const auto open,
                        session.Query("SELECT count(*) FROM ask_feedback WHERE given_by_id = ? AND state = 'open'",
                                      {feedback.given_by_id}));
    if (NumberAt(open[0], 0) >= kOpenFeedbackMax) {
      return MakeError(ErrorCode::kTooManyRequests, "{} of your remarks wait for review, the most that may",
                       kOpenFeedbackMax);
    }
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO ask_feedback (id, question_id, model, verdict, state, given_by, given_by_id, given, decided_by, "
        "decided, sealed, key_id) VALUES (?, ?, ?, ?, 'open', ?, ?, ?, '', NULL, ?, ?)",
        {id, feedback.question_id, MakeStorable(feedback.model), feedback.verdict, MakeStorable(feedback.given_by),
         feedback.given_by_id, ToValue(feedback.given), sealed.text, sealed.key_id}));
    return {};
  }));
  return id;
}

Result<std::vector<AskFeedback>> StoreAskRecords::ReadFeedback(const std::string& where,
                                                               const std::vector<Value>& values) {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce(kFeedbackColumns + where, values));
  std::vector<AskFeedback> list;
  for (const Row& row : rows) {
    NL_ASSIGN_OR_RETURN(auto feedback, FeedbackAt(row));
    list.push_back(std::move(feedback));
  }
  return list;
}

Result<std::vector<AskFeedback>> StoreAskRecords::ListFeedback(const std::string& model, const std::string& state,
                                                               int64_t limit) {
  std::string where = "WHERE 1 = 1 ";
  std::vector<Value> values;
  if (!model.empty()) where += "AND model = ? ", values.emplace_back(MakeStorable(model));
  if (!state.empty()) where += "AND state = ? ", values.emplace_back(state);
  values.emplace_back(limit);
  return ReadFeedback(where + "ORDER BY given, id LIMIT ?", values);
}

Result<std::vector<AskFeedback>> StoreAskRecords::ListFeedbackOf(const FeedbackOf& of, int64_t limit, int64_t offset) {
  std::string where;
  std::vector<Value> values;
  if (!of.everybody) {
    where = "WHERE given_by_id = ? ", values.emplace_back(of.given_by_id);
    for (const std::string& model : of.models) where += "OR model = ? ", values.emplace_back(MakeStorable(model));
  }
  values.insert(values.end(), {limit, offset});
  return ReadFeedback(where + "ORDER BY given DESC, id LIMIT ? OFFSET ?", values);
}

Result<std::optional<AskFeedback>> StoreAskRecords::FindFeedback(const std::string& id) {
  NL_ASSIGN_OR_RETURN(auto found, ReadFeedback("WHERE id = ?", {MakeStorable(id)}));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<void> StoreAskRecords::DecideFeedback(const std::string& id, const std::string& state, const std::string& meant,
                                             const std::string& decided_by, WallTime at) {
  NL_ASSIGN_OR_RETURN(auto found, FindFeedback(id));
  if (!found.has_value()) return MakeError(ErrorCode::kNotFound, "there is no such feedback");
  if (state == "approved") found->meant = meant;
  NL_ASSIGN_OR_RETURN(const Sealed sealed, Seal(TextsOf(*found), AboutFeedback(id)));
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto verified,
                        session.Query("SELECT count(*) FROM ask_feedback WHERE state = 'approved' AND model = ?",
                                      {MakeStorable(found->model)}));
    if (state == "approved" && NumberAt(verified[0], 0) >= kVerifiedMax) {
      return MakeError(ErrorCode::kInvalidArgument, "the model has {} verified questions, the most it may",
                       kVerifiedMax);
    }
    NL_ASSIGN_OR_RETURN(
        const int64_t changed,
        session.Execute("UPDATE ask_feedback SET state = ?, decided_by = ?, decided = ?, sealed = ?, "
                        "key_id = ? WHERE id = ?",
                        {state, MakeStorable(decided_by), ToValue(at), sealed.text, sealed.key_id, id}));
    if (changed == 0) return MakeError(ErrorCode::kNotFound, "there is no such feedback");
    return {};
  }));
  FeedbackChanged();
  return {};
}

void StoreAskRecords::FeedbackChanged() {
  const std::scoped_lock lock(mutex_);
  verified_.clear();
  ++feedback_changes_;
}

Result<std::shared_ptr<const std::vector<AskFeedback>>> StoreAskRecords::Verified(const std::string& model) {
  int64_t changes = 0;
  {
    const std::scoped_lock lock(mutex_);
    changes = feedback_changes_;
    if (const auto kept = verified_.find(model); kept != verified_.end()) return kept->second;
  }
  NL_ASSIGN_OR_RETURN(auto list,
                      ReadFeedback("WHERE state = 'approved' AND model = ? ORDER BY id", {MakeStorable(model)}));
  auto read = std::make_shared<const std::vector<AskFeedback>>(std::move(list));
  const std::scoped_lock lock(mutex_);
  constexpr size_t kModelsMax = 256;
  if (verified_.size() >= kModelsMax) verified_.clear();
  // What was decided meanwhile may not be in it.
  if (changes == feedback_changes_) verified_[model] = read;
  return read;
}

Result<int64_t> StoreAskRecords::Forget(WallTime time) {
  int64_t forgotten = 0;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    forgotten = 0;
    NL_ASSIGN_OR_RETURN(const auto old, session.Query("SELECT id FROM ask_conversations WHERE updated < ? LIMIT 1000",
                                                      {ToValue(time)}));
    for (const Row& row : old) NL_RETURN_IF_ERROR(DeleteOne(session, TextAt(row, 0)));
    NL_ASSIGN_OR_RETURN(
        const int64_t feedback,
        session.Execute("DELETE FROM ask_feedback WHERE state <> 'approved' AND given < ?", {ToValue(time)}));
    forgotten = static_cast<int64_t>(old.size()) + feedback;
    return {};
  }));
  return forgotten;
}

Result<std::string> StoreAskRecords::SealText(const std::string& text, const std::string& about) {
  NL_ASSIGN_OR_RETURN(const Sealed sealed, Seal({text}, about));
  return sealed.key_id + kAfterKey + sealed.text;
}

Result<std::string> StoreAskRecords::OpenText(const std::string& sealed, const std::string& about) {
  const size_t end = sealed.find(kAfterKey);
  if (end == std::string::npos) return MakeError(ErrorCode::kCorruption, "a question that was kept has another form");
  NL_ASSIGN_OR_RETURN(auto texts, Open(sealed.substr(end + 1), about, sealed.substr(0, end), 1));
  return std::move(texts[0]);
}

/// Questions that wait for who asked them: checkpoints of runs (orchestration::RunStore).
Result<int64_t> StoreAskRecords::EraseWaiting(const std::function<bool(const std::string&)>& holds, bool erase) {
  NL_ASSIGN_OR_RETURN(
      const auto steps,
      store_.ReadOnce("SELECT s.run_id, s.step, s.value FROM run_steps s JOIN runs r ON r.id = s.run_id "
                      "WHERE r.graph = 'ask'"));
  std::set<std::string> runs;
  for (const Row& row : steps) {
    const std::string id = TextAt(row, 0);
    const auto text = OpenText(TextAt(row, 2), fmt::format("run {}/{}", id, NumberAt(row, 1)));
    // What cannot be opened, as its key is gone, can never go on either, and must not stand in the way of an erasure.
    if (!text || holds(*text)) runs.insert(id);
  }
  for (const std::string& id : runs) {
    if (!erase) break;
    NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM run_steps WHERE run_id = ?", {id}));
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM runs WHERE id = ?", {id}));
      return {};
    }));
  }
  return static_cast<int64_t>(runs.size());
}

Result<int64_t> StoreAskRecords::EraseTexts(const std::function<bool(const std::string&)>& holds, bool erase) {
  int64_t found = 0;
  const auto any = [&](const std::vector<std::string>& texts) { return std::ranges::any_of(texts, holds); };
  NL_ASSIGN_OR_RETURN(const auto questions, store_.ReadOnce(kQuestionColumns));
  for (const Row& row : questions) {
    NL_ASSIGN_OR_RETURN(const auto question, QuestionOf(row));
    if (!any({question.question, question.intent})) continue;
    ++found;
    if (!erase) continue;
    NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM ask_questions WHERE id = ?", {question.id}));
      return {};
    }));
  }
  NL_ASSIGN_OR_RETURN(const auto feedback, ReadFeedback("", {}));
  for (const auto& one : feedback) {
    if (!any(TextsOf(one))) continue;
    ++found;
    if (!erase) continue;
    NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM ask_feedback WHERE id = ?", {one.id}));
      return {};
    }));
  }
  if (erase && found > 0) FeedbackChanged();
  NL_ASSIGN_OR_RETURN(const int64_t waiting, EraseWaiting(holds, erase));
  return found + waiting;
}

}  // namespace neurolake::catalog
