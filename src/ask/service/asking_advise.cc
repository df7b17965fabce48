// What comes of an open question's advice.
#include <algorithm>

#include "ask/grammar/scope.h"
#include "ask/service/internal/asking.h"

namespace neurolake::ask {
namespace {

constexpr size_t kChoicesMax = 4;

/// What people call a member.
std::string LabelOf(const std::string& subject, const semantic::SemanticModel& model) {
  if (const auto* metric = semantic::FindMetric(model, subject)) return metric->label;
  const size_t dot = subject.find('.');
  const auto* entity = semantic::FindEntity(model, std::string_view(subject).substr(0, dot));
  if (entity == nullptr) return subject;
  const auto* dimension =
      dot == std::string::npos ? nullptr : semantic::FindDimension(*entity, subject.substr(dot + 1));
  return dimension == nullptr ? entity->label : dimension->label;
}

std::string DidYouMean(const Proposal& proposal) {
  std::string reason = fmt::format("the language model {} reads it so; is this what was meant?", proposal.source);
  for (const std::string& doubt : proposal.doubts) reason += " " + doubt + ";";
  if (reason.back() == ';') reason.pop_back();
  return reason;
}

/// The readings stay what they are; the one that the model takes comes first.
void PutForward(const Proposal& proposal, Answer& answer) {
  const auto same = std::find_if(answer.choices.begin(), answer.choices.end(), [&](const Choice& choice) {
    Intent intent = choice.intent;
    intent.zone = proposal.intent->zone;
    return intent == *proposal.intent;
  });
  if (same != answer.choices.end()) std::rotate(answer.choices.begin(), same, same + 1);
  else if (answer.choices.size() < kChoicesMax) answer.choices.push_back({proposal.words, *proposal.intent});
  else return;
  answer.source = proposal.source;
}

}  // namespace

Result<std::optional<Attempt>> Asking::Heed(const RequestContext& ctx, Around& around, AskState& state,
                                            Answer& answer) {
  const Advisor& advisor = *parts_.advisor;
  QueryRunner& runner = *around.runner;
  const OpenQuestion open{.question = state.request.question,
                          .visible = around.visible,
                          .time = around.time,
                          .zone = around.zone,
                          .follows = state.request.previous.has_value()};
  if (answer.status == Status::kAnswered) {
    NL_ASSIGN_OR_RETURN(answer.documents,
                        advisor.Cite(ctx, runner, LabelOf(answer.intent->subject, *around.visible.model)));
    return std::nullopt;
  }
  if (answer.asks_first) return std::nullopt;
  if (answer.status == Status::kAbstained) {
    NL_ASSIGN_OR_RETURN(answer.documents, advisor.Cite(ctx, runner, open.question));
  }
  if (AsksBeyondData(open.question)) return std::nullopt;
  NL_ASSIGN_OR_RETURN(const auto proposal, advisor.Propose(ctx, runner, open));
  if (!proposal.intent.has_value()) {
    if (answer.status == Status::kAbstained && !proposal.reason.empty()) answer.reason += "; " + proposal.reason;
    return std::nullopt;
  }
  if (answer.status == Status::kClarify) {
    PutForward(proposal, answer);
    return std::nullopt;
  }
  if (!proposal.doubts.empty() || !advisor.MayAnswer()) {
    answer.status = Status::kClarify;
    answer.reason = DidYouMean(proposal);
    answer.choices = {{proposal.words, *proposal.intent}};
    answer.source = proposal.source;
    return std::nullopt;
  }
  state.proposed_by = proposal.source;
  return Attempt{.words = proposal.words, .intent = *proposal.intent};
}

}  // namespace neurolake::ask
