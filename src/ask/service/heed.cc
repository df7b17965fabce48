// What comes of an open question's advice.
#include <algorithm>

#include "ask/grammar/scope.h"
#include "ask/service/advisor.h"
#include "ask/service/ask_service.h"

namespace neurolake::ask {
namespace {

/// Of answers by a reading that nothing but its checks speaks for; not calibrated, and below what the engine answers
/// at.
constexpr double kProposedConfidence = 0.5;
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

Result<void> AskService::CiteDescription(const RequestContext& ctx, QueryRunner& runner, const OpenQuestion& open,
                                         Answer& answer) const {
  if (!answer.intent.has_value() || answer.intent->output != OutputKind::kDescribe) return {};
  NL_ASSIGN_OR_RETURN(answer.documents,
                      advisor_->Cite(ctx, runner, LabelOf(answer.intent->subject, *open.visible.model)));
  return {};
}

Result<void> AskService::Suggest(const RequestContext& ctx, const OpenQuestion& open, Answer& answer) const {
  if (advisor_ == nullptr) return {};
  NL_ASSIGN_OR_RETURN(auto nearest, advisor_->Nearest(ctx, open));
  if (!nearest.empty()) answer.suggestions = std::move(nearest);
  return {};
}

Result<void> AskService::Heed(const RequestContext& ctx, QueryRunner& runner, const OpenQuestion& open,
                              Answer& answer) {
  if (advisor_ == nullptr) return {};
  if (answer.status == Status::kAnswered) return CiteDescription(ctx, runner, open, answer);
  if (answer.asks_first) return {};
  if (answer.status == Status::kAbstained) {
    NL_ASSIGN_OR_RETURN(answer.documents, advisor_->Cite(ctx, runner, open.question));
  }
  if (AsksBeyondData(open.question)) return {};
  NL_ASSIGN_OR_RETURN(const auto proposal, advisor_->Propose(ctx, runner, open));
  if (!proposal.intent.has_value()) {
    if (answer.status == Status::kAbstained && !proposal.reason.empty()) answer.reason += "; " + proposal.reason;
    return {};
  }
  if (answer.status == Status::kClarify) {
    PutForward(proposal, answer);
    return {};
  }
  if (!proposal.doubts.empty() || !advisor_->MayAnswer()) {
    answer.status = Status::kClarify;
    answer.reason = DidYouMean(proposal);
    answer.choices = {{proposal.words, *proposal.intent}};
    answer.source = proposal.source;
    return {};
  }
  NL_ASSIGN_OR_RETURN(auto proposed, Answered(ctx, runner, *open.visible.model, *proposal.intent));
  proposed.source = proposal.source;
  if (proposed.asks_first) {
    answer = std::move(proposed);
    return {};
  }
  if (proposed.status != Status::kAnswered) {
    answer.reason += "; a language model's reading did not pass the checks";
    return {};
  }
  proposed.confidence = kProposedConfidence;
  proposed.assumptions.insert(proposed.assumptions.begin(), {.part = "question",
                                                             .text = fmt::format("read by the language model {} as: {}",
                                                                                 proposal.source, proposal.words)});
  answer = std::move(proposed);
  return {};
}

}  // namespace neurolake::ask
