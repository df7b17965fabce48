// The question's way: what it can mean, and what is said of what came of it.
#include "ask/service/internal/asking.h"

#include <boost/json.hpp>

#include <algorithm>

#include "ask/answer/chart.h"
#include "ask/answer/checks.h"
#include "ask/answer/sentence.h"
#include "ask/grammar/understand.h"
#include "ask/time/zone.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

constexpr size_t kSuggestionsMax = 3;
/// Of answers by a reading that nothing but its checks speaks for; not calibrated, and below what the engine answers
/// at.
constexpr double kProposedConfidence = 0.5;

json::object Linked(const Understanding& understood, const std::string& run) {
  json::array readings;
  for (const auto& reading : understood.readings) readings.push_back(json::string(reading.text));
  return {{"readings", std::move(readings)}, {"run", run}};
}

void PutFirst(std::vector<std::string> first, std::vector<std::string>& suggestions) {
  for (auto& one : suggestions) {
    if (first.size() < kSuggestionsMax && std::ranges::find(first, one) == first.end()) first.push_back(std::move(one));
  }
  suggestions = std::move(first);
}

/// The answer of an attempt, with its rows, as it is shown.
Answer Said(const Attempt& attempt) {
  Answer answer = *attempt.answer;
  answer.confidence = attempt.confidence;
  if (attempt.table == nullptr || answer.status != Status::kAnswered) return answer;
  answer.table = *attempt.table;
  answer.sentence = Sentence(attempt.restated, attempt.intent.output, answer.table);
  answer.chart = Chart(answer.table, attempt.restated);
  return answer;
}

bool SaysTheSame(const Attempt& left, const Attempt& right) {
  if (left.answer->status != Status::kAnswered || right.answer->status != Status::kAnswered) return false;
  static const AnswerTable kNoRows;
  return ask::SaysTheSame(left.table == nullptr ? kNoRows : *left.table,
                          right.table == nullptr ? kNoRows : *right.table);
}

/// Of several readings: the answer if they all say the same, else the question back.
Answer Chosen(const AskState& state) {
  std::vector<const Attempt*> different;
  for (const Attempt& attempt : state.attempts) {
    // One that did not run stays a choice: nobody can tell whether it would have said the same.
    const bool is_new = std::none_of(different.begin(), different.end(),
                                     [&](const Attempt* other) { return SaysTheSame(*other, attempt); });
    if (is_new) different.push_back(&attempt);
  }
  // One alone is a guess: it is asked back, too.
  if (different.size() == 1 && state.attempts.size() > 1) {
    Answer answer = Said(*different[0]);
    answer.confidence = state.attempts[0].confidence;
    answer.assumptions.push_back({.part = "question", .text = "read as: " + different[0]->words});
    return answer;
  }
  Answer answer;
  answer.status = Status::kClarify;
  answer.reason = state.reason;
  answer.confidence = state.attempts[0].confidence;
  for (const Attempt* attempt : different) answer.choices.push_back({attempt->words, attempt->intent});
  return answer;
}

/// What comes of the language model's reading, where its answer was tried.
Answer Proposed(const AskState& state) {
  const Attempt& attempt = state.attempts[0];
  Answer answer = Said(attempt);
  answer.source = state.proposed_by;
  if (answer.asks_first) return answer;
  if (answer.status != Status::kAnswered) {
    constexpr std::string_view kFailed = "a language model's reading did not pass the checks";
    // Of the first answer no more is known to who went on in another process.
    Answer first = state.first == nullptr ? Abstain(state.reason) : *state.first;
    first.reason += fmt::format("; {}", kFailed);
    return first;
  }
  answer.confidence = kProposedConfidence;
  answer.assumptions.insert(answer.assumptions.begin(), {.part = "question",
                                                         .text = fmt::format("read by the language model {} as: {}",
                                                                             state.proposed_by, attempt.words)});
  return answer;
}

Answer Read(const AskState& state) {
  const Attempt& attempt = state.attempts[0];
  Answer answer = Said(attempt);
  answer.is_follow_up = attempt.follow_up;
  for (const auto& text : attempt.assumptions) answer.assumptions.push_back({.part = "question", .text = text});
  return answer;
}

}  // namespace

Answer Abstain(std::string reason, std::vector<std::string> suggestions) {
  Answer answer;
  answer.status = Status::kAbstained;
  answer.reason = std::move(reason);
  answer.suggestions = std::move(suggestions);
  return answer;
}

bool EndsTheRequest(const Error& error) {
  return error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kDeadlineExceeded;
}

std::vector<Asking::Look> Asking::Perceive() {
  return {{.name = "look",
           .does = [this](const RequestContext& ctx, const AskState& state) -> Result<Outcome> {
             NL_RETURN_IF_ERROR(AroundOf(ctx, state));
             return Outcome{state};
           }},
          {.name = "understand",
           .does = [this](const RequestContext& ctx, const AskState& state) { return Understand(ctx, state); }}};
}

