#include "models/breaker.h"

#include "common/error.h"

namespace neurolake::models {

Result<void> Breaker::Admit() {
  std::lock_guard lock(mutex_);
  if (failures_ < options_.failures_max) return {};
  if (!trying_ && clock_.SteadyNow() >= closed_until_) {
    trying_ = true;
    return {};
  }
  return MakeError(ErrorCode::kUnavailable,
                   "the model's provider has failed several times in a row; it is tried again later");
}

void Breaker::Note(bool succeeded) {
  std::lock_guard lock(mutex_);
  trying_ = false;
  failures_ = succeeded ? 0 : failures_ + 1;
  if (failures_ >= options_.failures_max) closed_until_ = clock_.SteadyNow() + options_.pause;
}

void Breaker::Forget() {
  std::lock_guard lock(mutex_);
  trying_ = false;
}

}  // namespace neurolake::models
