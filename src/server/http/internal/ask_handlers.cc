// Questions in plain language (docs/ask.md).
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "ask/conversation/ask_door.h"
#include "common/text.h"
#include "server/http/internal/handlers.h"

namespace neurolake::server {
namespace {

/// How far a question has come, as server-sent events, and that it still runs. The response begins with the first of
/// them: what is refused before has its own status.
class AskEvents final : public ask::AskObserver {
 public:
  AskEvents(Call& call, std::chrono::milliseconds heartbeat)
      : call_(call), thread_([this, heartbeat](const std::stop_token& stop) { Beat(stop, heartbeat); }) {}

  void Reached(std::string_view stage, const boost::json::object& details) override {
    (void)Send(fmt::format("event: {}\ndata: {}\n\n", stage, boost::json::serialize(details)));
  }

  Result<void> End(std::string_view event, std::string_view json) {
    StopBeating();
    NL_RETURN_IF_ERROR(Send(fmt::format("event: {}\ndata: {}\n\n", event, json)));
    return call_.writer.Finish({});
  }

  /// Whether anything was sent; nothing is from here on but what End sends.
  bool StopBeating() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return call_.writer.begun();
  }

 private:
  Result<void> Send(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    if (!call_.writer.begun()) {
      ResponseHead head{200, "text/event-stream", call_.headers};
      head.headers.emplace_back("Cache-Control", "no-store");
      head.headers.emplace_back("X-Accel-Buffering", "no");
      NL_RETURN_IF_ERROR(call_.writer.Begin(head));
    }
    // Who does not listen any more stops the question by that.
    return call_.writer.Write(text);
  }

  void Beat(const std::stop_token& stop, std::chrono::milliseconds heartbeat) {
    std::unique_lock lock(beat_mutex_);
    while (!changed_.wait_for(lock, stop, heartbeat, [&] { return stop.stop_requested(); })) {
      if (stop.stop_requested() || !Send(": still running\n\n").has_value()) return;
    }
  }

  Call& call_;
  std::mutex mutex_;
  std::mutex beat_mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;
};

/// By name alone: a client that takes everything gets a document.
bool TakesEvents(const Request& request) {
  for (const std::string& part : Split(LowerAscii(request.Header("accept")), ',')) {
    if (Trim(std::string_view(part).substr(0, part.find(';'))) == "text/event-stream") return true;
  }
  return false;
}

Result<ask::AskDoor*> Questions(const Door& door) {
  if (door.ask != nullptr) return door.ask;
  return MakeError(ErrorCode::kNotFound, "questions are not answered here");
}

Result<void> StreamAnswer(Door& door, Call& call, ask::AskDoor& questions) {
  AskEvents events(call, door.settings.ask_heartbeat);
  const auto answer = questions.Ask(call.Context(door, door.settings.statement_timeout), call.body, &events);
  if (answer.has_value()) return events.End("answer", *answer);
  if (!events.StopBeating()) return std::unexpected(answer.error());
  return events.End("error", Problem::FromError(answer.error()).Body(call.request_id));
}

constexpr int64_t kListedMax = 1'000;
constexpr int64_t kListed = 100;

}  // namespace

Result<void> PostAsk(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(auto* const questions, Questions(door));
  if (TakesEvents(call.request)) return StreamAnswer(door, call, *questions);
  NL_ASSIGN_OR_RETURN(const std::string answer,
                      questions->Ask(call.Context(door, door.settings.statement_timeout), call.body));
  return call.SendJson(200, answer);
}

Result<void> DeleteAsk(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(auto* const questions, Questions(door));
  NL_RETURN_IF_ERROR(questions->Cancel(call.Context(door, door.settings.statement_timeout), call.arguments.at(0)));
  return call.Send(204, "", "");
}

Result<void> ListSemanticModels(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(auto* const questions, Questions(door));
  NL_ASSIGN_OR_RETURN(const std::string list,
                      questions->ListModels(call.Context(door, door.settings.statement_timeout)));
  return call.SendJson(200, list);
}

Result<void> ListConversations(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(auto* const questions, Questions(door));
  NL_ASSIGN_OR_RETURN(const int64_t limit, call.IntegerParameter("limit", kListed, 1, kListedMax));
  NL_ASSIGN_OR_RETURN(const std::string list,
                      questions->ListConversations(call.Context(door, door.settings.statement_timeout), limit));
  return call.SendJson(200, list);
}

Result<void> GetConversation(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(auto* const questions, Questions(door));
  NL_ASSIGN_OR_RETURN(
      const std::string conversation,
      questions->ReadConversation(call.Context(door, door.settings.statement_timeout), call.arguments.at(0)));
  return call.SendJson(200, conversation);
}

Result<void> DeleteConversation(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(auto* const questions, Questions(door));
  NL_RETURN_IF_ERROR(
      questions->DeleteConversation(call.Context(door, door.settings.statement_timeout), call.arguments.at(0)));
  return call.Send(204, "", "");
}

Result<void> PostAskFeedback(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(auto* const questions, Questions(door));
  NL_ASSIGN_OR_RETURN(
      const std::string made,
      questions->GiveFeedback(call.Context(door, door.settings.statement_timeout), call.arguments.at(0), call.body));
  return call.SendJson(201, made);
}

Result<void> ListAskFeedback(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(auto* const questions, Questions(door));
  NL_ASSIGN_OR_RETURN(const int64_t limit, call.IntegerParameter("limit", kListed, 1, kListedMax));
  NL_ASSIGN_OR_RETURN(const std::string list,
                      questions->ListFeedback(call.Context(door, door.settings.statement_timeout),
                                              call.TextParameter("model"), call.TextParameter("state"), limit));
  return call.SendJson(200, list);
}

Result<void> PostFeedbackDecision(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(auto* const questions, Questions(door));
  NL_ASSIGN_OR_RETURN(const std::string decided, questions->Decide(call.Context(door, door.settings.statement_timeout),
                                                                   call.arguments.at(0), call.body));
  return call.SendJson(200, decided);
}

}  // namespace neurolake::server
