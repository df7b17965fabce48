#include "ask/conversation/ask_door.h"

#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <boost/json.hpp>
#include <charconv>

#include "ask/conversation/internal/door_json.h"
#include "ask/conversation/move_times.h"
#include "ask/intent/intent_json.h"
#include "ask/service/asker.h"
#include "ask/time/zone.h"
#include "common/check.h"
#include "common/text.h"
#include "semantic/load.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

constexpr std::chrono::minutes kConfirmLife{10};
constexpr std::string_view kNewConversation = "new";
constexpr size_t kVersionsMax = 256;

std::string RandomKey() {
  std::string key(32, '\0');
  NL_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) == 1);
  return key;
}

std::string HmacHex(const std::string& key, const std::string& text) {
  std::array<unsigned char, 32> digest{};
  unsigned length = 0;
  const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length);
  NL_CHECK(made != nullptr && length == digest.size());
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

json::object ToJson(const catalog::AskedQuestion& asked) {
  json::object object{
      {"id", asked.id},       {"question", asked.question},           {"status", asked.status},
      {"model", asked.model}, {"model_version", asked.model_version}, {"asked_at", FormatTimestamp(asked.asked)}};
  boost::system::error_code problem;
  if (!asked.intent.empty()) object["intent"] = json::parse(asked.intent, problem);
  return object;
}

}  // namespace

AskDoor::AskDoor(AskService& service, ModelSource& models, query::StatementService& statements, const Clock& clock,
                 Options options)
    : service_(service),
      models_(models),
      statements_(statements),
      records_(statements.catalog().ask_records()),
      clock_(clock),
      options_(options),
      verified_(records_),
      confirm_key_(RandomKey()) {
  service_.UseMemory(&verified_);
}

AskDoor::~AskDoor() { service_.UseMemory(nullptr); }

std::string AskDoor::VersionOf(const std::shared_ptr<const semantic::SemanticModel>& model) {
  const std::scoped_lock lock(mutex_);
  auto& [known, version] = versions_[model->name];
  if (known != model) {
    known = model;
    version = Sha256Hex(semantic::SaveModel(*model)).substr(0, 16);
  }
  std::string result = version;
  if (versions_.size() > kVersionsMax) versions_.clear();
  return result;
}

std::string AskDoor::ConfirmToken(const RequestContext& ctx, const AskRequest& request, const Intent& intent,
                                  int64_t until_seconds) const {
  const std::string about = fmt::format("{}\n{}\n{}\n{}\n{}", catalog::AskOwner(ctx.principal()), request.model,
                                        request.purpose, until_seconds, EncodeIntent(intent));
  return fmt::format("{}.{}", until_seconds, HmacHex(confirm_key_, about));
}

bool AskDoor::Confirms(const RequestContext& ctx, const AskBody& asked) const {
  int64_t until = 0;
  const std::string& token = asked.confirm;
  const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), until);
  if (problem != std::errc() || end == token.data() + token.size() || *end != '.') return false;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_.Now().time_since_epoch()).count();
  return until >= now && token == ConfirmToken(ctx, asked.request, *asked.intent, until);
}

/// Takes up what the conversation came to before.
Result<void> AskDoor::Resume(const RequestContext& ctx, AskBody& asked) {
  if (asked.conversation.empty() || asked.conversation == kNewConversation) return {};
  NL_ASSIGN_OR_RETURN(const auto last, records_.LastUnderstood(catalog::AskOwner(ctx.principal()), asked.conversation));
  if (!last.has_value()) return {};
  if (asked.request.model.empty()) asked.request.model = last->model;
  const bool goes_on = !asked.request.previous.has_value() && !asked.intent.has_value();
  if (!goes_on || last->model != asked.request.model) return {};
  auto previous = DecodeIntent(last->intent);
  if (previous.has_value()) asked.request.previous = std::move(*previous);
  return {};
}

