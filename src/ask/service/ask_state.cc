#include <boost/json.hpp>

#include "ask/intent/intent_json.h"
#include "ask/service/internal/ask_state.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

json::value IntentValue(const Intent& intent) { return json::parse(EncodeIntent(intent)); }

json::object RequestObject(const AskRequest& request) {
  json::object object{{"question", request.question}, {"model", request.model},
                      {"zone", request.zone},         {"purpose", request.purpose},
                      {"schema", request.schema},     {"conversation", request.conversation}};
  if (request.as_of.has_value()) object["as_of"] = SqlTime(*request.as_of);
  if (request.previous.has_value()) object["previous"] = IntentValue(*request.previous);
  return object;
}

/// Reads what ToJson wrote: anything else is found in `is_good`.
class Reader {
 public:
  std::string Text(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
    is_good_ = is_good_ && value == nullptr;
    return {};
  }
  bool Truth(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value != nullptr && value->is_bool()) return value->get_bool();
    is_good_ = is_good_ && value == nullptr;
    return false;
  }
  double Number(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value != nullptr && value->is_number()) return value->to_number<double>();
    is_good_ = is_good_ && value == nullptr;
    return 0;
  }
  Intent IntentAt(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    auto intent = DecodeIntent(value == nullptr ? "" : json::serialize(*value));
    is_good_ = is_good_ && intent.has_value();
    return intent.has_value() ? std::move(*intent) : Intent();
  }
  json::object ObjectAt(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value != nullptr && value->is_object()) return value->get_object();
    is_good_ = false;
    return {};
  }
  std::vector<json::object> Objects(const json::object& object, std::string_view name) {
    std::vector<json::object> objects;
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_array()) return objects;
    for (const auto& one : value->get_array()) {
      if (one.is_object()) objects.push_back(one.get_object());
      else is_good_ = false;
    }
    return objects;
  }
  std::vector<std::string> Texts(const json::object& object, std::string_view name) {
    std::vector<std::string> texts;
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_array()) return texts;
    for (const auto& one : value->get_array()) {
      if (one.is_string()) texts.emplace_back(one.get_string());
      else is_good_ = false;
    }
    return texts;
  }
  AskRequest Request(const json::object& object) {
    AskRequest request{.question = Text(object, "question"),
                       .model = Text(object, "model"),
                       .zone = Text(object, "zone"),
                       .purpose = Text(object, "purpose"),
                       .schema = Text(object, "schema")};
    request.conversation = Text(object, "conversation");
    const std::string as_of = Text(object, "as_of");
    if (!as_of.empty()) request.as_of = ParseSqlTime(as_of);
    is_good_ = is_good_ && as_of.empty() != request.as_of.has_value();
    if (object.contains("previous")) request.previous = IntentAt(object, "previous");
    return request;
  }
  bool is_good() const { return is_good_; }

 private:
  bool is_good_ = true;
};

}  // namespace

std::string SqlTime(LocalTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::string AskState::ToJson() const {
  json::array written, offered;
  for (const Attempt& attempt : attempts) {
    json::array assumptions;
    for (const auto& text : attempt.assumptions) assumptions.push_back(json::string(text));
    written.push_back(json::object{{"words", attempt.words},
                                   {"intent", IntentValue(attempt.intent)},
                                   {"confidence", attempt.confidence},
                                   {"assumptions", std::move(assumptions)},
                                   {"follow_up", attempt.follow_up}});
  }
  for (const Choice& choice : choices) {
    offered.push_back(json::object{{"words", choice.words}, {"intent", IntentValue(choice.intent)}});
  }
  return json::serialize(json::object{{"request", RequestObject(request)},
                                      {"is_read", is_read},
                                      {"is_confirmed", is_confirmed},
                                      {"attempts", std::move(written)},
                                      {"reason", reason},
                                      {"proposed_by", proposed_by},
                                      {"choices", std::move(offered)},
                                      {"asks_first", asks_first},
                                      {"follows", follows}});
}

Result<AskState> AskState::FromJson(const std::string& text) {
  const auto broken = [] { return MakeError(ErrorCode::kCorruption, "a question that was kept has another form"); };
  boost::system::error_code problem;
  const auto value = json::parse(text, problem);
  if (problem || !value.is_object()) return broken();
  const auto& object = value.get_object();
  Reader reader;
  AskState state{.request = reader.Request(reader.ObjectAt(object, "request")),
                 .is_read = reader.Truth(object, "is_read"),
                 .is_confirmed = reader.Truth(object, "is_confirmed"),
                 .reason = reader.Text(object, "reason"),
                 .proposed_by = reader.Text(object, "proposed_by"),
                 .asks_first = reader.Truth(object, "asks_first"),
                 .follows = reader.Truth(object, "follows")};
  for (const auto& one : reader.Objects(object, "attempts")) {
    state.attempts.push_back({.words = reader.Text(one, "words"),
                              .intent = reader.IntentAt(one, "intent"),
                              .confidence = reader.Number(one, "confidence"),
                              .assumptions = reader.Texts(one, "assumptions"),
                              .follow_up = reader.Truth(one, "follow_up")});
  }
  for (const auto& one : reader.Objects(object, "choices")) {
    state.choices.push_back({.words = reader.Text(one, "words"), .intent = reader.IntentAt(one, "intent")});
  }
  if (!reader.is_good()) return broken();
  return state;
}

}  // namespace neurolake::ask