std::vector<Asking::Look> Asking::Reason() {
  return {
      {.name = "compile",
       .does = [this](const RequestContext& ctx, const AskState& state) { return Compile(ctx, state); }},
      {.name = "cost", .does = [this](const RequestContext& ctx, const AskState& state) { return Cost(ctx, state); }}};
}

std::vector<Asking::Deed> Asking::Act() {
  const auto reads = [this](Result<Outcome> (Asking::*step)(const RequestContext&, const AskState&)) {
    return [this, step](const RequestContext& ctx, const std::string&, const AskState& state) {
      return (this->*step)(ctx, state);
    };
  };
  return {{.name = "run", .does = reads(&Asking::RunQuery), .resumes = orchestration::Resumes::kEarlier},
          {.name = "check", .does = reads(&Asking::Check), .resumes = orchestration::Resumes::kEarlier}};
}

std::vector<Asking::Deed> Asking::Learn() {
  const auto step = [this](std::string name, Result<Outcome> (Asking::*does)(const RequestContext&, const AskState&)) {
    return Deed{.name = std::move(name),
                .does = [this, does](const RequestContext& ctx, const std::string&,
                                     const AskState& state) { return (this->*does)(ctx, state); },
                .resumes = orchestration::Resumes::kEarlier};
  };
  return {step("respond", &Asking::Respond), step("advise", &Asking::Advise), step("learn", &Asking::Keep)};
}

std::optional<Asking::Alternatives> Asking::Beside() {
  return Alternatives{.name = "readings",
                      .split =
                          [](const AskState& before) {
                            std::vector<AskState> each;
                            for (const Attempt& attempt : before.attempts) {
                              AskState one = before;
                              one.attempts = {attempt};
                              each.push_back(std::move(one));
                            }
                            return each;
                          },
                      .merge = [](const AskState& before, const std::vector<AskState>& after) -> Result<AskState> {
                        AskState merged = before;
                        merged.attempts.clear();
                        for (const AskState& one : after) merged.attempts.push_back(one.attempts[0]);
                        return merged;
                      }};
}

Result<Asking::Around*> Asking::AroundOf(const RequestContext& ctx, const AskState& state) {
  const std::scoped_lock lock(mutex_);
  if (around_ != nullptr) return around_.get();
  auto around = std::make_unique<Around>();
  const AskRequest& request = state.request;
  NL_ASSIGN_OR_RETURN(around->whole, ChooseModel(ctx, parts_.models, request.model, request.schema));
  around->zone = request.zone.empty() ? around->whole.model->calendar.zone : request.zone;
  NL_ASSIGN_OR_RETURN(const auto now, ToLocal(parts_.clock.Now(), around->zone));
  around->runner = std::make_unique<PipelineRunner>(
      parts_.service, PipelineRunner::Options{.zone = around->zone,
                                              .purpose = request.purpose,
                                              .read_only = call_.read_only,
                                              .confirm_bytes = state.is_confirmed ? 0 : call_.confirm_bytes,
                                              .observer = call_.observer});
  NL_ASSIGN_OR_RETURN(around->visible, parts_.visible.For(ctx, *around->runner, request.purpose, around->whole));
  around->time = {.now = request.as_of.value_or(now), .calendar = around->visible.model->calendar};
  around_ = std::move(around);
  return around_.get();
}

Result<Asking::Outcome> Asking::Understand(const RequestContext& ctx, const AskState& state) {
  if (!state.is_read) return Outcome{state};
  NL_ASSIGN_OR_RETURN(Around* const around, AroundOf(ctx, state));
  const Understander understander(*around->visible.model, *around->visible.linker, {},
                                  parts_.memory == nullptr ? Usage() : parts_.memory->UsageOf(around->whole.model));
  const AskRequest& request = state.request;
  NL_ASSIGN_OR_RETURN(auto understood,
                      understander.Understand(request.question, around->time,
                                              request.previous.has_value() ? &*request.previous : nullptr));
  if (parts_.memory != nullptr) {
    parts_.memory->Recall(request.question, around->whole.model, around->visible, around->time, understood);
  }
  for (auto& reading : understood.readings) reading.intent.zone = around->zone;
  if (understood.status == Status::kClarify && parts_.advisor != nullptr) {
    const OpenQuestion open{
        .question = request.question, .visible = around->visible, .time = around->time, .zone = around->zone};
    NL_RETURN_IF_ERROR(parts_.advisor->BreakTies(ctx, open, understood.readings));
  }
  around->runner->Reached("linked", Linked(understood, run_));
  AskState after = state;
  after.status = understood.status;
  after.reason = std::move(understood.reason);
  after.nearest = std::move(understood.nearest);
  if (understood.status == Status::kAbstained) return Outcome{std::move(after), Go::kLearn};
  if (understood.status == Status::kAnswered) understood.readings.resize(1);
  for (auto& reading : understood.readings) {
    after.attempts.push_back({.words = std::move(reading.text),
                              .intent = std::move(reading.intent),
                              .confidence = reading.confidence,
                              .assumptions = std::move(reading.assumptions),
                              .follow_up = reading.follow_up});
  }
  const bool is_guess = after.status == Status::kClarify && after.attempts.size() == 1;
  return Outcome{std::move(after), is_guess ? Go::kLearn : Go::kOn};
}