Result<void> AskDoor::Keep(const RequestContext& ctx, const AskBody& asked, const Answer& answer,
                           json::object& object) {
  if (asked.conversation.empty() || options_.history_keep.count() == 0) return {};
  const std::string owner = catalog::AskOwner(ctx.principal());
  NL_ASSIGN_OR_RETURN(const auto found, ChooseModel(ctx, models_, asked.request.model, asked.request.schema));
  const auto& model = found.model;
  const std::string zone = asked.request.zone.empty() ? model->calendar.zone : asked.request.zone;
  NL_ASSIGN_OR_RETURN(const auto now, ToLocal(clock_.Now(), zone));
  catalog::AskedQuestion question{.conversation_id = asked.conversation,
                                  .question = asked.request.question,
                                  .intent = answer.intent.has_value() ? EncodeIntent(*answer.intent) : "",
                                  .as_of = SqlTime(asked.request.as_of.value_or(now)),
                                  .status = std::string(StatusName(answer.status)),
                                  .model = model->name,
                                  .model_version = VersionOf(model),
                                  .follows = answer.is_follow_up,
                                  .asked = clock_.Now()};
  if (asked.conversation == kNewConversation) {
    NL_ASSIGN_OR_RETURN(question.conversation_id, records_.BeginConversation(owner, clock_.Now()));
  }
  object["conversation"] = question.conversation_id;
  NL_ASSIGN_OR_RETURN(object["id"], records_.AddQuestion(owner, std::move(question)));
  return {};
}

Result<std::string> AskDoor::Answered(const RequestContext& ctx, const AskBody& asked, AskObserver* observer) {
  AskRequest request = asked.request;
  request.observer = observer;
  request.read_only = ctx.door() == "mcp";
  request.confirm_bytes = options_.confirm_bytes;
  if (!asked.confirm.empty()) {
    if (!Confirms(ctx, asked)) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the member \"confirm\" is not what came with this intent, or is older than {} minutes",
                       kConfirmLife.count());
    }
    request.confirm_bytes = 0;
  }
  NL_ASSIGN_OR_RETURN(const auto answer, asked.intent.has_value() ? service_.Run(ctx, request, *asked.intent)
                                                                  : service_.Ask(ctx, request));
  auto object = ask::ToJson(answer);
  if (answer.asks_first && answer.choices.size() == 1) {
    const auto until =
        std::chrono::duration_cast<std::chrono::seconds>((clock_.Now() + kConfirmLife).time_since_epoch());
    object["confirm"] = ConfirmToken(ctx, request, answer.choices[0].intent, until.count());
  }
  NL_RETURN_IF_ERROR(Keep(ctx, asked, answer, object));
  return json::serialize(object);
}

Result<std::string> AskDoor::Ask(const RequestContext& caller, std::string_view body, AskObserver* observer) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(auto asked, ParseAskBody(body));
  NL_RETURN_IF_ERROR(Resume(ctx, asked));
  return Answered(ctx, asked, observer);
}

Result<std::string> AskDoor::ListConversations(const RequestContext& caller, int64_t limit) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto list, records_.ListConversations(catalog::AskOwner(ctx.principal()), limit));
  json::array conversations;
  for (const auto& one : list) {
    conversations.push_back(json::object{{"id", one.id},
                                         {"first_question", one.first_question},
                                         {"questions", one.questions},
                                         {"started_at", FormatTimestamp(one.started)},
                                         {"updated_at", FormatTimestamp(one.updated)}});
  }
  return json::serialize(json::object{{"conversations", std::move(conversations)}});
}

Result<std::string> AskDoor::ReadConversation(const RequestContext& caller, const std::string& id) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto list, records_.ReadConversation(catalog::AskOwner(ctx.principal()), id));
  json::array questions;
  for (const auto& one : list) questions.push_back(ToJson(one));
  return json::serialize(json::object{{"id", id}, {"questions", std::move(questions)}});
}

Result<void> AskDoor::DeleteConversation(const RequestContext& caller, const std::string& id) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  return records_.DeleteConversation(catalog::AskOwner(ctx.principal()), id);
}

}  // namespace neurolake::ask
