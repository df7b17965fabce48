#pragma once
#include <string>
#include <vector>

#include "ask/grammar/understand.h"
#include "ask/service/visible_model.h"

namespace neurolake::ask {

/// What is known of questions that people have reviewed. It gives no rights: what it recalls is read, compiled and run
/// as any other intent of the principal. Thread-safe.
class QuestionMemory {
 public:
  virtual ~QuestionMemory() = default;

  /// Puts the reviewed reading of `question` into `understood`, in the place of whatever is in it; does nothing where
  /// there is none, where it means something of which the principal may not know, where its times cannot be told for
  /// now, and where the question is a follow-up of one before.
  /// `whole` is the model that `visible` is a part of.
  virtual void Recall(const std::string& question, const std::shared_ptr<const semantic::SemanticModel>& whole,
                      const VisibleModel& visible, const TimeContext& time, Understanding& understood) = 0;

  /// How large a part of the model's reviewed questions use each metric: for Understander.
  virtual Usage UsageOf(const std::shared_ptr<const semantic::SemanticModel>& whole) = 0;

  /// Up to `limit` reviewed questions that the principal can ask, those with a word of `question` first, then those
  /// near to it by meaning: as Restate says them, as the words of whoever asked first may name what is hidden.
  virtual std::vector<std::string> Nearest(const RequestContext& ctx, const std::string& question,
                                           const std::shared_ptr<const semantic::SemanticModel>& whole,
                                           const VisibleModel& visible, const TimeContext& time, size_t limit) = 0;
};

}  // namespace neurolake::ask