Result<Answer> Asking::Abstained(const RequestContext& ctx, Around& around, const AskState& state) {
  Answer answer = Abstain(state.reason, state.nearest);
  const std::string& question = state.request.question;
  if (parts_.advisor != nullptr) {
    const OpenQuestion open{.question = question, .visible = around.visible, .time = around.time, .zone = around.zone};
    NL_ASSIGN_OR_RETURN(auto nearest, parts_.advisor->Nearest(ctx, *around.runner, open));
    if (!nearest.empty()) answer.suggestions = std::move(nearest);
  }
  if (parts_.memory != nullptr) {
    PutFirst(parts_.memory->Nearest(ctx, question, around.whole.model, around.visible, around.time, kSuggestionsMax),
             answer.suggestions);
  }
  return answer;
}

Result<Asking::Outcome> Asking::Respond(const RequestContext& ctx, const AskState& state) {
  NL_ASSIGN_OR_RETURN(Around* const around, AroundOf(ctx, state));
  Answer answer;
  if (state.attempts.empty()) {
    NL_ASSIGN_OR_RETURN(answer, Abstained(ctx, *around, state));
  } else if (!state.proposed_by.empty()) {
    answer = Proposed(state);
  } else if (state.status == Status::kClarify) {
    answer = Chosen(state);
  } else {
    answer = Read(state);
  }
  answer.question = state.request.question;
  AskState after = state;
  after.answer = std::make_shared<const Answer>(std::move(answer));
  return Outcome{std::move(after)};
}

Result<Asking::Outcome> Asking::Advise(const RequestContext& ctx, const AskState& state) {
  if (parts_.advisor == nullptr || !state.is_read || !state.proposed_by.empty()) return Outcome{state};
  const auto& intent = state.answer->intent;
  const bool is_described = intent.has_value() && intent->output == OutputKind::kDescribe;
  if (state.answer->status == Status::kAnswered && !is_described) return Outcome{state};
  NL_ASSIGN_OR_RETURN(Around* const around, AroundOf(ctx, state));
  AskState after = state;
  Answer answer = *state.answer;
  const WallTime began = parts_.clock.Now();
  NL_ASSIGN_OR_RETURN(auto attempt, Heed(ctx, *around, after, answer));
  NL_ASSIGN_OR_RETURN(after.model_usage, UsedSince(ctx, began, answer));
  after.answer = std::make_shared<const Answer>(std::move(answer));
  if (!attempt.has_value()) return Outcome{std::move(after)};
  after.first = after.answer;
  after.attempts = {std::move(*attempt)};
  return Outcome{std::move(after), Go::kReason};
}

/// What language models took: nothing where the engine has the answer, as none is asked then.
Result<std::optional<ModelUsage>> Asking::UsedSince(const RequestContext& ctx, WallTime began,
                                                    const Answer& answer) const {
  if (answer.status == Status::kAnswered || answer.asks_first) return std::nullopt;
  return parts_.advisor->Used(ctx, began);
}

Result<Asking::Outcome> Asking::Keep(const RequestContext& ctx, const AskState& state) {
  AskState after = state;
  const Answer& answer = *state.answer;
  const bool waits = parts_.keeps_runs && call_.may_wait && !answer.choices.empty();
  if (call_.keeper != nullptr) {
    NL_ASSIGN_OR_RETURN(Around* const around, AroundOf(ctx, state));
    NL_ASSIGN_OR_RETURN(
        after.kept, call_.keeper->Keep(ctx, state.request, around->whole, around->time.now, waits ? run_ : "", answer));
    if (!after.kept.conversation.empty()) after.request.conversation = after.kept.conversation;
  }
  if (!waits) return Outcome{std::move(after), Go::kDone};
  after.follows = std::ranges::any_of(state.attempts, &Attempt::follow_up);
  after.attempts.clear();
  after.choices = answer.choices;
  after.asks_first = answer.asks_first;
  return Outcome{std::move(after), Go::kWait};
}

}  // namespace neurolake::ask
