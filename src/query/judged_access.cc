#include "query/judged_access.h"

#include "query/policy_actions.h"

namespace neurolake::query {

Result<void> JudgedAccess::ReadAskers() {
  if (!askers_.empty()) return {};
  std::vector<Asker> askers;
  for (const Principal* one = &ctx_.principal(); one != nullptr; one = one->on_behalf_of.get()) {
    NL_ASSIGN_OR_RETURN(auto subject, SubjectOf(catalog_, *one));
    Principal asking = *one;
    // The statement's, whoever it is asked for.
    asking.purpose = ctx_.principal().purpose;
    askers.push_back({RequestContext(std::move(asking), ctx_.request_id(), ctx_.door(), ctx_.clock(), ctx_.deadline(),
                                     ctx_.stop_token()),
                      {.groups = std::move(subject.groups), .attributes = std::move(subject.attributes)}});
  }
  askers_ = std::move(askers);
  return {};
}

Result<std::vector<std::shared_ptr<const JudgedAccess::Verdict>>> JudgedAccess::Ask(
    std::string_view action, const catalog::AccessJudge::Object& object) {
  std::vector<std::shared_ptr<const Verdict>> verdicts;
  catalog::AccessJudge* const judge = catalog_.judge();
  if (judge == nullptr || !judge->IsInForce()) return verdicts;
  NL_RETURN_IF_ERROR(ReadAskers());
  for (const Asker& asker : askers_) {
    NL_ASSIGN_OR_RETURN(auto verdict, judge->Judge(asker.ctx, asker.subject, action, object));
    if (verdict != nullptr) verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

}  // namespace neurolake::query
